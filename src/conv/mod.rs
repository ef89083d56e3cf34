//! Convolution algorithms; linear layers are convolutions whose window is their input.
//!
//! | here | what |
//! |---|---|
//! | `naive`, `im2col`, `direct`, `winograd`, `fft` | an algorithm each |
//! | `auto`, `cheapest`, `explicit` | which one runs a layer |
//! | `tile`, `rows`, `together` | the products that algorithms share: lanes are channels; positions of a row; channels, of several images |
//! | `layout`, `windows`, `pad` | where weights and windows lie |

/// Writes the body of a loop out for the first numbers: a loop may stay a loop, and then what is indexed
/// by its number leaves the registers.
macro_rules! unrolled {
    ($index:ident in $count:expr; $($number:literal)+ => $body:block) => {
        $(if $number < $count {
            let $index: usize = $number;
            $body
        })+
        for $index in [$($number),+].len()..$count {
            $body
        }
    };
}

pub(crate) mod auto;
#[cfg(feature = "alloc")]
mod cheapest;
pub(crate) mod direct;
mod explicit;
#[cfg(feature = "alloc")]
mod fft;
mod im2col;
mod layout;
mod naive;
#[cfg(all(test, feature = "std"))]
mod oracle;
mod pad;
mod rows;
mod tile;
pub(crate) mod together;
mod windows;
#[cfg(feature = "alloc")]
mod winograd;

pub use auto::Auto;
#[cfg(feature = "alloc")]
pub use cheapest::Cheapest;
pub use direct::Direct;
pub use explicit::{does_itself, runs_as};
#[cfg(feature = "alloc")]
pub use fft::Fft;
pub use im2col::Im2col;
pub use layout::{LANES, WeightLayout};
pub use naive::Naive;
pub use rows::Job as RowsJob;
pub use tile::Job as TileJob;
#[cfg(feature = "alloc")]
pub use winograd::Winograd;

use crate::layers::{Activation, ConvLayer, Epilogue};
use crate::precision::{Arithmetic, Output, Parameters, Precision};
use crate::shape::{ConvShape, PoolShape};
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
pub trait Kernels<P: Arithmetic>: Algorithm {
    /// What runs one layer, in the precision's [`Code`](Arithmetic::Code).
    type Kernel<L: ConvLayer>: ConvKernel<P::Code, L>;
}

/// An algorithm that networks of a precision run on: it has kernels for their inner layers, for the
/// outer ones where the precision has these in another, and for sums that stay in floats.
#[diagnostic::on_unimplemented(
    message = "the convolution algorithm `{Self}` has no kernels for the precision `{P}`",
    label = "`{Self}` does not run in `{P}`",
    note = "`Naive`, `Im2col`, `Direct` and `Auto` run in every precision, `Winograd` and `Fft` in `f32`"
)]
pub trait Convolve<P: Precision>:
    Kernels<P> + Kernels<P::Real> + Kernels<P::Outer> + Kernels<<P::Outer as Arithmetic>::Real>
{
}

// The compiler's message is then one, of the pair that is missing, not one for each kind of layer.
#[diagnostic::do_not_recommend]
impl<P: Precision, A> Convolve<P> for A where
    A: Kernels<P> + Kernels<P::Real> + Kernels<P::Outer> + Kernels<<P::Outer as Arithmetic>::Real>
{
}

/// One algorithm's code for one layer in one arithmetic.
pub trait ConvKernel<P: Arithmetic, L: ConvLayer>: 'static {
    /// The algorithm that does the work: for `Auto` and for layers that an algorithm can't do,
    /// another one's name.
    const ALGORITHM: &'static str;
    /// Scratch memory that a run needs.
    const SCRATCH: usize;
    /// Whether a run with the layer's own epilogue does its pool, too. If not, a run's epilogue has
    /// none.
    const POOLS: bool = false;

    /// Whether a run sums as `together.rs` does, so that several images may run there.
    const TOGETHER: bool = false;

    /// Blocks of transformed weights, where the algorithm wants them in another form.
    const PREPARED: usize = 0;

    /// Transforms the weights into so many blocks.
    #[cfg(feature = "alloc")]
    fn prepare(_parameters: Parameters<'_, P>, _prepared: &mut [Block]) {}

    /// Computes the layer for one image, and `E` on its results.
    ///
    /// `input` and `output` are feature maps of `L`'s shape, `scratch` has `SCRATCH` blocks.
    fn run<I: Isa, E: Epilogue>(
        isa: I,
        parameters: Parameters<'_, P>,
        input: &[P::Element],
        output: &mut [Output<P>],
        scratch: &mut [Block],
    );
}

/// An algorithm's code for layers whose shape is known only when it runs: the same kernels, for tests
/// on thousands of shapes.
pub trait AnyShape<P: Arithmetic>: Algorithm {
    /// Blocks of transformed weights.
    fn prepared(_: &ConvShape) -> usize {
        0
    }

    /// Transforms the weights into so many blocks.
    fn prepare(_: &ConvShape, _parameters: Parameters<'_, P>, _prepared: &mut [Block]) {}

    /// Blocks of scratch memory that a run needs.
    fn scratch(shape: &ConvShape) -> usize;

    /// The largest error of a sum before its activation, in roundings (half an ulp of 1) of the largest
    /// input's magnitude times Σ|w| of a kernel and its bias; `None` if it is that of a plain sum in
    /// some order.
    fn amplification(_: &ConvShape) -> Option<f64> {
        None
    }

    /// Whether a run does this pool, too, if the image says so.
    fn pools(_: &ConvShape, _: &PoolShape, _: Activation) -> bool {
        false
    }

    /// Computes the layer for one image; the shape is one that the algorithm supports.
    fn run<I: Isa>(isa: I, shape: &ConvShape, image: Image<'_, '_, P>);
}

/// What becomes of a 2×2 pool that a layer's algorithm can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// There is none.
    None,
    /// The layer runs without it, and gives the values that it would have the largest of, bit for bit.
    After,
    /// It is part of the run.
    Within,
}

impl Pooling {
    /// What it is for a layer that can be run with its pool, and a run.
    #[inline(always)]
    const fn of(can: bool, run: bool) -> Self {
        match (can, run) {
            (_, true) => Self::Within,
            (true, false) => Self::After,
            (false, false) => Self::None,
        }
    }

    #[inline(always)]
    const fn is_within(self) -> bool {
        matches!(self, Self::Within)
    }
}

/// One image's way through a layer.
pub struct Image<'p, 'a, P: Arithmetic> {
    /// The layer's packed parameters.
    pub parameters: Parameters<'p, P>,
    /// What is done with the results.
    pub activation: Activation,
    /// Whether a 2×2 pool follows that.
    pub pool: Pooling,
    /// The feature map that is read.
    pub input: &'a [P::Element],
    /// The feature map that is written.
    pub output: &'a mut [Output<P>],
    /// Scratch memory.
    pub scratch: &'a mut [Block],
}

/// Code that looks at one algorithm after the other.
pub trait Visitor<P: Precision> {
    /// Called with each algorithm.
    fn visit<A: Convolve<P> + AnyShape<P>>(&mut self);
}

/// Shows a visitor each algorithm that has kernels for every precision.
pub fn each<P: Precision, V: Visitor<P>>(visitor: &mut V) {
    visitor.visit::<Naive>();
    visitor.visit::<Im2col>();
    visitor.visit::<Direct>();
    visitor.visit::<Auto>();
}

/// Shows a visitor each algorithm that has kernels for floats.
#[cfg(feature = "alloc")]
pub fn each_in_floats<V: Visitor<f32>>(visitor: &mut V) {
    each(visitor);
    visitor.visit::<Winograd>();
    visitor.visit::<Fft>();
}
