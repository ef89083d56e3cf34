// What `network!` makes of LeNet-5. Written by `BLESS=1 cargo test -p microcnn-macros`.
// `#[with_alloc]` is for `__cnn::with_alloc! { .. }`, `#[with_std]` for `__cnn::with_std!`.

/// LeNet-5 for 28×28 greyscale digits.
///
/// | layer | kind | output | parameters | multiply-adds |
/// |---|---|---|--:|--:|
/// | `conv1` | `Conv2d` | `[6, 28, 28]` | 156 | 117600 |
/// | `relu1` | `ReLU` | `[6, 28, 28]` |  |  |
/// | `pool1` | `MaxPool2d` | `[6, 14, 14]` |  |  |
/// | `conv2` | `Conv2d` | `[16, 10, 10]` | 2416 | 240000 |
/// | `relu2` | `ReLU` | `[16, 10, 10]` |  |  |
/// | `pool2` | `MaxPool2d` | `[16, 5, 5]` |  |  |
/// | `conv3` | `Conv2d` | `[120]` | 48120 | 48000 |
/// | `relu3` | `ReLU` | `[120]` |  |  |
/// | `flatten1` | `Flatten` | `[120]` |  |  |
/// | `fc1` | `Linear` | `[84]` | 10164 | 10080 |
/// | `relu4` | `ReLU` | `[84]` |  |  |
/// | `fc2` | `Linear` | `[10]` | 850 | 840 |
/// | `softmax1` | `Softmax` | `[10]` |  |  |
/// | total | | | 61706 | 416520 |
#[derive(::core::clone::Clone)]
pub struct LeNet5<P = ::core::primitive::f32, A = ::microcnn::__private::Auto>
where
    P: ::microcnn::__private::Precision,
    A: ::microcnn::__private::Convolve<P>,
{
    conv1: ::microcnn::__private::Conv2d<
        <P as ::microcnn::__private::Arithmetic>::Outer,
        A,
        __LeNet5::conv1,
    >,
    relu1: ::microcnn::__private::Activate<P, __LeNet5::relu1>,
    pool1: ::microcnn::__private::MaxPool2d<P, __LeNet5::pool1>,
    conv2: ::microcnn::__private::Conv2d<P, A, __LeNet5::conv2>,
    relu2: ::microcnn::__private::Activate<P, __LeNet5::relu2>,
    pool2: ::microcnn::__private::MaxPool2d<P, __LeNet5::pool2>,
    conv3: ::microcnn::__private::Conv2d<P, A, __LeNet5::conv3>,
    relu3: ::microcnn::__private::Activate<P, __LeNet5::relu3>,
    fc1: ::microcnn::__private::Linear<P, A, __LeNet5::fc1>,
    relu4: ::microcnn::__private::Activate<P, __LeNet5::relu4>,
    fc2: ::microcnn::__private::Linear<
        <<P as ::microcnn::__private::Arithmetic>::Outer as ::microcnn::__private::Arithmetic>::Real,
        A,
        __LeNet5::fc2,
    >,
    softmax1: ::microcnn::__private::Softmax<::core::primitive::f32, __LeNet5::softmax1>,
    input: ::microcnn::__private::Input<P>,
    __verbose: ::core::primitive::bool,
}
#[doc(hidden)]
mod __LeNet5 {
    use ::core::prelude::v1::*;
    use ::microcnn::__private as __cnn;
    #[derive(Clone, Copy, Debug, Default)]
    pub(super) struct conv1;
    impl __cnn::Layer for conv1 {
        type Input<T: __cnn::Pod> = __cnn::FeatureMap<T, 1, 28, 28>;
        type Output<T: __cnn::Pod> = __cnn::FeatureMap<T, 6, 28, 28>;
    }
    impl __cnn::Epilogue for conv1 {
        const ACTIVATION: __cnn::Activation = __cnn::Activation::ReLU;
        const POOL: ::core::option::Option<__cnn::PoolShape> = Some(
            <pool1 as __cnn::PoolLayer>::SHAPE,
        );
    }
    impl __cnn::ConvLayer for conv1 {
        const SPEC: __cnn::ConvSpec = __cnn::ConvSpec {
            name: "conv1",
            shape: __cnn::ConvShape {
                input: [1, 28, 28],
                output: [6, 28, 28],
                window: __cnn::Window {
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
    const _: () = ::core::assert!(
        < conv1 as __cnn::ConvLayer > ::SPEC.shape.is_consistent()
    );
    #[derive(Clone, Copy, Debug, Default)]
    pub(super) struct relu1;
    impl __cnn::Layer for relu1 {
        type Input<T: __cnn::Pod> = __cnn::FeatureMap<T, 6, 28, 28>;
        type Output<T: __cnn::Pod> = __cnn::FeatureMap<T, 6, 28, 28>;
    }
    impl __cnn::ActivationLayer for relu1 {
        const FUNCTION: __cnn::Activation = __cnn::Activation::ReLU;
    }
    #[derive(Clone, Copy, Debug, Default)]
    pub(super) struct pool1;
    impl __cnn::Layer for pool1 {
        type Input<T: __cnn::Pod> = __cnn::FeatureMap<T, 6, 28, 28>;
        type Output<T: __cnn::Pod> = __cnn::FeatureMap<T, 6, 14, 14>;
    }
    impl __cnn::PoolLayer for pool1 {
        const SHAPE: __cnn::PoolShape = __cnn::PoolShape {
            input: [6, 28, 28],
            output: [6, 14, 14],
            window: __cnn::Window {
                kernel: [2, 2],
                stride: [2, 2],
                padding: [0, 0, 0, 0],
                dilation: [1, 1],
            },
        };
        const COUNT_INCLUDE_PAD: ::core::primitive::bool = true;
    }
    const _: () = ::core::assert!(< pool1 as __cnn::PoolLayer > ::SHAPE.is_consistent());
    #[derive(Clone, Copy, Debug, Default)]
    pub(super) struct conv2;
    impl __cnn::Layer for conv2 {
        type Input<T: __cnn::Pod> = __cnn::FeatureMap<T, 6, 14, 14>;
        type Output<T: __cnn::Pod> = __cnn::FeatureMap<T, 16, 10, 10>;
    }
    impl __cnn::Epilogue for conv2 {
        const ACTIVATION: __cnn::Activation = __cnn::Activation::ReLU;
        const POOL: ::core::option::Option<__cnn::PoolShape> = Some(
            <pool2 as __cnn::PoolLayer>::SHAPE,
        );
    }
    impl __cnn::ConvLayer for conv2 {
        const SPEC: __cnn::ConvSpec = __cnn::ConvSpec {
            name: "conv2",
            shape: __cnn::ConvShape {
                input: [6, 14, 14],
                output: [16, 10, 10],
                window: __cnn::Window {
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
    const _: () = ::core::assert!(
        < conv2 as __cnn::ConvLayer > ::SPEC.shape.is_consistent()
    );
    #[derive(Clone, Copy, Debug, Default)]
    pub(super) struct relu2;
    impl __cnn::Layer for relu2 {
        type Input<T: __cnn::Pod> = __cnn::FeatureMap<T, 16, 10, 10>;
        type Output<T: __cnn::Pod> = __cnn::FeatureMap<T, 16, 10, 10>;
    }
    impl __cnn::ActivationLayer for relu2 {
        const FUNCTION: __cnn::Activation = __cnn::Activation::ReLU;
    }
    #[derive(Clone, Copy, Debug, Default)]
    pub(super) struct pool2;
    impl __cnn::Layer for pool2 {
        type Input<T: __cnn::Pod> = __cnn::FeatureMap<T, 16, 10, 10>;
        type Output<T: __cnn::Pod> = __cnn::FeatureMap<T, 16, 5, 5>;
    }
    impl __cnn::PoolLayer for pool2 {
        const SHAPE: __cnn::PoolShape = __cnn::PoolShape {
            input: [16, 10, 10],
            output: [16, 5, 5],
            window: __cnn::Window {
                kernel: [2, 2],
                stride: [2, 2],
                padding: [0, 0, 0, 0],
                dilation: [1, 1],
            },
        };
        const COUNT_INCLUDE_PAD: ::core::primitive::bool = true;
    }
    const _: () = ::core::assert!(< pool2 as __cnn::PoolLayer > ::SHAPE.is_consistent());
    #[derive(Clone, Copy, Debug, Default)]
    pub(super) struct conv3;
    impl __cnn::Layer for conv3 {
        type Input<T: __cnn::Pod> = __cnn::FeatureMap<T, 16, 5, 5>;
        type Output<T: __cnn::Pod> = __cnn::FeatureMap<T, 120, 1, 1>;
    }
    impl __cnn::Epilogue for conv3 {
        const ACTIVATION: __cnn::Activation = __cnn::Activation::ReLU;
    }
    impl __cnn::ConvLayer for conv3 {
        const SPEC: __cnn::ConvSpec = __cnn::ConvSpec {
            name: "conv3",
            shape: __cnn::ConvShape {
                input: [16, 5, 5],
                output: [120, 1, 1],
                window: __cnn::Window {
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
    const _: () = ::core::assert!(
        < conv3 as __cnn::ConvLayer > ::SPEC.shape.is_consistent()
    );
    #[derive(Clone, Copy, Debug, Default)]
    pub(super) struct relu3;
    impl __cnn::Layer for relu3 {
        type Input<T: __cnn::Pod> = __cnn::FeatureMap<T, 120, 1, 1>;
        type Output<T: __cnn::Pod> = __cnn::FeatureMap<T, 120, 1, 1>;
    }
    impl __cnn::ActivationLayer for relu3 {
        const FUNCTION: __cnn::Activation = __cnn::Activation::ReLU;
    }
    #[derive(Clone, Copy, Debug, Default)]
    pub(super) struct fc1;
    impl __cnn::Layer for fc1 {
        type Input<T: __cnn::Pod> = __cnn::FeatureMap<T, 120, 1, 1>;
        type Output<T: __cnn::Pod> = __cnn::FeatureMap<T, 84, 1, 1>;
    }
    impl __cnn::Epilogue for fc1 {
        const ACTIVATION: __cnn::Activation = __cnn::Activation::ReLU;
    }
    impl __cnn::ConvLayer for fc1 {
        const SPEC: __cnn::ConvSpec = __cnn::ConvSpec {
            name: "fc1",
            shape: __cnn::ConvShape {
                input: [120, 1, 1],
                output: [84, 1, 1],
                window: __cnn::Window {
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
    const _: () = ::core::assert!(
        < fc1 as __cnn::ConvLayer > ::SPEC.shape.is_consistent()
    );
    #[derive(Clone, Copy, Debug, Default)]
    pub(super) struct relu4;
    impl __cnn::Layer for relu4 {
        type Input<T: __cnn::Pod> = __cnn::FeatureMap<T, 84, 1, 1>;
        type Output<T: __cnn::Pod> = __cnn::FeatureMap<T, 84, 1, 1>;
    }
    impl __cnn::ActivationLayer for relu4 {
        const FUNCTION: __cnn::Activation = __cnn::Activation::ReLU;
    }
    #[derive(Clone, Copy, Debug, Default)]
    pub(super) struct fc2;
    impl __cnn::Layer for fc2 {
        type Input<T: __cnn::Pod> = __cnn::FeatureMap<T, 84, 1, 1>;
        type Output<T: __cnn::Pod> = __cnn::FeatureMap<T, 10, 1, 1>;
    }
    impl __cnn::Epilogue for fc2 {
        const ACTIVATION: __cnn::Activation = __cnn::Activation::Identity;
    }
    impl __cnn::ConvLayer for fc2 {
        const SPEC: __cnn::ConvSpec = __cnn::ConvSpec {
            name: "fc2",
            shape: __cnn::ConvShape {
                input: [84, 1, 1],
                output: [10, 1, 1],
                window: __cnn::Window {
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
    const _: () = ::core::assert!(
        < fc2 as __cnn::ConvLayer > ::SPEC.shape.is_consistent()
    );
    #[derive(Clone, Copy, Debug, Default)]
    pub(super) struct softmax1;
    impl __cnn::Layer for softmax1 {
        type Input<T: __cnn::Pod> = __cnn::FeatureMap<T, 10, 1, 1>;
        type Output<T: __cnn::Pod> = __cnn::FeatureMap<T, 10, 1, 1>;
    }
}
const _: () = {
    use ::core::primitive::{bool, f32, str, u8, u64, usize};
    use ::microcnn::__private as __cnn;
    impl<P, A> __cnn::Network for LeNet5<P, A>
    where
        P: __cnn::Precision,
        A: __cnn::Convolve<P>,
    {
        type Precision = P;
        const NAME: &'static str = "LeNet5";
        const INPUT: [usize; 3] = [1, 28, 28];
        const OUTPUT: [usize; 3] = [10, 1, 1];
        const LAYERS: &'static [__cnn::LayerInfo] = &[
            __cnn::LayerInfo {
                name: "conv1",
                kind: "Conv2d",
                input: [1, 28, 28],
                output: [6, 28, 28],
                parameters: 156,
                macs: 117600,
            },
            __cnn::LayerInfo {
                name: "relu1",
                kind: "ReLU",
                input: [6, 28, 28],
                output: [6, 28, 28],
                parameters: 0,
                macs: 0,
            },
            __cnn::LayerInfo {
                name: "pool1",
                kind: "MaxPool2d",
                input: [6, 28, 28],
                output: [6, 14, 14],
                parameters: 0,
                macs: 0,
            },
            __cnn::LayerInfo {
                name: "conv2",
                kind: "Conv2d",
                input: [6, 14, 14],
                output: [16, 10, 10],
                parameters: 2416,
                macs: 240000,
            },
            __cnn::LayerInfo {
                name: "relu2",
                kind: "ReLU",
                input: [16, 10, 10],
                output: [16, 10, 10],
                parameters: 0,
                macs: 0,
            },
            __cnn::LayerInfo {
                name: "pool2",
                kind: "MaxPool2d",
                input: [16, 10, 10],
                output: [16, 5, 5],
                parameters: 0,
                macs: 0,
            },
            __cnn::LayerInfo {
                name: "conv3",
                kind: "Conv2d",
                input: [16, 5, 5],
                output: [120, 1, 1],
                parameters: 48120,
                macs: 48000,
            },
            __cnn::LayerInfo {
                name: "relu3",
                kind: "ReLU",
                input: [120, 1, 1],
                output: [120, 1, 1],
                parameters: 0,
                macs: 0,
            },
            __cnn::LayerInfo {
                name: "flatten1",
                kind: "Flatten",
                input: [120, 1, 1],
                output: [120, 1, 1],
                parameters: 0,
                macs: 0,
            },
            __cnn::LayerInfo {
                name: "fc1",
                kind: "Linear",
                input: [120, 1, 1],
                output: [84, 1, 1],
                parameters: 10164,
                macs: 10080,
            },
            __cnn::LayerInfo {
                name: "relu4",
                kind: "ReLU",
                input: [84, 1, 1],
                output: [84, 1, 1],
                parameters: 0,
                macs: 0,
            },
            __cnn::LayerInfo {
                name: "fc2",
                kind: "Linear",
                input: [84, 1, 1],
                output: [10, 1, 1],
                parameters: 850,
                macs: 840,
            },
            __cnn::LayerInfo {
                name: "softmax1",
                kind: "Softmax",
                input: [10, 1, 1],
                output: [10, 1, 1],
                parameters: 0,
                macs: 0,
            },
        ];
        const ALGORITHMS: &'static [&'static str] = &[
            <__cnn::Conv2d<
                <P as __cnn::Arithmetic>::Outer,
                A,
                __LeNet5::conv1,
            >>::ALGORITHM,
            "",
            "",
            <__cnn::Conv2d<P, A, __LeNet5::conv2>>::ALGORITHM,
            "",
            "",
            <__cnn::Conv2d<P, A, __LeNet5::conv3>>::ALGORITHM,
            "",
            "",
            <__cnn::Linear<P, A, __LeNet5::fc1>>::ALGORITHM,
            "",
            <__cnn::Linear<
                <<P as __cnn::Arithmetic>::Outer as __cnn::Arithmetic>::Real,
                A,
                __LeNet5::fc2,
            >>::ALGORITHM,
            "",
        ];
        const STAGES: &'static [::core::option::Option<usize>] = &[
            ::core::option::Option::None,
            ::core::option::Option::Some(0),
            ::core::option::Option::Some(3),
            ::core::option::Option::Some(6),
            ::core::option::Option::Some(9),
            ::core::option::Option::Some(11),
            ::core::option::Option::Some(12),
        ];
        const STORED: usize = 61706;
        const SLOTS: &'static [usize] = &[
            __cnn::largest(
                &[
                    __cnn::Block::count::<P::Element>(784),
                    __cnn::Block::count::<::core::primitive::f32>(10),
                ],
            ),
            __cnn::largest(
                &[
                    __cnn::Block::count::<P::Element>(1176),
                    __cnn::Block::count::<::core::primitive::f32>(10),
                ],
            ),
        ];
        const SCRATCH: usize = __cnn::largest(
            &[
                <__cnn::Conv2d<
                    <P as __cnn::Arithmetic>::Outer,
                    A,
                    __LeNet5::conv1,
                >>::POOLED_SCRATCH,
                <__cnn::Conv2d<P, A, __LeNet5::conv2>>::POOLED_SCRATCH,
                <__cnn::Conv2d<P, A, __LeNet5::conv3>>::SCRATCH,
                <__cnn::Linear<P, A, __LeNet5::fc1>>::SCRATCH,
                <__cnn::Linear<
                    <<P as __cnn::Arithmetic>::Outer as __cnn::Arithmetic>::Real,
                    A,
                    __LeNet5::fc2,
                >>::SCRATCH,
            ],
        );
        const WALK_SLOTS: &'static [usize] = &[
            __cnn::largest(
                &[
                    __cnn::Block::count::<P::Element>(4704),
                    __cnn::Block::count::<::core::primitive::f32>(1600),
                ],
            ),
            __cnn::largest(
                &[
                    __cnn::Block::count::<::core::primitive::f32>(4704),
                    __cnn::Block::count::<P::Element>(1600),
                ],
            ),
        ];
        const WALK_SCRATCH: usize = __cnn::largest(
            &[
                <__cnn::Conv2d<
                    <P as __cnn::Arithmetic>::Outer,
                    A,
                    __LeNet5::conv1,
                >>::SCRATCH_AS_WRITTEN,
                <__cnn::Conv2d<P, A, __LeNet5::conv2>>::SCRATCH_AS_WRITTEN,
                <__cnn::Conv2d<P, A, __LeNet5::conv3>>::SCRATCH_AS_WRITTEN,
                <__cnn::Linear<P, A, __LeNet5::fc1>>::SCRATCH_AS_WRITTEN,
                <__cnn::Linear<
                    <<P as __cnn::Arithmetic>::Outer as __cnn::Arithmetic>::Real,
                    A,
                    __LeNet5::fc2,
                >>::SCRATCH,
            ],
        );
        const TOGETHER: __cnn::Together = __cnn::Together::NONE
            .or(<__cnn::Conv2d<P, A, __LeNet5::conv3>>::TOGETHER)
            .or(<__cnn::Linear<P, A, __LeNet5::fc1>>::TOGETHER)
            .or(
                <__cnn::Linear<
                    <<P as __cnn::Arithmetic>::Outer as __cnn::Arithmetic>::Real,
                    A,
                    __LeNet5::fc2,
                >>::TOGETHER,
            );
        const TOGETHER_SLOTS: &'static [usize] = &[
            __cnn::staged_blocks(
                &[
                    __cnn::Block::count::<P::Element>(400),
                    __cnn::Block::count::<P::Element>(84),
                ],
            ),
            __cnn::staged_blocks(
                &[
                    __cnn::Block::count::<P::Element>(120),
                    __cnn::Block::count::<::core::primitive::f32>(10),
                ],
            ),
        ];
        #[inline(always)]
        fn forward_together<I: __cnn::Isa, T: __cnn::Pixel>(
            &self,
            isa: I,
            image: &[T],
            result: &mut [f32],
            workspace: &mut [__cnn::Block],
        ) {
            let (a, workspace) = workspace
                .split_at_mut(<Self as __cnn::Network>::SLOTS[0]);
            let (b, workspace) = workspace
                .split_at_mut(<Self as __cnn::Network>::SLOTS[1]);
            let (c, workspace) = workspace
                .split_at_mut(<Self as __cnn::Network>::TOGETHER_SLOTS[0]);
            let (d, workspace) = workspace
                .split_at_mut(<Self as __cnn::Network>::TOGETHER_SLOTS[1]);
            let scratch = workspace;
            let staged = c.chunks_exact_mut(__cnn::Block::count::<P::Element>(400));
            for (image, staged) in image.chunks_exact(784).zip(staged) {
                let x: &__cnn::Map<P, 1, 28, 28> = self
                    .input
                    .forward::<I, T, 1, 28, 28>(isa, image, a);
                let x: &__cnn::Map<P, 6, 14, 14> = self
                    .conv1
                    .forward_pooled(isa, x, b, scratch);
                let x: &__cnn::Map<P, 16, 5, 5> = self
                    .conv2
                    .forward_pooled(isa, x, a, scratch);
                __cnn::stage(x, staged);
            }
            let x: [&__cnn::Map<P, 16, 5, 5>; __cnn::IMAGES] = __cnn::staged(c);
            let x: [&__cnn::Map<P, 120, 1, 1>; __cnn::IMAGES] = self
                .conv3
                .forward_together(isa, x, d, scratch);
            let x: [&__cnn::Map<P, 84, 1, 1>; __cnn::IMAGES] = self
                .fc1
                .forward_together(isa, x, c, scratch);
            let x: [&__cnn::Map<::core::primitive::f32, 10, 1, 1>; __cnn::IMAGES] = self
                .fc2
                .forward_together(isa, x, d, scratch);
            for (x, result) in x.into_iter().zip(result.chunks_exact_mut(10)) {
                let x: &__cnn::Map<::core::primitive::f32, 10, 1, 1> = self
                    .softmax1
                    .forward(isa, x, a);
                __cnn::output(
                    x,
                    |value| <::core::primitive::f32 as __cnn::Arithmetic>::to_f32(
                        value,
                        self.softmax1.edge(),
                    ),
                    result,
                );
            }
        }
        #[inline(always)]
        fn forward_in_stages<I: __cnn::Isa, T: __cnn::Pixel, S: __cnn::Stages>(
            &self,
            isa: I,
            image: &[T],
            result: &mut [f32],
            workspace: &mut [__cnn::Block],
            stages: &mut S,
        ) {
            let (a, workspace) = workspace
                .split_at_mut(<Self as __cnn::Network>::SLOTS[0]);
            let (b, scratch) = workspace
                .split_at_mut(<Self as __cnn::Network>::SLOTS[1]);
            let x: &__cnn::Map<P, 1, 28, 28> = loop {
                let x = self.input.forward::<I, T, 1, 28, 28>(isa, image, a);
                if stages.finished(0) {
                    break x;
                }
            };
            let x: &__cnn::Map<P, 6, 14, 14> = loop {
                let x = self.conv1.forward_pooled(isa, x, b, scratch);
                if stages.finished(1) {
                    break x;
                }
            };
            let x: &__cnn::Map<P, 16, 5, 5> = loop {
                let x = self.conv2.forward_pooled(isa, x, a, scratch);
                if stages.finished(2) {
                    break x;
                }
            };
            let x: &__cnn::Map<P, 120, 1, 1> = loop {
                let x = self.conv3.forward(isa, x, b, scratch);
                if stages.finished(3) {
                    break x;
                }
            };
            let x: &__cnn::Map<P, 84, 1, 1> = loop {
                let x = self.fc1.forward(isa, x, a, scratch);
                if stages.finished(4) {
                    break x;
                }
            };
            let x: &__cnn::Map<::core::primitive::f32, 10, 1, 1> = loop {
                let x = self.fc2.forward(isa, x, b, scratch);
                if stages.finished(5) {
                    break x;
                }
            };
            let x: &__cnn::Map<::core::primitive::f32, 10, 1, 1> = loop {
                let x = self.softmax1.forward(isa, x, a);
                if stages.finished(6) {
                    break x;
                }
            };
            __cnn::output(
                x,
                |value| <::core::primitive::f32 as __cnn::Arithmetic>::to_f32(
                    value,
                    self.softmax1.edge(),
                ),
                result,
            );
        }
        #[inline(always)]
        fn walk<I: __cnn::Isa, O: __cnn::Observer>(
            &self,
            isa: I,
            image: &[f32],
            workspace: &mut [__cnn::Block],
            observer: &mut O,
        ) {
            let (a, workspace) = workspace
                .split_at_mut(<Self as __cnn::Network>::WALK_SLOTS[0]);
            let (b, scratch) = workspace
                .split_at_mut(<Self as __cnn::Network>::WALK_SLOTS[1]);
            let x: &__cnn::Map<P, 1, 28, 28> = self
                .input
                .forward::<I, f32, 1, 28, 28>(isa, image, a);
            observer.reads(&<__LeNet5::conv1 as __cnn::ConvLayer>::SPEC, x);
            let x = observer
                .layer(
                    |value| self.conv1.real(value),
                    || self.conv1.forward_as_written(isa, x, b, scratch),
                );
            let x = observer
                .layer(
                    |value| <P as __cnn::Arithmetic>::to_f32(value, self.relu1.edge()),
                    || self.relu1.forward_as_written(isa, x, a),
                );
            let x = observer
                .layer(
                    |value| <P as __cnn::Arithmetic>::to_f32(value, self.pool1.edge()),
                    || self.pool1.forward(isa, x, b),
                );
            observer.reads(&<__LeNet5::conv2 as __cnn::ConvLayer>::SPEC, x);
            let x = observer
                .layer(
                    |value| self.conv2.real(value),
                    || self.conv2.forward_as_written(isa, x, a, scratch),
                );
            let x = observer
                .layer(
                    |value| <P as __cnn::Arithmetic>::to_f32(value, self.relu2.edge()),
                    || self.relu2.forward_as_written(isa, x, b),
                );
            let x = observer
                .layer(
                    |value| <P as __cnn::Arithmetic>::to_f32(value, self.pool2.edge()),
                    || self.pool2.forward(isa, x, a),
                );
            observer.reads(&<__LeNet5::conv3 as __cnn::ConvLayer>::SPEC, x);
            let x = observer
                .layer(
                    |value| self.conv3.real(value),
                    || self.conv3.forward_as_written(isa, x, b, scratch),
                );
            let x = observer
                .layer(
                    |value| <P as __cnn::Arithmetic>::to_f32(value, self.relu3.edge()),
                    || self.relu3.forward_as_written(isa, x, a),
                );
            observer
                .layer(
                    |value| <P as __cnn::Arithmetic>::to_f32(value, self.relu3.edge()),
                    || x,
                );
            observer.reads(&<__LeNet5::fc1 as __cnn::ConvLayer>::SPEC, x);
            let x = observer
                .layer(
                    |value| self.fc1.real(value),
                    || self.fc1.forward_as_written(isa, x, b, scratch),
                );
            let x = observer
                .layer(
                    |value| <P as __cnn::Arithmetic>::to_f32(value, self.relu4.edge()),
                    || self.relu4.forward_as_written(isa, x, a),
                );
            observer.reads(&<__LeNet5::fc2 as __cnn::ConvLayer>::SPEC, x);
            let x = observer
                .layer(
                    |value| <::core::primitive::f32 as __cnn::Arithmetic>::to_f32(
                        value,
                        self.fc2.edge(),
                    ),
                    || self.fc2.forward(isa, x, b, scratch),
                );
            observer
                .layer(
                    |value| <::core::primitive::f32 as __cnn::Arithmetic>::to_f32(
                        value,
                        self.softmax1.edge(),
                    ),
                    || self.softmax1.forward(isa, x, a),
                );
        }
        #[with_alloc]
        fn build<S: __cnn::Source>(
            source: &mut S,
        ) -> ::core::result::Result<Self, __cnn::LoadError> {
            let input = <__cnn::Input<P>>::load(source)?;
            let field0: __cnn::Conv2d<
                <P as __cnn::Arithmetic>::Outer,
                A,
                __LeNet5::conv1,
            > = <__cnn::Conv2d<
                <P as __cnn::Arithmetic>::Outer,
                A,
                __LeNet5::conv1,
            >>::load(source, [0, 1], input.edge())?;
            let field1: __cnn::Activate<P, __LeNet5::relu1> = <__cnn::Activate<
                P,
                __LeNet5::relu1,
            >>::following(field0.ends(), field0.lookup());
            let field2: __cnn::MaxPool2d<P, __LeNet5::pool1> = <__cnn::MaxPool2d<
                P,
                __LeNet5::pool1,
            >>::of(field1.edge());
            let field3: __cnn::Conv2d<P, A, __LeNet5::conv2> = <__cnn::Conv2d<
                P,
                A,
                __LeNet5::conv2,
            >>::load(source, [3, 4], field0.edge())?;
            let field4: __cnn::Activate<P, __LeNet5::relu2> = <__cnn::Activate<
                P,
                __LeNet5::relu2,
            >>::following(field3.ends(), field3.lookup());
            let field5: __cnn::MaxPool2d<P, __LeNet5::pool2> = <__cnn::MaxPool2d<
                P,
                __LeNet5::pool2,
            >>::of(field4.edge());
            let field6: __cnn::Conv2d<P, A, __LeNet5::conv3> = <__cnn::Conv2d<
                P,
                A,
                __LeNet5::conv3,
            >>::load(source, [6, 7], field3.edge())?;
            let field7: __cnn::Activate<P, __LeNet5::relu3> = <__cnn::Activate<
                P,
                __LeNet5::relu3,
            >>::following(field6.ends(), field6.lookup());
            let field8: __cnn::Linear<P, A, __LeNet5::fc1> = <__cnn::Linear<
                P,
                A,
                __LeNet5::fc1,
            >>::load(source, [9, 10], field6.edge())?;
            let field9: __cnn::Activate<P, __LeNet5::relu4> = <__cnn::Activate<
                P,
                __LeNet5::relu4,
            >>::following(field8.ends(), field8.lookup());
            let field10: __cnn::Linear<
                <<P as __cnn::Arithmetic>::Outer as __cnn::Arithmetic>::Real,
                A,
                __LeNet5::fc2,
            > = <__cnn::Linear<
                <<P as __cnn::Arithmetic>::Outer as __cnn::Arithmetic>::Real,
                A,
                __LeNet5::fc2,
            >>::load(source, [11, 11], field8.edge())?;
            let field11: __cnn::Softmax<::core::primitive::f32, __LeNet5::softmax1> = <__cnn::Softmax<
                ::core::primitive::f32,
                __LeNet5::softmax1,
            >>::load(
                source,
                __cnn::Place {
                    name: "softmax1",
                    row: ::core::option::Option::Some(12),
                },
                field10.edge(),
            )?;
            ::core::result::Result::Ok(Self {
                conv1: field0,
                relu1: field1,
                pool1: field2,
                conv2: field3,
                relu2: field4,
                pool2: field5,
                conv3: field6,
                relu3: field7,
                fc1: field8,
                relu4: field9,
                fc2: field10,
                softmax1: field11,
                input: input,
                __verbose: false,
            })
        }
        #[with_alloc]
        fn write<S: __cnn::Sink>(&self, sink: &mut S) {
            self.input.save(sink);
            self.conv1.save(sink);
            self.conv2.save(sink);
            self.conv3.save(sink);
            self.fc1.save(sink);
            self.fc2.save(sink);
            self.softmax1.save(sink, "softmax1");
        }
        fn weight_bytes(&self) -> usize {
            __cnn::sum(
                &[
                    self.conv1.weight_bytes(),
                    self.conv2.weight_bytes(),
                    self.conv3.weight_bytes(),
                    self.fc1.weight_bytes(),
                    self.fc2.weight_bytes(),
                ],
            )
        }
        fn verbose(&self) -> bool {
            self.__verbose
        }
        fn set_verbose(&mut self, verbose: bool) {
            self.__verbose = verbose;
        }
    }
    impl LeNet5<f32, __cnn::Auto> {
        /// A network with Kaiming-uniform parameters, for tests and benchmarks.
        ///
        /// The same seed gives the same parameters on every machine.
        #[must_use]
        #[with_alloc]
        pub fn random(seed: u64) -> Self {
            __cnn::weights::random(seed)
        }
        /// Blocks that the packed parameters take.
        pub const PACKED: usize = __cnn::sum(
            &[
                __cnn::packed_blocks(&<__LeNet5::conv1 as __cnn::ConvLayer>::SPEC),
                __cnn::packed_blocks(&<__LeNet5::conv2 as __cnn::ConvLayer>::SPEC),
                __cnn::packed_blocks(&<__LeNet5::conv3 as __cnn::ConvLayer>::SPEC),
                __cnn::packed_blocks(&<__LeNet5::fc1 as __cnn::ConvLayer>::SPEC),
                __cnn::packed_blocks(&<__LeNet5::fc2 as __cnn::ConvLayer>::SPEC),
            ],
        );
        /// Packs the bytes of a `.raw` file when the program is compiled.
        ///
        /// # Panics
        /// If the file is not of this network; in a constant this is a compile error.
        #[must_use]
        pub const fn pack(raw: &[u8]) -> [__cnn::Block; Self::PACKED] {
            __cnn::ConstPacker::<
                { Self::PACKED },
            >::new(raw, <Self as __cnn::Network>::STORED)
                .layer(&<__LeNet5::conv1 as __cnn::ConvLayer>::SPEC)
                .layer(&<__LeNet5::conv2 as __cnn::ConvLayer>::SPEC)
                .layer(&<__LeNet5::conv3 as __cnn::ConvLayer>::SPEC)
                .layer(&<__LeNet5::fc1 as __cnn::ConvLayer>::SPEC)
                .layer(&<__LeNet5::fc2 as __cnn::ConvLayer>::SPEC)
                .finish()
        }
        /// A network that runs from packed parameters where they lie.
        ///
        /// # Panics
        /// If a layer runs from transformed weights; in a constant this is a compile error.
        #[must_use]
        pub const fn from_packed(packed: &'static [__cnn::Block; Self::PACKED]) -> Self {
            let packed: &'static [__cnn::Block] = packed;
            let (conv1, packed) = packed
                .split_at(
                    __cnn::packed_blocks(&<__LeNet5::conv1 as __cnn::ConvLayer>::SPEC),
                );
            let (conv2, packed) = packed
                .split_at(
                    __cnn::packed_blocks(&<__LeNet5::conv2 as __cnn::ConvLayer>::SPEC),
                );
            let (conv3, packed) = packed
                .split_at(
                    __cnn::packed_blocks(&<__LeNet5::conv3 as __cnn::ConvLayer>::SPEC),
                );
            let (fc1, packed) = packed
                .split_at(
                    __cnn::packed_blocks(&<__LeNet5::fc1 as __cnn::ConvLayer>::SPEC),
                );
            let (fc2, packed) = packed
                .split_at(
                    __cnn::packed_blocks(&<__LeNet5::fc2 as __cnn::ConvLayer>::SPEC),
                );
            let _ = packed;
            Self {
                conv1: __cnn::Conv2d::from_packed(conv1),
                relu1: __cnn::Activate::PLAIN,
                pool1: __cnn::MaxPool2d::PLAIN,
                conv2: __cnn::Conv2d::from_packed(conv2),
                relu2: __cnn::Activate::PLAIN,
                pool2: __cnn::MaxPool2d::PLAIN,
                conv3: __cnn::Conv2d::from_packed(conv3),
                relu3: __cnn::Activate::PLAIN,
                fc1: __cnn::Conv2d::from_packed(fc1),
                relu4: __cnn::Activate::PLAIN,
                fc2: __cnn::Conv2d::from_packed(fc2),
                softmax1: __cnn::Softmax::PLAIN,
                input: __cnn::Input::PLAIN,
                __verbose: false,
            }
        }
    }
    impl<P> LeNet5<P, __cnn::Auto>
    where
        P: __cnn::Precision,
        __cnn::Auto: __cnn::Convolve<P>,
    {
        /// A network with the parameters of a `.safetensors` file.
        ///
        /// # Errors
        /// What is wrong with the file.
        #[with_alloc]
        pub fn from_safetensors(
            file: &[u8],
        ) -> ::core::result::Result<Self, __cnn::LoadError> {
            __cnn::weights::from_safetensors(file)
        }
        /// A network with the parameters of a `.raw` file.
        ///
        /// # Errors
        /// What is wrong with the file.
        #[with_alloc]
        pub fn from_raw(file: &[u8]) -> ::core::result::Result<Self, __cnn::LoadError> {
            __cnn::weights::from_raw(file)
        }
        /// A network with the parameters of a `.safetensors` or `.raw` file.
        ///
        /// # Errors
        /// If the file can't be read, and what is wrong with it.
        #[with_std]
        pub fn from_file(
            path: impl ::core::convert::AsRef<__cnn::Path>,
        ) -> ::core::result::Result<Self, __cnn::LoadError> {
            __cnn::weights::from_file(path)
        }
    }
    impl<P, A> LeNet5<P, A>
    where
        P: __cnn::Precision,
        A: __cnn::Convolve<P>,
    {
        /// The layers as written.
        pub const LAYERS: &'static [__cnn::LayerInfo] = <Self as __cnn::Network>::LAYERS;
        /// Trained values; running statistics don't count.
        pub const PARAMETERS: usize = <Self as __cnn::Network>::PARAMETERS;
        /// Multiply-adds for one image.
        pub const MACS: usize = <Self as __cnn::Network>::MACS;
        /// Bytes of scratch memory that suffice for a batch of any size. `predict` takes them from the
        /// stack, above 256 KiB from the heap. For four images and more it may take more, to run them
        /// together: up to 256 KiB of the stack, or as a part of the same allocation.
        pub const WORKSPACE_BYTES: usize = <Self as __cnn::Network>::WORKSPACE_BYTES;
        /// Scratch memory for `predict_with`: `WORKSPACE_BYTES`, or as much more as makes batches
        /// faster.
        #[must_use]
        #[with_alloc]
        pub fn workspace() -> __cnn::Box<[__cnn::Block]> {
            __cnn::workspace::<Self>()
        }
        /// Runs a batch of any size. Allocates nothing, unless `WORKSPACE_BYTES` exceeds 256 KiB.
        #[must_use]
        pub fn predict<const N: usize>(
            &self,
            images: &__cnn::Tensor<f32, { N }, 1, 28, 28>,
        ) -> __cnn::Tensor<f32, { N }, 10, 1, 1> {
            __cnn::predict(self, images)
        }
        /// Runs a batch in scratch memory of the caller's, made by `workspace`.
        ///
        /// # Panics
        /// If the workspace is smaller than this network's.
        #[must_use]
        pub fn predict_with<const N: usize>(
            &self,
            images: &__cnn::Tensor<f32, { N }, 1, 28, 28>,
            workspace: &mut [__cnn::Block],
        ) -> __cnn::Tensor<f32, { N }, 10, 1, 1> {
            __cnn::predict_with(self, images, workspace)
        }
        /// Runs a batch of pixels, 0 to 255 for 0.0 to 1.0.
        #[must_use]
        pub fn predict_u8<const N: usize>(
            &self,
            images: &__cnn::Tensor<u8, { N }, 1, 28, 28>,
        ) -> __cnn::Tensor<f32, { N }, 10, 1, 1> {
            __cnn::predict(self, images)
        }
        /// Bytes that the parameters take in memory.
        #[must_use]
        pub fn weight_bytes(&self) -> usize {
            <Self as __cnn::Network>::weight_bytes(self)
        }
        /// The result of every layer as written, for one image.
        #[must_use]
        #[with_alloc]
        pub fn trace(
            &self,
            image: &__cnn::Tensor<f32, 1, 1, 28, 28>,
        ) -> __cnn::Vec<__cnn::LayerTrace> {
            __cnn::trace(self, image)
        }
        /// The same parameters under another algorithm.
        #[must_use]
        #[with_alloc]
        pub fn with_algorithm<B>(self) -> LeNet5<P, B>
        where
            P: __cnn::Precision,
            B: __cnn::Convolve<P>,
        {
            LeNet5 {
                conv1: self.conv1.with_algorithm(),
                relu1: self.relu1,
                pool1: self.pool1,
                conv2: self.conv2.with_algorithm(),
                relu2: self.relu2,
                pool2: self.pool2,
                conv3: self.conv3.with_algorithm(),
                relu3: self.relu3,
                fc1: self.fc1.with_algorithm(),
                relu4: self.relu4,
                fc2: self.fc2.with_algorithm(),
                softmax1: self.softmax1,
                input: self.input,
                __verbose: self.__verbose,
            }
        }
        /// The time of every layer, each run by itself.
        #[must_use]
        #[with_std]
        pub fn profile(
            &self,
            image: &__cnn::Tensor<f32, 1, 1, 28, 28>,
        ) -> __cnn::Vec<__cnn::LayerTime> {
            __cnn::profile(self, image)
        }
        /// Reads the parameters of a `.safetensors` or `.raw` file into this network.
        ///
        /// # Errors
        /// If the file can't be read, and what is wrong with it. The network then keeps its
        /// parameters.
        #[with_std]
        pub fn load(
            &mut self,
            path: impl ::core::convert::AsRef<__cnn::Path>,
        ) -> ::core::result::Result<(), __cnn::LoadError> {
            __cnn::weights::load(self, path)
        }
        /// Writes the parameters to a `.safetensors` or `.raw` file.
        ///
        /// # Errors
        /// If the file can't be written, or its name has another ending.
        #[with_std]
        pub fn save(
            &self,
            path: impl ::core::convert::AsRef<__cnn::Path>,
        ) -> ::core::result::Result<(), __cnn::SaveError> {
            __cnn::weights::save(self, path)
        }
    }
    __cnn::with_alloc! {
        impl < A > LeNet5 < f32, A > where A : __cnn::Convolve < f32 >, { #[doc =
        r" The same network in another precision. Its ranges are those of calibration images: a"]
        #[doc =
        r" batch, or anything that yields images. They should be like those that it will"]
        #[doc = r" see, but no test images; 100 are enough for 8 bits, 1,000 for fewer."]
        #[doc = r""] #[doc = r" # Errors"] #[doc =
        r" If there is no image, one holds NaN or infinity, or a layer's sums need more than"]
        #[doc = r" 32 bits."] pub fn quantize < P > (& self, calibration : impl
        __cnn::Calibration,) -> ::core::result::Result < LeNet5 < P, A >,
        __cnn::QuantizeError > where P : __cnn::Precision, A : __cnn::Convolve < P >, {
        __cnn::quant::quantize(self, calibration, & ::core::default::Default::default())
        } #[doc = r" The same network in another precision, made as the options say."]
        #[doc = r""] #[doc = r" # Errors"] #[doc = r" As [`quantize`](Self::quantize)."]
        pub fn quantize_with < P > (& self, calibration : impl __cnn::Calibration,
        options : impl ::core::borrow::Borrow < __cnn::QuantizeOptions >,) ->
        ::core::result::Result < LeNet5 < P, A >, __cnn::QuantizeError > where P :
        __cnn::Precision, A : __cnn::Convolve < P >, { __cnn::quant::quantize(self,
        calibration, options.borrow()) } #[doc =
        r" The same network in another precision, and what that did to each layer."]
        #[doc = r""] #[doc = r" # Errors"] #[doc = r" As [`quantize`](Self::quantize)."]
        pub fn quantize_report < P > (& self, calibration : impl __cnn::Calibration,
        options : impl ::core::borrow::Borrow < __cnn::QuantizeOptions >,) ->
        ::core::result::Result < (LeNet5 < P, A >, __cnn::QuantizeReport),
        __cnn::QuantizeError > where P : __cnn::Precision, A : __cnn::Convolve < P >, {
        __cnn::quant::quantize_report(self, calibration, options.borrow()) } }
    }
    impl<P, A> ::core::fmt::Display for LeNet5<P, A>
    where
        P: __cnn::Precision,
        A: __cnn::Convolve<P>,
    {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            __cnn::summary(self, f)
        }
    }
    impl<P, A> ::core::fmt::Debug for LeNet5<P, A>
    where
        P: __cnn::Precision,
        A: __cnn::Convolve<P>,
    {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            __cnn::debug(self, f)
        }
    }
};
