//! The tiles that there are, which is the cheapest, and the code that is compiled for one of them.

use crate::conv::LANES;
use crate::shape::ConvShape;
use crate::simd::{Isa, Kernel};

/// A tile that is known when the kernel is compiled.
pub(in crate::conv) trait Planned {
    const TILE: usize;
}

/// Work that is compiled for a tile of rows, vectors and output channels.
pub(super) trait Body {
    fn run<const ROWS: usize, const VECTORS: usize, const OUTPUTS: usize>(self);
}

/// Work for a tile as a function of its own, as in `tile`.
struct Apart<B, const ROWS: usize, const VECTORS: usize, const OUTPUTS: usize>(B);

impl<B: Body, const ROWS: usize, const VECTORS: usize, const OUTPUTS: usize> Kernel
    for Apart<B, ROWS, VECTORS, OUTPUTS>
{
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, _: I) {
        self.0.run::<ROWS, VECTORS, OUTPUTS>();
    }
}

/// Work for a tile, compiled for each layer or for all of them.
#[inline(always)]
fn with_tile<I: Isa, B: Body, const ROWS: usize, const VECTORS: usize, const OUTPUTS: usize>(
    isa: I,
    body: B,
) {
    if const { I::SHARED } {
        isa.run(Apart::<B, ROWS, VECTORS, OUTPUTS>(body));
    } else {
        body.run::<ROWS, VECTORS, OUTPUTS>();
    }
}

macro_rules! tiles {
    ($($index:literal: $rows:literal x $vectors:literal x $outputs:literal,)+) => {
        /// Rows, vectors of a row and output channels of each tile.
        const TILES: &[[usize; 3]] = &[$([$rows, $vectors, $outputs]),+];

        #[inline(always)]
        pub(super) fn with_fixed_tile<I: Isa, T: Planned, B: Body>(isa: I, body: B) {
            match T::TILE {
                $($index => with_tile::<I, B, $rows, $vectors, $outputs>(isa, body),)+
                _ => unreachable!("a plan names a tile of the table"),
            }
        }

        #[inline(always)]
        pub(super) fn with_any_tile<I: Isa, B: Body>(isa: I, index: usize, body: B) {
            match index {
                $($index => isa.run(Apart::<B, $rows, $vectors, $outputs>(body)),)+
                _ => unreachable!("a plan names a tile of the table"),
            }
        }
    };
}

tiles! {
    0: 1 x 1 x 1, 1: 1 x 1 x 2, 2: 1 x 1 x 3, 3: 1 x 1 x 4, 4: 1 x 1 x 6, 5: 1 x 1 x 8,
    6: 1 x 2 x 8, 7: 1 x 3 x 8,
    8: 2 x 1 x 1, 9: 2 x 1 x 2, 10: 2 x 1 x 3, 11: 2 x 1 x 6, 12: 2 x 1 x 8,
    13: 2 x 2 x 1, 14: 2 x 2 x 2, 15: 2 x 2 x 3, 16: 2 x 2 x 4, 17: 2 x 2 x 6,
}

pub(super) const fn fits<I: Isa>([rows, vectors, outputs]: [usize; 3]) -> bool {
    let (inputs, sums) = (rows * vectors, rows * vectors * outputs);
    // Either all inputs and one weight, or all weights and one input, beside the sums.
    (sums + inputs) * I::REGISTERS < I::VECTORS
        || (sums + 1) * I::REGISTERS + outputs <= I::VECTORS
        || sums == 1
        || rows == 2 && sums == 2
}

/// The cheapest tile, by the measure of `tile`; a pool takes two rows.
pub(in crate::conv) const fn choose<I: Isa>(shape: &ConvShape, pool: bool) -> usize {
    let [outputs, height, width] = shape.output;
    let (mut best, mut best_cost) = (0, usize::MAX);
    let mut index = 0;
    while index < TILES.len() {
        let tile = TILES[index];
        let [r, v, o] = tile;
        let whole = v == 1 || (v - 1) * LANES < width;
        if fits::<I>(tile) && (r == 2 || !pool) && r <= height && o <= outputs && whole {
            let products = r * v * o * I::REGISTERS;
            // A load that is as wide as a cache line and not aligned takes two.
            let loads = r * v * if I::REGISTERS == 1 { 2 } else { I::REGISTERS } + o;
            let most = if products > loads { products } else { loads };
            let step = if most > 8 { most } else { 8 };
            let tiles = height.div_ceil(r) * width.div_ceil(v * LANES) * outputs.div_ceil(o);
            let cost = tiles * (4 * step + 1);
            if cost < best_cost {
                (best, best_cost) = (index, cost);
            }
        }
        index += 1;
    }
    best
}
