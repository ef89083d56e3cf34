//! Which tiles are fastest for a layer on an instruction set.

use super::table::TILES;
use crate::conv::windows::Windows;
use crate::conv::{LANES, WeightLayout};
use crate::simd::Isa;

/// The tiles for a layer: for its full blocks, and for its narrower last one.
#[derive(Clone, Copy, Debug)]
pub(in crate::conv) struct Plan {
    pub(in crate::conv) full: usize,
    pub(in crate::conv) tail: usize,
}

impl Plan {
    /// The fastest tiles for such windows.
    #[inline(always)]
    pub(in crate::conv) const fn new<I: Isa>(windows: &Windows, layout: &WeightLayout) -> Self {
        let full = choose::<I>(windows, layout, full_blocks(layout), LANES);
        let tail = choose::<I>(windows, layout, 1, layout.tail);
        Self { full: full.0, tail: tail.0 }
    }

    /// The tiles of a layer that has one window.
    pub(in crate::conv) const fn of_one_window<I: Isa>(layout: &WeightLayout) -> Self {
        let (step, runs, run_step) = ([0, 0], [1, 1], [0, 0]);
        let windows =
            Windows { size: [1, 1], step, runs, run_step, group_step: layout.inputs, pool: false };
        Self::new::<I>(&windows, layout)
    }

    /// What the fastest tiles take for each step, in eighths of a cycle.
    #[inline(always)]
    pub(in crate::conv) const fn cost<I: Isa>(windows: &Windows, layout: &WeightLayout) -> usize {
        let full = full_blocks(layout);
        let tail = match layout.tail {
            LANES => 0,
            lanes => choose::<I>(windows, layout, 1, lanes).1,
        };
        if full > 0 { choose::<I>(windows, layout, full, LANES).1 + tail } else { tail }
    }
}

/// A [`Plan`] that is known when the kernel is compiled, so that only its tiles are.
pub(in crate::conv) trait Planned {
    const PLAN: Plan;
}

/// Blocks of sixteen lanes.
#[inline(always)]
pub(in crate::conv) const fn full_blocks(layout: &WeightLayout) -> usize {
    if layout.tail == LANES { layout.blocks } else { layout.blocks - 1 }
}

/// Bytes of weights that a first-level cache may hold.
const FIRST_LEVEL: usize = 48 << 10;

/// Whether a layer's weights come from a second-level cache: each is read once, and they are too many
/// to be in the first one. (Of fewer than eight bits they are taken for twice as many.)
const fn streams(windows: &Windows, layout: &WeightLayout) -> bool {
    let lanes = layout.groups * layout.group_lanes();
    matches!(windows.size, [1, 1]) && 4 * lanes * layout.runs * layout.steps() > FIRST_LEVEL
}

/// The cheapest tile for rows of a layer's windows and so many blocks of so many lanes, and what a row
/// costs.
///
/// A step of a tile costs the multiply-adds, the loads or the wait for the sums of the step before,
/// whichever is most; all in half cycles of a core that does two multiply-adds and two loads a cycle,
/// one of them from the second-level cache, with a latency of four. That is Zen 3 to 5, Intel's cores
/// since Haswell and most of ARM's.
const fn choose<I: Isa>(
    windows: &Windows,
    layout: &WeightLayout,
    blocks: usize,
    lanes: usize,
) -> (usize, usize) {
    let [_, columns] = windows.size;
    let streams = streams(windows, layout);
    let (mut best, mut best_cost) = (0, usize::MAX);
    let mut index = 0;
    while index < TILES.len() {
        let [c, b] = TILES[index];
        let sums = c * b;
        // Steps are dealt out where there is one window only: a value must not depend on the tile,
        // or a pool's input would differ from what is pooled.
        let whole = if windows.pool {
            c % 4 == 0 && c / 2 <= columns
        } else {
            c <= columns && (c > 1 || columns == 1)
        };
        if whole && (b <= blocks || b == 1) && fits::<I>(c, b) {
            let chains = sums * split::<I>(c, b) * I::REGISTERS;
            let products = sums * I::REGISTERS;
            let weights = b * I::REGISTERS;
            let loads = max(c + weights, if streams { 2 * weights } else { 0 });
            let loads = loads + 4 * spilled::<I>(c, b, lanes);
            let waits = 8 * products / chains;
            let step = max(max(products, loads), if chains < 8 { waits } else { 0 });
            // An eighth of a cycle for the loop.
            let tiles =
                if windows.pool { (columns / 2).div_ceil(c / 4) } else { columns.div_ceil(c) };
            let cost = tiles * blocks.div_ceil(b) * (4 * step + 1);
            if cost < best_cost {
                (best, best_cost) = (index, cost);
            }
        }
        index += 1;
    }
    (best, best_cost)
}

#[inline(always)]
const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// Whether the sums of so many windows in so many blocks stay in registers beside the weights and an
/// input. The smallest tiles are for every machine.
pub(in crate::conv) const fn fits<I: Isa>(columns: usize, blocks: usize) -> bool {
    (columns * blocks + blocks) * I::REGISTERS < I::VECTORS || columns <= 4 && blocks == 1
}

/// Registers that a tile lacks: their values are stored and loaded again at each step, and waited for.
/// Of surplus lanes nothing is stored, so they take none.
const fn spilled<I: Isa>(columns: usize, blocks: usize, lanes: usize) -> usize {
    let taken = (columns * blocks + blocks) * (I::REGISTERS * lanes).div_ceil(LANES);
    // An input and a product beside the sums and the weights.
    if taken < I::VECTORS { 0 } else { taken + 2 - I::VECTORS }
}

/// Sums that the steps of a tile are dealt out to, if it has so few that it would wait for them.
pub(super) const fn split<I: Isa>(columns: usize, blocks: usize) -> usize {
    // Four sums, a step's weights and an input; words take more for these.
    if columns == 1 && blocks == 1 && 6 * I::REGISTERS <= I::VECTORS && !I::WORDS {
        4
    } else if columns == 1 && blocks < 4 && fits::<I>(2, blocks) {
        2
    } else {
        1
    }
}

/// The same for a tile of the table.
pub(in crate::conv) const fn splits<I: Isa>(tile: usize) -> usize {
    let [columns, blocks] = TILES[tile];
    split::<I>(columns, blocks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{ConvShape, Window};
    use crate::simd::Scalar;

    /// The tile of a linear layer's full blocks.
    fn of_linear<I: Isa>([inputs, outputs]: [usize; 2], group: usize) -> [usize; 2] {
        let window = Window { kernel: [1; 2], stride: [1; 2], padding: [0; 4], dilation: [1; 2] };
        let shape = ConvShape { input: [inputs, 1, 1], output: [outputs, 1, 1], window, groups: 1 };
        TILES[Plan::of_one_window::<I>(&WeightLayout::new(&shape, group)).full]
    }

    #[test]
    fn one_window_has_a_tile_of_one() {
        for outputs in [1, 16, 33, 128] {
            assert_eq!(of_linear::<Scalar>([400, outputs], 1), [1, 1]);
        }
    }

    /// What is read from the second-level cache is not read twice, unless that is hardly more.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn weights_that_stream_are_read_once() {
        use crate::simd::{Avx2, Avx512};
        let tile = |outputs| of_linear::<Avx2>([400, outputs], 1);
        assert_eq!([112, 128, 176, 192, 512].map(tile), [[1, 1], [1, 2], [1, 1], [1, 3], [1, 2]]);
        assert_eq!(of_linear::<Avx512>([400, 112], 1), [1, 7]);
        // Those that a first-level cache holds are, to save loads of inputs.
        assert_eq!(of_linear::<Avx2>([100, 112], 1), [1, 2]);
        assert_eq!(of_linear::<Avx2>([400, 112], 4), [1, 2]);
    }
}
