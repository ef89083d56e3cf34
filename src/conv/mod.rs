//! Convolution algorithms. One file each; linear layers are convolutions whose window is their input.

mod auto;
mod layout;
mod naive;

pub use auto::Auto;
pub use layout::{LANES, WeightLayout};
pub use naive::Naive;

use crate::layers::{ConvLayer, Epilogue};
use crate::precision::{Parameters, Precision};
use crate::shape::ConvShape;
use crate::simd::{Block, Isa};
use core::fmt::Debug;

/// A way to compute a convolution.
pub trait Algorithm: Copy + Default + Debug + Send + Sync + 'static {
    /// As it is written on the command line and in reports.
    const NAME: &'static str;

    /// Whether it can do a layer of this shape by itself; a network that names the algorithm as a
    /// whole gives the other layers to `Direct`.
    fn supports(shape: &ConvShape) -> bool;
}

/// An algorithm that has kernels for a precision.
#[diagnostic::on_unimplemented(
    message = "the convolution algorithm `{Self}` has no kernels for the precision `{P}`",
    label = "`{Self}` does not run in `{P}`",
    note = "`Naive`, `Im2col`, `Direct` and `Auto` run in every precision, `Winograd` and `Fft` in `f32`"
)]
pub trait Convolve<P: Precision>: Algorithm {
    /// What runs one layer.
    type Kernel<L: ConvLayer>: ConvKernel<P, L>;
}

/// One algorithm's code for one layer in one precision.
pub trait ConvKernel<P: Precision, L: ConvLayer>: Clone + Send + Sync + 'static {
    /// The algorithm that does the work: for `Auto` and for layers that an algorithm can't do,
    /// another one's name.
    const ALGORITHM: &'static str;
    /// Scratch memory that a run needs.
    const SCRATCH: usize;

    /// The kernel for weights as they are packed: in a constant expression nothing can be prepared.
    const READY: Self;

    /// Transforms the weights, where the algorithm wants them in another form.
    fn prepare(parameters: Parameters<'_, P>) -> Self;

    /// Computes the layer for one image, and `E` on its results.
    ///
    /// `input` and `output` are feature maps of `L`'s shape, `scratch` has `SCRATCH` blocks.
    fn run<I: Isa, E: Epilogue>(
        &self,
        isa: I,
        parameters: Parameters<'_, P>,
        input: &[P::Element],
        output: &mut [P::Element],
        scratch: &mut [Block],
    );
}
