//! One tile of an image: its channels' spectra, the products with the kernels', the inverse.
//!
//! Loops over vectors are written out: a closure is a function of its own, which may end up compiled
//! without the instruction set that runs it.
#![allow(clippy::needless_range_loop, reason = "loops over vectors are unrolled")]

use super::plan::Plan;
use super::transform::{Complex, Direction, Roots, ZERO, load, pack, store, transform, unpack};
use crate::conv::LANES;
use crate::conv::tile::overlapping;
use crate::layers::Activation;
use crate::precision::Arithmetic;
use crate::simd::Isa;

/// What all steps share.
#[derive(Clone, Copy)]
pub(super) struct Tile<'a, I> {
    pub(super) isa: I,
    pub(super) plan: Plan,
    /// Its first output: row and column.
    pub(super) first: [usize; 2],
    /// The roots of unity of the height, then of the width.
    pub(super) roots: &'a [[f32; 2]],
}

impl<I: Isa> Tile<'_, I> {
    #[inline(always)]
    fn height_roots(&self) -> Roots<'_> {
        Roots { table: &self.roots[..self.plan.size[0]], every: 1 }
    }

    /// Those of every second one are the roots of half the width.
    #[inline(always)]
    fn width_roots(&self, every: usize) -> Roots<'_> {
        Roots { table: &self.roots[self.plan.size[0]..], every }
    }

    /// The spectrum of one block of channels: rows first, then columns.
    #[inline(always)]
    pub(super) fn spectrum(
        &self,
        block: usize,
        input: &[f32],
        spectrum: &mut [Complex],
        [x, y]: [&mut [Complex]; 2],
    ) {
        let (isa, plan) = (self.isa, self.plan);
        let [channels, height, width] = plan.shape.input;
        let [top, _, left, _] = plan.shape.window.padding;
        let lanes = block * LANES..channels.min((block + 1) * LANES);
        let half = plan.size[1] / 2;
        let rows = spectrum.chunks_exact_mut(plan.across());
        for (row, spectrum) in rows.enumerate() {
            let row = self.first[0] + row;
            if row < top || row - top >= height {
                spectrum.fill(ZERO);
                continue;
            }
            let pixels = &input[(row - top) * width * channels..][..width * channels];
            for at in 0..plan.size[1] {
                let column = self.first[1] + at;
                let mut value = isa.splat(0.0);
                if column >= left && column - left < width {
                    let pixel = &pixels[(column - left) * channels..][lanes.clone()];
                    value = match pixel.first_chunk() {
                        Some(pixel) => isa.load(pixel),
                        None => isa.load_partial(pixel),
                    };
                }
                isa.store(value, &mut x[at / 2][at % 2]);
            }
            if half == 0 {
                isa.store(isa.splat(0.0), &mut x[0][1]);
                spectrum[0] = x[0];
                continue;
            }
            let roots = self.width_roots(2);
            let z = transform(isa, half, roots, Direction::Forward, x, y);
            for k in 0..=half {
                let value = unpack(isa, &z[..half], k, self.width_roots(1));
                store(isa, value, &mut spectrum[k], Direction::Forward);
            }
        }
        for column in 0..plan.across() {
            self.column(column, Direction::Forward, spectrum, [&mut *x, &mut *y]);
        }
    }

    /// The transform of one column, in place.
    #[inline(always)]
    fn column(
        &self,
        column: usize,
        direction: Direction,
        spectrum: &mut [Complex],
        [x, y]: [&mut [Complex]; 2],
    ) {
        let (height, across) = (self.plan.size[0], self.plan.across());
        if height == 1 {
            return;
        }
        for row in 0..height {
            x[row] = spectrum[row * across + column];
        }
        let z = transform(self.isa, height, self.height_roots(), direction, x, y);
        for row in 0..height {
            spectrum[row * across + column] = z[row];
        }
    }

    /// The spectrum of one block of a group's outputs: at each frequency the sum of the products over
    /// the group's inputs.
    #[inline(always)]
    pub(super) fn products<const F: usize>(
        &self,
        [group, block]: [usize; 2],
        spectra: &[Complex],
        weights: &[Complex],
        sums: &mut [Complex],
    ) {
        let (isa, plan) = (self.isa, self.plan);
        let (inputs, count) = (plan.inputs(), plan.frequencies());
        let place = (group * plan.layout.blocks + block) * count * inputs;
        let weights = &weights[place..][..count * inputs];
        if plan.depthwise {
            let spectra = &spectra[block * count..][..count];
            for frequency in 0..count {
                let x = load(isa, &spectra[frequency], Direction::Forward);
                let w = load(isa, &weights[frequency], Direction::Forward);
                let re = isa.neg_mul_add(x[1], w[1], isa.mul(x[0], w[0]));
                let im = isa.mul_add(x[1], w[0], isa.mul(x[0], w[1]));
                store(isa, [re, im], &mut sums[frequency], Direction::Forward);
            }
            return;
        }
        for first in overlapping::<F>(count) {
            // Real and imaginary part times real and imaginary part.
            let mut totals = [[[isa.splat(0.0); 2]; 2]; F];
            for input in 0..inputs {
                let channel = group * inputs + input;
                let spectra = &spectra[channel / LANES * count + first..][..F];
                let lane = channel % LANES;
                for f in 0..F {
                    let x = [isa.splat(spectra[f][0][lane]), isa.splat(spectra[f][1][lane])];
                    let place = (first + f) * inputs + input;
                    let w = load(isa, &weights[place], Direction::Forward);
                    for i in 0..2 {
                        for j in 0..2 {
                            totals[f][i][j] = isa.mul_add(x[i], w[j], totals[f][i][j]);
                        }
                    }
                }
            }
            for f in 0..F {
                let [[re_re, re_im], [im_re, im_im]] = totals[f];
                let sum = [isa.sub(re_re, im_im), isa.add(re_im, im_re)];
                store(isa, sum, &mut sums[first + f], Direction::Forward);
            }
        }
    }

    /// The outputs of one block from their spectrum: columns first, then the rows that are outputs.
    #[inline(always)]
    pub(super) fn outputs(
        &self,
        [group, block]: [usize; 2],
        spectrum: &mut [Complex],
        [x, y]: [&mut [Complex]; 2],
        end: &mut End<'_>,
    ) {
        let (isa, plan) = (self.isa, self.plan);
        let [outputs, height, width] = plan.shape.output;
        let half = plan.size[1] / 2;
        let first = group * plan.layout.outputs + block * LANES;
        let place = plan.layout.channel(first);
        let bias = f32::start_block(isa, end.channels, place);
        for column in 0..plan.across() {
            self.column(column, Direction::Inverse, spectrum, [&mut *x, &mut *y]);
        }
        let [rows, columns] = [
            plan.outputs[0].min(height - self.first[0]),
            plan.outputs[1].min(width - self.first[1]),
        ];
        for row in 0..rows {
            let spectrum = &spectrum[row * plan.across()..][..plan.across()];
            let values: &[Complex] = if half == 0 {
                spectrum
            } else {
                for k in 0..half {
                    let value = pack(isa, spectrum, k, self.width_roots(1));
                    store(isa, value, &mut x[k], Direction::Forward);
                }
                transform(isa, half, self.width_roots(2), Direction::Inverse, x, y)
            };
            let row = (self.first[0] + row) * width + self.first[1];
            for column in 0..columns {
                let value = isa.add(isa.load(&values[column / 2][column % 2]), bias);
                let output = &mut end.output[(row + column) * outputs + first..];
                let output = &mut output[..plan.layout.places(block)];
                f32::finish_block(isa, value, end.channels, place, end.activation, output);
            }
        }
    }
}

/// What outputs are made with and where they go.
pub(super) struct End<'a> {
    pub(super) channels: &'a [f32],
    pub(super) activation: Activation,
    pub(super) output: &'a mut [f32],
}
