//! Convolution by Fourier transforms: any window at stride 1.
//!
//! ```text
//! once        W[f] = conj(FFT(kernel)) / size     every kernel, of every input channel
//! image       cut into tiles of height × width inputs that overlap by the window − 1
//! each tile   X[f] = FFT(tile)                    per input channel; rows, then columns
//!             Y[f] = Σ X[f] · W[f]                over input channels, for each output channel
//!             y    = FFT⁻¹(Y) + bias → activation columns, then the rows that are outputs
//! ```
//!
//! A product of spectra is a convolution that wraps around at the tile's edges. Outputs into which
//! something has wrapped around are not stored: a tile gives height − window + 1 rows of outputs, and a
//! transform as large as the padded image needs no more room than that. Of real values' spectra one
//! half tells the other; a row of n is transformed as n/2 complex numbers. The lanes of a vector are
//! sixteen channels everywhere.
//!
//! The error grows with the logarithm of the size, not with the window: for c input channels it is at
//! most (c + 16 log₂(height · width) + 8) √(height · width) · u · max|x| · Σ|w|, where u is half an ulp
//! of 1. Its root mean square is at most twice that of the definition in `f32`, and below it for
//! windows that see hundreds of values.

mod plan;
mod tile;
mod transform;

use super::{Algorithm, AnyShape, ConvKernel, Direct, Image, Kernels, LANES};
use crate::layers::{ConvLayer, Epilogue};
use crate::precision::Parameters;
use crate::shape::ConvShape;
use crate::simd::memory::values;
use crate::simd::{Block, Isa, Kernel};
use alloc::vec;
use num_traits::Float;
use plan::Plan;
use tile::{End, Tile};
use transform::{Complex, root};

/// Fourier transforms, of windows of any size at stride 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fft;

impl Fft {
    const fn can(shape: &ConvShape) -> bool {
        let window = &shape.window;
        matches!(window.stride, [1, 1]) && matches!(window.dilation, [1, 1])
    }
}

impl Algorithm for Fft {
    const NAME: &'static str = "Fft";

    fn supports(shape: &ConvShape) -> bool {
        Self::can(shape)
    }
}

impl Kernels<f32> for Fft {
    type Kernel<L: ConvLayer> = Self;
}

impl<L: ConvLayer> ConvKernel<f32, L> for Fft {
    const ALGORITHM: &'static str = if Fft::can(&L::SPEC.shape) {
        Fft::NAME
    } else {
        <Direct as ConvKernel<f32, L>>::ALGORITHM
    };
    const SCRATCH: usize = if Fft::can(&L::SPEC.shape) {
        Plan::new(L::SPEC.shape).scratch()
    } else {
        <Direct as ConvKernel<f32, L>>::SCRATCH
    };
    const POOLS: bool =
        if Fft::can(&L::SPEC.shape) { false } else { <Direct as ConvKernel<f32, L>>::POOLS };
    const TOGETHER: bool = !Fft::can(&L::SPEC.shape) && <Direct as ConvKernel<f32, L>>::TOGETHER;
    /// The kernels as spectra, after the roots of unity; none where `Direct` does the layer.
    const PREPARED: usize =
        if Fft::can(&L::SPEC.shape) { Plan::new(L::SPEC.shape).blocks() } else { 0 };

    fn prepare(parameters: Parameters<'_, f32>, prepared: &mut [Block]) {
        if Fft::can(&L::SPEC.shape) {
            spectra(const { Plan::new(L::SPEC.shape) }, parameters.weights, prepared);
        }
    }

    #[inline(always)]
    fn run<I: Isa, E: Epilogue>(
        isa: I,
        parameters: Parameters<'_, f32>,
        input: &[f32],
        output: &mut [f32],
        scratch: &mut [Block],
    ) {
        if const { Fft::can(&L::SPEC.shape) } {
            let plan = const { Plan::new(L::SPEC.shape) };
            let end = End { channels: parameters.channels, activation: E::ACTIVATION, output };
            if const { I::SHARED } {
                isa.run(AnySize { plan, blocks: parameters.prepared, input, end, scratch });
            } else if const { at_once::<I>(&Plan::new(L::SPEC.shape)) == 4 } {
                run::<I, 4>(isa, plan, parameters.prepared, input, end, scratch);
            } else {
                run::<I, 1>(isa, plan, parameters.prepared, input, end, scratch);
            }
        } else {
            <Direct as ConvKernel<f32, L>>::run::<I, E>(isa, parameters, input, output, scratch);
        }
    }
}

impl AnyShape<f32> for Fft {
    fn prepared(shape: &ConvShape) -> usize {
        Plan::new(*shape).blocks()
    }

    fn prepare(shape: &ConvShape, parameters: Parameters<'_, f32>, prepared: &mut [Block]) {
        spectra(Plan::new(*shape), parameters.weights, prepared);
    }

    fn scratch(shape: &ConvShape) -> usize {
        Plan::new(*shape).scratch()
    }

    fn amplification(shape: &ConvShape) -> Option<f64> {
        Some(Plan::new(*shape).roundings())
    }

    fn run<I: Isa>(isa: I, shape: &ConvShape, image: Image<'_, '_, f32>) {
        let plan = Plan::new(*shape);
        let Image { parameters, activation, input, output, scratch, .. } = image;
        let end = End { channels: parameters.channels, activation, output };
        isa.run(AnySize { plan, blocks: parameters.prepared, input, end, scratch });
    }
}

/// [`run`] as a function of its own.
struct AnySize<'a> {
    plan: Plan,
    blocks: &'a [Block],
    input: &'a [f32],
    end: End<'a>,
    scratch: &'a mut [Block],
}

impl Kernel for AnySize<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { plan, blocks, input, end, scratch } = self;
        if at_once::<I>(&plan) == 4 {
            run::<I, 4>(isa, plan, blocks, input, end, scratch);
        } else {
            run::<I, 1>(isa, plan, blocks, input, end, scratch);
        }
    }
}

impl Plan {
    /// Roundings of a result, in units of max|x|·Σ|w|: a transform of n values changes their norm by
    /// no more than some roundings per factor of 2 of n, and the largest of n values can be as large
    /// as √n times their root mean square.
    fn roundings(&self) -> f64 {
        let size = (self.size[0] * self.size[1]) as f64;
        (self.inputs() as f64 + 16.0 * Float::log2(size) + 8.0) * Float::sqrt(size)
    }
}

/// Frequencies whose sums, four vectors each, are in registers together.
const fn at_once<I: Isa>(plan: &Plan) -> usize {
    if I::TILE >= 16 && plan.frequencies() >= 4 { 4 } else { 1 }
}

/// The roots of unity, then W = conj(FFT(kernel)) / size: [group][block][frequency][input][part][lane].
fn spectra(plan: Plan, weights: &[f32], to: &mut [Block]) {
    let [height, width] = plan.size;
    let [rows, columns] = plan.shape.window.kernel;
    let (roots, spectra) = to.split_at_mut(plan.roots());
    let mut roots: &mut [[f32; 2]] = bytemuck::cast_slice_mut(roots);
    for n in [height, width] {
        let (first, rest) = roots.split_at_mut(n);
        for (k, place) in first.iter_mut().enumerate() {
            *place = root(k, n).map(|part| part as f32);
        }
        roots = rest;
    }
    let spectra: &mut [Complex] = bytemuck::cast_slice_mut(spectra);
    let scale = 1.0 / (height * width) as f64;
    let mut lines = vec![[0.0; 2]; rows * plan.across()];
    for output in 0..plan.shape.output[0] {
        let (group, channel) = (output / plan.layout.outputs, output % plan.layout.outputs);
        let (block, lane) = (group * plan.layout.blocks + channel / LANES, channel % LANES);
        for input in 0..plan.inputs() {
            for (at, line) in lines.iter_mut().enumerate() {
                let (y, k) = (at / plan.across(), at % plan.across());
                *line = [0.0; 2];
                for x in 0..columns {
                    let weight = weights[plan.layout.index(output, input, y * columns + x)];
                    let [cos, sin] = root(k * x, width);
                    line[0] += f64::from(weight) * scale * cos;
                    line[1] += f64::from(weight) * scale * sin;
                }
            }
            for frequency in 0..plan.frequencies() {
                let (v, k) = (frequency / plan.across(), frequency % plan.across());
                let mut sum = [0.0; 2];
                for y in 0..rows {
                    let ([re, im], [cos, sin]) =
                        (lines[y * plan.across() + k], root(v * y, height));
                    sum[0] += re * cos - im * sin;
                    sum[1] += re * sin + im * cos;
                }
                let place = (block * plan.frequencies() + frequency) * plan.inputs() + input;
                spectra[place][0][lane] = sum[0] as f32;
                spectra[place][1][lane] = -sum[1] as f32;
            }
        }
    }
}

/// One image; the products are computed for `F` frequencies at a time.
#[inline(always)]
fn run<I: Isa, const F: usize>(
    isa: I,
    plan: Plan,
    blocks: &[Block],
    input: &[f32],
    mut end: End<'_>,
    scratch: &mut [Block],
) {
    let (roots, weights) = blocks.split_at(plan.roots());
    let roots: &[[f32; 2]] = values(roots, plan.size[0] + plan.size[1]);
    let weights: &[Complex] = bytemuck::cast_slice(weights);
    let scratch: &mut [Complex] = bytemuck::cast_slice_mut(&mut scratch[..plan.scratch()]);
    let (spectra, scratch) = scratch.split_at_mut(plan.spectra());
    let (sums, lines) = scratch.split_at_mut(plan.frequencies());
    let (x, y) = lines.split_at_mut(plan.line());
    for tile in 0..plan.tiles[0] * plan.tiles[1] {
        let first =
            [tile / plan.tiles[1] * plan.outputs[0], tile % plan.tiles[1] * plan.outputs[1]];
        let tile = Tile { isa, plan, first, roots };
        for (block, spectrum) in spectra.chunks_exact_mut(plan.frequencies()).enumerate() {
            tile.spectrum(block, input, spectrum, [&mut *x, &mut *y]);
        }
        for group in 0..plan.layout.groups {
            for block in 0..plan.layout.blocks {
                let block = [group, block];
                tile.products::<F>(block, spectra, weights, sums);
                tile.outputs(block, sums, [&mut *x, &mut *y], &mut end);
            }
        }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests;
