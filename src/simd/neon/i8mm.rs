//! Products of bytes as ARMv8.6 has them, beside `sdot`: `usmmla` multiplies two rows of eight inputs by
//! two of eight weights, twice as many products as an `sdot`.
//!
//! ```text
//! inputs    window 0: eight bytes │ window 1: eight bytes
//! weights   channel 0: eight      │ channel 1: eight
//! sums      window 0: channel 0, channel 1 │ window 1: channel 0, channel 1
//! ```

use super::dotprod::Sdot;
use super::{Arm, I32};
use crate::simd::Kernel;
use core::arch::aarch64::{int8x16_t, uint8x16_t};
use core::arch::asm;

/// `sdot` and `usmmla`.
#[derive(Clone, Copy, Debug)]
pub struct I8mm;

impl Sdot for I8mm {
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
    fn multiply(_: Arm<Self>, sums: I32, inputs: uint8x16_t, weights: [int8x16_t; 4]) -> I32 {
        let [mut a, mut b, mut c, mut d] = sums;
        // SAFETY: the token exists only where `usmmla` does; it reads and writes these registers only.
        unsafe {
            asm!(
                ".arch_extension i8mm",
                "usmmla {a:v}.4s, {x:v}.16b, {p:v}.16b",
                "usmmla {b:v}.4s, {x:v}.16b, {q:v}.16b",
                "usmmla {c:v}.4s, {x:v}.16b, {r:v}.16b",
                "usmmla {d:v}.4s, {x:v}.16b, {s:v}.16b",
                a = inout(vreg) a,
                b = inout(vreg) b,
                c = inout(vreg) c,
                d = inout(vreg) d,
                p = in(vreg) weights[0],
                q = in(vreg) weights[1],
                r = in(vreg) weights[2],
                s = in(vreg) weights[3],
                x = in(vreg) inputs,
                options(nomem, nostack, preserves_flags),
            );
        }
        [a, b, c, d]
    }
}
