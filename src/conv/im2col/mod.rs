//! Unfolding: the windows of some pixels are copied into the rows of a panel, and the layer becomes a
//! matrix product, panel × weights.
//!
//! ```text
//! panel:  pixel → group → the window's runs, one after the other, in the order of the weights
//! ```
//!
//! The panel is a part of the image that stays in the first-level cache; the product is that of
//! `tile`, over one long run. Padding is written into the panel. Where the windows lie in the
//! feature map as they would in the panel (a 1×1 convolution, a linear layer), the map is the panel.
//!
//! One channel to few output channels is the product of `rows`, weights × panel, whose lanes are
//! pixels:
//!
//! ```text
//! panel:  tap → some rows of the output → pixel
//! ```

mod band;
mod panel;

use super::rows;
use super::tile::{self, Job, Plan, Planned};
use super::windows;
use super::{Algorithm, AnyShape, ConvKernel, Direct, Image, Kernels, Pooling, WeightLayout};
use crate::layers::{Activation, ConvLayer, Epilogue};
use crate::precision::{Arithmetic, Output, Parameters};
use crate::shape::{ConvShape, PoolShape};
use crate::simd::{Block, Isa};
use band::{Band, each_band, in_rows};
use core::marker::PhantomData;
use panel::{Panel, each_panel, in_place};

/// Unfolding and a matrix product.
#[derive(Clone, Copy, Debug, Default)]
pub struct Im2col;

impl Algorithm for Im2col {
    const NAME: &'static str = "Im2col";

    /// Not a depthwise layer: its matrices would be one column wide.
    fn supports(shape: &ConvShape) -> bool {
        supports(shape)
    }
}

#[inline(always)]
const fn supports(shape: &ConvShape) -> bool {
    !shape.is_depthwise()
}

impl<P: Arithmetic> Kernels<P> for Im2col {
    type Kernel<L: ConvLayer> = Self;
}

/// Bytes of a panel: half of a small first-level cache, the other half is for the weights.
const BYTES: usize = 16 << 10;

/// Multiplies a panel by the weights. (A trait, since a closure can't be made to inline, and compiled
/// by itself it would not have the instruction set.)
trait Multiply<P: Arithmetic>: Copy {
    fn multiply(self, job: &mut Job<'_, '_, P>);

    /// With pixels in the lanes.
    fn multiply_rows(self, job: rows::Job<'_, '_, P>);
}

/// With the tiles of one layer on one instruction set.
struct Tiles<P, I, L, E> {
    isa: I,
    layer: PhantomData<(P, L, E)>,
}

impl<P, I: Isa, L, E> Clone for Tiles<P, I, L, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, I: Isa, L, E> Copy for Tiles<P, I, L, E> {}

impl<P: Arithmetic, I: Isa, L: ConvLayer, E: Epilogue> Multiply<P> for Tiles<P, I, L, E> {
    #[inline(always)]
    fn multiply(self, job: &mut Job<'_, '_, P>) {
        tile::run_planned::<P, I, Self>(self.isa, job);
    }

    #[inline(always)]
    fn multiply_rows(self, job: rows::Job<'_, '_, P>) {
        rows::run_planned::<P, I, Self>(self.isa, job);
    }
}

impl<P: Arithmetic, I: Isa, L: ConvLayer, E: Epilogue> Planned for Tiles<P, I, L, E> {
    const PLAN: Plan = {
        let shape = &L::SPEC.shape;
        Panel::new::<P>(shape, E::POOL.is_some()).fitted::<I>(shape).plan::<I>()
    };
}

impl<P: Arithmetic, I: Isa, L: ConvLayer, E: Epilogue> rows::Planned for Tiles<P, I, L, E> {
    const TILE: usize = {
        let shape = &L::SPEC.shape;
        rows::choose::<I>(&Band::new::<P>(shape).shape(shape), E::POOL.is_some())
    };
}

/// With any tiles.
#[derive(Clone, Copy)]
struct AnyTiles<I> {
    isa: I,
    plan: Plan,
}

impl<P: Arithmetic, I: Isa> Multiply<P> for AnyTiles<I> {
    fn multiply(self, job: &mut Job<'_, '_, P>) {
        tile::run_any(self.isa, self.plan, job);
    }

    fn multiply_rows(self, job: rows::Job<'_, '_, P>) {
        let tile = rows::choose::<I>(&job.shape, job.pool);
        rows::run_any(self.isa, tile, job);
    }
}

impl<P: Arithmetic, L: ConvLayer> ConvKernel<P, L> for Im2col {
    const ALGORITHM: &'static str =
        if supports(&L::SPEC.shape) { Self::NAME } else { Direct::NAME };
    const SCRATCH: usize = if supports(&L::SPEC.shape) {
        scratch::<P>(&L::SPEC.shape)
    } else {
        <Direct as ConvKernel<P, L>>::SCRATCH
    };
    const POOLS: bool = match L::POOL {
        Some(pool) => pools::<P>(&L::SPEC.shape, &pool, L::ACTIVATION),
        None => false,
    };
    /// Of a layer of one window that is one run, the map is the panel, and the tiles are `Direct`'s.
    const TOGETHER: bool = <Direct as ConvKernel<P, L>>::TOGETHER;

    #[inline(always)]
    fn run<I: Isa, E: Epilogue>(
        isa: I,
        parameters: Parameters<'_, P>,
        input: &[P::Element],
        output: &mut [Output<P>],
        scratch: &mut [Block],
    ) {
        if const { supports(&L::SPEC.shape) } {
            let (shape, activation) = (&L::SPEC.shape, E::ACTIVATION);
            let pool = Pooling::of(<Self as ConvKernel<P, L>>::POOLS, E::POOL.is_some());
            let image = Image { parameters, activation, pool, input, output, scratch };
            let tiles = Tiles::<P, I, L, E> { isa, layer: PhantomData };
            if const { in_rows::<P>(&L::SPEC.shape) } {
                each_band(shape, image, tiles);
            } else {
                let panel = const {
                    Panel::new::<P>(&L::SPEC.shape, E::POOL.is_some()).fitted::<I>(&L::SPEC.shape)
                };
                each_panel(shape, panel, image, tiles);
            }
        } else {
            <Direct as ConvKernel<P, L>>::run::<I, E>(isa, parameters, input, output, scratch);
        }
    }
}

impl<P: Arithmetic> AnyShape<P> for Im2col {
    fn scratch(shape: &ConvShape) -> usize {
        scratch::<P>(shape)
    }

    fn pools(shape: &ConvShape, pool: &PoolShape, activation: Activation) -> bool {
        pools::<P>(shape, pool, activation)
    }

    fn run<I: Isa>(isa: I, shape: &ConvShape, image: Image<'_, '_, P>) {
        let panel = Panel::new::<P>(shape, image.pool.is_within()).fitted::<I>(shape);
        let tiles = AnyTiles { isa, plan: panel.plan::<I>() };
        if in_rows::<P>(shape) {
            each_band(shape, image, tiles);
        } else {
            each_panel(shape, panel, image, tiles);
        }
    }
}

const fn scratch<P: Arithmetic>(shape: &ConvShape) -> usize {
    if in_rows::<P>(shape) {
        return Band::new::<P>(shape).scratch::<P>(shape);
    }
    let plain = Panel::new::<P>(shape, false).scratch::<P>();
    let pooled = Panel::new::<P>(shape, true).scratch::<P>();
    if pooled > plain { pooled } else { plain }
}

/// Whether a layer's results go through its pool before they are stored.
const fn pools<P: Arithmetic>(shape: &ConvShape, pool: &PoolShape, activation: Activation) -> bool {
    supports(shape)
        && windows::pools(pool, activation)
        && !in_place(shape, &WeightLayout::new(shape, P::GROUP))
}
