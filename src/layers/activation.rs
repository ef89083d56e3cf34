//! Activation functions, element by element.

use super::Layer;
use crate::map::Map;
use crate::precision::Precision;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};
use core::marker::PhantomData;
use num_traits::Float;

/// A function of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `x`
    Identity,
    /// `max(x, 0)`
    ReLU,
    /// `min(max(x, 0), 6)`
    ReLU6,
    /// `x` where positive, else `x` times the slope
    LeakyReLU(f32),
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// The hyperbolic tangent
    Tanh,
    /// `x · min(max(x + 3, 0), 6) / 6`
    HardSwish,
    /// `x / (1 + exp(-x))`
    SiLU,
}

impl Activation {
    /// The function's value.
    #[inline(always)]
    pub fn apply(self, x: f32) -> f32 {
        let sigmoid = |x: f32| 1.0 / (1.0 + Float::exp(-x));
        match self {
            Self::Identity => x,
            Self::ReLU => {
                if x > 0.0 {
                    x
                } else {
                    0.0
                }
            }
            Self::ReLU6 => {
                if x > 0.0 {
                    if x < 6.0 { x } else { 6.0 }
                } else {
                    0.0
                }
            }
            Self::LeakyReLU(slope) => {
                if x > 0.0 {
                    x
                } else {
                    x * slope
                }
            }
            Self::Sigmoid => sigmoid(x),
            Self::Tanh => Float::tanh(x),
            Self::HardSwish => x * Self::ReLU6.apply(x + 3.0) / 6.0,
            Self::SiLU => x * sigmoid(x),
        }
    }
}

/// An activation layer's function.
pub trait ActivationLayer: Layer {
    /// The function.
    const FUNCTION: Activation;
}

/// An activation layer that no convolution before it took over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Activate<P: Precision, L> {
    input: P::Edge,
    output: P::Edge,
    layer: PhantomData<L>,
}

impl<L> Activate<f32, L> {
    /// The layer in floats, which has nothing to know.
    pub const PLAIN: Self = Self { input: (), output: (), layer: PhantomData };
}

impl<P: Precision, L: ActivationLayer> Activate<P, L> {
    /// What the layer's results mean.
    pub fn edge(&self) -> P::Edge {
        self.output
    }

    /// The function of every value of one image.
    #[inline(always)]
    pub fn forward<'o, I: Isa>(
        &self,
        _: I,
        input: &L::Input<P::Element>,
        output: &'o mut [Block],
    ) -> &'o L::Output<P::Element> {
        let places = values_mut(output, L::Output::<P::Element>::LEN);
        for (place, &value) in places.iter_mut().zip(input.values()) {
            let result = L::FUNCTION.apply(P::to_f32(value, self.input));
            *place = P::from_f32(result, self.output);
        }
        L::Output::view(places)
    }
}
