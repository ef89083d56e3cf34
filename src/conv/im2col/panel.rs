//! The panel whose rows are windows: how large it is, and how windows get into it.

use super::{BYTES, Multiply};
use crate::conv::layout::is_one_run;
use crate::conv::tile::{Job, Plan};
use crate::conv::windows::Windows;
use crate::conv::{Image, WeightLayout};
use crate::precision::Arithmetic;
use crate::shape::ConvShape;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};

/// How a layer is unfolded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel {
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

impl Panel {
    /// With as many pixels as the cache holds.
    #[inline(always)]
    pub(super) const fn new<P: Arithmetic>(shape: &ConvShape, pool: bool) -> Self {
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
    pub(super) const fn fitted<I: Isa>(self, shape: &ConvShape) -> Self {
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
    pub(super) const fn scratch<P: Arithmetic>(&self) -> usize {
        if self.in_place { 0 } else { Block::count::<P::Element>(self.pixels() * self.row) }
    }

    #[inline(always)]
    pub(super) const fn plan<I: Isa>(&self) -> Plan {
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
pub(super) const fn in_place(shape: &ConvShape, layout: &WeightLayout) -> bool {
    let [down, across] = shape.window.stride;
    let every_pixel = layout.taps == 1 && down == 1 && across == 1;
    is_one_run(shape) || every_pixel && layout.groups == 1 && no_padding(shape)
}

#[inline(always)]
const fn no_padding(shape: &ConvShape) -> bool {
    let [top, bottom, left, right] = shape.window.padding;
    top + bottom + left + right == 0
}

/// Unfolds a layer panel by panel, and has each multiplied.
#[inline(always)]
pub(super) fn each_panel<P: Arithmetic, M: Multiply<P>>(
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
