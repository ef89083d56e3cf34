//! Activation functions, element by element.

use super::Layer;
use crate::conv::LANES;
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

    /// The function's value in sixteen lanes.
    #[inline(always)]
    pub fn lanes<I: Isa>(self, isa: I, x: I::F32) -> I::F32 {
        let constant = |value| isa.splat(value);
        match self {
            Self::Identity => x,
            Self::ReLU => isa.max(x, constant(0.0)),
            Self::ReLU6 => isa.min(isa.max(x, constant(0.0)), constant(6.0)),
            Self::LeakyReLU(slope) => {
                let zero = constant(0.0);
                isa.mul_add(isa.min(x, zero), constant(slope), isa.max(x, zero))
            }
            Self::Sigmoid => sigmoid(isa, x),
            Self::Tanh => {
                // 1 - 2 / (exp(2x) + 1)
                let power = exp(isa, isa.add(x, x));
                let ratio = isa.div(constant(2.0), isa.add(power, constant(1.0)));
                isa.sub(constant(1.0), ratio)
            }
            Self::HardSwish => {
                let gate = Self::ReLU6.lanes(isa, isa.add(x, constant(3.0)));
                isa.div(isa.mul(x, gate), constant(6.0))
            }
            Self::SiLU => isa.mul(x, sigmoid(isa, x)),
        }
    }

    /// Whether a larger argument never gives a smaller value, so that a maximum may be taken first.
    pub const fn is_monotone(self) -> bool {
        match self {
            Self::Identity | Self::ReLU | Self::ReLU6 => true,
            Self::LeakyReLU(slope) => slope >= 0.0,
            // The curved ones are rounded differently from step to step, or fall somewhere.
            Self::Sigmoid | Self::Tanh | Self::HardSwish | Self::SiLU => false,
        }
    }
}

#[inline(always)]
fn sigmoid<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    let one = isa.splat(1.0);
    isa.div(one, isa.add(one, exp(isa, isa.sub(isa.splat(0.0), x))))
}

/// The exponential in sixteen lanes, to 2 units in the last place, of -87 to 88; beyond these the
/// value there.
///
/// With n the whole number nearest to x / ln 2 it is 2ⁿ · exp(r), and r = x - n · ln 2 is small
/// enough for a polynomial.
#[inline(always)]
pub(super) fn exp<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    // ln 2 in two parts, the first with zeros at its end, so that n times it is exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    // Cephes' minimax polynomial for (exp(r) - 1 - r) / r² on ±ln 2 / 2.
    const POLYNOMIAL: [f32; 6] =
        [1.987_569_1e-4, 1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
    // Adding it leaves no bits for a fraction.
    const WHOLE: f32 = 12_582_912.0;

    let x = isa.min(isa.max(x, isa.splat(-87.0)), isa.splat(88.0));
    let shifted = isa.add(isa.mul(x, isa.splat(core::f32::consts::LOG2_E)), isa.splat(WHOLE));
    let n = isa.sub(shifted, isa.splat(WHOLE));
    let r = isa.neg_mul_add(n, isa.splat(LN_2[0]), x);
    let r = isa.neg_mul_add(n, isa.splat(LN_2[1]), r);
    let mut sum = isa.splat(POLYNOMIAL[0]);
    sum = isa.mul_add(sum, r, isa.splat(POLYNOMIAL[1]));
    sum = isa.mul_add(sum, r, isa.splat(POLYNOMIAL[2]));
    sum = isa.mul_add(sum, r, isa.splat(POLYNOMIAL[3]));
    sum = isa.mul_add(sum, r, isa.splat(POLYNOMIAL[4]));
    sum = isa.mul_add(sum, r, isa.splat(POLYNOMIAL[5]));
    let power = isa.add(isa.mul_add(isa.mul(r, r), sum, r), isa.splat(1.0));
    isa.mul(power, isa.pow2(n))
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
        isa: I,
        input: &L::Input<P::Element>,
        output: &'o mut [Block],
    ) -> &'o L::Output<P::Element> {
        let places = values_mut(output, L::Output::<P::Element>::LEN);
        for (places, values) in places.chunks_mut(LANES).zip(input.values().chunks(LANES)) {
            let mut lanes = [0.0; LANES];
            for (lane, &value) in lanes.iter_mut().zip(values) {
                *lane = P::to_f32(value, self.input);
            }
            let results = L::FUNCTION.lanes(isa, isa.load(&lanes));
            isa.store(results, &mut lanes);
            for (place, lane) in places.iter_mut().zip(lanes) {
                *place = P::from_f32(lane, self.output);
            }
        }
        L::Output::view(places)
    }
}
