//! The inner products of layers that have one window, for several images: each weight is loaded once for all
//! of them, where one image's product is bound by streaming the weights.
//!
//! ```text
//! for some blocks of output channels, for each step k:
//!     for each block b:  w[b] = weights of step k                      one load
//!     for each image i:  x = the inputs of image i at step k           one load that spreads
//!                        for each block b:  sum[i][b] += x · w[b]
//! ```
//!
//! `tile` deals the steps of one image's sums out to several, which are added at the end. Here they are
//! dealt out alike, so that a result doesn't depend on the batch, bit for bit. Where registers don't hold
//! these parts for all images, one part is summed after the other.
#![allow(clippy::needless_range_loop, reason = "tiles are indexed alike on both sides")]

use super::tile::{Plan, full_blocks, overlapping, splits};
use super::{LANES, WeightLayout};
use crate::layers::{Activation, ConvLayer};
use crate::precision::{Arithmetic, Output, Parameters};
use crate::simd::Isa;
use core::marker::PhantomData;

/// Images that share a load.
pub const IMAGES: usize = 4;

/// Whether an instruction set holds the sums of all images in registers. One that multiplies bytes as 16-bit
/// numbers has something better for these than loads to share; see `nibbles.rs`.
pub(crate) const fn pay<I: Isa>(floats: bool) -> bool {
    I::TILE >= IMAGES && (floats || !I::WORDS)
}

/// Runs a layer for several images.
#[inline(always)]
pub(crate) fn run<P: Arithmetic, I: Isa, L: ConvLayer>(
    isa: I,
    parameters: Parameters<'_, P>,
    inputs: [&[P::Element]; IMAGES],
    outputs: [&mut [Output<P>]; IMAGES],
) {
    let layout = const { WeightLayout::new(&L::SPEC.shape, P::GROUP) };
    let activation = L::ACTIVATION;
    let mut job = Job { layout, parameters, activation, inputs, outputs };
    if full_blocks(&layout) > 0 {
        job.tiles::<I, Tiles<P, I, L, false>>(isa, false);
    }
    if layout.tail < LANES {
        job.tiles::<I, Tiles<P, I, L, true>>(isa, true);
    }
}

/// What is summed at the same time.
#[derive(Clone, Copy, Debug)]
struct Tile {
    /// Blocks of output channels.
    blocks: usize,
    /// Parts that the steps of a sum are dealt out to, as for one image.
    parts: usize,
    /// How many of them at a time.
    at_once: usize,
}

trait Planned {
    const TILE: Tile;
}

/// The tile of one layer on one instruction set, for its full blocks or for its narrower last one.
struct Tiles<P, I, L, const TAIL: bool>(PhantomData<(P, I, L)>);

impl<P: Arithmetic, I: Isa, L: ConvLayer, const TAIL: bool> Planned for Tiles<P, I, L, TAIL> {
    const TILE: Tile = {
        let layout = WeightLayout::new(&L::SPEC.shape, P::GROUP);
        let plan = Plan::of_one_window::<I>(&layout);
        if TAIL {
            choose::<I>(1, splits::<I>(plan.tail))
        } else {
            choose::<I>(full_blocks(&layout), splits::<I>(plan.full))
        }
    };
}

/// The cheapest tile for so many blocks, by the measure of `tile`. Four images' products take so long that it
/// does not matter which cache weights come from.
const fn choose<I: Isa>(count: usize, parts: usize) -> Tile {
    let mut best = Tile { blocks: 1, parts, at_once: 1 };
    let (mut best_cost, mut blocks) = (usize::MAX, 1);
    while blocks <= 6 && blocks <= count {
        let at_once = if fits::<I>(blocks, parts) { parts } else { 1 };
        if blocks == 1 || fits::<I>(blocks, at_once) {
            let products = IMAGES * blocks * I::REGISTERS;
            let loads = IMAGES + blocks * I::REGISTERS;
            let most = if products > loads { products } else { loads };
            // Sums that follow each other wait.
            let step = if products * at_once >= 8 || most >= 8 { most } else { 8 / at_once };
            let cost = count.div_ceil(blocks) * (4 * step + 1);
            if cost < best_cost {
                (best, best_cost) = (Tile { blocks, parts, at_once }, cost);
            }
        }
        blocks += 1;
    }
    best
}

/// Whether so many sums stay in registers beside the weights and an input.
const fn fits<I: Isa>(blocks: usize, at_once: usize) -> bool {
    (IMAGES * at_once + 1) * blocks * I::REGISTERS < I::VECTORS
}

struct Job<'p, 'a, P: Arithmetic> {
    layout: WeightLayout,
    parameters: Parameters<'p, P>,
    activation: Activation,
    inputs: [&'a [P::Element]; IMAGES],
    outputs: [&'a mut [Output<P>]; IMAGES],
}

/// The sums of some blocks for each image.
type Sums<P, I, const BLOCKS: usize> = [[<P as Arithmetic>::Sums<I>; BLOCKS]; IMAGES];

impl<P: Arithmetic> Job<'_, '_, P> {
    #[inline(always)]
    fn tiles<I: Isa, T: Planned>(&mut self, isa: I, tail: bool) {
        match T::TILE.blocks {
            1 => self.parts::<I, T, 1>(isa, tail),
            2 => self.parts::<I, T, 2>(isa, tail),
            3 => self.parts::<I, T, 3>(isa, tail),
            4 => self.parts::<I, T, 4>(isa, tail),
            5 => self.parts::<I, T, 5>(isa, tail),
            6 => self.parts::<I, T, 6>(isa, tail),
            blocks => unreachable!("tiles of {blocks} blocks"),
        }
    }

    #[inline(always)]
    fn parts<I: Isa, T: Planned, const BLOCKS: usize>(&mut self, isa: I, tail: bool) {
        match const { 10 * T::TILE.parts + T::TILE.at_once } {
            44 => self.pass::<I, BLOCKS, 4, 4>(isa, tail),
            41 => self.pass::<I, BLOCKS, 4, 1>(isa, tail),
            22 => self.pass::<I, BLOCKS, 2, 2>(isa, tail),
            21 => self.pass::<I, BLOCKS, 2, 1>(isa, tail),
            11 => self.pass::<I, BLOCKS, 1, 1>(isa, tail),
            _ => unreachable!("sums of {:?}", T::TILE),
        }
    }

    /// All full blocks, or the last one.
    #[inline(always)]
    fn pass<I: Isa, const BLOCKS: usize, const PARTS: usize, const AT_ONCE: usize>(
        &mut self,
        isa: I,
        tail: bool,
    ) {
        let layout = self.layout;
        let full = full_blocks(&layout);
        let (first, blocks, lanes) = if tail { (full, 1, layout.tail) } else { (0, full, LANES) };
        for block in overlapping::<BLOCKS>(blocks) {
            let block = first + block;
            let sums = self.sums::<I, BLOCKS, PARTS, AT_ONCE>(isa, block * LANES, lanes);
            let (channels, activation) = (self.parameters.channels, self.activation);
            for i in 0..IMAGES {
                for b in 0..BLOCKS {
                    let channel = (block + b) * LANES;
                    let places = &mut self.outputs[i][channel..][..layout.places(block + b)];
                    P::finish_block(isa, sums[i][b], channels, channel, activation, places);
                }
            }
        }
    }

    /// The sums of some blocks, of which the first has so many lanes and starts at a channel.
    #[inline(always)]
    fn sums<I: Isa, const BLOCKS: usize, const PARTS: usize, const AT_ONCE: usize>(
        &self,
        isa: I,
        channel: usize,
        lanes: usize,
    ) -> Sums<P, I, BLOCKS> {
        let layout = self.layout;
        let (steps, whole) = (layout.steps(), layout.run / P::GROUP);
        let step_len = lanes * P::UNITS;
        let run_len = steps * step_len;
        let weights = &self.parameters.weights[channel * steps * P::UNITS..];
        let mut stretch = Stretch {
            inputs: self.inputs.map(|input| &input[..layout.run]),
            weights: [weights; BLOCKS],
            step_len,
        };
        let mut start = [[P::zero(isa); BLOCKS]; IMAGES];
        for b in 0..BLOCKS {
            let len = run_len - step_len + LANES * P::UNITS;
            stretch.weights[b] = &weights[b * run_len..][..len];
            let channels = self.parameters.channels;
            let bias = P::start_block(isa, channels, channel + b * LANES);
            for i in 0..IMAGES {
                start[i][b] = bias;
            }
        }
        let mut total = start;
        for part in 0..PARTS / AT_ONCE {
            let mut sums = [[[P::zero(isa); BLOCKS]; IMAGES]; AT_ONCE];
            if part == 0 {
                sums[0] = start;
            }
            for round in 0..whole / PARTS {
                for s in 0..AT_ONCE {
                    let k = round * PARTS + part * AT_ONCE + s;
                    stretch.step::<P, I>(isa, &mut sums[s], k, P::GROUP);
                }
            }
            if part == 0 {
                for k in whole / PARTS * PARTS..whole {
                    stretch.step::<P, I>(isa, &mut sums[0], k, P::GROUP);
                }
                if whole < steps {
                    stretch.step::<P, I>(isa, &mut sums[0], whole, layout.run % P::GROUP);
                }
                total = sums[0];
            } else {
                merge::<P, I, BLOCKS>(isa, &mut total, &sums[0]);
            }
            for s in 1..AT_ONCE {
                merge::<P, I, BLOCKS>(isa, &mut total, &sums[s]);
            }
        }
        total
    }
}

#[inline(always)]
fn merge<P: Arithmetic, I: Isa, const BLOCKS: usize>(
    isa: I,
    total: &mut Sums<P, I, BLOCKS>,
    part: &Sums<P, I, BLOCKS>,
) {
    for i in 0..IMAGES {
        for b in 0..BLOCKS {
            total[i][b] = P::merge(isa, total[i][b], part[i][b]);
        }
    }
}

/// The inputs of all images, and the weights of each block.
struct Stretch<'a, E, W, const BLOCKS: usize> {
    inputs: [&'a [E]; IMAGES],
    weights: [&'a [W]; BLOCKS],
    /// Units from a step's weights to the next's.
    step_len: usize,
}

impl<E, W, const BLOCKS: usize> Stretch<'_, E, W, BLOCKS> {
    /// Adds the products of step `k`, which takes `len` inputs.
    #[inline(always)]
    fn step<P: Arithmetic<Element = E, Weight = W>, I: Isa>(
        &self,
        isa: I,
        sums: &mut Sums<P, I, BLOCKS>,
        k: usize,
        len: usize,
    ) {
        let mut weights = [P::load_weights(isa, &self.weights[0][k * self.step_len..]); BLOCKS];
        for b in 1..BLOCKS {
            weights[b] = P::load_weights(isa, &self.weights[b][k * self.step_len..]);
        }
        for i in 0..IMAGES {
            let inputs = P::spread_inputs(isa, &self.inputs[i][k * P::GROUP..][..len]);
            for b in 0..BLOCKS {
                sums[i][b] = P::add_products(isa, sums[i][b], inputs, weights[b]);
            }
        }
    }
}
