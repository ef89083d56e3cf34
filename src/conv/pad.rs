//! A copy of a feature map with its padding around it, so that kernels need not know of borders.

use super::windows::padded;
use crate::precision::Arithmetic;
use crate::shape::{ConvShape, volume};
use crate::simd::Block;
use crate::simd::memory::values_mut;

/// Blocks that the copy takes; 0 if none is made.
#[inline(always)]
pub(super) const fn blocks<P: Arithmetic>(shape: &ConvShape) -> usize {
    let [height, width] = padded(shape);
    if needed(shape) { Block::count::<P::Element>(shape.input[0] * height * width) } else { 0 }
}

/// Whether there is any padding.
#[inline(always)]
const fn needed(shape: &ConvShape) -> bool {
    let [height, width] = padded(shape);
    height * width > shape.input[1] * shape.input[2]
}

/// The map with its padding.
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
    let copy = values_mut(scratch, padded_height * row_len);
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
