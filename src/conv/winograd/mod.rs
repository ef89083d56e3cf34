//! Winograd's minimal filtering (Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks",
//! 2015): 3×3 and 5×5 windows with a fraction of the multiplications.
//!
//! ```text
//! once        U[i,j] = G g Gᵀ                     every kernel, as n × n values
//! image       cut into tiles of n × n inputs that overlap by r − 1; a tile gives m × m outputs
//! each tile   V[i,j] = Bᵀ d B                     per input channel
//!             M[i,j] = Σ V[i,j] · U[i,j]          over input channels: n × n matrix products
//!             y      = Aᵀ M A + bias → activation per output channel, stored where the image is
//! ```
//!
//! n = m + r − 1. For the transforms on the left, the lanes of a vector are neighbouring tiles and
//! channels: the image is dealt out to m × m planes, one for each pixel of a tile's corner, in which
//! the same pixel of all tiles lies side by side, channels innermost. An input of a tile is then a
//! value of one of these planes, as far from the tile's place as the tile is wide; whatever the
//! number of channels, no lane is idle and nothing is shuffled. The sums and outputs have output
//! channels in their lanes.
//!
//! The rounding error is larger than that of the definition, the more the larger the tile. Against
//! the definition in `f32`, one product after the other (root mean square, uniformly distributed
//! values):
//!
//! | tile | multiplications | error, 32 channels | error, 1 channel |
//! |---|---|---|---|
//! | F(2×2, 3×3) | 2.25 × fewer | at most 1.0 × | 2.0 × |
//! | F(4×4, 3×3) | 4 × fewer | 3.8 × | 6.5 × |
//! | F(2×2, 5×5) | 2.78 × fewer | 2.7 × | 4.8 × |
//! | F(4×4, 5×5) | 6.25 × fewer | 6.9 × | 12.5 × |
//!
//! The largest possible error of an output is (c + 4n + 2) κ² u · max|d| · Σ|g| for c input channels
//! that it sums over; u is half an ulp of 1, and κ = max Σᵢ |Aᵀ|·|G|·‖Bᵀᵢ‖₁ is computed from the
//! matrices.

mod output;
mod plan;
mod product;
mod tile;
mod transform;

use super::{Algorithm, AnyShape, ConvKernel, Direct, Image, Kernels, LANES};
use crate::layers::{Activation, ConvLayer, Epilogue};
use crate::precision::Parameters;
use crate::shape::{ConvShape, PoolShape};
use crate::simd::memory::{values, values_mut};
use crate::simd::{Block, Isa, Kernel};
use output::{End, Products, outputs, pool_inside};
use plan::Plan;
use transform::F;

/// Minimal filtering of 3×3 and 5×5 windows at stride 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Winograd;

/// An expression with the sizes of a tile as constants. Of a match on a constant one arm is compiled.
macro_rules! with_tile {
    ($tile:expr, |$m:ident, $r:ident, $n:ident| $then:expr) => {
        with_constants!($tile, [$m $r $n] $then;
            13: 1 3 3, 23: 2 3 4, 43: 4 3 6, 15: 1 5 5, 25: 2 5 6, 45: 4 5 8)
    };
}

/// An expression with the number of tiles in a step as a constant.
macro_rules! with_step {
    ($step:expr, |$t:ident| $then:expr) => {
        with_constants!($step, [$t] $then;
            1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8, 9: 9, 10: 10, 11: 11, 12: 12)
    };
}

macro_rules! with_constants {
    (@arm [$($name:ident)*] $($constant:literal)*; $then:expr) => {{
        $(const $name: usize = $constant;)*
        $then
    }};
    ($choice:expr, $names:tt $then:expr; $($value:literal: $($constant:literal)*),*) => {
        match $choice {
            $($value => with_constants!(@arm $names $($constant)*; $then),)*
            _ => panic!("the plan makes no other choice"),
        }
    };
}

impl Winograd {
    const fn can(shape: &ConvShape) -> bool {
        let window = &shape.window;
        matches!(window.kernel, [3, 3] | [5, 5])
            && matches!(window.stride, [1, 1])
            && matches!(window.dilation, [1, 1])
    }
}

impl Algorithm for Winograd {
    const NAME: &'static str = "Winograd";

    fn supports(shape: &ConvShape) -> bool {
        Self::can(shape)
    }
}

impl Kernels<f32> for Winograd {
    type Kernel<L: ConvLayer> = Self;
}

impl<L: ConvLayer> ConvKernel<f32, L> for Winograd {
    const ALGORITHM: &'static str = if Winograd::can(&L::SPEC.shape) {
        Winograd::NAME
    } else {
        <Direct as ConvKernel<f32, L>>::ALGORITHM
    };
    const SCRATCH: usize = if Winograd::can(&L::SPEC.shape) {
        Plan::new(L::SPEC.shape).scratch()
    } else {
        <Direct as ConvKernel<f32, L>>::SCRATCH
    };
    const POOLS: bool = match L::POOL {
        _ if !Winograd::can(&L::SPEC.shape) => <Direct as ConvKernel<f32, L>>::POOLS,
        Some(pool) => pool_inside(&pool, Plan::new(L::SPEC.shape).m).is_some(),
        None => false,
    };
    const TOGETHER: bool =
        !Winograd::can(&L::SPEC.shape) && <Direct as ConvKernel<f32, L>>::TOGETHER;
    /// None where `Direct` does the layer.
    const PREPARED: usize =
        if Winograd::can(&L::SPEC.shape) { Self::blocks(&L::SPEC.shape) } else { 0 };

    fn prepare(parameters: Parameters<'_, f32>, prepared: &mut [Block]) {
        if Winograd::can(&L::SPEC.shape) {
            Self::transform(&L::SPEC.shape, Weights::Values(parameters.weights), prepared);
        }
    }

    #[inline(always)]
    fn run<I: Isa, E: Epilogue>(
        isa: I,
        parameters: Parameters<'_, f32>,
        input: &[f32],
        output: &mut [f32],
        scratch: &mut [Block],
    ) {
        if const { Winograd::can(&L::SPEC.shape) } {
            let plan = const { Plan::new(L::SPEC.shape) };
            // Where `POOLS` says no, this is compiled with a pool, too, but never run.
            let pool = const {
                match E::POOL {
                    Some(pool) => match pool_inside(&pool, Plan::new(L::SPEC.shape).m) {
                        Some(pool) => pool,
                        None => 1,
                    },
                    None => 1,
                }
            };
            let channels = parameters.channels;
            let data = Data {
                weights: values(parameters.prepared, plan.weights()),
                input,
                scratch,
                end: End { channels, activation: E::ACTIVATION, pool, output },
            };
            with_step!(const { product::step::<I>(&Plan::new(L::SPEC.shape)) }, |T| {
                with_tile!(const { Plan::new(L::SPEC.shape).tile() }, |M, R, N| {
                    if const { I::SHARED } {
                        isa.run(AnyTile::<M, R, N, T> { plan, data });
                    } else {
                        run::<I, M, R, N, T>(isa, plan, data);
                    }
                })
            });
        } else {
            <Direct as ConvKernel<f32, L>>::run::<I, E>(isa, parameters, input, output, scratch);
        }
    }
}

/// A layer's packed weights.
#[derive(Clone, Copy)]
pub(super) enum Weights<'a> {
    /// As numbers.
    Values(&'a [f32]),
    /// In a constant expression, which can't look at memory as another type: blocks, and the place of
    /// the first weight in them.
    Blocks(&'a [Block], usize),
}

impl Weights<'_> {
    const fn get(self, at: usize) -> f32 {
        match self {
            Self::Values(values) => values[at],
            Self::Blocks(blocks, first) => blocks[(first + at) / LANES].get((first + at) % LANES),
        }
    }
}

impl Winograd {
    /// Vector operations of one image, in tenths of a multiply-add, of a layer that it should do: one
    /// pixel is as fast by its definition, and sums over one or two channels are so short that the
    /// transforms' error would be the larger part of it.
    pub(super) const fn cost(shape: &ConvShape) -> Option<usize> {
        let one = shape.output[1] * shape.output[2] == 1;
        if Self::can(shape) && shape.group_inputs() > 2 && !one {
            Some(Plan::new(*shape).cost())
        } else {
            None
        }
    }

    /// Blocks of a layer's transformed weights.
    pub(super) const fn blocks(shape: &ConvShape) -> usize {
        Block::count::<f32>(Plan::new(*shape).weights())
    }

    /// Transforms a layer's weights.
    pub(super) const fn transform(shape: &ConvShape, weights: Weights<'_>, to: &mut [Block]) {
        transform(Plan::new(*shape), weights, to);
    }
}

/// U = G g Gᵀ of all kernels: [group][block][position][input][lane].
const fn transform(plan: Plan, weights: Weights<'_>, to: &mut [Block]) {
    with_tile!(plan.tile(), |M, R, N| transform_with::<M, R, N>(plan, weights, to))
}

const fn transform_with<const M: usize, const R: usize, const N: usize>(
    plan: Plan,
    weights: Weights<'_>,
    to: &mut [Block],
) {
    let layout = plan.layout;
    let mut kernel = 0;
    while kernel < plan.shape.output[0] * layout.inputs {
        let (output, input) = (kernel / layout.inputs, kernel % layout.inputs);
        let (group, channel) = (output / layout.outputs, output % layout.outputs);
        let (block, lane) = (group * layout.blocks + channel / LANES, channel % LANES);
        let mut taps = [[0.0; R]; R];
        let mut tap = 0;
        while tap < R * R {
            taps[tap / R][tap % R] = weights.get(layout.index(output, input, tap)) as f64;
            tap += 1;
        }
        // (G g) Gᵀ is twice the same: a product with G, transposed.
        let rows = F::<M, R, N>::kernel(taps);
        let positions = F::<M, R, N>::kernel(rows);
        let mut position = 0;
        while position < N * N {
            let value = positions[position / N][position % N] as f32;
            let place = (block * N * N + position) * layout.inputs + input;
            to[place].set(lane, value);
            if plan.sharing == 2 {
                to[place].set(lane + LANES / 2, value);
            }
            position += 1;
        }
        kernel += 1;
    }
}

impl AnyShape<f32> for Winograd {
    fn prepared(shape: &ConvShape) -> usize {
        Self::blocks(shape)
    }

    fn prepare(shape: &ConvShape, parameters: Parameters<'_, f32>, prepared: &mut [Block]) {
        Self::transform(shape, Weights::Values(parameters.weights), prepared);
    }

    fn scratch(shape: &ConvShape) -> usize {
        Plan::new(*shape).scratch()
    }

    fn pools(shape: &ConvShape, pool: &PoolShape, _: Activation) -> bool {
        pool_inside(pool, Plan::new(*shape).m).is_some()
    }

    fn amplification(shape: &ConvShape) -> Option<f64> {
        Some(Plan::new(*shape).roundings())
    }

    fn run<I: Isa>(isa: I, shape: &ConvShape, image: Image<'_, '_, f32>) {
        let plan = Plan::new(*shape);
        let Image { parameters, activation, pool, input, output, scratch } = image;
        let pool = pool.is_within();
        let channels = parameters.channels;
        let end = End { channels, activation, pool: if pool { 2 } else { 1 }, output };
        let weights = values(parameters.prepared, plan.weights());
        let data = Data { weights, input, scratch, end };
        // Any step is right; the products' own test has all of them.
        with_tile!(plan.tile(), |M, R, N| isa.run(AnyTile::<M, R, N, 2> { plan, data }));
    }
}

/// [`run`] as a function of its own.
struct AnyTile<'a, const M: usize, const R: usize, const N: usize, const T: usize> {
    plan: Plan,
    data: Data<'a>,
}

impl<const M: usize, const R: usize, const N: usize, const T: usize> Kernel
    for AnyTile<'_, M, R, N, T>
{
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        run::<I, M, R, N, T>(isa, self.plan, self.data);
    }
}

impl Plan {
    /// Roundings of a result, in units of max|d|·Σ|g|: each of the input channels and of the
    /// transforms' terms adds one to what a path through the algorithm collects, and the transforms
    /// amplify it.
    fn roundings(&self) -> f64 {
        let condition = with_tile!(self.tile(), |M, R, N| F::<M, R, N>::CONDITION);
        (self.inputs() + 4 * self.n() + 2) as f64 * condition * condition
    }
}

/// What a layer computes with.
struct Data<'a> {
    weights: &'a [f32],
    input: &'a [f32],
    scratch: &'a mut [Block],
    end: End<'a>,
}

/// One image; the products are computed `T` tiles at a time.
#[inline(always)]
fn run<I: Isa, const M: usize, const R: usize, const N: usize, const T: usize>(
    isa: I,
    plan: Plan,
    data: Data<'_>,
) {
    let Data { weights, input, scratch, mut end } = data;
    let [transformed, dealt, down, summed] = plan.parts();
    let scratch = values_mut::<f32>(scratch, transformed + (dealt + down).max(summed));
    let (positions, shared) = scratch.split_at_mut(transformed);
    for first in (0..plan.tiles[0]).step_by(plan.strip) {
        let (planes, columns) = shared.split_at_mut(dealt);
        tile::deal(plan, first, input, planes);
        tile::downwards::<I, M, R, N>(isa, plan, planes, columns);
        tile::across::<I, M, R, N>(isa, plan, columns, positions);
        let sums = &mut shared[..summed];
        for group in 0..plan.layout.groups {
            for block in 0..plan.layout.blocks {
                let block = [group, block];
                if plan.inputs() > 1 {
                    product::sums::<I, T>(isa, plan, block, positions, weights, sums);
                }
                let products = Products { positions, weights, sums };
                outputs::<I, M, R, N>(isa, plan, first, block, products, &mut end);
            }
        }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests;
