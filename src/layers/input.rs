//! The network's input: an image as the first layer wants it.

use crate::map::{FeatureMap, Map};
use crate::network::Pixel;
use crate::precision::Precision;
use crate::simd::Block;
use crate::simd::memory::values_mut;
#[cfg(feature = "alloc")]
use crate::weights::{LoadError, Sink, Source};
use core::any::TypeId;

/// What the network's input means in the precision of the first layer.
#[derive(Clone, Debug, Default)]
pub struct Input<P: Precision> {
    edge: P::Edge,
    /// What each pixel is, unless it is itself.
    pixels: P::Lookup,
}

/// The name in files of what the input means.
#[cfg(feature = "alloc")]
const NAME: &str = "input";

impl Input<f32> {
    /// Floats, which mean themselves.
    pub const PLAIN: Self = Self { edge: (), pixels: () };
}

impl<P: Precision> Input<P> {
    /// Reads what the input means.
    ///
    /// # Errors
    /// What the source finds wrong with it.
    #[cfg(feature = "alloc")]
    pub fn load<S: Source>(source: &mut S) -> Result<Self, LoadError> {
        let edge = P::load_edge(NAME, None, source)?;
        Ok(Self { edge, pixels: P::pixels(edge) })
    }

    /// Gives what the input means to a file.
    #[cfg(feature = "alloc")]
    pub fn save<S: Sink>(&self, sink: &mut S) {
        P::save_edge(NAME, self.edge, sink);
    }

    /// What the values mean.
    pub fn edge(&self) -> P::Edge {
        self.edge
    }

    /// An image as a feature map; `slot` holds it where it has to be converted.
    #[inline(always)]
    pub fn forward<'a, T: Pixel, const C: usize, const H: usize, const W: usize>(
        &self,
        image: &'a [T],
        slot: &'a mut [Block],
    ) -> &'a FeatureMap<P::Element, C, H, W> {
        let same = TypeId::of::<T>() == TypeId::of::<P::Element>();
        if same && (C == 1 || H * W == 1) && (P::FLOAT || P::are_pixels(&self.pixels)) {
            return Map::view(bytemuck::cast_slice(image));
        }
        let places = values_mut(slot, C * H * W);
        for (c, plane) in image.chunks_exact(H * W).enumerate() {
            for (place, value) in places[c..].iter_mut().step_by(C).zip(plane) {
                *place = match value.byte() {
                    Some(byte) => P::pixel(byte, &self.pixels),
                    None => P::from_f32(value.value(), self.edge),
                };
            }
        }
        Map::view(places)
    }
}
