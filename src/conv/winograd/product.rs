//! The products in the transformed domain: one small matrix product for each position of a tile.
#![allow(clippy::needless_range_loop, reason = "the loops are unrolled, over several arrays alike")]

use super::plan::Plan;
use crate::conv::LANES;
use crate::conv::tile::overlapping;
use crate::simd::Isa;

/// Tiles whose sums are in registers together, at most.
const TILES: usize = 12;

/// How many tiles' sums of a strip go together: an even share of as few steps as registers allow.
pub(super) const fn step<I: Isa>(plan: &Plan) -> usize {
    let most = if I::TILE < TILES { I::TILE } else { TILES };
    let all = plan.strip_tiles();
    all.div_ceil(all.div_ceil(most))
}

/// The sums of an output block of a group, for all tiles of a strip, `T` at a time.
///
/// `positions` are the transformed inputs, [position][tile][channel]; `weights` the transformed
/// weights, [group][block][position][input][lane]; `sums` are [tile][position][lane].
#[inline(always)]
pub(super) fn sums<I: Isa, const T: usize>(
    isa: I,
    plan: Plan,
    [group, block]: [usize; 2],
    positions: &[f32],
    weights: &[f32],
    sums: &mut [f32],
) {
    let (count, inputs, tiles) = (plan.n() * plan.n(), plan.inputs(), plan.strip_tiles());
    let channels = plan.shape.input[0];
    let (sums, _) = sums.as_chunks_mut::<LANES>();
    let (weights, _) = weights.as_chunks::<LANES>();
    let weights =
        &weights[(group * plan.layout.blocks + block) * count * inputs..][..count * inputs];
    for (position, weights) in weights.chunks_exact(inputs).enumerate() {
        let values = &positions[position * plan.position()..][..plan.position()];
        let sums = &mut sums[position..];
        let values = &values[group * inputs..];
        if tiles < T {
            for tile in 0..tiles {
                let sums = &mut sums[tile * plan.sums()..];
                some::<I, 1>(isa, plan, &values[tile * channels..], weights, sums);
            }
            continue;
        }
        for first in overlapping::<T>(tiles) {
            let sums = &mut sums[first * plan.sums()..];
            some::<I, T>(isa, plan, &values[first * channels..], weights, sums);
        }
    }
}

/// The only products of two tiles and a position in a layer whose sums have one input. Storing it and
/// loading it again would take longer. The second tile is in the upper lanes if tiles share them.
#[inline(always)]
pub(super) fn only<I: Isa>(
    isa: I,
    plan: Plan,
    [group, block]: [usize; 2],
    tiles: [usize; 2],
    position: usize,
    positions: &[f32],
    weights: &[f32],
) -> I::F32 {
    let (weights, _) = weights.as_chunks::<LANES>();
    let count = plan.n() * plan.n();
    let weight =
        isa.load(&weights[(group * plan.layout.blocks + block) * count..][..count][position]);
    let values = &positions[position * plan.position()..][..plan.position()];
    let [first, second] = [tiles[0] * plan.shape.input[0], tiles[1] * plan.shape.input[0]];
    let value = if plan.depthwise {
        let value = values[first + block * LANES..].first_chunk();
        isa.load(value.expect("a position ends in a spare vector"))
    } else if plan.sharing == 2 {
        isa.splat_halves(values[first + group], values[second + group])
    } else {
        isa.splat(values[first + group])
    };
    isa.mul(value, weight)
}

/// One position's sums for `T` tiles.
#[inline(always)]
fn some<I: Isa, const T: usize>(
    isa: I,
    plan: Plan,
    values: &[f32],
    weights: &[[f32; LANES]],
    sums: &mut [[f32; LANES]],
) {
    let (inputs, channels) = (plan.inputs(), plan.shape.input[0]);
    let values = &values[..(T - 1) * channels + inputs];
    let mut totals = [isa.splat(0.0); T];
    let weights = &weights[..inputs];
    for input in 0..inputs {
        let weights = isa.load(&weights[input]);
        for tile in 0..T {
            let value = isa.splat(values[tile * channels + input]);
            totals[tile] = isa.mul_add(value, weights, totals[tile]);
        }
    }
    for tile in 0..T {
        isa.store(totals[tile], &mut sums[tile * plan.sums()]);
    }
}
