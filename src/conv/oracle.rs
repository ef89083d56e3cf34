//! What kernels are tested against: random layers, and the definition in `f64`.

use super::WeightLayout;
use crate::precision::{Arithmetic, Parameters};
use crate::shape::{ConvShape, Window};
use crate::simd::{Block, Isa, Visitor, each_supported};
use alloc::{vec, vec::Vec};
#[cfg(target_arch = "aarch64")]
use {
    super::{AnyShape, Image, Naive, Pooling},
    crate::layers::Activation,
    crate::precision::Precision,
    crate::precision::integer::{Ends, Integer, pack},
    crate::quant::{Edge, IntegerLayer},
    crate::shape::volume,
    crate::simd::Scalar,
    core::marker::PhantomData,
};

/// Rounding of one `f32` operation, relative to its result.
pub(crate) const UNIT: f64 = f32::EPSILON as f64 / 2.0;

/// Shows a visitor those instruction sets of this machine that don't share another one's code for floats.
pub(crate) fn each_with_floats(visitor: &mut impl Visitor) {
    struct Own<'a, V>(&'a mut V);
    impl<V: Visitor> Visitor for Own<'_, V> {
        fn visit<I: Isa>(&mut self, isa: I) {
            if I::NAME == <I::Floats as Isa>::NAME {
                self.0.visit(isa.floats());
            }
        }
    }
    each_supported(&mut Own(visitor));
}

/// Numbers from a seed, by splitmix64.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// One of `low..=high`.
    pub(crate) fn within(&mut self, low: usize, high: usize) -> usize {
        low + (self.next() % (high - low + 1) as u64) as usize
    }

    /// A value in [-1, 1).
    pub(crate) fn value(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// A layer at stride 1 with this window: awkward sizes, any padding, groups, few and many
    /// channels.
    pub(crate) fn shape(&mut self, kernel: [usize; 2], largest: usize) -> ConvShape {
        let padding: [usize; 4] = core::array::from_fn(|side| {
            // Mostly up to half the window, and sometimes more than the window is large.
            match self.within(0, 5) {
                0 => self.within(0, kernel[side / 2] + 2),
                _ => self.within(0, kernel[side / 2] / 2),
            }
        });
        let least = |axis: usize| {
            kernel[axis].saturating_sub(padding[2 * axis] + padding[2 * axis + 1]).max(1)
        };
        let size = |this: &mut Self, axis| {
            let least = least(axis);
            this.within(least, least.max(largest))
        };
        let (height, width) = (size(self, 0), size(self, 1));
        let (groups, inputs, outputs) = match self.within(0, 5) {
            0 => (self.within(2, 40), 1, 1),
            1 => (self.within(2, 4), self.within(1, 5), self.within(1, 19)),
            2 => (1, self.within(1, 3), self.within(1, 20)),
            3 => (1, 8, 32),
            _ => (1, self.within(1, 19), self.within(1, 35)),
        };
        let window = Window { kernel, stride: [1, 1], padding, dilation: [1, 1] };
        let [rows, columns] = window.output([height, width]);
        ConvShape {
            input: [groups * inputs, height, width],
            output: [groups * outputs, rows, columns],
            window,
            groups,
        }
    }
}

/// A layer with random parameters and an image.
pub(crate) struct Case {
    pub(crate) shape: ConvShape,
    pub(crate) input: Vec<f32>,
    packed: Vec<Block>,
}

impl Case {
    pub(crate) fn new(shape: ConvShape, numbers: &mut Numbers) -> Self {
        let layout = WeightLayout::new(&shape, 1);
        // NaN where no weight or bias belongs: a kernel may read it, but not use it.
        let mut packed = vec![Block([0xFF; Block::BYTES]); f32::parameter_blocks(&shape)];
        let values: &mut [f32] = bytemuck::cast_slice_mut(&mut packed);
        for o in 0..shape.output[0] {
            values[layout.channel(o)] = numbers.value();
        }
        for at in layout.indices(&shape) {
            values[layout.channels() + at] = numbers.value();
        }
        let [channels, height, width] = shape.input;
        let input = (0..channels * height * width).map(|_| numbers.value()).collect();
        Self { shape, input, packed }
    }

    pub(crate) fn parameters(&self) -> Parameters<'_, f32> {
        f32::parameters(&self.shape, &self.packed, ())
    }

    /// Every output by the definition in `f32`, one product after the other.
    pub(crate) fn plain(&self) -> Vec<f32> {
        self.sums(0.0_f32, |sum, weight, value| sum + weight * value)
    }

    /// Every output in `f64`, and Σ|w| of its kernel and bias.
    pub(crate) fn exact(&self) -> Vec<(f64, f64)> {
        self.sums((0.0, 0.0), |(sum, norm): (f64, f64), weight, value| {
            let (weight, value) = (f64::from(weight), f64::from(value));
            (sum + weight * value, norm + weight.abs())
        })
    }

    /// Every output as a sum over bias and taps; the bias and values in the padding count as 1 and 0.
    fn sums<S: Copy>(&self, zero: S, add: impl Fn(S, f32, f32) -> S) -> Vec<S> {
        let ConvShape { input: [channels, height, width], output, window, .. } = self.shape;
        let layout = WeightLayout::new(&self.shape, 1);
        let Parameters { channels: bias, weights, .. } = self.parameters();
        let mut results = Vec::new();
        for at in 0..output[1] * output[2] * output[0] {
            let (y, x, o) =
                (at / output[0] / output[2], at / output[0] % output[2], at % output[0]);
            let first = o / self.shape.group_outputs() * layout.inputs;
            let mut sum = add(zero, bias[layout.channel(o)], 1.0);
            for tap in 0..window.taps() {
                let row = window.source(0, y, tap / window.kernel[1], height);
                let column = window.source(1, x, tap % window.kernel[1], width);
                for i in 0..layout.inputs {
                    let value = match (row, column) {
                        (Some(row), Some(column)) => {
                            self.input[(row * width + column) * channels + first + i]
                        }
                        _ => 0.0,
                    };
                    sum = add(sum, weights[layout.index(o, i, tap)], value);
                }
            }
            results.push(sum);
        }
        results
    }
}

/// The first output that is further from the definition than so many roundings of the kernel's
/// largest possible sum.
pub(crate) fn first_wrong(exact: &[(f64, f64)], output: &[f32], roundings: f64) -> Option<usize> {
    assert_eq!(exact.len(), output.len());
    exact.iter().zip(output).position(|(&(exact, norm), &output)| {
        let error = (f64::from(output) - exact).abs();
        error > roundings * UNIT * norm || error.is_nan()
    })
}

/// A layer of bytes with random levels and an image, and its results by the definition.
#[cfg(target_arch = "aarch64")]
pub(crate) struct Levels<P> {
    pub(crate) shape: ConvShape,
    pub(crate) input: Vec<u8>,
    packed: Vec<Block>,
    ends: Ends,
    results: Vec<u8>,
    precision: PhantomData<P>,
}

#[cfg(target_arch = "aarch64")]
impl<P: Integer + Precision<Element = u8, Ends = Ends>> Levels<P> {
    pub(crate) fn new(shape: ConvShape, numbers: &mut Numbers) -> Self {
        let max = i32::from(P::GRID.max());
        let mut level = || numbers.within(0, 2 * max as usize) as i32 - max;
        let layer = IntegerLayer {
            weights: (0..shape.weight_len()).map(|_| level() as i8).collect(),
            bias: (0..shape.output[0]).map(|_| 50 * level()).collect(),
            multipliers: vec![2.0 / (max as f32 * shape.kernel_len() as f32); shape.output[0]],
        };
        let edge = Edge { scale: 1.0, zero_point: 7 };
        let ends = Ends { input: edge, ..Ends::default() };
        let packed = pack::<P>(&shape, &layer, edge);
        let input: Vec<_> =
            (0..volume(shape.input)).map(|_| numbers.within(0, P::MAX.into()) as u8).collect();
        let mut results = vec![0; volume(shape.output)];
        let image = Image {
            parameters: P::parameters(&shape, &packed, ends),
            activation: Activation::Identity,
            pool: Pooling::None,
            input: &input,
            output: &mut results,
            scratch: &mut [],
        };
        Naive::run(Scalar, &shape, image);
        Self { shape, input, packed, ends, results, precision: PhantomData }
    }

    pub(crate) fn parameters(&self) -> Parameters<'_, P> {
        P::parameters(&self.shape, &self.packed, self.ends)
    }

    /// Compares a kernel's results with these, or with the largest of each 2×2 of them.
    pub(crate) fn check(&self, found: &[u8], pool: bool) {
        let [outputs, rows, columns] = self.shape.output;
        let factor = if pool { 2 } else { 1 };
        let (rows, width) = (rows / factor, columns / factor);
        assert_eq!(found.len(), rows * width * outputs);
        for (at, &found) in found.iter().enumerate() {
            let (o, x, y) = (at % outputs, at / outputs % width, at / outputs / width);
            let value = |dy, dx| {
                self.results[((factor * y + dy) * columns + factor * x + dx) * outputs + o]
            };
            let wanted = match pool {
                true => value(0, 0).max(value(0, 1)).max(value(1, 0)).max(value(1, 1)),
                false => value(0, 0),
            };
            let shape = &self.shape;
            assert_eq!(found, wanted, "{shape:?}, pool: {pool}, channel {o} at {y}, {x}");
        }
    }
}

#[test]
fn a_wrong_output_is_found() {
    let exact = [(1.0, 1.0), (2.0, 1.0)];
    assert_eq!(first_wrong(&exact, &[1.0, 2.0], 4.0), None);
    assert_eq!(first_wrong(&exact, &[1.0, 2.00001], 4.0), Some(1));
    assert_eq!(first_wrong(&exact, &[f32::NAN, 2.0], 4.0), Some(0));
}
