//! Convolutions to so few output channels that they fill half of a register: the lanes are two windows
//! of each channel, one from each half of a row.
//!
//! ```text
//! pairs:   some rows of the padded map → (value of a window in the left half, in the right half)
//! for each row of taps, for each two steps k and l of it that lie a stride apart:
//!     w, v = weights of both, each twice                          two loads
//!     for each pair c:  p = pair c at step k                      one load that spreads two values
//!                       sum[c] += p · w,  sum[c - 1] += p · v
//! ```
//!
//! What a window reads at a step, the window before reads a stride further on: it is loaded once for both.
//!
//! In floats only, and where sixteen lanes are one register: of narrower ones, those without a channel
//! are not computed anyway.
#![allow(clippy::needless_range_loop, reason = "tiles are indexed alike on both sides")]

use crate::conv::tile::{Body, Plan, Planned, TILES, fits, with_any_tile, with_column_tile};
use crate::conv::windows::padded;
use crate::conv::{LANES, Pooling, WeightLayout};
use crate::layers::Activation;
use crate::precision::Arithmetic;
use crate::shape::ConvShape;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};

/// Whether this pays for a layer on an instruction set. With a pool it does not; nor may a layer that has one
/// run here without it, since products are added in another order than `tile` adds them.
#[inline(always)]
pub(super) const fn pay<P: Arithmetic, I: Isa>(shape: &ConvShape, pool: Pooling) -> bool {
    I::REGISTERS == 1 && matches!(pool, Pooling::None) && can::<P>(shape)
}

#[inline(always)]
const fn can<P: Arithmetic>(shape: &ConvShape) -> bool {
    let window = &shape.window;
    let neighbours = window.kernel[1] == 1 || window.dilation[1] == 1;
    // Windows that share nothing would be copied for one use.
    let copied = window.kernel[0] >= window.stride[0] && window.kernel[1] >= window.stride[1];
    // Others have no such registers, and no memory to spare.
    cfg!(target_arch = "x86_64")
        && P::FLOAT
        && shape.groups == 1
        && shape.output[0] <= LANES / 2
        && shape.output[2] >= 4
        && window.taps() > 1
        && neighbours
        && copied
}

/// Blocks of scratch memory, on whatever instruction set.
#[inline(always)]
pub(super) const fn blocks<P: Arithmetic>(shape: &ConvShape) -> usize {
    if can::<P>(shape) { Block::count::<f32>(Sizes::new(shape).scratch()) } else { 0 }
}

/// Pairs of a row of windows.
#[inline(always)]
const fn half(shape: &ConvShape) -> usize {
    shape.output[2].div_ceil(2)
}

/// What lies in scratch memory.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    /// Steps of a row of taps.
    steps: usize,
    /// The weights of all steps, each twice.
    weights: usize,
    /// A row of the padded map.
    line: usize,
    /// A row of pairs, in pairs.
    pairs: usize,
    /// Rows of windows whose pairs lie there at the same time.
    band: usize,
    /// Rows of pairs for so many.
    rows: usize,
}

impl Sizes {
    /// Floats of a band, so that it stays in a first-level cache beside all else.
    const BAND: usize = 4 << 10;

    #[inline(always)]
    const fn new(shape: &ConvShape) -> Self {
        let (channels, window) = (shape.input[0], &shape.window);
        let steps = window.kernel[1] * channels;
        let pairs = (half(shape) - 1) * window.stride[1] * channels + steps;
        let reach = (window.kernel[0] - 1) * window.dilation[0] + 1;
        let mut band = 1;
        while band < shape.output[1] && (band * window.stride[0] + reach) * pairs * 2 <= Self::BAND
        {
            band += 1;
        }
        Self {
            steps,
            weights: (window.kernel[0] * steps + 1) * LANES,
            line: (padded(shape)[1] * channels).next_multiple_of(LANES),
            pairs,
            band,
            rows: (band - 1) * window.stride[0] + reach,
        }
    }

    #[inline(always)]
    const fn scratch(&self) -> usize {
        self.weights + self.line + self.rows * self.pairs * 2
    }
}

/// The tile for a layer, as that of the last block.
#[inline(always)]
pub(super) const fn plan<I: Isa>(shape: &ConvShape) -> Plan {
    let (mut best, mut best_cost, mut index) = (0, usize::MAX, 0);
    while index < TILES.len() {
        let [columns, blocks] = TILES[index];
        if blocks == 1 && columns <= half(shape) && fits::<I>(columns, 1) {
            // Loads of a step that is added alone, or the wait for the step before.
            let step = if columns < 8 { 9 } else { columns + 1 };
            let cost = half(shape).div_ceil(columns) * step;
            if cost < best_cost {
                (best, best_cost) = (index, cost);
            }
        }
        index += 1;
    }
    Plan { full: best, tail: best }
}

/// A layer over one image.
pub(super) struct Job<'p, 'a> {
    pub(super) shape: ConvShape,
    pub(super) biases: &'p [f32],
    pub(super) weights: &'p [f32],
    pub(super) activation: Activation,
    pub(super) input: &'a [f32],
    pub(super) output: &'a mut [f32],
    pub(super) scratch: &'a mut [Block],
}

/// Runs a layer with a tile that is known when it is compiled.
#[inline(always)]
pub(super) fn run_planned<I: Isa, T: Planned>(isa: I, job: Job<'_, '_>) {
    with_column_tile::<I, T, _>(isa, Pass { isa, job });
}

/// Runs a layer with any tile.
pub(super) fn run_any<I: Isa>(isa: I, tile: usize, job: Job<'_, '_>) {
    with_any_tile(isa, tile, Pass { isa, job });
}

struct Pass<'p, 'a, I> {
    isa: I,
    job: Job<'p, 'a>,
}

impl<I: Isa> Body for Pass<'_, '_, I> {
    #[inline(always)]
    fn run<const COLUMNS: usize, const BLOCKS: usize>(self) {
        if const { BLOCKS > 1 || !fits::<I>(COLUMNS, 1) } {
            unreachable!("a tile of pairs is one block, and fits into the registers");
        }
        let Self { isa, job } = self;
        let Job { shape, biases, weights, activation, input, output, scratch } = job;
        let ([outputs, rows, columns], window) = (shape.output, shape.window);
        let (half, sizes) = (half(&shape), Sizes::new(&shape));
        // Values from a window to the next.
        let stride = window.stride[1] * shape.input[0];
        let (doubled, rest) = values_mut(scratch, sizes.scratch()).split_at_mut(sizes.weights);
        let (line, pairs) = rest.split_at_mut(sizes.line);
        let (pairs, _) = pairs.as_chunks_mut::<2>();
        double(&shape, biases, weights, doubled);
        let (bias, weights) = doubled.split_at(LANES);
        let bias = isa.load(bias.first_chunk().expect("a bias has sixteen lanes"));
        let (weights, _) = weights.as_chunks::<LANES>();
        for first in (0..rows).step_by(sizes.band) {
            for (row, pairs) in pairs.chunks_exact_mut(sizes.pairs).enumerate() {
                pad(&shape, input, first * window.stride[0] + row, line);
                let right = &line[(columns - half) * stride..][..sizes.pairs];
                for ((pair, &left), &right) in pairs.iter_mut().zip(&*line).zip(right) {
                    *pair = [left, right];
                }
            }
            for y in 0..sizes.band.min(rows - first) {
                for tile in 0..half.div_ceil(COLUMNS) {
                    let x = (tile * COLUMNS).min(half - COLUMNS);
                    let mut sums = [bias; COLUMNS];
                    for down in 0..window.kernel[0] {
                        let row = y * window.stride[0] + down * window.dilation[0];
                        let from = row * sizes.pairs + x * stride;
                        let run = &pairs[from..][..(COLUMNS - 1) * stride + sizes.steps];
                        let weights = &weights[down * sizes.steps..][..sizes.steps];
                        for from in (0..sizes.steps).step_by(2 * stride) {
                            let end = sizes.steps.min(from + stride);
                            // Those before this one have another step a stride further on.
                            let alone = sizes.steps.saturating_sub(stride).clamp(from, end);
                            for k in from..alone {
                                let two = [&weights[k], &weights[k + stride]];
                                add_two_steps(isa, &mut sums, &run[k..], stride, two);
                            }
                            for k in alone..end {
                                add_step(isa, &mut sums, &run[k..], stride, &weights[k]);
                            }
                        }
                    }
                    for c in 0..COLUMNS {
                        let left = ((first + y) * columns + x + c) * outputs;
                        let results = activation.lanes(isa, sums[c]);
                        let places = &mut output[left..][..(columns - half + 1) * outputs];
                        // With an odd number of windows, the one in the middle is in both halves.
                        let (left, right) = places.split_at_mut((columns - half) * outputs);
                        isa.store_alternate(results, &mut left[..outputs], &mut right[..outputs]);
                    }
                }
            }
        }
    }
}

/// Adds the products of a step, whose pairs lie a stride apart.
#[inline(always)]
fn add_step<I: Isa, const COLUMNS: usize>(
    isa: I,
    sums: &mut [I::F32; COLUMNS],
    pairs: &[[f32; 2]],
    stride: usize,
    weights: &[f32; LANES],
) {
    let weights = isa.load(weights);
    for c in 0..COLUMNS {
        sums[c] = isa.mul_add(isa.alternate(&pairs[c * stride]), weights, sums[c]);
    }
}

/// Adds the products of a step and of the one a stride further on: what a window has there is what the next
/// one has at the first.
#[inline(always)]
fn add_two_steps<I: Isa, const COLUMNS: usize>(
    isa: I,
    sums: &mut [I::F32; COLUMNS],
    pairs: &[[f32; 2]],
    stride: usize,
    weights: [&[f32; LANES]; 2],
) {
    let weights = [isa.load(weights[0]), isa.load(weights[1])];
    let mut pair = isa.alternate(&pairs[0]);
    for c in 0..COLUMNS {
        sums[c] = isa.mul_add(pair, weights[0], sums[c]);
        pair = isa.alternate(&pairs[(c + 1) * stride]);
        sums[c] = isa.mul_add(pair, weights[1], sums[c]);
    }
}

/// Writes the biases and each step's weights, each of them twice.
#[inline(always)]
fn double(shape: &ConvShape, biases: &[f32], weights: &[f32], doubled: &mut [f32]) {
    let lanes = WeightLayout::new(shape, 1).tail;
    let (bias, steps) = doubled.split_at_mut(LANES);
    let sources = core::iter::once(&biases[..lanes]).chain(weights.chunks_exact(lanes));
    let places = core::iter::once(bias).chain(steps.chunks_exact_mut(LANES));
    for (places, values) in places.zip(sources) {
        let (places, rest) = places.split_at_mut(2 * lanes);
        for (pair, &value) in places.chunks_exact_mut(2).zip(values) {
            pair.fill(value);
        }
        rest.fill(0.0);
    }
}

/// Writes a row of the padded map.
#[inline(always)]
fn pad(shape: &ConvShape, input: &[f32], row: usize, line: &mut [f32]) {
    let [channels, height, width] = shape.input;
    let [top, _, left, _] = shape.window.padding;
    let row = row.wrapping_sub(top);
    if row >= height {
        line.fill(0.0);
        return;
    }
    let (before, rest) = line.split_at_mut(left * channels);
    let (inside, after) = rest.split_at_mut(width * channels);
    before.fill(0.0);
    inside.copy_from_slice(&input[row * width * channels..][..width * channels]);
    after.fill(0.0);
}
