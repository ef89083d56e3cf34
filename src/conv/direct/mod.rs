//! Direct convolution: the windows are read where they lie, nothing is unfolded.
//!
//! The feature map's channels are innermost, so a row of a window's taps with all their channels is one
//! run of neighbouring values, and the inner product walks it from front to back; see `tile`. A
//! padded layer reads a copy of its input with the padding around it, but for most depthwise ones.
//!
//! `tile` is right for every layer but depthwise ones. Some have a faster way, which each file's `pay` knows; the
//! first of these that pays is taken:
//!
//! | layers | in | way |
//! |---|---|---|
//! | one input channel, few outputs, a 2×2 pool | bytes, where they are shuffled | `bands`: two rows of windows at once |
//! | one input channel, few outputs | all but 2-bit weights | `rows`: the lanes are positions of a row |
//! | at most eight outputs, more than one tap, no pool | floats on AVX-512 | `pairs`: the lanes are two windows |
//! | depthwise | all | `depthwise`: a kernel's lanes serve a row of windows |
//! | four windows and more, small enough | bytes on AVX2 | `words`: widened once |
//! | some pairs of windows | bytes on `neon-i8mm` | `matrices`: products of two by two |
//! | one window | bytes on AVX2 | `nibbles`: sums in 16 bits |

pub(crate) mod bands;
mod depthwise;
pub(crate) mod matrices;
pub(crate) mod nibbles;
mod pairs;
pub(crate) mod words;

use super::layout::is_one_run;
use super::tile::{self, Job, Plan, Planned};
use super::windows::{self, Windows};
use super::{Algorithm, AnyShape, ConvKernel, Image, Kernels, Pooling, WeightLayout, pad, rows};
use crate::layers::{Activation, ConvLayer, Epilogue};
use crate::precision::{Arithmetic, Output, Parameters};
use crate::shape::{ConvShape, PoolShape};
use crate::simd::{Block, Isa, Kernel};
use bytemuck::{cast_slice, cast_slice_mut};
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

impl<P: Arithmetic> Kernels<P> for Direct {
    type Kernel<L: ConvLayer> = Self;
}

/// The tiles of one layer on one instruction set.
struct Tiles<P, I, L, E>(PhantomData<(P, I, L, E)>);

impl<P: Arithmetic, I: Isa, L: ConvLayer, E: Epilogue> Planned for Tiles<P, I, L, E> {
    const PLAN: Plan = plan::<P, I>(&L::SPEC.shape, pooling::<P, L, E>());
}

impl<P: Arithmetic, I: Isa, L: ConvLayer, E: Epilogue> rows::Planned for RowTiles<P, I, L, E> {
    const TILE: usize = rows::choose::<I>(&L::SPEC.shape, E::POOL.is_some());
}

/// The tile of one layer whose lanes are positions of a row.
struct RowTiles<P, I, L, E>(PhantomData<(P, I, L, E)>);

const fn pooling<P: Arithmetic, L: ConvLayer, E: Epilogue>() -> Pooling {
    Pooling::of(<Direct as ConvKernel<P, L>>::POOLS, E::POOL.is_some())
}

const fn plan<P: Arithmetic, I: Isa>(shape: &ConvShape, pool: Pooling) -> Plan {
    if shape.is_depthwise() {
        return depthwise::plan::<I>(shape);
    }
    if pairs::pay::<P, I>(shape, pool) {
        return pairs::plan::<I>(shape);
    }
    let layout = WeightLayout::new(shape, P::GROUP);
    Plan::new::<I>(&Windows::new(shape, &layout, pool.is_within()), &layout)
}

impl<P: Arithmetic, L: ConvLayer> ConvKernel<P, L> for Direct {
    const ALGORITHM: &'static str = Self::NAME;
    const SCRATCH: usize = scratch::<P>(&L::SPEC.shape);
    const POOLS: bool = match L::POOL {
        Some(pool) => pools(&L::SPEC.shape, &pool, L::ACTIVATION),
        None => false,
    };
    const TOGETHER: bool = is_one_run(&L::SPEC.shape);

    #[inline(always)]
    fn run<I: Isa, E: Epilogue>(
        isa: I,
        parameters: Parameters<'_, P>,
        input: &[P::Element],
        output: &mut [Output<P>],
        scratch: &mut [Block],
    ) {
        let (shape, activation) = (L::SPEC.shape, E::ACTIVATION);
        if const { rows::pay::<P>(&L::SPEC.shape) } {
            let (plane, scratch) =
                scratch.split_at_mut(const { rows::blocks::<P>(&L::SPEC.shape) });
            let input = rows::copy::<P>(&shape, input, plane, P::padding(parameters.channels));
            let pool = E::POOL.is_some();
            let strides = rows::Strides::of_copy::<P>(&shape);
            let job = rows::Job { shape, strides, parameters, activation, pool, input, output };
            if const { I::SHUFFLES && bands::pay::<P>(&L::SPEC.shape, E::POOL.is_some()) } {
                P::run_bands(isa, job, scratch);
            } else {
                rows::run_planned::<P, I, RowTiles<P, I, L, E>>(isa, job);
            }
            return;
        }
        if const { pairs::pay::<P, I>(&L::SPEC.shape, pooling::<P, L, E>()) } {
            let job = in_pairs(shape, parameters, activation, input, output, scratch);
            pairs::run_planned::<I, Tiles<P, I, L, E>>(isa, job);
            return;
        }
        let (copy, scratch) = scratch.split_at_mut(const { copy::<P>(&L::SPEC.shape) });
        let input = if const { copies(&L::SPEC.shape) } {
            pad::with_padding::<P>(&shape, input, copy, P::padding(parameters.channels))
        } else {
            input
        };
        if const { L::SPEC.shape.is_depthwise() } {
            if const { depthwise::is_narrow::<P>(&L::SPEC.shape) } {
                run_depthwise::<P, _, L, E>(isa.narrow(), parameters, input, output);
            } else {
                run_depthwise::<P, _, L, E>(isa, parameters, input, output);
            }
            return;
        }
        let (windows, layout) = const {
            let layout = WeightLayout::new(&L::SPEC.shape, P::GROUP);
            (Windows::new(&L::SPEC.shape, &layout, E::POOL.is_some()), layout)
        };
        let mut job = Job { windows, layout, parameters, activation, input, output };
        if const { I::WORDS && words::pay::<P>(&L::SPEC.shape) } {
            P::run_words(isa, &mut job, scratch);
        } else if const { I::MATRICES && matrices::pay::<P>(&L::SPEC.shape) } {
            P::run_matrices(isa, &mut job, scratch);
        } else if const { I::WORDS && nibbles::pay::<P>(&L::SPEC.shape) } {
            P::run_nibbles(isa, &mut job, scratch);
        } else {
            tile::run_planned::<P, I, Tiles<P, I, L, E>>(isa, &mut job);
        }
    }
}

impl<P: Arithmetic> AnyShape<P> for Direct {
    fn scratch(shape: &ConvShape) -> usize {
        scratch::<P>(shape)
    }

    fn pools(shape: &ConvShape, pool: &PoolShape, activation: Activation) -> bool {
        pools(shape, pool, activation)
    }

    fn run<I: Isa>(isa: I, shape: &ConvShape, image: Image<'_, '_, P>) {
        isa.run(Any { shape, image });
    }
}

/// A layer of any shape as a function of its own, as other algorithms have such layers, too.
struct Any<'s, 'p, 'a, P: Arithmetic> {
    shape: &'s ConvShape,
    image: Image<'p, 'a, P>,
}

impl<P: Arithmetic> Kernel for Any<'_, '_, '_, P> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { shape, image } = self;
        let Image { parameters, activation, pool, input, output, scratch } = image;
        let within = pool.is_within();
        if rows::pay::<P>(shape) {
            let (plane, scratch) = scratch.split_at_mut(rows::blocks::<P>(shape));
            let input = rows::copy::<P>(shape, input, plane, P::padding(parameters.channels));
            let bands = I::SHUFFLES && bands::pay::<P>(shape, within);
            let tile = rows::choose::<I>(shape, within);
            let (shape, strides) = (*shape, rows::Strides::of_copy::<P>(shape));
            let pool = within;
            let job = rows::Job { shape, strides, parameters, activation, pool, input, output };
            if bands {
                P::run_bands(isa, job, scratch);
            } else {
                rows::run_any(isa, tile, job);
            }
            return;
        }
        if pairs::pay::<P, I>(shape, pool) {
            let job = in_pairs(*shape, parameters, activation, input, output, scratch);
            pairs::run_any(isa, plan::<P, I>(shape, pool).tail, job);
            return;
        }
        let (copy, scratch) = scratch.split_at_mut(copy::<P>(shape));
        let input = if copies(shape) {
            pad::with_padding::<P>(shape, input, copy, P::padding(parameters.channels))
        } else {
            input
        };
        if shape.is_depthwise() {
            let image = Image { parameters, activation, pool, input, output, scratch };
            depthwise::run_any(isa, shape, image);
            return;
        }
        let plan = plan::<P, I>(shape, pool);
        let layout = WeightLayout::new(shape, P::GROUP);
        let windows = Windows::new(shape, &layout, within);
        let mut job = Job { windows, layout, parameters, activation, input, output };
        if I::WORDS && words::pay::<P>(shape) {
            P::run_words(isa, &mut job, scratch);
        } else if I::MATRICES && matrices::pay::<P>(shape) {
            P::run_matrices(isa, &mut job, scratch);
        } else if I::WORDS && nibbles::pay::<P>(shape) {
            P::run_nibbles(isa, &mut job, scratch);
        } else {
            tile::run_any(isa, plan, &mut job);
        }
    }
}

/// A depthwise layer.
#[inline(always)]
fn run_depthwise<P: Arithmetic, I: Isa, L: ConvLayer, E: Epilogue>(
    isa: I,
    parameters: Parameters<'_, P>,
    input: &[P::Element],
    output: &mut [Output<P>],
) {
    let activation = E::ACTIVATION;
    let job = depthwise::Job::new::<I>(&L::SPEC.shape, parameters, activation, input, output);
    depthwise::run_planned::<P, I, Tiles<P, I, L, E>>(isa, job);
}

const fn scratch<P: Arithmetic>(shape: &ConvShape) -> usize {
    if rows::pay::<P>(shape) {
        rows::blocks::<P>(shape) + bands::blocks::<P>(shape)
    } else if words::pay::<P>(shape) {
        copy::<P>(shape) + words::blocks::<P>(shape)
    } else if matrices::pay::<P>(shape) {
        copy::<P>(shape) + matrices::blocks::<P>(shape)
    } else if nibbles::pay::<P>(shape) {
        nibbles::blocks::<P>(shape)
    } else {
        let (padded, pairs) = (copy::<P>(shape), pairs::blocks::<P>(shape));
        if padded > pairs { padded } else { pairs }
    }
}

/// Blocks of the padded copy.
#[inline(always)]
const fn copy<P: Arithmetic>(shape: &ConvShape) -> usize {
    if copies(shape) { pad::blocks::<P>(shape) } else { 0 }
}

/// A layer of floats, as its pairs want it.
#[inline(always)]
fn in_pairs<'p, 'a, P: Arithmetic>(
    shape: ConvShape,
    parameters: Parameters<'p, P>,
    activation: Activation,
    input: &'a [P::Element],
    output: &'a mut [Output<P>],
    scratch: &'a mut [Block],
) -> pairs::Job<'p, 'a> {
    pairs::Job {
        shape,
        biases: P::biases(parameters.channels),
        weights: cast_slice(parameters.weights),
        activation,
        input: cast_slice(input),
        output: cast_slice_mut(output),
        scratch,
    }
}

/// Whether a layer reads a padded copy of its input.
#[inline(always)]
const fn copies(shape: &ConvShape) -> bool {
    !shape.is_depthwise() || depthwise::copies(shape)
}

/// Whether a layer's results go through its pool before they are stored.
const fn pools(shape: &ConvShape, pool: &PoolShape, activation: Activation) -> bool {
    !shape.is_depthwise() && windows::pools(pool, activation)
}
