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
    /// Leibler's measure. Often recommended, and here for comparison: the other methods lose less.
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
            Self::Divergence => {
                let places = places(values);
                search(values, max, 1, |edge| divergence(&places, edge, max))
            }
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

/// A bin that holds something.
struct Place {
    x: f64,
    count: f64,
    /// Whether it holds one frequent value, as the blank background of a picture leaves behind each
    /// convolution, and not a part of a distribution.
    alone: bool,
}

/// Bins to each side that a frequent value is compared with.
const NEIGHBOURS: f64 = 4.0;
/// The least share of all values that is frequent.
const FREQUENT: f64 = 1.0 / 256.0;

/// The bins that hold something other than 0. Zeros are exact in any range; a ReLU's many would hide
/// everything else.
fn places(values: &Histogram) -> Vec<Place> {
    let bins: Vec<(f64, u64)> = values.bins().filter(|&(x, _)| x != 0.0).collect();
    let all: u64 = bins.iter().map(|(_, count)| count).sum();
    let reach = (NEIGHBOURS + 0.5) * values.width();
    let place = |(at, &(x, count)): (usize, &(f64, u64))| {
        let near = |(y, _): &&(f64, u64)| (x - y).abs() < reach;
        let before = bins[..at].iter().rev().take_while(near);
        let after = bins[at + 1..].iter().take_while(near);
        let others: u64 = before.chain(after).map(|(_, count)| count).sum();
        let alone = count > others && count as f64 > FREQUENT * all as f64;
        Place { x, count: count as f64, alone }
    };
    bins.iter().enumerate().map(place).collect()
}

/// Kullback and Leibler's divergence of the quantized distribution from the observed one.
///
/// A level's share is spread over the bins that it stands for. One frequent value among them would
/// seem all but lost in a wide range, and no clipping too much that makes it stand out; yet a level stands
/// for it as well as for any other value. So it counts as a level of its own.
fn divergence(places: &[Place], edge: Edge, max: u8) -> f64 {
    let level = |x: f64| usize::from(edge.from_f32(x as f32, max));
    let (mut mass, mut bins) = (vec![0.0; usize::from(max) + 1], vec![0.0; usize::from(max) + 1]);
    let (low, high) = edge.range(max);
    // What is clipped piles up in the last bin inside, in the observed distribution only.
    let (mut below, mut above, mut total) = (0.0, 0.0, 0.0);
    let mut observed: Vec<&Place> = Vec::new();
    for place in places {
        if place.x < f64::from(low) {
            below += place.count;
        } else if place.x > f64::from(high) {
            above += place.count;
        } else {
            observed.push(place);
            total += place.count;
            if !place.alone {
                mass[level(place.x)] += place.count;
                bins[level(place.x)] += 1.0;
            }
        }
    }
    let all = total + below + above;
    if total == 0.0 {
        // Nothing is left to compare: all is lost, if there was anything.
        return if all > 0.0 { f64::INFINITY } else { 0.0 };
    }
    let last = observed.len() - 1;
    let share = |(at, place): (usize, &&Place)| {
        let clipped = if at == 0 { below } else { 0.0 } + if at == last { above } else { 0.0 };
        let p = (place.count + clipped) / all;
        let q = match place.alone {
            true => place.count / total,
            false => mass[level(place.x)] / bins[level(place.x)] / total,
        };
        p * Float::ln(p / q)
    };
    observed.iter().enumerate().map(share).sum()
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
    fn a_frequent_value_is_no_reason_to_clip() {
        let bell = heavy_tailed();
        let spread = bell.bins().filter(|(x, _)| x.abs() < 10.0);
        let spread: Vec<f32> =
            spread.flat_map(|(x, count)| vec![x.abs() as f32; count as usize]).collect();
        let edge = |background: &[f32]| {
            let values = histogram(spread.iter().chain(background).copied());
            let edge = RangeMethod::Divergence.edge(&values, 255);
            (values.outside(0.0, edge.range(255).1), values)
        };
        let (without, _) = edge(&[]);
        assert!(without < 0.01, "{without}");
        // Two values of most pixels, and one beyond all others.
        let background = [vec![0.2; 40_000], vec![0.35; 30_000], vec![5.0; 10_000]].concat();
        let (with, values) = edge(&background);
        assert!(with < 0.01, "{with} of {}", values.count());
    }

    #[test]
    fn values_far_from_zero_are_not_all_clipped() {
        let values = histogram((0..1_000).map(|at| 4.0 + at as f32 / 1_000.0));
        let edge = RangeMethod::Divergence.edge(&values, 255);
        assert!(edge.range(255).1 > 4.8, "{edge:?}");
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
