//! The definition in `f64`, and how far from it a sum in `f32` may lie.

use microcnn::layers::Activation;
use microcnn::shape::{ConvShape, PoolShape, volume};

/// A value and the distance at which a result is wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    pub(crate) value: f64,
    pub(crate) bound: f64,
}

impl Expected {
    /// Whether a result is near enough.
    pub(crate) fn check(&self, found: f32) -> Result<(), String> {
        let distance = (f64::from(found) - self.value).abs();
        // Not `>`, which a NaN would pass.
        if distance <= self.bound {
            return Ok(());
        }
        Err(format!(
            "{found:e} instead of {:e}, off by {distance:e} of {:e}",
            self.value, self.bound
        ))
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
        expected.push(bounded(sum, size, shape.kernel_len(), activation));
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

/// The activation of a sum of `len` products and a bias whose magnitudes add up to `size`.
///
/// In any order and with or without fused operations, each partial sum is rounded at most twice, by
/// half an ulp: the error is at most 2 · (len + 1) · 2⁻²⁴ · size. No activation but HardSwish and SiLU
/// has a slope above 1, and these none above 1.5; computing it adds some ulps of its result or of 1.
fn bounded(sum: f64, size: f64, len: usize, activation: Activation) -> Expected {
    let half_ulp = f64::from(f32::EPSILON) / 2.0;
    let bound = 2.0 * (len + 1) as f64 * half_ulp * size;
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (value, bound) = match activation {
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
    };
    Expected { value, bound }
}

#[test]
fn the_comparison_fails_where_it_should() {
    let expected = bounded(1.0, 1.0, 1, Activation::Identity);
    assert!(expected.check(1.0).is_ok());
    assert!(expected.check(1.0 + 2.0 * f32::EPSILON).is_ok());
    assert!(expected.check(1.0 + 4.0 * f32::EPSILON).is_err());
    assert!(expected.check(-1.0).is_err());
    assert!(expected.check(f32::NAN).is_err());
    assert!(expected.check(f32::INFINITY).is_err());
    // A result that should be exactly zero.
    let zero = bounded(0.0, 0.0, 9, Activation::ReLU);
    assert!(zero.check(0.0).is_ok());
    assert!(zero.check(f32::MIN_POSITIVE).is_err());
}
