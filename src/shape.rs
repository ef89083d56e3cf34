//! Sizes of windows and layers: the only place that knows how many positions a kernel has.
//!
//! Shapes are `[channels, height, width]`, pairs are `[height, width]`, and padding is
//! `[top, bottom, left, right]`, throughout the crate.

/// The number of positions of a window over `input` values, as PyTorch counts them.
///
/// # Panics
/// If the dilated window is larger than the padded input, or if `stride` is 0.
#[inline(always)]
pub const fn output_size(
    input: usize,
    padding: [usize; 2],
    kernel: usize,
    dilation: usize,
    stride: usize,
) -> usize {
    let padded = input + padding[0] + padding[1];
    let reach = dilation * (kernel - 1) + 1;
    assert!(reach <= padded, "the window is larger than its padded input");
    (padded - reach) / stride + 1
}

/// The number of values of a shape.
#[inline(always)]
pub const fn volume(shape: [usize; 3]) -> usize {
    shape[0] * shape[1] * shape[2]
}

/// Where a window goes: what convolutions and pools have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height and width of the window.
    pub kernel: [usize; 2],
    /// Steps between neighbouring positions, down and across.
    pub stride: [usize; 2],
    /// Positions added around the input: top, bottom, left, right.
    pub padding: [usize; 4],
    /// Distance between neighbouring taps, down and across.
    pub dilation: [usize; 2],
}

impl Window {
    /// Height and width of the output over an input of this height and width.
    #[inline(always)]
    pub const fn output(&self, input: [usize; 2]) -> [usize; 2] {
        let [top, bottom, left, right] = self.padding;
        [
            output_size(input[0], [top, bottom], self.kernel[0], self.dilation[0], self.stride[0]),
            output_size(input[1], [left, right], self.kernel[1], self.dilation[1], self.stride[1]),
        ]
    }

    /// The number of taps.
    #[inline(always)]
    pub const fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// The input position of a tap in one direction (0 = down, 1 = across), or `None` in the padding.
    #[inline(always)]
    pub const fn source(
        &self,
        axis: usize,
        position: usize,
        tap: usize,
        len: usize,
    ) -> Option<usize> {
        let padded = position * self.stride[axis] + tap * self.dilation[axis];
        let before = self.padding[2 * axis];
        if padded < before || padded - before >= len { None } else { Some(padded - before) }
    }
}

/// Everything that a convolution kernel needs to know of its layer's sizes.
///
/// A linear layer is one, too: its window is as large as its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Channels, height and width of the input.
    pub input: [usize; 3],
    /// Channels, height and width of the output.
    pub output: [usize; 3],
    /// The window.
    pub window: Window,
    /// Independent groups of channels.
    pub groups: usize,
}

impl ConvShape {
    /// Input channels that one output channel sees.
    #[inline(always)]
    pub const fn group_inputs(&self) -> usize {
        self.input[0] / self.groups
    }

    /// Output channels of one group.
    #[inline(always)]
    pub const fn group_outputs(&self) -> usize {
        self.output[0] / self.groups
    }

    /// Values in one output channel's kernel.
    #[inline(always)]
    pub const fn kernel_len(&self) -> usize {
        self.group_inputs() * self.window.taps()
    }

    /// Values in the weight tensor.
    #[inline(always)]
    pub const fn weight_len(&self) -> usize {
        self.output[0] * self.kernel_len()
    }

    /// Multiply-adds for one image, positions in the padding included.
    #[inline(always)]
    pub const fn macs(&self) -> usize {
        volume(self.output) * self.kernel_len()
    }

    /// Each channel has a kernel of its own.
    #[inline(always)]
    pub const fn is_depthwise(&self) -> bool {
        self.groups == self.input[0] && self.groups == self.output[0] && self.groups > 1
    }

    /// Whether the output follows from the input; the macro asserts it of every layer.
    #[inline(always)]
    pub const fn is_consistent(&self) -> bool {
        let [h, w] = self.window.output([self.input[1], self.input[2]]);
        self.output[1] == h
            && self.output[2] == w
            && self.input[0].is_multiple_of(self.groups)
            && self.output[0].is_multiple_of(self.groups)
    }
}

/// What a pooling kernel needs to know of its layer's sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolShape {
    /// Channels, height and width of the input.
    pub input: [usize; 3],
    /// Channels, height and width of the output.
    pub output: [usize; 3],
    /// The window; its dilation is 1.
    pub window: Window,
}

impl PoolShape {
    /// Whether the output follows from the input; the macro asserts it of every layer.
    #[inline(always)]
    pub const fn is_consistent(&self) -> bool {
        let [h, w] = self.window.output([self.input[1], self.input[2]]);
        self.output[0] == self.input[0] && self.output[1] == h && self.output[2] == w
    }
}
