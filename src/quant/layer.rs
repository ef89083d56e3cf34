//! One layer's parameters as whole numbers.

use super::weights::{round_to_nearest, weight_scale};
use super::{Compensation, Edge, Grid, QuantizeError, Scales, WeightOptions};
use alloc::{vec, vec::Vec};
use num_traits::Float;

/// A convolution's or linear layer's parameters in whole numbers.
///
/// With inputs q that mean `input.scale * (q - input.zero_point)`, output channel o is
///
/// ```text
/// sum        = bias[o] + Σ weights[o, k] * (q[k] - input.zero_point)          exact, in i32
/// activation = round_half_even(sum as f32 * multipliers[o]) + output.zero_point   saturated
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct IntegerLayer {
    /// In the order of PyTorch's tensor.
    pub weights: Vec<i8>,
    /// In units of the products.
    pub bias: Vec<i32>,
    /// Steps of the output per unit of the sum; where the output is in floats, its value per unit.
    pub multipliers: Vec<f32>,
}

/// A layer's parameters in floats, and what they become whole numbers for.
#[derive(Clone, Copy, Debug)]
pub struct FloatLayer<'a> {
    /// The full name.
    pub name: &'static str,
    /// In the order of PyTorch's tensor.
    pub weights: &'a [f32],
    /// One per output channel.
    pub bias: &'a [f32],
    /// What the inputs mean.
    pub input: Edge,
    /// The largest input.
    pub input_max: u8,
    /// What the outputs mean; `None` for an output in floats.
    pub output: Option<Edge>,
}

impl FloatLayer<'_> {
    /// The squared error of a quantized layer's weights.
    pub fn squared_error(&self, layer: &IntegerLayer) -> f64 {
        let per_output = self.weights.len() / self.bias.len();
        let unit = f64::from(self.input.scale);
        let output = self.output.map_or(1.0, |edge| f64::from(edge.scale));
        let scale = |at: usize| f64::from(layer.multipliers[at / per_output]) * output / unit;
        let pairs = self.weights.iter().zip(&layer.weights).enumerate();
        pairs
            .map(|(at, (&weight, &level))| {
                let error = f64::from(weight) - f64::from(level) * scale(at);
                error * error
            })
            .sum()
    }
}

/// A bias in units of the products is at most this, so that products have room beside it.
const LARGEST_BIAS: f64 = (1 << 24) as f64;

impl IntegerLayer {
    /// Quantizes a layer. `inputs` has one entry per group of channels, or is empty for a layer whose
    /// rounding is not compensated.
    ///
    /// # Errors
    /// If a sum could overflow.
    pub fn new(
        layer: FloatLayer<'_>,
        grid: Grid,
        options: WeightOptions,
        inputs: &[Option<Compensation>],
    ) -> Result<Self, QuantizeError> {
        let outputs = layer.bias.len();
        let products = layer.weights.len() / outputs;
        let kernel = |o: usize| &layer.weights[o * products..][..products];
        let input_scale = f64::from(layer.input.scale);
        // The scale at which a bias still fits; weights that are small beside it are rounded away.
        let floor = |o: usize| (f64::from(layer.bias[o].abs()) / input_scale / LARGEST_BIAS) as f32;
        let scale = |o: usize| match kernel(o).iter().all(|&x| x == 0.0) {
            // Nothing to represent but the bias: as finely as it can be.
            true if layer.bias[o] != 0.0 => floor(o).max(f32::MIN_POSITIVE),
            _ => weight_scale(kernel(o), grid, options.clip).max(floor(o)),
        };
        let scales: Vec<f32> = match options.scales {
            Scales::PerChannel => (0..outputs).map(scale).collect(),
            Scales::PerTensor => {
                let shared = weight_scale(layer.weights, grid, options.clip);
                vec![(0..outputs).map(floor).fold(shared, f32::max); outputs]
            }
        };
        let mut this = Self { weights: Vec::new(), bias: Vec::new(), multipliers: Vec::new() };
        let output_scale = layer.output.map_or(1.0, |edge| f64::from(edge.scale));
        for (o, &scale) in scales.iter().enumerate() {
            let group = (o * inputs.len()).checked_div(outputs).and_then(|at| inputs.get(at));
            let (scale, levels) = match group {
                Some(Some(inputs)) if options.scales == Scales::PerChannel => {
                    inputs.fit(kernel(o), scale, floor(o), grid)
                }
                Some(Some(inputs)) => (scale, inputs.round(kernel(o), scale, grid)),
                _ => (scale, round_to_nearest(kernel(o), scale, grid)),
            };
            this.weights.extend(levels);
            let unit = input_scale * f64::from(scale);
            this.bias.push(Float::round(f64::from(layer.bias[o]) / unit) as i32);
            this.multipliers.push((unit / output_scale).clamp(1e-30, 1e30) as f32);
        }
        let bound = this.bound(layer.input, layer.input_max) * grid.factor() as u64;
        if bound > i32::MAX as u64 {
            return Err(QuantizeError::Overflow { layer: layer.name, products, bound });
        }
        Ok(this)
    }

    /// How large a sum's magnitude can become, with whatever inputs and at every step, also with the
    /// zero point's share in the bias, which is how the kernels count.
    pub fn bound(&self, input: Edge, input_max: u8) -> u64 {
        let products = self.weights.len() / self.bias.len();
        let zero_point = i64::from(input.zero_point);
        self.weights
            .chunks(products.max(1))
            .zip(&self.bias)
            .map(|(kernel, &bias)| {
                let total: i64 = kernel.iter().map(|&x| i64::from(x)).sum();
                let sizes: i64 = kernel.iter().map(|&x| i64::from(x).abs()).sum();
                let start = i64::from(bias) - zero_point * total;
                start.unsigned_abs() + sizes as u64 * u64::from(input_max)
            })
            .max()
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rounding;
    use super::*;

    const OPTIONS: WeightOptions =
        WeightOptions { scales: Scales::PerChannel, clip: false, rounding: Rounding::Nearest };

    fn layer<'a>(weights: &'a [f32], bias: &'a [f32]) -> FloatLayer<'a> {
        let input = Edge { scale: 0.02, zero_point: 30 };
        let output = Some(Edge { scale: 0.1, zero_point: 0 });
        FloatLayer { name: "fc", weights, bias, input, input_max: 255, output }
    }

    /// The real value of each output for one input to a linear layer.
    fn run(layer: FloatLayer<'_>, integers: &IntegerLayer, input: &[u8]) -> Vec<f32> {
        let output = layer.output.map_or(1.0, |edge| edge.scale);
        integers
            .weights
            .chunks(input.len())
            .zip(&integers.bias)
            .zip(&integers.multipliers)
            .map(|((kernel, bias), multiplier)| {
                let products = kernel.iter().zip(input).map(|(&weight, &x)| {
                    i32::from(weight) * (i32::from(x) - i32::from(layer.input.zero_point))
                });
                (bias + products.sum::<i32>()) as f32 * multiplier * output
            })
            .collect()
    }

    #[test]
    fn sums_stand_for_the_real_outputs() {
        let (weights, bias) = ([0.5, -0.25, 1e-3, 2e-3], [1.0, -0.5]);
        let layer = layer(&weights, &bias);
        let integers = IntegerLayer::new(layer, Grid::BITS_8, OPTIONS, &[]).unwrap();
        for input in [[30, 30], [255, 0], [0, 255], [100, 200]] {
            let [x, y] = input.map(|x| layer.input.to_f32(x));
            let wanted = [1.0 + 0.5 * x - 0.25 * y, -0.5 + 1e-3 * x + 2e-3 * y];
            for (found, wanted) in run(layer, &integers, &input).iter().zip(wanted) {
                assert!((found - wanted).abs() < 0.01, "{input:?}: {found} {wanted}");
            }
        }
    }

    #[test]
    fn channels_of_nothing_but_a_bias_keep_it() {
        let weights = [0.0, 0.0, 1e-14, -1e-14, 1e-38, 0.0];
        let bias = [1.2345, 3.0, -2.5];
        let layer = layer(&weights, &bias);
        for scales in [Scales::PerChannel, Scales::PerTensor] {
            let options = WeightOptions { scales, ..OPTIONS };
            let integers = IntegerLayer::new(layer, Grid::BITS_4, options, &[]).unwrap();
            for (found, wanted) in run(layer, &integers, &[255, 0]).iter().zip(bias) {
                assert!((found - wanted).abs() < 1e-5, "{scales:?}: {found} {wanted}");
            }
        }
    }

    #[test]
    fn nothing_at_all_is_nothing() {
        let layer = layer(&[0.0; 4], &[0.0; 2]);
        let integers = IntegerLayer::new(layer, Grid::BITS_8, OPTIONS, &[]).unwrap();
        assert_eq!((integers.weights, integers.bias), (vec![0; 4], vec![0; 2]));
        assert!(integers.multipliers.iter().all(|x| x.is_normal()));
    }

    #[test]
    fn sums_that_could_overflow_are_an_error() {
        let weights = vec![1.0; 70_000];
        let Err(QuantizeError::Overflow { layer: "fc", products: 70_000, bound }) =
            IntegerLayer::new(layer(&weights, &[0.0]), Grid::BITS_8, OPTIONS, &[])
        else {
            panic!("70,000 products of 255 and 127 exceed 32 bits");
        };
        assert!(bound >= 70_000 * 225 * 127);
    }
}
