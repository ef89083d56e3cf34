//! Where the windows of a layer lie, and what a map with padding around it measures.

use super::WeightLayout;
use crate::layers::Activation;
use crate::shape::{ConvShape, PoolShape};

/// Where the windows of a layer lie in the feature map that they are read from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    /// Rows and columns of windows.
    pub(super) size: [usize; 2],
    /// Values from a window to the one below and to the next.
    pub(super) step: [usize; 2],
    /// Runs of a window, down and across.
    pub(super) runs: [usize; 2],
    /// Values from a run to the one below and to the next.
    pub(super) run_step: [usize; 2],
    /// Values from a window's channels of one group to those of the next.
    pub(super) group_step: usize,
    /// Whether the results go through a 2×2 pool; then a tile has two rows.
    pub(super) pool: bool,
}

impl Windows {
    /// The windows of a layer whose padding is part of the map.
    #[inline(always)]
    pub(super) const fn new(shape: &ConvShape, layout: &WeightLayout, pool: bool) -> Self {
        let [channels, ..] = shape.input;
        let [height, width] = padded(shape);
        let window = &shape.window;
        let size = [shape.output[1], shape.output[2]];
        let group_step = layout.inputs;
        if window.taps() == 1 && window.stride[0] == 1 && window.stride[1] == 1 && !pool {
            // Every pixel is a window: one long row, which is easier to divide.
            let (size, step) = ([1, height * width], [0, channels]);
            return Self { size, step, runs: [1, 1], run_step: [0, 0], group_step, pool };
        }
        let across = if layout.runs == window.taps() { window.kernel[1] } else { 1 };
        Self {
            size,
            step: [window.stride[0] * width * channels, window.stride[1] * channels],
            runs: [layout.runs / across, across],
            run_step: [window.dilation[0] * width * channels, window.dilation[1] * channels],
            group_step,
            pool,
        }
    }
}

/// Whether a pool can be done before the results are stored: 2×2 without overlap or padding, after a
/// function that preserves order.
pub(super) const fn pools(pool: &PoolShape, activation: Activation) -> bool {
    let window = &pool.window;
    matches!(window.kernel, [2, 2])
        && matches!(window.stride, [2, 2])
        && matches!(window.padding, [0, 0, 0, 0])
        && activation.is_monotone()
}

/// Height and width of a layer's input with its padding.
#[inline(always)]
pub(super) const fn padded(shape: &ConvShape) -> [usize; 2] {
    let [top, bottom, left, right] = shape.window.padding;
    [shape.input[1] + top + bottom, shape.input[2] + left + right]
}
