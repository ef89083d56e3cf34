//! Pools over windows.

use super::Layer;
#[cfg(feature = "alloc")]
use super::Place;
use crate::conv::LANES;
use crate::map::Map;
use crate::precision::Precision;
use crate::shape::PoolShape;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};
#[cfg(feature = "alloc")]
use crate::weights::{LoadError, Sink, Source};
use core::marker::PhantomData;

/// A pool's numbers.
pub trait PoolLayer: Layer {
    /// The sizes.
    const SHAPE: PoolShape;
    /// Whether an average counts positions in the padding.
    const COUNT_INCLUDE_PAD: bool;
}

/// The largest value of each window; padding is never the largest.
#[derive(Clone, Copy, Debug, Default)]
pub struct MaxPool2d<P: Precision, L> {
    edge: P::Edge,
    layer: PhantomData<L>,
}

impl<L> MaxPool2d<f32, L> {
    /// The layer in floats, which has nothing to know.
    pub const PLAIN: Self = Self { edge: (), layer: PhantomData };
}

/// The mean of each window.
#[derive(Clone, Copy, Debug, Default)]
pub struct AvgPool2d<P: Precision, L> {
    input: P::Edge,
    output: P::Edge,
    layer: PhantomData<L>,
}

impl<L> AvgPool2d<f32, L> {
    /// The layer in floats, which has nothing to know.
    pub const PLAIN: Self = Self { input: (), output: (), layer: PhantomData };
}

impl<P: Precision, L: PoolLayer> MaxPool2d<P, L> {
    /// The layer for inputs of this meaning, which is its results', too.
    pub fn of(edge: P::Edge) -> Self {
        Self { edge, layer: PhantomData }
    }

    /// What the layer's results mean.
    pub fn edge(&self) -> P::Edge {
        self.edge
    }

    /// The pool of one image.
    #[inline(always)]
    pub fn forward<'o, I: Isa>(
        &self,
        _: I,
        input: &L::Input<P::Element>,
        output: &'o mut [Block],
    ) -> &'o L::Output<P::Element> {
        let places = values_mut(output, L::Output::<P::Element>::LEN);
        max_pool(&L::SHAPE, input.values(), places);
        L::Output::view(places)
    }
}

impl<P: Precision, L: PoolLayer> AvgPool2d<P, L> {
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

    /// The pool of one image.
    #[inline(always)]
    pub fn forward<'o, I: Isa>(
        &self,
        _: I,
        input: &L::Input<P::Element>,
        output: &'o mut [Block],
    ) -> &'o L::Output<P::Element> {
        let places = values_mut(output, L::Output::<P::Element>::LEN);
        let PoolShape { input: [channels, height, width], output: [.., columns], window } =
            L::SHAPE;
        let input = input.values();
        for (at, pixel) in places.chunks_exact_mut(channels).enumerate() {
            let (y, x) = (at / columns, at % columns);
            for (block, places) in pixel.chunks_mut(LANES).enumerate() {
                let (mut sums, mut count) = ([0.0; LANES], 0);
                for ky in 0..window.kernel[0] {
                    let Some(row) = window.source(0, y, ky, height) else { continue };
                    for kx in 0..window.kernel[1] {
                        let Some(column) = window.source(1, x, kx, width) else { continue };
                        let tap = (row * width + column) * channels + block * LANES;
                        for (sum, &value) in sums.iter_mut().zip(&input[tap..][..places.len()]) {
                            *sum += P::to_f32(value, self.input);
                        }
                        count += 1;
                    }
                }
                let count = if L::COUNT_INCLUDE_PAD { window.taps() } else { count };
                for (place, sum) in places.iter_mut().zip(sums) {
                    *place = P::from_f32(sum / count as f32, self.output);
                }
            }
        }
        L::Output::view(places)
    }
}

/// The largest value of each window, channel by channel.
#[inline(always)]
pub(super) fn max_pool<T: Copy + PartialOrd>(shape: &PoolShape, input: &[T], output: &mut [T]) {
    let PoolShape { input: [channels, height, width], output: [_, _, columns], window } = *shape;
    for (at, pixel) in output.chunks_exact_mut(channels).enumerate() {
        let (y, x) = (at / columns, at % columns);
        let mut empty = true;
        for ky in 0..window.kernel[0] {
            let Some(row) = window.source(0, y, ky, height) else { continue };
            for kx in 0..window.kernel[1] {
                let Some(column) = window.source(1, x, kx, width) else { continue };
                let tap = &input[(row * width + column) * channels..][..channels];
                if empty {
                    pixel.copy_from_slice(tap);
                    empty = false;
                } else {
                    keep_larger(pixel, tap);
                }
            }
        }
    }
}

/// A plain loop over neighbouring channels, which becomes vectors in whatever element type. (As a
/// function its two slices are known not to overlap.)
#[inline(always)]
fn keep_larger<T: Copy + PartialOrd>(places: &mut [T], values: &[T]) {
    for (place, &value) in places.iter_mut().zip(values) {
        *place = if value > *place { value } else { *place };
    }
}
