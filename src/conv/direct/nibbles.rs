//! A layer of one window on instruction sets that multiply bytes as 16-bit numbers: no weight is met twice,
//! so that widening it is not worth it. Instead the halves of each input, which are small enough for sums
//! of products in 16 bits.
//!
//! ```text
//! low = inputs mod 16, high = inputs / 16
//! for some blocks of output channels, for each eight steps:
//!     l = h = 0
//!     for each step k:  w = weights of step k        one load
//!                       l += low[k] · w, h += high[k] · w
//!     sum += l + 16 h
//! ```
#![allow(clippy::needless_range_loop, reason = "tiles are indexed alike on both sides")]

use crate::conv::layout::is_one_run;
use crate::conv::tile::{Job, overlapping};
use crate::conv::{LANES, WeightLayout};
use crate::precision::integer::{Integer, factor_bytes};
use crate::precision::{Arithmetic, Parameters};
use crate::shape::ConvShape;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};

/// Steps whose products fit into 16 bits: 8 · 2 · 15 · 127 < 2¹⁵.
const STEPS: usize = 8;

/// Whether this pays for a layer: where its one window is one run.
pub(super) const fn pay<P: Arithmetic>(shape: &ConvShape) -> bool {
    cfg!(target_arch = "x86_64") && !P::FLOAT && is_one_run(shape)
}

/// Blocks that the halves of the inputs take.
pub(super) const fn blocks<P: Arithmetic>(shape: &ConvShape) -> usize {
    let layout = WeightLayout::new(shape, P::GROUP);
    2 * Block::count::<u8>(layout.lane_len())
}

/// Runs a layer.
#[inline(always)]
pub(crate) fn run<P: Integer, I: Isa>(isa: I, job: &mut Job<'_, '_, P>, scratch: &mut [Block]) {
    let layout = job.layout;
    let len = layout.lane_len();
    let (low, high) = scratch.split_at_mut(Block::count::<u8>(len));
    let (low, high): (&mut [u8], &mut [u8]) = (values_mut(low, len), values_mut(high, len));
    low[layout.run..].fill(0);
    high[layout.run..].fill(0);
    let input = &job.input[..layout.run];
    for ((low, high), &byte) in low.iter_mut().zip(&mut *high).zip(input) {
        (*low, *high) = (byte & 15, byte >> 4);
    }
    let halves = [low.as_chunks().0, high.as_chunks().0];
    match layout.blocks {
        1 => pass::<P, I, 1>(isa, job, halves),
        _ => pass::<P, I, 2>(isa, job, halves),
    }
}

/// All blocks, some at once.
#[inline(always)]
fn pass<P: Integer, I: Isa, const BLOCKS: usize>(
    isa: I,
    job: &mut Job<'_, '_, P>,
    halves: [&[[u8; 4]]; 2],
) {
    let Job { layout, parameters: Parameters { channels, .. }, activation, .. } = *job;
    for first in overlapping::<BLOCKS>(layout.blocks) {
        let sums = sums::<P, I, BLOCKS>(isa, job, halves, first);
        for b in 0..BLOCKS {
            let (channel, places) = ((first + b) * LANES, layout.places(first + b));
            let output = &mut job.output[channel..][..places];
            P::finish_block(isa, sums[b], channels, channel, activation, output);
        }
    }
}

/// The sums of some blocks.
#[inline(always)]
fn sums<P: Integer, I: Isa, const BLOCKS: usize>(
    isa: I,
    job: &Job<'_, '_, P>,
    [low, high]: [&[[u8; 4]]; 2],
    first: usize,
) -> [I::I32; BLOCKS] {
    let Job { layout, parameters: Parameters { channels, weights, .. }, .. } = job;
    let mut sums = [isa.splat_i32(0); BLOCKS];
    let mut packed = [(&weights[..0], 0); BLOCKS];
    for b in 0..BLOCKS {
        sums[b] = P::start_block(isa, *channels, (first + b) * LANES);
        let step_len = 4 * layout.lanes(first + b);
        packed[b] = (&weights[4 * (first + b) * LANES * layout.steps()..], step_len);
    }
    let parts = P::GROUP / 4;
    let mut from = 0;
    while from < low.len() {
        let none = isa.splat_quad([0; 4]);
        let mut products = [[none; 2]; BLOCKS];
        let end = low.len().min(from + STEPS);
        for quad in from..end {
            let inputs = [isa.splat_quad(low[quad]), isa.splat_quad(high[quad])];
            unrolled!(b in BLOCKS; 0 1 => {
                let (weights, step_len) = packed[b];
                let weights = &weights[quad / parts * step_len..];
                let weights = isa.load_quads(weights.first_chunk().expect("room for a block"));
                let weights = factor_bytes::<P, I>(isa, weights, quad % parts);
                products[b][0] = isa.dot_nibbles(products[b][0], inputs[0], weights);
                products[b][1] = isa.dot_nibbles(products[b][1], inputs[1], weights);
            });
        }
        for b in 0..BLOCKS {
            sums[b] = isa.add_nibbles(sums[b], products[b]);
        }
        from = end;
    }
    sums
}
