//! The last step of a strip of tiles: transform back, add the bias, activate, pool, store.
#![allow(clippy::needless_range_loop, reason = "the loops are unrolled, over several arrays alike")]

use super::plan::Plan;
use super::product;
use super::transform::F;
use crate::conv::{LANES, WeightLayout};
use crate::layers::Activation;
use crate::precision::Arithmetic;
use crate::shape::PoolShape;
use crate::simd::Isa;

/// What outputs are transformed from.
#[derive(Clone, Copy)]
pub(super) struct Products<'a> {
    pub(super) positions: &'a [f32],
    pub(super) weights: &'a [f32],
    pub(super) sums: &'a [f32],
}

/// What outputs are made with and where they go.
pub(super) struct End<'a> {
    /// The biases.
    pub(super) channels: &'a [f32],
    pub(super) activation: Activation,
    /// Height and width of the windows that maxima are taken of; 1 if there is no pool.
    pub(super) pool: usize,
    pub(super) output: &'a mut [f32],
}

/// The window of a pool whose windows never cross the border of a tile of `m` outputs.
pub(super) const fn pool_inside(pool: &PoolShape, m: usize) -> Option<usize> {
    let window = &pool.window;
    match (window.kernel, window.stride, window.padding, window.dilation) {
        ([2, 2], [2, 2], [0, 0, 0, 0], [1, 1]) if m.is_multiple_of(2) => Some(2),
        ([4, 4], [4, 4], [0, 0, 0, 0], [1, 1]) if m.is_multiple_of(4) => Some(4),
        _ => None,
    }
}

/// Aᵀ M A and what follows: the outputs of one block of a group's channels.
#[inline(always)]
pub(super) fn outputs<I: Isa, const M: usize, const R: usize, const N: usize>(
    isa: I,
    plan: Plan,
    first: usize,
    [group, block]: [usize; 2],
    products: Products<'_>,
    end: &mut End<'_>,
) {
    let layout = WeightLayout::new(&plan.shape, 1);
    let offset = group * layout.outputs + block * LANES;
    let block_end = BlockEnd {
        bias: f32::start_block(isa, end.channels, layout.channel(offset)),
        offset,
        count: layout.places(block),
    };
    let Products { positions, weights, sums } = products;
    let (sums, _) = sums.as_chunks::<LANES>();
    for tile in 0..plan.strip_tiles() {
        let mut columns = [[block_end.bias; N]; M];
        for h in 0..N {
            let mut column = [block_end.bias; N];
            for v in 0..N {
                let position = v * N + h;
                column[v] = if plan.inputs() > 1 {
                    isa.load(&sums[tile * plan.sums()..][..N * N][position])
                } else {
                    let place = [tile, position];
                    product::only(isa, plan, [group, block], place, positions, weights)
                };
            }
            let column = F::<M, R, N>::output(isa, column);
            for y in 0..M {
                columns[y][h] = column[y];
            }
        }
        let place = [first + tile / plan.tiles[1], tile % plan.tiles[1]];
        match end.pool {
            1 => rows::<I, M, R, N, 1>(isa, plan, place, columns, &block_end, end),
            2 => rows::<I, M, R, N, 2>(isa, plan, place, columns, &block_end, end),
            _ => rows::<I, M, R, N, 4>(isa, plan, place, columns, &block_end, end),
        }
    }
}

/// Where one block of channels ends up.
struct BlockEnd<V> {
    bias: V,
    /// Its first output channel.
    offset: usize,
    /// Its output channels.
    count: usize,
}

/// A tile's rows, transformed across and in maxima over P × P.
#[inline(always)]
fn rows<I: Isa, const M: usize, const R: usize, const N: usize, const P: usize>(
    isa: I,
    plan: Plan,
    [i, j]: [usize; 2],
    columns: [[I::F32; N]; M],
    block: &BlockEnd<I::F32>,
    end: &mut End<'_>,
) {
    let [outputs, height, width] = plan.shape.output;
    let [height, width] = [height / P, width / P];
    let size = const { M / P };
    for y in 0..size.min(height - (i * size).min(height)) {
        let mut best = [block.bias; M];
        for down in 0..P {
            let row = F::<M, R, N>::output(isa, columns[y * P + down]);
            for x in 0..M {
                let value = end.activation.lanes(isa, isa.add(row[x], block.bias));
                let first = down == 0 && x % P == 0;
                best[x / P] = if first { value } else { isa.max(value, best[x / P]) };
            }
        }
        for x in 0..size.min(width - (j * size).min(width)) {
            let at = ((i * size + y) * width + j * size + x) * outputs + block.offset;
            let places = &mut end.output[at..][..block.count];
            match places.first_chunk_mut() {
                Some(places) => isa.store(best[x], places),
                None => isa.store_partial(best[x], places),
            }
        }
    }
}
