//! Why a network could not be quantized.

use alloc::string::String;
use core::fmt;

/// Why a network could not be quantized.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuantizeError {
    /// There was no image to calibrate on.
    NoImages,
    /// NaN or infinity in an image, or in what a layer made of it.
    NotFinite {
        /// The layer whose result it was, or `None` for the image itself.
        layer: Option<&'static str>,
        /// The image, from 0.
        image: usize,
    },
    /// An image of another size.
    WrongLength {
        /// The image, from 0.
        image: usize,
        /// Values of one input of the network.
        wanted: usize,
        /// Values of this image.
        found: usize,
    },
    /// The parameters can't be read back; its text says why.
    Parameters(String),
    /// A sum of products could exceed 32 bits.
    Overflow {
        /// The layer.
        layer: &'static str,
        /// Products in each of its sums.
        products: usize,
        /// How large a sum's magnitude could become.
        bound: u64,
    },
}

impl fmt::Display for QuantizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameters(error) => write!(f, "the network's parameters: {error}"),
            Self::NoImages => f.write_str("calibration needs at least one image, there is none"),
            Self::NotFinite { layer: None, image } => {
                write!(f, "calibration image {image} holds a value that is NaN or infinite")
            }
            Self::NotFinite { layer: Some(layer), image } => write!(
                f,
                "`{layer}` gives NaN or infinity for calibration image {image}; its parameters or \
                 the image's values are too large for f32"
            ),
            Self::WrongLength { image, wanted, found } => write!(
                f,
                "calibration image {image} has {found} values, the network takes {wanted}"
            ),
            Self::Overflow { layer, products, bound } => write!(
                f,
                "`{layer}`: its sums of {products} products may reach {bound}, more than the \
                 {} of 32 bits; give the layer `precision = f32`",
                i32::MAX
            ),
        }
    }
}

impl core::error::Error for QuantizeError {}
