//! Writing.

use crate::weights::{Dtype, Sink};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

/// Writes a `.safetensors` file: the same tensors give the same bytes.
#[derive(Clone, Debug, Default)]
pub struct SafetensorsSink {
    header: String,
    data: Vec<u8>,
}

impl SafetensorsSink {
    /// The file.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut header = format!("{{{}}}", self.header);
        // Values of eight bytes lie where they can be read in place.
        header.extend(core::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
        let mut file = Vec::with_capacity(8 + header.len() + self.data.len());
        file.extend((header.len() as u64).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend(&self.data);
        file
    }

    /// Takes a tensor of any element type, as the bytes that the format stores.
    fn push(&mut self, name: &str, dtype: Dtype, shape: &[usize], bytes: impl Iterator<Item = u8>) {
        let start = self.data.len();
        self.data.extend(bytes);
        if !self.header.is_empty() {
            self.header.push(',');
        }
        self.header.push('"');
        for char in name.chars() {
            match char {
                '"' | '\\' => self.header.extend(['\\', char]),
                '\0'..' ' => _ = write!(self.header, "\\u{:04x}", char as u32),
                _ => self.header.push(char),
            }
        }
        let end = self.data.len();
        _ = write!(
            self.header,
            "\":{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":[{start}, {end}]}}"
        );
    }
}

impl Sink for SafetensorsSink {
    fn tensor(&mut self, layer: &str, name: &str, shape: &[usize], values: Vec<f32>) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        self.push(&format!("{layer}.{name}"), Dtype::F32, shape, bytes);
    }
}
