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
    /// Inputs that one step of the inner product takes.
    const GROUP: usize;
    /// Units of [`Weight`](Self::Weight) that hold one lane's weights of a step.
    const UNITS: usize;
    /// Whether the lanes may also be positions of a row, with [`slide_inputs`](Self::slide_inputs).
    const ROWS: bool;
    /// One output channel's running sum.
    type Sum: Copy;
    /// Sixteen running sums: of sixteen output channels, or of one channel at sixteen positions.
    type Sums<I: Isa>: Copy;
    /// The inputs of a step in sixteen lanes.
    type Inputs<I: Isa>: Copy;
    /// The weights of a step in sixteen lanes.
    type Weights<I: Isa>: Copy;
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

    /// The activation that stands for zero, with which a convolution pads its input.
    fn padding(channels: Self::Channels<'_>) -> Self::Element;

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
    fn finish<I: Isa>(
        isa: I,
        sum: Self::Sum,
        channels: Self::Channels<'_>,
        channel: usize,
        activation: Activation,
    ) -> Self::Element;

    /// Sums without any product, to which [`merge`](Self::merge) adds.
    fn zero<I: Isa>(isa: I) -> Self::Sums<I>;
    /// The sums of sixteen channels, from `first`, before the first product.
    fn start_block<I: Isa>(isa: I, channels: Self::Channels<'_>, first: usize) -> Self::Sums<I>;
    /// The sums of one channel at sixteen positions before the first product.
    fn start_spread<I: Isa>(isa: I, channels: Self::Channels<'_>, channel: usize) -> Self::Sums<I>;

    /// A step's inputs, the same in every lane. There are `GROUP`, or fewer at the end of a run.
    fn spread_inputs<I: Isa>(isa: I, inputs: &[Self::Element]) -> Self::Inputs<I>;
    /// An input for each lane, of up to sixteen neighbours; the rest of the step is nothing.
    fn load_inputs<I: Isa>(isa: I, inputs: &[Self::Element]) -> Self::Inputs<I>;
    /// The `GROUP` neighbours from each of sixteen neighbouring inputs on, of `15 + GROUP`.
    fn slide_inputs<I: Isa>(isa: I, inputs: &[Self::Element]) -> Self::Inputs<I>;
    /// Sixteen lanes' weights of a step: `16 * UNITS` neighbours.
    fn load_weights<I: Isa>(isa: I, weights: &[Self::Weight]) -> Self::Weights<I>;
    /// One lane's weights of a step, `UNITS` neighbours, in every lane.
    fn spread_weights<I: Isa>(isa: I, weights: &[Self::Weight]) -> Self::Weights<I>;
    /// Sixteen lanes' weights of a depthwise step, which takes one input: `weights` are a layer's
    /// packed weights, `at` the place of the first lane's.
    fn load_depthwise<I: Isa>(isa: I, weights: &[Self::Weight], at: usize) -> Self::Weights<I>;
    /// Adds each lane's products.
    fn add_products<I: Isa>(
        isa: I,
        sums: Self::Sums<I>,
        inputs: Self::Inputs<I>,
        weights: Self::Weights<I>,
    ) -> Self::Sums<I>;

    /// The sum of two parts of an inner product.
    fn merge<I: Isa>(isa: I, a: Self::Sums<I>, b: Self::Sums<I>) -> Self::Sums<I>;
    /// The larger of each pair of sums.
    fn max<I: Isa>(isa: I, a: Self::Sums<I>, b: Self::Sums<I>) -> Self::Sums<I>;
    /// The larger of each two neighbouring lanes: eight from `a`, then eight from `b`.
    fn max_pairs<I: Isa>(isa: I, a: Self::Sums<I>, b: Self::Sums<I>) -> Self::Sums<I>;
    /// [`finish`](Self::finish) for as many channels, from `first`, as `output` has places.
    fn finish_block<I: Isa>(
        isa: I,
        sums: Self::Sums<I>,
        channels: Self::Channels<'_>,
        first: usize,
        activation: Activation,
        output: &mut [Self::Element],
    );
    /// [`finish`](Self::finish) for one channel at as many positions as `output` has places.
    fn finish_spread<I: Isa>(
        isa: I,
        sums: Self::Sums<I>,
        channels: Self::Channels<'_>,
        channel: usize,
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
