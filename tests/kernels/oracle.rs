//! The definition in `f64`, and how far from it a sum in `f32` may lie.

use microcnn::layers::Activation;
use microcnn::shape::{ConvShape, PoolShape, volume};

/// A sum before its activation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    activation: Activation,
    sum: f64,
    /// Products in it.
    len: usize,
    /// What the magnitudes of its terms add up to.
    size: f64,
    /// What the magnitudes of a kernel's weights and its bias add up to.
    norm: f64,
}

impl Expected {
    /// Whether a result is near enough, of an algorithm whose sums have so many roundings of the largest
    /// input's magnitude, which is 1, times `norm`, or those of a plain sum.
    ///
    /// In any order and with or without fused operations, each partial sum of a plain sum is rounded at
    /// most twice, by half an ulp: the error is at most 2 · (len + 1) · 2⁻²⁴ · size.
    pub(crate) fn check(&self, found: f32, roundings: Option<f64>) -> Result<(), String> {
        let half_ulp = f64::from(f32::EPSILON) / 2.0;
        let error = match roundings {
            Some(roundings) => roundings * self.norm,
            None => 2.0 * (self.len + 1) as f64 * self.size,
        };
        let (value, bound) = activated(self.sum, error * half_ulp, self.activation);
        let distance = (f64::from(found) - value).abs();
        // Not `>`, which a NaN would pass.
        if distance <= bound {
            return Ok(());
        }
        Err(format!("{found:e} instead of {value:e}, off by {distance:e} of {bound:e}"))
    }
}

/// A layer's outputs, pixel by pixel, channels innermost.
pub(crate) fn convolve(
    shape: &ConvShape,
    weight: &[f32],
    bias: &[f32],
    input: &[f32],
    activation: Activation,
) -> Vec<Expected> {
    let ([channels, height, width], [outputs, rows, columns]) = (shape.input, shape.output);
    let (inputs, taps) = (shape.group_inputs(), shape.window.taps());
    let mut expected = Vec::new();
    for at in 0..rows * columns * outputs {
        let (o, x, y) = (at % outputs, at / outputs % columns, at / outputs / columns);
        let first = o / shape.group_outputs() * inputs;
        let mut sum = f64::from(bias[o]);
        let mut size = sum.abs();
        let kernel = &weight[o * inputs * taps..][..inputs * taps];
        let norm = size + kernel.iter().map(|&weight| f64::from(weight).abs()).sum::<f64>();
        for tap in 0..taps {
            let [ky, kx] = [tap / shape.window.kernel[1], tap % shape.window.kernel[1]];
            let row = shape.window.source(0, y, ky, height);
            let column = shape.window.source(1, x, kx, width);
            let Some((row, column)) = row.zip(column) else { continue };
            for i in 0..inputs {
                let x = f64::from(input[(row * width + column) * channels + first + i]);
                let product = x * f64::from(weight[(o * inputs + i) * taps + tap]);
                sum += product;
                size += product.abs();
            }
        }
        expected.push(Expected { activation, sum, len: shape.kernel_len(), size, norm });
    }
    expected
}

/// The largest value of each 2×2 window.
pub(crate) fn pool(shape: &PoolShape, map: &[f32]) -> Vec<f32> {
    let ([outputs, _, width], [.., columns]) = (shape.input, shape.output);
    let value = |at: usize| {
        let (o, x, y) = (at % outputs, at / outputs % columns, at / outputs / columns);
        let tap = |dy, dx| map[((2 * y + dy) * width + 2 * x + dx) * outputs + o];
        tap(0, 0).max(tap(0, 1)).max(tap(1, 0)).max(tap(1, 1))
    };
    (0..volume(shape.output)).map(value).collect()
}

/// The activation of a sum that may be wrong by `bound`, and by how much it may then be.
///
/// No activation but HardSwish and SiLU has a slope above 1, and these none above 1.5; computing it adds
/// some ulps of its result or of 1.
fn activated(sum: f64, bound: f64, activation: Activation) -> (f64, f64) {
    let half_ulp = f64::from(f32::EPSILON) / 2.0;
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    match activation {
        Activation::Identity => (sum, bound),
        Activation::ReLU => (sum.max(0.0), bound),
        Activation::ReLU6 => (sum.clamp(0.0, 6.0), bound),
        Activation::LeakyReLU(slope) => {
            (if sum > 0.0 { sum } else { sum * f64::from(slope) }, bound + half_ulp * sum.abs())
        }
        Activation::Sigmoid => (sigmoid(sum), bound + 16.0 * half_ulp),
        Activation::Tanh => (sum.tanh(), bound + 16.0 * half_ulp),
        Activation::HardSwish => {
            let value = sum * (sum + 3.0).clamp(0.0, 6.0) / 6.0;
            (value, 1.5 * bound + 8.0 * half_ulp * (sum.abs() + 3.0))
        }
        Activation::SiLU => (sum * sigmoid(sum), 1.5 * bound + 16.0 * half_ulp * sum.abs()),
    }
}

#[test]
fn the_comparison_fails_where_it_should() {
    let activation = Activation::Identity;
    let expected = Expected { activation, sum: 1.0, len: 1, size: 1.0, norm: 1.0 };
    assert!(expected.check(1.0, None).is_ok());
    assert!(expected.check(1.0 + 2.0 * f32::EPSILON, None).is_ok());
    assert!(expected.check(1.0 + 4.0 * f32::EPSILON, None).is_err());
    assert!(expected.check(1.0 + 4.0 * f32::EPSILON, Some(8.0)).is_ok());
    assert!(expected.check(1.0 + 5.0 * f32::EPSILON, Some(8.0)).is_err());
    assert!(expected.check(-1.0, None).is_err());
    assert!(expected.check(f32::NAN, None).is_err());
    assert!(expected.check(f32::INFINITY, Some(100.0)).is_err());
    // A result that should be exactly zero.
    let activation = Activation::ReLU;
    let zero = Expected { activation, sum: 0.0, len: 9, size: 0.0, norm: 0.0 };
    assert!(zero.check(0.0, None).is_ok());
    assert!(zero.check(f32::MIN_POSITIVE, None).is_err());
}
