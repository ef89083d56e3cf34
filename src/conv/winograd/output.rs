//! The last step of a strip of tiles: transform back, pool, add the bias, activate, store. (A function that
//! does not preserve order comes before the pool.)
#![allow(clippy::needless_range_loop, reason = "the loops are unrolled, over several arrays alike")]

use super::plan::Plan;
use super::product;
use super::transform::F;
use crate::conv::LANES;
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
    let layout = plan.layout;
    let offset = group * layout.outputs + block * LANES;
    let mut bias = f32::start_block(isa, end.channels, layout.channel(offset));
    if plan.sharing == 2 {
        let mut lanes = [0.0; LANES];
        isa.store(bias, &mut lanes);
        lanes.copy_within(..LANES / 2, LANES / 2);
        bias = isa.load(&lanes);
    }
    let lanes = Lanes { bias, offset, count: layout.places(block) };
    let Products { positions, weights, sums } = products;
    let (sums, _) = sums.as_chunks::<LANES>();
    for tile in (0..plan.strip_tiles()).step_by(plan.sharing) {
        // The last tile shares its lanes with itself if there is no other.
        let tiles = [tile, (tile + plan.sharing - 1).min(plan.strip_tiles() - 1)];
        let mut columns = [[bias; N]; M];
        for h in 0..N {
            let mut column = [bias; N];
            for v in 0..N {
                let position = v * N + h;
                column[v] = if plan.inputs() > 1 {
                    isa.load(&sums[tile * plan.sums()..][..N * N][position])
                } else {
                    let block = [group, block];
                    product::only(isa, plan, block, tiles, position, positions, weights)
                };
            }
            let column = F::<M, R, N>::output(isa, column);
            for y in 0..M {
                columns[y][h] = column[y];
            }
        }
        let mut places = [[0; 2]; 2];
        for side in 0..2 {
            places[side] = [first + tiles[side] / plan.tiles[1], tiles[side] % plan.tiles[1]];
        }
        match end.pool {
            1 => rows::<I, M, R, N, 1>(isa, plan, places, columns, &lanes, end),
            2 => rows::<I, M, R, N, 2>(isa, plan, places, columns, &lanes, end),
            _ => rows::<I, M, R, N, 4>(isa, plan, places, columns, &lanes, end),
        }
    }
}

/// What the lanes of an output are.
struct Lanes<V> {
    bias: V,
    /// The first one's channel.
    offset: usize,
    /// Channels of a tile.
    count: usize,
}

impl<V: Copy> Lanes<V> {
    /// With the bias, and activated.
    #[inline(always)]
    fn finish<I: Isa<F32 = V>>(&self, isa: I, activation: Activation, value: V) -> V {
        activation.lanes(isa, isa.add(value, self.bias))
    }
}

/// The rows of a tile, or of two that share lanes, transformed across and in maxima over P × P.
#[inline(always)]
fn rows<I: Isa, const M: usize, const R: usize, const N: usize, const P: usize>(
    isa: I,
    plan: Plan,
    places: [[usize; 2]; 2],
    columns: [[I::F32; N]; M],
    lanes: &Lanes<I::F32>,
    end: &mut End<'_>,
) {
    let [outputs, height, width] = plan.shape.output;
    let [height, width] = [height / P, width / P];
    let size = const { M / P };
    // As adding the bias does, most functions preserve the order of numbers, so that the largest one can be found
    // before.
    let (activation, late) = (end.activation, end.activation.is_monotone());
    for y in 0..size {
        let mut best = [lanes.bias; M];
        for down in 0..P {
            let row = F::<M, R, N>::output(isa, columns[y * P + down]);
            for x in 0..M {
                let value = if late { row[x] } else { lanes.finish(isa, activation, row[x]) };
                let first = down == 0 && x % P == 0;
                best[x / P] = if first { value } else { isa.max(value, best[x / P]) };
            }
        }
        if late {
            for x in 0..size {
                best[x] = lanes.finish(isa, activation, best[x]);
            }
        }
        for side in 0..plan.sharing {
            let [i, j] = [places[side][0] * size + y, places[side][1] * size];
            if i >= height {
                continue;
            }
            for x in 0..size.min(width - j.min(width)) {
                let at = (i * width + j + x) * outputs + lanes.offset;
                let output = &mut end.output[at..][..lanes.count];
                if plan.sharing == 2 {
                    let mut both = [0.0; LANES];
                    isa.store(best[x], &mut both);
                    output.copy_from_slice(&both[side * LANES / 2..][..lanes.count]);
                } else if let Some(output) = output.first_chunk_mut() {
                    isa.store(best[x], output);
                } else {
                    isa.store_partial(best[x], output);
                }
            }
        }
    }
}
