//! A copy of a feature map with its padding around it, so that kernels need not know of borders.

use super::LANES;
use super::tile::padded;
use crate::precision::Arithmetic;
use crate::shape::{ConvShape, volume};
use crate::simd::Block;
use crate::simd::memory::values_mut;

/// Blocks that the copy takes; 0 if none is made.
#[inline(always)]
pub(super) const fn blocks<P: Arithmetic>(shape: &ConvShape) -> usize {
    let [height, width] = padded(shape);
    if needed(shape) {
        Block::count::<P::Element>(shape.input[0] * height * width + LANES)
    } else {
        0
    }
}

/// Whether a kernel has to read a copy: for padding, and in a depthwise layer where the last pixel's
/// channels don't fill a block, so that reading one would end behind the map.
#[inline(always)]
const fn needed(shape: &ConvShape) -> bool {
    let [height, width] = padded(shape);
    let ragged = shape.is_depthwise() && !shape.input[0].is_multiple_of(LANES);
    height * width > shape.input[1] * shape.input[2] || ragged
}

/// The map with its padding, and room for a block behind it where it is a copy.
#[inline(always)]
pub(super) fn with_padding<'a, P: Arithmetic>(
    shape: &ConvShape,
    input: &'a [P::Element],
    scratch: &'a mut [Block],
    zero: P::Element,
) -> &'a [P::Element] {
    if !needed(shape) {
        return &input[..volume(shape.input)];
    }
    let [channels, height, width] = shape.input;
    let [top, _, left, _] = shape.window.padding;
    let [padded_height, padded_width] = padded(shape);
    let row_len = padded_width * channels;
    let copy = values_mut(scratch, padded_height * row_len + LANES);
    let (above, rest) = copy.split_at_mut(top * row_len);
    let (rows, below) = rest.split_at_mut(height * row_len);
    above.fill(zero);
    below.fill(zero);
    let sources = input.chunks_exact(width * channels);
    for (row, source) in rows.chunks_exact_mut(row_len).zip(sources) {
        let (before, row) = row.split_at_mut(left * channels);
        let (row, after) = row.split_at_mut(width * channels);
        before.fill(zero);
        row.copy_from_slice(source);
        after.fill(zero);
    }
    copy
}
