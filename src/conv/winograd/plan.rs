//! Which tile a layer gets, and where its transformed values lie.

use crate::conv::{LANES, WeightLayout};
use crate::shape::ConvShape;
use crate::simd::Block;

/// Scratch memory that a strip of tiles may take, in bytes: what stays in a second-level cache
/// beside the weights.
const STRIP_BYTES: usize = 160 << 10;

/// The numbers of one layer, all known when it is compiled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) shape: ConvShape,
    /// A tile's outputs on an axis: 1, 2 or 4.
    pub(super) m: usize,
    /// The window's taps on an axis: 3 or 5.
    pub(super) r: usize,
    /// Tiles down and across the output.
    pub(super) tiles: [usize; 2],
    /// Rows of tiles that are computed together; they divide the rows.
    pub(super) strip: usize,
    /// Independent groups; a depthwise layer's are one, whose lanes are channels.
    pub(super) groups: usize,
    /// Blocks of output channels in a group.
    pub(super) blocks: usize,
}

impl Plan {
    /// The cheapest tile for a layer.
    pub(super) const fn new(shape: ConvShape) -> Self {
        let [_, height, width] = shape.output;
        // An output of one pixel has nothing that its products could be shared with.
        if height * width == 1 {
            return Self::with_tile(shape, 1);
        }
        let (small, large) = (Self::with_tile(shape, 2), Self::with_tile(shape, 4));
        if large.cost() <= small.cost() { large } else { small }
    }

    /// The plan with tiles of m × m outputs.
    pub(super) const fn with_tile(shape: ConvShape, m: usize) -> Self {
        let [_, height, width] = shape.output;
        let WeightLayout { groups, blocks, .. } = WeightLayout::new(&shape, 1);
        let tiles = [height.div_ceil(m), width.div_ceil(m)];
        let mut plan =
            Self { shape, m, r: shape.window.kernel[0], tiles, strip: tiles[0], groups, blocks };
        while plan.strip > 1
            && (tiles[0] % plan.strip != 0 || plan.scratch() * Block::BYTES > STRIP_BYTES)
        {
            plan.strip -= 1;
        }
        plan
    }

    /// Vector operations of one image, roughly.
    const fn cost(&self) -> usize {
        let [tiles, channels] = [self.tiles[0] * self.tiles[1], self.shape.input[0]];
        let (positions, blocks) = (self.n() * self.n(), self.groups * self.blocks);
        let products = positions * blocks * self.inputs();
        let strips = self.tiles[0] / self.strip;
        // A sum is stored and loaded once; weights stream from the second-level cache.
        let sums = tiles * positions * blocks * 4;
        let transforms = tiles * (self.m + self.n()) * self.n() * 4;
        tiles * products
            + strips * products * 2
            + sums
            + transforms * (channels.div_ceil(LANES) + blocks)
    }

    /// The tile as a number: m and r.
    pub(super) const fn tile(&self) -> usize {
        10 * self.m + self.r
    }

    /// A tile's inputs on an axis.
    pub(super) const fn n(&self) -> usize {
        self.m + self.r - 1
    }

    /// Input channels that a product sums over.
    pub(super) const fn inputs(&self) -> usize {
        self.shape.group_inputs()
    }

    /// Tiles of a strip.
    pub(super) const fn strip_tiles(&self) -> usize {
        self.strip * self.tiles[1]
    }

    /// Tiles beyond the last one of a row or column, on an axis, that a tile's inputs reach into.
    pub(super) const fn reach(&self) -> usize {
        (self.n() - 1) / self.m
    }

    /// Values of one row of tiles in a plane.
    pub(super) const fn pitch(&self) -> usize {
        (self.tiles[1] + self.reach()) * self.shape.input[0]
    }

    /// Vectors that hold one value for every tile of a strip, those that are only reached into
    /// included.
    pub(super) const fn vectors(&self) -> usize {
        (self.strip * self.pitch()).div_ceil(LANES)
    }

    /// Values of one of the m × m planes that an image is dealt out to.
    pub(super) const fn plane(&self) -> usize {
        self.reach() * self.pitch() + self.vectors() * LANES
    }

    /// Values of one of the n × m planes that are transformed downwards.
    pub(super) const fn column(&self) -> usize {
        // A vector at the end of a row may be read across it.
        (self.vectors() + 1) * LANES
    }

    /// Values of one of the n × n transformed positions. Odd in cache lines, or the positions of a
    /// tile would all lie in the same few sets of the cache.
    pub(super) const fn position(&self) -> usize {
        let blocks = (self.strip_tiles() * self.shape.input[0]).div_ceil(LANES) + 1;
        (blocks + 1 - blocks % 2) * LANES
    }

    /// Vectors from one tile's sums to the next one's.
    pub(super) const fn sums(&self) -> usize {
        (self.n() * self.n()) | 1
    }

    /// Lengths of the four parts of the scratch memory, in values: dealt out, transformed downwards,
    /// transformed, summed.
    pub(super) const fn parts(&self) -> [usize; 4] {
        let (m, n) = (self.m, self.n());
        [
            (m * m * self.plane()).next_multiple_of(LANES),
            n * m * self.column(),
            n * n * self.position(),
            if self.inputs() > 1 { self.strip_tiles() * self.sums() * LANES } else { 0 },
        ]
    }

    /// Scratch memory in blocks.
    pub(super) const fn scratch(&self) -> usize {
        let [a, b, c, d] = self.parts();
        Block::count::<f32>(a + b + c + d)
    }

    /// Values of the transformed weights.
    pub(super) const fn weights(&self) -> usize {
        self.groups * self.blocks * self.n() * self.n() * self.inputs() * LANES
    }
}
