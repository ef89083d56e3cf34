//! Scales of weights.

use super::Grid;
use super::range::fractions;
use alloc::vec::Vec;

/// The scale for weights that share one: their largest magnitude is the grid's largest level, or a
/// fraction of it is if `clip` finds one with less squared error.
///
/// Weights that are all 0 get the scale 1: every scale represents them.
pub fn weight_scale(weights: &[f32], grid: Grid, clip: bool) -> f32 {
    let largest = weights.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    // Room on both sides, so that products of scales stay normal and finite.
    let full = f64::from(largest) / f64::from(grid.max());
    let scale = |fraction: f64| ((full * fraction) as f32).clamp(1e-18, 1e18);
    if largest == 0.0 {
        return 1.0;
    }
    if !clip {
        return scale(1.0);
    }
    let (mut best, mut least) = (scale(1.0), f64::INFINITY);
    for fraction in fractions() {
        let error = rounding_error(weights, scale(fraction), grid);
        if error < least {
            (best, least) = (scale(fraction), error);
        }
    }
    best
}

/// The squared error of rounding weights to the nearest level.
pub fn rounding_error(weights: &[f32], scale: f32, grid: Grid) -> f64 {
    weights
        .iter()
        .map(|&x| {
            let error = f64::from(x - scale * f32::from(grid.nearest(x / scale)));
            error * error
        })
        .sum()
}

/// Each weight's nearest level.
pub(super) fn round_to_nearest(weights: &[f32], scale: f32, grid: Grid) -> Vec<i8> {
    weights.iter().map(|&x| grid.nearest(x / scale)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_weight_is_the_largest_level() {
        let weights = [0.1, -0.5, 0.25];
        let scale = weight_scale(&weights, Grid::BITS_8, false);
        assert_eq!(round_to_nearest(&weights, scale, Grid::BITS_8), [25, -127, 64]);
    }

    #[test]
    fn clipping_lessens_the_error() {
        let mut weights: Vec<f32> = (-50..=50).map(|x| x as f32 / 50.0).collect();
        weights.push(4.0);
        for grid in [Grid::BITS_4, Grid::BITS_2] {
            let [full, clipped] = [false, true].map(|clip| weight_scale(&weights, grid, clip));
            assert!(clipped < full);
            let error = |scale| rounding_error(&weights, scale, grid);
            assert!(error(clipped) < 0.8 * error(full), "{} {}", error(clipped), error(full));
        }
    }

    #[test]
    fn no_weights_no_surprise() {
        for weights in [&[][..], &[0.0, 0.0], &[1e-45], &[f32::MAX]] {
            for clip in [false, true] {
                let scale = weight_scale(weights, Grid::BITS_4, clip);
                assert!(scale.is_normal() && scale > 0.0, "{weights:?}: {scale}");
            }
        }
    }
}
