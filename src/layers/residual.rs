//! The sum of a residual block's two paths.

use super::Layer;
#[cfg(feature = "alloc")]
use super::Place;
use crate::map::Map;
use crate::precision::Precision;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};
#[cfg(feature = "alloc")]
use crate::weights::{LoadError, Sink, Source};
use core::marker::PhantomData;

/// The sum of two feature maps of one shape.
#[derive(Clone, Copy, Debug, Default)]
pub struct Residual<P: Precision, L> {
    main: P::Edge,
    shortcut: P::Edge,
    output: P::Edge,
    layer: PhantomData<L>,
}

impl<L> Residual<f32, L> {
    /// The layer in floats, which has nothing to know.
    pub const PLAIN: Self = Self { main: (), shortcut: (), output: (), layer: PhantomData };
}

impl<P: Precision, L: Layer> Residual<P, L> {
    /// Reads what the layer has to know.
    ///
    /// # Errors
    /// What the source finds wrong with it.
    #[cfg(feature = "alloc")]
    pub fn load<S: Source>(
        source: &mut S,
        place: Place,
        [main, shortcut]: [P::Edge; 2],
    ) -> Result<Self, LoadError> {
        let output = P::load_edge(place.name, place.row, source)?;
        Ok(Self { main, shortcut, output, layer: PhantomData })
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

    /// The sum for one image.
    #[inline(always)]
    pub fn forward<'o, I: Isa>(
        &self,
        _: I,
        main: &L::Input<P::Element>,
        shortcut: &L::Input<P::Element>,
        output: &'o mut [Block],
    ) -> &'o L::Output<P::Element> {
        let places = values_mut(output, L::Output::<P::Element>::LEN);
        let pairs = main.values().iter().zip(shortcut.values());
        for (place, (&a, &b)) in places.iter_mut().zip(pairs) {
            let sum = P::to_f32(a, self.main) + P::to_f32(b, self.shortcut);
            *place = P::from_f32(sum, self.output);
        }
        L::Output::view(places)
    }
}
