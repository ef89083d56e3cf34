//! `tile` for instruction sets that multiply bytes as 16-bit numbers: the map and a block's weights are
//! widened once, not whenever they are multiplied.
//!
//! ```text
//! words = the map
//! for each block of output channels:
//!     w = the block's weights, for each step the two of each channel
//!     for some windows c, for each run of the window, for each step k of the run:
//!         sum[c] += the two inputs of window c at step k · w[k]     one load that spreads
//! ```
#![allow(clippy::needless_range_loop, reason = "tiles are indexed alike on both sides")]

use crate::conv::tile::{Job, largest, starts};
use crate::conv::windows::{self, Windows};
use crate::conv::{LANES, WeightLayout};
use crate::precision::integer::{Integer, packed_factors};
use crate::precision::{Arithmetic, Parameters};
use crate::shape::ConvShape;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};

/// Bytes of words that a first-level cache still holds beside others.
const BYTES: usize = 64 << 10;

/// A step's weights: of each lane two 16-bit numbers.
type Step = [u32; LANES];

/// Whether a layer is better off: where weights meet several windows, and inputs sixteen channels.
pub(super) const fn pay<P: Arithmetic>(shape: &ConvShape) -> bool {
    cfg!(target_arch = "x86_64")
        && !P::FLOAT
        && !shape.is_depthwise()
        && shape.output[1] * shape.output[2] >= 4
        && 64 * blocks::<P>(shape) <= BYTES
}

/// Blocks that widened inputs and weights take.
pub(super) const fn blocks<P: Arithmetic>(shape: &ConvShape) -> usize {
    let layout = WeightLayout::new(shape, P::GROUP);
    let [height, width] = windows::padded(shape);
    let steps = layout.runs * pairs(&layout);
    Block::count::<u16>(words(shape.input[0] * height * width)) + Block::count::<Step>(steps)
}

/// Words of a map: a run's last step may read one behind it.
#[inline(always)]
const fn words(values: usize) -> usize {
    values + 1
}

/// Steps of a run.
#[inline(always)]
const fn pairs(layout: &WeightLayout) -> usize {
    layout.run.div_ceil(2)
}

/// Makes bytes words.
#[inline(always)]
pub(super) fn widen(bytes: &[u8], words: &mut [u16]) {
    for (word, &byte) in words.iter_mut().zip(bytes) {
        *word = byte.into();
    }
}

/// Runs a layer.
#[inline(always)]
pub(crate) fn run<P: Integer, I: Isa>(isa: I, job: &mut Job<'_, '_, P>, scratch: &mut [Block]) {
    let (layout, windows) = (job.layout, job.windows);
    let map = Block::count::<u16>(words(job.input.len()));
    let (map, scratch) = scratch.split_at_mut(map);
    let map: &mut [u16] = values_mut(map, words(job.input.len()));
    let (inputs, rest) = map.split_at_mut(job.input.len());
    widen(job.input, inputs);
    rest.fill(0);
    let weights: &mut [Step] = values_mut(scratch, layout.runs * pairs(&layout));
    let map: &[u8] = bytemuck::cast_slice(map);
    for group in 0..layout.groups {
        for block in 0..layout.blocks {
            fill::<P>(&layout, job.parameters.weights, [group, block], weights);
            let mut pass = Pass { isa, job, map, weights, group, block };
            match columns(&windows) {
                6 => pass.run::<6>(),
                4 => pass.run::<4>(),
                2 => pass.run::<2>(),
                _ => pass.run::<1>(),
            }
        }
    }
}

/// Widens a block's weights.
#[inline(always)]
fn fill<P: Integer>(
    layout: &WeightLayout,
    weights: &[u8],
    [group, block]: [usize; 2],
    words: &mut [Step],
) {
    let channel = group * layout.group_lanes() + block * LANES;
    let (steps, step_len) = (layout.steps(), 4 * layout.lanes(block));
    let weights = &weights[4 * channel * layout.runs * steps..];
    for (run, words) in words.chunks_exact_mut(pairs(layout)).enumerate() {
        for (pair, words) in words.iter_mut().enumerate() {
            let (quad, half) = (pair / 2, pair % 2);
            let step = run * steps + quad / (P::GROUP / 4);
            let packed: &[u8; 4 * LANES] =
                weights[step * step_len..].first_chunk().expect("room for a whole block");
            let mut packed: Step = bytemuck::cast(*packed);
            for lane in 0..LANES {
                let factors = packed_factors::<P>(packed[lane], quad % (P::GROUP / 4));
                packed[lane] = word_pair(factors >> (16 * half));
            }
            // No input stands for nothing where a run ends within the pair.
            if 2 * pair + 1 == layout.run {
                for lane in 0..LANES {
                    packed[lane] &= 0xFFFF;
                }
            }
            *words = packed;
        }
    }
}

/// The lower two of four signed bytes as 16-bit numbers.
#[inline(always)]
pub(super) fn word_pair(quad: u32) -> u32 {
    let low = (quad << 24).cast_signed() >> 24;
    let high = (quad << 16).cast_signed() >> 24 << 16;
    low.cast_unsigned() & 0xFFFF | high.cast_unsigned()
}

/// One block of a layer over all windows.
struct Pass<'j, 'p, 'a, P: Arithmetic, I> {
    isa: I,
    job: &'j mut Job<'p, 'a, P>,
    map: &'j [u8],
    weights: &'j [Step],
    group: usize,
    block: usize,
}

/// Windows at a time, of which the last ones of a row may be computed again.
#[inline(always)]
fn columns(windows: &Windows) -> usize {
    if windows.pool {
        return 4;
    }
    let mut best = (1, usize::MAX);
    for columns in [1, 2, 4, 6] {
        // Half cycles: two multiplications for each window, and the loop.
        let cost = windows.size[1].div_ceil(columns) * (2 * columns + 1);
        if columns <= windows.size[1] && cost <= best.1 {
            best = (columns, cost);
        }
    }
    best.0
}

impl<P: Integer, I: Isa> Pass<'_, '_, '_, P, I> {
    #[inline(always)]
    fn run<const COLUMNS: usize>(&mut self) {
        let (isa, layout, windows) = (self.isa, self.job.layout, self.job.windows);
        let outputs = layout.groups * layout.outputs;
        let [rows, columns] = windows.size;
        let channel = self.group * layout.group_lanes() + self.block * LANES;
        let output = self.group * layout.outputs + self.block * LANES;
        let factor = if windows.pool { 2 } else { 1 };
        for y in 0..rows / factor {
            for x in starts(columns / factor, COLUMNS / (factor * factor)) {
                let at = factor * (y * windows.step[0] + x * windows.step[1])
                    + self.group * windows.group_step;
                let sums = self.tile::<COLUMNS>(at, channel);
                let Job { parameters: Parameters { channels, .. }, activation, .. } = *self.job;
                let pixels = &mut self.job.output[(y * (columns / factor) + x) * outputs..];
                for c in 0..COLUMNS / (factor * factor) {
                    let sums = if windows.pool {
                        largest::<P, I, COLUMNS, 1>(isa, &sums, c, 0)
                    } else {
                        sums[c][0]
                    };
                    let places = &mut pixels[c * outputs + output..][..layout.places(self.block)];
                    P::finish_block(isa, sums, channels, channel, activation, places);
                }
            }
        }
    }

    /// The sums of some windows, of which the first lies at a place in the map.
    #[inline(always)]
    fn tile<const COLUMNS: usize>(&self, at: usize, channel: usize) -> [[I::I32; 1]; COLUMNS] {
        let (isa, layout, windows) = (self.isa, self.job.layout, self.job.windows);
        let start = P::start_block(isa, self.job.parameters.channels, channel);
        let mut sums = [[start]; COLUMNS];
        let pairs = pairs(&layout);
        let across = if windows.pool { COLUMNS / 2 } else { COLUMNS };
        for (run, weights) in self.weights.chunks_exact(pairs).enumerate() {
            let (down, right) = (run / windows.runs[1], run % windows.runs[1]);
            let from = at + down * windows.run_step[0] + right * windows.run_step[1];
            let mut inputs: [&[[u8; 4]]; COLUMNS] = [&[]; COLUMNS];
            for c in 0..COLUMNS {
                let place = c / across * windows.step[0] + c % across * windows.step[1];
                let (run, _) = self.map[2 * (from + place)..].as_chunks();
                inputs[c] = &run[..pairs];
            }
            for k in 0..pairs {
                let weights = isa.load_quads(bytemuck::cast_ref(&weights[k]));
                unrolled!(c in COLUMNS; 0 1 2 3 4 5 => {
                    let inputs = isa.splat_quad(inputs[c][k]);
                    sums[c][0] = isa.dot_words(sums[c][0], inputs, weights);
                });
            }
        }
        sums
    }
}
