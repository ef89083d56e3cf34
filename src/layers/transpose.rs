//! Flattening where the order of the values matters: PyTorch's order is channels outermost.
//!
//! A `Flatten` whose values go into a linear layer costs nothing, because the linear layer's weights are
//! packed in the feature map's order. Elsewhere the values move.

use super::Layer;
use crate::map::Map;
use crate::precision::Precision;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};
use core::marker::PhantomData;

/// From channels innermost to channels outermost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Transpose<P: Precision, L> {
    edge: P::Edge,
    layer: PhantomData<L>,
}

impl<L> Transpose<f32, L> {
    /// The layer in floats, which has nothing to know.
    pub const PLAIN: Self = Self { edge: (), layer: PhantomData };
}

impl<P: Precision, L: Layer> Transpose<P, L> {
    /// The layer for inputs of this meaning, which is its results', too.
    pub fn of(edge: P::Edge) -> Self {
        Self { edge, layer: PhantomData }
    }

    /// What the layer's results mean.
    pub fn edge(&self) -> P::Edge {
        self.edge
    }

    /// The values of one image in PyTorch's order.
    #[inline(always)]
    pub fn forward<'o, I: Isa>(
        &self,
        _: I,
        input: &L::Input<P::Element>,
        output: &'o mut [Block],
    ) -> &'o L::Output<P::Element> {
        let [channels, ..] = L::Input::<P::Element>::SHAPE;
        let len = L::Output::<P::Element>::LEN;
        let places = values_mut(output, len);
        for (at, place) in places.iter_mut().enumerate() {
            let (c, pixel) = (at / (len / channels), at % (len / channels));
            *place = input.values()[pixel * channels + c];
        }
        L::Output::view(places)
    }
}
