//! Products of bytes as every 64-bit ARM processor has them: `smull`, `smlal`, `sadalp`.
//!
//! Two products of a byte and a weight that is not −128 fit into 16 bits. So that two of a lane's four
//! are added where they are made, its first and its last two bytes lie in registers of their own:
//!
//! ```text
//! first bytes   0  1 │  0  1 │ …   of eight lanes      smull
//! last bytes    2  3 │  2  3 │ …                       smlal
//! 16 bits      0+2 1+3 │ 0+2 1+3 │ …                   sadalp: pairs, to the sums
//! ```

use super::{Arm, Bytes, Factors, I32, Processor, map};
use crate::simd::{INPUT_OFFSET, Kernel};
use core::arch::aarch64::*;
use core::arch::asm;

/// `smull`, `smlal` and `sadalp`.
#[derive(Clone, Copy, Debug)]
pub struct Multiply;

impl Processor for Multiply {
    const NAME: &'static str = "neon";

    #[inline(always)]
    fn detect() -> bool {
        has!(is_aarch64_feature_detected: "neon")
    }

    #[inline(always)]
    fn run<K: Kernel>(isa: Arm<Self>, kernel: K) -> K::Output {
        #[target_feature(enable = "neon")]
        #[inline(never)]
        fn enter<K: Kernel>(isa: Arm<Multiply>, kernel: K) -> K::Output {
            kernel.run(isa)
        }
        // SAFETY: `detect` saw NEON before it made this token.
        unsafe { enter(isa, kernel) }
    }
}

impl Bytes for Multiply {
    #[inline(always)]
    fn load_quads(_: Arm<Self>, bytes: &[u8; 64]) -> [uint8x16_t; 4] {
        let bytes = bytes.as_ptr();
        // SAFETY: the token exists only where NEON does; the array is twice 32 readable bytes, and these
        // loads have no demands on alignment.
        unsafe {
            let (low, high) = (vld2q_u16(bytes.cast()), vld2q_u16(bytes.add(32).cast()));
            map([low.0, low.1, high.0, high.1], |halves| vreinterpretq_u8_u16(halves))
        }
    }

    #[inline(always)]
    fn widen(_: Arm<Self>, bytes: &[u8; 16]) -> [uint8x16_t; 4] {
        // SAFETY: the token exists only where NEON does; the array is 16 readable bytes.
        unsafe {
            let (bytes, nothing) = (vld1q_u8(bytes.as_ptr()), vdupq_n_u8(INPUT_OFFSET as u8));
            [vzip1q_u8(bytes, nothing), nothing, vzip2q_u8(bytes, nothing), nothing]
        }
    }

    #[inline(always)]
    fn slide(_: Arm<Self>, bytes: &[u8; 19]) -> [uint8x16_t; 4] {
        let bytes = bytes.as_ptr();
        // SAFETY: the token exists only where NEON does; each load is of 16 of the 19 bytes.
        unsafe {
            let [a, b, c, d] = map([0, 1, 2, 3], |at| vld1q_u8(bytes.add(at)));
            [vzip1q_u8(a, b), vzip1q_u8(c, d), vzip2q_u8(a, b), vzip2q_u8(c, d)]
        }
    }

    #[inline(always)]
    fn columns(_: Arm<Self>, rows: [&[u8; 16]; 4]) -> [uint8x16_t; 4] {
        // SAFETY: the token exists only where NEON does; each row is 16 readable bytes.
        unsafe {
            let [a, b, c, d] = map(rows, |row| vld1q_u8(row.as_ptr()));
            [vzip1q_u8(a, b), vzip1q_u8(c, d), vzip2q_u8(a, b), vzip2q_u8(c, d)]
        }
    }

    #[inline(always)]
    fn splat_quad(_: Arm<Self>, [a, b, c, d]: [u8; 4]) -> [uint8x16_t; 4] {
        // SAFETY: the token exists only where NEON does.
        let [first, last] = unsafe {
            let first = vdupq_n_u16(u16::from_le_bytes([a, b]));
            let last = vdupq_n_u16(u16::from_le_bytes([c, d]));
            [vreinterpretq_u8_u16(first), vreinterpretq_u8_u16(last)]
        };
        [first, last, first, last]
    }

    #[inline(always)]
    fn spread_factors(_: Arm<Self>, factors: &[u32; 2]) -> [Factors; 2] {
        // SAFETY: the token exists only where NEON does; the array is four times two readable bytes.
        let pairs = unsafe { vld4q_dup_s16(factors.as_ptr().cast()) };
        // SAFETY: the token exists only where NEON does.
        let [a, b, c, d] =
            map([pairs.0, pairs.1, pairs.2, pairs.3], |pair| unsafe { vreinterpretq_s8_s16(pair) });
        [[a, b, a, b], [c, d, c, d]]
    }

    #[inline(always)]
    fn dot(isa: Arm<Self>, sums: I32, a: Factors, b: Factors) -> I32 {
        let [s, t] = products(isa, [sums[0], sums[1]], [a[0], a[1]], [b[0], b[1]]);
        let [u, v] = products(isa, [sums[2], sums[3]], [a[2], a[3]], [b[2], b[3]]);
        [s, t, u, v]
    }

    #[inline(always)]
    fn dot_ahead<const PLACE: usize>(
        isa: Arm<Self>,
        sums: I32,
        each: int8x16_t,
        lanes: Factors,
    ) -> I32 {
        match PLACE {
            0 => spread::<0, 1>(isa, sums, lanes, each),
            1 => spread::<2, 3>(isa, sums, lanes, each),
            2 => spread::<4, 5>(isa, sums, lanes, each),
            _ => spread::<6, 7>(isa, sums, lanes, each),
        }
    }
}

/// Adds the products of eight lanes. (As a whole and not `pure`, so that the compiler leaves them in their
/// order: it would begin many at once and run out of registers.)
#[inline(always)]
fn products(
    _: Arm<Multiply>,
    [mut low, mut high]: [int32x4_t; 2],
    [first, last]: [int8x16_t; 2],
    [first_weights, last_weights]: [int8x16_t; 2],
) -> [int32x4_t; 2] {
    // SAFETY: the token exists only where NEON does; these instructions read and write the registers
    // that are named, and nothing else.
    unsafe {
        asm!(
            "smull {a:v}.8h, {x:v}.8b, {w:v}.8b",
            "smull2 {b:v}.8h, {x:v}.16b, {w:v}.16b",
            "smlal {a:v}.8h, {y:v}.8b, {v:v}.8b",
            "smlal2 {b:v}.8h, {y:v}.16b, {v:v}.16b",
            "sadalp {low:v}.4s, {a:v}.8h",
            "sadalp {high:v}.4s, {b:v}.8h",
            low = inlateout(vreg) low,
            high = inlateout(vreg) high,
            x = in(vreg) first,
            y = in(vreg) last,
            w = in(vreg) first_weights,
            v = in(vreg) last_weights,
            a = out(vreg) _,
            b = out(vreg) _,
            options(nomem, nostack, preserves_flags),
        );
    }
    [low, high]
}

/// [`products`] of all lanes with one of the four quads of another register, whose halves have these places
/// there. (Spread here, or the compiler would spread those of many steps before.)
#[inline(always)]
fn spread<const FIRST: usize, const LAST: usize>(
    _: Arm<Multiply>,
    [mut s, mut t, mut u, mut v]: I32,
    lanes: Factors,
    register: int8x16_t,
) -> I32 {
    // SAFETY: the token exists only where NEON does; these instructions read and write the registers
    // that are named, and nothing else.
    unsafe {
        asm!(
            "dup {x:v}.8h, {quads:v}.h[{first}]",
            "dup {y:v}.8h, {quads:v}.h[{last}]",
            "smull {a:v}.8h, {x:v}.8b, {p:v}.8b",
            "smull2 {b:v}.8h, {x:v}.16b, {p:v}.16b",
            "smlal {a:v}.8h, {y:v}.8b, {q:v}.8b",
            "smlal2 {b:v}.8h, {y:v}.16b, {q:v}.16b",
            "sadalp {s:v}.4s, {a:v}.8h",
            "sadalp {t:v}.4s, {b:v}.8h",
            "smull {a:v}.8h, {x:v}.8b, {r:v}.8b",
            "smull2 {b:v}.8h, {x:v}.16b, {r:v}.16b",
            "smlal {a:v}.8h, {y:v}.8b, {w:v}.8b",
            "smlal2 {b:v}.8h, {y:v}.16b, {w:v}.16b",
            "sadalp {u:v}.4s, {a:v}.8h",
            "sadalp {v:v}.4s, {b:v}.8h",
            s = inout(vreg) s,
            t = inout(vreg) t,
            u = inout(vreg) u,
            v = inout(vreg) v,
            p = in(vreg) lanes[0],
            q = in(vreg) lanes[1],
            r = in(vreg) lanes[2],
            w = in(vreg) lanes[3],
            quads = in(vreg) register,
            x = out(vreg) _,
            y = out(vreg) _,
            a = out(vreg) _,
            b = out(vreg) _,
            first = const FIRST,
            last = const LAST,
            options(nomem, nostack, preserves_flags),
        );
    }
    [s, t, u, v]
}
