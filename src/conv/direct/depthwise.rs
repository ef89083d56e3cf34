//! Convolutions whose channels have a kernel each: sixteen channels in the lanes, a row of windows at
//! a time, so that each weight vector serves all of them.
//!
//! There is so little to compute that a padded copy of the map can take as long. So windows that reach
//! over a side of the map are computed one by one, the others in tiles; only where there are too many of
//! those for a small map, it is copied.
#![allow(clippy::needless_range_loop, reason = "tiles are indexed alike on both sides")]

use crate::conv::tile::{Body, Plan, Planned, TILES, fits, with_any_tile, with_column_tile};
use crate::conv::windows::padded;
use crate::conv::{Image, LANES, WeightLayout};
use crate::layers::Activation;
use crate::precision::{Arithmetic, Output, Parameters};
use crate::shape::{ConvShape, volume};
use crate::simd::Isa;
use core::hint::black_box;

/// A depthwise layer over one image.
pub(super) struct Job<'p, 'a, P: Arithmetic> {
    shape: ConvShape,
    layout: WeightLayout,
    /// Rows of taps.
    rows: usize,
    parameters: Parameters<'p, P>,
    activation: Activation,
    input: &'a [P::Element],
    output: &'a mut [Output<P>],
}

/// Whether a layer runs on [`Isa::Narrow`]: at most eight channels, in floats.
pub(super) const fn is_narrow<P: Arithmetic>(shape: &ConvShape) -> bool {
    P::FLOAT && shape.input[0] <= LANES / 2
}

/// Whether a padded copy is read.
#[inline(always)]
pub(super) const fn copies(shape: &ConvShape) -> bool {
    let [_, rows, columns] = shape.output;
    let [first, end] = inside(shape);
    let [height, width] = padded(shape);
    // A window by itself takes some 30 cycles more than in a tile, a pixel's copy two or three.
    rows * (columns - (end - first)) * 13 > height * width
}

/// The layer over the map that it reads.
#[inline(always)]
const fn read(shape: &ConvShape) -> ConvShape {
    let mut read = *shape;
    if copies(shape) {
        let [height, width] = padded(shape);
        read.input = [shape.input[0], height, width];
        read.window.padding = [0; 4];
    }
    flat(&read)
}

impl<'p, 'a, P: Arithmetic> Job<'p, 'a, P> {
    /// A job on a map that is padded already if this layer [`copies`] it.
    #[inline(always)]
    pub(super) fn new<I: Isa>(
        shape: &ConvShape,
        parameters: Parameters<'p, P>,
        activation: Activation,
        input: &'a [P::Element],
        output: &'a mut [Output<P>],
    ) -> Self {
        let (layout, shape) = (WeightLayout::new(shape, P::GROUP), read(shape));
        let input = &input[..volume(shape.input)];
        // Written out, the taps of all rows would want their weights in registers at the same time.
        let block = (I::REGISTERS * shape.input[0].min(LANES)).div_ceil(LANES);
        let rows = shape.window.kernel[0];
        let rows = if shape.window.taps() * block > I::VECTORS { black_box(rows) } else { rows };
        Self { shape, layout, rows, parameters, activation, input, output }
    }
}

/// The tile for a layer, as that of the last block.
#[inline(always)]
pub(super) const fn plan<I: Isa>(shape: &ConvShape) -> Plan {
    let [first, end] = inside(&read(shape));
    let (mut best, mut best_cost, mut index) = (0, usize::MAX, 0);
    while index < TILES.len() {
        let [columns, blocks] = TILES[index];
        // The inputs of a tile stay in registers from tap to tap, too.
        let few = columns * I::REGISTERS * 2 <= I::VECTORS && fits::<I>(columns, 1);
        if blocks == 1 && columns <= end - first && few {
            // Loads of a tap: an input for each window, and the weights.
            let cost = (end - first).div_ceil(columns) * (columns + 1);
            if cost < best_cost {
                (best, best_cost) = (index, cost);
            }
        }
        index += 1;
    }
    Plan { full: best, tail: best }
}

/// Where every pixel is a window, one long row, which is easier to divide.
#[inline(always)]
const fn flat(shape: &ConvShape) -> ConvShape {
    let window = &shape.window;
    let [channels, height, width] = shape.input;
    let as_large = shape.output[1] == height && shape.output[2] == width;
    if window.taps() == 1 && window.stride[0] == 1 && window.stride[1] == 1 && as_large {
        let row = [channels, 1, height * width];
        return ConvShape { input: row, output: row, ..*shape };
    }
    *shape
}

/// Windows of a row that reach over no side of the map: the first one, and the end of them.
#[inline(always)]
const fn inside(shape: &ConvShape) -> [usize; 2] {
    let (window, [_, _, columns]) = (&shape.window, shape.output);
    let [_, _, left, _] = window.padding;
    let reach = window.dilation[1] * (window.kernel[1] - 1) + 1;
    let first = left.div_ceil(window.stride[1]);
    let end = match (shape.input[2] + left).checked_sub(reach) {
        Some(last) => last / window.stride[1] + 1,
        None => 0,
    };
    let end = if end < columns { end } else { columns };
    if first < end { [first, end] } else { [columns; 2] }
}

/// Runs a layer with a tile that is known when it is compiled.
#[inline(always)]
pub(super) fn run_planned<P: Arithmetic, I: Isa, T: Planned>(isa: I, job: Job<'_, '_, P>) {
    with_column_tile::<I, T, _>(isa, Pass { isa, job });
}

/// Runs a layer of any shape, whose map is padded already if this layer [`copies`] it. Narrow ones are no
/// faster here, where half a register is not known to be idle, but tests run what networks run.
#[inline(always)]
pub(super) fn run_any<P: Arithmetic, I: Isa>(isa: I, shape: &ConvShape, image: Image<'_, '_, P>) {
    if is_narrow::<P>(shape) {
        run_with(isa.narrow(), shape, image);
    } else {
        run_with(isa, shape, image);
    }
}

#[inline(always)]
fn run_with<P: Arithmetic, I: Isa>(isa: I, shape: &ConvShape, image: Image<'_, '_, P>) {
    let Image { parameters, activation, input, output, .. } = image;
    let job = Job::new::<I>(shape, parameters, activation, input, output);
    with_any_tile(isa, plan::<I>(shape).tail, Pass { isa, job });
}

/// All channels over all windows.
struct Pass<'p, 'a, P: Arithmetic, I> {
    isa: I,
    job: Job<'p, 'a, P>,
}

impl<P: Arithmetic, I: Isa> Body for Pass<'_, '_, P, I> {
    #[inline(always)]
    fn run<const COLUMNS: usize, const BLOCKS: usize>(self) {
        if const { BLOCKS > 1 || !fits::<I>(COLUMNS, 1) } {
            unreachable!("a depthwise tile is one block, and fits into the registers");
        }
        let Self { isa, mut job } = self;
        let [_, rows, columns] = job.shape.output;
        let [first, end] = inside(&job.shape);
        for y in 0..rows {
            let mut x = 0;
            while x < columns {
                // The last tile moves back and computes some windows again.
                let start = x.min(end.saturating_sub(COLUMNS));
                if first <= x && x < end && job.goes_on::<COLUMNS>([y, start]) {
                    for block in 0..job.layout.blocks {
                        let sums = job.row::<I, COLUMNS>(isa, [y, start], block);
                        for c in 0..COLUMNS {
                            job.store(isa, sums[c], [y, start + c], block);
                        }
                    }
                    x = start + COLUMNS;
                } else {
                    for block in 0..job.layout.blocks {
                        let sums = job.window(isa, [y, x], block);
                        job.store(isa, sums, [y, x], block);
                    }
                    x += 1;
                }
            }
        }
    }
}

impl<P: Arithmetic> Job<'_, '_, P> {
    /// Whether whole blocks can be read of all inputs of some neighbouring windows. Of a last block that
    /// is narrower, this ends in the next pixel, or behind the map.
    #[inline(always)]
    fn goes_on<const COLUMNS: usize>(&self, [y, x]: [usize; 2]) -> bool {
        let ConvShape { input: [channels, height, width], window, .. } = self.shape;
        let last = |at: usize, axis: usize| {
            at * window.stride[axis] + (window.kernel[axis] - 1) * window.dilation[axis]
        };
        let row = (last(y, 0).saturating_sub(window.padding[0])).min(height - 1);
        let column = last(x + COLUMNS - 1, 1) - window.padding[2];
        let end = (row * width + column) * channels + self.layout.blocks * LANES;
        channels.is_multiple_of(LANES) || end <= self.input.len()
    }

    /// The sums of some neighbouring windows, from the one at `[y, x]`, in a block of channels. They lie
    /// inside the map from side to side, but may reach over its first and last row.
    #[inline(always)]
    fn row<I: Isa, const COLUMNS: usize>(
        &self,
        isa: I,
        [y, x]: [usize; 2],
        block: usize,
    ) -> [P::Sums<I>; COLUMNS] {
        let ConvShape { input: [channels, height, width], window, .. } = self.shape;
        let (channel, step) = (block * LANES, window.stride[1] * channels);
        let first = (x * window.stride[1] - window.padding[2]) * channels + channel;
        let mut sums = [P::start_block(isa, self.parameters.channels, channel); COLUMNS];
        for down in 0..self.rows {
            let row = window.source(0, y, down, height);
            if P::FLOAT && row.is_none() {
                continue;
            }
            for across in 0..window.kernel[1] {
                let weights = self.weights(isa, block, down * window.kernel[1] + across);
                let Some(row) = row else {
                    let padding = self.padding(isa);
                    for c in 0..COLUMNS {
                        sums[c] = P::add_products(isa, sums[c], padding, weights);
                    }
                    continue;
                };
                let from = first + (row * width + across * window.dilation[1]) * channels;
                let inputs = &self.input[from..][..(COLUMNS - 1) * step + LANES];
                for c in 0..COLUMNS {
                    let inputs = P::load_inputs(isa, &inputs[c * step..][..LANES]);
                    sums[c] = P::add_products(isa, sums[c], inputs, weights);
                }
            }
        }
        sums
    }

    /// The sums of the window at `[y, x]` in a block of channels, wherever it lies.
    #[inline(always)]
    fn window<I: Isa>(&self, isa: I, [y, x]: [usize; 2], block: usize) -> P::Sums<I> {
        let ConvShape { input: [channels, height, width], window, .. } = self.shape;
        let (channel, places) = (block * LANES, self.layout.places(block));
        let mut sums = P::start_block(isa, self.parameters.channels, channel);
        for down in 0..window.kernel[0] {
            let row = window.source(0, y, down, height);
            for across in 0..window.kernel[1] {
                let inputs = match (row, window.source(1, x, across, width)) {
                    (Some(row), Some(column)) => {
                        let from = (row * width + column) * channels + channel;
                        P::load_inputs(isa, &self.input[from..][..places])
                    }
                    // A product with zero.
                    _ if P::FLOAT => continue,
                    _ => self.padding(isa),
                };
                let weights = self.weights(isa, block, down * window.kernel[1] + across);
                sums = P::add_products(isa, sums, inputs, weights);
            }
        }
        sums
    }

    #[inline(always)]
    fn padding<I: Isa>(&self, isa: I) -> P::Inputs<I> {
        P::load_inputs(isa, &[P::padding(self.parameters.channels); LANES])
    }

    #[inline(always)]
    fn weights<I: Isa>(&self, isa: I, block: usize, tap: usize) -> P::Weights<I> {
        let at = block * LANES * self.layout.taps + tap * self.layout.lanes(block);
        P::load_depthwise(isa, self.parameters.weights, at)
    }

    #[inline(always)]
    fn store<I: Isa>(&mut self, isa: I, sums: P::Sums<I>, [y, x]: [usize; 2], block: usize) {
        let [outputs, _, columns] = self.shape.output;
        let first = block * LANES;
        let pixel = &mut self.output[(y * columns + x) * outputs..][..outputs];
        let places = &mut pixel[first..][..self.layout.places(block)];
        P::finish_block(isa, sums, self.parameters.channels, first, self.activation, places);
    }
}
