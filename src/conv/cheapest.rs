//! What `Auto` runs in `f32`: `Direct`, or where fewer multiplications pay for their transforms,
//! `Winograd`. `auto.rs` says how that is decided.

use super::{Algorithm, AnyShape, Auto, ConvKernel, Direct, Image, Kernels, LANES, Winograd, rows};
use crate::layers::{Activation, ConvLayer, Epilogue};
use crate::precision::Parameters;
use crate::shape::{ConvShape, PoolShape};
use crate::simd::{Block, Isa};

/// `Winograd` or `Direct`, whichever takes a layer fewer operations.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cheapest;

/// Whether minimal filtering is faster than the definition.
pub(super) const fn filters(shape: &ConvShape) -> bool {
    match Winograd::cost(shape) {
        // A tie goes to the smaller error.
        Some(cost) => cost + cost / 20 < direct_cost(shape),
        None => false,
    }
}

/// Vector operations of one image by `Direct`, in tenths of a multiply-add.
const fn direct_cost(shape: &ConvShape) -> usize {
    let [outputs, height, width] = shape.output;
    let blocks = if shape.is_depthwise() {
        outputs.div_ceil(LANES)
    } else {
        shape.groups * shape.group_outputs().div_ceil(LANES)
    };
    if rows::pay::<f32>(shape) {
        // The results are interleaved.
        return 13 * outputs * height * width.div_ceil(LANES) * shape.kernel_len();
    }
    11 * height * width * blocks * shape.kernel_len()
}

impl Algorithm for Cheapest {
    const NAME: &'static str = Auto::NAME;

    fn supports(_: &ConvShape) -> bool {
        true
    }
}

impl Kernels<f32> for Cheapest {
    type Kernel<L: ConvLayer> = Self;
}

const fn layer_filters<L: ConvLayer>() -> bool {
    filters(&L::SPEC.shape)
}

impl<L: ConvLayer> ConvKernel<f32, L> for Cheapest {
    const ALGORITHM: &'static str = if layer_filters::<L>() {
        <Winograd as ConvKernel<f32, L>>::ALGORITHM
    } else {
        <Direct as ConvKernel<f32, L>>::ALGORITHM
    };
    const SCRATCH: usize = if layer_filters::<L>() {
        <Winograd as ConvKernel<f32, L>>::SCRATCH
    } else {
        <Direct as ConvKernel<f32, L>>::SCRATCH
    };
    const POOLS: bool = if layer_filters::<L>() {
        <Winograd as ConvKernel<f32, L>>::POOLS
    } else {
        <Direct as ConvKernel<f32, L>>::POOLS
    };
    const TOGETHER: bool = !layer_filters::<L>() && <Direct as ConvKernel<f32, L>>::TOGETHER;
    const PREPARED: usize =
        if layer_filters::<L>() { <Winograd as ConvKernel<f32, L>>::PREPARED } else { 0 };

    fn prepare(parameters: Parameters<'_, f32>, prepared: &mut [Block]) {
        if layer_filters::<L>() {
            <Winograd as ConvKernel<f32, L>>::prepare(parameters, prepared);
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
        if const { layer_filters::<L>() } {
            <Winograd as ConvKernel<f32, L>>::run::<I, E>(isa, parameters, input, output, scratch);
        } else {
            <Direct as ConvKernel<f32, L>>::run::<I, E>(isa, parameters, input, output, scratch);
        }
    }
}

impl AnyShape<f32> for Cheapest {
    fn prepared(shape: &ConvShape) -> usize {
        if filters(shape) { <Winograd as AnyShape<f32>>::prepared(shape) } else { 0 }
    }

    fn prepare(shape: &ConvShape, parameters: Parameters<'_, f32>, prepared: &mut [Block]) {
        if filters(shape) {
            <Winograd as AnyShape<f32>>::prepare(shape, parameters, prepared);
        }
    }

    fn scratch(shape: &ConvShape) -> usize {
        if filters(shape) {
            <Winograd as AnyShape<f32>>::scratch(shape)
        } else {
            <Direct as AnyShape<f32>>::scratch(shape)
        }
    }

    fn amplification(shape: &ConvShape) -> Option<f64> {
        if filters(shape) { <Winograd as AnyShape<f32>>::amplification(shape) } else { None }
    }

    fn pools(shape: &ConvShape, pool: &PoolShape, activation: Activation) -> bool {
        if filters(shape) {
            <Winograd as AnyShape<f32>>::pools(shape, pool, activation)
        } else {
            <Direct as AnyShape<f32>>::pools(shape, pool, activation)
        }
    }

    fn run<I: Isa>(isa: I, shape: &ConvShape, image: Image<'_, '_, f32>) {
        if filters(shape) {
            <Winograd as AnyShape<f32>>::run(isa, shape, image);
        } else {
            <Direct as AnyShape<f32>>::run(isa, shape, image);
        }
    }
}
