//! The tiles that there are, and the code that is compiled for one of them.

use super::plan::Planned;
use crate::simd::{Isa, Kernel};

/// Work that is compiled for a tile.
pub(in crate::conv) trait Body {
    fn run<const COLUMNS: usize, const BLOCKS: usize>(self);
}

/// Work for a tile as a function of its own: one with the loops of all tiles takes compilers several times
/// as long.
struct Apart<B, const COLUMNS: usize, const BLOCKS: usize>(B);

impl<B: Body, const COLUMNS: usize, const BLOCKS: usize> Kernel for Apart<B, COLUMNS, BLOCKS> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, _: I) {
        self.0.run::<COLUMNS, BLOCKS>();
    }
}

/// Work for a tile, compiled for each layer or for all of them.
#[inline(always)]
fn with_tile<I: Isa, B: Body, const COLUMNS: usize, const BLOCKS: usize>(isa: I, body: B) {
    if const { I::SHARED } {
        isa.run(Apart::<B, COLUMNS, BLOCKS>(body));
    } else {
        body.run::<COLUMNS, BLOCKS>();
    }
}

/// A tile that is known when the kernel is compiled.
pub(super) trait Tile {
    const INDEX: usize;
}

macro_rules! tiles {
    ($($index:literal: $columns:literal x $blocks:literal,)+) => {
        /// Windows and blocks of each tile.
        pub(in crate::conv) const TILES: &[[usize; 2]] = &[$([$columns, $blocks]),+];

        #[inline(always)]
        pub(super) fn with_fixed_tile<I: Isa, T: Tile, B: Body>(isa: I, body: B) {
            match T::INDEX {
                $($index => with_tile::<I, B, $columns, $blocks>(isa, body),)+
                _ => unreachable!("a plan names a tile of the table"),
            }
        }

        /// Work for a tile that is known when it runs.
        #[inline(always)]
        pub(in crate::conv) fn with_any_tile<I: Isa, B: Body>(isa: I, index: usize, body: B) {
            match index {
                $($index => isa.run(Apart::<B, $columns, $blocks>(body)),)+
                _ => unreachable!("a plan names a tile of the table"),
            }
        }
    };
}

tiles! {
    0: 1 x 1, 1: 1 x 2, 2: 1 x 3, 3: 1 x 4, 4: 1 x 5, 5: 1 x 6, 6: 1 x 7, 7: 1 x 8,
    8: 2 x 1, 9: 2 x 2, 10: 2 x 4, 11: 2 x 8,
    12: 3 x 1, 13: 3 x 2, 14: 3 x 4, 15: 3 x 8,
    16: 4 x 1, 17: 4 x 2, 18: 4 x 4,
    19: 5 x 1, 20: 5 x 2, 21: 5 x 4,
    22: 6 x 1, 23: 6 x 2, 24: 6 x 4,
    25: 7 x 1, 26: 7 x 2, 27: 8 x 1, 28: 8 x 2, 29: 10 x 1, 30: 10 x 2,
    31: 12 x 1, 32: 12 x 2, 33: 14 x 1, 34: 14 x 2,
    35: 16 x 1, 36: 20 x 1, 37: 24 x 1, 38: 28 x 1,
}

/// That of a plan's full blocks.
pub(super) struct Full<T>(T);
impl<T: Planned> Tile for Full<T> {
    const INDEX: usize = T::PLAN.full;
}

/// That of its narrower last one.
pub(super) struct Tail<T>(T);
impl<T: Planned> Tile for Tail<T> {
    const INDEX: usize = T::PLAN.tail;
}

/// Compiles work for a plan's tile of one block.
#[inline(always)]
pub(in crate::conv) fn with_column_tile<I: Isa, T: Planned, B: Body>(isa: I, body: B) {
    with_fixed_tile::<I, Tail<T>, _>(isa, body);
}
