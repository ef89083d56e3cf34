//! LeNet-5, the reference network.

use crate::conv::{Auto, Convolve};
use crate::precision::Precision;
use ::microcnn::__private::*;

/// LeNet-5 for 28×28 greyscale digits.
#[derive(Clone)]
pub struct LeNet5<P = f32, A = Auto>
where
    P: Precision,
    A: Convolve<P>,
{
    conv1: ::microcnn::__private::Conv2d<P, A, __LeNet5::conv1>,
    relu1: ::microcnn::__private::Activate<P, __LeNet5::relu1>,
    pool1: ::microcnn::__private::MaxPool2d<P, __LeNet5::pool1>,
    conv2: ::microcnn::__private::Conv2d<P, A, __LeNet5::conv2>,
    relu2: ::microcnn::__private::Activate<P, __LeNet5::relu2>,
    pool2: ::microcnn::__private::MaxPool2d<P, __LeNet5::pool2>,
    conv3: ::microcnn::__private::Conv2d<P, A, __LeNet5::conv3>,
    relu3: ::microcnn::__private::Activate<P, __LeNet5::relu3>,
    fc1: ::microcnn::__private::Linear<P, A, __LeNet5::fc1>,
    relu4: ::microcnn::__private::Activate<P, __LeNet5::relu4>,
    fc2: ::microcnn::__private::Linear<P, A, __LeNet5::fc2>,
    softmax1: ::microcnn::__private::Softmax<P, __LeNet5::softmax1>,
}

#[allow(non_camel_case_types, non_snake_case)]
mod __LeNet5 {
    use ::microcnn::__private::*;

    #[derive(Clone, Copy, Debug, Default)]
    pub struct conv1;
    impl Layer for conv1 {
        type Input<T: Pod> = FeatureMap<T, 1, 28, 28>;
        type Output<T: Pod> = FeatureMap<T, 6, 28, 28>;
    }
    impl Epilogue for conv1 {
        const ACTIVATION: Activation = Activation::ReLU;
    }
    impl ConvLayer for conv1 {
        const SPEC: ConvSpec = ConvSpec {
            name: "conv1",
            shape: ConvShape {
                input: [1, 28, 28],
                output: [6, 28, 28],
                window: Window {
                    kernel: [5, 5],
                    stride: [1, 1],
                    padding: [2, 2, 2, 2],
                    dilation: [1, 1],
                },
                groups: 1,
            },
            weight: Some(&[6, 1, 5, 5]),
            bias: true,
            norm: None,
        };
    }
    const _: () = assert!(conv1::SPEC.shape.is_consistent());
    #[derive(Clone, Copy, Debug, Default)]
    pub struct relu1;
    impl Layer for relu1 {
        type Input<T: Pod> = FeatureMap<T, 6, 28, 28>;
        type Output<T: Pod> = FeatureMap<T, 6, 28, 28>;
    }
    impl ActivationLayer for relu1 {
        const FUNCTION: Activation = Activation::ReLU;
    }
    #[derive(Clone, Copy, Debug, Default)]
    pub struct pool1;
    impl Layer for pool1 {
        type Input<T: Pod> = FeatureMap<T, 6, 28, 28>;
        type Output<T: Pod> = FeatureMap<T, 6, 14, 14>;
    }
    impl PoolLayer for pool1 {
        const SHAPE: PoolShape = PoolShape {
            input: [6, 28, 28],
            output: [6, 14, 14],
            window: Window {
                kernel: [2, 2],
                stride: [2, 2],
                padding: [0, 0, 0, 0],
                dilation: [1, 1],
            },
        };
        const COUNT_INCLUDE_PAD: bool = true;
    }
    const _: () = assert!(pool1::SHAPE.is_consistent());
    #[derive(Clone, Copy, Debug, Default)]
    pub struct conv2;
    impl Layer for conv2 {
        type Input<T: Pod> = FeatureMap<T, 6, 14, 14>;
        type Output<T: Pod> = FeatureMap<T, 16, 10, 10>;
    }
    impl Epilogue for conv2 {
        const ACTIVATION: Activation = Activation::ReLU;
    }
    impl ConvLayer for conv2 {
        const SPEC: ConvSpec = ConvSpec {
            name: "conv2",
            shape: ConvShape {
                input: [6, 14, 14],
                output: [16, 10, 10],
                window: Window {
                    kernel: [5, 5],
                    stride: [1, 1],
                    padding: [0, 0, 0, 0],
                    dilation: [1, 1],
                },
                groups: 1,
            },
            weight: Some(&[16, 6, 5, 5]),
            bias: true,
            norm: None,
        };
    }
    const _: () = assert!(conv2::SPEC.shape.is_consistent());
    #[derive(Clone, Copy, Debug, Default)]
    pub struct relu2;
    impl Layer for relu2 {
        type Input<T: Pod> = FeatureMap<T, 16, 10, 10>;
        type Output<T: Pod> = FeatureMap<T, 16, 10, 10>;
    }
    impl ActivationLayer for relu2 {
        const FUNCTION: Activation = Activation::ReLU;
    }
    #[derive(Clone, Copy, Debug, Default)]
    pub struct pool2;
    impl Layer for pool2 {
        type Input<T: Pod> = FeatureMap<T, 16, 10, 10>;
        type Output<T: Pod> = FeatureMap<T, 16, 5, 5>;
    }
    impl PoolLayer for pool2 {
        const SHAPE: PoolShape = PoolShape {
            input: [16, 10, 10],
            output: [16, 5, 5],
            window: Window {
                kernel: [2, 2],
                stride: [2, 2],
                padding: [0, 0, 0, 0],
                dilation: [1, 1],
            },
        };
        const COUNT_INCLUDE_PAD: bool = true;
    }
    const _: () = assert!(pool2::SHAPE.is_consistent());
    #[derive(Clone, Copy, Debug, Default)]
    pub struct conv3;
    impl Layer for conv3 {
        type Input<T: Pod> = FeatureMap<T, 16, 5, 5>;
        type Output<T: Pod> = FeatureMap<T, 120, 1, 1>;
    }
    impl Epilogue for conv3 {
        const ACTIVATION: Activation = Activation::ReLU;
    }
    impl ConvLayer for conv3 {
        const SPEC: ConvSpec = ConvSpec {
            name: "conv3",
            shape: ConvShape {
                input: [16, 5, 5],
                output: [120, 1, 1],
                window: Window {
                    kernel: [5, 5],
                    stride: [1, 1],
                    padding: [0, 0, 0, 0],
                    dilation: [1, 1],
                },
                groups: 1,
            },
            weight: Some(&[120, 16, 5, 5]),
            bias: true,
            norm: None,
        };
    }
    const _: () = assert!(conv3::SPEC.shape.is_consistent());
    #[derive(Clone, Copy, Debug, Default)]
    pub struct relu3;
    impl Layer for relu3 {
        type Input<T: Pod> = FeatureMap<T, 120, 1, 1>;
        type Output<T: Pod> = FeatureMap<T, 120, 1, 1>;
    }
    impl ActivationLayer for relu3 {
        const FUNCTION: Activation = Activation::ReLU;
    }
    #[derive(Clone, Copy, Debug, Default)]
    pub struct fc1;
    impl Layer for fc1 {
        type Input<T: Pod> = FeatureMap<T, 120, 1, 1>;
        type Output<T: Pod> = FeatureMap<T, 84, 1, 1>;
    }
    impl Epilogue for fc1 {
        const ACTIVATION: Activation = Activation::ReLU;
    }
    impl ConvLayer for fc1 {
        const SPEC: ConvSpec = ConvSpec {
            name: "fc1",
            shape: ConvShape {
                input: [120, 1, 1],
                output: [84, 1, 1],
                window: Window {
                    kernel: [1, 1],
                    stride: [1, 1],
                    padding: [0, 0, 0, 0],
                    dilation: [1, 1],
                },
                groups: 1,
            },
            weight: Some(&[84, 120]),
            bias: true,
            norm: None,
        };
    }
    const _: () = assert!(fc1::SPEC.shape.is_consistent());
    #[derive(Clone, Copy, Debug, Default)]
    pub struct relu4;
    impl Layer for relu4 {
        type Input<T: Pod> = FeatureMap<T, 84, 1, 1>;
        type Output<T: Pod> = FeatureMap<T, 84, 1, 1>;
    }
    impl ActivationLayer for relu4 {
        const FUNCTION: Activation = Activation::ReLU;
    }
    #[derive(Clone, Copy, Debug, Default)]
    pub struct fc2;
    impl Layer for fc2 {
        type Input<T: Pod> = FeatureMap<T, 84, 1, 1>;
        type Output<T: Pod> = FeatureMap<T, 10, 1, 1>;
    }
    impl Epilogue for fc2 {
        const ACTIVATION: Activation = Activation::Identity;
    }
    impl ConvLayer for fc2 {
        const SPEC: ConvSpec = ConvSpec {
            name: "fc2",
            shape: ConvShape {
                input: [84, 1, 1],
                output: [10, 1, 1],
                window: Window {
                    kernel: [1, 1],
                    stride: [1, 1],
                    padding: [0, 0, 0, 0],
                    dilation: [1, 1],
                },
                groups: 1,
            },
            weight: Some(&[10, 84]),
            bias: true,
            norm: None,
        };
    }
    const _: () = assert!(fc2::SPEC.shape.is_consistent());
    #[derive(Clone, Copy, Debug, Default)]
    pub struct softmax1;
    impl Layer for softmax1 {
        type Input<T: Pod> = FeatureMap<T, 10, 1, 1>;
        type Output<T: Pod> = FeatureMap<T, 10, 1, 1>;
    }
}

impl<P: Precision, A: Convolve<P>> Network for LeNet5<P, A> {
    type Precision = P;
    const NAME: &'static str = "LeNet5";
    const INPUT: [usize; 3] = [1, 28, 28];
    const OUTPUT: [usize; 3] = [10, 1, 1];
    const LAYERS: &'static [LayerInfo] = &[
        LayerInfo {
            name: "conv1",
            kind: "Conv2d",
            input: [1, 28, 28],
            output: [6, 28, 28],
            parameters: 156,
            macs: 117600,
        },
        LayerInfo {
            name: "relu1",
            kind: "ReLU",
            input: [6, 28, 28],
            output: [6, 28, 28],
            parameters: 0,
            macs: 0,
        },
        LayerInfo {
            name: "pool1",
            kind: "MaxPool2d",
            input: [6, 28, 28],
            output: [6, 14, 14],
            parameters: 0,
            macs: 0,
        },
        LayerInfo {
            name: "conv2",
            kind: "Conv2d",
            input: [6, 14, 14],
            output: [16, 10, 10],
            parameters: 2416,
            macs: 240000,
        },
        LayerInfo {
            name: "relu2",
            kind: "ReLU",
            input: [16, 10, 10],
            output: [16, 10, 10],
            parameters: 0,
            macs: 0,
        },
        LayerInfo {
            name: "pool2",
            kind: "MaxPool2d",
            input: [16, 10, 10],
            output: [16, 5, 5],
            parameters: 0,
            macs: 0,
        },
        LayerInfo {
            name: "conv3",
            kind: "Conv2d",
            input: [16, 5, 5],
            output: [120, 1, 1],
            parameters: 48120,
            macs: 48000,
        },
        LayerInfo {
            name: "relu3",
            kind: "ReLU",
            input: [120, 1, 1],
            output: [120, 1, 1],
            parameters: 0,
            macs: 0,
        },
        LayerInfo {
            name: "flatten1",
            kind: "Flatten",
            input: [120, 1, 1],
            output: [120, 1, 1],
            parameters: 0,
            macs: 0,
        },
        LayerInfo {
            name: "fc1",
            kind: "Linear",
            input: [120, 1, 1],
            output: [84, 1, 1],
            parameters: 10164,
            macs: 10080,
        },
        LayerInfo {
            name: "relu4",
            kind: "ReLU",
            input: [84, 1, 1],
            output: [84, 1, 1],
            parameters: 0,
            macs: 0,
        },
        LayerInfo {
            name: "fc2",
            kind: "Linear",
            input: [84, 1, 1],
            output: [10, 1, 1],
            parameters: 850,
            macs: 840,
        },
        LayerInfo {
            name: "softmax1",
            kind: "Softmax",
            input: [10, 1, 1],
            output: [10, 1, 1],
            parameters: 0,
            macs: 0,
        },
    ];
    const ALGORITHMS: &'static [&'static str] = &[
        Conv2d::<P, A, __LeNet5::conv1>::ALGORITHM,
        "",
        "",
        Conv2d::<P, A, __LeNet5::conv2>::ALGORITHM,
        "",
        "",
        Conv2d::<P, A, __LeNet5::conv3>::ALGORITHM,
        "",
        "",
        Conv2d::<P, A, __LeNet5::fc1>::ALGORITHM,
        "",
        Conv2d::<P, A, __LeNet5::fc2>::ALGORITHM,
        "",
    ];
    const STORED: usize = 61706;
    const SLOTS: &'static [usize] =
        &[Block::count::<P::Element>(4704), Block::count::<P::Element>(4704)];
    const SCRATCH: usize = largest(&[
        Conv2d::<P, A, __LeNet5::conv1>::SCRATCH,
        Conv2d::<P, A, __LeNet5::conv2>::SCRATCH,
        Conv2d::<P, A, __LeNet5::conv3>::SCRATCH,
        Conv2d::<P, A, __LeNet5::fc1>::SCRATCH,
        Conv2d::<P, A, __LeNet5::fc2>::SCRATCH,
    ]);

    #[inline(always)]
    fn forward<I: Isa, T: Pixel>(
        &self,
        isa: I,
        image: &[T],
        result: &mut [f32],
        workspace: &mut [Block],
    ) {
        let (a, workspace) = workspace.split_at_mut(Self::SLOTS[0]);
        let (b, scratch) = workspace.split_at_mut(Self::SLOTS[1]);
        let x: &FeatureMap<P::Element, 1, 28, 28> =
            input::<P, T, 1, 28, 28>(image, P::Edge::default(), a);
        let x: &FeatureMap<P::Element, 6, 28, 28> = self.conv1.forward(isa, x, b, scratch);
        let x: &FeatureMap<P::Element, 6, 14, 14> = self.pool1.forward(isa, x, a);
        let x: &FeatureMap<P::Element, 16, 10, 10> = self.conv2.forward(isa, x, b, scratch);
        let x: &FeatureMap<P::Element, 16, 5, 5> = self.pool2.forward(isa, x, a);
        let x: &FeatureMap<P::Element, 120, 1, 1> = self.conv3.forward(isa, x, b, scratch);
        let x: &FeatureMap<P::Element, 84, 1, 1> = self.fc1.forward(isa, x, a, scratch);
        let x: &FeatureMap<P::Element, 10, 1, 1> = self.fc2.forward(isa, x, b, scratch);
        let x: &FeatureMap<P::Element, 10, 1, 1> = self.softmax1.forward(isa, x, a);
        output::<P, _>(x, self.softmax1.edge(), result);
    }

    #[inline(always)]
    fn walk<I: Isa, O: Observer>(
        &self,
        isa: I,
        image: &[f32],
        workspace: &mut [Block],
        observer: &mut O,
    ) {
        let (a, workspace) = workspace.split_at_mut(Self::SLOTS[0]);
        let (b, scratch) = workspace.split_at_mut(Self::SLOTS[1]);
        let x = input::<P, f32, 1, 28, 28>(image, P::Edge::default(), a);
        let x = observer
            .layer::<P, _>(self.conv1.edge(), || self.conv1.forward_as_written(isa, x, b, scratch));
        let x = observer.layer::<P, _>(self.relu1.edge(), || self.relu1.forward(isa, x, a));
        let x = observer.layer::<P, _>(self.pool1.edge(), || self.pool1.forward(isa, x, b));
        let x = observer
            .layer::<P, _>(self.conv2.edge(), || self.conv2.forward_as_written(isa, x, a, scratch));
        let x = observer.layer::<P, _>(self.relu2.edge(), || self.relu2.forward(isa, x, b));
        let x = observer.layer::<P, _>(self.pool2.edge(), || self.pool2.forward(isa, x, a));
        let x = observer
            .layer::<P, _>(self.conv3.edge(), || self.conv3.forward_as_written(isa, x, b, scratch));
        let x = observer.layer::<P, _>(self.relu3.edge(), || self.relu3.forward(isa, x, a));
        let x = observer.layer::<P, _>(self.relu3.edge(), || x);
        let x = observer
            .layer::<P, _>(self.fc1.edge(), || self.fc1.forward_as_written(isa, x, b, scratch));
        let x = observer.layer::<P, _>(self.relu4.edge(), || self.relu4.forward(isa, x, a));
        let x = observer
            .layer::<P, _>(self.fc2.edge(), || self.fc2.forward_as_written(isa, x, b, scratch));
        observer.layer::<P, _>(self.softmax1.edge(), || self.softmax1.forward(isa, x, a));
    }

    with_alloc! {
    fn build<S: Source>(source: &mut S) -> Result<Self, LoadError> {
        Ok(Self {
            conv1: Conv2d::load(source)?,
            relu1: Activate::default(),
            pool1: MaxPool2d::default(),
            conv2: Conv2d::load(source)?,
            relu2: Activate::default(),
            pool2: MaxPool2d::default(),
            conv3: Conv2d::load(source)?,
            relu3: Activate::default(),
            fc1: Linear::load(source)?,
            relu4: Activate::default(),
            fc2: Linear::load(source)?,
            softmax1: Softmax::default(),
        })
    }

    fn write<S: Sink>(&self, sink: &mut S) {
        self.conv1.save(sink);
        self.conv2.save(sink);
        self.conv3.save(sink);
        self.fc1.save(sink);
        self.fc2.save(sink);
    }
    }

    fn weight_bytes(&self) -> usize {
        self.conv1.weight_bytes()
            + self.conv2.weight_bytes()
            + self.conv3.weight_bytes()
            + self.fc1.weight_bytes()
            + self.fc2.weight_bytes()
    }
}

impl LeNet5<f32, Auto> {
    /// Blocks that the packed parameters take.
    pub const PACKED: usize = packed_blocks(&__LeNet5::conv1::SPEC)
        + packed_blocks(&__LeNet5::conv2::SPEC)
        + packed_blocks(&__LeNet5::conv3::SPEC)
        + packed_blocks(&__LeNet5::fc1::SPEC)
        + packed_blocks(&__LeNet5::fc2::SPEC);

    /// Packs the bytes of a `.raw` file when the program is compiled.
    pub const fn pack(raw: &[u8]) -> [Block; Self::PACKED] {
        ConstPacker::<{ Self::PACKED }>::new(raw, <Self as Network>::STORED)
            .layer(&__LeNet5::conv1::SPEC)
            .layer(&__LeNet5::conv2::SPEC)
            .layer(&__LeNet5::conv3::SPEC)
            .layer(&__LeNet5::fc1::SPEC)
            .layer(&__LeNet5::fc2::SPEC)
            .finish()
    }

    /// A network that runs from packed parameters where they lie.
    pub const fn from_packed(packed: &'static [Block; Self::PACKED]) -> Self {
        let (conv1, packed) = packed.split_at(packed_blocks(&__LeNet5::conv1::SPEC));
        let (conv2, packed) = packed.split_at(packed_blocks(&__LeNet5::conv2::SPEC));
        let (conv3, packed) = packed.split_at(packed_blocks(&__LeNet5::conv3::SPEC));
        let (fc1, packed) = packed.split_at(packed_blocks(&__LeNet5::fc1::SPEC));
        let (fc2, _) = packed.split_at(packed_blocks(&__LeNet5::fc2::SPEC));
        Self {
            conv1: Conv2d::from_packed(conv1),
            relu1: Activate::PLAIN,
            pool1: MaxPool2d::PLAIN,
            conv2: Conv2d::from_packed(conv2),
            relu2: Activate::PLAIN,
            pool2: MaxPool2d::PLAIN,
            conv3: Conv2d::from_packed(conv3),
            relu3: Activate::PLAIN,
            fc1: Linear::from_packed(fc1),
            relu4: Activate::PLAIN,
            fc2: Linear::from_packed(fc2),
            softmax1: Softmax::PLAIN,
        }
    }

    /// The trained network.
    pub fn pretrained() -> Self {
        static PACKED: [Block; LeNet5::<f32, Auto>::PACKED] =
            LeNet5::pack(include_bytes!("/work/shared/data/lenet.raw"));
        static NETWORK: LeNet5 = LeNet5::from_packed(&PACKED);
        NETWORK.clone()
    }
}

with_alloc! {
impl<A: Convolve<f32>> LeNet5<f32, A> {
    /// temp
    pub fn from_raw(bytes: &[u8]) -> Result<Self, LoadError> {
        Self::build(&mut RawSource::new(bytes, Self::STORED)?)
    }
}
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;

    fn predict<N: Network>(net: &N, x: &Tensor<f32, 1, 1, 28, 28>) -> Tensor<f32, 1, 10, 1, 1> {
        crate::network::predict(net, x)
    }

    #[test]
    fn reference_weights() {
        let bytes = std::fs::read("/work/shared/data/lenet.raw").unwrap();
        let net = LeNet5::<f32, Auto>::from_raw(&bytes).unwrap();
        let mut packed = RawSink::default();
        LeNet5::pretrained().write(&mut packed);
        assert!(packed.bytes == bytes);
        let mut sink = RawSink::default();
        net.write(&mut sink);
        assert!(sink.bytes == bytes);
        let images = std::fs::read("/tmp/t10k-images-idx3-ubyte").unwrap();
        let labels = std::fs::read("/tmp/t10k-labels-idx1-ubyte").unwrap();
        let mut right = 0;
        for (image, &label) in images[16..].chunks(784).zip(&labels[8..]).take(1000) {
            let mut x = Tensor::<f32, 1, 1, 28, 28>::zeros();
            for (place, &value) in x.as_mut_slice().iter_mut().zip(image) {
                *place = value as f32 / 255.0;
            }
            let y = predict(&net, &x);
            let best =
                (0..10).max_by(|&a, &b| y.as_slice()[a].total_cmp(&y.as_slice()[b])).unwrap();
            right += usize::from(best == label as usize);
        }
        assert_eq!(right, 987);
    }
}
