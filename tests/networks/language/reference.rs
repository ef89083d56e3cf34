//! Layers by their definitions, channels outermost, with parameters that are drawn as they are needed
//! and written down in the order of a `.raw` file.

use microcnn::network::{LayerTrace, Network, predict_slice_on, trace_slice_on};
use microcnn::simd::{Block, Scalar};

/// A feature map and the parameters that led to it.
#[derive(Clone)]
pub(crate) struct Reference {
    pub(crate) shape: [usize; 3],
    pub(crate) values: Vec<f64>,
    /// The image that it began with.
    pub(crate) image: Vec<f32>,
    /// The parameters so far.
    pub(crate) raw: Vec<u8>,
    state: u64,
}

/// A convolution's numbers; padding is top, bottom, left, right.
#[derive(Clone, Copy)]
pub(crate) struct Conv {
    pub(crate) outputs: usize,
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [usize; 4],
    pub(crate) dilation: [usize; 2],
    pub(crate) groups: usize,
    pub(crate) bias: bool,
}

impl Conv {
    pub(crate) const fn new(outputs: usize, kernel: [usize; 2]) -> Self {
        Self {
            outputs,
            kernel,
            stride: [1; 2],
            padding: [0; 4],
            dilation: [1; 2],
            groups: 1,
            bias: true,
        }
    }
}

impl Reference {
    /// An image of random values.
    pub(crate) fn new(shape: [usize; 3]) -> Self {
        let mut reference =
            Self { shape, values: Vec::new(), image: Vec::new(), raw: Vec::new(), state: 7 };
        reference.image = (0..shape.iter().product()).map(|_| reference.random()).collect();
        reference.values = reference.image.iter().map(|&value| value.into()).collect();
        reference
    }

    /// The next number in [-1, 1).
    fn random(&mut self) -> f32 {
        self.state = self.state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.state >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// Parameters between two values.
    fn draw(&mut self, len: usize, from: f32, to: f32) -> Vec<f64> {
        let value = |reference: &mut Self| {
            let value = from + (reference.random() + 1.0) / 2.0 * (to - from);
            reference.raw.extend(value.to_le_bytes());
            f64::from(value)
        };
        (0..len).map(|_| value(self)).collect()
    }

    fn at(&self, c: usize, y: usize, x: usize) -> f64 {
        self.values[(c * self.shape[1] + y) * self.shape[2] + x]
    }

    pub(crate) fn map(&mut self, f: impl Fn(f64) -> f64) {
        self.values.iter_mut().for_each(|value| *value = f(*value));
    }

    pub(crate) fn relu(&mut self) {
        self.map(|x| x.max(0.0));
    }

    pub(crate) fn flatten(&mut self) {
        self.shape = [self.values.len(), 1, 1];
    }

    pub(crate) fn conv(&mut self, conv: Conv) {
        let Conv { outputs, kernel: [kh, kw], stride, padding, dilation, groups, bias } = conv;
        let [channels, height, width] = self.shape;
        let inputs = channels / groups;
        let bound = (inputs * kh * kw) as f32;
        let weight = self.draw(outputs * inputs * kh * kw, -2.0 / bound.sqrt(), 2.0 / bound.sqrt());
        let bias = if bias { self.draw(outputs, -0.5, 0.5) } else { vec![0.0; outputs] };
        let [top, bottom, left, right] = padding;
        let oh = (height + top + bottom - dilation[0] * (kh - 1) - 1) / stride[0] + 1;
        let ow = (width + left + right - dilation[1] * (kw - 1) - 1) / stride[1] + 1;
        let mut values = Vec::new();
        for o in 0..outputs {
            for y in 0..oh {
                for x in 0..ow {
                    let mut sum = bias[o];
                    for i in 0..inputs {
                        for ky in 0..kh {
                            for kx in 0..kw {
                                let row = (y * stride[0] + ky * dilation[0]).wrapping_sub(top);
                                let column = (x * stride[1] + kx * dilation[1]).wrapping_sub(left);
                                if row < height && column < width {
                                    let c = o / (outputs / groups) * inputs + i;
                                    sum += self.at(c, row, column)
                                        * weight[((o * inputs + i) * kh + ky) * kw + kx];
                                }
                            }
                        }
                    }
                    values.push(sum);
                }
            }
        }
        self.values = values;
        self.shape = [outputs, oh, ow];
    }

    /// A linear layer over a flat map.
    pub(crate) fn linear(&mut self, outputs: usize, bias: bool) {
        assert_eq!(self.shape[1..], [1, 1]);
        self.conv(Conv { bias, ..Conv::new(outputs, [1, 1]) });
    }

    pub(crate) fn batch_norm(&mut self, eps: f64) {
        let [channels, height, width] = self.shape;
        let gain = self.draw(channels, 0.5, 1.5);
        let shift = self.draw(channels, -0.5, 0.5);
        let mean = self.draw(channels, -0.5, 0.5);
        let variance = self.draw(channels, 0.5, 1.5);
        for (at, value) in self.values.iter_mut().enumerate() {
            let c = at / (height * width);
            *value = (*value - mean[c]) / (variance[c] + eps).sqrt() * gain[c] + shift[c];
        }
    }

    /// A pool; `f` gets the values in each window and how many positions of it are in the padding.
    pub(crate) fn pool(
        &mut self,
        [kh, kw]: [usize; 2],
        stride: [usize; 2],
        [top, bottom, left, right]: [usize; 4],
        f: impl Fn(&[f64], usize) -> f64,
    ) {
        let [channels, height, width] = self.shape;
        let oh = (height + top + bottom - kh) / stride[0] + 1;
        let ow = (width + left + right - kw) / stride[1] + 1;
        let mut values = Vec::new();
        for c in 0..channels {
            for y in 0..oh {
                for x in 0..ow {
                    let mut window = Vec::new();
                    for ky in 0..kh {
                        for kx in 0..kw {
                            let row = (y * stride[0] + ky).wrapping_sub(top);
                            let column = (x * stride[1] + kx).wrapping_sub(left);
                            if row < height && column < width {
                                window.push(self.at(c, row, column));
                            }
                        }
                    }
                    values.push(f(&window, kh * kw - window.len()));
                }
            }
        }
        self.values = values;
        self.shape = [channels, oh, ow];
    }

    pub(crate) fn max_pool(&mut self, kernel: [usize; 2]) {
        self.pool(kernel, kernel, [0; 4], max);
    }

    pub(crate) fn softmax(&mut self) {
        let pixels = self.shape[1] * self.shape[2];
        for pixel in 0..pixels {
            let sum: f64 = self.values.iter().skip(pixel).step_by(pixels).map(|x| x.exp()).sum();
            self.values.iter_mut().skip(pixel).step_by(pixels).for_each(|x| *x = x.exp() / sum);
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        assert_eq!(self.shape, other.shape);
        self.values.iter_mut().zip(&other.values).for_each(|(a, b)| *a += b);
    }

    /// The other path of a block: it begins with `input`'s values and goes on with these parameters.
    pub(crate) fn shortcut_from(&self, input: &Self) -> Self {
        Self { raw: self.raw.clone(), state: self.state, ..input.clone() }
    }

    /// Takes over the parameters of the other path.
    pub(crate) fn join(&mut self, shortcut: Self) {
        self.add(&shortcut);
        self.raw = shortcut.raw;
        self.state = shortcut.state;
    }
}

pub(crate) fn max(window: &[f64], _: usize) -> f64 {
    window.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// What a network gives at once, and layer by layer. On one instruction set, since each would be compiled
/// for each network; tests/kernels compares them, and the networks of PyTorch's run on `Auto`.
pub(crate) fn run<N: Network>(network: &N, image: &[f32]) -> (Vec<f32>, Vec<LayerTrace>) {
    let mut output = vec![0.0; N::OUTPUT.iter().product()];
    let mut workspace = vec![Block::ZERO; N::WORKSPACE];
    predict_slice_on(Scalar, network, image, &mut output, &mut workspace);
    (output, trace_slice_on(Scalar, network, image))
}

/// Compares results with a bound that allows for the rounding of some thousand products.
pub(crate) fn assert_near(found: &[f32], wanted: &[f64], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (at, (&found, &wanted)) in found.iter().zip(wanted).enumerate() {
        let difference = (f64::from(found) - wanted).abs();
        assert!(difference <= 1e-4 * (1.0 + wanted.abs()), "{what} [{at}]: {found}, not {wanted}");
    }
}

/// Checks that a network with the reference's parameters gives the reference's result, at once and
/// layer by layer.
#[macro_export]
macro_rules! check {
    ($Network:ident, $reference:expr) => {{
        let reference = &$reference;
        let network = $Network::<f32>::from_raw(&reference.raw).unwrap();
        let network = network.with_algorithm::<microcnn::conv::Naive>();
        let (output, trace) = $crate::reference::run(&network, &reference.image);
        assert_eq!(reference.shape, $Network::<f32>::OUTPUT);
        $crate::reference::assert_near(&output, &reference.values, "predict");
        assert_eq!(trace.len(), $Network::<f32>::LAYERS.len());
        for (item, layer) in trace.iter().zip($Network::<f32>::LAYERS) {
            assert_eq!((item.name, item.kind, item.shape), (layer.name, layer.kind, layer.output));
            assert_eq!(item.values.len(), layer.output.iter().product::<usize>());
        }
        let last = trace.last().unwrap();
        assert_eq!(last.shape, reference.shape);
        $crate::reference::assert_near(&last.values, &reference.values, "trace");
        assert_eq!(last.values, output, "fused and layer by layer, bit for bit");
        trace
    }};
}
