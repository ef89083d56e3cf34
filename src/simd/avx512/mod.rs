//! AVX-512 as Ice Lake, Zen 4 and their successors have it: sixteen lanes are one register.

mod interleave;

use super::isa::{store_interleaved, store_pixels};
use super::{Avx2, Isa, Kernel, Steps};
use core::arch::x86_64::*;

/// AVX-512 with the extensions F, BW, VL, DQ, VNNI and VBMI.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(());

impl Isa for Avx512 {
    const NAME: &'static str = "avx512";
    type Floats = Self;
    type Narrow = Avx2;
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
    fn floats(self) -> Self {
        self
    }

    #[inline(always)]
    fn narrow(self) -> Avx2 {
        // SAFETY: `detect` saw every feature of AVX2's before it made this token.
        unsafe { Avx2::assume() }
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
    fn splat_halves(self, low: f32, high: f32) -> __m512 {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_mask_blend_ps(0xFF00, _mm512_set1_ps(low), _mm512_set1_ps(high)) }
    }

    #[inline(always)]
    fn alternate(self, values: &[f32; 2]) -> __m512 {
        let both = f64::from_bits(bytemuck::cast(*values));
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_castpd_ps(_mm512_set1_pd(both)) }
    }

    #[inline(always)]
    fn store_alternate(self, vector: __m512, even: &mut [f32], odd: &mut [f32]) {
        // Narrow stores: a wide one that its mask keeps from the next cache line is slow all the same.
        // SAFETY: this token exists only where AVX-512F and VL do; the masks let only places of the two
        // slices be written.
        unsafe {
            let order = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
            let sorted = _mm512_castps_pd(_mm512_permutexvar_ps(order, vector));
            let evens = _mm256_castpd_ps(_mm512_castpd512_pd256(sorted));
            let odds = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(sorted));
            _mm256_mask_storeu_ps(even.as_mut_ptr(), mask(even.len()) as __mmask8, evens);
            _mm256_mask_storeu_ps(odd.as_mut_ptr(), mask(odd.len()) as __mmask8, odds);
        }
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

    type I32 = __m512i;
    type Quads = __m512i;
    type Inputs = __m512i;
    type Weights = __m512i;
    type Ahead = ();

    #[inline(always)]
    fn splat_i32(self, value: i32) -> __m512i {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_set1_epi32(value) }
    }

    #[inline(always)]
    fn load_i32(self, values: &[i32; 16]) -> __m512i {
        // SAFETY: this token exists only where AVX-512F does; the array is 64 readable bytes.
        unsafe { _mm512_loadu_si512(values.as_ptr().cast()) }
    }

    #[inline(always)]
    fn add_i32(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_add_epi32(a, b) }
    }

    #[inline(always)]
    fn max_i32(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_max_epi32(a, b) }
    }

    #[inline(always)]
    fn max_pairs_i32(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe {
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            let odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
            let (even, odd) =
                (_mm512_permutex2var_epi32(a, even, b), _mm512_permutex2var_epi32(a, odd, b));
            _mm512_max_epi32(even, odd)
        }
    }

    #[inline(always)]
    fn to_f32(self, values: __m512i) -> __m512 {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_cvtepi32_ps(values) }
    }

    #[inline(always)]
    fn load_quads(self, bytes: &[u8; 64]) -> __m512i {
        // SAFETY: this token exists only where AVX-512F does; the array is 64 readable bytes.
        unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
    }

    #[inline(always)]
    fn splat_quad(self, bytes: [u8; 4]) -> __m512i {
        // SAFETY: this token exists only where AVX-512F does.
        unsafe { _mm512_set1_epi32(i32::from_le_bytes(bytes)) }
    }

    #[inline(always)]
    fn splat_pair(self, bytes: [u8; 2]) -> __m512i {
        // SAFETY: this token exists only where AVX-512BW does.
        unsafe { _mm512_set1_epi16(i16::from_le_bytes(bytes)) }
    }

    #[inline(always)]
    fn widen(self, bytes: &[u8; 16]) -> __m512i {
        // SAFETY: this token exists only where AVX-512F does; the array is 16 readable bytes.
        unsafe { _mm512_cvtepu8_epi32(_mm_loadu_si128(bytes.as_ptr().cast())) }
    }

    #[inline(always)]
    fn slide(self, bytes: &[u8; 19]) -> __m512i {
        const PLACES: [u8; 64] = {
            let mut places = [0; 64];
            let mut at = 0;
            while at < 64 {
                places[at] = (at / 4 + at % 4) as u8;
                at += 1;
            }
            places
        };
        // SAFETY: this token exists only where AVX-512BW, VL and VBMI do; the mask lets only the 19
        // bytes be read.
        unsafe {
            let bytes = _mm256_maskz_loadu_epi8((1 << 19) - 1, bytes.as_ptr().cast());
            let places = _mm512_loadu_si512(PLACES.as_ptr().cast());
            _mm512_permutexvar_epi8(places, _mm512_castsi256_si512(bytes))
        }
    }

    /// The even and the odd ones.
    #[inline(always)]
    fn slide_pairs(self, bytes: &[u8; 40]) -> [__m512i; 2] {
        const PLACES: [[u8; 64]; 2] = {
            let mut places = [[0; 64]; 2];
            let mut at = 0;
            while at < 64 {
                places[0][at] = (at / 4 * 2 + at % 4) as u8;
                places[1][at] = places[0][at] + 1;
                at += 1;
            }
            places
        };
        // SAFETY: this token exists only where AVX-512BW and VBMI do; the mask lets only 35 of the 40 bytes be
        // read, and both tables are 64 readable bytes.
        unsafe {
            let bytes = _mm512_maskz_loadu_epi8((1 << 35) - 1, bytes.as_ptr().cast());
            [
                _mm512_permutexvar_epi8(_mm512_loadu_si512(PLACES[0].as_ptr().cast()), bytes),
                _mm512_permutexvar_epi8(_mm512_loadu_si512(PLACES[1].as_ptr().cast()), bytes),
            ]
        }
    }

    /// The even and the odd ones.
    #[inline(always)]
    fn slide_columns(self, rows: [&[u8; 32]; 4]) -> [__m512i; 2] {
        const PLACES: [[u8; 64]; 2] = {
            let mut places = [[0; 64]; 2];
            let mut at = 0;
            while at < 64 {
                places[0][at] = (at % 4 * 32 + at / 4 * 2) as u8;
                places[1][at] = places[0][at] + 1;
                at += 1;
            }
            places
        };
        // SAFETY: this token exists only where AVX-512F and VBMI do; each row is 32 readable bytes, each
        // table 64.
        unsafe {
            let upper = _mm512_inserti64x4::<1>(
                _mm512_castsi256_si512(_mm256_loadu_si256(rows[0].as_ptr().cast())),
                _mm256_loadu_si256(rows[1].as_ptr().cast()),
            );
            let lower = _mm512_inserti64x4::<1>(
                _mm512_castsi256_si512(_mm256_loadu_si256(rows[2].as_ptr().cast())),
                _mm256_loadu_si256(rows[3].as_ptr().cast()),
            );
            let even = _mm512_loadu_si512(PLACES[0].as_ptr().cast());
            let odd = _mm512_loadu_si512(PLACES[1].as_ptr().cast());
            [
                _mm512_permutex2var_epi8(upper, even, lower),
                _mm512_permutex2var_epi8(upper, odd, lower),
            ]
        }
    }

    #[inline(always)]
    fn max_slid(self, [even, odd]: [__m512i; 2]) -> __m512i {
        self.max_i32(even, odd)
    }

    #[inline(always)]
    fn spread_factor(self, factor: u32) -> __m512i {
        self.splat_i32(factor.cast_signed())
    }

    #[inline(always)]
    fn look_up(self, table: &[u8; 256], values: &mut [u8]) {
        let (parts, _) = table.as_chunks::<64>();
        // SAFETY: this token exists only where AVX-512F, BW and VBMI do; each part of the table is 64 bytes,
        // and no more bytes are read and written than there are values.
        unsafe {
            // (A closure would be compiled as a function of its own, without the instruction set.)
            let table = [
                _mm512_loadu_si512(parts[0].as_ptr().cast()),
                _mm512_loadu_si512(parts[1].as_ptr().cast()),
                _mm512_loadu_si512(parts[2].as_ptr().cast()),
                _mm512_loadu_si512(parts[3].as_ptr().cast()),
            ];
            for values in values.chunks_mut(64) {
                let mask = u64::MAX >> (64 - values.len());
                let at = _mm512_maskz_loadu_epi8(mask, values.as_ptr().cast());
                let low = _mm512_permutex2var_epi8(table[0], at, table[1]);
                let high = _mm512_permutex2var_epi8(table[2], at, table[3]);
                let found = _mm512_mask_blend_epi8(_mm512_movepi8_mask(at), low, high);
                _mm512_mask_storeu_epi8(values.as_mut_ptr().cast(), mask, found);
            }
        }
    }

    #[inline(always)]
    fn inputs(self, bytes: __m512i) -> __m512i {
        bytes
    }

    #[inline(always)]
    fn weights(self, bytes: __m512i, shift: u32, mask: u8, set: u8) -> __m512i {
        // SAFETY: this token exists only where AVX-512F and AVX-512BW do.
        unsafe {
            let shifted = _mm512_sll_epi32(bytes, _mm_cvtsi32_si128(shift as i32));
            let kept = _mm512_and_si512(shifted, _mm512_set1_epi8(mask as i8));
            _mm512_or_si512(kept, _mm512_set1_epi8(set as i8))
        }
    }

    #[inline(always)]
    fn dot(self, sums: __m512i, inputs: __m512i, weights: __m512i) -> __m512i {
        // SAFETY: this token exists only where AVX-512 VNNI does.
        unsafe { _mm512_dpbusd_epi32(sums, inputs, weights) }
    }

    #[inline(always)]
    fn store_steps(self, steps: __m512, range: Steps, values: &mut [u8; 16]) {
        // SAFETY: this token exists only where AVX-512F does; the array is 16 writable bytes.
        unsafe {
            let bytes = _mm512_cvtepi32_epi8(self.whole_steps(steps, range));
            _mm_storeu_si128(values.as_mut_ptr().cast(), bytes);
        }
    }

    #[inline(always)]
    fn store_pixels(
        self,
        steps: &[__m512],
        range: Steps,
        bytes: &mut [u8],
        [stride, places]: [usize; 2],
    ) {
        if stride != steps.len() || stride > 8 {
            return store_pixels(self, steps, range, bytes, [stride, places]);
        }
        self.interleave_bytes(steps, range, bytes, places);
    }

    #[inline(always)]
    fn store_interleaved<const COUNT: usize>(
        self,
        vectors: &[__m512; COUNT],
        values: &mut [f32],
        [stride, places]: [usize; 2],
    ) {
        if const { !COUNT.is_multiple_of(2) || COUNT > 8 } || stride != COUNT {
            return store_interleaved(self, vectors, values, [stride, places]);
        }
        self.interleave_floats(vectors, &mut values[..places * COUNT]);
    }

    #[inline(always)]
    fn store_steps_partial(self, steps: __m512, range: Steps, values: &mut [u8]) {
        let (whole, mask) = (self.whole_steps(steps, range), mask(values.len()));
        // SAFETY: this token exists only where AVX-512F does; the mask lets only bytes of the slice be
        // written.
        unsafe { _mm512_mask_cvtepi32_storeu_epi8(values.as_mut_ptr().cast(), mask, whole) }
    }

    #[inline(always)]
    fn load_i32_partial(self, values: &[i32]) -> __m512i {
        // SAFETY: this token exists only where AVX-512F does; the mask lets only lanes of the slice
        // be read.
        unsafe { _mm512_maskz_loadu_epi32(mask(values.len()), values.as_ptr()) }
    }
}

impl Avx512 {
    /// Steps as the whole numbers that are stored.
    #[inline(always)]
    fn whole_steps(self, steps: __m512, Steps { zero, low, high }: Steps) -> __m512i {
        let low = self.splat((i32::from(low) - i32::from(zero)) as f32);
        let high = self.splat((i32::from(high) - i32::from(zero)) as f32);
        let bounded = self.min(self.max(steps, low), high);
        // SAFETY: this token exists only where AVX-512F does.
        unsafe {
            const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
            let whole = _mm512_cvt_roundps_epi32::<NEAREST>(bounded);
            _mm512_add_epi32(whole, _mm512_set1_epi32(zero.into()))
        }
    }
}

/// The first `len` of sixteen lanes.
#[inline(always)]
fn mask(len: usize) -> __mmask16 {
    assert!(len <= 16, "{len} values in sixteen lanes");
    ((1_u32 << len) - 1) as __mmask16
}
