//! Convolutions, and the two layers that are convolutions of a special shape: a linear layer, whose
//! window is its whole input, and a batch normalization that no layer took over, a depthwise 1×1.

use super::pool::max_pool;
use super::{Activation, AsWritten, Epilogue, Layer, Unpooled};
use crate::conv::{Auto, ConvKernel, Kernels, runs_as};
use crate::map::Map;
use crate::precision::{Arithmetic, Output, WrittenEdge};
#[cfg(feature = "alloc")]
use crate::precision::{Loaded, Loading};
use crate::shape::ConvShape;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa, Kernel};
#[cfg(not(feature = "alloc"))]
use crate::weights::Packed;
#[cfg(feature = "alloc")]
use crate::weights::{LoadError, LoadErrorKind, Packed, Parameter, Role, Sink, Source};
#[cfg(feature = "alloc")]
use alloc::{format, vec, vec::Vec};
use core::marker::PhantomData;
#[cfg(feature = "alloc")]
use num_traits::Float;

/// A layer with weights: its sizes, and what its parameters are called.
#[derive(Clone, Copy, Debug)]
pub struct ConvSpec {
    /// The full name: `block1.conv1`.
    pub name: &'static str,
    /// The sizes.
    pub shape: ConvShape,
    /// The shape of the weight tensor in a file, or `None` for a batch normalization by itself.
    pub weight: Option<&'static [usize]>,
    /// Whether there is a bias in the file.
    pub bias: bool,
    /// The batch normalization that is folded into the weights.
    pub norm: Option<NormSpec>,
}

/// A batch normalization.
#[derive(Clone, Copy, Debug)]
pub struct NormSpec {
    /// The full name.
    pub name: &'static str,
    /// What is added to the variance.
    pub eps: f32,
}

/// A convolution's numbers.
pub trait ConvLayer: Layer + Epilogue {
    /// Sizes and names.
    const SPEC: ConvSpec;
}

/// A convolution with its packed parameters.
pub struct Conv2d<P: Arithmetic, A: Kernels<P>, L: ConvLayer> {
    /// The parameters, and behind them what the algorithm has made of them beforehand.
    pub(super) packed: Packed,
    ends: P::Ends,
    lookup: P::Lookup,
    layer: PhantomData<(P, A, L)>,
}

/// A convolution whose window is its whole input.
pub type Linear<P, A, L> = Conv2d<P, A, L>;

/// A depthwise 1×1 convolution.
pub type BatchNorm<P, A, L> = Conv2d<P, A, L>;

impl<P: Arithmetic, A: Kernels<P>, L: ConvLayer> Clone for Conv2d<P, A, L> {
    fn clone(&self) -> Self {
        Self {
            packed: self.packed.clone(),
            ends: self.ends,
            lookup: self.lookup.clone(),
            layer: PhantomData,
        }
    }
}

impl<P: Arithmetic, A: Kernels<P>, L: ConvLayer> Conv2d<P, A, L> {
    /// The algorithm that runs this layer.
    pub const ALGORITHM: &'static str = <A::Kernel<L> as ConvKernel<P::Code, L>>::ALGORITHM;
    /// Scratch blocks that [`forward`](Self::forward) needs.
    pub const SCRATCH: usize = <A::Kernel<L> as ConvKernel<P::Code, L>>::SCRATCH;

    /// Scratch blocks that [`forward_pooled`](Self::forward_pooled) needs.
    pub const POOLED_SCRATCH: usize = Self::SCRATCH + Self::UNPOOLED;
    /// Blocks of the map that a pool is taken of after the convolution, if not by it.
    const UNPOOLED: usize = if <A::Kernel<L> as ConvKernel<P::Code, L>>::POOLS {
        0
    } else {
        Block::count::<Output<P>>(<L::Output<Output<P>> as Map<Output<P>>>::LEN)
    };

    /// What the layer's results mean, those of the activation that it takes over.
    pub fn edge(&self) -> WrittenEdge<P> {
        P::written(self.ends, &self.lookup)
    }

    /// What the layer knows of its input and output.
    pub fn ends(&self) -> P::Ends {
        self.ends
    }

    /// The activation that the layer takes over, if it is a table.
    pub fn lookup(&self) -> &P::Lookup {
        &self.lookup
    }

    /// Bytes that the parameters take, with what the algorithm has made of them.
    pub fn weight_bytes(&self) -> usize {
        let prepared = <A::Kernel<L> as ConvKernel<P::Code, L>>::PREPARED;
        (P::parameter_blocks(&L::SPEC.shape) + prepared) * Block::BYTES
    }

    /// The layer for one image, and the activation that follows it.
    #[inline(always)]
    pub fn forward<'o, I: Isa>(
        &self,
        isa: I,
        input: &L::Input<P::Element>,
        output: &'o mut [Block],
        scratch: &mut [Block],
    ) -> &'o L::Output<Output<P>> {
        let places = values_mut(output, L::Output::<Output<P>>::LEN);
        self.run::<I, Unpooled<L>>(isa, input, places, scratch);
        L::Output::view(places)
    }

    /// The layer for one image, the activation and the maximum pool that follow it.
    #[inline(always)]
    pub fn forward_pooled<'o, I: Isa, M: Map<Output<P>>>(
        &self,
        isa: I,
        input: &L::Input<P::Element>,
        output: &'o mut [Block],
        scratch: &mut [Block],
    ) -> &'o M {
        let places = values_mut(output, M::LEN);
        if const { <A::Kernel<L> as ConvKernel<P::Code, L>>::POOLS } {
            self.run::<I, L>(isa, input, places, scratch);
        } else {
            let (map, scratch) = scratch.split_at_mut(Self::UNPOOLED);
            let map = values_mut(map, L::Output::<Output<P>>::LEN);
            self.run::<I, Unpooled<L>>(isa, input, map, scratch);
            P::Code::on(isa).run(Pool::<'_, Output<P>, L> {
                map,
                output: places,
                layer: PhantomData,
            });
        }
        M::view(places)
    }

    #[inline(always)]
    pub(super) fn run<I: Isa, E: Epilogue>(
        &self,
        isa: I,
        input: &L::Input<P::Element>,
        output: &mut [Output<P>],
        scratch: &mut [Block],
    ) {
        P::Code::on(isa).run(Run::<'_, P::Code, A::Kernel<L>, L, E> {
            packed: &self.packed,
            ends: self.ends,
            input: input.values(),
            output: &mut *output,
            scratch,
            layer: PhantomData,
        });
        P::look_up(isa, &self.lookup, output);
    }
}

impl<P: Arithmetic, A: Kernels<P> + Kernels<P::Real>, L: ConvLayer> Conv2d<P, A, L> {
    /// Scratch blocks that [`forward_as_written`](Self::forward_as_written) needs.
    pub const SCRATCH_AS_WRITTEN: usize = <<A as Kernels<P::Real>>::Kernel<L> as ConvKernel<
        <P::Real as Arithmetic>::Code,
        L,
    >>::SCRATCH;

    /// The layer for one image, by itself, without rounding: [`real`](Self::real) tells what the
    /// results mean, and an [`Activate`](super::Activate) rounds them.
    #[inline(always)]
    pub fn forward_as_written<'o, I: Isa>(
        &self,
        isa: I,
        input: &L::Input<P::Element>,
        output: &'o mut [Block],
        scratch: &mut [Block],
    ) -> &'o L::Output<f32> {
        let places: &mut [f32] = values_mut(output, L::Output::<f32>::LEN);
        if P::FLOAT && const { matches!(L::ACTIVATION, Activation::Identity) } {
            // The same code, which need not be compiled twice.
            let places = bytemuck::cast_slice_mut(&mut *places);
            self.run::<I, Unpooled<L>>(isa, input, places, scratch);
        } else if P::FLOAT {
            P::Code::on(isa).run(Run::<'_, P::Code, <A as Kernels<P>>::Kernel<L>, L, AsWritten> {
                packed: &self.packed,
                ends: self.ends,
                input: input.values(),
                output: bytemuck::cast_slice_mut(places),
                scratch,
                layer: PhantomData,
            });
        } else {
            <P::Real as Arithmetic>::Code::on(isa).run(Run::<
                '_,
                <P::Real as Arithmetic>::Code,
                <A as Kernels<P::Real>>::Kernel<L>,
                L,
                AsWritten,
            > {
                packed: &self.packed,
                ends: self.ends,
                input: input.values(),
                output: places,
                scratch,
                layer: PhantomData,
            });
        }
        L::Output::view(places)
    }

    /// The real value of a result of [`forward_as_written`](Self::forward_as_written).
    #[inline(always)]
    pub fn real(&self, value: f32) -> f32 {
        P::unrounded(value, self.ends)
    }
}

/// One layer's kernel as a function of its own: small functions compile faster than one for a network.
struct Run<'a, P: Arithmetic, K, L, E> {
    packed: &'a [Block],
    ends: P::Ends,
    input: &'a [P::Element],
    output: &'a mut [Output<P>],
    scratch: &'a mut [Block],
    layer: PhantomData<(K, L, E)>,
}

impl<P: Arithmetic, K: ConvKernel<P, L>, L: ConvLayer, E: Epilogue> Kernel for Run<'_, P, K, L, E> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { packed, ends, input, output, scratch, .. } = self;
        let parameters = P::parameters(&L::SPEC.shape, packed, ends);
        K::run::<I, E>(isa, parameters, input, output, scratch);
    }
}

/// The pool behind a layer whose kernel leaves it out, as a function of its own.
struct Pool<'a, T, L> {
    map: &'a [T],
    output: &'a mut [T],
    layer: PhantomData<L>,
}

impl<T: Copy + PartialOrd, L: Epilogue> Kernel for Pool<'_, T, L> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, _: I) {
        let shape = const { L::POOL.expect("a layer without a pool is run by `forward`") };
        max_pool(&shape, self.map, self.output);
    }
}

impl<A: Kernels<f32>, L: ConvLayer> Conv2d<f32, A, L> {
    /// A layer that runs from packed parameters where they lie.
    ///
    /// # Panics
    /// If `A` runs this layer from transformed weights, and `Auto` would not do the same; in a
    /// constant this is a compile error.
    pub const fn from_packed(packed: &'static [Block]) -> Self {
        assert!(
            <A::Kernel<L> as ConvKernel<f32, L>>::PREPARED == 0 || runs_as::<A, Auto, L>(),
            "this algorithm transforms its weights when they are loaded; packed ones can't be used"
        );
        Self { packed: Packed::Borrowed(packed), ends: (), lookup: (), layer: PhantomData }
    }
}

#[cfg(feature = "alloc")]
impl<P: Arithmetic, A: Kernels<P>, L: ConvLayer> Conv2d<P, A, L> {
    /// Reads the parameters. `rows` are those of the layer and of the activation that it takes over in
    /// the network's `LAYERS`.
    ///
    /// # Errors
    /// What the source finds wrong with them.
    pub fn load<S: Source>(
        source: &mut S,
        rows: [usize; 2],
        input: P::Edge,
    ) -> Result<Self, LoadError> {
        let loading = Loading { spec: &L::SPEC, activation: L::ACTIVATION, rows, input };
        let Loaded { packed, ends, lookup } = P::load(&loading, source)?;
        Ok(Self::prepared(packed, ends, lookup))
    }

    /// Gives the parameters to a file.
    pub fn save<S: Sink>(&self, sink: &mut S) {
        let parameters = P::parameters(&L::SPEC.shape, &self.packed, self.ends);
        P::save(&L::SPEC, parameters, &self.lookup, sink);
    }

    /// The same parameters under another algorithm.
    pub fn with_algorithm<B: Kernels<P>>(self) -> Conv2d<P, B, L> {
        let Self { packed, ends, lookup, .. } = self;
        if const { <B::Kernel<L> as ConvKernel<P::Code, L>>::PREPARED == 0 } {
            return Conv2d { packed, ends, lookup, layer: PhantomData };
        }
        Conv2d::prepared(packed.into_owned(), ends, lookup)
    }

    /// With what the algorithm makes of the weights behind them.
    fn prepared(mut packed: Vec<Block>, ends: P::Ends, lookup: P::Lookup) -> Self {
        let own = P::parameter_blocks(&L::SPEC.shape);
        let prepared = <A::Kernel<L> as ConvKernel<P::Code, L>>::PREPARED;
        packed.truncate(own);
        packed.reserve_exact(prepared);
        packed.resize(own + prepared, Block::ZERO);
        let (own, prepared) = packed.split_at_mut(own);
        A::Kernel::<L>::prepare(P::Code::parameters(&L::SPEC.shape, own, ends), prepared);
        Self { packed: packed.into(), ends, lookup, layer: PhantomData }
    }
}

#[cfg(feature = "alloc")]
impl ConvSpec {
    /// Reads weight and bias, with the batch normalization folded into them.
    ///
    /// # Errors
    /// What the source finds wrong with them.
    pub fn read<S: Source>(&self, source: &mut S) -> Result<(Vec<f32>, Vec<f32>), LoadError> {
        let outputs = [self.shape.output[0]];
        let fan_in = self.shape.kernel_len();
        let mut tensor = |layer, name, role, shape: &[usize]| {
            source.tensor(Parameter { layer, name, role, shape, fan_in })
        };
        let mut weight = match self.weight {
            Some(shape) => tensor(self.name, "weight", Role::Weight, shape)?,
            None => vec![1.0; self.shape.weight_len()],
        };
        let mut bias = match self.bias {
            true => tensor(self.name, "bias", Role::Bias, &outputs)?,
            false => vec![0.0; outputs[0]],
        };
        if let Some(norm) = self.norm {
            let gain = tensor(norm.name, "weight", Role::Gain, &outputs)?;
            let shift = tensor(norm.name, "bias", Role::Shift, &outputs)?;
            let mean = tensor(norm.name, "running_mean", Role::Mean, &outputs)?;
            let variance = tensor(norm.name, "running_var", Role::Variance, &outputs)?;
            let kernels = weight.chunks_exact_mut(fan_in);
            for (o, kernel) in kernels.enumerate() {
                let scale = gain[o] / Float::sqrt(variance[o] + norm.eps);
                kernel.iter_mut().for_each(|value| *value *= scale);
                // The last zero makes a negative zero positive, so that `write` can give it back.
                bias[o] = (bias[o] - mean[o]) * scale + shift[o] + 0.0;
                if !(bias[o].is_finite() && kernel.iter().all(|value| value.is_finite())) {
                    return Err(norm.not_finite(o, gain[o], variance[o]));
                }
            }
        }
        Ok((weight, bias))
    }

    /// Writes weight and bias, so that [`read`](Self::read) gives the same ones, bit for bit.
    ///
    /// A batch normalization that was folded is written as one that changes nothing, except that it
    /// adds the bias where the layer has none of its own. One by itself has its scale as its weight.
    pub fn write<S: Sink>(&self, weight: Vec<f32>, bias: Vec<f32>, sink: &mut S) {
        let outputs = [self.shape.output[0]];
        let zeros = || vec![0.0; outputs[0]];
        let gain = match self.weight {
            Some(shape) => {
                sink.tensor(self.name, "weight", shape, weight);
                vec![1.0; outputs[0]]
            }
            None => weight,
        };
        let shift = match self.bias {
            true => {
                sink.tensor(self.name, "bias", &outputs, bias);
                zeros()
            }
            false => bias,
        };
        if let Some(norm) = self.norm {
            let (root, variance) = norm.unit();
            let gain = gain.into_iter().map(|value| value * root).collect();
            sink.tensor(norm.name, "weight", &outputs, gain);
            sink.tensor(norm.name, "bias", &outputs, shift);
            sink.tensor(norm.name, "running_mean", &outputs, zeros());
            sink.tensor(norm.name, "running_var", &outputs, vec![variance; outputs[0]]);
        }
    }
}

#[cfg(feature = "alloc")]
impl NormSpec {
    /// A power of two, and the variance whose deviation it is: `sqrt(variance + eps)` gives exactly it.
    ///
    /// The power is 1 unless `eps` is larger. The variance is 4ᵏ − eps, rounded by at most half a step of
    /// the values below 4ᵏ; adding `eps` again gives 4ᵏ within that half step, a tie goes to the even
    /// 4ᵏ, and its root is exact.
    fn unit(&self) -> (f32, f32) {
        let mut root = 1.0;
        while root * root < self.eps {
            root *= 2.0;
        }
        (root, root * root - self.eps)
    }

    /// The mistake in a normalization that no finite weights can take over.
    fn not_finite(&self, output: usize, gain: f32, variance: f32) -> LoadError {
        let wanted = "a scale that leaves all weights finite";
        let eps = self.eps;
        let found = format!("{gain} / sqrt({variance} + {eps}) for channel {output}");
        let error = LoadError::new(LoadErrorKind::Value, wanted, found);
        error.in_tensor(format_args!("{}.weight", self.name))
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;

    #[test]
    fn a_unit_normalization_divides_by_exactly_its_root() {
        let every = (0..=0x43ff_0000u32).step_by(997).map(f32::from_bits);
        for eps in every.chain([1e-5, 1e-3, 0.1, 0.5, 0.999_999_94, 1.0, 1.5, 4.0, 100.0]) {
            let (root, variance) = NormSpec { name: "", eps }.unit();
            assert!(variance >= 0.0);
            assert_eq!((variance + eps).sqrt(), root, "{eps:e}");
            assert!(eps > 1.0 || root == 1.0);
        }
    }
}
