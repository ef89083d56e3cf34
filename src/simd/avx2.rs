//! AVX2 with FMA: sixteen lanes are two registers.

use super::{Isa, Kernel};
use core::arch::x86_64::*;

/// AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

/// Sixteen lanes.
type Pair = [__m256; 2];

impl Isa for Avx2 {
    const NAME: &'static str = "avx2";
    const VECTORS: usize = 16;
    const REGISTERS: usize = 2;
    type F32 = Pair;

    #[inline(always)]
    fn detect() -> Option<Self> {
        has!(is_x86_feature_detected: "avx2", "fma", "bmi1", "bmi2", "popcnt").then_some(Self(()))
    }

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self(())
    }

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx2,fma,bmi1,bmi2,popcnt")]
        #[inline(never)]
        fn enter<K: Kernel>(isa: Avx2, kernel: K) -> K::Output {
            kernel.run(isa)
        }
        // SAFETY: `detect` saw every feature that `enter` enables before it made this token.
        unsafe { enter(self, kernel) }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Pair {
        // SAFETY: this token exists only where AVX does.
        unsafe { [_mm256_set1_ps(value); 2] }
    }

    #[inline(always)]
    fn load(self, values: &[f32; 16]) -> Pair {
        let values = values.as_ptr();
        // SAFETY: this token exists only where AVX does; the array is twice 32 readable bytes.
        unsafe { [_mm256_loadu_ps(values), _mm256_loadu_ps(values.add(8))] }
    }

    #[inline(always)]
    fn store(self, [low, high]: Pair, values: &mut [f32; 16]) {
        let values = values.as_mut_ptr();
        // SAFETY: this token exists only where AVX does; the array is twice 32 writable bytes.
        unsafe {
            _mm256_storeu_ps(values, low);
            _mm256_storeu_ps(values.add(8), high);
        }
    }

    #[inline(always)]
    fn add(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: this token exists only where AVX does.
        unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn sub(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: this token exists only where AVX does.
        unsafe { [_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn mul(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: this token exists only where AVX does.
        unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn div(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: this token exists only where AVX does.
        unsafe { [_mm256_div_ps(a[0], b[0]), _mm256_div_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn max(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: this token exists only where AVX does.
        unsafe { [_mm256_max_ps(a[0], b[0]), _mm256_max_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn min(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: this token exists only where AVX does.
        unsafe { [_mm256_min_ps(a[0], b[0]), _mm256_min_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn mul_add(self, a: Pair, b: Pair, c: Pair) -> Pair {
        // SAFETY: this token exists only where FMA does.
        unsafe { [_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])] }
    }

    #[inline(always)]
    fn neg_mul_add(self, a: Pair, b: Pair, c: Pair) -> Pair {
        // SAFETY: this token exists only where FMA does.
        unsafe { [_mm256_fnmadd_ps(a[0], b[0], c[0]), _mm256_fnmadd_ps(a[1], b[1], c[1])] }
    }

    #[inline(always)]
    fn max_pairs(self, a: Pair, b: Pair) -> Pair {
        [max_pairs(self, a), max_pairs(self, b)]
    }

    #[inline(always)]
    fn pow2(self, exponents: Pair) -> Pair {
        // SAFETY: this token exists only where AVX2 does.
        exponents.map(|exponents| unsafe {
            let biased = _mm256_add_epi32(_mm256_cvtps_epi32(exponents), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased))
        })
    }
}

#[inline(always)]
fn max_pairs(_: Avx2, [low, high]: Pair) -> __m256 {
    // SAFETY: the token exists only where AVX2 does.
    unsafe {
        // The shuffles take from both registers' halves in turn; the permutation sorts them.
        let even = _mm256_shuffle_ps::<0b10_00_10_00>(low, high);
        let odd = _mm256_shuffle_ps::<0b11_01_11_01>(low, high);
        let mixed = _mm256_castps_pd(_mm256_max_ps(even, odd));
        _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(mixed))
    }
}
