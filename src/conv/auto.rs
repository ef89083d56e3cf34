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

use super::{Algorithm, AnyShape, Image, Kernels};
#[cfg(feature = "alloc")]
use super::{Winograd, cheapest::filters, winograd};
use crate::layers::{Activation, ConvLayer};
use crate::precision::{Arithmetic, Parameters};
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

/// What runs a layer is the chosen algorithm's kernel itself: a network on `Auto` and one on `Direct`
/// share theirs.
impl<P: Arithmetic> Kernels<P> for Auto {
    type Kernel<L: ConvLayer> = <P::Automatic as Kernels<P>>::Kernel<L>;
}

impl<P: Arithmetic> AnyShape<P> for Auto {
    fn prepared(shape: &ConvShape) -> usize {
        P::Automatic::prepared(shape)
    }

    fn prepare(shape: &ConvShape, parameters: Parameters<'_, P>, prepared: &mut [Block]) {
        P::Automatic::prepare(shape, parameters, prepared);
    }

    fn scratch(shape: &ConvShape) -> usize {
        P::Automatic::scratch(shape)
    }

    fn amplification(shape: &ConvShape) -> Option<f64> {
        P::Automatic::amplification(shape)
    }

    fn pools(shape: &ConvShape, pool: &PoolShape, activation: Activation) -> bool {
        P::Automatic::pools(shape, pool, activation)
    }

    fn run<I: Isa>(isa: I, shape: &ConvShape, image: Image<'_, '_, P>) {
        P::Automatic::run(isa, shape, image);
    }
}

/// Blocks of transformed weights that a layer has in `f32`. Without an allocator there are none.
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
