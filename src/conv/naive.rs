//! The definition: six loops. Every other kernel is tested against it.

use super::{Algorithm, ConvKernel, Convolve, WeightLayout};
use crate::layers::{ConvLayer, Epilogue};
use crate::precision::{Parameters, Precision};
use crate::shape::ConvShape;
use crate::simd::{Block, Isa};

/// The definition of a convolution, written as loops; slow, for comparison.
#[derive(Clone, Copy, Debug, Default)]
pub struct Naive;

impl Algorithm for Naive {
    const NAME: &'static str = "Naive";

    fn supports(_: &ConvShape) -> bool {
        true
    }
}

impl<P: Precision> Convolve<P> for Naive {
    type Kernel<L: ConvLayer> = Self;
}

impl<P: Precision, L: ConvLayer> ConvKernel<P, L> for Naive {
    const ALGORITHM: &'static str = Self::NAME;
    const SCRATCH: usize = 0;
    const READY: Self = Self;

    fn prepare(_: Parameters<'_, P>) -> Self {
        Self
    }

    #[inline(always)]
    fn run<I: Isa, E: Epilogue>(
        &self,
        _: I,
        parameters: Parameters<'_, P>,
        input: &[P::Element],
        output: &mut [P::Element],
        _: &mut [Block],
    ) {
        let ConvShape { input: [channels, height, width], output: [outputs, _, columns], .. } =
            L::SPEC.shape;
        let ConvShape { window, groups: _, .. } = L::SPEC.shape;
        let layout = WeightLayout::new(&L::SPEC.shape, P::GROUP);
        for (at, place) in output.iter_mut().enumerate() {
            let (o, x, y) = (at % outputs, at / outputs % columns, at / outputs / columns);
            let first = o / L::SPEC.shape.group_outputs() * L::SPEC.shape.group_inputs();
            let mut sum = P::start(parameters.channels, layout.channel(o));
            for ky in 0..window.kernel[0] {
                let Some(row) = window.source(0, y, ky, height) else { continue };
                for kx in 0..window.kernel[1] {
                    let Some(column) = window.source(1, x, kx, width) else { continue };
                    for i in 0..L::SPEC.shape.group_inputs() {
                        let value = input[(row * width + column) * channels + first + i];
                        let tap = ky * window.kernel[1] + kx;
                        sum =
                            P::add_product(sum, value, parameters.weights, layout.index(o, i, tap));
                    }
                }
            }
            *place = P::finish(sum, parameters.channels, layout.channel(o), E::ACTIVATION);
        }
    }
}
