//! `tile` for instruction sets that multiply two windows' inputs by two channels' weights at once: a
//! block's weights are arranged for that once, not whenever they are multiplied.
//!
//! ```text
//! for each block of output channels:
//!     m = the block's weights, for each step the eight of each channel side by side
//!     for some pairs of neighbouring windows p, for each run of the window, for each step k of the run:
//!         for each two channels:   sum[p] += the eight inputs of each window at step k · m[k]
//! ```
//!
//! A run's last step reads on behind it, where weights are 0. Where the map ends there, it reads a copy of
//! the map's end.
#![allow(clippy::needless_range_loop, reason = "tiles are indexed alike on both sides")]

use crate::conv::tile::{Job, starts};
use crate::conv::windows::Windows;
use crate::conv::{LANES, WeightLayout};
use crate::precision::integer::{Integer, part_factors};
use crate::precision::{Arithmetic, Parameters};
use crate::shape::ConvShape;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa, Matrix};

/// Pairs of windows of a tile.
const PAIRS: usize = 2;

/// Inputs that are loaded at once, those of two steps.
const LOADED: usize = 16;

/// Whether a layer is better off: where arranged weights meet several pairs of windows, and a step of
/// eight inputs takes the place of two of four.
pub(super) const fn pay<P: Arithmetic>(shape: &ConvShape) -> bool {
    cfg!(target_arch = "aarch64")
        && !P::FLOAT
        && P::HAS_ZERO
        && !shape.is_depthwise()
        && shape.output[2] >= 2 * PAIRS
        && shape.output[1] * shape.output[2] >= 8
        && WeightLayout::new(shape, P::GROUP).run > 4
}

/// Blocks that arranged weights and the copy of the map's end take.
pub(super) const fn blocks<P: Arithmetic>(shape: &ConvShape) -> usize {
    let layout = WeightLayout::new(shape, P::GROUP);
    let (one_row, two) = (Windows::new(shape, &layout, false), Windows::new(shape, &layout, true));
    let (one_row, two) = (reach(&one_row, &layout), reach(&two, &layout));
    let end = end_len(if one_row > two { one_row } else { two });
    Block::count::<Matrix>(layout.runs * steps(&layout)) + Block::count::<u8>(end)
}

/// Steps of a run.
#[inline(always)]
const fn steps(layout: &WeightLayout) -> usize {
    layout.run.div_ceil(8)
}

/// Values from the first of a tile's windows, pair by pair, to another one. With a pool a pair is a row.
#[inline(always)]
const fn place(windows: &Windows, window: usize) -> usize {
    if windows.pool {
        window / 2 * windows.step[0] + window % 2 * windows.step[1]
    } else {
        window * windows.step[1]
    }
}

/// Inputs that a tile reads, from its first to its last.
#[inline(always)]
const fn reach(windows: &Windows, layout: &WeightLayout) -> usize {
    place(windows, 2 * PAIRS - 1)
        + (windows.runs[0] - 1) * windows.run_step[0]
        + (windows.runs[1] - 1) * windows.run_step[1]
        + layout.run.next_multiple_of(LOADED)
}

/// What the copy of the map's end takes, for tiles that read so many inputs.
#[inline(always)]
const fn end_len(reach: usize) -> usize {
    reach + LOADED
}

/// Runs a layer.
#[inline(always)]
pub(crate) fn run<P: Integer, I: Isa>(isa: I, job: &mut Job<'_, '_, P>, scratch: &mut [Block]) {
    let layout = job.layout;
    let len = layout.runs * steps(&layout);
    let (weights, scratch) = scratch.split_at_mut(Block::count::<Matrix>(len));
    let weights: &mut [Matrix] = values_mut(weights, len);
    let reach = reach(&job.windows, &layout);
    let end: &mut [u8] = values_mut(scratch, end_len(reach));
    let end_start = job.input.len().saturating_sub(reach);
    let (copy, behind) = end.split_at_mut(job.input.len() - end_start);
    copy.copy_from_slice(&job.input[end_start..]);
    behind.fill(0);
    for group in 0..layout.groups {
        for block in 0..layout.blocks {
            arrange::<P, I>(isa, &layout, job.parameters.weights, [group, block], weights);
            Pass { isa, job, weights, end, end_start, reach, group, block }.run();
        }
    }
}

/// Arranges a block's weights.
#[inline(always)]
fn arrange<P: Integer, I: Isa>(
    isa: I,
    layout: &WeightLayout,
    weights: &[u8],
    [group, block]: [usize; 2],
    matrices: &mut [Matrix],
) {
    let channel = group * layout.group_lanes() + block * LANES;
    let (run_steps, step_len) = (layout.steps(), 4 * layout.lanes(block));
    let weights = &weights[4 * channel * layout.runs * run_steps..];
    for (run, matrices) in matrices.chunks_exact_mut(steps(layout)).enumerate() {
        for (k, matrix) in matrices.iter_mut().enumerate() {
            let mut halves = [isa.weights(isa.load_quads(&[0; 64]), 0, 0xFF, 0); 2];
            for half in 0..2 {
                let (step, part) =
                    ((2 * k + half) / (P::GROUP / 4), (2 * k + half) % (P::GROUP / 4));
                if step < run_steps {
                    let quads = &weights[(run * run_steps + step) * step_len..];
                    let quads = quads.first_chunk().expect("room for a whole block");
                    halves[half] = part_factors::<P, I>(isa, isa.load_quads(quads), part);
                }
            }
            isa.arrange(halves, matrix);
        }
    }
}

/// One block of a layer over all windows.
struct Pass<'j, 'p, 'a, P: Arithmetic, I> {
    isa: I,
    job: &'j mut Job<'p, 'a, P>,
    weights: &'j [Matrix],
    /// The end of the map, and as much behind it as a tile may read.
    end: &'j [u8],
    /// Where that starts in the map.
    end_start: usize,
    /// Inputs that a tile reads, from its first to its last.
    reach: usize,
    group: usize,
    block: usize,
}

impl<P: Integer, I: Isa> Pass<'_, '_, '_, P, I> {
    #[inline(always)]
    fn run(&mut self) {
        let (isa, layout, windows) = (self.isa, self.job.layout, self.job.windows);
        let outputs = layout.groups * layout.outputs;
        let [rows, columns] = windows.size;
        let channel = self.group * layout.group_lanes() + self.block * LANES;
        let output = self.group * layout.outputs + self.block * LANES;
        let channels = self.job.parameters.channels;
        let start = isa.join_pair([P::start_block(isa, channels, channel); 2]);
        // Windows of a result, down and across, and results of a tile.
        let factor = if windows.pool { 2 } else { 1 };
        let results = if windows.pool { 1 } else { 2 * PAIRS };
        for y in 0..rows / factor {
            for x in starts(columns / factor, results) {
                let at = factor * (y * windows.step[0] + x * windows.step[1])
                    + self.group * windows.group_step;
                let sums = self.tile(at, start);
                let Job { parameters: Parameters { channels, .. }, activation, .. } = *self.job;
                let pixels = &mut self.job.output[(y * (columns / factor) + x) * outputs..];
                let pixels = &mut pixels[..results * outputs];
                let places = layout.places(self.block);
                if windows.pool {
                    let mut largest = sums[0];
                    for p in 1..PAIRS {
                        for half in 0..2 {
                            largest[half] = isa.max_i32(largest[half], sums[p][half]);
                        }
                    }
                    let [left, right] = isa.part_pair(largest);
                    let largest = isa.max_i32(left, right);
                    let pixel = &mut pixels[output..][..places];
                    P::finish_block(isa, largest, channels, channel, activation, pixel);
                } else {
                    for p in 0..PAIRS {
                        let pair = isa.part_pair(sums[p]);
                        for side in 0..2 {
                            let at = (2 * p + side) * outputs + output;
                            let pixel = &mut pixels[at..][..places];
                            P::finish_block(isa, pair[side], channels, channel, activation, pixel);
                        }
                    }
                }
            }
        }
    }

    /// The sums of a tile's windows, of which the first lies at a place in the map.
    #[inline(always)]
    fn tile(&self, at: usize, start: [I::I32; 2]) -> [[I::I32; 2]; PAIRS] {
        let (isa, layout, windows) = (self.isa, self.job.layout, self.job.windows);
        let stretch = match self.job.input.get(at..at + self.reach) {
            Some(stretch) => stretch,
            None => &self.end[at - self.end_start..][..self.reach],
        };
        let mut sums = [start; PAIRS];
        for (run, weights) in self.weights.chunks_exact(steps(&layout)).enumerate() {
            let (down, across) = (run / windows.runs[1], run % windows.runs[1]);
            let from = down * windows.run_step[0] + across * windows.run_step[1];
            for (k, weights) in weights.chunks(2).enumerate() {
                let mut inputs = [[load(stretch, from); 2]; PAIRS];
                for window in 0..2 * PAIRS {
                    let place = from + place(&windows, window) + LOADED * k;
                    inputs[window / 2][window % 2] = load(stretch, place);
                }
                isa.multiply(&mut sums, &inputs, weights);
            }
        }
        sums
    }
}

/// The inputs of two steps of a window.
#[inline(always)]
fn load(stretch: &[u8], at: usize) -> &[u8; LOADED] {
    stretch[at..].first_chunk().expect("a tile's stretch has all that it reads")
}

#[cfg(all(test, target_arch = "aarch64", feature = "std"))]
mod tests {
    use super::*;
    use crate::conv::oracle::{Levels, Numbers};
    use crate::conv::pad;
    use crate::layers::Activation;
    use crate::precision::integer::Ends;
    use crate::precision::{Precision, W4A8};
    use crate::shape::Window;
    use crate::simd::{Kernel, NeonI8mm};
    use std::vec;

    /// Stride, dilation, groups and padding, one side more than the other, at random.
    fn shape(numbers: &mut Numbers) -> ConvShape {
        let mut any = |values: &[usize]| values[numbers.within(0, values.len() - 1)];
        let groups = any(&[1, 1, 1, 2, 3]);
        let (inputs, outputs) = (any(&[1, 3, 5, 6, 8, 17, 32]), any(&[1, 4, 6, 8, 15, 16, 17, 35]));
        let window = Window {
            kernel: [any(&[1, 2, 3, 5]), any(&[1, 2, 3, 5, 7])],
            stride: [any(&[1, 1, 2]), any(&[1, 1, 2])],
            padding: [any(&[0, 1]), any(&[0, 2]), any(&[0, 1, 2]), any(&[0, 1])],
            dilation: [any(&[1, 1, 2]), any(&[1, 1, 2])],
        };
        let [height, width] = [any(&[9, 10, 12]), any(&[13, 14, 16, 19])];
        let [rows, columns] = window.output([height, width]);
        ConvShape {
            input: [groups * inputs, height, width],
            output: [groups * outputs, rows, columns],
            window,
            groups,
        }
    }

    struct Run<'r, 'p, 'a, P: Arithmetic> {
        job: Job<'p, 'a, P>,
        scratch: &'r mut [Block],
    }

    impl<P: Integer> Kernel for Run<'_, '_, '_, P> {
        type Output = ();

        fn run<I: Isa>(mut self, isa: I) {
            run(isa, &mut self.job, self.scratch);
        }
    }

    /// Every result on a machine that multiplies matrices, against the definition.
    fn check<P: Integer + Precision<Element = u8, Ends = Ends>>() {
        let Some(isa) = NeonI8mm::detect() else {
            eprintln!("this machine lacks {}: nothing was compared", NeonI8mm::NAME);
            return;
        };
        let mut numbers = Numbers(8);
        let mut ran = [0; 2];
        for _ in 0..200 {
            let shape = shape(&mut numbers);
            let layout = WeightLayout::new(&shape, P::GROUP);
            if !pay::<P>(&shape) {
                continue;
            }
            let ConvShape { output: [outputs, rows, columns], .. } = shape;
            let levels = Levels::<P>::new(shape, &mut numbers);
            for pool in [false, true] {
                let factor = if pool { 2 } else { 1 };
                let mut found = vec![0x5A; outputs * (rows / factor) * (columns / factor)];
                let mut copy = vec![Block([0xA5; Block::BYTES]); pad::blocks::<P>(&shape)];
                let padding = P::padding(levels.parameters().channels);
                let mut scratch = vec![Block([0xA5; Block::BYTES]); blocks::<P>(&shape)];
                let job = Job {
                    windows: Windows::new(&shape, &layout, pool),
                    layout,
                    parameters: levels.parameters(),
                    activation: Activation::Identity,
                    input: pad::with_padding::<P>(&shape, &levels.input, &mut copy, padding),
                    output: &mut found,
                };
                isa.run(Run { job, scratch: &mut scratch });
                levels.check(&found, pool);
                ran[usize::from(pool)] += 1;
            }
        }
        assert!(ran.iter().all(|&ran| ran >= 50), "only {ran:?} layers");
    }

    #[test]
    fn layers_are_those_of_the_definition() {
        check::<i8>();
        check::<W4A8>();
    }
}
