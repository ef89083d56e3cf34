//! What all integer precisions have in common: everything but the numbers of bits.
//!
//! Activations are bytes on an [`Edge`]. Sums are exact in 32 bits; a multiplication and a rounding
//! make them activations, as `quant` says. Packed parameters are
//!
//! ```text
//! weights, in the order of WeightLayout │ multipliers: f32 per channel │ biases: i32 per channel
//! ```
//!
//! A step of the inner product takes a lane four bytes of weights: four weights of 8 bits, or 8 of 4
//! bits (the low halves are those of the first four inputs, the high halves those of the next), or 16
//! of 2 bits. The zero point's share of each sum lies in the bias. A depthwise layer, whose steps take
//! one input, has its weights in bytes.

use super::{Arithmetic, Output, Parameters, Precision, WrittenEdge};
#[cfg(feature = "alloc")]
use super::{Loaded, Loading};
use crate::conv::{Direct, LANES, RowsJob, TileJob, WeightLayout, bands, matrices, nibbles, words};
use crate::layers::Activation;
#[cfg(feature = "alloc")]
use crate::layers::ConvSpec;
#[cfg(feature = "alloc")]
use crate::quant::{self, Format, IntegerLayer, IntegerRequest, Integers};
use crate::quant::{Edge, Grid, to_steps};
use crate::shape::ConvShape;
use crate::simd::{Block, INPUT_OFFSET, Isa, Steps};
#[cfg(feature = "alloc")]
use crate::weights::{LoadError, Sink, Source};
#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec, vec::Vec};
use core::fmt::Debug;
use core::marker::PhantomData;

/// An integer precision: how many bits weights and activations have.
pub trait Integer: Copy + Default + Debug + Send + Sync + 'static {
    /// As it is written on the command line and in reports.
    const NAME: &'static str;
    /// The levels of weights.
    const GRID: Grid;
    /// The largest activation.
    const MAX: u8;
    /// How weights share bytes.
    type Width: Width;
    /// The precision of a network's first and last layer with weights.
    type Outer: Precision<Element = u8, Edge = Edge, Ends = Ends, Lookup = Lookup>;
    /// What becomes of sums.
    type Results: Results;
    /// The same arithmetic, but sums become floats.
    type Real: Integer<Results = Floats, Real = Self::Real>;
}

/// How many weights share a byte.
pub trait Width: 'static {
    /// Weights in a byte.
    const PARTS: usize;
    /// A value for each.
    type Parts<T: Copy>: Copy + AsRef<[T]> + AsMut<[T]>;

    /// The same value for each. (A closure that made them would be compiled as a function of its own,
    /// without the instruction set of its caller.)
    fn fill<T: Copy>(value: T) -> Self::Parts<T>;
}

/// A byte is one weight.
#[derive(Debug)]
pub enum Bits8 {}

/// A byte is two weights.
#[derive(Debug)]
pub enum Bits4 {}

/// A byte is four weights.
#[derive(Debug)]
pub enum Bits2 {}

macro_rules! widths {
    ($($width:ident: $parts:literal;)+) => {
        $(impl Width for $width {
            const PARTS: usize = $parts;
            type Parts<T: Copy> = [T; $parts];

            #[inline(always)]
            fn fill<T: Copy>(value: T) -> [T; $parts] {
                [value; $parts]
            }
        })+
    };
}

widths! {
    Bits8: 1;
    Bits4: 2;
    Bits2: 4;
}

/// What becomes of a layer's sums.
pub trait Results: 'static {
    /// The precision of the results; integers for `P`.
    type Writes<P: Integer>: Arithmetic;
    /// Whether they stay floats.
    const FLOAT: bool;

    /// One result.
    fn one<P: Integer, I: Isa>(
        isa: I,
        steps: f32,
        ends: Ends,
        activation: Activation,
    ) -> Element<Self, P>;
    /// As many results as there are places.
    fn block<P: Integer, I: Isa>(
        isa: I,
        steps: I::F32,
        ends: Ends,
        activation: Activation,
        output: &mut [Element<Self, P>],
    );
    /// What the results mean.
    fn edge<P: Integer>(edge: Edge) -> <Self::Writes<P> as Arithmetic>::Edge;
    /// Replaces results by what they are in a table.
    fn look_up<P: Integer>(table: &[u8; 256], values: &mut [Element<Self, P>]);
}

type Element<R, P> = <<R as Results>::Writes<P> as Arithmetic>::Element;

/// Sums are rounded to activations.
#[derive(Debug)]
pub enum Rounded {}

impl Results for Rounded {
    type Writes<P: Integer> = P;
    const FLOAT: bool = false;

    #[inline(always)]
    fn one<P: Integer, I: Isa>(_: I, steps: f32, Ends { range, .. }: Ends, _: Activation) -> u8 {
        to_steps(steps, range.zero, range.low, range.high)
    }

    #[inline(always)]
    fn block<P: Integer, I: Isa>(
        isa: I,
        steps: I::F32,
        ends: Ends,
        _: Activation,
        output: &mut [u8],
    ) {
        match output.first_chunk_mut() {
            Some(output) => isa.store_steps(steps, ends.range, output),
            None => isa.store_steps_partial(steps, ends.range, output),
        }
    }

    #[inline(always)]
    fn edge<P: Integer>(edge: Edge) -> Edge {
        edge
    }

    #[inline(always)]
    fn look_up<P: Integer>(table: &[u8; 256], values: &mut [u8]) {
        values.iter_mut().for_each(|value| *value = table[usize::from(*value)]);
    }
}

/// Sums stay floats.
#[derive(Debug)]
pub enum Floats {}

impl Results for Floats {
    type Writes<P: Integer> = f32;
    const FLOAT: bool = true;

    #[inline(always)]
    fn one<P: Integer, I: Isa>(isa: I, steps: f32, _: Ends, activation: Activation) -> f32 {
        f32::finish(isa, steps, &[], 0, activation)
    }

    #[inline(always)]
    fn block<P: Integer, I: Isa>(
        isa: I,
        steps: I::F32,
        _: Ends,
        activation: Activation,
        output: &mut [f32],
    ) {
        f32::finish_block(isa, steps, &[], 0, activation, output);
    }

    #[inline(always)]
    fn edge<P: Integer>(_: Edge) {}

    #[inline(always)]
    fn look_up<P: Integer>(_: &[u8; 256], _: &mut [f32]) {}
}

/// An integer precision whose sums become floats: a network's last layer with weights, whose results
/// nothing has to multiply.
#[derive(Clone, Copy, Debug, Default)]
pub struct Real<P>(PhantomData<P>);

impl<P: Integer> Integer for Real<P> {
    const NAME: &'static str = P::NAME;
    const GRID: Grid = P::GRID;
    const MAX: u8 = P::MAX;
    type Width = P::Width;
    type Outer = P::Outer;
    type Results = Floats;
    type Real = Self;
}

/// What an integer layer knows of its input and output.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// What its inputs mean.
    pub input: Edge,
    /// What its rounded sums mean.
    pub output: Edge,
    /// The bytes that these become.
    pub range: Steps,
}

impl Default for Ends {
    fn default() -> Self {
        let edge = Edge::default();
        Self { input: edge, output: edge, range: Steps { zero: 0, low: 0, high: u8::MAX } }
    }
}

impl Ends {
    /// With the bounds that an activation sets.
    #[cfg(feature = "alloc")]
    fn new(input: Edge, output: Edge, max: u8, activation: Activation) -> Self {
        let zero = output.zero_point;
        let (low, high) = match activation {
            Activation::ReLU => (zero, max),
            Activation::ReLU6 => (zero, output.from_f32(6.0, max)),
            _ => (0, max),
        };
        Self { input, output, range: Steps { zero, low, high } }
    }
}

/// An activation function of bytes.
#[derive(Clone, Debug)]
pub struct Table {
    values: [u8; 256],
    edge: Edge,
}

/// A table, or none.
#[cfg(feature = "alloc")]
pub type Lookup = Option<Box<Table>>;

/// A table, or none.
#[cfg(not(feature = "alloc"))]
pub type Lookup = Option<&'static Table>;

/// What is known per output channel.
#[derive(Clone, Copy, Debug)]
pub struct Channels<'a> {
    biases: &'a [i32],
    multipliers: &'a [f32],
    ends: Ends,
}

/// Where the parts of a layer's packed parameters lie.
struct Places {
    /// Bytes of weights.
    weights: usize,
    /// Places for channels.
    channels: usize,
    /// Bytes in all, with room for a whole block to be read anywhere.
    bytes: usize,
}

impl Places {
    const fn new<P: Integer>(shape: &ConvShape) -> Self {
        let layout = WeightLayout::new(shape, group::<P>());
        let channels = layout.groups * layout.group_lanes();
        let values = channels * layout.lane_len();
        let (weights, surplus) = if layout.group == 1 {
            (values, LANES - layout.tail)
        } else {
            (values / P::Width::PARTS, 4 * (LANES - layout.tail))
        };
        let (used, read) = (weights + 8 * channels, weights + surplus);
        Self { weights, channels, bytes: if used > read { used } else { read } }
    }
}

/// Inputs of a step.
const fn group<P: Integer>() -> usize {
    4 * P::Width::PARTS
}

/// The byte that holds a weight, and which part of it.
#[inline(always)]
fn weight_place<P: Integer>(layout: &WeightLayout, [o, i, tap]: [usize; 3]) -> (usize, usize) {
    let at = layout.index(o, i, tap);
    if layout.group == 1 {
        return (at, P::Width::PARTS - 1);
    }
    let (step, value) = (at / group::<P>(), at % group::<P>());
    (4 * step + value % 4, value / 4)
}

/// Bits to shift a byte by, to keep and to set, for a part of it to become a factor.
#[inline(always)]
const fn part<P: Integer>(part: usize) -> (u32, u8, u8) {
    let bits = 8 / P::Width::PARTS;
    let shift = 8 - bits * (part + 1);
    // The lowest bit of an odd level is 1 and not stored.
    let set = match P::GRID {
        Grid::Odd { .. } => 1 << (7 - bits),
        Grid::Whole { .. } => 0,
    };
    (shift as u32, (0xFF << (8 - bits)) as u8, set)
}

/// A weight as the factor that kernels take.
#[inline(always)]
fn factor<P: Integer>(byte: u8, index: usize) -> i32 {
    let (shift, mask, set) = part::<P>(index);
    i32::from(((byte << shift) & mask | set) as i8)
}

#[cfg(feature = "alloc")]
fn format<P: Integer>() -> Format {
    Format { grid: P::GRID, max: P::MAX, float: P::Results::FLOAT }
}

/// The bits of a level in the upper part of a byte.
#[cfg(feature = "alloc")]
fn stored<P: Integer>(level: i8) -> u8 {
    let factor = i32::from(level) * P::GRID.factor();
    let (_, mask, _) = part::<P>(P::Width::PARTS - 1);
    factor as u8 & mask
}

impl<P: Integer> Arithmetic for P {
    const NAME: &'static str = P::NAME;
    const LARGEST: u8 = P::MAX;
    const FLOAT: bool = false;
    type Element = u8;
    type Weight = u8;
    type Edge = Edge;
    type Ends = Ends;
    type Lookup = Lookup;
    type Or<Q: Precision> = Q;
    type Outer = P::Outer;
    type Writes = <P::Results as Results>::Writes<P>;
    type Real = P::Real;
    type On<I: Isa> = I;
    type Automatic = Direct;
    const GROUP: usize = group::<P>();
    const UNITS: usize = 4;
    // A row's last step reads on behind the window, where only weights of 0 come to nothing.
    const ROWS: bool = matches!(P::GRID, Grid::Whole { .. });
    const BYTES: bool = !P::Results::FLOAT;
    type Sum = i32;
    type Sums<I: Isa> = I::I32;
    type Inputs<I: Isa> = <P::Width as Width>::Parts<I::Inputs>;
    type Weights<I: Isa> = <P::Width as Width>::Parts<I::Weights>;
    type Channels<'a> = Channels<'a>;

    #[inline(always)]
    fn on<I: Isa>(isa: I) -> I {
        isa
    }

    #[inline(always)]
    fn to_f32(value: u8, edge: Edge) -> f32 {
        edge.to_f32(value)
    }

    #[inline(always)]
    fn from_f32(value: f32, edge: Edge) -> u8 {
        edge.from_f32(value, P::MAX)
    }

    #[inline(always)]
    fn parameter_blocks(shape: &ConvShape) -> usize {
        Block::count::<u8>(Places::new::<P>(shape).bytes)
    }

    #[inline(always)]
    fn parameters<'a>(shape: &ConvShape, blocks: &'a [Block], ends: Ends) -> Parameters<'a, P> {
        let Places { weights: start, channels, .. } = Places::new::<P>(shape);
        let weights: &[u8] = bytemuck::cast_slice(blocks);
        let (multipliers, rest) = weights[start..].split_at(4 * channels);
        let multipliers = bytemuck::cast_slice(multipliers);
        let biases = bytemuck::cast_slice(&rest[..4 * channels]);
        Parameters { channels: Channels { biases, multipliers, ends }, weights, prepared: &[] }
    }

    #[cfg(feature = "alloc")]
    fn load<S: Source>(
        &Loading { spec, activation, rows, input }: &Loading<'_, P>,
        source: &mut S,
    ) -> Result<Loaded<P>, LoadError> {
        let request = IntegerRequest { spec, activation, rows, input, format: format::<P>() };
        let Integers { layer, sums, results } = source.integers(&request)?;
        let lookup = match quant::is_table(activation) && !P::Results::FLOAT {
            true => P::table(activation, sums, results),
            false => None,
        };
        let ends = Ends::new(input, sums, P::MAX, activation);
        Ok(Loaded { packed: pack::<P>(&spec.shape, &layer, input), ends, lookup })
    }

    #[cfg(feature = "alloc")]
    fn save<S: Sink>(
        spec: &ConvSpec,
        parameters: Parameters<'_, P>,
        lookup: &Lookup,
        sink: &mut S,
    ) {
        let layer = unpack::<P>(&spec.shape, parameters);
        let sums = parameters.channels.ends.output;
        let results = lookup.as_ref().map_or(sums, |table| table.edge);
        sink.integers(spec, Integers { layer, sums, results }, format::<P>());
    }

    #[cfg(feature = "alloc")]
    fn load_edge<S: Source>(
        name: &str,
        row: Option<usize>,
        source: &mut S,
    ) -> Result<Edge, LoadError> {
        source.edge(name, row, P::MAX)
    }

    #[cfg(feature = "alloc")]
    fn save_edge<S: Sink>(name: &str, edge: Edge, sink: &mut S) {
        sink.edge(name, edge, P::MAX);
    }

    #[inline(always)]
    fn results(ends: Ends, lookup: &Lookup) -> Edge {
        lookup.as_ref().map_or(ends.output, |table| table.edge)
    }

    #[inline(always)]
    fn written(ends: Ends, lookup: &Lookup) -> WrittenEdge<P> {
        P::Results::edge::<P>(Self::results(ends, lookup))
    }

    #[inline(always)]
    fn unrounded(sum: f32, ends: Ends) -> f32 {
        sum * ends.output.scale
    }

    #[inline(always)]
    fn round(sum: f32, Ends { range, .. }: Ends) -> u8 {
        to_steps(sum, range.zero, range.low, range.high)
    }

    #[cfg(feature = "alloc")]
    fn table(function: Activation, input: Edge, output: Edge) -> Lookup {
        let value = |at| output.from_f32(function.apply(input.to_f32(at as u8)), P::MAX);
        Some(Box::new(Table { values: core::array::from_fn(value), edge: output }))
    }

    #[inline(always)]
    fn look_up(lookup: &Lookup, values: &mut [Output<P>]) {
        if let Some(table) = lookup {
            P::Results::look_up::<P>(&table.values, values);
        }
    }

    #[inline(always)]
    fn look_up_activations(lookup: &Lookup, values: &mut [u8]) {
        if let Some(table) = lookup {
            Rounded::look_up::<P>(&table.values, values);
        }
    }

    #[cfg(feature = "alloc")]
    fn pixels(edge: Edge) -> Lookup {
        let value = |at: usize| edge.from_f32(at as f32 / 255.0, P::MAX);
        let values: [u8; 256] = core::array::from_fn(value);
        let same = values.iter().enumerate().all(|(at, &value)| at == usize::from(value));
        (!same).then(|| Box::new(Table { values, edge }))
    }

    #[inline(always)]
    fn pixel(byte: u8, pixels: &Lookup) -> u8 {
        match pixels {
            Some(table) => table.values[usize::from(byte)],
            None => byte,
        }
    }

    #[inline(always)]
    fn are_pixels(pixels: &Lookup) -> bool {
        pixels.is_none()
    }

    #[inline(always)]
    fn padding(channels: Channels<'_>) -> u8 {
        channels.ends.input.zero_point
    }

    #[inline(always)]
    fn nothing() -> u8 {
        INPUT_OFFSET as u8
    }

    #[inline(always)]
    fn start(channels: Channels<'_>, channel: usize) -> i32 {
        channels.biases[channel]
    }

    #[inline(always)]
    fn add_product(
        sum: i32,
        input: u8,
        weights: &[u8],
        layout: &WeightLayout,
        place: [usize; 3],
    ) -> i32 {
        let (byte, part) = weight_place::<P>(layout, place);
        sum.wrapping_add((i32::from(input) - INPUT_OFFSET) * factor::<P>(weights[byte], part))
    }

    #[inline(always)]
    fn finish<I: Isa>(
        isa: I,
        sum: i32,
        channels: Channels<'_>,
        channel: usize,
        activation: Activation,
    ) -> Output<P> {
        let steps = sum as f32 * channels.multipliers[channel];
        P::Results::one::<P, I>(isa, steps, channels.ends, activation)
    }

    #[inline(always)]
    fn zero<I: Isa>(isa: I) -> I::I32 {
        isa.splat_i32(0)
    }

    #[inline(always)]
    fn start_block<I: Isa>(isa: I, channels: Channels<'_>, first: usize) -> I::I32 {
        let biases = &channels.biases[first..];
        match biases.first_chunk() {
            Some(biases) => isa.load_i32(biases),
            None => isa.load_i32_partial(biases),
        }
    }

    #[inline(always)]
    fn start_spread<I: Isa>(isa: I, channels: Channels<'_>, channel: usize) -> I::I32 {
        isa.splat_i32(channels.biases[channel])
    }

    #[inline(always)]
    fn spread_inputs<I: Isa>(isa: I, inputs: &[u8]) -> Self::Inputs<I> {
        let mut parts = P::Width::fill(spread_quad::<P, I>(isa, inputs, 0));
        for part in 1..P::Width::PARTS {
            parts.as_mut()[part] = spread_quad::<P, I>(isa, inputs, part);
        }
        parts
    }

    #[inline(always)]
    fn spread_each_inputs<I: Isa>(isa: I, inputs: &[u8]) -> [Self::Inputs<I>; 4] {
        [
            step_ahead::<P, I, 0>(isa, inputs),
            step_ahead::<P, I, 1>(isa, inputs),
            step_ahead::<P, I, 2>(isa, inputs),
            step_ahead::<P, I, 3>(isa, inputs),
        ]
    }

    #[inline(always)]
    fn load_inputs<I: Isa>(isa: I, inputs: &[u8]) -> Self::Inputs<I> {
        let last = match inputs.first_chunk() {
            Some(inputs) => isa.widen(inputs),
            None => {
                let mut lanes = [0; LANES];
                lanes[..inputs.len()].copy_from_slice(inputs);
                isa.widen(&lanes)
            }
        };
        P::Width::fill(isa.inputs(last))
    }

    #[inline(always)]
    fn slide_inputs<I: Isa>(isa: I, inputs: &[u8]) -> Self::Inputs<I> {
        let mut parts = P::Width::fill(slide_quads(isa, inputs, 0));
        for part in 1..P::Width::PARTS {
            parts.as_mut()[part] = slide_quads(isa, inputs, part);
        }
        parts
    }

    #[inline(always)]
    fn load_weights<I: Isa>(isa: I, weights: &[u8]) -> Self::Weights<I> {
        let quads = weights.first_chunk().expect("64 bytes are packed behind any place");
        unpack_parts::<P, I>(isa, isa.load_quads(quads))
    }

    #[inline(always)]
    fn spread_weights<I: Isa>(isa: I, weights: &[u8]) -> Self::Weights<I> {
        let quad = weights.first_chunk().expect("a lane has four bytes");
        unpack_parts::<P, I>(isa, isa.splat_quad(*quad))
    }

    #[inline(always)]
    fn spread_each_weights<I: Isa>(isa: I, weights: &[u8]) -> [Self::Weights<I>; 4] {
        let quads = weights.first_chunk().expect("four lanes have 16 bytes");
        let [a, b, c, d] = isa.splat_each_quad(quads);
        [
            unpack_parts::<P, I>(isa, a),
            unpack_parts::<P, I>(isa, b),
            unpack_parts::<P, I>(isa, c),
            unpack_parts::<P, I>(isa, d),
        ]
    }

    #[inline(always)]
    fn load_depthwise<I: Isa>(isa: I, weights: &[u8], at: usize) -> Self::Weights<I> {
        let bytes = weights[at..].first_chunk().expect("16 bytes are packed behind any place");
        let quads = isa.widen(bytes);
        // Only the last part is a factor; what is set in bytes that hold no weight meets no input.
        let mut parts = P::Width::fill(isa.weights(quads, 0, 0, 0));
        let last = P::Width::PARTS - 1;
        let (_, mask, set) = part::<P>(last);
        parts.as_mut()[last] = isa.weights(quads, 0, mask, set);
        parts
    }

    #[inline(always)]
    fn add_products<I: Isa>(
        isa: I,
        sums: I::I32,
        inputs: Self::Inputs<I>,
        weights: Self::Weights<I>,
    ) -> I::I32 {
        let mut sums = sums;
        for (&inputs, &weights) in inputs.as_ref().iter().zip(weights.as_ref()) {
            sums = isa.dot(sums, inputs, weights);
        }
        sums
    }

    #[inline(always)]
    fn merge<I: Isa>(isa: I, a: I::I32, b: I::I32) -> I::I32 {
        isa.add_i32(a, b)
    }

    #[inline(always)]
    fn max<I: Isa>(isa: I, a: I::I32, b: I::I32) -> I::I32 {
        isa.max_i32(a, b)
    }

    #[inline(always)]
    fn max_pairs<I: Isa>(isa: I, a: I::I32, b: I::I32) -> I::I32 {
        isa.max_pairs_i32(a, b)
    }

    #[inline(always)]
    fn finish_block<I: Isa>(
        isa: I,
        sums: I::I32,
        channels: Channels<'_>,
        first: usize,
        activation: Activation,
        output: &mut [Output<P>],
    ) {
        let multipliers = &channels.multipliers[first..];
        let multipliers = match multipliers.first_chunk() {
            Some(multipliers) => isa.load(multipliers),
            None => isa.load_partial(multipliers),
        };
        let steps = isa.mul(isa.to_f32(sums), multipliers);
        P::Results::block::<P, I>(isa, steps, channels.ends, activation, output);
    }

    #[inline(always)]
    fn finish_spread<I: Isa>(
        isa: I,
        sums: I::I32,
        channels: Channels<'_>,
        channel: usize,
        activation: Activation,
        output: &mut [Output<P>],
    ) {
        let steps = spread_steps(isa, sums, channels, channel);
        P::Results::block::<P, I>(isa, steps, channels.ends, activation, output);
    }

    #[inline(always)]
    fn run_bands<I: Isa>(isa: I, job: RowsJob<'_, '_, P>, scratch: &mut [Block]) {
        bands::run(isa, job, scratch);
    }

    #[inline(always)]
    fn run_words<I: Isa>(isa: I, job: &mut TileJob<'_, '_, P>, scratch: &mut [Block]) {
        words::run(isa, job, scratch);
    }

    #[inline(always)]
    fn run_matrices<I: Isa>(isa: I, job: &mut TileJob<'_, '_, P>, scratch: &mut [Block]) {
        matrices::run(isa, job, scratch);
    }

    #[inline(always)]
    fn run_nibbles<I: Isa>(isa: I, job: &mut TileJob<'_, '_, P>, scratch: &mut [Block]) {
        nibbles::run(isa, job, scratch);
    }
}

/// Four neighbouring factors of an output channel: of a row of taps of the one input channel that there
/// is, the `quad`th four.
#[inline(always)]
pub(crate) fn packed_quad<P: Integer>(
    layout: &WeightLayout,
    weights: &[u8],
    output: usize,
    [row, quad]: [usize; 2],
) -> u32 {
    let (block, lane) = (output / LANES, output % LANES);
    let steps = layout.runs * layout.steps();
    let step = row * layout.steps() + quad / P::Width::PARTS;
    let at = 4 * (block * LANES * steps + step * layout.lanes(block) + lane);
    let bytes = weights[at..].first_chunk().expect("a lane has four bytes");
    packed_factors::<P>(u32::from_le_bytes(*bytes), quad % P::Width::PARTS)
}

/// Four factors, of a part of a lane's weights.
#[inline(always)]
pub(crate) fn packed_factors<P: Integer>(bytes: u32, index: usize) -> u32 {
    let (shift, mask, set) = part::<P>(index);
    // Not by a closure, which would be compiled without the instruction set of its caller.
    let (mask, set) = (u32::from_le_bytes([mask; 4]), u32::from_le_bytes([set; 4]));
    bytes << shift & mask | set
}

/// The factors of a part of packed weights, as bytes.
#[inline(always)]
pub(crate) fn factor_bytes<P: Integer, I: Isa>(isa: I, quads: I::Quads, index: usize) -> I::Quads {
    let (shift, mask, set) = part::<P>(index);
    isa.factors(quads, shift, mask, set)
}

/// A part of packed weights as factors.
#[inline(always)]
pub(crate) fn part_factors<P: Integer, I: Isa>(
    isa: I,
    quads: I::Quads,
    index: usize,
) -> I::Weights {
    let (shift, mask, set) = part::<P>(index);
    isa.weights(quads, shift, mask, set)
}

/// Sums of one channel at neighbouring positions as steps from the zero point.
#[inline(always)]
fn spread_steps<I: Isa>(isa: I, sums: I::I32, channels: Channels<'_>, channel: usize) -> I::F32 {
    isa.mul(isa.to_f32(sums), isa.splat(channels.multipliers[channel]))
}

/// Results of some channels, from `first`, at neighbouring positions: `[outputs, places]` are the values
/// from one position to the next, and positions. What lies between them, or behind the last one, is what
/// other channels and positions are written to later.
#[inline(always)]
pub(crate) fn finish_pixels<I: Isa, const OUTPUTS: usize>(
    isa: I,
    sums: &[I::I32; OUTPUTS],
    channels: Channels<'_>,
    first: usize,
    output: &mut [u8],
    [outputs, places]: [usize; 2],
) {
    let mut steps = [isa.splat(0.0); OUTPUTS];
    let multipliers = &channels.multipliers[first..][..OUTPUTS];
    for ((steps, &sums), &multiplier) in steps.iter_mut().zip(sums).zip(multipliers) {
        *steps = isa.mul(isa.to_f32(sums), isa.splat(multiplier));
    }
    isa.store_pixels(&steps, channels.ends.range, output, [outputs, places]);
}

/// One of four neighbouring steps' inputs, whose quads are loaded four at a time.
#[inline(always)]
fn step_ahead<P: Integer, I: Isa, const STEP: usize>(
    isa: I,
    inputs: &[u8],
) -> <P::Width as Width>::Parts<I::Inputs> {
    let mut parts = P::Width::fill(quad_ahead(isa, inputs, STEP * P::Width::PARTS));
    for part in 1..P::Width::PARTS {
        parts.as_mut()[part] = quad_ahead(isa, inputs, STEP * P::Width::PARTS + part);
    }
    parts
}

#[inline(always)]
fn quad_ahead<I: Isa>(isa: I, inputs: &[u8], quad: usize) -> I::Inputs {
    let quads = inputs[16 * (quad / 4)..].first_chunk().expect("four steps take so many inputs");
    isa.inputs(isa.splat_each_quad(quads)[quad % 4])
}

/// The parts of packed weights as factors.
#[inline(always)]
fn unpack_parts<P: Integer, I: Isa>(
    isa: I,
    quads: I::Quads,
) -> <P::Width as Width>::Parts<I::Weights> {
    let mut parts = P::Width::fill(part_factors::<P, I>(isa, quads, 0));
    for index in 1..P::Width::PARTS {
        parts.as_mut()[index] = part_factors::<P, I>(isa, quads, index);
    }
    parts
}

/// A part of a step's inputs, the same in every lane; what is missing at the end is nothing, or meets
/// weights that are nothing.
#[inline(always)]
fn spread_quad<P: Integer, I: Isa>(isa: I, inputs: &[u8], part: usize) -> I::Inputs {
    let zeros = matches!(P::GRID, Grid::Whole { .. });
    if let (true, Some(&[a, b])) = (zeros, inputs.get(4 * part..)) {
        return isa.inputs(isa.splat_pair([a, b]));
    }
    let mut quad = [INPUT_OFFSET as u8; 4];
    match inputs.get(4 * part..4 * part + 4) {
        Some(inputs) => quad.copy_from_slice(inputs),
        None => {
            let inputs = inputs.get(4 * part..).unwrap_or_default();
            quad[..inputs.len()].copy_from_slice(inputs);
        }
    }
    isa.inputs(isa.splat_quad(quad))
}

/// A part of the inputs of sixteen neighbouring positions.
#[inline(always)]
fn slide_quads<I: Isa>(isa: I, inputs: &[u8], part: usize) -> I::Inputs {
    let inputs = inputs[4 * part..].first_chunk().expect("a step reads 15 more inputs");
    isa.inputs(isa.slide(inputs))
}

/// Packs a layer for the kernels.
#[cfg(feature = "alloc")]
pub(crate) fn pack<P: Integer>(shape: &ConvShape, layer: &IntegerLayer, input: Edge) -> Vec<Block> {
    let layout = WeightLayout::new(shape, group::<P>());
    let places = Places::new::<P>(shape);
    let mut blocks = vec![Block::ZERO; P::parameter_blocks(shape)];
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut blocks);
    let (weights, rest) = bytes.split_at_mut(places.weights);
    let (multipliers, rest) = rest.split_at_mut(4 * places.channels);
    let multipliers: &mut [f32] = bytemuck::cast_slice_mut(multipliers);
    let biases: &mut [i32] = bytemuck::cast_slice_mut(&mut rest[..4 * places.channels]);
    let factor = P::GRID.factor();
    let kernels = layer.weights.chunks_exact(shape.kernel_len());
    for (o, kernel) in kernels.enumerate() {
        for (k, &level) in kernel.iter().enumerate() {
            let (i, tap) = (k / layout.taps, k % layout.taps);
            let (byte, index) = weight_place::<P>(&layout, [o, i, tap]);
            let (shift, ..) = part::<P>(index);
            weights[byte] |= stored::<P>(level) >> shift;
        }
        let channel = layout.channel(o);
        biases[channel] = layer.bias[o] * factor + zero_share(input, kernel, factor);
        multipliers[channel] = layer.multipliers[o] / factor as f32;
    }
    blocks
}

/// What the zero point adds to every sum of a kernel.
#[cfg(feature = "alloc")]
fn zero_share(input: Edge, kernel: &[i8], factor: i32) -> i32 {
    let total: i32 = kernel.iter().map(|&level| i32::from(level)).sum();
    (INPUT_OFFSET - i32::from(input.zero_point)) * total * factor
}

/// A layer as it was before [`pack`].
#[cfg(feature = "alloc")]
fn unpack<P: Integer>(shape: &ConvShape, parameters: Parameters<'_, P>) -> IntegerLayer {
    let layout = WeightLayout::new(shape, group::<P>());
    let Channels { biases, multipliers, ends } = parameters.channels;
    let grid_factor = P::GRID.factor();
    let mut layer = IntegerLayer { weights: Vec::new(), bias: Vec::new(), multipliers: Vec::new() };
    for o in 0..shape.output[0] {
        let kernel = (0..shape.kernel_len()).map(|k| {
            let place = [o, k / layout.taps, k % layout.taps];
            let (byte, index) = weight_place::<P>(&layout, place);
            (factor::<P>(parameters.weights[byte], index) / grid_factor) as i8
        });
        let start = layer.weights.len();
        layer.weights.extend(kernel);
        let channel = layout.channel(o);
        let share = zero_share(ends.input, &layer.weights[start..], grid_factor);
        layer.bias.push((biases[channel] - share) / grid_factor);
        layer.multipliers.push(multipliers[channel] * grid_factor as f32);
    }
    layer
}
