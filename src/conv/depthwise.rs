//! Convolutions whose channels have a kernel each: sixteen channels in the lanes, a row of windows at
//! a time, so that each weight vector serves all of them.
#![allow(clippy::needless_range_loop, reason = "tiles are indexed alike on both sides")]

use super::LANES;
use super::tile::{Body, Job, Planned, fits, overlapping, with_any_tile, with_column_tile};
use crate::precision::Arithmetic;
use crate::simd::Isa;

/// Runs a depthwise layer with a tile that is known when it is compiled.
#[inline(always)]
pub(super) fn run_planned<P: Arithmetic, I: Isa, T: Planned>(isa: I, job: &mut Job<'_, '_, P>) {
    with_column_tile::<T, _>(Pass { isa, job });
}

/// Runs a depthwise layer with any tile.
pub(super) fn run_any<P: Arithmetic, I: Isa>(isa: I, tile: usize, job: &mut Job<'_, '_, P>) {
    with_any_tile(tile, Pass { isa, job });
}

/// All channels over all windows.
struct Pass<'j, 'p, 'a, P: Arithmetic, I> {
    isa: I,
    job: &'j mut Job<'p, 'a, P>,
}

impl<P: Arithmetic, I: Isa> Body for Pass<'_, '_, '_, P, I> {
    #[inline(always)]
    fn run<const COLUMNS: usize, const BLOCKS: usize>(self) {
        if const { BLOCKS > 1 || !fits::<I>(COLUMNS, 1) } {
            unreachable!("a depthwise tile is one block, and fits into the registers");
        }
        let Self { isa, job } = self;
        let outputs = job.layout.outputs;
        let [rows, columns] = job.windows.size;
        for y in 0..rows {
            for x in overlapping::<COLUMNS>(columns) {
                for block in 0..job.layout.blocks {
                    let sums = job.row::<I, COLUMNS>(isa, [y, x], block);
                    let channel = block * LANES;
                    let places = job.layout.places(block);
                    let pixels = &mut job.output[(y * columns + x) * outputs..];
                    let pixels = &mut pixels[..COLUMNS * outputs];
                    for c in 0..COLUMNS {
                        let places = &mut pixels[c * outputs + channel..][..places];
                        let channels = job.parameters.channels;
                        P::finish_block(isa, sums[c], channels, channel, job.activation, places);
                    }
                }
            }
        }
    }
}

impl<P: Arithmetic> Job<'_, '_, P> {
    /// The sums of some neighbouring windows, from the one at `[y, x]`, in a block of channels.
    #[inline(always)]
    fn row<I: Isa, const COLUMNS: usize>(
        &self,
        isa: I,
        [y, x]: [usize; 2],
        block: usize,
    ) -> [P::Sums<I>; COLUMNS] {
        let (layout, windows) = (self.layout, self.windows);
        let channel = block * LANES;
        let start = P::start_block(isa, self.parameters.channels, channel);
        let mut sums = [start; COLUMNS];
        let lanes = layout.lanes(block);
        let first = y * windows.step[0] + x * windows.step[1] + channel;
        for down in 0..windows.runs[0] {
            for across in 0..windows.runs[1] {
                let tap = down * windows.runs[1] + across;
                let at = channel * layout.taps + tap * lanes;
                let weights = P::load_depthwise(isa, self.parameters.weights, at);
                let from = first + down * windows.run_step[0] + across * windows.run_step[1];
                let inputs = &self.input[from..][..(COLUMNS - 1) * windows.step[1] + LANES];
                for c in 0..COLUMNS {
                    let inputs = &inputs[c * windows.step[1]..][..LANES];
                    sums[c] = P::add_products(isa, sums[c], P::load_inputs(isa, inputs), weights);
                }
            }
        }
        sums
    }
}
