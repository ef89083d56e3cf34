//! Unfolding: the windows of some pixels are copied into the rows of a panel, and the layer becomes a
//! matrix product, panel × weights.
//!
//! ```text
//! panel:  pixel → group → the window's runs, one after the other, in the order of the weights
//! ```
//!
//! The panel is a part of the image that stays in the first-level cache; the product is that of
//! `tile.rs`, over one long run. Padding is written into the panel. Where the windows lie in the
//! feature map as they would in the panel (a 1×1 convolution, a linear layer), the map is the panel.

use super::tile::{self, Job, Plan, Planned, Windows};
use super::{Algorithm, AnyShape, ConvKernel, Direct, Image, Kernels, WeightLayout};
use crate::layers::{ConvLayer, Epilogue};
use crate::precision::{Arithmetic, Output, Parameters};
use crate::shape::ConvShape;
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
    /// Pixels at a time.
    pixels: usize,
    /// Values of a pixel's row.
    row: usize,
    /// Whether the feature map is the panel.
    in_place: bool,
}

/// Bytes of a panel: half of a small first-level cache, the other half is for the weights.
const BYTES: usize = 16 << 10;

impl Panel {
    #[inline(always)]
    const fn new<P: Arithmetic>(shape: &ConvShape) -> Self {
        let layout = WeightLayout::new(shape, P::GROUP);
        let [_, height, width] = shape.output;
        let all = height * width;
        let in_place = layout.groups == 1
            && layout.runs == 1
            && (layout.taps == 1 && shape.window.stride[0] == 1 && shape.window.stride[1] == 1
                || all == 1)
            && no_padding(shape);
        // A map's rows are not filled up to whole steps.
        let row = if in_place { layout.run } else { layout.groups * layout.lane_len() };
        let fitting = BYTES / (row * size_of::<P::Element>());
        let most = if fitting < 32 { 32 } else { fitting };
        let panels = if in_place { 1 } else { all.div_ceil(most) };
        Self { layout, pixels: all.div_ceil(panels), row, in_place }
    }

    #[inline(always)]
    const fn scratch<P: Arithmetic>(&self) -> usize {
        if self.in_place { 0 } else { Block::count::<P::Element>(self.pixels * self.row) }
    }

    #[inline(always)]
    const fn plan<I: Isa>(&self) -> Plan {
        Plan::new::<I>(&self.windows(), &self.layout)
    }

    /// In the panel a window is one run.
    #[inline(always)]
    const fn windows(&self) -> Windows {
        Windows {
            size: [1, self.pixels],
            step: [0, self.row],
            runs: [1, 1],
            run_step: [0, 0],
            group_step: self.row / self.layout.groups,
            pool: false,
        }
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
}

/// With the tiles of one layer on one instruction set.
struct Tiles<P, I, L> {
    isa: I,
    layer: PhantomData<(P, L)>,
}

impl<P, I: Isa, L> Clone for Tiles<P, I, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, I: Isa, L> Copy for Tiles<P, I, L> {}

impl<P: Arithmetic, I: Isa, L: ConvLayer> Multiply<P> for Tiles<P, I, L> {
    #[inline(always)]
    fn multiply(self, job: &mut Job<'_, '_, P>) {
        tile::run_planned::<P, I, Self>(self.isa, job);
    }
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
}

impl<P: Arithmetic, I: Isa, L: ConvLayer> Planned for Tiles<P, I, L> {
    const PLAN: Plan = Panel::new::<P>(&L::SPEC.shape).plan::<I>();
}

impl<P: Arithmetic, L: ConvLayer> ConvKernel<P, L> for Im2col {
    const ALGORITHM: &'static str =
        if supports(&L::SPEC.shape) { Self::NAME } else { Direct::NAME };
    const SCRATCH: usize = if supports(&L::SPEC.shape) {
        Panel::new::<P>(&L::SPEC.shape).scratch::<P>()
    } else {
        <Direct as ConvKernel<P, L>>::SCRATCH
    };

    #[inline(always)]
    fn run<I: Isa, E: Epilogue>(
        isa: I,
        parameters: Parameters<'_, P>,
        input: &[P::Element],
        output: &mut [Output<P>],
        scratch: &mut [Block],
    ) {
        if const { supports(&L::SPEC.shape) } {
            let activation = E::ACTIVATION;
            let image = Image { parameters, activation, pool: false, input, output, scratch };
            each_panel(&L::SPEC.shape, image, Tiles::<P, I, L> { isa, layer: PhantomData });
        } else {
            <Direct as ConvKernel<P, L>>::run::<I, E>(isa, parameters, input, output, scratch);
        }
    }
}

impl<P: Arithmetic> AnyShape<P> for Im2col {
    fn scratch(shape: &ConvShape) -> usize {
        Panel::new::<P>(shape).scratch::<P>()
    }

    fn run<I: Isa>(isa: I, shape: &ConvShape, image: Image<'_, '_, P>) {
        let plan = Panel::new::<P>(shape).plan::<I>();
        each_panel(shape, image, AnyTiles { isa, plan });
    }
}

/// Unfolds a layer panel by panel, and has each multiplied.
#[inline(always)]
fn each_panel<P: Arithmetic, M: Multiply<P>>(
    shape: &ConvShape,
    image: Image<'_, '_, P>,
    product: M,
) {
    let Image { parameters, activation, input, output, scratch, .. } = image;
    let panel = Panel::new::<P>(shape);
    let Panel { layout, pixels, row, in_place } = panel;
    let [outputs, height, width] = shape.output;
    let group_step = row / layout.groups;
    let windows = panel.windows();
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
    for first in 0..(height * width).div_ceil(pixels) {
        let first = (first * pixels).min(height * width - pixels);
        for (pixel, row) in (first..).zip(panel.chunks_exact_mut(row)) {
            let window = [pixel / width, pixel % width];
            unfold::<P>(shape, &layout, input, window, zero, row);
        }
        let output = &mut output[first * outputs..][..pixels * outputs];
        let input = &*panel;
        product.multiply(&mut Job {
            windows,
            layout: unfolded,
            parameters,
            activation,
            input,
            output,
        });
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
