//! Parameters for tests and benchmarks.

use super::{LoadError, Parameter, Role, Source};
use alloc::vec::Vec;
use num_traits::Float;

/// Kaiming-uniform parameters from a seed.
///
/// Weights are uniform with variance 2 / fan-in, so that activations keep their size from layer to layer under
/// ReLU; biases are as PyTorch draws them. Normalizations get gains and variances around 1, shifts and
/// means around 0. The same seed gives the same parameters on every machine.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number in [-1, 1), by splitmix64.
    fn next(&mut self) -> f32 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

impl Source for Random {
    fn tensor(&mut self, parameter: Parameter<'_>) -> Result<Vec<f32>, LoadError> {
        let len = parameter.shape.iter().product();
        let fan_in = parameter.fan_in as f32;
        Ok(match parameter.role {
            Role::Weight => {
                let bound = Float::sqrt(6.0 / fan_in);
                (0..len).map(|_| self.next() * bound).collect()
            }
            Role::Bias => {
                let bound = 1.0 / Float::sqrt(fan_in);
                (0..len).map(|_| self.next() * bound).collect()
            }
            Role::Gain | Role::Variance => (0..len).map(|_| 1.0 + 0.5 * self.next()).collect(),
            Role::Shift | Role::Mean => (0..len).map(|_| 0.1 * self.next()).collect(),
        })
    }

    fn finish(&mut self) -> Result<(), LoadError> {
        Ok(())
    }
}
