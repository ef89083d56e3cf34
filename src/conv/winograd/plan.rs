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
    /// The packed weights'; a depthwise layer's groups are one, whose lanes are channels.
    pub(super) layout: WeightLayout,
    /// Whether the lanes of a product are channels on both sides.
    pub(super) depthwise: bool,
    /// Tiles that share the lanes of a vector of outputs: two where one tile would leave half of them
    /// idle and products of two inputs can be made at once.
    pub(super) sharing: usize,
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
        let layout = WeightLayout::new(&shape, 1);
        let depthwise = shape.is_depthwise();
        let few = layout.inputs == 1 && layout.outputs <= LANES / 2;
        let tiles = [height.div_ceil(m), width.div_ceil(m)];
        let mut plan = Self {
            shape,
            m,
            r: shape.window.kernel[0],
            tiles,
            strip: tiles[0],
            layout,
            depthwise,
            sharing: if few && !depthwise { 2 } else { 1 },
        };
        while plan.strip > 1
            && (tiles[0] % plan.strip != 0 || plan.scratch() * Block::BYTES > STRIP_BYTES)
        {
            plan.strip -= 1;
        }
        plan
    }

    /// Vector operations of one image, in tenths of a multiply-add of `Direct`'s: fitted to what
    /// `cargo bench --bench layers` measures.
    pub(super) const fn cost(&self) -> usize {
        let tiles = self.tiles[0] * self.tiles[1];
        let (positions, blocks) = (self.n() * self.n(), self.layout.groups * self.layout.blocks);
        let products = positions * blocks * self.inputs();
        let strips = self.tiles[0] / self.strip;
        // Weights that a second-level cache does not hold beside the rest come from the next one.
        let stream = if products * Block::BYTES > 1 << 20 { 80 } else { 8 };
        let sums = if self.inputs() > 1 { tiles * positions * blocks } else { 0 };
        let transforms = tiles * (self.m + self.n()) * self.n();
        14 * tiles * products
            + stream * strips * products
            + 30 * sums
            + 30 * transforms * self.shape.input[0] / LANES
            + 25 * transforms * blocks / self.sharing
    }

    /// The tile as a number: m and r.
    #[inline(always)]
    pub(super) const fn tile(&self) -> usize {
        10 * self.m + self.r
    }

    /// A tile's inputs on an axis.
    #[inline(always)]
    pub(super) const fn n(&self) -> usize {
        self.m + self.r - 1
    }

    /// Input channels that a product sums over.
    #[inline(always)]
    pub(super) const fn inputs(&self) -> usize {
        self.layout.inputs
    }

    /// Tiles of a strip.
    #[inline(always)]
    pub(super) const fn strip_tiles(&self) -> usize {
        self.strip * self.tiles[1]
    }

    /// Tiles beyond the last one of a row or column, on an axis, that a tile's inputs reach into.
    #[inline(always)]
    pub(super) const fn reach(&self) -> usize {
        (self.n() - 1) / self.m
    }

    /// Values of one row of tiles in a plane.
    #[inline(always)]
    pub(super) const fn pitch(&self) -> usize {
        (self.tiles[1] + self.reach()) * self.shape.input[0]
    }

    /// Vectors that hold one value for every tile of a strip, those that are only reached into
    /// included.
    #[inline(always)]
    pub(super) const fn vectors(&self) -> usize {
        (self.strip * self.pitch()).div_ceil(LANES)
    }

    /// Values of one of the m × m planes that an image is dealt out to.
    #[inline(always)]
    pub(super) const fn plane(&self) -> usize {
        self.reach() * self.pitch() + self.vectors() * LANES
    }

    /// Values of one of the n × m planes that are transformed downwards.
    #[inline(always)]
    pub(super) const fn column(&self) -> usize {
        // A vector at the end of a row may be read across it.
        (self.vectors() + 1) * LANES
    }

    /// Values of one of the n × n transformed positions. Odd in cache lines, or the positions of a
    /// tile would all lie in the same few sets of the cache.
    #[inline(always)]
    pub(super) const fn position(&self) -> usize {
        let blocks = (self.strip_tiles() * self.shape.input[0]).div_ceil(LANES) + 1;
        (blocks + 1 - blocks % 2) * LANES
    }

    /// Vectors from one tile's sums to the next one's.
    #[inline(always)]
    pub(super) const fn sums(&self) -> usize {
        (self.n() * self.n()) | 1
    }

    /// Lengths of the four parts of the scratch memory, in values: transformed; and behind it dealt out
    /// and transformed downwards, or in the same place, later, summed.
    #[inline(always)]
    pub(super) const fn parts(&self) -> [usize; 4] {
        let (m, n) = (self.m, self.n());
        [
            n * n * self.position(),
            (m * m * self.plane()).next_multiple_of(LANES),
            n * m * self.column(),
            if self.inputs() > 1 { self.strip_tiles() * self.sums() * LANES } else { 0 },
        ]
    }

    /// Scratch memory in blocks.
    #[inline(always)]
    pub(super) const fn scratch(&self) -> usize {
        let [transformed, dealt, down, summed] = self.parts();
        let shared = if dealt + down > summed { dealt + down } else { summed };
        Block::count::<f32>(transformed + shared)
    }

    /// Values of the transformed weights.
    #[inline(always)]
    pub(super) const fn weights(&self) -> usize {
        self.layout.groups * self.layout.blocks * self.n() * self.n() * self.inputs() * LANES
    }
}
