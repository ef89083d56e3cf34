//! Values seen one after the other, counted.

use alloc::{vec, vec::Vec};

/// How often values occurred: bins of equal width around 0, which double their width when a value
/// lies outside, so that nothing has to be known beforehand and nothing is stored.
#[derive(Clone, Debug)]
pub struct Histogram {
    bins: Vec<u64>,
    /// The width of a bin; 0 until a value other than 0 was seen.
    width: f64,
    low: f32,
    high: f32,
    count: u64,
}

/// Bins on each side of 0.
const SIDE: usize = 2048;

impl Default for Histogram {
    fn default() -> Self {
        Self { bins: vec![0; 2 * SIDE + 1], width: 0.0, low: 0.0, high: 0.0, count: 0 }
    }
}

impl Histogram {
    /// Counts values, and tells whether all were finite; the others are not counted.
    #[must_use]
    pub fn add(&mut self, values: &[f32]) -> bool {
        let (low, high) =
            values.iter().fold((self.low, self.high), |(low, high), &x| (low.min(x), high.max(x)));
        if !low.is_finite() || !high.is_finite() {
            return false;
        }
        (self.low, self.high) = (low, high);
        self.make_room(f64::from(high.max(-low)));
        let per_width = if self.width > 0.0 { 1.0 / self.width } else { 0.0 };
        let mut finite = true;
        for &x in values {
            // Bin `SIDE` is centred on 0, so that the many zeros of a ReLU are counted as zeros.
            let place = f64::from(x) * per_width + (SIDE as f64 + 0.5);
            self.bins[place as usize] += 1;
            finite &= !x.is_nan();
        }
        self.count += values.len() as u64;
        finite
    }

    /// Doubles the bins' width until a magnitude fits.
    fn make_room(&mut self, magnitude: f64) {
        if self.width == 0.0 {
            // What was counted so far was 0, which stays in the middle. A quarter of the room is left.
            self.width = magnitude * 1.25 / SIDE as f64;
            return;
        }
        while magnitude > self.width * (SIDE as f64 - 0.5) {
            let mut wider = vec![0; 2 * SIDE + 1];
            for (at, &count) in self.bins.iter().enumerate() {
                // The half-bins at the border go to the nearer centre, ties outwards.
                let offset = at as isize - SIDE as isize;
                let place = (offset + offset.signum()) / 2 + SIDE as isize;
                wider[place as usize] += count;
            }
            self.bins = wider;
            self.width *= 2.0;
        }
    }

    /// The smallest value, or 0 where all were larger.
    pub fn low(&self) -> f32 {
        self.low
    }

    /// The largest value, or 0 where all were smaller.
    pub fn high(&self) -> f32 {
        self.high
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The bins that hold something: the value in their middle, and how many are in it.
    pub fn bins(&self) -> impl DoubleEndedIterator<Item = (f64, u64)> + Clone {
        let width = self.width;
        self.bins
            .iter()
            .enumerate()
            .filter(|&(_, &count)| count > 0)
            .map(move |(at, &count)| ((at as f64 - SIDE as f64) * width, count))
    }

    /// The width of a bin.
    pub fn width(&self) -> f64 {
        self.width
    }

    /// The share of values below `low` or above `high`.
    pub fn outside(&self, low: f32, high: f32) -> f64 {
        let half = self.width / 2.0;
        let (low, high) = (f64::from(low) - half, f64::from(high) + half);
        let outside: u64 =
            self.bins().filter(|&(x, _)| x < low || x > high).map(|(_, count)| count).sum();
        outside as f64 / self.count.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_follow_the_values_whatever_their_order() {
        for values in [[0.0, 1e-3, 1.0, -500.0], [-500.0, 1.0, 1e-3, 0.0]] {
            let mut histogram = Histogram::default();
            assert!(values.iter().all(|&x| histogram.add(&[x])));
            assert_eq!((histogram.low(), histogram.high(), histogram.count()), (-500.0, 1.0, 4));
            assert_eq!(histogram.bins().map(|(_, count)| count).sum::<u64>(), 4);
            for (x, _) in histogram.bins() {
                assert!(values.iter().any(|&y| (x - f64::from(y)).abs() <= histogram.width()));
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_told() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(!Histogram::default().add(&[1.0, bad]));
        }
        assert!(Histogram::default().add(&[]));
        assert!(Histogram::default().add(&[f32::MAX, f32::MIN, 1e-45]));
    }

    #[test]
    fn outside_counts_what_a_range_leaves_out() {
        let mut histogram = Histogram::default();
        let values: Vec<f32> = (0..1000).map(|x| x as f32).collect();
        assert!(histogram.add(&values));
        assert!((histogram.outside(0.0, 899.5) - 0.1).abs() < 2e-3);
        assert_eq!(histogram.outside(0.0, 999.0), 0.0);
    }
}
