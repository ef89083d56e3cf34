//! Pools over windows.

use super::Layer;
use crate::map::Map;
use crate::precision::Precision;
use crate::shape::PoolShape;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};
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
        let input = input.values();
        windows::<L, _>(places, |place, taps| {
            *place = taps
                .map(|at| input[at])
                .reduce(|a, b| if b > a { b } else { a })
                .expect("a window has a tap inside its input");
        });
        L::Output::view(places)
    }
}

impl<P: Precision, L: PoolLayer> AvgPool2d<P, L> {
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
        let input = input.values();
        windows::<L, _>(places, |place, taps| {
            let (mut sum, mut count) = (0.0, 0);
            taps.for_each(|at| {
                sum += P::to_f32(input[at], self.input);
                count += 1;
            });
            let count = if L::COUNT_INCLUDE_PAD { L::SHAPE.window.taps() } else { count };
            *place = P::from_f32(sum / count as f32, self.output);
        });
        L::Output::view(places)
    }
}

/// Calls `f` for every output with the places of the inputs in its window.
#[inline(always)]
fn windows<L: PoolLayer, T>(
    output: &mut [T],
    mut f: impl FnMut(&mut T, &mut dyn Iterator<Item = usize>),
) {
    let PoolShape { input: [channels, height, width], output: [_, _, columns], window } = L::SHAPE;
    for (at, place) in output.iter_mut().enumerate() {
        let (c, x, y) = (at % channels, at / channels % columns, at / channels / columns);
        let mut taps = (0..window.taps()).filter_map(|tap| {
            let row = window.source(0, y, tap / window.kernel[1], height)?;
            let column = window.source(1, x, tap % window.kernel[1], width)?;
            Some((row * width + column) * channels + c)
        });
        f(place, &mut taps);
    }
}
