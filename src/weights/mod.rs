//! Files: bytes → cursor → typed parameters, and back.
//!
//! A network asks a [`Source`] for its parameters layer by layer, and gives them to a [`Sink`]. Both know
//! one format: [`RawSource`] and [`RawSink`] a `.raw` file, [`SafetensorsSource`] and [`SafetensorsSink`] a
//! `.safetensors` file; [`Random`] draws parameters from a seed.
//!
//! Whatever is wrong with a file is a [`LoadError`]. Reading takes memory in proportion to the file:
//! no number in it is trusted before it has been compared with the bytes that are there.

#[cfg(feature = "alloc")]
mod dtype;
#[cfg(feature = "alloc")]
mod error;
#[cfg(feature = "std")]
mod file;
#[cfg(feature = "alloc")]
mod formats;
#[cfg(feature = "alloc")]
mod load;
#[cfg(feature = "alloc")]
mod random;
#[cfg(feature = "alloc")]
mod raw;
#[cfg(feature = "alloc")]
mod safetensors;

#[cfg(feature = "alloc")]
pub use dtype::Dtype;
#[cfg(feature = "std")]
pub use error::SaveError;
#[cfg(feature = "std")]
pub(crate) use error::bytes;
#[cfg(feature = "alloc")]
pub use error::{LoadError, LoadErrorKind};
#[cfg(feature = "std")]
pub(crate) use file::open;
#[cfg(feature = "cli")]
pub(crate) use file::{FileFormat, write};
#[cfg(feature = "std")]
pub use file::{from_file, list, load, read, save};
#[cfg(feature = "cli")]
pub(crate) use formats::formats;
#[cfg(feature = "alloc")]
pub use load::{from_raw, from_safetensors, random, to_raw, to_safetensors};
#[cfg(feature = "alloc")]
pub use random::Random;
#[cfg(feature = "alloc")]
pub use raw::{RawSink, RawSource};
#[cfg(feature = "cli")]
pub(crate) use safetensors::{Held, alike, held, precisions};
#[cfg(feature = "alloc")]
pub use safetensors::{SafetensorsSink, SafetensorsSource, TensorInfo};

#[cfg(feature = "alloc")]
use crate::layers::ConvSpec;
#[cfg(feature = "alloc")]
use crate::quant::{Edge, Format, IntegerRequest, Integers};
use crate::simd::Block;
#[cfg(feature = "alloc")]
use alloc::{borrow::Cow, format, vec::Vec};
#[cfg(feature = "alloc")]
use core::fmt;

/// A layer's packed parameters: in memory of their own, or wherever a constant lies.
#[cfg(feature = "alloc")]
pub type Packed = Cow<'static, [Block]>;

/// A layer's packed parameters, wherever a constant lies: what there is of a `Cow` without an
/// allocator.
#[cfg(not(feature = "alloc"))]
#[derive(Clone)]
pub enum Packed {
    /// In a constant.
    Borrowed(&'static [Block]),
}

#[cfg(not(feature = "alloc"))]
impl core::ops::Deref for Packed {
    type Target = [Block];

    #[inline(always)]
    fn deref(&self) -> &[Block] {
        let Self::Borrowed(blocks) = self;
        blocks
    }
}

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

#[cfg(feature = "alloc")]
impl Parameter<'_> {
    /// The number of its values.
    fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The name in a file: `block1.conv1.weight`.
#[cfg(feature = "alloc")]
impl fmt::Display for Parameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.layer, self.name)
    }
}

/// The values of a parameter, if each is one that it may have.
#[cfg(feature = "alloc")]
fn check(
    parameter: Parameter<'_>,
    values: impl Iterator<Item = f32>,
) -> Result<Vec<f32>, LoadError> {
    let values: Vec<f32> = values.collect();
    let (wanted, wrong) = match parameter.role {
        Role::Variance => (
            "finite values of at least 0",
            values.iter().position(|value| !(value.is_finite() && *value >= 0.0)),
        ),
        _ => ("finite values", values.iter().position(|value| !value.is_finite())),
    };
    let Some(at) = wrong else { return Ok(values) };
    let found = format!("{} at place {at}", values[at]);
    Err(LoadError::new(LoadErrorKind::Value, wanted, found).in_tensor(parameter))
}

/// Where parameters come from. A network asks for its tensors in the order of its layers.
#[cfg(feature = "alloc")]
pub trait Source {
    /// The values of the next parameter, in the order of PyTorch's tensor.
    ///
    /// # Errors
    /// What is wrong with it.
    fn tensor(&mut self, parameter: Parameter<'_>) -> Result<Vec<f32>, LoadError>;

    /// A layer's quantized parameters.
    ///
    /// # Errors
    /// What is wrong with them; always, where a source has only floats.
    fn integers(&mut self, request: &IntegerRequest<'_>) -> Result<Integers, LoadError> {
        Err(only_floats(request.spec.name))
    }

    /// What the integers between two layers mean, up to `max`; `row` is that of the network's `LAYERS`
    /// whose results they are, or none for the network's input.
    ///
    /// # Errors
    /// What is wrong with it; always, where a source has only floats.
    fn edge(&mut self, name: &str, row: Option<usize>, max: u8) -> Result<Edge, LoadError> {
        let _ = (row, max);
        Err(only_floats(name))
    }

    /// Called after the last parameter: whether there is anything left that no layer asked for.
    ///
    /// # Errors
    /// What is left.
    fn finish(&mut self) -> Result<(), LoadError>;
}

/// One type for all sources, so that each network's code for reading is compiled once.
#[cfg(feature = "alloc")]
impl Source for &mut dyn Source {
    fn tensor(&mut self, parameter: Parameter<'_>) -> Result<Vec<f32>, LoadError> {
        (**self).tensor(parameter)
    }

    fn integers(&mut self, request: &IntegerRequest<'_>) -> Result<Integers, LoadError> {
        (**self).integers(request)
    }

    fn edge(&mut self, name: &str, row: Option<usize>, max: u8) -> Result<Edge, LoadError> {
        (**self).edge(name, row, max)
    }

    fn finish(&mut self) -> Result<(), LoadError> {
        (**self).finish()
    }
}

/// Where parameters go.
#[cfg(feature = "alloc")]
pub trait Sink {
    /// Takes the next parameter.
    fn tensor(&mut self, layer: &str, name: &str, shape: &[usize], values: Vec<f32>);

    /// Takes the next layer's quantized parameters; `float` layers have results in floats.
    fn integers(&mut self, layer: &ConvSpec, parameters: Integers, format: Format);

    /// Takes what the integers between two layers mean, up to `max`.
    fn edge(&mut self, name: &str, edge: Edge, max: u8);
}

/// One type for all sinks, so that each network's code for writing is compiled once.
#[cfg(feature = "alloc")]
impl Sink for &mut dyn Sink {
    fn tensor(&mut self, layer: &str, name: &str, shape: &[usize], values: Vec<f32>) {
        (**self).tensor(layer, name, shape, values);
    }

    fn integers(&mut self, layer: &ConvSpec, parameters: Integers, format: Format) {
        (**self).integers(layer, parameters, format);
    }

    fn edge(&mut self, name: &str, edge: Edge, max: u8) {
        (**self).edge(name, edge, max);
    }
}

/// The error of sources that have no integers.
#[cfg(feature = "alloc")]
fn only_floats(layer: &str) -> LoadError {
    let wanted = "quantized parameters, as a quantized network's `save` writes them";
    LoadError::new(LoadErrorKind::Dtype, wanted, "floats; quantize an `f32` network with them")
        .in_tensor(layer)
}
