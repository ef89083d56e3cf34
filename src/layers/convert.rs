//! From one precision to another, between layers that ask for different ones.

use super::Layer;
#[cfg(feature = "alloc")]
use super::Place;
use crate::map::Map;
use crate::precision::Precision;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};
#[cfg(feature = "alloc")]
use crate::weights::{LoadError, Sink, Source};
#[cfg(feature = "alloc")]
use core::any::Any;
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
        let known: Option<&Q::Edge> =
            if same::<P, Q>() { (&input as &dyn Any).downcast_ref() } else { None };
        let output = match known {
            Some(edge) => *edge,
            None => Q::load_edge(place.name, place.row, source)?,
        };
        Ok(Self { input, output, layer: PhantomData })
    }

    /// Gives what the layer knows to a file.
    #[cfg(feature = "alloc")]
    pub fn save<S: Sink>(&self, sink: &mut S, name: &str) {
        if !same::<P, Q>() {
            Q::save_edge(name, self.output, sink);
        }
    }

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
        if same::<P, Q>() {
            return L::Output::view(bytemuck::cast_slice(input.values()));
        }
        let places = values_mut(output, L::Output::<Q::Element>::LEN);
        for (place, &value) in places.iter_mut().zip(input.values()) {
            *place = Q::from_f32(P::to_f32(value, self.input), self.output);
        }
        L::Output::view(places)
    }
}

/// Whether activations of both precisions are the same numbers.
const fn same<P: Precision, Q: Precision>() -> bool {
    P::LARGEST == Q::LARGEST
}
