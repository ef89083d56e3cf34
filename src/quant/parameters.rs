//! Quantized parameters on their way between a network and a file.

use super::{Edge, Grid, IntegerLayer};
use crate::layers::{Activation, ConvSpec};
use alloc::vec::Vec;

/// A layer whose quantized parameters are asked for.
#[derive(Clone, Copy, Debug)]
pub struct IntegerRequest<'a> {
    /// Sizes and names.
    pub spec: &'a ConvSpec,
    /// The activation that the layer takes over.
    pub activation: Activation,
    /// Its rows in the network's `LAYERS`: its own, and that of the activation.
    pub rows: [usize; 2],
    /// What the inputs mean.
    pub input: Edge,
    /// The numbers that there are.
    pub format: Format,
}

/// The numbers that there are in a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The levels of the weights.
    pub grid: Grid,
    /// The largest activation.
    pub max: u8,
    /// Whether the results stay floats.
    pub float: bool,
}

/// A layer's quantized parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Integers {
    /// Weights, bias and multipliers.
    pub layer: IntegerLayer,
    /// What rounded sums mean; the default where results stay floats.
    pub sums: Edge,
    /// What the results mean after an activation that is a table, else the same.
    pub results: Edge,
}

/// Whether an activation of integers is a table; the others are bounds of the result.
pub const fn is_table(activation: Activation) -> bool {
    !matches!(activation, Activation::Identity | Activation::ReLU | Activation::ReLU6)
}

/// Levels in as few bytes as hold them, from the lowest bits of the first byte on.
pub fn pack_levels(levels: &[i8], grid: Grid) -> Vec<u8> {
    let per_byte = grid.per_byte();
    let bits = 8 / per_byte;
    let codes = |chunk: &[i8]| {
        let code = |(at, &level): (usize, &i8)| grid.code(level) << (bits * at);
        chunk.iter().enumerate().map(code).fold(0, |byte, code| byte | code)
    };
    levels.chunks(per_byte).map(codes).collect()
}

/// The levels in bytes of [`pack_levels`].
pub fn unpack_levels(bytes: &[u8], grid: Grid, len: usize) -> Vec<i8> {
    let per_byte = grid.per_byte();
    let bits = 8 / per_byte;
    let level = |at: usize| grid.level(bytes[at / per_byte] >> (at % per_byte * bits));
    (0..len).map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_keep_their_value_in_bytes() {
        for (grid, levels) in [
            (Grid::BITS_8, (-127..=127).collect::<Vec<i8>>()),
            (Grid::BITS_4, (-7..=7).collect()),
            (Grid::BITS_2, vec![-3, -1, 1, 3, 3, -3, 1]),
        ] {
            let bytes = pack_levels(&levels, grid);
            assert_eq!(bytes.len(), levels.len().div_ceil(grid.per_byte()));
            assert_eq!(unpack_levels(&bytes, grid, levels.len()), levels);
        }
    }
}
