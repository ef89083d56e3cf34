//! Bands on instruction sets that multiply matrices of bytes: a step is eight neighbouring taps of a row,
//! whose products with two output channels at eight windows are made at once.

use super::{Bands, Factor, Order, Pooled, Walk, larger};
use crate::conv::WeightLayout;
use crate::conv::rows::{self, Job};
use crate::precision::Arithmetic;
use crate::precision::integer::{Integer, packed_quad};
use crate::shape::ConvShape;
use crate::simd::memory::values_mut;
use crate::simd::{Block, Isa};

/// Whether a layer that runs in bands takes fewer steps so.
#[inline(always)]
pub(super) const fn pay(shape: &ConvShape) -> bool {
    cfg!(target_arch = "aarch64")
        && shape.output[0] >= 4
        && steps(shape) < Walk::new(shape, 4).steps
}

/// Blocks for the weights.
#[inline(always)]
pub(super) const fn blocks(shape: &ConvShape) -> usize {
    Block::count::<[Factor; 2]>(steps(shape) * shape.output[0])
}

#[inline(always)]
const fn steps(shape: &ConvShape) -> usize {
    shape.window.kernel[0] * across(shape)
}

/// Steps along a row of taps.
#[inline(always)]
const fn across(shape: &ConvShape) -> usize {
    shape.window.kernel[1].div_ceil(8)
}

/// Runs a layer with its pool.
#[inline(always)]
pub(super) fn run<P: Integer, I: Isa>(isa: I, job: Job<'_, '_, P>, scratch: &mut [Block]) {
    let shape = job.shape;
    let factors: &mut [Factor] = values_mut(scratch, 2 * steps(&shape) * shape.output[0]);
    fill(&job, factors);
    let walk = Walk::new(&shape, 4);
    let bands = Bands { job, walk, factors, words: &[], kept: &mut [] };
    match shape.output[0] {
        6.. => bands.run::<I, Eights, 6>(isa),
        _ => bands.run::<I, Eights, 4>(isa),
    }
}

/// The weights of each step and channel.
#[inline(always)]
fn fill<P: Integer>(job: &Job<'_, '_, P>, factors: &mut [Factor]) {
    let (outputs, window) = (job.shape.output[0], &job.shape.window);
    let layout = WeightLayout::new(&job.shape, P::GROUP);
    // Of this known length, so that no place among them is checked.
    let len = 4 * layout.runs * layout.steps() * layout.group_lanes();
    let weights = &job.parameters.weights[..len];
    let mut steps = factors.chunks_exact_mut(2 * outputs);
    for ky in 0..window.kernel[0] {
        for eight in 0..across(&job.shape) {
            let step = steps.next().expect("there is room for all steps");
            for (o, factors) in step.chunks_exact_mut(2).enumerate() {
                for (half, factor) in factors.iter_mut().enumerate() {
                    let quad = 2 * eight + half;
                    let inside = 4 * quad < window.kernel[1];
                    *factor =
                        if inside { packed_quad::<P>(&layout, weights, o, [ky, quad]) } else { 0 };
                }
            }
        }
    }
}

/// Eight windows of both rows after the other, all channels at once.
struct Eights;

impl Order for Eights {
    #[inline(always)]
    fn sums<P: Integer, I: Isa, const OUTPUTS: usize>(
        isa: I,
        bands: &mut Bands<'_, '_, '_, P>,
        [y, x]: [usize; 2],
        first: usize,
    ) -> Pooled<I, OUTPUTS> {
        const { assert!(OUTPUTS.is_multiple_of(2)) };
        let channels = bands.job.parameters.channels;
        // Of each pair of channels those of eight windows; there are half as many as places.
        let mut starts = [isa.splat_i32(0); OUTPUTS];
        for pair in 0..OUTPUTS / 2 {
            let [a, b] = [first + 2 * pair, first + 2 * pair + 1];
            let both = [P::start_spread(isa, channels, a), P::start_spread(isa, channels, b)];
            [starts[pair], _] = isa.join_pair(both);
        }
        let mut pooled = [starts; 2];
        unrolled!(part in 2; 0 1 => {
            let mut halves = [starts; 2];
            unrolled!(half in 2; 0 1 => {
                let x = x + 16 * part + 8 * half;
                let upper = sums(isa, bands, [y, x], first, starts);
                let lower = sums(isa, bands, [y + 1, x], first, starts);
                halves[half] = larger(isa, upper, lower);
            });
            for pair in 0..OUTPUTS / 2 {
                let [a, b] = isa.part_pair([halves[0][pair], halves[1][pair]]);
                (pooled[part][2 * pair], pooled[part][2 * pair + 1]) = (a, b);
            }
        });
        pooled
    }
}

/// The sums of eight windows, from their starts on.
#[inline(always)]
fn sums<P: Integer, I: Isa, const OUTPUTS: usize>(
    isa: I,
    bands: &Bands<'_, '_, '_, P>,
    [y, x]: [usize; 2],
    first: usize,
    mut sums: [I::I32; OUTPUTS],
) -> [I::I32; OUTPUTS] {
    let Bands { job: Job { shape, input, .. }, factors, .. } = bands;
    let [row, _] = rows::sizes(shape);
    let tap_down = shape.window.dilation[0] * row;
    let input = &input[y * shape.window.stride[0] * row + x..];
    let mut steps = factors.chunks_exact(2 * shape.output[0]);
    unrolled!(ky in shape.window.kernel[0]; 0 1 2 3 4 => {
        for eight in 0..across(shape) {
            let bytes = &input[ky * tap_down + 8 * eight..];
            let inputs = isa.slide_eights(bytes.first_chunk().expect("room behind the last row"));
            let step = steps.next().expect("all steps are there");
            let weights: &[[u8; 16]] = bytemuck::cast_slice(&step[2 * first..][..2 * OUTPUTS]);
            unrolled!(pair in OUTPUTS / 2; 0 1 2 => {
                sums[pair] = isa.dot_eights(sums[pair], inputs, &weights[pair]);
            });
        }
    });
    sums
}

#[cfg(all(test, target_arch = "aarch64", feature = "std"))]
mod tests {
    use super::*;
    use crate::conv::oracle::{Levels, Numbers};
    use crate::layers::Activation;
    use crate::precision::integer::Ends;
    use crate::precision::{Precision, W4A8};
    use crate::shape::Window;
    use crate::simd::{Kernel, NeonI8mm};
    use std::vec;

    /// Few and many channels, kernels of one to three steps across, vertical stride and dilation.
    fn shape(numbers: &mut Numbers) -> ConvShape {
        let mut any = |values: &[usize]| values[numbers.within(0, values.len() - 1)];
        let window = Window {
            kernel: [any(&[1, 2, 3, 5, 6]), any(&[3, 5, 7, 8, 9, 11, 13, 17])],
            stride: [any(&[1, 1, 2, 3]), 1],
            padding: [any(&[0, 1, 2]), any(&[0, 2]), any(&[0, 1, 2]), any(&[0, 3])],
            dilation: [any(&[1, 1, 2, 3]), 1],
        };
        let [height, width] = [any(&[20, 21, 25]), any(&[22, 31, 47, 66])];
        let [rows, columns] = window.output([height, width]);
        let outputs = any(&[4, 5, 6, 7, 8, 11, 12]);
        ConvShape { input: [1, height, width], output: [outputs, rows, columns], window, groups: 1 }
    }

    struct Run<'r, 'p, 'a, P: Arithmetic> {
        job: Job<'p, 'a, P>,
        scratch: &'r mut [Block],
    }

    impl<P: Integer> Kernel for Run<'_, '_, '_, P> {
        type Output = ();

        fn run<I: Isa>(self, isa: I) {
            run(isa, self.job, self.scratch);
        }
    }

    /// Every result on a machine that multiplies matrices, against the definition.
    fn check<P: Integer + Precision<Element = u8, Ends = Ends>>() {
        let Some(isa) = NeonI8mm::detect() else {
            eprintln!("this machine lacks {}: nothing was compared", NeonI8mm::NAME);
            return;
        };
        let mut numbers = Numbers(9);
        let mut ran = [0; 5];
        for _ in 0..300 {
            let shape = shape(&mut numbers);
            if !super::super::pay::<P>(&shape, true) || !pay(&shape) {
                continue;
            }
            let ConvShape { output: [outputs, rows, columns], window, .. } = shape;
            let levels = Levels::<P>::new(shape, &mut numbers);
            let parameters = levels.parameters();
            let mut plane = vec![Block([0xA5; Block::BYTES]); rows::blocks::<P>(&shape)];
            let mut scratch = vec![Block([0xA5; Block::BYTES]); blocks(&shape)];
            let mut found = vec![0x5A; outputs * (rows / 2) * (columns / 2)];
            let padding = P::padding(parameters.channels);
            let job = Job {
                shape,
                strides: rows::Strides::of_copy::<P>(&shape),
                parameters,
                activation: Activation::Identity,
                pool: true,
                input: rows::copy::<P>(&shape, &levels.input, &mut plane, padding),
                output: &mut found,
            };
            isa.run(Run { job, scratch: &mut scratch });
            levels.check(&found, true);
            let seen = [
                outputs < 6,
                !outputs.is_multiple_of(6),
                window.kernel[1] > 8,
                window.stride[0] > 1,
                window.dilation[0] > 1,
            ];
            ran.iter_mut().zip(seen).for_each(|(ran, seen)| *ran += usize::from(seen));
        }
        assert!(ran.iter().all(|&ran| ran >= 20), "only {ran:?} layers");
    }

    #[test]
    fn layers_are_those_of_the_definition() {
        check::<i8>();
        check::<W4A8>();
    }
}
