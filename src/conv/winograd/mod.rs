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
//! The rounding error is larger than that of the definition, the more the larger the tile: see
//! [`Winograd`].

mod plan;
mod product;
mod tile;
mod transform;

use super::{Algorithm, ConvKernel, Convolve, LANES, Naive, WeightLayout};
use crate::layers::{ConvLayer, Epilogue};
use crate::precision::{Parameters, Precision};
use crate::shape::ConvShape;
use crate::simd::memory::{values, values_mut};
use crate::simd::{Block, Isa};
use alloc::{vec, vec::Vec};
use plan::Plan;
use transform::F;

/// Minimal filtering of 3×3 and 5×5 windows at stride 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Winograd;

/// Calls a function with the sizes of a plan's tile as constants.
macro_rules! for_tile {
    ($plan:expr, $function:ident::<$($parameter:ty),*>($($argument:expr),*)) => {
        match $plan {
            13 => $function::<$($parameter,)* 1, 3, 3>($($argument),*),
            23 => $function::<$($parameter,)* 2, 3, 4>($($argument),*),
            43 => $function::<$($parameter,)* 4, 3, 6>($($argument),*),
            15 => $function::<$($parameter,)* 1, 5, 5>($($argument),*),
            25 => $function::<$($parameter,)* 2, 5, 6>($($argument),*),
            45 => $function::<$($parameter,)* 4, 5, 8>($($argument),*),
            _ => unreachable!("tiles are of 1, 2 or 4 outputs, windows of 3 or 5 taps"),
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

impl Convolve<f32> for Winograd {
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
        <Naive as ConvKernel<f32, L>>::ALGORITHM
    };
    const SCRATCH: usize = if Winograd::can(&L::SPEC.shape) {
        Plan::new(L::SPEC.shape).scratch()
    } else {
        <Naive as ConvKernel<f32, L>>::SCRATCH
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
            let data = Data {
                weights: values(&self.blocks, plan.weights()),
                channels: parameters.channels,
                input,
                output,
                scratch,
            };
            for_tile!(const { Plan::new(L::SPEC.shape).tile() }, run::<I, E>(isa, plan, data));
        } else {
            <Naive as ConvKernel<f32, L>>::run::<I, E>(
                &Naive, isa, parameters, input, output, scratch,
            );
        }
    }
}

/// U = G g Gᵀ of all kernels: [group][block][position][input][lane].
fn transform(plan: Plan, weights: &[f32]) -> Vec<Block> {
    for_tile!(plan.tile(), transform_with::<>(plan, weights))
}

fn transform_with<const M: usize, const R: usize, const N: usize>(
    plan: Plan,
    weights: &[f32],
) -> Vec<Block> {
    let layout = WeightLayout::new(&plan.shape, 1);
    let g = F::<M, R, N>::KERNEL;
    let mut blocks = vec![Block::ZERO; Block::count::<f32>(plan.weights())];
    let transformed = values_mut(&mut blocks, plan.weights());
    for output in 0..plan.shape.output[0] {
        let (block, lane) = (layout.channel(output) / LANES, layout.channel(output) % LANES);
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
                    transformed[(position * layout.inputs + input) * LANES + lane] = value as f32;
                }
            }
        }
    }
    blocks
}

/// What a layer computes with.
struct Data<'a> {
    weights: &'a [f32],
    channels: &'a [f32],
    input: &'a [f32],
    output: &'a mut [f32],
    scratch: &'a mut [Block],
}

/// One image.
#[inline(always)]
fn run<I: Isa, E: Epilogue, const M: usize, const R: usize, const N: usize>(
    isa: I,
    plan: Plan,
    data: Data<'_>,
) {
    let [dealt, down, transformed, summed] = plan.parts();
    let scratch = values_mut::<f32>(data.scratch, dealt + down + transformed + summed);
    let (planes, scratch) = scratch.split_at_mut(dealt);
    let (columns, scratch) = scratch.split_at_mut(down);
    let (positions, sums) = scratch.split_at_mut(transformed);
    for first in (0..plan.tiles[0]).step_by(plan.strip) {
        tile::deal(plan, first, data.input, planes);
        tile::downwards::<I, M, R, N>(isa, plan, planes, columns);
        tile::across::<I, M, R, N>(isa, plan, columns, positions);
        for group in 0..plan.groups {
            for block in (0..plan.blocks).step_by(plan.pair()) {
                let pair = plan.pair().min(plan.blocks - block);
                product::sums(isa, plan, [group, block, pair], positions, data.weights, sums);
                for next in 0..pair {
                    let sums = &sums[next * plan.strip_tiles() * plan.sums() * LANES..];
                    tile::outputs::<I, E, M, R, N>(
                        isa,
                        plan,
                        first,
                        [group, block + next],
                        sums,
                        data.channels,
                        data.output,
                    );
                }
            }
        }
    }
}
