//! `.raw`: the values of all parameters in order, little-endian `f32`, and nothing else.

use super::error::bytes;
use super::{LoadError, LoadErrorKind, Parameter, Sink, Source, check};
use crate::layers::ConvSpec;
use crate::quant::{Edge, Format, Integers};
use alloc::{format, vec::Vec};

/// Reads a `.raw` file.
#[derive(Clone, Debug)]
pub struct RawSource<'a> {
    rest: &'a [u8],
}

impl<'a> RawSource<'a> {
    /// A file for a network with so many stored values.
    ///
    /// # Errors
    /// If the file is shorter or longer.
    pub fn new(file: &'a [u8], values: usize) -> Result<Self, LoadError> {
        check_len(file.len() as u64, values)?;
        Ok(Self { rest: file })
    }
}

/// Whether a file of so many bytes has so many values.
pub(super) fn check_len(found: u64, values: usize) -> Result<(), LoadError> {
    let wanted = 4 * values as u128;
    if u128::from(found) == wanted {
        return Ok(());
    }
    let wanted = format!("{} ({values} values)", bytes(wanted));
    Err(LoadError::new(LoadErrorKind::Length, wanted, bytes(found)))
}

impl Source for RawSource<'_> {
    fn tensor(&mut self, parameter: Parameter<'_>) -> Result<Vec<f32>, LoadError> {
        let len = 4 * parameter.len();
        let Some((values, rest)) = self.rest.split_at_checked(len) else {
            let error = LoadError::new(
                LoadErrorKind::Length,
                bytes(len as u64),
                bytes(self.rest.len() as u64),
            );
            return Err(error.in_tensor(parameter));
        };
        self.rest = rest;
        check(parameter, values.as_chunks().0.iter().copied().map(f32::from_le_bytes))
    }

    fn finish(&mut self) -> Result<(), LoadError> {
        match self.rest.len() {
            0 => Ok(()),
            rest => Err(LoadError::new(
                LoadErrorKind::Length,
                "no bytes after the last parameter",
                bytes(rest as u64),
            )),
        }
    }
}

/// Writes a `.raw` file.
#[derive(Clone, Debug, Default)]
pub struct RawSink {
    /// The file so far.
    pub bytes: Vec<u8>,
}

impl Sink for RawSink {
    fn tensor(&mut self, _: &str, _: &str, _: &[usize], values: Vec<f32>) {
        self.bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    /// # Panics
    /// Always: the format holds only floats.
    fn integers(&mut self, layer: &ConvSpec, _: Integers, _: Format) {
        panic!("`{}` is quantized, and a `.raw` file holds only floats", layer.name);
    }

    /// # Panics
    /// Always: the format holds only floats.
    fn edge(&mut self, name: &str, _: Edge, _: u8) {
        panic!("`{name}` is quantized, and a `.raw` file holds only floats");
    }
}
