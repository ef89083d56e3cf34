//! The sum of a residual block's two paths.

use super::Layer;
use crate::map::Map;
use crate::precision::Precision;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};
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
