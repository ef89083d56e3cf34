//! The algorithm of a network that names none. One place decides for all layers: today `Direct`.

use super::{Algorithm, AnyShape, ConvKernel, Direct, Image, Kernels};
use crate::layers::{Activation, ConvLayer, Epilogue};
use crate::precision::{Arithmetic, Output, Parameters};
use crate::shape::{ConvShape, PoolShape};
use crate::simd::{Block, Isa};

/// The algorithm that is fastest on LeNet-5, for every layer: `Direct`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Auto;

impl Algorithm for Auto {
    const NAME: &'static str = "Auto";

    fn supports(_: &ConvShape) -> bool {
        true
    }
}

impl<P: Arithmetic> Kernels<P> for Auto {
    type Kernel<L: ConvLayer> = Self;
}

impl<P: Arithmetic, L: ConvLayer> ConvKernel<P, L> for Auto {
    const ALGORITHM: &'static str = <Direct as ConvKernel<P, L>>::ALGORITHM;
    const SCRATCH: usize = <Direct as ConvKernel<P, L>>::SCRATCH;
    const POOLS: bool = <Direct as ConvKernel<P, L>>::POOLS;
    const READY: Self = Self;

    fn prepare(_: Parameters<'_, P>) -> Self {
        Self
    }

    #[inline(always)]
    fn run<I: Isa, E: Epilogue>(
        &self,
        isa: I,
        parameters: Parameters<'_, P>,
        input: &[P::Element],
        output: &mut [Output<P>],
        scratch: &mut [Block],
    ) {
        <Direct as ConvKernel<P, L>>::run::<I, E>(&Direct, isa, parameters, input, output, scratch);
    }
}

impl<P: Arithmetic> AnyShape<P> for Auto {
    fn prepare(_: &ConvShape, _: Parameters<'_, P>) -> Self {
        Self
    }

    fn scratch(shape: &ConvShape) -> usize {
        <Direct as AnyShape<P>>::scratch(shape)
    }

    fn pools(shape: &ConvShape, pool: &PoolShape, activation: Activation) -> bool {
        <Direct as AnyShape<P>>::pools(shape, pool, activation)
    }

    fn run<I: Isa>(&self, isa: I, shape: &ConvShape, image: Image<'_, '_, P>) {
        AnyShape::<P>::run(&Direct, isa, shape, image);
    }
}
