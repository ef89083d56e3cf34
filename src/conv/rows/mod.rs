//! Convolutions of one input channel to few output channels over a wide image: sixteen positions of a
//! row in the lanes, where sixteen channels would leave most of them idle.
//!
//! ```text
//! for each row and column of taps, for some rows y and some vectors v of a row:
//!     x = padded image[y + ky][16 v + kx ..]                        one unaligned load
//!     for each output channel o:  sum[y][v][o] += x · weight of o   one load that spreads
//! ```
//!
//! The results lie channel by channel, and are interleaved as they are stored, after a 2×2 maximum if
//! one follows: of a fused pool's input no value reaches memory.

#![allow(clippy::needless_range_loop, reason = "tiles are indexed alike on both sides")]

mod table;

pub(super) use table::{Planned, choose};

use super::tile::overlapping;
use super::windows::padded;
use super::{LANES, WeightLayout};
use crate::layers::Activation;
use crate::precision::{Arithmetic, Output, Parameters};
use crate::shape::ConvShape;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};
use table::{Body, fits, with_any_tile, with_fixed_tile};

/// Whether this pays for a layer: a row of windows times output channels takes fewer vectors than
/// output channels times windows, by enough to make up for the planes.
pub(super) const fn pay<P: Arithmetic>(shape: &ConvShape) -> bool {
    let [inputs, ..] = shape.input;
    let [outputs, _, width] = shape.output;
    let window = &shape.window;
    let steps = P::GROUP == 1 || window.dilation[1] == 1;
    let across = outputs * width.div_ceil(LANES);
    let blocks = width * outputs.div_ceil(LANES);
    // Taking channels or columns apart costs more than it saves.
    let copied = inputs == 1 && window.stride[1] == 1;
    P::HAS_ZERO
        && steps
        && shape.groups == 1
        && window.kernel[1] < shape.input[2]
        && copied
        && across * 4 <= blocks * 3
}

/// Values of a row of the padded copy, and in all: behind the last row there is room for the lanes that
/// no output needs.
#[inline(always)]
pub(super) const fn sizes(shape: &ConvShape) -> [usize; 2] {
    let [height, width] = padded(shape);
    [width, height * width + 4 * LANES]
}

/// Values from one to another in the map that a job reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Strides {
    /// From a row of windows to the one below.
    pub(super) row: usize,
    /// From a row of taps to the one below.
    pub(super) down: usize,
    /// From a step's taps to the next one's.
    pub(super) across: usize,
}

impl Strides {
    /// Those of the padded copy.
    pub(super) const fn of_copy<P: Arithmetic>(shape: &ConvShape) -> Self {
        let ([row, _], window) = (sizes(shape), &shape.window);
        Self {
            row: window.stride[0] * row,
            down: window.dilation[0] * row,
            across: P::GROUP * window.dilation[1],
        }
    }
}

/// Blocks that the padded copy takes.
pub(super) const fn blocks<P: Arithmetic>(shape: &ConvShape) -> usize {
    Block::count::<P::Element>(sizes(shape)[1])
}

/// Copies the input with its padding around it.
#[inline(always)]
pub(super) fn copy<'s, P: Arithmetic>(
    shape: &ConvShape,
    input: &[P::Element],
    scratch: &'s mut [Block],
    zero: P::Element,
) -> &'s [P::Element] {
    let [row, len] = sizes(shape);
    let [_, height, width] = shape.input;
    let [top, _, left, _] = shape.window.padding;
    let copy = values_mut(scratch, len);
    let (above, rest) = copy.split_at_mut(top * row);
    let (rows, below) = rest.split_at_mut(height * row);
    above.fill(zero);
    below.fill(zero);
    for (row, source) in rows.chunks_exact_mut(row).zip(input.chunks_exact(width)) {
        let (before, row) = row.split_at_mut(left);
        let (row, after) = row.split_at_mut(width);
        before.fill(zero);
        row.copy_from_slice(source);
        after.fill(zero);
    }
    copy
}

/// A layer over one image.
pub struct Job<'p, 'a, P: Arithmetic> {
    pub(super) shape: ConvShape,
    pub(super) strides: Strides,
    pub(super) parameters: Parameters<'p, P>,
    pub(super) activation: Activation,
    /// Whether the results go through a 2×2 pool.
    pub(super) pool: bool,
    /// The image with its padding.
    pub(super) input: &'a [P::Element],
    pub(super) output: &'a mut [Output<P>],
}

/// Runs a layer with a tile that is known when it is compiled.
#[inline(always)]
pub(super) fn run_planned<P: Arithmetic, I: Isa, T: Planned>(isa: I, job: Job<'_, '_, P>) {
    with_fixed_tile::<I, T, _>(isa, Pass { isa, job });
}

/// Runs a layer with any tile.
pub(super) fn run_any<P: Arithmetic, I: Isa>(isa: I, tile: usize, job: Job<'_, '_, P>) {
    with_any_tile(isa, tile, Pass { isa, job });
}

struct Pass<'p, 'a, P: Arithmetic, I> {
    isa: I,
    job: Job<'p, 'a, P>,
}

impl<P: Arithmetic, I: Isa> Body for Pass<'_, '_, P, I> {
    #[inline(always)]
    fn run<const ROWS: usize, const VECTORS: usize, const OUTPUTS: usize>(self) {
        if const { !fits::<I>([ROWS, VECTORS, OUTPUTS]) } {
            unreachable!("a plan's tile of {ROWS} x {VECTORS} x {OUTPUTS} fits into the registers");
        }
        let Self { isa, mut job } = self;
        let [outputs, height, width] = job.shape.output;
        let lanes = VECTORS * LANES;
        for first in overlapping::<OUTPUTS>(outputs) {
            // A pool's last odd row is not part of it.
            let bands = if job.pool { height / 2 } else { height.div_ceil(ROWS) };
            for band in 0..bands {
                let y = (band * ROWS).min(height - ROWS);
                for tile in 0..width.div_ceil(lanes) {
                    // A pool's pairs start at even columns.
                    let last = width.saturating_sub(lanes);
                    let x = (tile * lanes).min(if job.pool { last & !1 } else { last });
                    let sums = job.tile::<I, ROWS, VECTORS, OUTPUTS>(isa, [y, x], first);
                    if job.pool {
                        job.store_pooled(isa, &sums, [y, x], first);
                    } else {
                        job.store(isa, &sums, [y, x], first);
                    }
                }
            }
        }
    }
}

/// Sums of rows, vectors and output channels.
type Sums<P, I, const ROWS: usize, const VECTORS: usize, const OUTPUTS: usize> =
    [[[<P as Arithmetic>::Sums<I>; OUTPUTS]; VECTORS]; ROWS];

impl<P: Arithmetic> Job<'_, '_, P> {
    #[inline(always)]
    fn tile<I: Isa, const ROWS: usize, const VECTORS: usize, const OUTPUTS: usize>(
        &self,
        isa: I,
        [y, x]: [usize; 2],
        first: usize,
    ) -> Sums<P, I, ROWS, VECTORS, OUTPUTS> {
        let Self { shape, strides, parameters, input, .. } = self;
        let Parameters { channels, weights, .. } = parameters;
        let layout = WeightLayout::new(shape, P::GROUP);
        let window = shape.window;
        let mut sums = [[[P::zero(isa); OUTPUTS]; VECTORS]; ROWS];
        for o in 0..OUTPUTS {
            let start = P::start_spread(isa, *channels, first + o);
            for r in 0..ROWS {
                for v in 0..VECTORS {
                    sums[r][v][o] = start;
                }
            }
        }
        // Of another map, as Im2col's, the rows of taps lie elsewhere.
        let copied = *strides == Strides::of_copy::<P>(shape);
        if I::AHEAD && copied && layout.outputs + 4 <= LANES {
            self.tile_ahead::<I, ROWS, VECTORS, OUTPUTS>(isa, &mut sums, [y, x], first);
            return sums;
        }
        let lane = LaneWeights { weights, layout, first };
        let steps = window.kernel[1].div_ceil(P::GROUP);
        for ky in 0..window.kernel[0] {
            let at = y * strides.row + ky * strides.down + x;
            for s in 0..steps {
                let from = at + s * strides.across;
                let reach = (ROWS - 1) * strides.row + VECTORS * LANES;
                let stretch = &input[from..][..reach + P::GROUP - 1];
                let weights = lane.step::<P, I, OUTPUTS>(isa, ky * steps + s);
                unrolled!(r in ROWS; 0 1 => {
                    unrolled!(v in VECTORS; 0 1 2 => {
                        let at = r * strides.row + v * LANES;
                        let inputs = &stretch[at..][..LANES + P::GROUP - 1];
                        let inputs = P::slide_inputs(isa, inputs);
                        for o in 0..OUTPUTS {
                            sums[r][v][o] = P::add_products(isa, sums[r][v][o], inputs, weights[o]);
                        }
                    });
                });
            }
        }
        sums
    }

    /// Adds the products of a tile where weights are spread from registers: each row of inputs is loaded once,
    /// for all rows of windows that it is part of.
    #[inline(always)]
    fn tile_ahead<I: Isa, const ROWS: usize, const VECTORS: usize, const OUTPUTS: usize>(
        &self,
        isa: I,
        sums: &mut Sums<P, I, ROWS, VECTORS, OUTPUTS>,
        [y, x]: [usize; 2],
        first: usize,
    ) {
        let Self { shape, parameters: Parameters { weights, .. }, input, .. } = self;
        let [row, _] = sizes(shape);
        let window = &shape.window;
        let lanes = WeightLayout::new(shape, P::GROUP).lanes(0);
        let steps = window.kernel[1].div_ceil(P::GROUP);
        let weights = &weights[first * P::UNITS..];
        let rows = (ROWS - 1) * window.stride[0] + (window.kernel[0] - 1) * window.dilation[0] + 1;
        // What the weights of a row of taps take, with room for four of the last step.
        let row_len = ((steps - 1) * lanes + OUTPUTS.next_multiple_of(4)) * P::UNITS;
        for down in 0..rows {
            let mut taps: [Option<&[P::Weight]>; ROWS] = [None; ROWS];
            unrolled!(r in ROWS; 0 1 => {
                let from_window = down.wrapping_sub(r * window.stride[0]);
                let tap = from_window / window.dilation[0];
                if tap < window.kernel[0] && from_window.is_multiple_of(window.dilation[0]) {
                    taps[r] = Some(&weights[tap * steps * lanes * P::UNITS..][..row_len]);
                }
            });
            let from = (y * window.stride[0] + down) * row + x;
            let reach = VECTORS * LANES + P::GROUP - 1;
            let inputs = &input[from..][..(steps - 1) * P::GROUP * window.dilation[1] + reach];
            for s in 0..steps {
                let stretch = &inputs[s * P::GROUP * window.dilation[1]..][..reach];
                let mut inputs = [P::slide_inputs(isa, stretch); VECTORS];
                unrolled!(v in VECTORS; 0 1 => {
                    inputs[v] = P::slide_inputs(isa, &stretch[v * LANES..]);
                });
                unrolled!(r in ROWS; 0 1 => {
                    if let Some(weights) = taps[r] {
                        let weights = &weights[s * lanes * P::UNITS..];
                        add_row::<P, I, VECTORS, OUTPUTS>(isa, &mut sums[r], &inputs, weights);
                    }
                });
            }
        }
    }

    /// Stores the results of a tile.
    #[inline(always)]
    fn store<I: Isa, const ROWS: usize, const VECTORS: usize, const OUTPUTS: usize>(
        &mut self,
        isa: I,
        sums: &Sums<P, I, ROWS, VECTORS, OUTPUTS>,
        [y, x]: [usize; 2],
        first: usize,
    ) {
        let [_, _, width] = self.shape.output;
        for r in 0..ROWS {
            for v in 0..VECTORS {
                let x = x + v * LANES;
                if x < width {
                    let places = LANES.min(width - x);
                    self.interleave::<I, OUTPUTS>(
                        isa,
                        &sums[r][v],
                        (y + r) * width + x,
                        places,
                        first,
                    );
                }
            }
        }
    }

    /// Stores the largest of each 2×2 results of a tile.
    #[inline(always)]
    fn store_pooled<I: Isa, const ROWS: usize, const VECTORS: usize, const OUTPUTS: usize>(
        &mut self,
        isa: I,
        sums: &Sums<P, I, ROWS, VECTORS, OUTPUTS>,
        [y, x]: [usize; 2],
        first: usize,
    ) {
        let [_, _, width] = self.shape.output;
        let (y, x, width) = (y / 2, x / 2, width / 2);
        let last = const { ROWS - 1 };
        let mut v = 0;
        while v < VECTORS {
            let mut pooled = sums[0][v];
            let next = if v + 1 < VECTORS { v + 1 } else { v };
            for o in 0..OUTPUTS {
                let one = P::max(isa, sums[0][v][o], sums[last][v][o]);
                let two = P::max(isa, sums[0][next][o], sums[last][next][o]);
                pooled[o] = P::max_pairs(isa, one, two);
            }
            let x = x + v * LANES / 2;
            let len = if next > v { LANES } else { LANES / 2 };
            if x < width {
                let places = len.min(width - x);
                self.interleave::<I, OUTPUTS>(isa, &pooled, y * width + x, places, first);
            }
            v += 2;
        }
    }

    /// Finishes some channels' sums at neighbouring positions, and stores them position by position.
    #[inline(always)]
    fn interleave<I: Isa, const OUTPUTS: usize>(
        &mut self,
        isa: I,
        sums: &[P::Sums<I>; OUTPUTS],
        position: usize,
        places: usize,
        first: usize,
    ) {
        let [outputs, ..] = self.shape.output;
        let (channels, activation) = (self.parameters.channels, self.activation);
        // Nothing behind the last place, which may be in a row that is there already.
        let pixels = &mut self.output[position * outputs..][..places * outputs][first..];
        let at = [outputs, places];
        P::finish_pixels(isa, sums, channels, first, activation, pixels, at);
    }
}

/// Adds the products of a row of windows with one step's weights.
#[inline(always)]
fn add_row<P: Arithmetic, I: Isa, const VECTORS: usize, const OUTPUTS: usize>(
    isa: I,
    sums: &mut [[P::Sums<I>; OUTPUTS]; VECTORS],
    inputs: &[P::Inputs<I>; VECTORS],
    weights: &[P::Weight],
) {
    let mut four = P::spread_each_weights(isa, weights);
    unrolled!(o in OUTPUTS; 0 1 2 3 4 5 => {
        if o == 4 {
            four = P::spread_each_weights(isa, &weights[4 * P::UNITS..]);
        }
        unrolled!(v in VECTORS; 0 1 => {
            sums[v][o] = P::add_products(isa, sums[v][o], inputs[v], four[o % 4]);
        });
    });
}

/// The weights of one lane of a block after the other.
struct LaneWeights<'a, W> {
    weights: &'a [W],
    layout: WeightLayout,
    first: usize,
}

impl<W> LaneWeights<'_, W> {
    /// A step's weights of neighbouring output channels, each in every lane.
    #[inline(always)]
    fn step<P: Arithmetic<Weight = W>, I: Isa, const OUTPUTS: usize>(
        &self,
        isa: I,
        step: usize,
    ) -> [P::Weights<I>; OUTPUTS] {
        let mut spread = [self.output::<P, I>(isa, step, self.first); OUTPUTS];
        for o in 1..OUTPUTS {
            spread[o] = self.output::<P, I>(isa, step, self.first + o);
        }
        spread
    }

    #[inline(always)]
    fn output<P: Arithmetic<Weight = W>, I: Isa>(
        &self,
        isa: I,
        step: usize,
        output: usize,
    ) -> P::Weights<I> {
        let (block, lane) = (output / LANES, output % LANES);
        let steps = self.layout.runs * self.layout.steps();
        let at = (block * LANES * steps + step * self.layout.lanes(block) + lane) * P::UNITS;
        P::spread_weights(isa, &self.weights[at..][..P::UNITS])
    }
}
