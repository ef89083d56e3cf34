//! Products of bytes as ARMv8.6 has them, beside `sdot`: `smmla` multiplies two rows of eight inputs by
//! two of eight weights, or the other way round, twice as many products as an `sdot`.
//!
//! ```text
//! a      row 0: eight bytes │ row 1: eight bytes
//! b      row 0: eight bytes │ row 1: eight bytes
//! sums   a0 · b0, a0 · b1   │ a1 · b0, a1 · b1
//! ```

use super::dotprod::Sdot;
use super::{Arm, I32, Processor};
use crate::simd::Kernel;
use core::arch::aarch64::int8x16_t;
use core::arch::asm;

/// `sdot` and `smmla`.
#[derive(Clone, Copy, Debug)]
pub struct I8mm;

impl Sdot for I8mm {}

impl Processor for I8mm {
    const NAME: &'static str = "neon-i8mm";

    #[inline(always)]
    fn detect() -> bool {
        has!(is_aarch64_feature_detected: "neon", "dotprod", "i8mm")
    }

    #[inline(always)]
    fn run<K: Kernel>(isa: Arm<Self>, kernel: K) -> K::Output {
        #[target_feature(enable = "neon,dotprod,i8mm")]
        #[inline(never)]
        fn enter<K: Kernel>(isa: Arm<I8mm>, kernel: K) -> K::Output {
            kernel.run(isa)
        }
        // SAFETY: `detect` saw every feature that `enter` enables before it made this token.
        unsafe { enter(isa, kernel) }
    }

    const MATRICES: bool = true;

    /// (As a whole and not `pure`, so that the compiler leaves them in their order, as those of `sdot`; the
    /// intrinsic is not stable.)
    #[inline(always)]
    fn multiply(_: Arm<Self>, sums: I32, pair: int8x16_t, others: [int8x16_t; 4]) -> I32 {
        let [mut a, mut b, mut c, mut d] = sums;
        // SAFETY: the token exists only where `smmla` does; it reads and writes these registers only.
        unsafe {
            asm!(
                ".arch_extension i8mm",
                "smmla {a:v}.4s, {x:v}.16b, {p:v}.16b",
                "smmla {b:v}.4s, {x:v}.16b, {q:v}.16b",
                "smmla {c:v}.4s, {x:v}.16b, {r:v}.16b",
                "smmla {d:v}.4s, {x:v}.16b, {s:v}.16b",
                a = inout(vreg) a,
                b = inout(vreg) b,
                c = inout(vreg) c,
                d = inout(vreg) d,
                p = in(vreg) others[0],
                q = in(vreg) others[1],
                r = in(vreg) others[2],
                s = in(vreg) others[3],
                x = in(vreg) pair,
                options(nomem, nostack, preserves_flags),
            );
        }
        [a, b, c, d]
    }
}
