//! `.raw`: the values of all parameters in order, little-endian `f32`, and nothing else.

use super::{LoadError, Parameter, Sink, Source};
use alloc::{format, vec::Vec};

/// Reads a `.raw` file.
pub struct RawSource<'a> {
    rest: &'a [u8],
}

impl<'a> RawSource<'a> {
    /// A file for a network with so many stored values.
    ///
    /// # Errors
    /// If the file is shorter or longer.
    pub fn new(bytes: &'a [u8], values: usize) -> Result<Self, LoadError> {
        if bytes.len() != values * 4 {
            return Err(LoadError {
                message: format!("wanted {} bytes, found {}", values * 4, bytes.len()),
            });
        }
        Ok(Self { rest: bytes })
    }
}

impl Source for RawSource<'_> {
    fn tensor(&mut self, parameter: Parameter<'_>) -> Result<Vec<f32>, LoadError> {
        let len = parameter.shape.iter().product::<usize>() * 4;
        let (bytes, rest) = self.rest.split_at(len);
        self.rest = rest;
        Ok(bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    }
}

/// Writes a `.raw` file.
#[derive(Default)]
pub struct RawSink {
    /// The file so far.
    pub bytes: Vec<u8>,
}

impl Sink for RawSink {
    fn tensor(&mut self, _: &str, _: &str, _: &[usize], values: Vec<f32>) {
        self.bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }
}
