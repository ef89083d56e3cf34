//! The inner product that `Direct` and `Im2col` share: a tile of windows times some blocks of output
//! channels, whose sums stay in registers.
//!
//! ```text
//! for each run of the window, for each step k of the run:
//!     for each block b:   w[b] = weights of step k                      one load
//!     for each window c:  x = the inputs of window c at step k          one load that spreads
//!                         for each block b:  sum[c][b] += x · w[b]
//! ```
//!
//! Where a tile has too few sums to keep the multipliers busy, the steps are dealt out to several
//! sums, which are added at the end.
//!
//! How many windows and blocks are best depends on the layer and on the registers; `plan.rs` knows.
//! Where a row of windows is not a multiple of the tile, the last tile moves back and computes some
//! windows again, so that a layer needs one tile size and no remainders; blocks likewise.
#![allow(clippy::needless_range_loop, reason = "tiles are indexed alike on both sides")]

mod plan;
mod table;

pub(super) use plan::{Plan, Planned, fits, full_blocks, splits};
pub(super) use table::{Body, TILES, with_any_tile, with_column_tile};

use super::windows::Windows;
use super::{LANES, WeightLayout};
use crate::layers::Activation;
use crate::precision::{Arithmetic, Output, Parameters};
use crate::simd::Isa;
use plan::split;
use table::{Full, Tail, with_fixed_tile};

/// A layer's inner products over one image.
pub struct Job<'p, 'a, P: Arithmetic> {
    pub(super) windows: Windows,
    pub(super) layout: WeightLayout,
    pub(super) parameters: Parameters<'p, P>,
    pub(super) activation: Activation,
    /// The map, padding included.
    pub(super) input: &'a [P::Element],
    /// Pixel by pixel, all output channels of a pixel together.
    pub(super) output: &'a mut [Output<P>],
}

/// Runs a layer with the tiles of a plan that is known when it is compiled.
#[inline(always)]
pub(super) fn run_planned<P: Arithmetic, I: Isa, T: Planned>(isa: I, job: &mut Job<'_, '_, P>) {
    if full_blocks(&job.layout) > 0 {
        with_fixed_tile::<I, Full<T>, _>(isa, Pass { isa, job: &mut *job, tail: false });
    }
    if job.layout.tail < LANES {
        with_fixed_tile::<I, Tail<T>, _>(isa, Pass { isa, job, tail: true });
    }
}

/// Runs a layer with the tiles of any plan.
pub(super) fn run_any<P: Arithmetic, I: Isa>(isa: I, plan: Plan, job: &mut Job<'_, '_, P>) {
    if full_blocks(&job.layout) > 0 {
        with_any_tile(isa, plan.full, Pass { isa, job: &mut *job, tail: false });
    }
    if job.layout.tail < LANES {
        with_any_tile(isa, plan.tail, Pass { isa, job, tail: true });
    }
}

/// All full blocks of a layer, or its narrower last one, over all windows.
struct Pass<'j, 'p, 'a, P: Arithmetic, I> {
    isa: I,
    job: &'j mut Job<'p, 'a, P>,
    tail: bool,
}

impl<P: Arithmetic, I: Isa> Body for Pass<'_, '_, '_, P, I> {
    #[inline(always)]
    fn run<const COLUMNS: usize, const BLOCKS: usize>(self) {
        if const { !fits::<I>(COLUMNS, BLOCKS) } {
            unreachable!("a plan's tile of {COLUMNS} x {BLOCKS} fits into the registers");
        }
        match const { split::<I>(COLUMNS, BLOCKS) } {
            4 => self.split::<COLUMNS, BLOCKS, 4>(),
            2 => self.split::<COLUMNS, BLOCKS, 2>(),
            _ => self.split::<COLUMNS, BLOCKS, 1>(),
        }
    }
}

impl<P: Arithmetic, I: Isa> Pass<'_, '_, '_, P, I> {
    #[inline(always)]
    fn split<const COLUMNS: usize, const BLOCKS: usize, const SPLIT: usize>(self) {
        let Self { isa, job, tail } = self;
        let (layout, windows) = (job.layout, job.windows);
        let outputs = layout.groups * layout.outputs;
        let [rows, columns] = windows.size;
        let full = full_blocks(&layout);
        // Windows to a result, down and across.
        let factor = if windows.pool { 2 } else { 1 };
        let (first, blocks, lanes) = if tail { (full, 1, layout.tail) } else { (0, full, LANES) };
        for group in 0..layout.groups {
            for block in overlapping::<BLOCKS>(blocks) {
                let block = first + block;
                let channel = group * layout.group_lanes() + block * LANES;
                let output = group * layout.outputs + block * LANES;
                for y in 0..rows / factor {
                    for x in starts(columns / factor, COLUMNS / (factor * factor)) {
                        let at = factor * (y * windows.step[0] + x * windows.step[1])
                            + group * windows.group_step;
                        let sums = if I::AHEAD && job.goes_on(at, COLUMNS) {
                            job.tile::<I, COLUMNS, BLOCKS, SPLIT, true>(isa, at, channel, lanes)
                        } else {
                            job.tile::<I, COLUMNS, BLOCKS, SPLIT, false>(isa, at, channel, lanes)
                        };
                        let pixels = &mut job.output[(y * (columns / factor) + x) * outputs..];
                        let pixels = &mut pixels[..COLUMNS / (factor * factor) * outputs];
                        let Parameters { channels, .. } = job.parameters;
                        for c in 0..COLUMNS / (factor * factor) {
                            // From a loop of one pass the stores would be moved behind it.
                            unrolled!(b in BLOCKS; 0 1 2 3 => {
                                let sums = if windows.pool {
                                    largest::<P, I, COLUMNS, BLOCKS>(isa, &sums, c, b)
                                } else {
                                    sums[c][b]
                                };
                                let first = channel + b * LANES;
                                let place = c * outputs + output + b * LANES;
                                let places = &mut pixels[place..][..layout.places(block + b)];
                                let activation = job.activation;
                                P::finish_block(isa, sums, channels, first, activation, places);
                            });
                        }
                    }
                }
            }
        }
    }
}

/// The largest sums of a pool's window, whose rows are the two halves of a tile.
#[inline(always)]
pub(super) fn largest<P: Arithmetic, I: Isa, const COLUMNS: usize, const BLOCKS: usize>(
    isa: I,
    sums: &[[P::Sums<I>; BLOCKS]; COLUMNS],
    window: usize,
    block: usize,
) -> P::Sums<I> {
    let (above, below) = (2 * window, COLUMNS / 2 + 2 * window);
    let above = P::max(isa, sums[above][block], sums[above + 1][block]);
    let below = P::max(isa, sums[below][block], sums[below + 1][block]);
    P::max(isa, above, below)
}

/// Where tiles of `SIZE` start among `count` places: the last one as far back as it takes.
#[inline(always)]
pub(super) fn overlapping<const SIZE: usize>(count: usize) -> impl Iterator<Item = usize> {
    starts(count, SIZE)
}

#[inline(always)]
pub(super) fn starts(count: usize, size: usize) -> impl Iterator<Item = usize> {
    (0..count.div_ceil(size)).map(move |tile| (tile * size).min(count - size))
}

impl<P: Arithmetic> Job<'_, '_, P> {
    /// Inputs that the last step of a run takes from behind it, where that is complete.
    #[inline(always)]
    fn surplus(&self) -> usize {
        self.layout.steps() * P::GROUP - self.layout.run
    }

    /// Values from the first of a run, over that many windows, to the last.
    #[inline(always)]
    fn reach(&self, columns: usize) -> usize {
        let windows = self.windows;
        let below = if windows.pool { windows.step[0] } else { 0 };
        let others = if windows.pool { columns / 2 } else { columns }.saturating_sub(1);
        below + others * windows.step[1] + self.layout.run
    }

    /// Whether the last step of each run may be complete: whether the map goes on behind it, and what it
    /// takes from there comes to nothing.
    #[inline(always)]
    fn goes_on(&self, at: usize, columns: usize) -> bool {
        let windows = self.windows;
        let last = (windows.runs[0] - 1) * windows.run_step[0]
            + (windows.runs[1] - 1) * windows.run_step[1];
        let end = at + last + self.reach(columns) + self.surplus();
        self.surplus() == 0 || P::HAS_ZERO && end <= self.input.len()
    }

    /// The sums of some neighbouring windows, of which the first lies at a place in the map, in some
    /// blocks, of which the first has so many lanes and starts at a channel.
    #[inline(always)]
    fn tile<
        I: Isa,
        const COLUMNS: usize,
        const BLOCKS: usize,
        const SPLIT: usize,
        const GOES_ON: bool,
    >(
        &self,
        isa: I,
        at: usize,
        channel: usize,
        lanes: usize,
    ) -> [[P::Sums<I>; BLOCKS]; COLUMNS] {
        let (layout, windows) = (self.layout, self.windows);
        let mut sums = [[[P::zero(isa); BLOCKS]; COLUMNS]; SPLIT];
        for b in 0..BLOCKS {
            let start = P::start_block(isa, self.parameters.channels, channel + b * LANES);
            for c in 0..COLUMNS {
                sums[0][c][b] = start;
            }
        }
        let steps = layout.steps();
        let (reach, whole) = if GOES_ON {
            (self.reach(COLUMNS) + self.surplus(), steps)
        } else {
            (self.reach(COLUMNS), layout.run / P::GROUP)
        };
        let step_len = lanes * P::UNITS;
        let run_len = steps * step_len;
        let weights = &self.parameters.weights[channel * layout.runs * steps * P::UNITS..];
        for down in 0..windows.runs[0] {
            for across in 0..windows.runs[1] {
                let from = at + down * windows.run_step[0] + across * windows.run_step[1];
                let run = down * windows.runs[1] + across;
                let mut stretch = Stretch {
                    inputs: &self.input[from..][..reach],
                    windows,
                    weights: [weights; BLOCKS],
                    step_len,
                };
                for b in 0..BLOCKS {
                    let from = (b * layout.runs + run) * run_len;
                    let len = run_len - step_len + LANES * P::UNITS;
                    stretch.weights[b] = &weights[from..][..len];
                }
                let mut k = 0;
                if I::AHEAD {
                    for fours in 0..whole / 4 {
                        let (k, sums) = (4 * fours, &mut sums);
                        let inputs = stretch.inputs_ahead::<P, I, COLUMNS>(isa, k);
                        // One after the other, not in a loop: each has its place in a register.
                        stretch.step_ahead::<P, I, COLUMNS, 0>(isa, &mut sums[0], k, &inputs);
                        stretch.step_ahead::<P, I, COLUMNS, 1>(
                            isa,
                            &mut sums[1 % SPLIT],
                            k,
                            &inputs,
                        );
                        stretch.step_ahead::<P, I, COLUMNS, 2>(
                            isa,
                            &mut sums[2 % SPLIT],
                            k,
                            &inputs,
                        );
                        stretch.step_ahead::<P, I, COLUMNS, 3>(
                            isa,
                            &mut sums[3 % SPLIT],
                            k,
                            &inputs,
                        );
                    }
                    k = whole / 4 * 4;
                }
                while k + SPLIT <= whole {
                    for s in 0..SPLIT {
                        stretch.step::<P, I, COLUMNS>(isa, &mut sums[s], k + s, P::GROUP);
                    }
                    k += SPLIT;
                }
                while k < whole {
                    stretch.step::<P, I, COLUMNS>(isa, &mut sums[0], k, P::GROUP);
                    k += 1;
                }
                if whole < steps {
                    let rest = layout.run % P::GROUP;
                    stretch.step::<P, I, COLUMNS>(isa, &mut sums[0], whole, rest);
                }
            }
        }
        for s in 1..SPLIT {
            for c in 0..COLUMNS {
                for b in 0..BLOCKS {
                    sums[0][c][b] = P::merge(isa, sums[0][c][b], sums[s][c][b]);
                }
            }
        }
        sums[0]
    }
}

/// One run of a tile: the inputs of all its windows, the weights of each of its blocks.
struct Stretch<'a, E, W, const BLOCKS: usize> {
    inputs: &'a [E],
    windows: Windows,
    weights: [&'a [W]; BLOCKS],
    /// Units from a step's weights to the next's.
    step_len: usize,
}

impl<E, W, const BLOCKS: usize> Stretch<'_, E, W, BLOCKS> {
    /// Adds the products of step `k`, which takes `len` inputs.
    #[inline(always)]
    fn step<P: Arithmetic<Element = E, Weight = W>, I: Isa, const COLUMNS: usize>(
        &self,
        isa: I,
        sums: &mut [[P::Sums<I>; BLOCKS]; COLUMNS],
        k: usize,
        len: usize,
    ) {
        let weights = self.weights::<P, I>(isa, k);
        // Two simple loops: with a division in it, one would not be unrolled.
        let rows = if self.windows.pool { 2 } else { 1 };
        let across = COLUMNS / rows;
        for row in 0..rows {
            let first = row * self.windows.step[0] + k * P::GROUP;
            let stretch = &self.inputs[first..][..(across - 1) * self.windows.step[1] + len];
            for c in 0..across {
                let inputs = &stretch[c * self.windows.step[1]..][..len];
                let inputs = P::spread_inputs(isa, inputs);
                for b in 0..BLOCKS {
                    let sum = &mut sums[row * across + c][b];
                    *sum = P::add_products(isa, *sum, inputs, weights[b]);
                }
            }
        }
    }

    /// The weights of step `k` in each block.
    #[inline(always)]
    fn weights<P: Arithmetic<Element = E, Weight = W>, I: Isa>(
        &self,
        isa: I,
        k: usize,
    ) -> [P::Weights<I>; BLOCKS] {
        let mut weights = [P::load_weights(isa, &self.weights[0][k * self.step_len..]); BLOCKS];
        for b in 1..BLOCKS {
            weights[b] = P::load_weights(isa, &self.weights[b][k * self.step_len..]);
        }
        weights
    }

    /// The inputs of four steps from `k`, of each window.
    #[inline(always)]
    fn inputs_ahead<P: Arithmetic<Element = E, Weight = W>, I: Isa, const COLUMNS: usize>(
        &self,
        isa: I,
        k: usize,
    ) -> [P::Ahead<I>; COLUMNS] {
        let mut ahead = [P::load_ahead(isa, &self.inputs[k * P::GROUP..]); COLUMNS];
        let rows = if self.windows.pool { 2 } else { 1 };
        let across = COLUMNS / rows;
        unrolled!(c in COLUMNS; 0 1 2 3 4 5 => {
            let (row, column) = (c / across, c % across);
            let first = row * self.windows.step[0] + column * self.windows.step[1] + k * P::GROUP;
            let inputs = &self.inputs[first..][..4 * P::GROUP];
            ahead[c] = P::load_ahead(isa, inputs);
        });
        ahead
    }

    /// Adds the products of the step that lies `STEP` behind step `k`.
    #[inline(always)]
    fn step_ahead<
        P: Arithmetic<Element = E, Weight = W>,
        I: Isa,
        const COLUMNS: usize,
        const STEP: usize,
    >(
        &self,
        isa: I,
        sums: &mut [[P::Sums<I>; BLOCKS]; COLUMNS],
        k: usize,
        inputs: &[P::Ahead<I>; COLUMNS],
    ) {
        let weights = self.weights::<P, I>(isa, k + STEP);
        unrolled!(c in COLUMNS; 0 1 2 3 4 5 => {
            unrolled!(b in BLOCKS; 0 1 2 => {
                sums[c][b] = P::add_ahead::<I, STEP>(isa, sums[c][b], inputs[c], weights[b]);
            });
        });
    }
}
