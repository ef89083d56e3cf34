//! Activation functions, element by element.

use super::Layer;
#[cfg(feature = "alloc")]
use super::Place;
use crate::map::Map;
use crate::precision::{Arithmetic, Precision};
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa, Kernel};
#[cfg(feature = "alloc")]
use crate::weights::{LoadError, Sink, Source};
use core::marker::PhantomData;
use num_traits::Float;

/// A function of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `x`
    Identity,
    /// `max(x, 0)`; 0 of a NaN
    ReLU,
    /// `min(max(x, 0), 6)`; 0 of a NaN
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
    // Nothing here calls itself or is a closure: neither would be inlined, and outside of its kernel an
    // instruction is a call.
    #[inline(always)]
    pub fn lanes<I: Isa>(self, isa: I, x: I::F32) -> I::F32 {
        match self {
            Self::Identity => x,
            Self::ReLU => isa.max(x, isa.splat(0.0)),
            other if const { I::SHARED } => isa.run(Other { function: other, isa, x }),
            other => other.other_lanes(isa, x),
        }
    }

    /// Writes the function's value in sixteen lanes, or in the first ones, as many as there are places.
    #[inline(always)]
    pub(crate) fn store<I: Isa>(self, isa: I, x: I::F32, values: &mut [f32]) {
        if let (Self::ReLU, Some(values)) = (self, values.first_chunk_mut()) {
            return isa.store_max(x, isa.splat(0.0), values);
        }
        let value = self.lanes(isa, x);
        match values.first_chunk_mut() {
            Some(values) => isa.store(value, values),
            None => isa.store_partial(value, values),
        }
    }

    /// [`lanes`](Self::lanes) of the functions that are not in most layers.
    #[inline(always)]
    fn other_lanes<I: Isa>(self, isa: I, x: I::F32) -> I::F32 {
        match self {
            Self::Identity | Self::ReLU => unreachable!("`lanes` has these"),
            Self::ReLU6 => relu6(isa, x),
            Self::LeakyReLU(slope) => {
                let zero = isa.splat(0.0);
                isa.mul_add(isa.min(x, zero), isa.splat(slope), isa.max(x, zero))
            }
            Self::Sigmoid => sigmoid(isa, x),
            Self::Tanh => {
                // 1 - 2 / (exp(2x) + 1)
                let power = exp(isa, isa.add(x, x));
                let ratio = isa.div(isa.splat(2.0), isa.add(power, isa.splat(1.0)));
                isa.sub(isa.splat(1.0), ratio)
            }
            Self::HardSwish => {
                let gate = relu6(isa, isa.add(x, isa.splat(3.0)));
                isa.div(isa.mul(x, gate), isa.splat(6.0))
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

/// A function as one of its own, for loops that have any activation.
struct Other<I: Isa> {
    function: Activation,
    isa: I,
    x: I::F32,
}

impl<I: Isa> Kernel for Other<I> {
    type Output = I::F32;

    #[inline(always)]
    fn run<J: Isa>(self, _: J) -> I::F32 {
        self.function.other_lanes(self.isa, self.x)
    }
}

#[inline(always)]
fn relu6<I: Isa>(isa: I, x: I::F32) -> I::F32 {
    isa.min(isa.max(x, isa.splat(0.0)), isa.splat(6.0))
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
/// enough for a polynomial. Nothing is fused, so that every instruction set gives the same bits.
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
    let r = isa.sub(x, isa.mul(n, isa.splat(LN_2[0])));
    let r = isa.sub(r, isa.mul(n, isa.splat(LN_2[1])));
    let mut sum = isa.splat(POLYNOMIAL[0]);
    sum = isa.add(isa.mul(sum, r), isa.splat(POLYNOMIAL[1]));
    sum = isa.add(isa.mul(sum, r), isa.splat(POLYNOMIAL[2]));
    sum = isa.add(isa.mul(sum, r), isa.splat(POLYNOMIAL[3]));
    sum = isa.add(isa.mul(sum, r), isa.splat(POLYNOMIAL[4]));
    sum = isa.add(isa.mul(sum, r), isa.splat(POLYNOMIAL[5]));
    let power = isa.add(isa.add(isa.mul(isa.mul(r, r), sum), r), isa.splat(1.0));
    isa.mul(power, isa.pow2(n))
}

/// An activation layer's function.
pub trait ActivationLayer: Layer {
    /// The function.
    const FUNCTION: Activation;
}

/// An activation layer: one that a convolution before it took over, for walks, or one by itself.
#[derive(Clone, Debug, Default)]
pub struct Activate<P: Precision, L> {
    ends: P::Ends,
    lookup: P::Lookup,
    layer: PhantomData<L>,
}

impl<L> Activate<f32, L> {
    /// The layer in floats, which has nothing to know.
    pub const PLAIN: Self = Self { ends: (), lookup: (), layer: PhantomData };
}

impl<P: Precision, L: ActivationLayer> Activate<P, L> {
    /// One that a convolution took over, which knows these.
    pub fn following(ends: P::Ends, lookup: &P::Lookup) -> Self {
        Self { ends, lookup: lookup.clone(), layer: PhantomData }
    }

    /// Reads what one by itself has to know.
    ///
    /// # Errors
    /// What the source finds wrong with it.
    #[cfg(feature = "alloc")]
    pub fn load<S: Source>(
        source: &mut S,
        place: Place,
        input: P::Edge,
    ) -> Result<Self, LoadError> {
        let output = P::load_edge(place.name, place.row, source)?;
        let lookup = P::table(L::FUNCTION, input, output);
        Ok(Self { ends: P::Ends::default(), lookup, layer: PhantomData })
    }

    /// Gives what one by itself knows to a file.
    #[cfg(feature = "alloc")]
    pub fn save<S: Sink>(&self, sink: &mut S, name: &str) {
        P::save_edge(name, self.edge(), sink);
    }

    /// What the layer's results mean.
    pub fn edge(&self) -> P::Edge {
        P::results(self.ends, &self.lookup)
    }

    /// The function of every value of one image.
    #[inline(always)]
    pub fn forward<'o, I: Isa>(
        &self,
        isa: I,
        input: &L::Input<P::Element>,
        output: &'o mut [Block],
    ) -> &'o L::Output<P::Element> {
        let places: &mut [P::Element] = values_mut(output, L::Output::<P::Element>::LEN);
        if P::FLOAT {
            let input: &[f32] = bytemuck::cast_slice(input.values());
            let output = bytemuck::cast_slice_mut(places);
            f32::on(isa).run(Apply::<'_, L> { input, output, layer: PhantomData });
        } else {
            places.copy_from_slice(input.values());
            P::look_up_activations(isa, &self.lookup, places);
        }
        L::Output::view(places)
    }

    /// The function of every result that the convolution before it gave as written.
    #[inline(always)]
    pub fn forward_as_written<'o, I: Isa>(
        &self,
        isa: I,
        input: &L::Input<f32>,
        output: &'o mut [Block],
    ) -> &'o L::Output<P::Element> {
        let places: &mut [P::Element] = values_mut(output, L::Output::<P::Element>::LEN);
        if P::FLOAT {
            let (input, output) = (input.values(), bytemuck::cast_slice_mut(places));
            f32::on(isa).run(Apply::<'_, L> { input, output, layer: PhantomData });
        } else {
            for (place, &value) in places.iter_mut().zip(input.values()) {
                *place = P::round(value, self.ends);
            }
            P::look_up_activations(isa, &self.lookup, places);
        }
        L::Output::view(places)
    }
}

/// A layer's function of some values, as a function of its own.
struct Apply<'a, L> {
    input: &'a [f32],
    output: &'a mut [f32],
    layer: PhantomData<L>,
}

impl<L: ActivationLayer> Kernel for Apply<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { input, output, .. } = self;
        for (output, input) in output.chunks_mut(16).zip(input.chunks(16)) {
            let x = match input.first_chunk() {
                Some(input) => isa.load(input),
                None => isa.load_partial(input),
            };
            L::FUNCTION.store(isa, x, output);
        }
    }
}
