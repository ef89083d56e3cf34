//! What the integers between two layers mean, and how a finished sum becomes one of them.

/// What an activation between two layers means: `scale * (value - zero_point)`.
///
/// The zero point stands for exactly 0, so padding with it is padding with zeros.
///
/// ```
/// use microcnn::quant::Edge;
///
/// let edge = Edge::of_range(-1.0, 3.0, 255);
/// assert_eq!(edge.zero_point, 64);
/// assert_eq!(edge.to_f32(64), 0.0);
/// assert_eq!(edge.from_f32(100.0, 255), 255);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// The distance between neighbouring values; finite and above 0.
    pub scale: f32,
    /// The value that stands for 0.
    pub zero_point: u8,
}

impl Default for Edge {
    fn default() -> Self {
        Self { scale: 1.0, zero_point: 0 }
    }
}

impl Edge {
    /// Spreads the values 0 to `max` over a range, which is widened to hold 0.
    ///
    /// A range of nothing but 0 (a dead ReLU) gets the scale 1: every scale represents it.
    pub fn of_range(low: f32, high: f32, max: u8) -> Self {
        let (low, high) = (f64::from(low).min(0.0), f64::from(high).max(0.0));
        let steps = f64::from(max);
        let step = (high - low) / steps;
        if step == 0.0 {
            return Self::default();
        }
        // Room on both sides, so that products of scales stay normal and finite.
        let scale = (step as f32).clamp(1e-18, 1e18);
        let zero_point = (-low / f64::from(scale) + 0.5).min(steps) as u8;
        Self { scale, zero_point }
    }

    /// The real value.
    #[inline(always)]
    pub fn to_f32(self, value: u8) -> f32 {
        self.scale * (i32::from(value) - i32::from(self.zero_point)) as f32
    }

    /// The nearest of the values 0 to `max`; NaN becomes the zero point.
    #[inline(always)]
    pub fn from_f32(self, value: f32, max: u8) -> u8 {
        to_steps(value / self.scale, self.zero_point, 0, max)
    }

    /// The lowest and the highest real value among 0 to `max`.
    pub fn range(self, max: u8) -> (f32, f32) {
        (self.to_f32(0), self.to_f32(max))
    }
}

/// The activation for a finished sum: one multiplication, rounded half to even, shifted by the zero
/// point, and kept within `low..=high`, bounds that also hold a ReLU.
///
/// Every instruction set does the same steps in `f32`: convert, multiply, round (the multiplication
/// rounds by itself, it is not fused), so that all give the same bits.
#[inline(always)]
pub fn requantize(sum: i32, multiplier: f32, zero_point: u8, low: u8, high: u8) -> u8 {
    to_steps(sum as f32 * multiplier, zero_point, low, high)
}

/// Rounds a number of steps from the zero point. The bounds are whole numbers, so it makes no
/// difference that they are applied before the rounding, and rounding needs no large numbers.
#[inline(always)]
pub fn to_steps(steps: f32, zero_point: u8, low: u8, high: u8) -> u8 {
    let zero_point = i32::from(zero_point);
    let (low, high) = ((i32::from(low) - zero_point) as f32, (i32::from(high) - zero_point) as f32);
    let steps = if steps.is_nan() { 0.0 } else { steps };
    let bounded = if steps < low {
        low
    } else if steps > high {
        high
    } else {
        steps
    };
    (round_half_even(bounded) as i32 + zero_point) as u8
}

/// The nearest whole number, of two equally near the even one, for magnitudes below 2²².
///
/// Numbers from 2²³ to 2²⁴ have no fraction, so adding 1.5 · 2²³ rounds as wanted.
#[inline(always)]
pub fn round_half_even(x: f32) -> f32 {
    const SHIFT: f32 = 12_582_912.0;
    (x + SHIFT) - SHIFT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_as_the_standard_library_does() {
        for at in -70_000..70_000 {
            let x = at as f32 / 256.0;
            assert_eq!(round_half_even(x), x.round_ties_even(), "{x}");
        }
        assert_eq!([0.5, 1.5, 2.5, -0.5, -1.5].map(round_half_even), [0.0, 2.0, 2.0, 0.0, -2.0]);
    }

    #[test]
    fn zero_is_exact_and_relu_ranges_use_every_value() {
        for (low, high) in [(0.0, 5.0), (-3.0, 0.0), (-1e-3, 7.0), (-5.0, 1e-9), (2.0, 3.0)] {
            let edge = Edge::of_range(low, high, 255);
            assert_eq!(edge.to_f32(edge.zero_point), 0.0);
            assert_eq!(edge.from_f32(0.0, 255), edge.zero_point);
            assert_eq!(edge.from_f32(f32::NAN, 255), edge.zero_point);
            assert_eq!(edge.from_f32(f32::INFINITY, 255), 255);
            assert_eq!(edge.from_f32(f32::NEG_INFINITY, 255), 0);
            let [nearest_low, nearest_high] =
                [low, high].map(|x| edge.to_f32(edge.from_f32(x, 255)));
            assert!((nearest_low - low).abs() <= edge.scale * 0.51, "{low}: {nearest_low}");
            assert!((nearest_high - high).abs() <= edge.scale * 0.51, "{high}: {nearest_high}");
        }
        assert_eq!(Edge::of_range(0.0, 5.0, 255).zero_point, 0);
        assert_eq!(Edge::of_range(0.0, 1.0, 255).scale, 1.0 / 255.0);
    }

    #[test]
    fn degenerate_ranges_have_a_sane_scale() {
        assert_eq!(Edge::of_range(0.0, 0.0, 255), Edge { scale: 1.0, zero_point: 0 });
        for (low, high) in [(0.0, f32::MIN_POSITIVE / 4.0), (f32::MIN, f32::MAX), (-1e-45, 0.0)] {
            let edge = Edge::of_range(low, high, 15);
            assert!(
                edge.scale.is_normal() && edge.scale > 0.0 && edge.zero_point <= 15,
                "{edge:?}"
            );
        }
    }

    #[test]
    fn requantize_saturates_at_its_bounds() {
        assert_eq!(requantize(i32::MAX, 1e9, 3, 0, 255), 255);
        assert_eq!(requantize(i32::MIN, 1e9, 3, 0, 255), 0);
        assert_eq!(requantize(-100, 0.1, 128, 128, 255), 128);
        assert_eq!(requantize(25, 0.1, 1, 0, 15), 3);
        assert_eq!(requantize(35, 0.1, 1, 0, 15), 5);
    }
}
