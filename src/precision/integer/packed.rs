//! A layer's packed parameters:
//!
//! ```text
//! weights, in the order of WeightLayout │ multipliers: f32 per channel │ biases: i32 per channel
//! ```
//!
//! The zero point's share of each sum lies in the bias. A depthwise layer, whose steps take one input,
//! has its weights in bytes.

use super::width::{Width, packed_factors};
#[cfg(feature = "alloc")]
use super::width::{factor, part, stored};
use super::{Ends, Integer};
use crate::conv::{LANES, WeightLayout};
#[cfg(feature = "alloc")]
use crate::precision::{Arithmetic, Parameters};
#[cfg(feature = "alloc")]
use crate::quant::{Edge, IntegerLayer};
use crate::shape::ConvShape;
#[cfg(feature = "alloc")]
use crate::simd::{Block, INPUT_OFFSET};
#[cfg(feature = "alloc")]
use alloc::{vec, vec::Vec};

/// What is known per output channel.
#[derive(Clone, Copy, Debug)]
pub struct Channels<'a> {
    pub(super) biases: &'a [i32],
    pub(super) multipliers: &'a [f32],
    pub(super) ends: Ends,
}

/// Where the parts of a layer's packed parameters lie.
pub(super) struct Places {
    /// Bytes of weights.
    pub(super) weights: usize,
    /// Places for channels.
    pub(super) channels: usize,
    /// Bytes in all, with room for a whole block to be read anywhere.
    pub(super) bytes: usize,
}

impl Places {
    pub(super) const fn new<P: Integer>(shape: &ConvShape) -> Self {
        let layout = WeightLayout::new(shape, group::<P>());
        let channels = layout.groups * layout.group_lanes();
        let values = channels * layout.lane_len();
        let (weights, surplus) = if layout.group == 1 {
            (values, LANES - layout.tail)
        } else {
            (values / P::Width::PARTS, 4 * (LANES - layout.tail))
        };
        let (used, read) = (weights + 8 * channels, weights + surplus);
        Self { weights, channels, bytes: if used > read { used } else { read } }
    }
}

/// Inputs of a step.
pub(super) const fn group<P: Integer>() -> usize {
    4 * P::Width::PARTS
}

/// The byte that holds a weight, and which part of it.
#[inline(always)]
pub(super) fn weight_place<P: Integer>(
    layout: &WeightLayout,
    [o, i, tap]: [usize; 3],
) -> (usize, usize) {
    let at = layout.index(o, i, tap);
    if layout.group == 1 {
        return (at, P::Width::PARTS - 1);
    }
    let (step, value) = (at / group::<P>(), at % group::<P>());
    (4 * step + value % 4, value / 4)
}

/// Four neighbouring factors of an output channel: of a row of taps of the one input channel that there
/// is, the `quad`th four.
#[inline(always)]
pub(crate) fn packed_quad<P: Integer>(
    layout: &WeightLayout,
    weights: &[u8],
    output: usize,
    [row, quad]: [usize; 2],
) -> u32 {
    let (block, lane) = (output / LANES, output % LANES);
    let steps = layout.runs * layout.steps();
    let step = row * layout.steps() + quad / P::Width::PARTS;
    let at = 4 * (block * LANES * steps + step * layout.lanes(block) + lane);
    let bytes = weights[at..].first_chunk().expect("a lane has four bytes");
    packed_factors::<P>(u32::from_le_bytes(*bytes), quad % P::Width::PARTS)
}

/// Packs a layer for the kernels.
#[cfg(feature = "alloc")]
pub(crate) fn pack<P: Integer>(shape: &ConvShape, layer: &IntegerLayer, input: Edge) -> Vec<Block> {
    let layout = WeightLayout::new(shape, group::<P>());
    let places = Places::new::<P>(shape);
    let mut blocks = vec![Block::ZERO; P::parameter_blocks(shape)];
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut blocks);
    let (weights, rest) = bytes.split_at_mut(places.weights);
    let (multipliers, rest) = rest.split_at_mut(4 * places.channels);
    let multipliers: &mut [f32] = bytemuck::cast_slice_mut(multipliers);
    let biases: &mut [i32] = bytemuck::cast_slice_mut(&mut rest[..4 * places.channels]);
    let factor = P::GRID.factor();
    let kernels = layer.weights.chunks_exact(shape.kernel_len());
    for (o, kernel) in kernels.enumerate() {
        for (k, &level) in kernel.iter().enumerate() {
            let (i, tap) = (k / layout.taps, k % layout.taps);
            let (byte, index) = weight_place::<P>(&layout, [o, i, tap]);
            let (shift, ..) = part::<P>(index);
            weights[byte] |= stored::<P>(level) >> shift;
        }
        let channel = layout.channel(o);
        biases[channel] = layer.bias[o] * factor + zero_share(input, kernel, factor);
        multipliers[channel] = layer.multipliers[o] / factor as f32;
    }
    blocks
}

/// What the zero point adds to every sum of a kernel.
#[cfg(feature = "alloc")]
fn zero_share(input: Edge, kernel: &[i8], factor: i32) -> i32 {
    let total: i32 = kernel.iter().map(|&level| i32::from(level)).sum();
    (INPUT_OFFSET - i32::from(input.zero_point)) * total * factor
}

/// A layer as it was before [`pack`].
#[cfg(feature = "alloc")]
pub(super) fn unpack<P: Integer>(shape: &ConvShape, parameters: Parameters<'_, P>) -> IntegerLayer {
    let layout = WeightLayout::new(shape, group::<P>());
    let Channels { biases, multipliers, ends } = parameters.channels;
    let grid_factor = P::GRID.factor();
    let mut layer = IntegerLayer { weights: Vec::new(), bias: Vec::new(), multipliers: Vec::new() };
    for o in 0..shape.output[0] {
        let kernel = (0..shape.kernel_len()).map(|k| {
            let place = [o, k / layout.taps, k % layout.taps];
            let (byte, index) = weight_place::<P>(&layout, place);
            (factor::<P>(parameters.weights[byte], index) / grid_factor) as i8
        });
        let start = layer.weights.len();
        layer.weights.extend(kernel);
        let channel = layout.channel(o);
        let share = zero_share(ends.input, &layer.weights[start..], grid_factor);
        layer.bias.push((biases[channel] - share) / grid_factor);
        layer.multipliers.push(multipliers[channel] * grid_factor as f32);
    }
    layer
}
