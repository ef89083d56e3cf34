//! The steps of a strip of tiles before the products: deal out, transform down and across.
//!
//! Loops over vectors are written out: a closure is a function of its own, which may end up compiled
//! without the instruction set that runs it.
#![allow(clippy::needless_range_loop, reason = "the loops are unrolled, over several arrays alike")]

use super::plan::Plan;
use super::transform::F;
use crate::conv::LANES;
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
        isa.next_vector();
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

#[inline(always)]
fn load<I: Isa>(isa: I, values: &[f32], at: usize) -> I::F32 {
    isa.load(values[at..].first_chunk().expect("parts of the scratch memory end in whole vectors"))
}

#[inline(always)]
fn store<I: Isa>(isa: I, vector: I::F32, values: &mut [f32], at: usize) {
    let values = values[at..].first_chunk_mut();
    isa.store(vector, values.expect("parts of the scratch memory end in whole vectors"));
}
