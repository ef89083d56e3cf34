//! Files: bytes → cursor → typed parameters, and back.

#[cfg(feature = "alloc")]
mod error;
#[cfg(feature = "alloc")]
mod random;
#[cfg(feature = "alloc")]
mod raw;

#[cfg(feature = "alloc")]
pub use error::LoadError;
#[cfg(feature = "alloc")]
pub use random::Random;
#[cfg(feature = "alloc")]
pub use raw::{RawSink, RawSource};

use crate::simd::Block;
#[cfg(feature = "alloc")]
use alloc::{borrow::Cow, vec::Vec};

/// A layer's packed parameters: in memory of their own, or wherever a constant lies.
#[cfg(feature = "alloc")]
pub type Packed = Cow<'static, [Block]>;

/// A layer's packed parameters, wherever a constant lies.
#[cfg(not(feature = "alloc"))]
pub type Packed = &'static [Block];

/// What a parameter is in its layer.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The weights of a convolution or a linear layer.
    Weight,
    /// Their bias.
    Bias,
    /// The weight of a batch normalization.
    Gain,
    /// The bias of a batch normalization.
    Shift,
    /// The running mean of a batch normalization.
    Mean,
    /// The running variance of a batch normalization.
    Variance,
}

/// A tensor that a network asks for.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, Debug)]
pub struct Parameter<'a> {
    /// The full name of its layer: `block1.conv1`.
    pub layer: &'a str,
    /// Its own name: `weight`.
    pub name: &'a str,
    /// What it is.
    pub role: Role,
    /// Its shape in the file.
    pub shape: &'a [usize],
    /// Inputs that one output of the layer sees.
    pub fan_in: usize,
}

/// Where parameters come from. A network asks for its tensors in the order of its layers.
#[cfg(feature = "alloc")]
pub trait Source {
    /// The values of the next parameter, in the order of PyTorch's tensor.
    ///
    /// # Errors
    /// What is wrong with it.
    fn tensor(&mut self, parameter: Parameter<'_>) -> Result<Vec<f32>, LoadError>;
}

/// Where parameters go.
#[cfg(feature = "alloc")]
pub trait Sink {
    /// Takes the next parameter.
    fn tensor(&mut self, layer: &str, name: &str, shape: &[usize], values: Vec<f32>);
}
