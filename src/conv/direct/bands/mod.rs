//! `rows` for bytes, where a 2×2 pool follows: bands of two rows of windows, of whose results one row
//! is left.
//!
//! ```text
//! before:  four weights of a window that meet four bytes at once, for each step and output channel
//! for each band, for each 32 windows of its rows:
//!     for each step:   x = the bytes of the even windows, and of the odd ones     one load, two shuffles
//!         for each output channel o:   sum[row][parity][o] += x · weights of o
//!     the largest of a channel's four sums ─ rounding ─ channels interleaved, stored as neighbours
//! ```
//!
//! A step is four neighbouring taps of a row, or, of the columns that are left over, four taps below each
//! other where that takes fewer steps: 5×5 taps are seven steps instead of ten. Where bytes are multiplied
//! as 16-bit numbers, the image is widened before, and a step is two taps.

#![allow(clippy::needless_range_loop, reason = "tiles are indexed alike on both sides")]

mod eights;
mod order;

use super::words::{widen, word_pair};
use crate::conv::rows::{self, Job};
use crate::conv::{LANES, WeightLayout};
use crate::network::largest;
use crate::precision::Arithmetic;
use crate::precision::integer::{Integer, packed_quad};
use crate::shape::ConvShape;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};
use order::{InWords, Order, Pairs, Quarters, Whole};

/// Windows of a row that a tile takes.
const WIDTH: usize = 2 * LANES;

/// Whether a layer for which `rows` pays runs here.
pub(super) const fn pay<P: Arithmetic>(shape: &ConvShape, pool: bool) -> bool {
    P::BYTES && pool && rows::pay::<P>(shape) && shape.output[1] > 1 && shape.output[2] > 1
}

/// Blocks for the weights, and for the widened image.
pub(super) const fn blocks<P: Arithmetic>(shape: &ConvShape) -> usize {
    if !pay::<P>(shape, true) {
        return 0;
    }
    let walk = Walk::new(shape, 4);
    let kept = if walk.steps <= KEPT { 2 * walk.steps } else { 0 };
    let in_bytes = weight_blocks(&walk, shape) + kept;
    let in_words = words_blocks(shape) + weight_blocks(&Walk::new(shape, 2), shape);
    let in_eights = eights::blocks(shape);
    largest(&[
        in_bytes,
        if cfg!(target_arch = "x86_64") { in_words } else { 0 },
        if eights::pay(shape) { in_eights } else { 0 },
    ])
}

#[inline(always)]
const fn weight_blocks(walk: &Walk, shape: &ConvShape) -> usize {
    Block::count::<Factor>(walk.steps * shape.output[0])
}

#[inline(always)]
const fn words_blocks(shape: &ConvShape) -> usize {
    Block::count::<u16>(rows::sizes(shape)[1])
}

/// A step's weights, from the lowest byte on: four, or two 16-bit numbers.
type Factor = u32;

/// How a window's taps are dealt out to steps.
#[derive(Clone, Copy)]
struct Walk {
    /// Taps of a step.
    taps: usize,
    rows: usize,
    /// Steps along a row of taps.
    across: usize,
    /// Columns of taps behind these, which are taken from top to bottom.
    columns: usize,
    /// Steps down a column.
    down: usize,
    steps: usize,
}

impl Walk {
    #[inline(always)]
    const fn new(shape: &ConvShape, taps: usize) -> Self {
        let [rows, width] = shape.window.kernel;
        let (columns, down) = (width % taps, rows.div_ceil(taps));
        if columns * down < rows {
            let across = width / taps;
            Self { taps, rows, across, columns, down, steps: rows * across + columns * down }
        } else {
            let across = width.div_ceil(taps);
            Self { taps, rows, across, columns: 0, down, steps: rows * across }
        }
    }
}

/// Runs a layer with its pool.
#[inline(always)]
pub(crate) fn run<P: Integer, I: Isa>(isa: I, job: Job<'_, '_, P>, scratch: &mut [Block]) {
    let shape = job.shape;
    if I::MATRICES && eights::pay(&shape) {
        return eights::run(isa, job, scratch);
    }
    let walk = Walk::new(&shape, if I::WORDS { 2 } else { 4 });
    let outputs = shape.output[0];
    let (words, scratch) = scratch.split_at_mut(if I::WORDS { words_blocks(&shape) } else { 0 });
    let (factors, scratch) = scratch.split_at_mut(weight_blocks(&walk, &shape));
    let factors: &mut [Factor] = values_mut(factors, walk.steps * outputs);
    fill::<P, I>(isa, &job, &walk, factors);
    if I::WORDS {
        let [_, len] = rows::sizes(&shape);
        let words: &mut [u16] = values_mut(words, len);
        widen(job.input, words);
        let bands = Bands { job, walk, factors, words: bytemuck::cast_slice(words), kept: &mut [] };
        return match outputs {
            6.. => bands.run::<I, InWords, 6>(isa),
            3.. => bands.run::<I, InWords, 3>(isa),
            _ => bands.run::<I, InWords, 1>(isa),
        };
    }
    let keeps = I::KEEPS && walk.steps <= KEPT;
    let (kept, _) = scratch.as_chunks_mut();
    let kept = if keeps { &mut kept[..walk.steps] } else { &mut [] };
    let bands = Bands { job, walk, factors, words: &[], kept };
    // Sums of both rows and of all windows, where they fit into the registers; else one after the other.
    let whole = I::VECTORS / I::REGISTERS > 26;
    match (outputs, whole) {
        (6.., true) => bands.run::<I, Whole, 6>(isa),
        (6.., false) if keeps => bands.run::<I, Pairs, 6>(isa),
        (6.., false) => bands.run::<I, Quarters, 6>(isa),
        (4.., true) => bands.run::<I, Whole, 4>(isa),
        (4.., false) if keeps => bands.run::<I, Pairs, 4>(isa),
        (4.., false) => bands.run::<I, Quarters, 4>(isa),
        (3, true) => bands.run::<I, Whole, 3>(isa),
        (3, false) => bands.run::<I, Quarters, 3>(isa),
        (2, true) => bands.run::<I, Whole, 2>(isa),
        (2, false) => bands.run::<I, Quarters, 2>(isa),
        (_, true) => bands.run::<I, Whole, 1>(isa),
        (_, false) => bands.run::<I, Quarters, 1>(isa),
    }
}

/// The weights of each step and channel.
#[inline(always)]
fn fill<P: Integer, I: Isa>(_: I, job: &Job<'_, '_, P>, walk: &Walk, factors: &mut [Factor]) {
    let outputs = job.shape.output[0];
    let layout = WeightLayout::new(&job.shape, P::GROUP);
    // Of this known length, so that no place among them is checked.
    let len = 4 * layout.runs * layout.steps() * layout.group_lanes();
    let weights = &job.parameters.weights[..len];
    let mut steps = factors.chunks_exact_mut(outputs);
    for ky in 0..walk.rows {
        for quad in 0..walk.across {
            let step = steps.next().expect("there is room for all steps");
            for (o, factor) in step.iter_mut().enumerate() {
                let at = walk.taps * quad;
                let taps = packed_quad::<P>(&layout, weights, o, [ky, at / 4]) >> (8 * (at % 4));
                *factor = if I::WORDS { word_pair(taps) } else { taps };
            }
        }
    }
    for column in 0..walk.columns {
        for down in 0..walk.down {
            let step = steps.next().expect("there is room for all steps");
            for (o, factor) in step.iter_mut().enumerate() {
                let mut taps = 0;
                for ky in walk.taps * down..walk.rows.min(walk.taps * (down + 1)) {
                    let at = walk.taps * walk.across + column;
                    let quad = packed_quad::<P>(&layout, weights, o, [ky, at / 4]);
                    taps |= (quad >> (8 * (at % 4)) & 0xFF) << (8 * (ky - walk.taps * down));
                }
                *factor = if I::WORDS { word_pair(taps) } else { taps };
            }
        }
    }
}

struct Bands<'p, 'a, 'f, P: Arithmetic> {
    job: Job<'p, 'a, P>,
    walk: Walk,
    factors: &'f [Factor],
    /// The image's 16-bit numbers, where it is widened.
    words: &'f [u8],
    /// Room for kept inputs, where they are.
    kept: &'f mut Kept,
}

/// Sums of rows, of the two parts of a row's windows, and of output channels.
type Sums<I, const ROWS: usize, const PARTS: usize, const OUTPUTS: usize> =
    [[[<I as Isa>::I32; OUTPUTS]; PARTS]; ROWS];

/// The sums of both parts, the larger ones of both rows.
type Pooled<I, const OUTPUTS: usize> = [[<I as Isa>::I32; OUTPUTS]; 2];

/// Steps whose inputs can be kept.
const KEPT: usize = 16;

/// The inputs of steps, for both parts of a row of windows.
type Kept = [[Block; 2]];

impl<P: Integer> Bands<'_, '_, '_, P> {
    #[inline(always)]
    fn run<I: Isa, O: Order, const OUTPUTS: usize>(mut self, isa: I) {
        let [outputs, height, width] = self.job.shape.output;
        let mut first = 0;
        loop {
            for band in 0..height / 2 {
                let mut x = 0;
                while x < width / 2 * 2 {
                    self.tile::<I, O, OUTPUTS>(isa, [band, x], first);
                    x += WIDTH;
                }
            }
            if first + OUTPUTS >= outputs {
                break;
            }
            first = (first + OUTPUTS).min(outputs - OUTPUTS);
        }
    }

    /// The results of a band's two rows at 32 windows from `x` on.
    #[inline(always)]
    fn tile<I: Isa, O: Order, const OUTPUTS: usize>(
        &mut self,
        isa: I,
        [band, x]: [usize; 2],
        first: usize,
    ) {
        let [even, odd] = O::sums::<P, I, OUTPUTS>(isa, self, [2 * band, x], first);
        let mut pooled = [isa.splat_i32(0); OUTPUTS];
        for o in 0..OUTPUTS {
            pooled[o] = isa.max_slid([even[o], odd[o]]);
        }
        let Job { shape, parameters, activation, output, .. } = &mut self.job;
        let [outputs, _, width] = shape.output;
        let at = [outputs, LANES.min((width - x) / 2)];
        // Behind the last place lie those that are computed later.
        let pixels = &mut output[(band * (width / 2) + x / 2) * outputs + first..];
        P::finish_pixels(isa, &pooled, parameters.channels, first, *activation, pixels, at);
    }

    /// Makes the inputs of all steps of a row of windows.
    #[inline(always)]
    fn keep<I: Isa>(&mut self, isa: I, [y, x]: [usize; 2]) {
        let Self { job: Job { shape, input, .. }, walk, kept, .. } = self;
        let [row, _] = rows::sizes(shape);
        let tap_down = shape.window.dilation[0] * row;
        let input = &input[y * shape.window.stride[0] * row + x..];
        let mut kept = kept.iter_mut();
        for ky in 0..walk.rows {
            for quad in 0..walk.across {
                let quads = slide(isa, &input[ky * tap_down + 4 * quad..]);
                keep(isa, quads, kept.next());
            }
        }
        for column in 0..walk.columns {
            for down in 0..walk.down {
                let (top, taps) = (4 * down, (walk.rows - 4 * down).min(4));
                let stretch = &input[top * tap_down + 4 * walk.across + column..];
                keep(isa, down_columns(isa, stretch, taps, tap_down), kept.next());
            }
        }
    }

    /// The sums of two channels, of kept inputs.
    #[inline(always)]
    fn sums_kept<I: Isa>(&self, isa: I, first: usize) -> [[I::I32; 2]; 2] {
        let channels = self.job.parameters.channels;
        let start =
            [P::start_spread(isa, channels, first), P::start_spread(isa, channels, first + 1)];
        let mut sums = [start; 2];
        let steps = self.factors.chunks_exact(self.job.shape.output[0]);
        for (inputs, factors) in self.kept.iter().zip(steps) {
            let two = factors[first..].first_chunk().expect("a pair of channels");
            let weights = isa.spread_factors(two);
            unrolled!(part in 2; 0 1 => {
                let inputs = isa.kept(&inputs[part].0);
                unrolled!(o in 2; 0 1 => {
                    sums[part][o] = isa.dot(sums[part][o], inputs, weights[o]);
                });
            });
        }
        sums
    }

    /// The sums of the even or the odd windows of a widened row.
    #[inline(always)]
    fn sums_of_words<I: Isa, const OUTPUTS: usize>(
        &self,
        isa: I,
        [y, x]: [usize; 2],
        part: usize,
        first: usize,
    ) -> [I::I32; OUTPUTS] {
        let Self { job: Job { shape, parameters, .. }, walk, factors, words, .. } = self;
        let [row, _] = rows::sizes(shape);
        let tap_down = 2 * shape.window.dilation[0] * row;
        let words = &words[2 * (y * shape.window.stride[0] * row + x)..];
        let mut sums = [isa.splat_i32(0); OUTPUTS];
        for o in 0..OUTPUTS {
            sums[o] = P::start_spread(isa, parameters.channels, first + o);
        }
        let mut factors = factors.chunks_exact(shape.output[0]);
        for ky in 0..walk.rows {
            for pair in 0..walk.across {
                let inputs = load(isa, &words[ky * tap_down + 4 * pair + 2 * part..]);
                let factors = factors.next().expect("all steps are there");
                add_words(isa, &mut sums, inputs, &factors[first..]);
            }
        }
        for column in 0..walk.columns {
            for down in 0..walk.down {
                let at = 2 * down * tap_down + 4 * walk.across + 2 * column;
                let inputs = if 2 * down + 1 < walk.rows {
                    let (upper, lower) = (&words[at..], &words[at + tap_down..]);
                    isa.pair_words(load(isa, upper), load(isa, lower))[part]
                } else {
                    // The second weight is 0.
                    load(isa, &words[at + 2 * part..])
                };
                let factors = factors.next().expect("all steps are there");
                add_words(isa, &mut sums, inputs, &factors[first..]);
            }
        }
        sums
    }

    #[inline(always)]
    fn sums<
        I: Isa,
        const ROWS: usize,
        const PARTS: usize,
        const PART: usize,
        const OUTPUTS: usize,
    >(
        &self,
        isa: I,
        [y, x]: [usize; 2],
        first: usize,
    ) -> Sums<I, ROWS, PARTS, OUTPUTS> {
        let Self { job: Job { shape, parameters, input, .. }, walk, factors, .. } = self;
        let [row, _] = rows::sizes(shape);
        let (step_down, tap_down) = (shape.window.stride[0] * row, shape.window.dilation[0] * row);
        let mut sums = [[[isa.splat_i32(0); OUTPUTS]; PARTS]; ROWS];
        for o in 0..OUTPUTS {
            let start = P::start_spread(isa, parameters.channels, first + o);
            for r in 0..ROWS {
                for p in 0..PARTS {
                    sums[r][p][o] = start;
                }
            }
        }
        let mut factors = factors.chunks_exact(shape.output[0]);
        for ky in 0..walk.rows {
            for quad in 0..walk.across {
                let factors = &factors.next().expect("all steps are there")[first..][..OUTPUTS];
                let mut inputs = [[isa.splat_quad([0; 4]); 2]; ROWS];
                for r in 0..ROWS {
                    let at = (y + r) * step_down + ky * tap_down + x + 4 * quad;
                    inputs[r] = slide(isa, &input[at..]);
                }
                add::<I, ROWS, PARTS, PART, OUTPUTS>(isa, &mut sums, inputs, factors);
            }
        }
        for column in 0..walk.columns {
            for down in 0..walk.down {
                let factors = &factors.next().expect("all steps are there")[first..][..OUTPUTS];
                let (top, taps) = (4 * down, (walk.rows - 4 * down).min(4));
                let mut inputs = [[isa.splat_quad([0; 4]); 2]; ROWS];
                for r in 0..ROWS {
                    let at = (y + r) * step_down + top * tap_down + x + 4 * walk.across + column;
                    inputs[r] = down_columns(isa, &input[at..], taps, tap_down);
                }
                add::<I, ROWS, PARTS, PART, OUTPUTS>(isa, &mut sums, inputs, factors);
            }
        }
        sums
    }
}

/// The larger of each pair of sums.
#[inline(always)]
fn larger<I: Isa, const OUTPUTS: usize>(
    isa: I,
    mut a: [I::I32; OUTPUTS],
    b: [I::I32; OUTPUTS],
) -> [I::I32; OUTPUTS] {
    for o in 0..OUTPUTS {
        a[o] = isa.max_i32(a[o], b[o]);
    }
    a
}

#[inline(always)]
fn slide<I: Isa>(isa: I, stretch: &[u8]) -> [I::Quads; 2] {
    isa.slide_pairs(stretch.first_chunk().expect("room behind the last row"))
}

#[inline(always)]
fn window(stretch: &[u8]) -> &[u8; WIDTH] {
    stretch.first_chunk().expect("room behind the last row")
}

/// A step's bytes down a column, of up to four taps.
#[inline(always)]
fn down_columns<I: Isa>(isa: I, stretch: &[u8], taps: usize, tap_down: usize) -> [I::Quads; 2] {
    if taps == 1 {
        return slide(isa, stretch);
    }
    // Where there are fewer than four, the last one's weight is 0 from then on.
    let last = taps - 1;
    isa.slide_columns([
        window(stretch),
        window(&stretch[last.min(1) * tap_down..]),
        window(&stretch[last.min(2) * tap_down..]),
        window(&stretch[last.min(3) * tap_down..]),
    ])
}

/// Widened inputs.
#[inline(always)]
fn load<I: Isa>(isa: I, stretch: &[u8]) -> I::Quads {
    isa.load_quads(stretch.first_chunk().expect("room behind the last row"))
}

/// Adds a step's products of widened inputs.
#[inline(always)]
fn add_words<I: Isa, const OUTPUTS: usize>(
    isa: I,
    sums: &mut [I::I32; OUTPUTS],
    inputs: I::Quads,
    factors: &[Factor],
) {
    let factors = &factors[..OUTPUTS];
    unrolled!(o in OUTPUTS; 0 1 2 3 4 5 => {
        let weights = isa.splat_quad(factors[o].to_le_bytes());
        sums[o] = isa.dot_words(sums[o], inputs, weights);
    });
}

/// Keeps a step's inputs.
#[inline(always)]
fn keep<I: Isa>(isa: I, quads: [I::Quads; 2], kept: Option<&mut [Block; 2]>) {
    let [first, last] = kept.expect("there is room for all steps");
    isa.keep(isa.inputs(quads[0]), &mut first.0);
    isa.keep(isa.inputs(quads[1]), &mut last.0);
}

/// Adds a step's products: of `PARTS` parts from `PART` on.
#[inline(always)]
fn add<I: Isa, const ROWS: usize, const PARTS: usize, const PART: usize, const OUTPUTS: usize>(
    isa: I,
    sums: &mut Sums<I, ROWS, PARTS, OUTPUTS>,
    quads: [[I::Quads; 2]; ROWS],
    factors: &[Factor],
) {
    let mut inputs = [[isa.inputs(quads[0][PART]); PARTS]; ROWS];
    for r in 0..ROWS {
        for p in 0..PARTS {
            inputs[r][p] = isa.inputs(quads[r][PART + p]);
        }
    }
    unrolled!(o in OUTPUTS; 0 1 2 3 4 5 => {
        let weights = isa.spread_factor(factors[o]);
        unrolled!(r in ROWS; 0 1 => {
            unrolled!(p in PARTS; 0 1 => {
                sums[r][p][o] = isa.dot(sums[r][p][o], inputs[r][p], weights);
            });
        });
    });
}
