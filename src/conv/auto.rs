//! The algorithm of a network that names none: for each layer, from its geometry, when it is compiled.
//!
//! `Direct`, or where fewer multiplications pay for their transforms, `Winograd`. Both know how many
//! vector operations a layer takes them, in tenths of one multiply-add; the weights in these two sums
//! are fitted to what `cargo bench --bench layers` measures, which also says what a wrong choice would
//! have cost. An instruction set changes little: both are multiply-adds in the end. `Im2col` reads what
//! `Direct` reads and copies it before; `Fft` needs larger windows than anyone has.
//!
//! # Error
//! A result has the error of the algorithm that was chosen, which a network's summary names: that of a
//! plain sum, or that of `Winograd` as its page states it, with sums over three channels or more. In
//! integers nothing is rounded, and `Winograd` is never chosen.

use super::{Algorithm, AnyShape, ConvKernel, Direct, Image, Kernels, direct};
#[cfg(feature = "alloc")]
use super::{Winograd, winograd};
use crate::layers::{Activation, ConvLayer, Epilogue};
use crate::precision::{Arithmetic, Output, Parameters};
use crate::shape::{ConvShape, PoolShape};
use crate::simd::{Block, Isa};

/// The fastest algorithm for each layer's shape, decided when the network is compiled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Auto;

impl Algorithm for Auto {
    const NAME: &'static str = "Auto";

    fn supports(_: &ConvShape) -> bool {
        true
    }
}

/// Whether minimal filtering is faster than the definition. Without an allocator there is none.
const fn filters(shape: &ConvShape) -> bool {
    #[cfg(feature = "alloc")]
    return match Winograd::cost(shape) {
        // A tie goes to the smaller error.
        Some(cost) => cost + cost / 20 < direct::cost(shape),
        None => false,
    };
    #[cfg(not(feature = "alloc"))]
    return direct::cost(shape) == 0;
}

/// Blocks of transformed weights that a layer has in `f32`.
pub(crate) const fn prepared(shape: &ConvShape) -> usize {
    #[cfg(feature = "alloc")]
    if filters(shape) {
        return Winograd::blocks(shape);
    }
    let _ = shape;
    0
}

/// Transforms a layer's weights in a constant expression: `first` is the place of the first one in
/// `packed`.
pub(crate) const fn prepare(shape: &ConvShape, packed: &[Block], first: usize, to: &mut [Block]) {
    #[cfg(feature = "alloc")]
    if filters(shape) {
        Winograd::transform(shape, winograd::Weights::Blocks(packed, first), to);
    }
    let _ = (shape, packed, first, to);
}

impl<P: Arithmetic> Kernels<P> for Auto {
    type Kernel<L: ConvLayer> = Self;
}

/// `Winograd`, in a precision that has it.
type Filter<P, L> = <<P as Arithmetic>::Minimal as Kernels<P>>::Kernel<L>;

const fn filters_in<P: Arithmetic>(shape: &ConvShape) -> bool {
    P::FLOAT && filters(shape)
}

impl<P: Arithmetic, L: ConvLayer> ConvKernel<P, L> for Auto {
    const ALGORITHM: &'static str = if filters_in::<P>(&L::SPEC.shape) {
        <Filter<P, L> as ConvKernel<P, L>>::ALGORITHM
    } else {
        <Direct as ConvKernel<P, L>>::ALGORITHM
    };
    const SCRATCH: usize = if filters_in::<P>(&L::SPEC.shape) {
        <Filter<P, L> as ConvKernel<P, L>>::SCRATCH
    } else {
        <Direct as ConvKernel<P, L>>::SCRATCH
    };
    const POOLS: bool = if filters_in::<P>(&L::SPEC.shape) {
        <Filter<P, L> as ConvKernel<P, L>>::POOLS
    } else {
        <Direct as ConvKernel<P, L>>::POOLS
    };
    const PREPARED: usize = if filters_in::<P>(&L::SPEC.shape) {
        <Filter<P, L> as ConvKernel<P, L>>::PREPARED
    } else {
        0
    };

    #[cfg(feature = "alloc")]
    fn prepare(parameters: Parameters<'_, P>, prepared: &mut [Block]) {
        if filters_in::<P>(&L::SPEC.shape) {
            <Filter<P, L> as ConvKernel<P, L>>::prepare(parameters, prepared);
        }
    }

    #[inline(always)]
    fn run<I: Isa, E: Epilogue>(
        isa: I,
        parameters: Parameters<'_, P>,
        input: &[P::Element],
        output: &mut [Output<P>],
        scratch: &mut [Block],
    ) {
        if const { filters_in::<P>(&L::SPEC.shape) } {
            Filter::<P, L>::run::<I, E>(isa, parameters, input, output, scratch);
        } else {
            <Direct as ConvKernel<P, L>>::run::<I, E>(isa, parameters, input, output, scratch);
        }
    }
}

impl<P: Arithmetic> AnyShape<P> for Auto {
    fn prepared(shape: &ConvShape) -> usize {
        if filters_in::<P>(shape) { P::Minimal::prepared(shape) } else { 0 }
    }

    fn prepare(shape: &ConvShape, parameters: Parameters<'_, P>, prepared: &mut [Block]) {
        if filters_in::<P>(shape) {
            P::Minimal::prepare(shape, parameters, prepared);
        }
    }

    fn scratch(shape: &ConvShape) -> usize {
        if filters_in::<P>(shape) {
            P::Minimal::scratch(shape)
        } else {
            <Direct as AnyShape<P>>::scratch(shape)
        }
    }

    fn pools(shape: &ConvShape, pool: &PoolShape, activation: Activation) -> bool {
        if filters_in::<P>(shape) {
            P::Minimal::pools(shape, pool, activation)
        } else {
            <Direct as AnyShape<P>>::pools(shape, pool, activation)
        }
    }

    fn amplification(shape: &ConvShape) -> Option<f64> {
        if filters_in::<P>(shape) { P::Minimal::amplification(shape) } else { None }
    }

    fn run<I: Isa>(isa: I, shape: &ConvShape, image: Image<'_, '_, P>) {
        if filters_in::<P>(shape) {
            P::Minimal::run(isa, shape, image);
        } else {
            <Direct as AnyShape<P>>::run(isa, shape, image);
        }
    }
}
