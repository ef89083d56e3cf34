//! Direct convolution: the windows are read where they lie, nothing is unfolded.
//!
//! The feature map's channels are innermost, so a row of a window's taps with all their channels is one
//! run of neighbouring values, and the inner product walks it from front to back; see `tile.rs`. A
//! padded layer reads a copy of its input with the padding around it.

use super::tile::{self, Job, Plan, Planned, Windows};
use super::{Algorithm, AnyShape, ConvKernel, Convolve, Image, WeightLayout, depthwise, pad};
use crate::layers::{Activation, ConvLayer, Epilogue};
use crate::precision::{Parameters, Precision};
use crate::shape::ConvShape;
use crate::simd::{Block, Isa};
use core::marker::PhantomData;

/// Register-blocked, nothing unfolded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Direct;

impl Algorithm for Direct {
    const NAME: &'static str = "Direct";

    fn supports(_: &ConvShape) -> bool {
        true
    }
}

impl<P: Precision> Convolve<P> for Direct {
    type Kernel<L: ConvLayer> = Self;
}

/// The tiles of one layer on one instruction set.
struct Tiles<P, I, L>(PhantomData<(P, I, L)>);

impl<P: Precision, I: Isa, L: ConvLayer> Planned for Tiles<P, I, L> {
    const PLAN: Plan = plan::<P, I>(&L::SPEC.shape);
}

const fn plan<P: Precision, I: Isa>(shape: &ConvShape) -> Plan {
    let layout = WeightLayout::new(shape, P::GROUP);
    Plan::new::<I>(Windows::new(shape, &layout).size[1], &layout)
}

impl<P: Precision, L: ConvLayer> ConvKernel<P, L> for Direct {
    const ALGORITHM: &'static str = Self::NAME;
    const SCRATCH: usize = pad::blocks::<P>(&L::SPEC.shape);
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
        output: &mut [P::Element],
        scratch: &mut [Block],
    ) {
        let shape = L::SPEC.shape;
        let input = pad::with_padding::<P>(&shape, input, scratch, P::padding(parameters.channels));
        let (windows, layout, activation) = const {
            let layout = WeightLayout::new(&L::SPEC.shape, P::GROUP);
            (Windows::new(&L::SPEC.shape, &layout), layout, E::ACTIVATION)
        };
        let mut job = Job { windows, layout, parameters, activation, input, output };
        if const { L::SPEC.shape.is_depthwise() } {
            depthwise::run_planned::<P, I, Tiles<P, I, L>>(isa, &mut job);
        } else {
            tile::run_planned::<P, I, Tiles<P, I, L>>(isa, &mut job);
        }
    }
}

impl<P: Precision> AnyShape<P> for Direct {
    fn prepare(_: &ConvShape, _: Parameters<'_, P>) -> Self {
        Self
    }

    fn scratch(shape: &ConvShape) -> usize {
        pad::blocks::<P>(shape)
    }

    fn run<I: Isa>(&self, isa: I, shape: &ConvShape, image: Image<'_, '_, P>) {
        let Image { parameters, activation, input, output, scratch } = image;
        let input = pad::with_padding::<P>(shape, input, scratch, P::padding(parameters.channels));
        let layout = WeightLayout::new(shape, P::GROUP);
        let windows = Windows::new(shape, &layout);
        let mut job = Job { windows, layout, parameters, activation, input, output };
        let plan = plan::<P, I>(shape);
        if shape.is_depthwise() {
            depthwise::run_any(isa, plan.tail, &mut job);
        } else {
            tile::run_any(isa, plan, &mut job);
        }
    }
}
