//! Writing.

use crate::layers::ConvSpec;
use crate::quant::{Edge, Format, Grid, IntegerLayer, Integers, pack_levels};
use crate::weights::{Dtype, Sink};
use alloc::format;
use alloc::string::String;
use alloc::vec;
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
    fn integers(&mut self, layer: &ConvSpec, parameters: Integers, format: Format) {
        let Integers { layer: IntegerLayer { weights, bias, multipliers }, sums, results } =
            parameters;
        let (name, outputs) = (layer.name, [layer.shape.output[0]]);
        let full = |end: &str| format!("{name}.{end}");
        let packed = pack_levels(&weights, format.grid).into_iter();
        let (dtype, shape) = stored_weights(layer, format.grid);
        self.push(&full("weight"), dtype, &shape, packed);
        let bytes = bias.iter().flat_map(|value| value.to_le_bytes());
        self.push(&full("bias"), Dtype::I32, &outputs, bytes);
        let bytes = multipliers.iter().flat_map(|value| value.to_le_bytes());
        self.push(&full("multiplier"), Dtype::F32, &outputs, bytes);
        if !format.float {
            self.edge(&full("output"), sums, format.max);
        }
        if results != sums {
            self.edge(&full("activation"), results, format.max);
        }
    }

    fn edge(&mut self, name: &str, Edge { scale, zero_point }: Edge, max: u8) {
        self.push(&format!("{name}.scale"), Dtype::F32, &[], scale.to_le_bytes().into_iter());
        // With the largest value, so that a file of another precision is told apart.
        self.push(&format!("{name}.range"), Dtype::U8, &[2], [zero_point, max].into_iter());
    }
}

/// The type and shape of a layer's weights in a file: those of 8 bits as the layer has them, packed ones
/// in a row.
pub(super) fn stored_weights(layer: &ConvSpec, grid: Grid) -> (Dtype, Vec<usize>) {
    let len = layer.shape.weight_len();
    match (grid.per_byte(), layer.weight) {
        (1, Some(shape)) => (Dtype::I8, shape.to_vec()),
        (1, None) => (Dtype::I8, vec![len]),
        (per_byte, _) => (Dtype::U8, vec![len.div_ceil(per_byte)]),
    }
}
