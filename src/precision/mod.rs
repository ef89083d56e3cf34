//! Precisions: what a weight, an activation and a sum of products are. One file each.

mod constant;
mod f32;
mod i4;
mod i8;
pub mod integer;
mod w2a8;
mod w4a8;

pub use constant::{ConstPacker, packed_blocks};
pub use integer::{Integer, Real};
pub use w2a8::W2A8;
pub use w4a8::W4A8;

use crate::conv::{AnyShape, Kernels, RowsJob, TileJob, WeightLayout};
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

/// A number format that networks run in: `f32`, `i8`, [`W4A8`], [`I4`](crate::I4) or [`W2A8`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a precision that networks run in",
    label = "not a precision",
    note = "the precisions are `f32`, `i8`, `W4A8`, `I4` and `W2A8`"
)]
pub trait Precision: Arithmetic<Writes = Self> {}

impl<P: Arithmetic<Writes = P>> Precision for P {}

/// How layers with weights compute: a [`Precision`], or one whose last sums stay floats.
pub trait Arithmetic: Copy + Default + Debug + Send + Sync + 'static {
    /// As it is written on the command line and in reports.
    const NAME: &'static str;
    /// The largest activation, or 0 for floats.
    const LARGEST: u8;
    /// Whether an activation is its own real value.
    const FLOAT: bool;
    /// One activation between two layers.
    type Element: Pod + PartialOrd + Debug + Send + Sync;
    /// The unit in which packed weights are stored.
    type Weight: Pod;
    /// What an activation means as a real number (nothing to add for floats, scale and zero point
    /// for integers); known per edge between two layers.
    type Edge: Copy + Default + Debug + Send + Sync + 'static;
    /// What layers in this precision know of their input and output beside the weights.
    type Ends: Copy + Default + Debug + Send + Sync;
    /// A function of activations as a table, where their values are few.
    type Lookup: Clone + Default + Debug + Send + Sync;
    /// The precision of a layer that asks for `Q` inside a network of this one.
    type Or<Q: Precision>: Precision;
    /// The precision of a network's first and last layer with weights.
    type Outer: Precision<
            Element = Self::Element,
            Edge = Self::Edge,
            Ends = Self::Ends,
            Lookup = Self::Lookup,
        >;
    /// The precision in which layers write their results.
    type Writes: Arithmetic;
    /// What runs the layers of a network on `Auto`.
    type Automatic: Kernels<Self> + AnyShape<Self>;
    /// The same arithmetic, but sums become floats.
    type Real: Arithmetic<
            Element = Self::Element,
            Edge = Self::Edge,
            Ends = Self::Ends,
            Lookup = Self::Lookup,
            Writes = f32,
            Real = Self::Real,
        >;
    /// The arithmetic whose kernels run the layers: precisions that differ only in the range of activations,
    /// which [`Ends`](Self::Ends) holds, share one's, so that they are compiled once.
    type Code: Arithmetic<
            Element = Self::Element,
            Weight = Self::Weight,
            Ends = Self::Ends,
            Code = Self::Code,
            Writes: Arithmetic<Element = Output<Self>>,
        >;
    /// The instruction set that a layer is compiled for, of those that do the same for this arithmetic.
    type On<I: Isa>: Isa;
    /// Inputs that one step of the inner product takes.
    const GROUP: usize;
    /// Units of [`Weight`](Self::Weight) that hold one lane's weights of a step.
    const UNITS: usize;
    /// Whether a weight may be 0. What a run's last step reads behind it then comes to nothing, so that the
    /// lanes may also be positions of a row, with [`slide_inputs`](Self::slide_inputs).
    const HAS_ZERO: bool;
    /// Whether activations and results are bytes, for which there is [`run_bands`](Self::run_bands).
    const BYTES: bool = false;
    /// One output channel's running sum.
    type Sum: Copy;
    /// Sixteen running sums: of sixteen output channels, or of one channel at sixteen positions.
    type Sums<I: Isa>: Copy;
    /// The inputs of a step in sixteen lanes.
    type Inputs<I: Isa>: Copy;
    /// The weights of a step in sixteen lanes.
    type Weights<I: Isa>: Copy;
    /// The inputs of four steps, on an instruction set that loads them [ahead](Isa::AHEAD).
    type Ahead<I: Isa>: Copy;
    /// What is known per output channel: the bias and, for integers, the scale.
    type Channels<'a>: Copy;

    /// The token that a layer is run with.
    fn on<I: Isa>(isa: I) -> Self::On<I>;

    /// The real value of an activation.
    fn to_f32(value: Self::Element, edge: Self::Edge) -> f32;
    /// The nearest activation to a real value.
    fn from_f32(value: f32, edge: Self::Edge) -> Self::Element;

    /// Blocks that a layer's packed parameters take.
    fn parameter_blocks(shape: &ConvShape) -> usize;
    /// A layer's packed parameters, taken apart.
    fn parameters<'a>(
        shape: &ConvShape,
        blocks: &'a [Block],
        ends: Self::Ends,
    ) -> Parameters<'a, Self>;
    /// Reads a layer's parameters and packs them.
    ///
    /// # Errors
    /// What the source finds wrong with them.
    #[cfg(feature = "alloc")]
    fn load<S: Source>(
        layer: &Loading<'_, Self>,
        source: &mut S,
    ) -> Result<Loaded<Self>, LoadError>;
    /// Gives a layer's parameters to a file.
    #[cfg(feature = "alloc")]
    fn save<S: Sink>(
        layer: &ConvSpec,
        parameters: Parameters<'_, Self>,
        lookup: &Self::Lookup,
        sink: &mut S,
    );

    /// What an edge between two layers means, read from a source. `row` is that of the network's
    /// `LAYERS` whose results pass there; the network's input has none.
    ///
    /// # Errors
    /// What the source finds wrong with it.
    #[cfg(feature = "alloc")]
    fn load_edge<S: Source>(
        name: &str,
        row: Option<usize>,
        source: &mut S,
    ) -> Result<Self::Edge, LoadError>;
    /// Gives the meaning of an edge to a file.
    #[cfg(feature = "alloc")]
    fn save_edge<S: Sink>(name: &str, edge: Self::Edge, sink: &mut S);

    /// What a layer's activations mean, those of the activation function that it takes over.
    fn results(ends: Self::Ends, lookup: &Self::Lookup) -> Self::Edge;
    /// What the results of a layer mean.
    fn written(ends: Self::Ends, lookup: &Self::Lookup) -> WrittenEdge<Self>;
    /// The real value of a sum in a layer's units, before it becomes an activation.
    fn unrounded(sum: f32, ends: Self::Ends) -> f32;
    /// The activation for such a sum.
    fn round(sum: f32, ends: Self::Ends) -> Self::Element;
    /// A function of activations as a table, with the meaning of its arguments and of its results.
    #[cfg(feature = "alloc")]
    fn table(function: Activation, input: Self::Edge, output: Self::Edge) -> Self::Lookup;
    /// Replaces results by what they are in a table.
    fn look_up<I: Isa>(isa: I, lookup: &Self::Lookup, values: &mut [Output<Self>]);
    /// Replaces activations by what they are in a table.
    fn look_up_activations<I: Isa>(isa: I, lookup: &Self::Lookup, values: &mut [Self::Element]);
    /// What each pixel from 0 to 255, that is 0.0 to 1.0, becomes on an edge, unless it becomes itself.
    #[cfg(feature = "alloc")]
    fn pixels(edge: Self::Edge) -> Self::Lookup;
    /// Whether each pixel becomes itself.
    fn are_pixels(pixels: &Self::Lookup) -> bool;

    /// The activation that stands for zero, with which a convolution pads its input.
    fn padding(channels: Self::Channels<'_>) -> Self::Element;

    /// The activation whose products come to nothing, whatever it means, with which steps are filled up.
    fn nothing() -> Self::Element;

    /// The biases, of a precision whose sums are floats.
    #[inline(always)]
    fn biases<'a>(_: Self::Channels<'a>) -> &'a [f32] {
        unreachable!("only floats have them by themselves");
    }

    /// One output channel's sum before its first product.
    fn start(channels: Self::Channels<'_>, channel: usize) -> Self::Sum;
    /// Adds one product: `weights` are a layer's packed weights, `[o, i, tap]` says for which output
    /// channel, input channel and tap.
    fn add_product(
        sum: Self::Sum,
        input: Self::Element,
        weights: &[Self::Weight],
        layout: &WeightLayout,
        place: [usize; 3],
    ) -> Self::Sum;
    /// The activation that a finished sum stands for.
    fn finish<I: Isa>(
        isa: I,
        sum: Self::Sum,
        channels: Self::Channels<'_>,
        channel: usize,
        activation: Activation,
    ) -> Output<Self>;

    /// Sums without any product, to which [`merge`](Self::merge) adds.
    fn zero<I: Isa>(isa: I) -> Self::Sums<I>;
    /// The sums of sixteen channels, from `first`, before the first product.
    fn start_block<I: Isa>(isa: I, channels: Self::Channels<'_>, first: usize) -> Self::Sums<I>;
    /// The sums of one channel at sixteen positions before the first product.
    fn start_spread<I: Isa>(isa: I, channels: Self::Channels<'_>, channel: usize) -> Self::Sums<I>;

    /// A step's inputs, the same in every lane. There are `GROUP`, or fewer at the end of a run.
    fn spread_inputs<I: Isa>(isa: I, inputs: &[Self::Element]) -> Self::Inputs<I>;
    /// The inputs of four neighbouring steps, for [`add_ahead`](Self::add_ahead).
    fn load_ahead<I: Isa>(isa: I, inputs: &[Self::Element]) -> Self::Ahead<I>;
    /// An input for each lane, of up to sixteen neighbours; the rest of the step is nothing.
    fn load_inputs<I: Isa>(isa: I, inputs: &[Self::Element]) -> Self::Inputs<I>;
    /// The `GROUP` neighbours from each of sixteen neighbouring inputs on, of `15 + GROUP`.
    fn slide_inputs<I: Isa>(isa: I, inputs: &[Self::Element]) -> Self::Inputs<I>;
    /// Sixteen lanes' weights of a step: `16 * UNITS` neighbours.
    fn load_weights<I: Isa>(isa: I, weights: &[Self::Weight]) -> Self::Weights<I>;
    /// One lane's weights of a step, `UNITS` neighbours, in every lane.
    fn spread_weights<I: Isa>(isa: I, weights: &[Self::Weight]) -> Self::Weights<I>;
    /// Four neighbouring lanes' weights of a step, each in every lane.
    fn spread_each_weights<I: Isa>(isa: I, weights: &[Self::Weight]) -> [Self::Weights<I>; 4];
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

    /// Adds the products of one of these four steps, whose inputs are the same in every lane.
    fn add_ahead<I: Isa, const STEP: usize>(
        isa: I,
        sums: Self::Sums<I>,
        inputs: Self::Ahead<I>,
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
        output: &mut [Output<Self>],
    );
    /// [`finish`](Self::finish) for some channels, from `first`, at up to sixteen neighbouring positions:
    /// `[stride, places]` are the values from a position to the next one, and positions. `output` begins
    /// with the first channel; what lies between the results is left alone, what lies behind the last
    /// one may be overwritten.
    fn finish_pixels<I: Isa, const OUTPUTS: usize>(
        isa: I,
        sums: &[Self::Sums<I>; OUTPUTS],
        channels: Self::Channels<'_>,
        first: usize,
        activation: Activation,
        output: &mut [Output<Self>],
        at: [usize; 2],
    );

    /// Runs a layer of one input channel and the pool behind it. Only precisions of
    /// [`BYTES`](Self::BYTES) can.
    #[inline(always)]
    fn run_bands<I: Isa>(_: I, _: RowsJob<'_, '_, Self>, _: &mut [Block]) {
        unreachable!("only bytes run in bands");
    }

    /// Runs a layer whose inputs and weights are widened first. Only integers can.
    #[inline(always)]
    fn run_words<I: Isa>(_: I, _: &mut TileJob<'_, '_, Self>, _: &mut [Block]) {
        unreachable!("only integers are widened");
    }

    /// Runs a layer whose weights are arranged first. Only integers can.
    #[inline(always)]
    fn run_matrices<I: Isa>(_: I, _: &mut TileJob<'_, '_, Self>, _: &mut [Block]) {
        unreachable!("only integers are arranged");
    }

    /// Runs a layer of one window whose inputs are halved first. Only integers can.
    #[inline(always)]
    fn run_nibbles<I: Isa>(_: I, _: &mut TileJob<'_, '_, Self>, _: &mut [Block]) {
        unreachable!("only integers are halved");
    }
}

/// What a layer in a precision writes.
pub type Output<P> = <<P as Arithmetic>::Writes as Arithmetic>::Element;

/// What it means.
pub type WrittenEdge<P> = <<P as Arithmetic>::Writes as Arithmetic>::Edge;

/// A layer whose parameters are to be read.
#[cfg(feature = "alloc")]
pub struct Loading<'a, P: Arithmetic> {
    /// Sizes and names.
    pub spec: &'a ConvSpec,
    /// The activation that the layer takes over.
    pub activation: Activation,
    /// Its rows in the network's `LAYERS`: its own, and that of the activation.
    pub rows: [usize; 2],
    /// What the layer's inputs mean.
    pub input: P::Edge,
}

/// A layer's parameters.
#[cfg(feature = "alloc")]
pub struct Loaded<P: Arithmetic> {
    /// As the kernels want them.
    pub packed: Vec<Block>,
    /// What the layer knows of its input and output.
    pub ends: P::Ends,
    /// The activation that the layer takes over, if it is a table.
    pub lookup: P::Lookup,
}

/// A layer's packed parameters.
pub struct Parameters<'a, P: Arithmetic> {
    /// What is known per output channel.
    pub channels: P::Channels<'a>,
    /// The weights, in the order of [`WeightLayout`].
    pub weights: &'a [P::Weight],
    /// What an algorithm has made of them beforehand.
    pub prepared: &'a [Block],
}

impl<P: Arithmetic> Clone for Parameters<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Arithmetic> Copy for Parameters<'_, P> {}
