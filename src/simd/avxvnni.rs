//! AVX-VNNI: AVX2 with the products of bytes in one instruction, as Intel's cores since Alder Lake and
//! Zen 5 have it.

use super::avx2::{Integers, Pair, interleave, max_pairs, max_pairs_i32, ymm_part, ymm_vocabulary};
use super::isa::store_pixels;
use super::{Avx2, Isa, Kernel, Steps};
use core::arch::x86_64::*;

/// AVX2, FMA and AVX-VNNI.
#[derive(Clone, Copy, Debug)]
pub struct AvxVnni(());

impl Isa for AvxVnni {
    const NAME: &'static str = "avxvnni";
    const KEEPS: bool = true;
    type Floats = Avx2;
    type Narrow = Avx2;

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
    fn floats(self) -> Avx2 {
        // SAFETY: `detect` saw every feature of AVX2's before it made this token.
        unsafe { Avx2::assume() }
    }

    #[inline(always)]
    fn narrow(self) -> Avx2 {
        self.floats()
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
    type Ahead = ();

    #[inline(always)]
    fn inputs(self, bytes: Integers) -> Integers {
        bytes
    }

    #[inline(always)]
    fn weights(self, bytes: Integers, shift: u32, mask: u8, set: u8) -> Integers {
        self.part(bytes, shift, mask, set)
    }

    #[inline(always)]
    fn keep(self, inputs: Integers, bytes: &mut [u8; 64]) {
        let bytes: *mut __m256i = bytes.as_mut_ptr().cast();
        // SAFETY: this token exists only where AVX2 does; the array is twice 32 writable bytes.
        unsafe {
            _mm256_storeu_si256(bytes, inputs[0]);
            _mm256_storeu_si256(bytes.add(1), inputs[1]);
        }
    }

    #[inline(always)]
    fn kept(self, bytes: &[u8; 64]) -> Integers {
        let bytes: *const __m256i = bytes.as_ptr().cast();
        // SAFETY: this token exists only where AVX2 does; the array is twice 32 readable bytes.
        unsafe { [_mm256_loadu_si256(bytes), _mm256_loadu_si256(bytes.add(1))] }
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

    /// The even and the odd ones: in the halves of a register, as in those of its load, from places 0 and
    /// 16 on, in the other one from 8 and 24.
    #[inline(always)]
    fn slide_pairs(self, bytes: &[u8; 40]) -> [Integers; 2] {
        let bytes = bytes.as_ptr();
        // SAFETY: this token exists only where AVX2 does; each load is of 32 of the 40 bytes.
        unsafe {
            let (first, last) =
                (_mm256_loadu_si256(bytes.cast()), _mm256_loadu_si256(bytes.add(8).cast()));
            let even = _mm256_setr_epi8(
                0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7,
                6, 7, 8, 9,
            );
            let odd = _mm256_add_epi8(even, _mm256_set1_epi8(1));
            [
                [_mm256_shuffle_epi8(first, even), _mm256_shuffle_epi8(last, even)],
                [_mm256_shuffle_epi8(first, odd), _mm256_shuffle_epi8(last, odd)],
            ]
        }
    }

    #[inline(always)]
    fn slide_columns(self, rows: [&[u8; 32]; 4]) -> [Integers; 2] {
        // SAFETY: this token exists only where AVX2 does; each row is 32 readable bytes.
        unsafe {
            let a = _mm256_loadu_si256(rows[0].as_ptr().cast());
            let b = _mm256_loadu_si256(rows[1].as_ptr().cast());
            let c = _mm256_loadu_si256(rows[2].as_ptr().cast());
            let d = _mm256_loadu_si256(rows[3].as_ptr().cast());
            // Even and odd bytes of rows 0 and 2, and of rows 1 and 3.
            let first = mix([_mm256_unpacklo_epi16(a, c), _mm256_unpacklo_epi16(b, d)]);
            let last = mix([_mm256_unpackhi_epi16(a, c), _mm256_unpackhi_epi16(b, d)]);
            [[first[0], last[0]], [first[1], last[1]]]
        }
    }

    #[inline(always)]
    fn max_slid(self, [even, odd]: [Integers; 2]) -> Integers {
        let [first, last] = self.max_i32(even, odd);
        // SAFETY: this token exists only where AVX2 does.
        unsafe {
            [
                _mm256_permute2x128_si256::<0x20>(first, last),
                _mm256_permute2x128_si256::<0x31>(first, last),
            ]
        }
    }

    ymm_vocabulary!();
}

ymm_part!(AvxVnni);

/// Of the even and odd bytes of two pairs of rows the even ones of all four, and the odd ones.
///
/// # Safety
/// The machine has AVX2.
#[inline(always)]
unsafe fn mix([a, b]: [__m256i; 2]) -> [__m256i; 2] {
    // SAFETY: as the caller says.
    unsafe {
        let (low, high) = (_mm256_set1_epi16(0x00FF), _mm256_set1_epi16(0xFF00_u16 as i16));
        [
            _mm256_or_si256(_mm256_and_si256(a, low), _mm256_slli_epi16::<8>(b)),
            _mm256_or_si256(_mm256_srli_epi16::<8>(a), _mm256_and_si256(b, high)),
        ]
    }
}
