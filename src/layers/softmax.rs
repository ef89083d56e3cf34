//! Softmax over channels.

use super::Layer;
#[cfg(feature = "alloc")]
use super::Place;
use super::activation::exp;
use crate::conv::LANES;
use crate::map::Map;
use crate::precision::Precision;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa, Kernel};
#[cfg(feature = "alloc")]
use crate::weights::{LoadError, Sink, Source};
use core::marker::PhantomData;

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
    /// Reads what the layer has to know.
    ///
    /// # Errors
    /// What the source finds wrong with it.
    #[cfg(feature = "alloc")]
    pub fn load<S: Source>(
        source: &mut S,
        place: Place,
        input: P::Edge,
    ) -> Result<Self, LoadError> {
        let output = P::load_edge(place.name, place.row, source)?;
        Ok(Self { input, output, layer: PhantomData })
    }

    /// Gives what the layer knows to a file.
    #[cfg(feature = "alloc")]
    pub fn save<S: Sink>(&self, sink: &mut S, name: &str) {
        P::save_edge(name, self.output, sink);
    }

    /// What the layer's results mean.
    pub fn edge(&self) -> P::Edge {
        self.output
    }

    /// The softmax of one image.
    #[inline(always)]
    pub fn forward<'o, I: Isa>(
        &self,
        isa: I,
        input: &L::Input<P::Element>,
        output: &'o mut [Block],
    ) -> &'o L::Output<P::Element> {
        let places = values_mut(output, L::Output::<P::Element>::LEN);
        P::on(isa).run(Run::<'_, P, L> { softmax: self, input: input.values(), places });
        L::Output::view(places)
    }
}

/// The layer as a function of its own.
struct Run<'a, P: Precision, L> {
    softmax: &'a Softmax<P, L>,
    input: &'a [P::Element],
    places: &'a mut [P::Element],
}

impl<P: Precision, L: Layer> Kernel for Run<'_, P, L> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { softmax: Softmax { input: edge, output, .. }, input, places } = self;
        let channels = L::Input::<P::Element>::SHAPE[0];
        let pixels = input.chunks_exact(channels);
        for (places, pixel) in places.chunks_exact_mut(channels).zip(pixels) {
            let value = |&value: &P::Element| P::to_f32(value, *edge);
            let largest = pixel.iter().map(value).fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0.0;
            for pixel in pixel.chunks(LANES) {
                sum +=
                    powers::<P, I>(isa, pixel, *edge, largest)[..pixel.len()].iter().sum::<f32>();
            }
            for (places, pixel) in places.chunks_mut(LANES).zip(pixel.chunks(LANES)) {
                for (place, power) in
                    places.iter_mut().zip(powers::<P, I>(isa, pixel, *edge, largest))
                {
                    *place = P::from_f32(power / sum, *output);
                }
            }
        }
    }
}

/// The exponentials of up to sixteen values, less the largest. What the surplus lanes hold is nothing.
#[inline(always)]
fn powers<P: Precision, I: Isa>(
    isa: I,
    values: &[P::Element],
    edge: P::Edge,
    largest: f32,
) -> [f32; LANES] {
    let mut lanes = [largest; LANES];
    for (lane, &value) in lanes.iter_mut().zip(values) {
        *lane = P::to_f32(value, edge);
    }
    let powers = exp(isa, isa.sub(isa.load(&lanes), isa.splat(largest)));
    isa.store(powers, &mut lanes);
    lanes
}
