//! The definition: six loops. Every other kernel is tested against it.

use super::{Algorithm, AnyShape, ConvKernel, Image, Kernels, Pooling, WeightLayout};
use crate::layers::{ConvLayer, Epilogue};
use crate::precision::{Arithmetic, Output, Parameters};
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

impl<P: Arithmetic> Kernels<P> for Naive {
    type Kernel<L: ConvLayer> = Self;
}

impl<P: Arithmetic, L: ConvLayer> ConvKernel<P, L> for Naive {
    const ALGORITHM: &'static str = Self::NAME;
    const SCRATCH: usize = 0;

    #[inline(always)]
    fn run<I: Isa, E: Epilogue>(
        isa: I,
        parameters: Parameters<'_, P>,
        input: &[P::Element],
        output: &mut [Output<P>],
        scratch: &mut [Block],
    ) {
        let activation = E::ACTIVATION;
        let pool = Pooling::None;
        let image = Image { parameters, activation, pool, input, output, scratch };
        <Self as AnyShape<P>>::run(isa, &L::SPEC.shape, image);
    }
}

impl<P: Arithmetic> AnyShape<P> for Naive {
    fn scratch(_: &ConvShape) -> usize {
        0
    }

    #[inline(always)]
    fn run<I: Isa>(isa: I, shape: &ConvShape, image: Image<'_, '_, P>) {
        let Image { parameters: Parameters { channels, weights, .. }, activation, .. } = image;
        let ConvShape { input: [inputs, height, width], output: [outputs, _, columns], .. } =
            *shape;
        let window = shape.window;
        let layout = WeightLayout::new(shape, P::GROUP);
        for (at, place) in image.output.iter_mut().enumerate() {
            let (o, x, y) = (at % outputs, at / outputs % columns, at / outputs / columns);
            let first = o / shape.group_outputs() * shape.group_inputs();
            let mut sum = P::start(channels, layout.channel(o));
            for ky in 0..window.kernel[0] {
                let row = window.source(0, y, ky, height);
                for kx in 0..window.kernel[1] {
                    let pixel = row.zip(window.source(1, x, kx, width));
                    for i in 0..shape.group_inputs() {
                        let value = match pixel {
                            Some((row, column)) => {
                                image.input[(row * width + column) * inputs + first + i]
                            }
                            None => P::padding(channels),
                        };
                        let tap = ky * window.kernel[1] + kx;
                        sum = P::add_product(sum, value, weights, &layout, [o, i, tap]);
                    }
                }
            }
            *place = P::finish(isa, sum, channels, layout.channel(o), activation);
        }
    }
}
