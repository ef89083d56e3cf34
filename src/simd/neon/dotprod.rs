//! Products of bytes as ARMv8.2 has them: `sdot` adds a lane's four.

use super::{Arm, Bytes, Factors, I32, Processor, map};
use crate::simd::{INPUT_OFFSET, Kernel};
use core::arch::aarch64::*;
use core::arch::asm;

/// Processors that have `sdot`.
pub trait Sdot: Processor {}

/// `sdot`.
#[derive(Clone, Copy, Debug)]
pub struct Dotprod;

impl Sdot for Dotprod {}

impl Processor for Dotprod {
    const NAME: &'static str = "neon-dotprod";

    #[inline(always)]
    fn detect() -> bool {
        has!(is_aarch64_feature_detected: "neon", "dotprod")
    }

    #[inline(always)]
    fn run<K: Kernel>(isa: Arm<Self>, kernel: K) -> K::Output {
        #[target_feature(enable = "neon,dotprod")]
        #[inline(never)]
        fn enter<K: Kernel>(isa: Arm<Dotprod>, kernel: K) -> K::Output {
            kernel.run(isa)
        }
        // SAFETY: `detect` saw every feature that `enter` enables before it made this token.
        unsafe { enter(isa, kernel) }
    }
}

impl<D: Sdot> Bytes for D {
    #[inline(always)]
    fn load_quads(_: Arm<Self>, bytes: &[u8; 64]) -> [uint8x16_t; 4] {
        // SAFETY: the token exists only where NEON does; the array is four times 16 readable bytes.
        let uint8x16x4_t(a, b, c, d) = unsafe { vld1q_u8_x4(bytes.as_ptr()) };
        [a, b, c, d]
    }

    #[inline(always)]
    fn widen(_: Arm<Self>, bytes: &[u8; 16]) -> [uint8x16_t; 4] {
        // SAFETY: the token exists only where NEON does; the array is 16 readable bytes.
        unsafe {
            let (bytes, nothing) = (vld1q_u8(bytes.as_ptr()), vdupq_n_u8(INPUT_OFFSET as u8));
            let [low, high] = [vzip1q_u8(bytes, nothing), vzip2q_u8(bytes, nothing)];
            [
                vzip1q_u8(low, nothing),
                vzip2q_u8(low, nothing),
                vzip1q_u8(high, nothing),
                vzip2q_u8(high, nothing),
            ]
        }
    }

    #[inline(always)]
    fn slide(_: Arm<Self>, bytes: &[u8; 19]) -> [uint8x16_t; 4] {
        const PLACES: [u8; 16] = [0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6];
        let bytes = bytes.as_ptr();
        // SAFETY: the token exists only where NEON does; both loads are of 16 of the 19 bytes.
        unsafe {
            let (first, last) = (vld1q_u8(bytes), vld1q_u8(bytes.add(3)));
            let places = vld1q_u8(PLACES.as_ptr());
            let from = |bytes, at| vqtbl1q_u8(bytes, vaddq_u8(places, vdupq_n_u8(at)));
            // The last four lanes are bytes 12 to 18, 9 to 15 of the last 16.
            [from(first, 0), from(first, 4), from(first, 8), from(last, 9)]
        }
    }

    #[inline(always)]
    fn columns(_: Arm<Self>, rows: [&[u8; 16]; 4]) -> [uint8x16_t; 4] {
        // SAFETY: the token exists only where NEON does; each row is 16 readable bytes.
        unsafe {
            let [a, b, c, d] = map(rows, |row| vld1q_u8(row.as_ptr()));
            let zip = |a, b| {
                let (low, high) = (vzip1q_u8(a, b), vzip2q_u8(a, b));
                [vreinterpretq_u16_u8(low), vreinterpretq_u16_u8(high)]
            };
            let ([a, c], [b, d]) = (zip(a, b), zip(c, d));
            let quads = [vzip1q_u16(a, b), vzip2q_u16(a, b), vzip1q_u16(c, d), vzip2q_u16(c, d)];
            map(quads, |quads| vreinterpretq_u8_u16(quads))
        }
    }

    #[inline(always)]
    fn splat_quad(_: Arm<Self>, bytes: [u8; 4]) -> [uint8x16_t; 4] {
        // SAFETY: the token exists only where NEON does.
        [unsafe { vreinterpretq_u8_u32(vdupq_n_u32(u32::from_le_bytes(bytes))) }; 4]
    }

    #[inline(always)]
    fn spread_factors(_: Arm<Self>, factors: &[u32; 2]) -> [Factors; 2] {
        // SAFETY: the token exists only where NEON does; the array is twice four readable bytes.
        let uint32x4x2_t(a, b) = unsafe { vld2q_dup_u32(factors.as_ptr()) };
        // SAFETY: the token exists only where NEON does.
        unsafe { [[vreinterpretq_s8_u32(a); 4], [vreinterpretq_s8_u32(b); 4]] }
    }

    #[inline(always)]
    fn dot(isa: Arm<Self>, sums: I32, a: Factors, b: Factors) -> I32 {
        [
            sdot(isa, sums[0], a[0], b[0]),
            sdot(isa, sums[1], a[1], b[1]),
            sdot(isa, sums[2], a[2], b[2]),
            sdot(isa, sums[3], a[3], b[3]),
        ]
    }

    /// (Not `pure`, so that the compiler leaves these in their order: it would begin many steps at once and
    /// run out of registers.)
    #[inline(always)]
    fn dot_ahead<const PLACE: usize>(
        _: Arm<Self>,
        sums: I32,
        each: int8x16_t,
        lanes: Factors,
    ) -> I32 {
        let [mut a, mut b, mut c, mut d] = sums;
        // SAFETY: the token exists only where `sdot` does; it reads and writes these registers only.
        unsafe {
            asm!(
                ".arch_extension dotprod",
                "sdot {a:v}.4s, {p:v}.16b, {x:v}.4b[{lane}]",
                "sdot {b:v}.4s, {q:v}.16b, {x:v}.4b[{lane}]",
                "sdot {c:v}.4s, {r:v}.16b, {x:v}.4b[{lane}]",
                "sdot {d:v}.4s, {s:v}.16b, {x:v}.4b[{lane}]",
                a = inout(vreg) a,
                b = inout(vreg) b,
                c = inout(vreg) c,
                d = inout(vreg) d,
                p = in(vreg) lanes[0],
                q = in(vreg) lanes[1],
                r = in(vreg) lanes[2],
                s = in(vreg) lanes[3],
                x = in(vreg) each,
                lane = const PLACE,
                options(nomem, nostack, preserves_flags),
            );
        }
        [a, b, c, d]
    }
}

/// Adds four products to each lane. (The intrinsic is not stable in the oldest Rust that this crate
/// asks for.)
#[inline(always)]
fn sdot<D: Sdot>(_: Arm<D>, mut sums: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    // SAFETY: the token exists only where `sdot` does; it reads and writes these registers only.
    unsafe {
        asm!(
            ".arch_extension dotprod",
            "sdot {sums:v}.4s, {a:v}.16b, {b:v}.16b",
            sums = inlateout(vreg) sums,
            a = in(vreg) a,
            b = in(vreg) b,
            options(nomem, nostack, preserves_flags),
        );
    }
    sums
}
