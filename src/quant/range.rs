//! From observed values to the range that integers are spread over.

use super::{Edge, Histogram};
use alloc::{vec, vec::Vec};
use num_traits::Float;

/// How the range of an edge follows from the values seen on it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum RangeMethod {
    /// From the smallest to the largest value: nothing is clipped.
    MinMax,
    /// This share of the values at each end is clipped: `Percentile(0.999)` clips one in a thousand.
    Percentile(f32),
    /// The range with the least squared error, clipping included.
    SquaredError,
    /// The range whose quantized distribution is nearest to the observed one by Kullback and
    /// Leibler's measure. Often recommended, and here for comparison: where one value is very frequent
    /// (a blank background after a convolution) it clips far too much.
    Divergence,
}

/// Fractions of the observed range that are tried: 0.2 to 1.0.
const CANDIDATES: usize = 81;

/// The candidate fractions, the largest first.
pub(super) fn fractions() -> impl Iterator<Item = f64> {
    (0..CANDIDATES).rev().map(|at| 0.2 + 0.8 * at as f64 / (CANDIDATES - 1) as f64)
}

impl RangeMethod {
    /// The edge for observed values, on which integers go from 0 to `max`.
    pub fn edge(self, values: &Histogram, max: u8) -> Edge {
        let (low, high) = (values.low(), values.high());
        match self {
            Self::MinMax => Edge::of_range(low, high, max),
            Self::Percentile(share) => {
                let (low, high) = percentile(values, f64::from(share.clamp(0.5, 1.0)));
                Edge::of_range(low, high, max)
            }
            Self::SquaredError => search(values, max, 16, |edge| squared_error(values, edge, max)),
            // One round: a range of hardly anything is all too like what is left inside it.
            Self::Divergence => search(values, max, 1, |edge| divergence(values, edge, max)),
        }
    }
}

/// The range that leaves `1 - share` of the values out at each end.
fn percentile(values: &Histogram, share: f64) -> (f32, f32) {
    let allowed = (1.0 - share) * values.count() as f64;
    let end = |bins: &mut dyn Iterator<Item = (f64, u64)>| {
        let mut left_out = 0;
        for (x, count) in bins {
            left_out += count;
            if left_out as f64 > allowed {
                return x as f32;
            }
        }
        0.0
    };
    let low = end(&mut values.bins()).max(values.low());
    let high = end(&mut values.bins().rev()).min(values.high());
    (low, high)
}

/// The edge of least cost. One end after the other is tried at fractions of a little more than where it
/// is, until neither moves or the rounds are over: outliers may be many times the range that serves the other values best.
fn search(values: &Histogram, max: u8, rounds: usize, cost: impl Fn(Edge) -> f64) -> Edge {
    let (low, high) = (f64::from(values.low()), f64::from(values.high()));
    let edge = |[a, b]: [f64; 2]| Edge::of_range((low * a) as f32, (high * b) as f32, max);
    let mut best = ([1.0, 1.0], cost(edge([1.0, 1.0])));
    for _ in 0..rounds {
        let before = best.0;
        for end in 0..2 {
            let most = (1.25 * best.0[end]).min(1.0);
            for fraction in fractions() {
                let mut ends = best.0;
                ends[end] = most * fraction;
                let cost = cost(edge(ends));
                if cost < best.1 {
                    best = (ends, cost);
                }
            }
        }
        if best.0 == before {
            break;
        }
    }
    edge(best.0)
}

/// The sum of squared differences between the values and what they become.
pub fn squared_error(values: &Histogram, edge: Edge, max: u8) -> f64 {
    let scale = f64::from(edge.scale);
    let (low, high) = (-f64::from(edge.zero_point), f64::from(max) - f64::from(edge.zero_point));
    // Rounding within a bin that is wider than a step can't be seen: its error is that of any value.
    let unseen = if values.width() > scale { scale * scale / 12.0 } else { 0.0 };
    values
        .bins()
        .map(|(x, count)| {
            let steps = (x / scale).clamp(low, high);
            let error = x - Float::round(steps) * scale;
            (error * error).max(unseen) * count as f64
        })
        .sum()
}

/// Kullback and Leibler's divergence of the quantized distribution from the observed one.
fn divergence(values: &Histogram, edge: Edge, max: u8) -> f64 {
    let level = |x: f64| usize::from(edge.from_f32(x as f32, max));
    let (mut mass, mut bins) = (vec![0.0; usize::from(max) + 1], vec![0.0; usize::from(max) + 1]);
    let (low, high) = edge.range(max);
    let inside = |x: f64| x >= f64::from(low) && x <= f64::from(high);
    // What is clipped piles up in the last bin inside, in the observed distribution only.
    let mut observed: Vec<(usize, f64)> = Vec::new();
    let (mut below, mut above) = (0.0, 0.0);
    // Zeros are exact in any range; a ReLU's many would hide everything else.
    for (x, count) in values.bins().filter(|&(x, _)| x != 0.0) {
        if inside(x) {
            observed.push((level(x), count as f64));
            mass[level(x)] += count as f64;
            bins[level(x)] += 1.0;
        } else if x < 0.0 {
            below += count as f64;
        } else {
            above += count as f64;
        }
    }
    let total: f64 = mass.iter().sum();
    let all = total + below + above;
    let last = observed.len().saturating_sub(1);
    observed
        .iter()
        .enumerate()
        .map(|(at, &(level, count))| {
            let clipped = if at == 0 { below } else { 0.0 } + if at == last { above } else { 0.0 };
            let p = (count + clipped) / all;
            let q = mass[level] / bins[level] / total;
            p * Float::ln(p / q)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(values: impl IntoIterator<Item = f32>) -> Histogram {
        let mut histogram = Histogram::default();
        assert!(histogram.add(&values.into_iter().collect::<Vec<_>>()));
        histogram
    }

    /// Bell-shaped values from a sum of uniform ones, and a few far outliers.
    fn heavy_tailed() -> Histogram {
        let mut state = 1_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        let bell: Vec<f32> = (0..20_000).map(|_| (0..12).map(|_| uniform()).sum()).collect();
        histogram(bell.into_iter().chain([40.0, -30.0]))
    }

    const METHODS: [RangeMethod; 4] = [
        RangeMethod::MinMax,
        RangeMethod::Percentile(0.999),
        RangeMethod::SquaredError,
        RangeMethod::Divergence,
    ];

    #[test]
    fn min_max_keeps_everything() {
        let edge = RangeMethod::MinMax.edge(&heavy_tailed(), 255);
        let (low, high) = edge.range(255);
        assert!((low + 30.0).abs() < edge.scale && (high - 40.0).abs() < edge.scale);
    }

    #[test]
    fn the_others_clip_outliers() {
        let values = heavy_tailed();
        for method in &METHODS[1..] {
            let (low, high) = method.edge(&values, 15).range(15);
            assert!(low > -15.0 && high < 15.0, "{method:?}: {low} to {high}");
        }
    }

    #[test]
    fn squared_error_has_the_least() {
        let values = heavy_tailed();
        for max in [15, 255] {
            let error =
                |method: RangeMethod| squared_error(&values, method.edge(&values, max), max);
            for method in METHODS {
                assert!(error(RangeMethod::SquaredError) <= error(method), "{method:?}, {max}");
            }
        }
    }

    #[test]
    fn percentile_leaves_out_its_share() {
        let values = histogram((0..=10_000).map(|x| x as f32));
        let (low, high) = RangeMethod::Percentile(0.99).edge(&values, 255).range(255);
        assert!(low == 0.0 && (high - 9_900.0).abs() < 15.0, "{low} to {high}");
    }

    #[test]
    fn degenerate_values_have_a_sane_edge() {
        for values in [vec![], vec![0.0; 9], vec![5.0; 9], vec![-2.0], vec![1e-42, 3e38]] {
            let values = histogram(values);
            for method in METHODS {
                for max in [15, 255] {
                    let edge = method.edge(&values, max);
                    assert!(edge.scale.is_normal() && edge.scale > 0.0, "{method:?}: {edge:?}");
                    assert_eq!(edge.to_f32(edge.zero_point), 0.0);
                }
            }
        }
    }
}
