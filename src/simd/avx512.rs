//! AVX-512 as Ice Lake, Zen 4 and their successors have it: sixteen lanes are one register.

use super::{Isa, Kernel};
use core::arch::x86_64::*;

/// AVX-512 with the extensions F, BW, VL, DQ, VNNI and VBMI.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(());

impl Isa for Avx512 {
    const NAME: &'static str = "avx512";
    const VECTORS: usize = 32;
    const REGISTERS: usize = 1;
    type F32 = __m512;

    #[inline(always)]
    fn detect() -> Option<Self> {
        has!(is_x86_feature_detected:
            "avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512vnni", "avx512vbmi",
            "avx2", "fma", "bmi1", "bmi2", "popcnt")
        .then_some(Self(()))
    }

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self(())
    }

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(
            enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512vbmi,avx2,fma,bmi1,bmi2,popcnt"
        )]
        #[inline(never)]
        fn enter<K: Kernel>(isa: Avx512, kernel: K) -> K::Output {
            kernel.run(isa)
        }
        // SAFETY: `detect` saw every feature that `enter` enables before it made this token.
        unsafe { enter(self, kernel) }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    fn load(self, values: &[f32; 16]) -> __m512 {
        // SAFETY: this token exists only where AVX-512F does; the array is 64 readable bytes.
        unsafe { _mm512_loadu_ps(values.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, vector: __m512, values: &mut [f32; 16]) {
        // SAFETY: this token exists only where AVX-512F does; the array is 64 writable bytes.
        unsafe { _mm512_storeu_ps(values.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_div_ps(a, b) }
    }

    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_max_ps(a, b) }
    }

    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_min_ps(a, b) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn neg_mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_fnmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn max_pairs(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe {
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            let odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
            _mm512_max_ps(_mm512_permutex2var_ps(a, even, b), _mm512_permutex2var_ps(a, odd, b))
        }
    }

    #[inline(always)]
    fn pow2(self, exponents: __m512) -> __m512 {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_scalef_ps(_mm512_set1_ps(1.0), exponents) }
    }

    #[inline(always)]
    fn load_partial(self, values: &[f32]) -> __m512 {
        // SAFETY: this token exists only where AVX-512F does; the mask lets only lanes of the slice
        // be read.
        unsafe { _mm512_maskz_loadu_ps(mask(values.len()), values.as_ptr()) }
    }

    #[inline(always)]
    fn store_partial(self, vector: __m512, values: &mut [f32]) {
        // SAFETY: this token exists only where AVX-512F does; the mask lets only lanes of the slice
        // be written.
        unsafe { _mm512_mask_storeu_ps(values.as_mut_ptr(), mask(values.len()), vector) }
    }
}

/// The first `len` of sixteen lanes.
#[inline(always)]
fn mask(len: usize) -> __mmask16 {
    assert!(len <= 16, "{len} values in sixteen lanes");
    ((1_u32 << len) - 1) as __mmask16
}
