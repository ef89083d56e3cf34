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

/// One output channel's weights rounded: w = q · scale + e.
struct Rounded {
    levels: Vec<i8>,
    errors: Vec<f32>,
    /// H e, half of how the output's error changes with each e.
    slopes: Vec<f32>,
}

impl Rounded {
    /// The mean square of the change in the output, eᵀ H e.
    fn output_error(&self) -> f64 {
        let products = self.errors.iter().zip(&self.slopes).map(|(e, slope)| f64::from(e * slope));
        products.sum()
    }

    /// The scale at which these levels change the output least, wᵀ H q / qᵀ H q, if there is one above 0.
    ///
    /// `products` are H w, and H q follows from them.
    fn fitted_scale(&self, products: &[f32], scale: f32) -> Option<f32> {
        let (mut along, mut square) = (0.0, 0.0);
        let levels = self.levels.iter().zip(products).zip(&self.slopes);
        for ((&level, product), slope) in levels.filter(|((level, _), _)| **level != 0) {
            along += f32::from(level) * product;
            square += f32::from(level) * (product - slope) / scale;
        }
        let scale = along / square;
        (scale.is_normal() && scale > 0.0).then_some(scale)
    }
}

impl Compensation {
    /// Levels for one output channel's weights.
    pub fn round(&self, weights: &[f32], scale: f32, grid: Grid) -> Vec<i8> {
        self.rounded(weights, scale, grid).levels
    }

    /// Levels and a scale for one output channel's weights. The scale that serves given levels best is
    /// known in closed form, so rounding and fitting take turns while the error falls.
    pub fn fit(&self, weights: &[f32], scale: f32, floor: f32, grid: Grid) -> (f32, Vec<i8>) {
        let products = self.products(weights);
        let mut best = (scale.max(floor), f64::INFINITY, Vec::new());
        for start in FIRST_SCALES {
            let mut scale = scale * start;
            for _ in 0..FITS {
                scale = scale.max(floor);
                let tried = self.rounded(weights, scale, grid);
                let (error, fitted) = (tried.output_error(), tried.fitted_scale(&products, scale));
                // Errors that are not numbers leave the first levels.
                if error < best.1 || best.2.is_empty() {
                    best = (scale, error, tried.levels);
                }
                let Some(fitted) = fitted else { break };
                scale = fitted;
            }
        }
        (best.0, best.2)
    }

    fn rounded(&self, weights: &[f32], scale: f32, grid: Grid) -> Rounded {
        let mut levels = vec![0; self.len];
        let mut errors = vec![0.0; self.len];
        for k in 0..self.len {
            let wanted = weights[k] + dot(&self.factors[k * self.len..][..k], &errors);
            levels[k] = grid.nearest(wanted / scale);
            errors[k] = weights[k] - scale * f32::from(levels[k]);
        }
        let slopes = self.products(&errors);
        let mut rounded = Rounded { levels, errors, slopes };
        self.descend(weights, scale, grid, &mut rounded);
        rounded
    }

    /// H times a vector.
    fn products(&self, values: &[f32]) -> Vec<f32> {
        self.moments.chunks_exact(self.len).map(|row| dot(row, values)).collect()
    }

    /// Moves single weights while that lessens the error.
    fn descend(&self, weights: &[f32], scale: f32, grid: Grid, rounded: &mut Rounded) {
        let Rounded { levels, errors, slopes } = rounded;
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
}

/// The sum of products, in as many running sums as hide how long one addition takes.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const SUMS: usize = 16;
    let len = a.len().min(b.len());
    let (a_chunks, a_rest) = a[..len].as_chunks::<SUMS>();
    let (b_chunks, b_rest) = b[..len].as_chunks::<SUMS>();
    let mut sums = [0.0; SUMS];
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

    /// The mean square of the change in the output.
    fn output_error(inputs: &Compensation, weights: &[f32], scale: f32, levels: &[i8]) -> f64 {
        let error = |k: usize| f64::from(weights[k] - scale * f32::from(levels[k]));
        let moment = |i: usize, k: usize| f64::from(inputs.moments[i * inputs.len + k]);
        let row = |i| (0..inputs.len).map(move |k| error(i) * moment(i, k) * error(k)).sum::<f64>();
        (0..inputs.len).map(row).sum()
    }

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
                nearest += output_error(&compensation, &weights, scale, &levels);
                let levels = compensation.round(&weights, scale, grid);
                compensated += output_error(&compensation, &weights, scale, &levels);
            }
            assert!(compensated < 0.4 * nearest, "{grid:?}: {compensated} of {nearest}");
        }
    }

    /// What rounding remembers of a channel is what its definition says.
    #[test]
    fn error_and_scale_follow_from_the_slopes() {
        let mut state = 5;
        let len = 50;
        let mut moments = InputMoments::new(len);
        (0..200).for_each(|_| moments.add(&[(); 50].map(|()| uniform(&mut state) + 0.2)));
        let inputs = moments.prepare().unwrap();
        let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-3;
        for grid in [Grid::BITS_4, Grid::BITS_2].into_iter().cycle().take(20) {
            let weights: Vec<f32> = (0..len).map(|_| uniform(&mut state)).collect();
            // Some weights are too large for it.
            let scale = 0.35 / f32::from(grid.max());
            let rounded = inputs.rounded(&weights, scale, grid);
            let exact = output_error(&inputs, &weights, scale, &rounded.levels);
            assert!(near(rounded.output_error(), exact), "{exact}");
            let fitted = rounded.fitted_scale(&inputs.products(&weights), scale).unwrap();
            assert!((fitted / scale - 1.0).abs() > 1e-3, "nothing to fit");
            // The least value of a parabola, by three of its points.
            let [low, middle, high] = [0.9, 1.0, 1.1]
                .map(|factor| output_error(&inputs, &weights, factor * scale, &rounded.levels));
            let best = 1.0 + 0.05 * (low - high) / (low - 2.0 * middle + high);
            assert!(near(f64::from(fitted / scale), best), "{fitted}, not {best} × {scale}");
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
