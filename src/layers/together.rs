//! A convolution for several images at once, and maps that lie there for each of them.

use super::{Conv2d, ConvLayer, Unpooled};
use crate::conv::together::{self, IMAGES};
use crate::conv::{ConvKernel, Kernels};
use crate::map::Map;
use crate::network::largest;
use crate::precision::{Arithmetic, Output};
use crate::simd::memory::{values, values_mut};
use crate::simd::{Block, Isa, Kernel};
use bytemuck::Pod;
use core::marker::PhantomData;

/// Which of some layers load each weight once for several images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Together {
    floats: bool,
    integers: bool,
}

impl Together {
    /// None of them.
    pub const NONE: Self = Self { floats: false, integers: false };

    /// Those of either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self { floats: self.floats || other.floats, integers: self.integers || other.integers }
    }

    /// Whether there are any.
    pub const fn any(self) -> bool {
        self.floats || self.integers
    }

    /// Whether there are any on an instruction set.
    pub const fn any_on<I: Isa>(self) -> bool {
        self.floats && together::pay::<I::Floats>(true)
            || self.integers && together::pay::<I>(false)
    }
}

impl<P: Arithmetic, A: Kernels<P>, L: ConvLayer> Conv2d<P, A, L> {
    /// Whether [`forward_together`](Self::forward_together) loads each weight once, where the instruction
    /// set gains by it.
    pub const TOGETHER: Together = {
        let together = <A::Kernel<L> as ConvKernel<P::Code, L>>::TOGETHER;
        Together { floats: together && P::FLOAT, integers: together && !P::FLOAT }
    };

    /// [`forward`](Self::forward) for several images, whose results lie one behind the other.
    #[inline(always)]
    pub fn forward_together<'o, I: Isa>(
        &self,
        isa: I,
        inputs: [&L::Input<P::Element>; IMAGES],
        output: &'o mut [Block],
        scratch: &mut [Block],
    ) -> [&'o L::Output<Output<P>>; IMAGES] {
        let mut outputs = apart_mut(output, L::Output::<Output<P>>::LEN);
        if const { Self::TOGETHER.any() && together::pay::<<P::Code as Arithmetic>::On<I>>(P::FLOAT) }
        {
            P::Code::on(isa).run(Run::<'_, P::Code, L> {
                packed: &self.packed,
                ends: self.ends(),
                inputs: inputs.map(Map::values),
                outputs: outputs.each_mut().map(|output| &mut **output),
                layer: PhantomData,
            });
            for output in &mut outputs {
                P::look_up(isa, self.lookup(), output);
            }
        } else {
            for (input, output) in inputs.into_iter().zip(&mut outputs) {
                self.run::<I, Unpooled<L>>(isa, input, output, scratch);
            }
        }
        outputs.map(|output| L::Output::view(output))
    }
}

/// A layer for several images as a function of its own.
struct Run<'a, P: Arithmetic, L> {
    packed: &'a [Block],
    ends: P::Ends,
    inputs: [&'a [P::Element]; IMAGES],
    outputs: [&'a mut [Output<P>]; IMAGES],
    layer: PhantomData<L>,
}

impl<P: Arithmetic, L: ConvLayer> Kernel for Run<'_, P, L> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { packed, ends, inputs, outputs, .. } = self;
        let parameters = P::parameters(&L::SPEC.shape, packed, ends);
        together::run::<P, I, L>(isa, parameters, inputs, outputs);
    }
}

/// Values for each image, each on a block's boundary.
#[inline(always)]
fn apart_mut<T: Pod>(blocks: &mut [Block], len: usize) -> [&mut [T]; IMAGES] {
    let mut images = blocks.chunks_exact_mut(Block::count::<T>(len));
    core::array::from_fn(|_| values_mut(images.next().expect("there is room for each"), len))
}

/// Copies a map to where one image's lies.
#[inline(always)]
pub fn stage<T: Pod, M: Map<T>>(map: &M, blocks: &mut [Block]) {
    values_mut(blocks, M::LEN).copy_from_slice(map.values());
}

/// Blocks of a buffer in which maps of these blocks lie by turns, one for each image.
pub const fn staged_blocks(maps: &[usize]) -> usize {
    IMAGES * largest(maps)
}

/// The maps that were [copied](stage), one for each image.
#[inline(always)]
pub fn staged<T: Pod, M: Map<T>>(blocks: &[Block]) -> [&M; IMAGES] {
    let mut images = blocks.chunks_exact(Block::count::<T>(M::LEN));
    core::array::from_fn(|_| {
        M::view(values(images.next().expect("there is room for each"), M::LEN))
    })
}
