//! AVX-VNNI: AVX2 with the products of bytes in one instruction, as Intel's cores since Alder Lake and
//! Zen 5 have it.

use super::avx2::{
    Integers, Pair, interleave, max_pairs, max_pairs_i32, mix_columns, ymm_part, ymm_vocabulary,
};
use super::{Isa, Kernel, Steps, store_pixels};
use core::arch::x86_64::*;

/// AVX2, FMA and AVX-VNNI.
#[derive(Clone, Copy, Debug)]
pub struct AvxVnni(());

impl Isa for AvxVnni {
    const NAME: &'static str = "avxvnni";

    #[inline(always)]
    fn detect() -> Option<Self> {
        has!(is_x86_feature_detected: "avxvnni", "avx2", "fma", "bmi1", "bmi2", "popcnt")
            .then_some(Self(()))
    }

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self(())
    }

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avxvnni,avx2,fma,bmi1,bmi2,popcnt")]
        #[inline(never)]
        fn enter<K: Kernel>(isa: AvxVnni, kernel: K) -> K::Output {
            kernel.run(isa)
        }
        // SAFETY: `detect` saw every feature that `enter` enables before it made this token.
        unsafe { enter(self, kernel) }
    }

    type Inputs = Integers;
    type Weights = Integers;

    #[inline(always)]
    fn inputs(self, bytes: Integers) -> Integers {
        bytes
    }

    #[inline(always)]
    fn weights(self, bytes: Integers, shift: u32, mask: u8, set: u8) -> Integers {
        self.part(bytes, shift, mask, set)
    }

    #[inline(always)]
    fn dot(self, sums: Integers, inputs: Integers, weights: Integers) -> Integers {
        // SAFETY: this token exists only where AVX-VNNI does.
        unsafe {
            [
                _mm256_dpbusd_avx_epi32(sums[0], inputs[0], weights[0]),
                _mm256_dpbusd_avx_epi32(sums[1], inputs[1], weights[1]),
            ]
        }
    }

    #[inline(always)]
    fn spread_factor(self, factor: u32) -> Integers {
        self.splat_i32(factor.cast_signed())
    }

    ymm_vocabulary!();
}

ymm_part!(AvxVnni);
