//! The inputs of steps, and results from sums.

use super::{Channels, Integer};
use crate::quant::Grid;
use crate::simd::{INPUT_OFFSET, Isa};

/// A part of a step's inputs, the same in every lane; what is missing at the end is nothing, or meets
/// weights that are nothing.
#[inline(always)]
pub(super) fn spread_quad<P: Integer, I: Isa>(isa: I, inputs: &[u8], part: usize) -> I::Inputs {
    let zeros = matches!(P::GRID, Grid::Whole { .. });
    if let (true, Some(&[a, b])) = (zeros, inputs.get(4 * part..)) {
        return isa.inputs(isa.splat_pair([a, b]));
    }
    let mut quad = [INPUT_OFFSET as u8; 4];
    match inputs.get(4 * part..4 * part + 4) {
        Some(inputs) => quad.copy_from_slice(inputs),
        None => {
            let inputs = inputs.get(4 * part..).unwrap_or_default();
            quad[..inputs.len()].copy_from_slice(inputs);
        }
    }
    isa.inputs(isa.splat_quad(quad))
}

/// A part of the inputs of sixteen neighbouring positions.
#[inline(always)]
pub(super) fn slide_quads<I: Isa>(isa: I, inputs: &[u8], part: usize) -> I::Inputs {
    let inputs = inputs[4 * part..].first_chunk().expect("a step reads 15 more inputs");
    isa.inputs(isa.slide(inputs))
}

/// Sums of some channels, from `first`, at neighbouring positions as steps from the zero point.
#[inline(always)]
pub(super) fn spread_steps<I: Isa, const OUTPUTS: usize>(
    isa: I,
    sums: &[I::I32; OUTPUTS],
    channels: Channels<'_>,
    first: usize,
) -> [I::F32; OUTPUTS] {
    let mut steps = [isa.splat(0.0); OUTPUTS];
    let multipliers = &channels.multipliers[first..][..OUTPUTS];
    for ((steps, &sums), &multiplier) in steps.iter_mut().zip(sums).zip(multipliers) {
        *steps = isa.mul(isa.to_f32(sums), isa.splat(multiplier));
    }
    steps
}
