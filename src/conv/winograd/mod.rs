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

use super::{Algorithm, ConvKernel, Direct, Kernels, LANES};
use crate::layers::{ConvLayer, Epilogue};
use crate::precision::Parameters;
use crate::shape::ConvShape;
use crate::simd::memory::{values, values_mut};
use crate::simd::{Block, Isa};
use alloc::{vec, vec::Vec};
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
            _ => unreachable!("the plan makes no other choice"),
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
    type Kernel<L: ConvLayer> = Transformed;
}

/// One layer's weights as Winograd's products want them; none where `Direct` does the layer.
#[derive(Clone)]
pub struct Transformed {
    blocks: Vec<Block>,
}

impl<L: ConvLayer> ConvKernel<f32, L> for Transformed {
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
    const READY: Self = if Winograd::can(&L::SPEC.shape) {
        panic!("Winograd transforms its weights when they are loaded; packed ones can't be used")
    } else {
        Self { blocks: Vec::new() }
    };

    fn prepare(parameters: Parameters<'_, f32>) -> Self {
        let blocks = if Winograd::can(&L::SPEC.shape) {
            transform(Plan::new(L::SPEC.shape), parameters.weights)
        } else {
            Vec::new()
        };
        Self { blocks }
    }

    #[inline(always)]
    fn run<I: Isa, E: Epilogue>(
        &self,
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
                weights: values(&self.blocks, plan.weights()),
                input,
                scratch,
                end: End { channels, activation: E::ACTIVATION, pool, output },
            };
            with_step!(const { product::step::<I>(&Plan::new(L::SPEC.shape)) }, |T| {
                with_tile!(const { Plan::new(L::SPEC.shape).tile() }, |M, R, N| {
                    run::<I, M, R, N, T>(isa, plan, data)
                })
            });
        } else {
            <Direct as ConvKernel<f32, L>>::run::<I, E>(
                &Direct, isa, parameters, input, output, scratch,
            );
        }
    }
}

/// U = G g Gᵀ of all kernels: [group][block][position][input][lane].
fn transform(plan: Plan, weights: &[f32]) -> Vec<Block> {
    with_tile!(plan.tile(), |M, R, N| transform_with::<M, R, N>(plan, weights))
}

fn transform_with<const M: usize, const R: usize, const N: usize>(
    plan: Plan,
    weights: &[f32],
) -> Vec<Block> {
    let layout = plan.layout;
    let g = F::<M, R, N>::KERNEL;
    let mut blocks = vec![Block::ZERO; Block::count::<f32>(plan.weights())];
    let transformed = values_mut(&mut blocks, plan.weights());
    for output in 0..plan.shape.output[0] {
        let (group, channel) = (output / layout.outputs, output % layout.outputs);
        let (block, lane) = (group * plan.layout.blocks + channel / LANES, channel % LANES);
        for input in 0..layout.inputs {
            let tap =
                |y: usize, x: usize| f64::from(weights[layout.index(output, input, y * R + x)]);
            let rows: [[f64; R]; N] = core::array::from_fn(|v| {
                core::array::from_fn(|x| (0..R).map(|y| g[v][y] * tap(y, x)).sum())
            });
            for (v, row) in rows.iter().enumerate() {
                for (h, g) in g.iter().enumerate() {
                    let value: f64 = (0..R).map(|x| row[x] * g[x]).sum();
                    let position = block * N * N + v * N + h;
                    let place = (position * layout.inputs + input) * LANES + lane;
                    for tile in 0..plan.sharing {
                        transformed[place + tile * LANES / 2] = value as f32;
                    }
                }
            }
        }
    }
    blocks
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
