//! Precisions: what a weight, an activation and a sum of products are. One file each.

mod constant;
mod f32;

pub use constant::{ConstPacker, packed_blocks};

use crate::layers::Activation;
#[cfg(feature = "alloc")]
use crate::layers::ConvSpec;
use crate::shape::ConvShape;
use crate::simd::{Block, Isa};
#[cfg(feature = "alloc")]
use crate::weights::{LoadError, Sink, Source};
#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use bytemuck::Pod;
use core::fmt::Debug;

/// A number format that networks run in: `f32`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a precision that networks run in",
    label = "not a precision",
    note = "the precisions are `f32`"
)]
pub trait Precision: Copy + Default + Debug + Send + Sync + 'static {
    /// As it is written on the command line and in reports.
    const NAME: &'static str;
    /// Whether an activation is its own real value.
    const FLOAT: bool;
    /// One activation between two layers.
    type Element: Pod + PartialOrd + Debug + Send + Sync;
    /// The unit in which packed weights are stored.
    type Weight: Pod;
    /// What an activation means as a real number (nothing to add for floats, scale and zero point
    /// for integers); known per edge between two layers.
    type Edge: Copy + Default + Debug + Send + Sync;
    /// The precision of a layer that asks for `Q` inside a network of this one.
    type Or<Q: Precision>: Precision;
    /// Neighbouring inputs that one step of the inner product takes.
    const GROUP: usize;
    /// One output channel's running sum.
    type Sum: Copy;
    /// Sixteen output channels' running sums.
    type Sums<I: Isa>: Copy;
    /// What is known per output channel: the bias and, for integers, the scale.
    type Channels<'a>: Copy;

    /// The real value of an activation.
    fn to_f32(value: Self::Element, edge: Self::Edge) -> f32;
    /// The nearest activation to a real value.
    fn from_f32(value: f32, edge: Self::Edge) -> Self::Element;

    /// Blocks that a layer's packed parameters take.
    fn parameter_blocks(shape: &ConvShape) -> usize;
    /// A layer's packed parameters, taken apart.
    fn parameters<'a>(shape: &ConvShape, blocks: &'a [Block]) -> Parameters<'a, Self>;
    /// Reads a layer's parameters and packs them.
    ///
    /// # Errors
    /// What the source finds wrong with them.
    #[cfg(feature = "alloc")]
    fn load<S: Source>(layer: &ConvSpec, source: &mut S) -> Result<Vec<Block>, LoadError>;
    /// Gives a layer's parameters to a file.
    #[cfg(feature = "alloc")]
    fn save<S: Sink>(layer: &ConvSpec, parameters: Parameters<'_, Self>, sink: &mut S);

    /// One output channel's sum before its first product.
    fn start(channels: Self::Channels<'_>, channel: usize) -> Self::Sum;
    /// Adds one product: `weights` are a layer's packed weights, `at` the place in them.
    fn add_product(
        sum: Self::Sum,
        input: Self::Element,
        weights: &[Self::Weight],
        at: usize,
    ) -> Self::Sum;
    /// The activation that a finished sum stands for.
    fn finish(
        sum: Self::Sum,
        channels: Self::Channels<'_>,
        channel: usize,
        activation: Activation,
    ) -> Self::Element;

    /// [`start`](Self::start) for sixteen channels from `first`.
    fn start_block<I: Isa>(isa: I, channels: Self::Channels<'_>, first: usize) -> Self::Sums<I>;
    /// Adds the products of `GROUP` inputs with their weights in sixteen channels.
    fn add_products<I: Isa>(
        isa: I,
        sums: Self::Sums<I>,
        inputs: &[Self::Element],
        weights: &[Self::Weight],
    ) -> Self::Sums<I>;
    /// [`finish`](Self::finish) for as many channels, from `first`, as `output` has places.
    fn finish_block<I: Isa>(
        isa: I,
        sums: Self::Sums<I>,
        channels: Self::Channels<'_>,
        first: usize,
        activation: Activation,
        output: &mut [Self::Element],
    );
}

/// A layer's packed parameters.
pub struct Parameters<'a, P: Precision> {
    /// What is known per output channel.
    pub channels: P::Channels<'a>,
    /// The weights, in the order of [`WeightLayout`](crate::conv::WeightLayout).
    pub weights: &'a [P::Weight],
}

impl<P: Precision> Clone for Parameters<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Precision> Copy for Parameters<'_, P> {}
