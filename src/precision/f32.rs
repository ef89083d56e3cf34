//! `f32`: weights, activations and sums in 32-bit floats.

use super::{Arithmetic, Parameters, Precision};
#[cfg(feature = "alloc")]
use super::{Loaded, Loading};
use crate::conv::WeightLayout;
use crate::layers::Activation;
#[cfg(feature = "alloc")]
use crate::layers::ConvSpec;
use crate::shape::ConvShape;
use crate::simd::memory::values;
use crate::simd::{Block, Isa};
#[cfg(feature = "alloc")]
use crate::weights::{LoadError, Sink, Source};
#[cfg(feature = "alloc")]
use alloc::vec;

impl Arithmetic for f32 {
    const NAME: &'static str = "f32";
    const LARGEST: u8 = 0;
    const FLOAT: bool = true;
    type Element = f32;
    type Weight = f32;
    type Edge = ();
    type Ends = ();
    type Lookup = ();
    type Or<Q: Precision> = f32;
    type Outer = f32;
    type Writes = f32;
    type Real = f32;
    type Code = f32;
    type On<I: Isa> = I::Floats;
    #[cfg(feature = "alloc")]
    type Automatic = crate::conv::Cheapest;
    #[cfg(not(feature = "alloc"))]
    type Automatic = crate::conv::Direct;
    const GROUP: usize = 1;
    const UNITS: usize = 1;
    const HAS_ZERO: bool = true;
    type Sum = f32;
    type Sums<I: Isa> = I::F32;
    type Inputs<I: Isa> = I::F32;
    type Weights<I: Isa> = I::F32;
    type Ahead<I: Isa> = [I::F32; 4];
    /// The biases.
    type Channels<'a> = &'a [f32];

    #[inline(always)]
    fn on<I: Isa>(isa: I) -> I::Floats {
        isa.floats()
    }

    #[inline(always)]
    fn to_f32(value: f32, (): ()) -> f32 {
        value
    }

    #[inline(always)]
    fn from_f32(value: f32, (): ()) -> f32 {
        value
    }

    #[inline(always)]
    fn parameter_blocks(shape: &ConvShape) -> usize {
        let layout = WeightLayout::new(shape, 1);
        Block::count::<f32>(layout.channels() + layout.len())
    }

    #[inline(always)]
    fn parameters<'a>(shape: &ConvShape, blocks: &'a [Block], (): ()) -> Parameters<'a, f32> {
        let layout = WeightLayout::new(shape, 1);
        let (packed, prepared) = blocks.split_at(Self::parameter_blocks(shape));
        let (channels, weights) =
            values(packed, layout.channels() + layout.len()).split_at(layout.channels());
        Parameters { channels, weights, prepared }
    }

    #[cfg(feature = "alloc")]
    fn load<S: Source>(
        &Loading { spec: layer, .. }: &Loading<'_, f32>,
        source: &mut S,
    ) -> Result<Loaded<f32>, LoadError> {
        let (weight, bias) = layer.read(source)?;
        let layout = WeightLayout::new(&layer.shape, 1);
        let mut blocks = vec![Block::ZERO; Self::parameter_blocks(&layer.shape)];
        let packed: &mut [f32] = bytemuck::cast_slice_mut(&mut blocks);
        let (channels, weights) = packed.split_at_mut(layout.channels());
        for (o, value) in bias.into_iter().enumerate() {
            channels[layout.channel(o)] = value;
        }
        for (at, value) in layout.indices(&layer.shape).zip(weight) {
            weights[at] = value;
        }
        Ok(Loaded { packed: blocks, ends: (), lookup: () })
    }

    #[cfg(feature = "alloc")]
    fn save<S: Sink>(layer: &ConvSpec, parameters: Parameters<'_, f32>, (): &(), sink: &mut S) {
        let layout = WeightLayout::new(&layer.shape, 1);
        let weight = layout.indices(&layer.shape).map(|at| parameters.weights[at]).collect();
        let bias =
            (0..layer.shape.output[0]).map(|o| parameters.channels[layout.channel(o)]).collect();
        layer.write(weight, bias, sink);
    }

    #[cfg(feature = "alloc")]
    fn load_edge<S: Source>(_: &str, _: Option<usize>, _: &mut S) -> Result<(), LoadError> {
        Ok(())
    }

    #[cfg(feature = "alloc")]
    fn save_edge<S: Sink>(_: &str, (): (), _: &mut S) {}

    #[inline(always)]
    fn results((): (), (): &()) {}

    #[inline(always)]
    fn written((): (), (): &()) {}

    #[inline(always)]
    fn unrounded(sum: f32, (): ()) -> f32 {
        sum
    }

    #[inline(always)]
    fn round(sum: f32, (): ()) -> f32 {
        sum
    }

    #[cfg(feature = "alloc")]
    fn table(_: Activation, (): (), (): ()) {}

    #[inline(always)]
    fn look_up<I: Isa>(_: I, (): &(), _: &mut [f32]) {}

    #[inline(always)]
    fn look_up_activations<I: Isa>(_: I, (): &(), _: &mut [f32]) {}

    #[cfg(feature = "alloc")]
    fn pixels((): ()) {}

    #[inline(always)]
    fn are_pixels((): &()) -> bool {
        false
    }

    #[inline(always)]
    fn padding(_: &[f32]) -> f32 {
        0.0
    }

    #[inline(always)]
    fn nothing() -> f32 {
        0.0
    }

    #[inline(always)]
    fn biases<'a>(channels: Self::Channels<'a>) -> &'a [f32] {
        channels
    }

    #[inline(always)]
    fn start(channels: &[f32], channel: usize) -> f32 {
        channels[channel]
    }

    #[inline(always)]
    fn add_product(
        sum: f32,
        input: f32,
        weights: &[f32],
        layout: &WeightLayout,
        [o, i, tap]: [usize; 3],
    ) -> f32 {
        sum + input * weights[layout.index(o, i, tap)]
    }

    #[inline(always)]
    fn finish<I: Isa>(isa: I, sum: f32, _: &[f32], _: usize, activation: Activation) -> f32 {
        // In lanes, so that a curved function rounds as it does everywhere else.
        let mut lanes = [0.0; 16];
        isa.store(activation.lanes(isa, isa.splat(sum)), &mut lanes);
        lanes[0]
    }

    #[inline(always)]
    fn zero<I: Isa>(isa: I) -> I::F32 {
        isa.splat(0.0)
    }

    #[inline(always)]
    fn start_block<I: Isa>(isa: I, channels: &[f32], first: usize) -> I::F32 {
        Self::load_weights(isa, &channels[first..])
    }

    #[inline(always)]
    fn start_spread<I: Isa>(isa: I, channels: &[f32], channel: usize) -> I::F32 {
        isa.splat(channels[channel])
    }

    #[inline(always)]
    fn spread_inputs<I: Isa>(isa: I, inputs: &[f32]) -> I::F32 {
        isa.splat(inputs[0])
    }

    #[inline(always)]
    fn load_ahead<I: Isa>(isa: I, inputs: &[f32]) -> [I::F32; 4] {
        isa.splat_each(inputs.first_chunk().expect("four steps take four inputs"))
    }

    #[inline(always)]
    fn load_inputs<I: Isa>(isa: I, inputs: &[f32]) -> I::F32 {
        match inputs.first_chunk() {
            Some(inputs) => isa.load(inputs),
            None => isa.load_partial(inputs),
        }
    }

    #[inline(always)]
    fn slide_inputs<I: Isa>(isa: I, inputs: &[f32]) -> I::F32 {
        Self::load_inputs(isa, inputs)
    }

    #[inline(always)]
    fn load_weights<I: Isa>(isa: I, weights: &[f32]) -> I::F32 {
        isa.load(weights.first_chunk().expect("sixteen values are packed behind any place"))
    }

    #[inline(always)]
    fn spread_weights<I: Isa>(isa: I, weights: &[f32]) -> I::F32 {
        isa.splat(weights[0])
    }

    #[inline(always)]
    fn spread_each_weights<I: Isa>(isa: I, weights: &[f32]) -> [I::F32; 4] {
        isa.splat_each(weights.first_chunk().expect("four lanes have four weights"))
    }

    #[inline(always)]
    fn load_depthwise<I: Isa>(isa: I, weights: &[f32], at: usize) -> I::F32 {
        Self::load_weights(isa, &weights[at..])
    }

    #[inline(always)]
    fn add_products<I: Isa>(isa: I, sums: I::F32, inputs: I::F32, weights: I::F32) -> I::F32 {
        isa.mul_add(inputs, weights, sums)
    }

    #[inline(always)]
    fn add_ahead<I: Isa, const STEP: usize>(
        isa: I,
        sums: I::F32,
        inputs: [I::F32; 4],
        weights: I::F32,
    ) -> I::F32 {
        isa.mul_add(inputs[STEP], weights, sums)
    }

    #[inline(always)]
    fn merge<I: Isa>(isa: I, a: I::F32, b: I::F32) -> I::F32 {
        isa.add(a, b)
    }

    #[inline(always)]
    fn max<I: Isa>(isa: I, a: I::F32, b: I::F32) -> I::F32 {
        isa.max(a, b)
    }

    #[inline(always)]
    fn max_pairs<I: Isa>(isa: I, a: I::F32, b: I::F32) -> I::F32 {
        isa.max_pairs(a, b)
    }

    #[inline(always)]
    fn finish_block<I: Isa>(
        isa: I,
        sums: I::F32,
        _: &[f32],
        _: usize,
        activation: Activation,
        output: &mut [f32],
    ) {
        activation.store(isa, sums, output);
    }

    #[inline(always)]
    fn finish_pixels<I: Isa, const OUTPUTS: usize>(
        isa: I,
        sums: &[I::F32; OUTPUTS],
        _: &[f32],
        _: usize,
        activation: Activation,
        output: &mut [f32],
        at: [usize; 2],
    ) {
        let mut values = *sums;
        for value in &mut values {
            *value = activation.lanes(isa, *value);
        }
        isa.store_interleaved(&values, output, at);
    }
}
