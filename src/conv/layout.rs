//! Where a weight lies in packed parameters: one layout for all algorithms and instruction sets.
//!
//! ```text
//! group of channels → block of 16 output channels → run of inputs → step of the inner product → lane → input
//! ```
//!
//! A *run* is a stretch of a window whose values are neighbours in a feature map: a row of taps with
//! all their channels, or one tap where dilation or groups leave gaps. A kernel walks its weights from
//! front to back while it walks a window's runs. A *step* is the `group` inputs that one instruction
//! takes; the last step of a run is filled up with zeros.
//!
//! The last block of a group has as many lanes as it needs, a multiple of 4. Kernels still read 16
//! lanes of it, of which the surplus are the next step's and come to nothing; so behind the last
//! weight there is room for that.
//!
//! In a depthwise convolution the lanes are the channels, and a step takes one input.

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
    /// Blocks of `LANES` output channels that hold them; the last may be narrower.
    pub blocks: usize,
    /// Lanes of the last block.
    pub tail: usize,
    /// Input channels that one output channel sees.
    pub inputs: usize,
    /// Taps of the window.
    pub taps: usize,
    /// Runs of a window.
    pub runs: usize,
    /// Values of a run.
    pub run: usize,
    /// Inputs of a step.
    pub group: usize,
}

impl WeightLayout {
    /// The layout of a layer, whose inner products take `group` inputs a step.
    #[inline(always)]
    pub const fn new(shape: &ConvShape, group: usize) -> Self {
        let depthwise = shape.is_depthwise();
        let (groups, outputs) =
            if depthwise { (1, shape.output[0]) } else { (shape.groups, shape.group_outputs()) };
        let blocks = outputs.div_ceil(LANES);
        let inputs = shape.group_inputs();
        let taps = shape.window.taps();
        let runs = runs(shape);
        Self {
            groups,
            outputs,
            blocks,
            tail: (outputs - (blocks - 1) * LANES).next_multiple_of(4),
            inputs,
            taps,
            runs,
            run: taps * inputs / runs,
            group: if depthwise { 1 } else { group },
        }
    }

    /// Steps of a run.
    #[inline(always)]
    pub const fn steps(&self) -> usize {
        self.run.div_ceil(self.group)
    }

    /// Lanes of a block.
    #[inline(always)]
    pub const fn lanes(&self, block: usize) -> usize {
        if block + 1 == self.blocks { self.tail } else { LANES }
    }

    /// Lanes of an output channel's block.
    pub(crate) const fn step_lanes(&self, output: usize) -> usize {
        self.lanes(output % self.outputs / LANES)
    }

    /// Output channels in a block.
    #[inline(always)]
    pub const fn places(&self, block: usize) -> usize {
        let rest = self.outputs - block * LANES;
        if self.outputs.is_multiple_of(LANES) || rest > LANES { LANES } else { rest }
    }

    /// Lanes of one group's blocks.
    #[inline(always)]
    pub const fn group_lanes(&self) -> usize {
        (self.blocks - 1) * LANES + self.tail
    }

    /// Weights of one lane.
    #[inline(always)]
    pub const fn lane_len(&self) -> usize {
        self.runs * self.steps() * self.group
    }

    /// Weights in all, with room for a whole block to be read at the last step.
    #[allow(clippy::len_without_is_empty, reason = "a layer has weights")]
    #[inline(always)]
    pub const fn len(&self) -> usize {
        self.groups * self.group_lanes() * self.lane_len() + (LANES - self.tail) * self.group
    }

    /// Places for output channels, with room for a whole block to be read at the last one.
    #[inline(always)]
    pub const fn channels(&self) -> usize {
        self.groups * self.group_lanes() + LANES - self.tail
    }

    /// The place of an output channel.
    #[inline(always)]
    pub const fn channel(&self, output: usize) -> usize {
        output / self.outputs * self.group_lanes() + output % self.outputs
    }

    /// The place of a weight.
    #[inline(always)]
    pub const fn index(&self, output: usize, input: usize, tap: usize) -> usize {
        let channel = self.channel(output);
        let (block, lane) = (output % self.outputs / LANES, output % self.outputs % LANES);
        let value = tap * self.inputs + input;
        let (run, value) = (value / self.run, value % self.run);
        let step = run * self.steps() + value / self.group;
        (channel - lane) * self.lane_len()
            + (step * self.lanes(block) + lane) * self.group
            + value % self.group
    }

    /// The places of all weights in the order of PyTorch's tensor: output, input, row, column.
    pub fn indices(self, shape: &ConvShape) -> impl Iterator<Item = usize> {
        (0..shape.output[0]).flat_map(move |o| {
            (0..self.inputs).flat_map(move |i| (0..self.taps).map(move |tap| self.index(o, i, tap)))
        })
    }
}

/// Runs of neighbouring values that a window has in a feature map.
#[inline(always)]
const fn runs(shape: &ConvShape) -> usize {
    let window = &shape.window;
    let [rows, columns] = window.kernel;
    if shape.groups > 1 || window.dilation[1] > 1 && columns > 1 {
        return rows * columns;
    }
    let whole_rows = columns == shape.input[2] && window.padding[2] == 0 && window.padding[3] == 0;
    if rows == 1 || whole_rows && window.dilation[0] == 1 { 1 } else { rows }
}

/// Whether a layer has one window, and that is one run: a linear layer, or a convolution that is like one.
#[inline(always)]
pub(super) const fn is_one_run(shape: &ConvShape) -> bool {
    let [top, bottom, left, right] = shape.window.padding;
    !shape.is_depthwise()
        && shape.output[1] * shape.output[2] == 1
        && top + bottom + left + right == 0
        && runs(shape) == 1
        && shape.groups == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Window;

    /// No two weights share a place, no channel is outside, and nothing lies behind the end.
    #[test]
    fn places_are_distinct_and_inside() {
        for groups in [1, 2, 6] {
            for (inputs, outputs) in [(6, 6), (6, 12), (12, 36), (18, 120)] {
                for (dilation, padding) in [(1, 0), (2, 1)] {
                    for group in [1, 4, 8] {
                        let window = Window {
                            kernel: [3, 2],
                            stride: [1, 1],
                            padding: [padding; 4],
                            dilation: [1, dilation],
                        };
                        let [h, w] = window.output([5, 7]);
                        let shape = ConvShape {
                            input: [inputs, 5, 7],
                            output: [outputs, h, w],
                            window,
                            groups,
                        };
                        let layout = WeightLayout::new(&shape, group);
                        let mut places: Vec<_> = layout.indices(&shape).collect();
                        assert_eq!(places.len(), shape.weight_len());
                        places.sort_unstable();
                        places.dedup();
                        assert_eq!(places.len(), shape.weight_len(), "{shape:?} {group}");
                        assert!(*places.last().unwrap() < layout.len());
                        let mut channels: Vec<_> =
                            (0..outputs).map(|o| layout.channel(o)).collect();
                        channels.dedup();
                        assert_eq!(channels.len(), outputs);
                        assert!(channels[outputs - 1] < layout.channels());
                    }
                }
            }
        }
    }
}
