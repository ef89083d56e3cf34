//! Unfolding: the windows of some pixels are copied into the rows of a panel, and the layer becomes a
//! matrix product, panel × weights.
//!
//! ```text
//! panel:  pixel → group → the window's runs, one after the other, in the order of the weights
//! ```
//!
//! The panel is a part of the image that stays in the first-level cache; the product is that of
//! `tile`, over one long run. Padding is written into the panel. Where the windows lie in the
//! feature map as they would in the panel (a 1×1 convolution, a linear layer), the map is the panel.
//!
//! One channel to few output channels is the product of `rows.rs`, weights × panel, whose lanes are
//! pixels:
//!
//! ```text
//! panel:  tap → some rows of the output → pixel
//! ```

use super::layout::is_one_run;
use super::rows::{self, Strides};
use super::tile::{self, Job, Plan, Planned};
use super::windows::{self, Windows};
use super::{
    Algorithm, AnyShape, ConvKernel, Direct, Image, Kernels, LANES, Pooling, WeightLayout,
};
use crate::layers::{Activation, ConvLayer, Epilogue};
use crate::precision::{Arithmetic, Output, Parameters};
use crate::shape::{ConvShape, PoolShape};
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};
use core::marker::PhantomData;

/// Unfolding and a matrix product.
#[derive(Clone, Copy, Debug, Default)]
pub struct Im2col;

impl Algorithm for Im2col {
    const NAME: &'static str = "Im2col";

    /// Not a depthwise layer: its matrices would be one column wide.
    fn supports(shape: &ConvShape) -> bool {
        supports(shape)
    }
}

#[inline(always)]
const fn supports(shape: &ConvShape) -> bool {
    !shape.is_depthwise()
}

impl<P: Arithmetic> Kernels<P> for Im2col {
    type Kernel<L: ConvLayer> = Self;
}

/// How a layer is unfolded.
#[derive(Clone, Copy, Debug)]
struct Panel {
    /// The weights' own layout.
    layout: WeightLayout,
    /// Pixels at a time: rows of the output if they are pooled, else one row.
    size: [usize; 2],
    /// Values of a pixel's row.
    row: usize,
    /// Whether the feature map is the panel.
    in_place: bool,
    /// Whether the results are pooled.
    pool: bool,
}

/// Bytes of a panel: half of a small first-level cache, the other half is for the weights.
const BYTES: usize = 16 << 10;

impl Panel {
    /// With as many pixels as the cache holds.
    #[inline(always)]
    const fn new<P: Arithmetic>(shape: &ConvShape, pool: bool) -> Self {
        let layout = WeightLayout::new(shape, P::GROUP);
        let [_, height, width] = shape.output;
        let all = height * width;
        let in_place = in_place(shape, &layout);
        // A map's rows are not filled up to whole steps.
        let row = if in_place { layout.run } else { layout.groups * layout.lane_len() };
        let fitting = BYTES / (row * size_of::<P::Element>());
        let most = if fitting < 32 { 32 } else { fitting };
        let size = if in_place {
            [1, all]
        } else if pool {
            let pairs = most / (2 * width);
            [
                if pairs < 1 {
                    2
                } else if pairs > height / 2 {
                    height / 2 * 2
                } else {
                    2 * pairs
                },
                width,
            ]
        } else {
            [1, all.div_ceil(all.div_ceil(most))]
        };
        Self { layout, size, row, in_place, pool }
    }

    /// With fewer pixels, if tiles divide them better.
    #[inline(always)]
    const fn fitted<I: Isa>(self, shape: &ConvShape) -> Self {
        let all = shape.output[1] * shape.output[2];
        let fewest = all.div_ceil(self.size[1]);
        if self.in_place || self.pool {
            return self;
        }
        let (mut best, mut best_cost) = (self, usize::MAX);
        let mut panels = fewest;
        // A panel of one pixel would be summed in another order.
        while panels <= 2 * fewest && (panels == fewest || all.div_ceil(panels) > 3) {
            let panel = Self { size: [1, all.div_ceil(panels)], ..self };
            let cost = panels * Plan::cost::<I>(&panel.windows(), &self.layout);
            if cost < best_cost {
                (best, best_cost) = (panel, cost);
            }
            panels += 1;
        }
        best
    }

    #[inline(always)]
    const fn pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }

    #[inline(always)]
    const fn scratch<P: Arithmetic>(&self) -> usize {
        if self.in_place { 0 } else { Block::count::<P::Element>(self.pixels() * self.row) }
    }

    #[inline(always)]
    const fn plan<I: Isa>(&self) -> Plan {
        Plan::new::<I>(&self.windows(), &self.layout)
    }

    /// In the panel a window is one run.
    #[inline(always)]
    const fn windows(&self) -> Windows {
        Windows {
            size: self.size,
            step: [self.size[1] * self.row, self.row],
            runs: [1, 1],
            run_step: [0, 0],
            group_step: self.row / self.layout.groups,
            pool: self.pool,
        }
    }
}

/// Whether the windows lie in the feature map as they would in the panel.
#[inline(always)]
const fn in_place(shape: &ConvShape, layout: &WeightLayout) -> bool {
    let [down, across] = shape.window.stride;
    let every_pixel = layout.taps == 1 && down == 1 && across == 1;
    is_one_run(shape) || every_pixel && layout.groups == 1 && no_padding(shape)
}

/// Whether the lanes of a layer's product are pixels.
#[inline(always)]
const fn in_rows<P: Arithmetic>(shape: &ConvShape) -> bool {
    P::GROUP == 1 && rows::pay::<P>(shape)
}

/// How a layer is unfolded whose lanes are pixels.
#[derive(Clone, Copy, Debug)]
struct Band {
    /// Rows of the output at a time.
    rows: usize,
    /// Values from a row to the next.
    pitch: usize,
    /// Taps.
    taps: usize,
}

impl Band {
    #[inline(always)]
    const fn new<P: Arithmetic>(shape: &ConvShape) -> Self {
        let [_, height, width] = shape.output;
        let pitch = if width < LANES { LANES } else { width };
        let taps = shape.window.taps();
        // An even number, for a pool.
        let rows = BYTES / (2 * taps * pitch * size_of::<P::Element>()) * 2;
        let rows = if rows < 2 { 2 } else { rows };
        let rows = if rows < height || height == 1 { rows } else { height / 2 * 2 };
        Self { rows: if rows < height { rows } else { height }, pitch, taps }
    }

    /// The layer with the rows of a band.
    #[inline(always)]
    const fn shape(&self, shape: &ConvShape) -> ConvShape {
        let [outputs, _, width] = shape.output;
        ConvShape { output: [outputs, self.rows, width], ..*shape }
    }

    /// Values of the panel, and room for a vector behind them.
    #[inline(always)]
    const fn len(&self) -> usize {
        self.taps * self.rows * self.pitch + 4 * LANES
    }

    /// Blocks of the padded copy and of the panel.
    #[inline(always)]
    const fn scratch<P: Arithmetic>(&self, shape: &ConvShape) -> usize {
        rows::blocks::<P>(shape) + Block::count::<P::Element>(self.len())
    }
}

#[inline(always)]
const fn no_padding(shape: &ConvShape) -> bool {
    let [top, bottom, left, right] = shape.window.padding;
    top + bottom + left + right == 0
}

/// Multiplies a panel by the weights. (A trait, since a closure can't be made to inline, and compiled
/// by itself it would not have the instruction set.)
trait Multiply<P: Arithmetic>: Copy {
    fn multiply(self, job: &mut Job<'_, '_, P>);

    /// With pixels in the lanes.
    fn multiply_rows(self, job: rows::Job<'_, '_, P>);
}

/// With the tiles of one layer on one instruction set.
struct Tiles<P, I, L, E> {
    isa: I,
    layer: PhantomData<(P, L, E)>,
}

impl<P, I: Isa, L, E> Clone for Tiles<P, I, L, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, I: Isa, L, E> Copy for Tiles<P, I, L, E> {}

impl<P: Arithmetic, I: Isa, L: ConvLayer, E: Epilogue> Multiply<P> for Tiles<P, I, L, E> {
    #[inline(always)]
    fn multiply(self, job: &mut Job<'_, '_, P>) {
        tile::run_planned::<P, I, Self>(self.isa, job);
    }

    #[inline(always)]
    fn multiply_rows(self, job: rows::Job<'_, '_, P>) {
        rows::run_planned::<P, I, Self>(self.isa, job);
    }
}

impl<P: Arithmetic, I: Isa, L: ConvLayer, E: Epilogue> Planned for Tiles<P, I, L, E> {
    const PLAN: Plan = {
        let shape = &L::SPEC.shape;
        Panel::new::<P>(shape, E::POOL.is_some()).fitted::<I>(shape).plan::<I>()
    };
}

impl<P: Arithmetic, I: Isa, L: ConvLayer, E: Epilogue> rows::Planned for Tiles<P, I, L, E> {
    const TILE: usize = {
        let shape = &L::SPEC.shape;
        rows::choose::<I>(&Band::new::<P>(shape).shape(shape), E::POOL.is_some())
    };
}

/// With any tiles.
#[derive(Clone, Copy)]
struct AnyTiles<I> {
    isa: I,
    plan: Plan,
}

impl<P: Arithmetic, I: Isa> Multiply<P> for AnyTiles<I> {
    fn multiply(self, job: &mut Job<'_, '_, P>) {
        tile::run_any(self.isa, self.plan, job);
    }

    fn multiply_rows(self, job: rows::Job<'_, '_, P>) {
        let tile = rows::choose::<I>(&job.shape, job.pool);
        rows::run_any(self.isa, tile, job);
    }
}

impl<P: Arithmetic, L: ConvLayer> ConvKernel<P, L> for Im2col {
    const ALGORITHM: &'static str =
        if supports(&L::SPEC.shape) { Self::NAME } else { Direct::NAME };
    const SCRATCH: usize = if supports(&L::SPEC.shape) {
        scratch::<P>(&L::SPEC.shape)
    } else {
        <Direct as ConvKernel<P, L>>::SCRATCH
    };
    const POOLS: bool = match L::POOL {
        Some(pool) => pools::<P>(&L::SPEC.shape, &pool, L::ACTIVATION),
        None => false,
    };
    /// Of a layer of one window that is one run, the map is the panel, and the tiles are `Direct`'s.
    const TOGETHER: bool = <Direct as ConvKernel<P, L>>::TOGETHER;

    #[inline(always)]
    fn run<I: Isa, E: Epilogue>(
        isa: I,
        parameters: Parameters<'_, P>,
        input: &[P::Element],
        output: &mut [Output<P>],
        scratch: &mut [Block],
    ) {
        if const { supports(&L::SPEC.shape) } {
            let (shape, activation) = (&L::SPEC.shape, E::ACTIVATION);
            let pool = Pooling::of(<Self as ConvKernel<P, L>>::POOLS, E::POOL.is_some());
            let image = Image { parameters, activation, pool, input, output, scratch };
            let tiles = Tiles::<P, I, L, E> { isa, layer: PhantomData };
            if const { in_rows::<P>(&L::SPEC.shape) } {
                each_band(shape, image, tiles);
            } else {
                let panel = const {
                    Panel::new::<P>(&L::SPEC.shape, E::POOL.is_some()).fitted::<I>(&L::SPEC.shape)
                };
                each_panel(shape, panel, image, tiles);
            }
        } else {
            <Direct as ConvKernel<P, L>>::run::<I, E>(isa, parameters, input, output, scratch);
        }
    }
}

impl<P: Arithmetic> AnyShape<P> for Im2col {
    fn scratch(shape: &ConvShape) -> usize {
        scratch::<P>(shape)
    }

    fn pools(shape: &ConvShape, pool: &PoolShape, activation: Activation) -> bool {
        pools::<P>(shape, pool, activation)
    }

    fn run<I: Isa>(isa: I, shape: &ConvShape, image: Image<'_, '_, P>) {
        let panel = Panel::new::<P>(shape, image.pool.is_within()).fitted::<I>(shape);
        let tiles = AnyTiles { isa, plan: panel.plan::<I>() };
        if in_rows::<P>(shape) {
            each_band(shape, image, tiles);
        } else {
            each_panel(shape, panel, image, tiles);
        }
    }
}

const fn scratch<P: Arithmetic>(shape: &ConvShape) -> usize {
    if in_rows::<P>(shape) {
        return Band::new::<P>(shape).scratch::<P>(shape);
    }
    let plain = Panel::new::<P>(shape, false).scratch::<P>();
    let pooled = Panel::new::<P>(shape, true).scratch::<P>();
    if pooled > plain { pooled } else { plain }
}

/// Whether a layer's results go through its pool before they are stored.
const fn pools<P: Arithmetic>(shape: &ConvShape, pool: &PoolShape, activation: Activation) -> bool {
    supports(shape)
        && windows::pools(pool, activation)
        && !in_place(shape, &WeightLayout::new(shape, P::GROUP))
}

/// Unfolds a layer band by band, tap by tap, and has each multiplied.
#[inline(always)]
fn each_band<P: Arithmetic, M: Multiply<P>>(
    shape: &ConvShape,
    image: Image<'_, '_, P>,
    product: M,
) {
    let Image { parameters, activation, pool, input, output, scratch } = image;
    let pool = pool.is_within();
    let [outputs, height, width] = shape.output;
    let band = Band::new::<P>(shape);
    let from = Strides::of_copy::<P>(shape);
    let strides = Strides {
        row: band.pitch,
        down: shape.window.kernel[1] * band.rows * band.pitch,
        across: band.rows * band.pitch,
    };
    let (copy, scratch) = scratch.split_at_mut(rows::blocks::<P>(shape));
    let copy = rows::copy::<P>(shape, input, copy, P::padding(parameters.channels));
    let panel = values_mut(scratch, band.len());
    let height = if pool { height / 2 * 2 } else { height };
    for first in 0..height.div_ceil(band.rows) {
        let first = (first * band.rows).min(height - band.rows);
        let planes = panel.chunks_exact_mut(band.rows * band.pitch).take(band.taps);
        for (tap, plane) in planes.enumerate() {
            let [ky, kx] = [tap / shape.window.kernel[1], tap % shape.window.kernel[1]];
            for (y, row) in (first..).zip(plane.chunks_exact_mut(band.pitch)) {
                let source = &copy[y * from.row + ky * from.down + kx * from.across..];
                let source = &source[..band.pitch];
                // Whole vectors, the last one as far back as it takes.
                for vector in 0..band.pitch.div_ceil(LANES) {
                    let at = (vector * LANES).min(band.pitch - LANES);
                    let source: &[P::Element; LANES] =
                        source[at..].first_chunk().expect("a row has a vector");
                    *row[at..].first_chunk_mut().expect("a row has a vector") = *source;
                }
            }
        }
        let factor = if pool { 2 } else { 1 };
        let row = width / factor * outputs;
        let output = &mut output[first / factor * row..][..band.rows / factor * row];
        let (shape, input) = (band.shape(shape), &*panel);
        let job = rows::Job { shape, strides, parameters, activation, pool, input, output };
        product.multiply_rows(job);
    }
}

/// Unfolds a layer panel by panel, and has each multiplied.
#[inline(always)]
fn each_panel<P: Arithmetic, M: Multiply<P>>(
    shape: &ConvShape,
    panel: Panel,
    image: Image<'_, '_, P>,
    product: M,
) {
    let Image { parameters, activation, pool, input, output, scratch } = image;
    let pool = pool.is_within();
    let Panel { layout, row, in_place, .. } = panel;
    let [outputs, height, width] = shape.output;
    let group_step = row / layout.groups;
    let (windows, pixels) = (panel.windows(), panel.pixels());
    let unfolded = WeightLayout { runs: 1, run: group_step, ..layout };
    if in_place {
        let layout = unfolded;
        product.multiply(&mut Job { windows, layout, parameters, activation, input, output });
        return;
    }
    let zero = P::padding(parameters.channels);
    let panel = values_mut(scratch, pixels * row);
    if !layout.run.is_multiple_of(layout.group) {
        panel.fill(P::nothing());
    }
    let all = if pool { height / 2 * 2 * width } else { height * width };
    for first in 0..all.div_ceil(pixels) {
        let first = (first * pixels).min(all - pixels);
        for (pixel, row) in (first..).zip(panel.chunks_exact_mut(row)) {
            let window = [pixel / width, pixel % width];
            unfold::<P>(shape, &layout, input, window, zero, row);
        }
        let (first, count) = if pool {
            (first / (2 * width) * (width / 2), pixels / (2 * width) * (width / 2))
        } else {
            (first, pixels)
        };
        let output = &mut output[first * outputs..][..count * outputs];
        let (input, layout) = (&*panel, unfolded);
        product.multiply(&mut Job { windows, layout, parameters, activation, input, output });
    }
}

/// Copies the window at `[y, x]` into a row of the panel.
#[inline(always)]
fn unfold<P: Arithmetic>(
    shape: &ConvShape,
    layout: &WeightLayout,
    input: &[P::Element],
    [y, x]: [usize; 2],
    zero: P::Element,
    row: &mut [P::Element],
) {
    let ConvShape { input: [channels, height, width], window, .. } = *shape;
    let [rows, columns] = window.kernel;
    let run_len = layout.steps() * layout.group;
    if layout.runs == rows * columns {
        for (tap, tap_row) in row.chunks_exact_mut(run_len).enumerate() {
            let (group, tap) = (tap / layout.taps, tap % layout.taps);
            let place = &mut tap_row[..layout.run];
            let source_row = window.source(0, y, tap / columns, height);
            match source_row.zip(window.source(1, x, tap % columns, width)) {
                Some((row, column)) => {
                    let from = (row * width + column) * channels + group * layout.inputs;
                    place.copy_from_slice(&input[from..][..layout.run]);
                }
                None => place.fill(zero),
            }
        }
        return;
    }
    // The columns of taps that lie in the image; the map's rows are runs, or follow each other.
    let (left, from) = (window.padding[2], x * window.stride[1]);
    let end = (width + left).saturating_sub(from).min(columns);
    let start = left.saturating_sub(from).min(end);
    let step = if layout.runs == 1 { columns * channels } else { run_len };
    for ky in 0..rows {
        let place = &mut row[ky * step..][..columns * channels];
        match window.source(0, y, ky, height) {
            Some(row) if end - start == columns => {
                let from = (row * width + from - left) * channels;
                place.copy_from_slice(&input[from..][..columns * channels]);
            }
            Some(row) if end > start => {
                let from = (row * width + from + start - left) * channels;
                place[..start * channels].fill(zero);
                place[start * channels..end * channels]
                    .copy_from_slice(&input[from..][..(end - start) * channels]);
                place[end * channels..].fill(zero);
            }
            _ => place.fill(zero),
        }
    }
}
