//! The network's input: an image as the first layer wants it.

use crate::map::{FeatureMap, Map};
use crate::network::Pixel;
use crate::precision::Precision;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa, Kernel};
#[cfg(feature = "alloc")]
use crate::weights::{LoadError, Sink, Source};
use core::any::TypeId;
use core::array;

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
    pub fn forward<'a, I: Isa, T: Pixel, const C: usize, const H: usize, const W: usize>(
        &self,
        isa: I,
        image: &'a [T],
        slot: &'a mut [Block],
    ) -> &'a FeatureMap<P::Element, C, H, W> {
        let as_it_is = P::FLOAT || P::are_pixels(&self.pixels);
        if same::<T, P::Element>() && (C == 1 || H * W == 1) && as_it_is {
            return Map::view(bytemuck::cast_slice(image));
        }
        let places = values_mut(slot, C * H * W);
        P::on(isa).run(Read::<'_, P, T, C> { input: self, image, places });
        Map::view(places)
    }
}

/// Reading an image as a function of its own.
struct Read<'a, P: Precision, T, const C: usize> {
    input: &'a Input<P>,
    image: &'a [T],
    places: &'a mut [P::Element],
}

impl<P: Precision, T: Pixel, const C: usize> Kernel for Read<'_, P, T, C> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { input, image, places } = self;
        if same::<T, P::Element>() {
            interleave::<_, _, C>(bytemuck::cast_slice(image), places, |value| value);
            P::look_up_activations(isa, &input.pixels, places);
        } else {
            interleave::<_, _, C>(image, places, |value: T| P::from_f32(value.value(), input.edge));
        }
    }
}

/// Planes that are read side by side. Of more, each is read by itself: their lines would not stay in the first
/// cache until all their values are taken.
const SIDE_BY_SIDE: usize = 4;

/// Planes as pixels.
#[inline(always)]
fn interleave<T: Copy, U, const C: usize>(planes: &[T], pixels: &mut [U], value: impl Fn(T) -> U) {
    if C == 1 {
        // Neither of the loops below would become vectors.
        pixels.iter_mut().zip(planes).for_each(|(place, &element)| *place = value(element));
        return;
    }
    let len = planes.len() / C;
    if C > SIDE_BY_SIDE {
        for (c, plane) in planes.chunks_exact(len).enumerate() {
            for (place, &element) in pixels[c..].iter_mut().step_by(C).zip(plane) {
                *place = value(element);
            }
        }
        return;
    }
    // Pixel by pixel, or the compiler would scatter each plane's values.
    let planes: [&[T]; C] = array::from_fn(|c| &planes[c * len..][..len]);
    let (pixels, _) = pixels.as_chunks_mut::<C>();
    for (at, pixel) in pixels[..len].iter_mut().enumerate() {
        for (place, plane) in pixel.iter_mut().zip(planes) {
            *place = value(plane[at]);
        }
    }
}

/// Whether two types are one.
#[inline(always)]
fn same<T: 'static, U: 'static>() -> bool {
    TypeId::of::<T>() == TypeId::of::<U>()
}

#[cfg(test)]
mod tests {
    use super::interleave;
    use std::vec::Vec;

    fn check<const C: usize>() {
        for len in [1, 2, 5, 63, 97] {
            let planes: Vec<u16> = (0..C * len).map(|at| at as u16).collect();
            let mut pixels = vec![0; C * len];
            interleave::<_, _, C>(&planes, &mut pixels, |value: u16| u32::from(value) + 1);
            for (at, &value) in pixels.iter().enumerate() {
                let (pixel, channel) = (at / C, at % C);
                assert_eq!(value as usize, channel * len + pixel + 1, "{C} planes of {len}");
            }
        }
    }

    #[test]
    fn planes_become_pixels() {
        check::<1>();
        check::<2>();
        check::<3>();
        check::<4>();
        check::<5>();
        check::<7>();
    }
}
