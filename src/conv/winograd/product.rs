//! The products in the transformed domain: one small matrix product for each position of a tile.

use super::plan::Plan;
use crate::conv::LANES;
use crate::simd::Isa;

/// Tiles whose sums are in registers together, at most.
const TILES: usize = 12;

/// The sums of `pair` output blocks from `block` of a group, for all tiles of a strip.
///
/// `positions` are the transformed inputs, [position][tile][channel]; `weights` the transformed
/// weights, [group][block][position][input][lane]; `sums` are [block][tile][position][lane].
#[inline(always)]
pub(super) fn sums<I: Isa>(
    isa: I,
    plan: Plan,
    [group, block, pair]: [usize; 3],
    positions: &[f32],
    weights: &[f32],
    sums: &mut [f32],
) {
    let (count, inputs) = (plan.n() * plan.n(), plan.inputs());
    let (sums, _) = sums.as_chunks_mut::<LANES>();
    let (weights, _) = weights.as_chunks::<LANES>();
    let weights = &weights[(group * plan.blocks + block) * count * inputs..];
    for position in 0..count {
        let values = &positions[position * plan.position()..][..plan.position()];
        let weights = &weights[position * inputs..];
        let sums = &mut sums[position..];
        if plan.shape.is_depthwise() {
            let values = &values[block * LANES..];
            let weight = isa.load(&weights[0]);
            for tile in 0..plan.strip_tiles() {
                let value = values[tile * plan.shape.input[0]..].first_chunk();
                let value = isa.load(value.expect("a position ends in a spare vector"));
                isa.store(isa.mul(value, weight), &mut sums[tile * plan.sums()]);
            }
            continue;
        }
        let values = &values[group * inputs..];
        if pair == 2 && I::TILE >= 2 * TILES - 4 {
            let blocks = [&weights[..inputs], &weights[count * inputs..][..inputs]];
            tiles(isa, plan, values, blocks, sums);
        } else {
            tiles(isa, plan, values, [&weights[..inputs]], sums);
            if pair == 2 {
                let weights = &weights[count * inputs..][..inputs];
                let sums = &mut sums[plan.strip_tiles() * plan.sums()..];
                tiles(isa, plan, values, [weights], sums);
            }
        }
    }
}

/// One position's sums of `B` output blocks for all tiles of a strip.
#[inline(always)]
fn tiles<I: Isa, const B: usize>(
    isa: I,
    plan: Plan,
    values: &[f32],
    weights: [&[[f32; LANES]]; B],
    sums: &mut [[f32; LANES]],
) {
    let all = plan.strip_tiles();
    let most = if I::TILE / B < TILES { I::TILE / B } else { TILES };
    let step = all.div_ceil(all.div_ceil(most));
    let mut first = 0;
    while first < all {
        let count = if all - first < step { all - first } else { step };
        let values = &values[first * plan.shape.input[0]..];
        let sums = &mut sums[first * plan.sums()..];
        macro_rules! count {
            ($($n:literal)*) => {
                match count {
                    $($n => some::<I, B, $n>(isa, plan, values, weights, sums),)*
                    _ => unreachable!("at most TILES tiles"),
                }
            };
        }
        count!(1 2 3 4 5 6 7 8 9 10 11 12);
        first += count;
    }
}

/// One position's sums of `B` output blocks for `T` tiles.
#[inline(always)]
fn some<I: Isa, const B: usize, const T: usize>(
    isa: I,
    plan: Plan,
    values: &[f32],
    weights: [&[[f32; LANES]]; B],
    sums: &mut [[f32; LANES]],
) {
    if T * B > I::TILE {
        unreachable!("sums stay in registers");
    }
    let inputs = plan.inputs();
    let values: [&[f32]; T] =
        core::array::from_fn(|tile| &values[tile * plan.shape.input[0]..][..inputs]);
    let weights = weights.map(|weights| &weights[..inputs]);
    let mut totals = [[isa.splat(0.0); B]; T];
    for input in 0..inputs {
        let weights = weights.map(|weights| isa.load(&weights[input]));
        for (totals, values) in totals.iter_mut().zip(values) {
            let value = isa.splat(values[input]);
            for (total, weight) in totals.iter_mut().zip(weights) {
                *total = isa.mul_add(value, weight, *total);
            }
        }
    }
    for (tile, totals) in totals.into_iter().enumerate() {
        for (block, total) in totals.into_iter().enumerate() {
            isa.store(total, &mut sums[(block * plan.strip_tiles() + tile) * plan.sums()]);
        }
    }
}
