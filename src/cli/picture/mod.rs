//! Any picture of a digit → 28×28 as MNIST has it; any picture at all → the size that a network takes.

mod decode;
mod filter;
mod orientation;
mod prepare;

pub(crate) use decode::{decode, decode_planes};
pub(crate) use prepare::{SIDE, prepare};

use std::fmt;

/// A grey picture, row by row, 0 for black.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grey {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<f32>,
}

impl Grey {
    pub(crate) fn new(width: usize, height: usize, values: Vec<f32>) -> Self {
        debug_assert_eq!(values.len(), width * height);
        Self { width, height, values }
    }

    /// Another picture of the same size.
    pub(crate) fn with(&self, values: Vec<f32>) -> Self {
        Self::new(self.width, self.height, values)
    }

    pub(crate) fn map(&self, change: impl Fn(f32) -> f32) -> Self {
        self.with(self.values.iter().map(|&value| change(value)).collect())
    }

    pub(crate) fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.width)
    }

    /// The outermost ring of pixels.
    pub(crate) fn border(&self) -> Vec<f32> {
        let (right, bottom) = (self.width - 1, self.height - 1);
        let on_border = |at: usize| {
            let (x, y) = (at % self.width, at / self.width);
            x == 0 || y == 0 || x == right || y == bottom
        };
        (0..self.values.len()).filter(|&at| on_border(at)).map(|at| self.values[at]).collect()
    }
}

/// The bytes of a picture at another size, its proportions given up.
pub(crate) fn scaled(picture: &Grey, width: usize, height: usize) -> Vec<u8> {
    let picture = filter::resize(picture, width, height);
    picture.values.iter().map(|value| value.round() as u8).collect()
}

/// Why a picture can't be read.
#[derive(Debug)]
pub(crate) enum PictureError {
    /// Neither PNG nor JPEG.
    UnknownFormat,
    /// More pixels than [`decode`] takes.
    TooLarge { width: usize, height: usize },
    /// What the PNG reader says.
    Png(png::DecodingError),
    /// What the JPEG reader says.
    Jpeg(zune_jpeg::errors::DecodeErrors),
    /// One colour, or nothing that stands out.
    Blank,
}

impl fmt::Display for PictureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFormat => f.write_str("neither PNG, JPEG nor IDX by its content"),
            Self::TooLarge { width, height } => write!(
                f,
                "{width}x{height} pixels are more than the {} million that are read",
                decode::MOST_PIXELS / 1_000_000
            ),
            Self::Png(error) => write!(f, "damaged PNG: {error}"),
            Self::Jpeg(error) => write!(f, "damaged JPEG: {error:?}"),
            Self::Blank => f.write_str("nothing on it: no pixels that stand out as ink"),
        }
    }
}

impl std::error::Error for PictureError {}
