//! From one precision to another, between layers that ask for different ones.

use super::Layer;
use crate::map::Map;
use crate::precision::Precision;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};
use core::any::TypeId;
use core::marker::PhantomData;

/// A feature map's values in another precision.
///
/// A float network is in floats throughout, whatever its layers ask for: there the map passes as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Convert<P: Precision, Q: Precision, L> {
    input: P::Edge,
    output: Q::Edge,
    layer: PhantomData<L>,
}

impl<L> Convert<f32, f32, L> {
    /// The layer in floats, which has nothing to know.
    pub const PLAIN: Self = Self { input: (), output: (), layer: PhantomData };
}

impl<P: Precision, Q: Precision, L: Layer> Convert<P, Q, L> {
    /// What the layer's results mean.
    pub fn edge(&self) -> Q::Edge {
        self.output
    }

    /// The values of one image in the other precision.
    #[inline(always)]
    pub fn forward<'o, I: Isa>(
        &self,
        _: I,
        input: &'o L::Input<P::Element>,
        output: &'o mut [Block],
    ) -> &'o L::Output<Q::Element> {
        if P::FLOAT && Q::FLOAT && TypeId::of::<P::Element>() == TypeId::of::<Q::Element>() {
            return L::Output::view(bytemuck::cast_slice(input.values()));
        }
        let places = values_mut(output, L::Output::<Q::Element>::LEN);
        for (place, &value) in places.iter_mut().zip(input.values()) {
            *place = Q::from_f32(P::to_f32(value, self.input), self.output);
        }
        L::Output::view(places)
    }
}
