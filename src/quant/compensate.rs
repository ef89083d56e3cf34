//! Error-compensated rounding: weights are rounded one after the other, and each takes over the
//! errors that the ones before it made on the layer's outputs.
//!
//! With the inputs x seen in calibration, rounding a channel's weights w to q changes its outputs by
//! Σ (w − q) · x, whose mean square is (w − q)ᵀ H (w − q) with H the mean of x xᵀ. Factored as
//! H = U D Uᵀ with ones on U's diagonal and zeros below, this is a sum of squares
//!
//! ```text
//! Σ_k D_k · (e_k + Σ_{i<k} U_ik e_i)²        e = w − q
//! ```
//!
//! in which weight k can cancel what the weights before it left, up to its own rounding (GPTQ,
//! Frantar et al. 2022; in this form Chee et al. 2023). Coordinate descent then moves single weights
//! as long as that lessens the whole sum.

use super::Grid;
use alloc::{vec, vec::Vec};

/// The mean of x xᵀ over inputs x of a layer.
#[derive(Clone, Debug)]
pub struct InputMoments {
    len: usize,
    /// Row by row, up to the diagonal.
    sums: Vec<f32>,
    count: usize,
}

/// Rounds of coordinate descent at most; few change anything after the fourth.
const ROUNDS: usize = 12;
/// Turns of rounding and fitting a scale.
const FITS: usize = 4;
/// Where fitting a scale starts, in terms of the scale that fits the weights by themselves.
const FIRST_SCALES: [f32; 3] = [1.0, 0.8, 0.65];

impl InputMoments {
    /// Of inputs of this length.
    pub fn new(len: usize) -> Self {
        Self { len, sums: vec![0.0; len * (len + 1) / 2], count: 0 }
    }

    /// Takes one input into account.
    pub fn add(&mut self, input: &[f32]) {
        let mut rest = &mut self.sums[..];
        for (i, &x) in input.iter().enumerate() {
            let (row, below) = rest.split_at_mut(i + 1);
            if x != 0.0 {
                row.iter_mut().zip(input).for_each(|(sum, y)| *sum += x * y);
            }
            rest = below;
        }
        self.count += 1;
    }

    /// What rounding needs to know, or `None` if all inputs were 0 or too large to be squared.
    pub fn prepare(&self) -> Option<Compensation> {
        let len = self.len;
        let mut moments = vec![0.0; len * len];
        let mut at = 0;
        for i in 0..len {
            for j in 0..=i {
                let value = self.sums[at] / self.count.max(1) as f32;
                (moments[i * len + j], moments[j * len + i]) = (value, value);
                at += 1;
            }
        }
        let mean = (0..len).map(|i| moments[i * len + i]).sum::<f32>() / len.max(1) as f32;
        if !(mean.is_normal() && mean > 0.0) {
            return None;
        }
        // Inputs that were rarely seen keep their weights near the original.
        (0..len).for_each(|i| moments[i * len + i] += 0.01 * mean);
        Some(Compensation { len, factors: factor(&moments, len), moments })
    }
}

/// The factors U, row k of which holds U_ik for i < k.
fn factor(moments: &[f32], len: usize) -> Vec<f32> {
    let mut rows: Vec<f64> = moments.iter().map(|&x| f64::from(x)).collect();
    for k in (0..len).rev() {
        let (above, row) = rows[..(k + 1) * len].split_at_mut(k * len);
        let pivot = row[k];
        let column = &mut row[..k];
        column.iter_mut().for_each(|x| *x /= pivot);
        for i in 0..k {
            let by = column[i] * pivot;
            above[i * len..=i * len + i].iter_mut().zip(&*column).for_each(|(x, u)| *x -= by * u);
        }
    }
    rows.into_iter().map(|x| x as f32).collect()
}

/// What error-compensated rounding knows of a layer's inputs.
#[derive(Clone, Debug)]
pub struct Compensation {
    len: usize,
    moments: Vec<f32>,
    factors: Vec<f32>,
}

impl Compensation {
    /// Levels for one output channel's weights.
    pub fn round(&self, weights: &[f32], scale: f32, grid: Grid) -> Vec<i8> {
        let mut levels = vec![0; self.len];
        let mut errors = vec![0.0; self.len];
        for k in 0..self.len {
            let wanted = weights[k] + dot(&self.factors[k * self.len..][..k], &errors);
            levels[k] = grid.nearest(wanted / scale);
            errors[k] = weights[k] - scale * f32::from(levels[k]);
        }
        self.descend(weights, scale, grid, &mut levels, &mut errors);
        levels
    }

    /// Levels and a scale for one output channel's weights. The scale that serves given levels best is
    /// known in closed form, so rounding and fitting take turns while the error falls.
    pub fn fit(&self, weights: &[f32], scale: f32, floor: f32, grid: Grid) -> (f32, Vec<i8>) {
        let mut levels = self.round(weights, scale, grid);
        let mut best = (scale, self.output_error(weights, scale, &levels));
        for start in FIRST_SCALES {
            let mut scale = scale * start;
            for _ in 0..FITS {
                scale = scale.max(floor);
                let tried = self.round(weights, scale, grid);
                let error = self.output_error(weights, scale, &tried);
                if error < best.1 {
                    best = (scale, error);
                    levels.copy_from_slice(&tried);
                }
                let Some(fitted) = self.fitted_scale(weights, &tried) else { break };
                scale = fitted;
            }
        }
        (best.0, levels)
    }

    /// The scale at which levels change the output least, if there is one above 0.
    fn fitted_scale(&self, weights: &[f32], levels: &[i8]) -> Option<f32> {
        let levels: Vec<f32> = levels.iter().copied().map(f32::from).collect();
        let rows = self.moments.chunks_exact(self.len);
        let (mut along, mut square) = (0.0, 0.0);
        for (row, &level) in rows.zip(&levels).filter(|(_, level)| **level != 0.0) {
            along += level * dot(row, weights);
            square += level * dot(row, &levels);
        }
        let scale = along / square;
        (scale.is_normal() && scale > 0.0).then_some(scale)
    }

    /// Moves single weights while that lessens the error.
    fn descend(
        &self,
        weights: &[f32],
        scale: f32,
        grid: Grid,
        levels: &mut [i8],
        errors: &mut [f32],
    ) {
        let rows = self.moments.chunks_exact(self.len);
        let mut slopes: Vec<f32> = rows.map(|row| dot(row, errors)).collect();
        for _ in 0..ROUNDS {
            let mut moved = false;
            for k in 0..self.len {
                let row = &self.moments[k * self.len..][..self.len];
                let best = errors[k] - slopes[k] / row[k];
                let level = grid.nearest((weights[k] - best) / scale);
                if level != levels[k] {
                    let error = weights[k] - scale * f32::from(level);
                    let change = error - errors[k];
                    slopes.iter_mut().zip(row).for_each(|(slope, x)| *slope += change * x);
                    (levels[k], errors[k], moved) = (level, error, true);
                }
            }
            if !moved {
                break;
            }
        }
    }

    /// The mean square of the change in the output.
    pub fn output_error(&self, weights: &[f32], scale: f32, levels: &[i8]) -> f64 {
        let errors: Vec<f32> = weights
            .iter()
            .zip(levels)
            .map(|(weight, &level)| weight - scale * f32::from(level))
            .collect();
        let rows = self.moments.chunks_exact(self.len);
        rows.zip(&errors).map(|(row, error)| f64::from(dot(row, &errors) * error)).sum()
    }
}

/// The sum of products, in eight running sums so that it takes vectors.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let len = a.len().min(b.len());
    let (a, b) = (&a[..len], &b[..len]);
    let (a_chunks, a_rest) = a.as_chunks::<8>();
    let (b_chunks, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::super::weights::{round_to_nearest, weight_scale};
    use super::*;

    fn uniform(state: &mut u64) -> f32 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (*state >> 40) as f32 / (1 << 24) as f32 - 0.5
    }

    #[test]
    fn outputs_change_less_than_by_rounding_to_nearest() {
        let mut state = 7;
        let len = 40;
        let mut moments = InputMoments::new(len);
        for _ in 0..200 {
            // Neighbours resemble each other, as in images.
            let mut x = 0.0;
            let input: Vec<f32> = (0..len)
                .map(|_| {
                    x = 0.8 * x + uniform(&mut state);
                    x.max(0.0)
                })
                .collect();
            moments.add(&input);
        }
        let compensation = moments.prepare().unwrap();
        for grid in [Grid::BITS_4, Grid::BITS_2] {
            let (mut nearest, mut compensated) = (0.0, 0.0);
            for _ in 0..20 {
                let weights: Vec<f32> = (0..len).map(|_| uniform(&mut state)).collect();
                let scale = weight_scale(&weights, grid, true);
                let levels = round_to_nearest(&weights, scale, grid);
                nearest += compensation.output_error(&weights, scale, &levels);
                let levels = compensation.round(&weights, scale, grid);
                compensated += compensation.output_error(&weights, scale, &levels);
            }
            assert!(compensated < 0.4 * nearest, "{grid:?}: {compensated} of {nearest}");
        }
    }

    #[test]
    fn factors_multiply_to_the_moments() {
        let mut state = 3;
        let len = 9;
        let mut moments = InputMoments::new(len);
        (0..30).for_each(|_| moments.add(&[(); 9].map(|()| uniform(&mut state))));
        let Compensation { moments, factors, .. } = moments.prepare().unwrap();
        let mut rest = moments.clone();
        for k in (0..len).rev() {
            let pivot = rest[k * len + k];
            assert!(pivot > 0.0);
            let u = |i: usize| if i == k { 1.0 } else { factors[k * len + i] };
            for i in 0..=k {
                for j in 0..=k {
                    rest[i * len + j] -= u(i) * pivot * u(j);
                }
            }
        }
        assert!(rest.iter().all(|x| x.abs() < 1e-6), "{rest:?}");
    }

    #[test]
    fn inputs_that_say_nothing() {
        assert!(InputMoments::new(3).prepare().is_none());
        let mut moments = InputMoments::new(3);
        moments.add(&[0.0; 3]);
        assert!(moments.prepare().is_none());
        moments.add(&[f32::MAX; 3]);
        assert!(moments.prepare().is_none());
        let mut one = InputMoments::new(3);
        one.add(&[1.0, 0.0, 2.0]);
        let levels = one.prepare().unwrap().round(&[0.5, -0.25, 0.1], 0.1, Grid::BITS_4);
        assert!(levels[1] == -2 || levels[1] == -3, "{levels:?}");
    }
}
