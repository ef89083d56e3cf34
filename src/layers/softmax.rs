//! Softmax over channels.

use super::Layer;
use crate::map::Map;
use crate::precision::Precision;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};
use core::marker::PhantomData;
use num_traits::Float;

/// The exponentials of each pixel's channels, scaled to a sum of 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Softmax<P: Precision, L> {
    input: P::Edge,
    output: P::Edge,
    layer: PhantomData<L>,
}

impl<L> Softmax<f32, L> {
    /// The layer in floats, which has nothing to know.
    pub const PLAIN: Self = Self { input: (), output: (), layer: PhantomData };
}

impl<P: Precision, L: Layer> Softmax<P, L> {
    /// What the layer's results mean.
    pub fn edge(&self) -> P::Edge {
        self.output
    }

    /// The softmax of one image.
    #[inline(always)]
    pub fn forward<'o, I: Isa>(
        &self,
        _: I,
        input: &L::Input<P::Element>,
        output: &'o mut [Block],
    ) -> &'o L::Output<P::Element> {
        let channels = L::Input::<P::Element>::SHAPE[0];
        let places = values_mut(output, L::Output::<P::Element>::LEN);
        let pixels = input.values().chunks_exact(channels);
        for (places, pixel) in places.chunks_exact_mut(channels).zip(pixels) {
            let value = |&value: &P::Element| P::to_f32(value, self.input);
            let largest = pixel.iter().map(value).fold(f32::NEG_INFINITY, f32::max);
            let sum: f32 = pixel.iter().map(|x| Float::exp(value(x) - largest)).sum();
            for (place, x) in places.iter_mut().zip(pixel) {
                *place = P::from_f32(Float::exp(value(x) - largest) / sum, self.output);
            }
        }
        L::Output::view(places)
    }
}
