//! What all integer precisions have in common: everything but the numbers of bits.
//!
//! Activations are bytes on an [`Edge`]. Sums are exact in 32 bits; a multiplication and a rounding
//! make them activations, as `quant` says. A step of the inner product takes a lane four bytes of
//! weights: four weights of 8 bits, or 8 of 4 bits (the low halves are those of the first four inputs,
//! the high halves those of the next), or 16 of 2 bits.

mod ends;
mod packed;
mod results;
mod steps;
mod width;

#[cfg(feature = "alloc")]
pub(crate) use packed::pack;
pub(crate) use packed::packed_quad;
pub(crate) use width::{factor_bytes, packed_factors, part_factors};

pub use ends::{Ends, Lookup, Table};
pub use packed::Channels;
pub use results::{Floats, Real, Results, Rounded};
pub use width::{Bits2, Bits4, Bits8, Width};

use super::{Arithmetic, Output, Parameters, Precision, WrittenEdge};
#[cfg(feature = "alloc")]
use super::{Loaded, Loading};
use crate::conv::direct::{bands, matrices, nibbles, words};
use crate::conv::{Direct, LANES, RowsJob, TileJob, WeightLayout};
use crate::layers::Activation;
#[cfg(feature = "alloc")]
use crate::layers::ConvSpec;
#[cfg(feature = "alloc")]
use crate::quant::{self, Format, IntegerRequest, Integers};
use crate::quant::{Edge, Grid, to_steps};
use crate::shape::ConvShape;
use crate::simd::{Block, INPUT_OFFSET, Isa};
#[cfg(feature = "alloc")]
use crate::weights::{LoadError, Sink, Source};
#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::fmt::Debug;
#[cfg(feature = "alloc")]
use packed::unpack;
use packed::{Places, group, weight_place};
use steps::{slide_quads, spread_quad, spread_steps};
use width::{factor, part, unpack_parts};

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
    /// The precision whose kernels run the layers, as [`Arithmetic::Code`] says: one with the same grid.
    type Code: Integer<Width = Self::Width, Results = Self::Results, Code = Self::Code>;
}

#[cfg(feature = "alloc")]
fn format<P: Integer>() -> Format {
    Format { grid: P::GRID, max: P::MAX, float: P::Results::FLOAT }
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
    type Code = P::Code;
    type On<I: Isa> = I;
    type Automatic = Direct;
    const GROUP: usize = group::<P>();
    const UNITS: usize = 4;
    const HAS_ZERO: bool = matches!(P::GRID, Grid::Whole { .. });
    const BYTES: bool = !P::Results::FLOAT;
    type Sum = i32;
    type Sums<I: Isa> = I::I32;
    type Inputs<I: Isa> = <P::Width as Width>::Parts<I::Inputs>;
    type Weights<I: Isa> = <P::Width as Width>::Parts<I::Weights>;
    type Ahead<I: Isa> = <P::Width as Width>::Parts<I::Ahead>;
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
    fn look_up<I: Isa>(isa: I, lookup: &Lookup, values: &mut [Output<P>]) {
        if let Some(table) = lookup {
            P::Results::look_up(isa, table, values);
        }
    }

    #[inline(always)]
    fn look_up_activations<I: Isa>(isa: I, lookup: &Lookup, values: &mut [u8]) {
        if let Some(table) = lookup {
            table.replace(isa, values);
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
        P::Results::one(isa, steps, channels.ends, activation)
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
    fn load_ahead<I: Isa>(isa: I, inputs: &[u8]) -> Self::Ahead<I> {
        let (quads, _) = inputs.as_chunks();
        let mut ahead = P::Width::fill(isa.load_ahead(&quads[0]));
        for (ahead, quads) in ahead.as_mut().iter_mut().zip(quads).skip(1) {
            *ahead = isa.load_ahead(quads);
        }
        ahead
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
        [
            Self::spread_weights(isa, weights),
            Self::spread_weights(isa, &weights[Self::UNITS..]),
            Self::spread_weights(isa, &weights[2 * Self::UNITS..]),
            Self::spread_weights(isa, &weights[3 * Self::UNITS..]),
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
    fn add_ahead<I: Isa, const STEP: usize>(
        isa: I,
        mut sums: I::I32,
        inputs: Self::Ahead<I>,
        weights: Self::Weights<I>,
    ) -> I::I32 {
        for (part, &weights) in weights.as_ref().iter().enumerate() {
            // All parts of the first step lie in front of those of the second.
            let place = STEP * P::Width::PARTS + part;
            let inputs = inputs.as_ref()[place / 4];
            sums = match place % 4 {
                0 => isa.dot_ahead::<0>(sums, inputs, weights),
                1 => isa.dot_ahead::<1>(sums, inputs, weights),
                2 => isa.dot_ahead::<2>(sums, inputs, weights),
                _ => isa.dot_ahead::<3>(sums, inputs, weights),
            };
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
        P::Results::block(isa, steps, channels.ends, activation, output);
    }

    #[inline(always)]
    fn finish_pixels<I: Isa, const OUTPUTS: usize>(
        isa: I,
        sums: &[I::I32; OUTPUTS],
        channels: Channels<'_>,
        first: usize,
        activation: Activation,
        output: &mut [Output<P>],
        at: [usize; 2],
    ) {
        let steps = spread_steps(isa, sums, channels, first);
        P::Results::pixels(isa, &steps, channels.ends, activation, output, at);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{I4, W2A8, W4A8};

    #[test]
    fn precisions_that_share_kernels_have_one_grid() {
        fn check<P: Integer>() {
            assert_eq!(P::GRID, <P as Integer>::Code::GRID, "{}", <P as Integer>::NAME);
        }
        check::<i8>();
        check::<W4A8>();
        check::<I4>();
        check::<W2A8>();
    }
}
