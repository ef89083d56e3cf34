//! Products of bytes as ARMv8.6 has them, beside `sdot`: `usmmla` multiplies matrices.

use super::Arm;
use super::dotprod::Sdot;
use crate::simd::Kernel;

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
}
