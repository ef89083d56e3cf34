//! The steps of a strip of tiles but for the products: deal out, transform, transform back.
//!
//! Loops over vectors are written out: a closure is a function of its own, which may end up compiled
//! without the instruction set that runs it.
#![allow(clippy::needless_range_loop, reason = "the loops are unrolled, over several arrays alike")]

use super::plan::Plan;
use super::product;
use super::transform::F;
use crate::conv::{LANES, WeightLayout};
use crate::layers::Epilogue;
use crate::precision::Precision;
use crate::simd::Isa;

/// Deals the image's pixels out to m × m planes: pixel (y, x) of tile (i, j)'s corner becomes the
/// value (i, j) of plane (y, x). Padding becomes zeros.
#[inline(always)]
pub(super) fn deal(plan: Plan, first: usize, input: &[f32], planes: &mut [f32]) {
    let [channels, height, width] = plan.shape.input;
    let [top, _, left, _] = plan.shape.window.padding;
    let (m, pitch) = (plan.m, plan.pitch());
    for row in 0..(plan.strip - 1) * m + plan.n() {
        let (i, plane) = (row / m, row % m * m);
        let y = first * m + row;
        for x in 0..m {
            let line = &mut planes[(plane + x) * plan.plane() + i * pitch..][..pitch];
            // The tiles that have this pixel inside the image.
            let begin = left.saturating_sub(x).div_ceil(m);
            let end = (left + width).saturating_sub(x).div_ceil(m).min(pitch / channels);
            if y < top || y - top >= height || end <= begin {
                line.fill(0.0);
                continue;
            }
            line[..begin * channels].fill(0.0);
            line[end * channels..].fill(0.0);
            let line = &mut line[begin * channels..end * channels];
            let source = &input[((y - top) * width + begin * m + x - left) * channels..];
            for (pixel, source) in line.chunks_exact_mut(channels).zip(source.chunks(m * channels))
            {
                pixel.copy_from_slice(&source[..channels]);
            }
        }
    }
}

/// Bᵀ d: the planes transformed downwards, to n × m.
#[inline(always)]
pub(super) fn downwards<I: Isa, const M: usize, const R: usize, const N: usize>(
    isa: I,
    plan: Plan,
    planes: &[f32],
    columns: &mut [f32],
) {
    for x in 0..M {
        let mut from = [0; N];
        let mut to = [0; N];
        for y in 0..N {
            from[y] = (y % M * M + x) * plan.plane() + y / M * plan.pitch();
            to[y] = (y * M + x) * plan.column();
        }
        line::<I, M, R, N>(isa, plan.vectors(), planes, from, columns, to);
    }
}

/// (Bᵀ d) B: then across, to n × n positions, [tile][channel] each.
#[inline(always)]
pub(super) fn across<I: Isa, const M: usize, const R: usize, const N: usize>(
    isa: I,
    plan: Plan,
    columns: &[f32],
    positions: &mut [f32],
) {
    let channels = plan.shape.input[0];
    let row = plan.tiles[1] * channels;
    for v in 0..N {
        for i in 0..plan.strip {
            let mut from = [0; N];
            let mut to = [0; N];
            for x in 0..N {
                from[x] = (v * M + x % M) * plan.column() + i * plan.pitch() + x / M * channels;
                // The lanes beyond a row's end are overwritten by the next row.
                to[x] = (v * N + x) * plan.position() + i * row;
            }
            line::<I, M, R, N>(isa, row.div_ceil(LANES), columns, from, positions, to);
        }
    }
}

/// Bᵀ d for `count` vectors, whose `N` values lie one vector after the other from the places `from`,
/// to the places `to`.
#[inline(always)]
fn line<I: Isa, const M: usize, const R: usize, const N: usize>(
    isa: I,
    count: usize,
    source: &[f32],
    from: [usize; N],
    target: &mut [f32],
    to: [usize; N],
) {
    for vector in 0..count {
        let mut d = [isa.splat(0.0); N];
        for k in 0..N {
            d[k] = load(isa, source, from[k] + vector * LANES);
        }
        let values = F::<M, R, N>::input(isa, d);
        for k in 0..N {
            store(isa, values[k], target, to[k] + vector * LANES);
        }
    }
}

/// What outputs are transformed from.
#[derive(Clone, Copy)]
pub(super) struct Products<'a> {
    pub(super) positions: &'a [f32],
    pub(super) weights: &'a [f32],
    pub(super) sums: &'a [f32],
}

/// Aᵀ M A, bias and activation: the outputs of one block of a group's channels.
#[inline(always)]
pub(super) fn outputs<I: Isa, E: Epilogue, const M: usize, const R: usize, const N: usize>(
    isa: I,
    plan: Plan,
    first: usize,
    [group, block]: [usize; 2],
    products: Products<'_>,
    channels: &[f32],
    output: &mut [f32],
) {
    let [outputs, height, width] = plan.shape.output;
    let layout = WeightLayout::new(&plan.shape, 1);
    let count = layout.places(block);
    let offset = group * layout.outputs + block * LANES;
    let place = layout.channel(offset);
    let bias = f32::start_block(isa, channels, place);
    let Products { positions, weights, sums } = products;
    let (sums, _) = sums.as_chunks::<LANES>();
    for tile in 0..plan.strip_tiles() {
        let (i, j) = (first + tile / plan.tiles[1], tile % plan.tiles[1]);
        let mut columns = [[bias; N]; M];
        for h in 0..N {
            let mut column = [bias; N];
            for v in 0..N {
                let position = v * N + h;
                column[v] = if plan.inputs() > 1 {
                    isa.load(&sums[tile * plan.sums()..][..N * N][position])
                } else {
                    let place = [tile, position];
                    product::only(isa, plan, [group, block], place, positions, weights)
                };
            }
            let column = F::<M, R, N>::output(isa, column);
            for y in 0..M {
                columns[y][h] = column[y];
            }
        }
        for y in 0..M.min(height - i * M) {
            let row = F::<M, R, N>::output(isa, columns[y]);
            for x in 0..M.min(width - j * M) {
                let at = ((i * M + y) * width + j * M + x) * outputs + offset;
                let value = isa.add(row[x], bias);
                let output = &mut output[at..][..count];
                f32::finish_block(isa, value, channels, place, E::ACTIVATION, output);
            }
        }
    }
}

#[inline(always)]
fn load<I: Isa>(isa: I, values: &[f32], at: usize) -> I::F32 {
    isa.load(values[at..].first_chunk().expect("parts of the scratch memory end in whole vectors"))
}

#[inline(always)]
fn store<I: Isa>(isa: I, vector: I::F32, values: &mut [f32], at: usize) {
    let values = values[at..].first_chunk_mut();
    isa.store(vector, values.expect("parts of the scratch memory end in whole vectors"));
}
