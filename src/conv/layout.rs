//! Where a weight lies in packed parameters: one layout for all algorithms and instruction sets.
//!
//! ```text
//! group of channels → block of 16 output channels → tap (row, column) → input channel → lane
//! ```
//!
//! A kernel walks its weights from front to back while it walks a window's pixels, whose channels
//! are neighbours in a feature map. In a depthwise convolution the lanes are the channels.

use crate::shape::ConvShape;

/// Output channels in a block.
pub const LANES: usize = 16;

/// The order of one layer's packed weights.
#[derive(Clone, Copy, Debug)]
pub struct WeightLayout {
    /// Groups that are laid out one after the other; a depthwise layer's are one.
    pub groups: usize,
    /// Output channels of such a group.
    pub outputs: usize,
    /// Blocks of `LANES` output channels that hold them.
    pub blocks: usize,
    /// Input channels that one output channel sees.
    pub inputs: usize,
    /// Taps of the window.
    pub taps: usize,
}

impl WeightLayout {
    /// The layout of a layer, whose inner products take `group` inputs a step.
    pub const fn new(shape: &ConvShape, group: usize) -> Self {
        assert!(group == 1, "steps of several inputs are for integer precisions");
        let (groups, outputs) = if shape.is_depthwise() {
            (1, shape.output[0])
        } else {
            (shape.groups, shape.group_outputs())
        };
        Self {
            groups,
            outputs,
            blocks: outputs.div_ceil(LANES),
            inputs: shape.group_inputs(),
            taps: shape.window.taps(),
        }
    }

    /// Weights of one block.
    pub const fn block_len(&self) -> usize {
        self.taps * self.inputs * LANES
    }

    /// Weights in all, the padding of the last block of each group included.
    pub const fn len(&self) -> usize {
        self.groups * self.blocks * self.block_len()
    }

    /// Places for output channels, the padding of the last block of each group included.
    pub const fn channels(&self) -> usize {
        self.groups * self.blocks * LANES
    }

    /// The place of an output channel.
    pub const fn channel(&self, output: usize) -> usize {
        output / self.outputs * self.blocks * LANES + output % self.outputs
    }

    /// The place of a weight.
    pub const fn index(&self, output: usize, input: usize, tap: usize) -> usize {
        let channel = self.channel(output);
        channel / LANES * self.block_len() + (tap * self.inputs + input) * LANES + channel % LANES
    }

    /// The places of all weights in the order of PyTorch's tensor: output, input, row, column.
    pub fn indices(self, shape: &ConvShape) -> impl Iterator<Item = usize> {
        (0..shape.output[0]).flat_map(move |o| {
            (0..self.inputs).flat_map(move |i| (0..self.taps).map(move |tap| self.index(o, i, tap)))
        })
    }
}
