//! NEON: sixteen lanes are four registers. How bytes are multiplied is what processors differ in.

mod dotprod;
mod i8mm;
mod multiply;

use super::{Isa, Kernel, Matrix, Steps};
use crate::simd::isa::store_pixels;
use core::arch::aarch64::*;
use core::arch::asm;
use core::fmt::Debug;
use core::marker::PhantomData;

/// NEON, as every 64-bit ARM processor has it, with the products of bytes that `B` knows.
#[derive(Clone, Copy, Debug)]
pub struct Arm<B>(PhantomData<B>);

/// NEON, as every 64-bit ARM processor has it.
pub type Neon = Arm<multiply::Multiply>;

/// NEON with the dot products of ARMv8.2.
pub type NeonDotprod = Arm<dotprod::Dotprod>;

/// NEON with the dot products of ARMv8.2 and the products of matrices of ARMv8.6.
pub type NeonI8mm = Arm<i8mm::I8mm>;

/// Processors that have certain instructions.
pub trait Processor: Copy + Debug + Send + Sync + 'static {
    /// The instruction set's name.
    const NAME: &'static str;

    /// Whether this machine is one.
    fn detect() -> bool;
    /// As [`Isa::run`].
    fn run<K: Kernel>(isa: Arm<Self>, kernel: K) -> K::Output;

    /// As [`Isa::MATRICES`].
    const MATRICES: bool = false;
    /// Adds to each register the products of two times eight bytes and of its own two times eight.
    #[inline(always)]
    fn multiply(_: Arm<Self>, _: I32, _pair: int8x16_t, _: [int8x16_t; 4]) -> I32 {
        unreachable!("matrices are not multiplied");
    }
}

/// How a processor multiplies bytes.
pub trait Bytes: Processor {
    /// As [`Isa::load_quads`], in the order in which these products take them.
    fn load_quads(isa: Arm<Self>, bytes: &[u8; 64]) -> [uint8x16_t; 4];
    /// As [`Isa::widen`], in this order.
    fn widen(isa: Arm<Self>, bytes: &[u8; 16]) -> [uint8x16_t; 4];
    /// As [`Isa::slide`], in this order.
    fn slide(isa: Arm<Self>, bytes: &[u8; 19]) -> [uint8x16_t; 4];
    /// For each of sixteen places the bytes of four rows, in this order.
    fn columns(isa: Arm<Self>, rows: [&[u8; 16]; 4]) -> [uint8x16_t; 4];
    /// As [`Isa::splat_quad`], in this order.
    fn splat_quad(isa: Arm<Self>, bytes: [u8; 4]) -> [uint8x16_t; 4];
    /// As [`Isa::spread_factors`], in this order.
    fn spread_factors(isa: Arm<Self>, factors: &[u32; 2]) -> [Factors; 2];
    /// As [`Isa::dot`].
    fn dot(isa: Arm<Self>, sums: I32, a: Factors, b: Factors) -> I32;
    /// As [`Isa::dot_ahead`].
    fn dot_ahead<const PLACE: usize>(isa: Arm<Self>, sums: I32, each: int8x16_t, b: Factors)
    -> I32;
}

/// Sixteen lanes.
type Quad = [float32x4_t; 4];
/// Sixteen lanes of integers.
type I32 = [int32x4_t; 4];
/// Sixteen lanes of four bytes, in the order in which a processor's products take them.
type Factors = [int8x16_t; 4];

impl<B: Bytes> Isa for Arm<B> {
    const NAME: &'static str = B::NAME;
    const VECTORS: usize = 32;
    const REGISTERS: usize = 4;
    const AHEAD: bool = true;
    const KEEPS: bool = true;
    const MATRICES: bool = B::MATRICES;
    type F32 = Quad;
    type Floats = Neon;
    type Narrow = Neon;

    #[inline(always)]
    fn detect() -> Option<Self> {
        B::detect().then_some(Self(PhantomData))
    }

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    fn floats(self) -> Neon {
        Arm(PhantomData)
    }

    #[inline(always)]
    fn narrow(self) -> Neon {
        self.floats()
    }

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        B::run(self, kernel)
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Quad {
        // SAFETY: this token exists only where NEON does.
        unsafe { [vdupq_n_f32(value); 4] }
    }

    #[inline(always)]
    fn splat_each(self, values: &[f32; 4]) -> [Quad; 4] {
        // SAFETY: this token exists only where NEON does; the array is 16 readable bytes.
        unsafe {
            let values = vld1q_f32(values.as_ptr());
            [
                [vdupq_laneq_f32::<0>(values); 4],
                [vdupq_laneq_f32::<1>(values); 4],
                [vdupq_laneq_f32::<2>(values); 4],
                [vdupq_laneq_f32::<3>(values); 4],
            ]
        }
    }

    #[inline(always)]
    fn splat_halves(self, low: f32, high: f32) -> Quad {
        // SAFETY: this token exists only where NEON does.
        let [low, high] = unsafe { [vdupq_n_f32(low), vdupq_n_f32(high)] };
        [low, low, high, high]
    }

    #[inline(always)]
    fn load(self, values: &[f32; 16]) -> Quad {
        let values = values.as_ptr();
        // SAFETY: this token exists only where NEON does; the array is four times 16 readable bytes.
        unsafe {
            [
                vld1q_f32(values),
                vld1q_f32(values.add(4)),
                vld1q_f32(values.add(8)),
                vld1q_f32(values.add(12)),
            ]
        }
    }

    #[inline(always)]
    fn store(self, vector: Quad, values: &mut [f32; 16]) {
        let values = values.as_mut_ptr();
        // SAFETY: this token exists only where NEON does; the array is four times 16 writable bytes.
        unsafe {
            vst1q_f32(values, vector[0]);
            vst1q_f32(values.add(4), vector[1]);
            vst1q_f32(values.add(8), vector[2]);
            vst1q_f32(values.add(12), vector[3]);
        }
    }

    #[inline(always)]
    fn add(self, a: Quad, b: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        each(a, b, |a, b| unsafe { vaddq_f32(a, b) })
    }

    #[inline(always)]
    fn sub(self, a: Quad, b: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        each(a, b, |a, b| unsafe { vsubq_f32(a, b) })
    }

    #[inline(always)]
    fn mul(self, a: Quad, b: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        each(a, b, |a, b| unsafe { vmulq_f32(a, b) })
    }

    #[inline(always)]
    fn div(self, a: Quad, b: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        each(a, b, |a, b| unsafe { vdivq_f32(a, b) })
    }

    #[inline(always)]
    fn max(self, a: Quad, b: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        each(a, b, |a, b| unsafe { vmaxnmq_f32(a, b) })
    }

    #[inline(always)]
    fn min(self, a: Quad, b: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        each(a, b, |a, b| unsafe { vminnmq_f32(a, b) })
    }

    #[inline(always)]
    fn mul_add(self, a: Quad, b: Quad, c: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        unsafe {
            [
                vfmaq_f32(c[0], a[0], b[0]),
                vfmaq_f32(c[1], a[1], b[1]),
                vfmaq_f32(c[2], a[2], b[2]),
                vfmaq_f32(c[3], a[3], b[3]),
            ]
        }
    }

    #[inline(always)]
    fn neg_mul_add(self, a: Quad, b: Quad, c: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        unsafe {
            [
                vfmsq_f32(c[0], a[0], b[0]),
                vfmsq_f32(c[1], a[1], b[1]),
                vfmsq_f32(c[2], a[2], b[2]),
                vfmsq_f32(c[3], a[3], b[3]),
            ]
        }
    }

    #[inline(always)]
    fn max_pairs(self, a: Quad, b: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        unsafe {
            [
                vpmaxnmq_f32(a[0], a[1]),
                vpmaxnmq_f32(a[2], a[3]),
                vpmaxnmq_f32(b[0], b[1]),
                vpmaxnmq_f32(b[2], b[3]),
            ]
        }
    }

    #[inline(always)]
    fn pow2(self, exponents: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        map(exponents, |exponents| unsafe {
            let biased = vaddq_s32(vcvtnq_s32_f32(exponents), vdupq_n_s32(127));
            vreinterpretq_f32_s32(vshlq_n_s32::<23>(biased))
        })
    }

    type I32 = I32;
    type Quads = [uint8x16_t; 4];
    type Inputs = Factors;
    type Weights = Factors;
    type Ahead = int8x16_t;

    #[inline(always)]
    fn splat_i32(self, value: i32) -> I32 {
        // SAFETY: this token exists only where NEON does.
        unsafe { [vdupq_n_s32(value); 4] }
    }

    #[inline(always)]
    fn load_i32(self, values: &[i32; 16]) -> I32 {
        let values = values.as_ptr();
        // SAFETY: this token exists only where NEON does; the array is four times 16 readable bytes.
        unsafe {
            [
                vld1q_s32(values),
                vld1q_s32(values.add(4)),
                vld1q_s32(values.add(8)),
                vld1q_s32(values.add(12)),
            ]
        }
    }

    #[inline(always)]
    fn add_i32(self, a: I32, b: I32) -> I32 {
        // SAFETY: this token exists only where NEON does.
        each_i32(a, b, |a, b| unsafe { vaddq_s32(a, b) })
    }

    #[inline(always)]
    fn max_i32(self, a: I32, b: I32) -> I32 {
        // SAFETY: this token exists only where NEON does.
        each_i32(a, b, |a, b| unsafe { vmaxq_s32(a, b) })
    }

    #[inline(always)]
    fn max_pairs_i32(self, a: I32, b: I32) -> I32 {
        // SAFETY: this token exists only where NEON does.
        unsafe {
            [
                vpmaxq_s32(a[0], a[1]),
                vpmaxq_s32(a[2], a[3]),
                vpmaxq_s32(b[0], b[1]),
                vpmaxq_s32(b[2], b[3]),
            ]
        }
    }

    #[inline(always)]
    fn to_f32(self, values: I32) -> Quad {
        // SAFETY: this token exists only where NEON does.
        map(values, |values| unsafe { vcvtq_f32_s32(values) })
    }

    #[inline(always)]
    fn load_quads(self, bytes: &[u8; 64]) -> Self::Quads {
        B::load_quads(self, bytes)
    }

    #[inline(always)]
    fn splat_quad(self, bytes: [u8; 4]) -> Self::Quads {
        B::splat_quad(self, bytes)
    }

    #[inline(always)]
    fn widen(self, bytes: &[u8; 16]) -> Self::Quads {
        B::widen(self, bytes)
    }

    #[inline(always)]
    fn slide(self, bytes: &[u8; 19]) -> Self::Quads {
        B::slide(self, bytes)
    }

    #[inline(always)]
    fn slide_columns(self, [a, b, c, d]: [&[u8; 32]; 4]) -> [Self::Quads; 2] {
        let rows = |at| [half(a, at), half(b, at), half(c, at), half(d, at)];
        [B::columns(self, rows(0)), B::columns(self, rows(16))]
    }

    #[inline(always)]
    fn spread_factors(self, factors: &[u32; 2]) -> [Self::Weights; 2] {
        B::spread_factors(self, factors)
    }

    #[inline(always)]
    fn splat_pair(self, bytes: [u8; 2]) -> Self::Quads {
        // SAFETY: this token exists only where NEON does.
        let pair = unsafe { vreinterpretq_u8_u16(vdupq_n_u16(u16::from_le_bytes(bytes))) };
        [pair; 4]
    }

    #[inline(always)]
    fn look_up(self, table: &[u8; 256], values: &mut [u8]) {
        let (blocks, rest) = values.as_chunks_mut::<16>();
        let (parts, _) = table.as_chunks::<64>();
        // SAFETY: this token exists only where NEON does; each part of the table is 64 readable bytes, and each
        // block 16 that may be written, too.
        unsafe {
            let part = |at: usize| vld1q_u8_x4(parts[at].as_ptr());
            let parts = [part(0), part(1), part(2), part(3)];
            for block in blocks {
                // An index that a part does not have leaves what the ones before it gave.
                let at = vld1q_u8(block.as_ptr());
                let mut found = vqtbl4q_u8(parts[0], at);
                found = vqtbx4q_u8(found, parts[1], vsubq_u8(at, vdupq_n_u8(64)));
                found = vqtbx4q_u8(found, parts[2], vsubq_u8(at, vdupq_n_u8(128)));
                found = vqtbx4q_u8(found, parts[3], vsubq_u8(at, vdupq_n_u8(192)));
                vst1q_u8(block.as_mut_ptr(), found);
            }
        }
        rest.iter_mut().for_each(|value| *value = table[usize::from(*value)]);
    }

    #[inline(always)]
    fn inputs(self, bytes: Self::Quads) -> Self::Inputs {
        // SAFETY: this token exists only where NEON does.
        map(bytes, |bytes| unsafe { vreinterpretq_s8_u8(veorq_u8(bytes, vdupq_n_u8(0x80))) })
    }

    #[inline(always)]
    fn weights(self, bytes: Self::Quads, shift: u32, mask: u8, set: u8) -> Self::Weights {
        // What a shift of all four bytes would move from one into the next is not kept.
        debug_assert!(mask.trailing_zeros() >= shift, "{mask:#x} << {shift}");
        // SAFETY: this token exists only where NEON does.
        map(bytes, |bytes| unsafe {
            let shifted = vshlq_u8(bytes, vdupq_n_s8(shift as i8));
            let kept = vandq_u8(shifted, vdupq_n_u8(mask));
            vreinterpretq_s8_u8(vorrq_u8(kept, vdupq_n_u8(set)))
        })
    }

    #[inline(always)]
    fn keep(self, inputs: Self::Inputs, bytes: &mut [u8; 64]) {
        let [a, b, c, d] = inputs;
        // SAFETY: this token exists only where NEON does; the array is four times 16 writable bytes.
        unsafe { vst1q_s8_x4(bytes.as_mut_ptr().cast(), int8x16x4_t(a, b, c, d)) }
    }

    #[inline(always)]
    fn kept(self, bytes: &[u8; 64]) -> Self::Inputs {
        // SAFETY: this token exists only where NEON does; the array is four times 16 readable bytes.
        let int8x16x4_t(a, b, c, d) = unsafe { vld1q_s8_x4(bytes.as_ptr().cast()) };
        [a, b, c, d]
    }

    #[inline(always)]
    fn dot(self, sums: I32, inputs: Factors, weights: Factors) -> I32 {
        B::dot(self, sums, inputs, weights)
    }

    #[inline(always)]
    fn load_ahead(self, bytes: &[u8; 16]) -> int8x16_t {
        // SAFETY: this token exists only where NEON does; the array is 16 readable bytes.
        unsafe { vreinterpretq_s8_u8(veorq_u8(vld1q_u8(bytes.as_ptr()), vdupq_n_u8(0x80))) }
    }

    #[inline(always)]
    fn dot_ahead<const PLACE: usize>(self, sums: I32, each: int8x16_t, weights: Factors) -> I32 {
        B::dot_ahead::<PLACE>(self, sums, each, weights)
    }

    #[inline(always)]
    fn arrange(self, weights: [Self::Weights; 2], matrix: &mut Matrix) {
        let [a, b] = weights;
        let (registers, _) = matrix.as_chunks_mut::<32>();
        for ((a, b), two) in a.into_iter().zip(b).zip(registers) {
            // SAFETY: this token exists only where NEON does; the array is twice 16 writable bytes.
            unsafe {
                let (a, b) = (vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b));
                let low = vreinterpretq_u8_s32(vzip1q_s32(a, b));
                let high = vreinterpretq_u8_s32(vzip2q_s32(a, b));
                vst1q_u8_x2(two.as_mut_ptr(), uint8x16x2_t(low, high));
            }
        }
    }

    #[inline(always)]
    fn join_pair(self, [a, b]: [I32; 2]) -> [I32; 2] {
        let [[a, b], [c, d], [e, f], [g, h]] = map([0, 1, 2, 3], |at| zip(self, a[at], b[at]));
        [[a, b, c, d], [e, f, g, h]]
    }

    #[inline(always)]
    fn multiply(self, sums: &mut [[I32; 2]; 2], inputs: &[[&[u8; 16]; 2]; 2], weights: &[Matrix]) {
        // SAFETY: this token exists only where NEON does; each array is 16 readable bytes.
        let step = |[a, b]: [&[u8; 16]; 2]| unsafe {
            let offset = vreinterpretq_u64_u8(vdupq_n_u8(0x80));
            let a = veorq_u64(vreinterpretq_u64_u8(vld1q_u8(a.as_ptr())), offset);
            let b = veorq_u64(vreinterpretq_u64_u8(vld1q_u8(b.as_ptr())), offset);
            let (first, last) = (vzip1q_u64(a, b), vzip2q_u64(a, b));
            made(self, vreinterpretq_s8_u64(first), vreinterpretq_s8_u64(last))
        };
        let steps = [step(inputs[0]), step(inputs[1])];
        debug_assert!(weights.len() <= 2, "{} steps of two", weights.len());
        for (step, matrix) in weights.iter().take(2).enumerate() {
            let matrix = load_matrix(self, matrix);
            for half in 0..2 {
                for pair in 0..2 {
                    sums[pair][half] =
                        B::multiply(self, sums[pair][half], steps[pair][step], matrix[half]);
                }
            }
        }
    }

    #[inline(always)]
    fn part_pair(self, [[a, b, c, d], [e, f, g, h]]: [I32; 2]) -> [I32; 2] {
        let [ab, cd, ef, gh] = [zip(self, a, b), zip(self, c, d), zip(self, e, f), zip(self, g, h)];
        [[ab[0], cd[0], ef[0], gh[0]], [ab[1], cd[1], ef[1], gh[1]]]
    }

    #[inline(always)]
    fn slide_eights(self, bytes: &[u8; 16]) -> Self::Inputs {
        const PLACES: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 8];
        // SAFETY: this token exists only where NEON does; both arrays are 16 readable bytes.
        let (bytes, places) = unsafe { (vld1q_u8(bytes.as_ptr()), vld1q_u8(PLACES.as_ptr())) };
        // SAFETY: this token exists only where NEON does.
        map([0, 2, 4, 6], |at| unsafe {
            let bytes = veorq_u8(bytes, vdupq_n_u8(0x80));
            vreinterpretq_s8_u8(vqtbl1q_u8(bytes, vaddq_u8(places, vdupq_n_u8(at))))
        })
    }

    #[inline(always)]
    fn dot_eights(self, sums: I32, inputs: Self::Inputs, weights: &[u8; 16]) -> I32 {
        // SAFETY: this token exists only where NEON does; the array is 16 readable bytes.
        let pair = unsafe { vld1q_s8(weights.as_ptr().cast()) };
        B::multiply(self, sums, pair, inputs)
    }

    #[inline(always)]
    fn store_steps(self, steps: Quad, range: Steps, values: &mut [u8; 16]) {
        // SAFETY: this token exists only where NEON does; the array is 16 writable bytes.
        unsafe { vst1q_u8(values.as_mut_ptr(), self.whole_steps(steps, range)) }
    }

    #[inline(always)]
    fn store_pixels(
        self,
        steps: &[Quad],
        range: Steps,
        bytes: &mut [u8],
        [stride, places]: [usize; 2],
    ) {
        let (&[a, b, c, d, e, f], 6) = (steps, stride) else {
            return store_pixels(self, steps, range, bytes, [stride, places]);
        };
        let mut end = [0; 96];
        let len = bytes.len();
        let pixels = bytes.first_chunk_mut().unwrap_or(&mut end).as_mut_ptr();
        let zip = |a, b| {
            let (a, b) = (self.whole_steps(a, range), self.whole_steps(b, range));
            // SAFETY: this token exists only where NEON does.
            unsafe {
                [vreinterpretq_u16_u8(vzip1q_u8(a, b)), vreinterpretq_u16_u8(vzip2q_u8(a, b))]
            }
        };
        let [[a, b], [c, d], [e, f]] = [zip(a, b), zip(c, d), zip(e, f)];
        // SAFETY: this token exists only where NEON does; the array is twice 48 writable bytes, and these
        // stores have no demands on alignment.
        unsafe {
            vst3q_u16(pixels.cast(), uint16x8x3_t(a, c, e));
            vst3q_u16(pixels.add(48).cast(), uint16x8x3_t(b, d, f));
        }
        if len < 96 {
            bytes.copy_from_slice(&end[..len]);
        }
    }
}

impl<B: Bytes> Arm<B> {
    /// Steps as the whole numbers that are stored.
    #[inline(always)]
    fn whole_steps(self, [a, b, c, d]: Quad, Steps { zero, low, high }: Steps) -> uint8x16_t {
        // SAFETY: this token exists only where NEON does.
        unsafe {
            // Rounded half to even. What saturates is beyond the bounds, whatever the zero point is.
            let first = vqmovn_high_s32(vqmovn_s32(vcvtnq_s32_f32(a)), vcvtnq_s32_f32(b));
            let last = vqmovn_high_s32(vqmovn_s32(vcvtnq_s32_f32(c)), vcvtnq_s32_f32(d));
            let zero = vdupq_n_s16(zero.into());
            let (first, last) = (vqaddq_s16(first, zero), vqaddq_s16(last, zero));
            let bytes = vqmovun_high_s16(vqmovun_s16(first), last);
            vminq_u8(vmaxq_u8(bytes, vdupq_n_u8(low)), vdupq_n_u8(high))
        }
    }
}

/// The lower halves of both, and the upper ones.
#[inline(always)]
fn zip<B>(_: Arm<B>, a: int32x4_t, b: int32x4_t) -> [int32x4_t; 2] {
    // SAFETY: the token exists only where NEON does.
    unsafe {
        let (a, b) = (vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b));
        [vreinterpretq_s32_s64(vzip1q_s64(a, b)), vreinterpretq_s32_s64(vzip2q_s64(a, b))]
    }
}

/// These, as they are made, not only where they are used: until then, what they are made of would take more
/// registers.
#[inline(always)]
fn made<B>(_: Arm<B>, mut first: int8x16_t, mut last: int8x16_t) -> [int8x16_t; 2] {
    // SAFETY: the assembly is a comment. It changes no register, and nothing else.
    unsafe {
        asm!(
            "/* {first:v} {last:v} */",
            first = inout(vreg) first,
            last = inout(vreg) last,
            options(nomem, nostack, preserves_flags),
        );
    }
    [first, last]
}

/// The weights of a matrix, of four times two channels each.
#[inline(always)]
fn load_matrix<B>(_: Arm<B>, matrix: &Matrix) -> [[int8x16_t; 4]; 2] {
    let matrix = matrix.as_ptr().cast();
    // SAFETY: the token exists only where NEON does; the array is twice 64 readable bytes.
    let (low, high) = unsafe { (vld1q_s8_x4(matrix), vld1q_s8_x4(matrix.add(64))) };
    [[low.0, low.1, low.2, low.3], [high.0, high.1, high.2, high.3]]
}

/// An array's own `map`, written out: that one is a loop, whose unrolling takes the compiler as long as all
/// that is done in it.
#[inline(always)]
fn map<T, U>([a, b, c, d]: [T; 4], f: impl Fn(T) -> U) -> [U; 4] {
    [f(a), f(b), f(c), f(d)]
}

/// Sixteen bytes of 32.
#[inline(always)]
fn half(row: &[u8; 32], at: usize) -> &[u8; 16] {
    row[at..].first_chunk().expect("16 of 32")
}

#[inline(always)]
fn each_i32(a: I32, b: I32, f: impl Fn(int32x4_t, int32x4_t) -> int32x4_t) -> I32 {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}

#[inline(always)]
fn each(a: Quad, b: Quad, f: impl Fn(float32x4_t, float32x4_t) -> float32x4_t) -> Quad {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}
