//! `f32`: weights, activations and sums in 32-bit floats.

use super::{Parameters, Precision};
use crate::conv::{LANES, WeightLayout};
use crate::layers::Activation;
#[cfg(feature = "alloc")]
use crate::layers::ConvSpec;
use crate::shape::ConvShape;
use crate::simd::memory::values;
use crate::simd::{Block, Isa};
#[cfg(feature = "alloc")]
use crate::weights::{LoadError, Sink, Source};
#[cfg(feature = "alloc")]
use alloc::{vec, vec::Vec};

impl Precision for f32 {
    const NAME: &'static str = "f32";
    const FLOAT: bool = true;
    type Element = f32;
    type Weight = f32;
    type Edge = ();
    type Or<Q: Precision> = f32;
    const GROUP: usize = 1;
    type Sum = f32;
    type Sums<I: Isa> = I::F32;
    /// The biases.
    type Channels<'a> = &'a [f32];

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
    fn parameters<'a>(shape: &ConvShape, blocks: &'a [Block]) -> Parameters<'a, f32> {
        let layout = WeightLayout::new(shape, 1);
        let (channels, weights) =
            values(blocks, layout.channels() + layout.len()).split_at(layout.channels());
        Parameters { channels, weights }
    }

    #[cfg(feature = "alloc")]
    fn load<S: Source>(layer: &ConvSpec, source: &mut S) -> Result<Vec<Block>, LoadError> {
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
        Ok(blocks)
    }

    #[cfg(feature = "alloc")]
    fn save<S: Sink>(layer: &ConvSpec, parameters: Parameters<'_, f32>, sink: &mut S) {
        let layout = WeightLayout::new(&layer.shape, 1);
        let weight = layout.indices(&layer.shape).map(|at| parameters.weights[at]).collect();
        let bias =
            (0..layer.shape.output[0]).map(|o| parameters.channels[layout.channel(o)]).collect();
        layer.write(weight, bias, sink);
    }

    #[inline(always)]
    fn start(channels: &[f32], channel: usize) -> f32 {
        channels[channel]
    }

    #[inline(always)]
    fn add_product(sum: f32, input: f32, weights: &[f32], at: usize) -> f32 {
        sum + input * weights[at]
    }

    #[inline(always)]
    fn finish(sum: f32, _: &[f32], _: usize, activation: Activation) -> f32 {
        activation.apply(sum)
    }

    #[inline(always)]
    fn start_block<I: Isa>(isa: I, channels: &[f32], first: usize) -> I::F32 {
        isa.load(channels[first..].first_chunk().expect("channels are whole blocks"))
    }

    #[inline(always)]
    fn add_products<I: Isa>(isa: I, sums: I::F32, inputs: &[f32], weights: &[f32]) -> I::F32 {
        let weights = isa.load(weights.first_chunk().expect("weights are whole blocks"));
        isa.mul_add(isa.splat(inputs[0]), weights, sums)
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
        let mut block = [0.0; LANES];
        isa.store(sums, &mut block);
        for (place, value) in output.iter_mut().zip(block) {
            *place = activation.apply(value);
        }
    }
}
