//! How a network is quantized.

use super::{Grid, RangeMethod};

/// How weights become whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rounding {
    /// Each to the nearest level.
    Nearest,
    /// Each so that it makes up for the errors of the others on the calibration images. Layers with
    /// more than [`COMPENSATED_INPUTS`] inputs per output are rounded to the nearest level.
    Compensated,
}

/// Inputs per output of the largest layers that are rounded with compensation, which takes memory in
/// proportion to the square and time to the cube of it.
pub const COMPENSATED_INPUTS: usize = 1024;

/// Whether output channels have scales of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scales {
    /// Each output channel has a scale.
    PerChannel,
    /// All weights of a layer share one.
    PerTensor,
}

/// How a network is quantized. What is not set follows from the precision:
///
/// | | 8 bits | fewer |
/// |---|---|---|
/// | ranges of activations | [`RangeMethod::MinMax`] | [`RangeMethod::SquaredError`] |
/// | scales of weights | from their largest magnitude | clipped where that lessens the squared error |
/// | rounding of weights | [`Rounding::Nearest`] | [`Rounding::Compensated`] |
///
/// ```
/// use microcnn::quant::{QuantizeOptions, RangeMethod};
///
/// let options = QuantizeOptions::default().ranges(RangeMethod::Percentile(0.9999)).images(200);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct QuantizeOptions {
    ranges: Option<RangeMethod>,
    scales: Option<Scales>,
    clip: Option<bool>,
    rounding: Option<Rounding>,
    images: Option<usize>,
}

impl QuantizeOptions {
    /// How the ranges of activations follow from the calibration images.
    #[must_use]
    pub fn ranges(self, method: RangeMethod) -> Self {
        Self { ranges: Some(method), ..self }
    }

    /// Whether output channels have scales of their own, as they do by default.
    #[must_use]
    pub fn scales(self, scales: Scales) -> Self {
        Self { scales: Some(scales), ..self }
    }

    /// Whether scales of weights may clip the largest ones.
    #[must_use]
    pub fn clip_weights(self, clip: bool) -> Self {
        Self { clip: Some(clip), ..self }
    }

    /// How weights become whole numbers.
    #[must_use]
    pub fn rounding(self, rounding: Rounding) -> Self {
        Self { rounding: Some(rounding), ..self }
    }

    /// How many calibration images are used at most; all of them by default.
    #[must_use]
    pub fn images(self, images: usize) -> Self {
        Self { images: Some(images), ..self }
    }

    /// The method for activations up to `max`.
    pub fn range_method(&self, max: u8) -> RangeMethod {
        self.ranges.unwrap_or(match max {
            u8::MAX => RangeMethod::MinMax,
            _ => RangeMethod::SquaredError,
        })
    }

    /// What is done with weights on a grid.
    pub fn weights(&self, grid: Grid) -> WeightOptions {
        let coarse = grid != Grid::BITS_8;
        let rounding = if coarse { Rounding::Compensated } else { Rounding::Nearest };
        WeightOptions {
            scales: self.scales.unwrap_or(Scales::PerChannel),
            clip: self.clip.unwrap_or(coarse),
            rounding: self.rounding.unwrap_or(rounding),
        }
    }

    /// The most images to use.
    pub fn most_images(&self) -> usize {
        self.images.unwrap_or(usize::MAX)
    }
}

/// The options for one layer's weights, all decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightOptions {
    /// Whether output channels have scales of their own.
    pub scales: Scales,
    /// Whether scales may clip.
    pub clip: bool,
    /// How weights become whole numbers.
    pub rounding: Rounding,
}
