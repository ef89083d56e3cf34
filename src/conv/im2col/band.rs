//! The panel whose rows are taps: how large it is, and how a band of the image gets into it.

use super::{BYTES, Multiply};
use crate::conv::rows::{self, Strides};
use crate::conv::{Image, LANES};
use crate::precision::Arithmetic;
use crate::shape::ConvShape;
use crate::simd::Block;
use crate::simd::memory::values_mut;

/// Whether the lanes of a layer's product are pixels.
#[inline(always)]
pub(super) const fn in_rows<P: Arithmetic>(shape: &ConvShape) -> bool {
    P::GROUP == 1 && rows::pay::<P>(shape)
}

/// How a layer is unfolded whose lanes are pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    /// Rows of the output at a time.
    rows: usize,
    /// Values from a row to the next.
    pitch: usize,
    /// Taps.
    taps: usize,
}

impl Band {
    #[inline(always)]
    pub(super) const fn new<P: Arithmetic>(shape: &ConvShape) -> Self {
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
    pub(super) const fn shape(&self, shape: &ConvShape) -> ConvShape {
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
    pub(super) const fn scratch<P: Arithmetic>(&self, shape: &ConvShape) -> usize {
        rows::blocks::<P>(shape) + Block::count::<P::Element>(self.len())
    }
}

/// Unfolds a layer band by band, tap by tap, and has each multiplied.
#[inline(always)]
pub(super) fn each_band<P: Arithmetic, M: Multiply<P>>(
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
