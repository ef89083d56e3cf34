//! The sizes of a layer's transforms, and where its spectra lie.

use super::transform::Complex;
use crate::conv::{LANES, WeightLayout};
use crate::shape::ConvShape;
use crate::simd::Block;

/// Bytes that the spectra of one tile of an image may take, where a smaller tile is possible.
const SPECTRA_BYTES: usize = 512 << 10;

/// Bytes of kernel spectra that stay in a second-level cache from tile to tile.
const CACHE_BYTES: usize = 1 << 20;

/// The numbers of one layer, all known when it is compiled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) shape: ConvShape,
    pub(super) layout: WeightLayout,
    /// Height and width of a transform: 1, a power of two, or three times one.
    pub(super) size: [usize; 2],
    /// Outputs of a tile, down and across: those that nothing has wrapped around into.
    pub(super) outputs: [usize; 2],
    /// Tiles, down and across.
    pub(super) tiles: [usize; 2],
    /// Whether the lanes of a product are channels on both sides.
    pub(super) depthwise: bool,
}

/// The next larger size of a transform: 1, 2, 4, 6, 8, 12, 16, 24 …
const fn larger(size: usize) -> usize {
    match size {
        1 => 2,
        2 => 4,
        _ if size.is_power_of_two() => size / 2 * 3,
        _ => size / 3 * 4,
    }
}

impl Plan {
    /// The cheapest transforms for a layer.
    pub(super) const fn new(shape: ConvShape) -> Self {
        let smallest = Self::fitting(shape, shape.window.kernel);
        let mut best = smallest;
        let mut size = smallest.size;
        // Every height with every width, until one tile is the whole image.
        loop {
            let plan = Self::with_size(shape, size);
            let fits = plan.spectra() * size_of::<Complex>() <= SPECTRA_BYTES;
            if fits && plan.cost() < best.cost() {
                best = plan;
            }
            if plan.tiles[1] > 1 {
                size[1] = larger(size[1]);
            } else if plan.tiles[0] > 1 {
                size = [larger(size[0]), smallest.size[1]];
            } else {
                return best;
            }
        }
    }

    /// Blocks of the roots of unity and the kernels' spectra.
    pub(super) const fn blocks(&self) -> usize {
        self.roots() + self.weights() * size_of::<Complex>() / Block::BYTES
    }

    /// The smallest transforms that hold so many values.
    pub(super) const fn fitting(shape: ConvShape, values: [usize; 2]) -> Self {
        let mut size = [1, 1];
        while size[0] < values[0] {
            size[0] = larger(size[0]);
        }
        while size[1] < values[1] {
            size[1] = larger(size[1]);
        }
        Self::with_size(shape, size)
    }

    /// The plan with transforms of this size, which is at least that of the window.
    pub(super) const fn with_size(shape: ConvShape, size: [usize; 2]) -> Self {
        let [kernel_height, kernel_width] = shape.window.kernel;
        let outputs = [size[0] - kernel_height + 1, size[1] - kernel_width + 1];
        let tiles = [shape.output[1].div_ceil(outputs[0]), shape.output[2].div_ceil(outputs[1])];
        let (layout, depthwise) = (WeightLayout::new(&shape, 1), shape.is_depthwise());
        Self { shape, layout, size, outputs, tiles, depthwise }
    }

    /// Vector operations of one image, roughly.
    const fn cost(&self) -> usize {
        let [height, width] = self.size;
        let stages = (2 * height * width).ilog2() as usize;
        let blocks = self.layout.groups * self.layout.blocks;
        let transforms = self.frequencies() * stages * 5 * (self.input_blocks() + blocks);
        let weights = self.frequencies() * blocks * self.inputs();
        // Four products each; and two loads, which take long from beyond the second-level cache.
        let load = if self.weights() * size_of::<Complex>() > CACHE_BYTES { 16 } else { 2 };
        self.tiles[0] * self.tiles[1] * (transforms + (4 + load) * weights)
    }

    /// Frequencies across: of a real row, the others are their conjugates.
    #[inline(always)]
    pub(super) const fn across(&self) -> usize {
        self.size[1] / 2 + 1
    }

    /// Frequencies in all.
    #[inline(always)]
    pub(super) const fn frequencies(&self) -> usize {
        self.size[0] * self.across()
    }

    /// Input channels that one output channel sees.
    #[inline(always)]
    pub(super) const fn inputs(&self) -> usize {
        self.layout.inputs
    }

    /// Blocks of the input's channels.
    #[inline(always)]
    pub(super) const fn input_blocks(&self) -> usize {
        self.shape.input[0].div_ceil(LANES)
    }

    /// Complex vectors of the spectra of one tile's inputs.
    #[inline(always)]
    pub(super) const fn spectra(&self) -> usize {
        self.frequencies() * self.input_blocks()
    }

    /// Complex vectors that a one-dimensional transform works in, twice.
    #[inline(always)]
    pub(super) const fn line(&self) -> usize {
        if self.size[0] > self.size[1] { self.size[0] } else { self.size[1] }
    }

    /// Scratch memory in blocks: the inputs' spectra, one output block's, two lines.
    #[inline(always)]
    pub(super) const fn scratch(&self) -> usize {
        (self.spectra() + self.frequencies() + 2 * self.line()) * size_of::<Complex>()
            / Block::BYTES
    }

    /// Complex vectors of the weights' spectra: [group][block][frequency][input].
    #[inline(always)]
    pub(super) const fn weights(&self) -> usize {
        self.layout.groups * self.layout.blocks * self.frequencies() * self.inputs()
    }

    /// Blocks of the roots of unity: of the height, then of the width.
    #[inline(always)]
    pub(super) const fn roots(&self) -> usize {
        Block::count::<[f32; 2]>(self.size[0] + self.size[1])
    }
}
