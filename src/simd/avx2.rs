//! AVX2 with FMA: sixteen lanes are two registers.

use super::isa::store_pixels;
use super::{Isa, Kernel, Steps};
use core::arch::asm;
use core::arch::x86_64::*;

/// AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

/// Sixteen lanes.
pub(super) type Pair = [__m256; 2];
/// Sixteen lanes of integers.
pub(super) type Integers = [__m256i; 2];

/// What a token says whose machine has at least AVX2 and FMA: all of an [`Isa`] but its name, the way
/// to it, and how it multiplies bytes.
macro_rules! ymm_vocabulary {
    () => {
        const VECTORS: usize = 16;
        const REGISTERS: usize = 2;
        type F32 = Pair;

        #[inline(always)]
        fn splat(self, value: f32) -> Pair {
            // SAFETY: this token exists only where AVX does.
            unsafe { [_mm256_set1_ps(value); 2] }
        }

        #[inline(always)]
        fn splat_halves(self, low: f32, high: f32) -> Pair {
            // SAFETY: this token exists only where AVX does.
            unsafe { [_mm256_set1_ps(low), _mm256_set1_ps(high)] }
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

        // By turns, an order that compilers keep so far: on Zen 3 a tile takes a quarter longer where both
        // stores follow both maxima.
        #[inline(always)]
        fn store_max(self, a: Pair, b: Pair, values: &mut [f32; 16]) {
            let values = values.as_mut_ptr();
            // SAFETY: this token exists only where AVX does; the array is twice 32 writable bytes.
            unsafe {
                _mm256_storeu_ps(values, _mm256_max_ps(a[0], b[0]));
                _mm256_storeu_ps(values.add(8), _mm256_max_ps(a[1], b[1]));
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
            // SAFETY: this token exists only where AVX2 does.
            unsafe { [max_pairs(a), max_pairs(b)] }
        }

        #[inline(always)]
        fn pow2(self, exponents: Pair) -> Pair {
            // SAFETY: this token exists only where AVX2 does.
            unsafe {
                let bias = _mm256_set1_epi32(127);
                let low = _mm256_add_epi32(_mm256_cvtps_epi32(exponents[0]), bias);
                let high = _mm256_add_epi32(_mm256_cvtps_epi32(exponents[1]), bias);
                [
                    _mm256_castsi256_ps(_mm256_slli_epi32::<23>(low)),
                    _mm256_castsi256_ps(_mm256_slli_epi32::<23>(high)),
                ]
            }
        }

        type I32 = Integers;
        type Quads = Integers;

        #[inline(always)]
        fn splat_i32(self, value: i32) -> Integers {
            // SAFETY: this token exists only where AVX does.
            unsafe { [_mm256_set1_epi32(value); 2] }
        }

        #[inline(always)]
        fn load_i32(self, values: &[i32; 16]) -> Integers {
            let values = values.as_ptr();
            // SAFETY: this token exists only where AVX does; the array is twice 32 readable bytes.
            unsafe { [_mm256_loadu_si256(values.cast()), _mm256_loadu_si256(values.add(8).cast())] }
        }

        #[inline(always)]
        fn add_i32(self, a: Integers, b: Integers) -> Integers {
            // SAFETY: this token exists only where AVX2 does.
            unsafe { [_mm256_add_epi32(a[0], b[0]), _mm256_add_epi32(a[1], b[1])] }
        }

        #[inline(always)]
        fn max_i32(self, a: Integers, b: Integers) -> Integers {
            // SAFETY: this token exists only where AVX2 does.
            unsafe { [_mm256_max_epi32(a[0], b[0]), _mm256_max_epi32(a[1], b[1])] }
        }

        #[inline(always)]
        fn max_pairs_i32(self, a: Integers, b: Integers) -> Integers {
            // SAFETY: this token exists only where AVX2 does.
            unsafe { [max_pairs_i32(a), max_pairs_i32(b)] }
        }

        #[inline(always)]
        fn to_f32(self, [low, high]: Integers) -> Pair {
            // SAFETY: this token exists only where AVX does.
            unsafe { [_mm256_cvtepi32_ps(low), _mm256_cvtepi32_ps(high)] }
        }

        #[inline(always)]
        fn load_quads(self, bytes: &[u8; 64]) -> Integers {
            let bytes = bytes.as_ptr();
            // SAFETY: this token exists only where AVX does; the array is twice 32 readable bytes.
            unsafe { [_mm256_loadu_si256(bytes.cast()), _mm256_loadu_si256(bytes.add(32).cast())] }
        }

        #[inline(always)]
        fn splat_quad(self, bytes: [u8; 4]) -> Integers {
            self.splat_i32(i32::from_le_bytes(bytes))
        }

        #[inline(always)]
        fn splat_pair(self, bytes: [u8; 2]) -> Integers {
            // SAFETY: this token exists only where AVX does.
            unsafe { [_mm256_set1_epi16(i16::from_le_bytes(bytes)); 2] }
        }

        #[inline(always)]
        fn widen(self, bytes: &[u8; 16]) -> Integers {
            // SAFETY: this token exists only where AVX2 does; the array is 16 readable bytes.
            unsafe {
                let bytes = _mm_loadu_si128(bytes.as_ptr().cast());
                [_mm256_cvtepu8_epi32(bytes), _mm256_cvtepu8_epi32(_mm_srli_si128::<8>(bytes))]
            }
        }

        #[inline(always)]
        fn slide(self, bytes: &[u8; 19]) -> Integers {
            let bytes = bytes.as_ptr();
            // SAFETY: this token exists only where AVX2 does; both loads are of 16 of the 19 bytes.
            unsafe {
                let (first, last) =
                    (_mm_loadu_si128(bytes.cast()), _mm_loadu_si128(bytes.add(3).cast()));
                let places = _mm256_setr_epi8(
                    0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6, 4, 5, 6, 7, 5, 6, 7, 8, 6, 7,
                    8, 9, 7, 8, 9, 10,
                );
                // The upper four lanes of the second register are bytes 12 to 18, 9 to 15 of the last 16.
                let high =
                    _mm256_add_epi8(places, _mm256_set_m128i(_mm_set1_epi8(5), _mm_set1_epi8(8)));
                [
                    _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(first), places),
                    _mm256_shuffle_epi8(_mm256_set_m128i(last, first), high),
                ]
            }
        }

        #[inline(always)]
        fn store_steps(self, steps: Pair, range: Steps, values: &mut [u8; 16]) {
            let bytes = self.step_bytes(steps, range);
            // SAFETY: this token exists only where AVX does; the array is 16 writable bytes.
            unsafe { _mm_storeu_si128(values.as_mut_ptr().cast(), bytes) }
        }

        #[inline(always)]
        fn store_pixels(
            self,
            steps: &[Pair],
            range: Steps,
            bytes: &mut [u8],
            [stride, places]: [usize; 2],
        ) {
            if stride != steps.len() || stride > 8 {
                return store_pixels(self, steps, range, bytes, [stride, places]);
            }
            // SAFETY: this token exists only where AVX2 does.
            unsafe {
                let mut channels = [_mm_setzero_si128(); 8];
                for (channel, &steps) in channels.iter_mut().zip(steps) {
                    *channel = self.step_bytes(steps, range);
                }
                interleave(&channels, stride, places, bytes);
            }
        }
    };
}
pub(super) use ymm_vocabulary;

/// The bits of packed weights, before they are factors.
macro_rules! ymm_part {
    ($Isa:ident) => {
        impl $Isa {
            /// Shifts every lane to the left, then keeps the bits of `mask` in each byte and sets those
            /// of `set`.
            #[inline(always)]
            fn part(self, bytes: Integers, shift: u32, mask: u8, set: u8) -> Integers {
                // SAFETY: this token exists only where AVX2 does.
                unsafe {
                    let shift = _mm_cvtsi32_si128(shift as i32);
                    let (mask, set) = (_mm256_set1_epi8(mask as i8), _mm256_set1_epi8(set as i8));
                    let low = _mm256_and_si256(_mm256_sll_epi32(bytes[0], shift), mask);
                    let high = _mm256_and_si256(_mm256_sll_epi32(bytes[1], shift), mask);
                    [_mm256_or_si256(low, set), _mm256_or_si256(high, set)]
                }
            }

            /// Steps as the bytes that are stored.
            #[inline(always)]
            fn step_bytes(self, steps: Pair, Steps { zero, low, high }: Steps) -> __m128i {
                let low = self.splat((i32::from(low) - i32::from(zero)) as f32);
                let high = self.splat((i32::from(high) - i32::from(zero)) as f32);
                let bounded = self.min(self.max(steps, low), high);
                // SAFETY: this token exists only where AVX2 does.
                unsafe {
                    // As Rust has it, the rounding mode is to the nearest, half to even.
                    let shift = _mm256_set1_epi32(zero.into());
                    let a = _mm256_add_epi32(_mm256_cvtps_epi32(bounded[0]), shift);
                    let b = _mm256_add_epi32(_mm256_cvtps_epi32(bounded[1]), shift);
                    // Packing takes halves of both registers in turn; the permutation sorts them.
                    let words =
                        _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(a, b));
                    let high = _mm256_extracti128_si256::<1>(words);
                    _mm_packus_epi16(_mm256_castsi256_si128(words), high)
                }
            }
        }
    };
}
pub(super) use ymm_part;

impl Isa for Avx2 {
    const NAME: &'static str = "avx2";
    type Floats = Self;
    type Narrow = Self;

    #[inline(always)]
    fn detect() -> Option<Self> {
        has!(is_x86_feature_detected: "avx2", "fma", "bmi1", "bmi2", "popcnt").then_some(Self(()))
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
    fn narrow(self) -> Self {
        self
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

    /// The even and the odd bytes as 16-bit numbers: their products can't overflow, whereas those of
    /// `vpmaddubsw` are saturated.
    type Inputs = [Integers; 2];
    /// The even and the odd bytes as 16-bit numbers.
    type Weights = [Integers; 2];
    type Ahead = ();

    #[inline(always)]
    fn inputs(self, [low, high]: Integers) -> [Integers; 2] {
        // SAFETY: this token exists only where AVX2 does.
        unsafe {
            let even = _mm256_set1_epi16(0xFF);
            [
                [_mm256_and_si256(low, even), _mm256_and_si256(high, even)],
                [_mm256_srli_epi16::<8>(low), _mm256_srli_epi16::<8>(high)],
            ]
        }
    }

    #[inline(always)]
    fn weights(self, bytes: Integers, shift: u32, mask: u8, set: u8) -> [Integers; 2] {
        let [low, high] = self.part(bytes, shift, mask, set);
        // SAFETY: this token exists only where AVX2 does.
        unsafe {
            let even = [_mm256_slli_epi16::<8>(low), _mm256_slli_epi16::<8>(high)];
            [
                [_mm256_srai_epi16::<8>(even[0]), _mm256_srai_epi16::<8>(even[1])],
                [_mm256_srai_epi16::<8>(low), _mm256_srai_epi16::<8>(high)],
            ]
        }
    }

    #[inline(always)]
    fn dot(self, sums: Integers, inputs: [Integers; 2], weights: [Integers; 2]) -> Integers {
        let ([a, b], [c, d]) = (inputs, weights);
        // SAFETY: this token exists only where AVX2 does.
        let [even, odd] = unsafe {
            [
                [_mm256_madd_epi16(a[0], c[0]), _mm256_madd_epi16(a[1], c[1])],
                [_mm256_madd_epi16(b[0], d[0]), _mm256_madd_epi16(b[1], d[1])],
            ]
        };
        self.add_i32(self.add_i32(sums, even), odd)
    }

    const WORDS: bool = true;

    #[inline(always)]
    fn dot_words(self, sums: Integers, a: Integers, b: Integers) -> Integers {
        // SAFETY: this token exists only where AVX2 does.
        unsafe { dot_words(sums, a, b) }
    }

    #[inline(always)]
    fn factors(self, bytes: Integers, shift: u32, mask: u8, set: u8) -> Integers {
        self.part(bytes, shift, mask, set)
    }

    #[inline(always)]
    fn dot_nibbles(self, sums: Integers, inputs: Integers, weights: Integers) -> Integers {
        // SAFETY: this token exists only where AVX2 does.
        unsafe {
            // With inputs that small, nothing is saturated.
            [
                _mm256_add_epi16(sums[0], _mm256_maddubs_epi16(inputs[0], weights[0])),
                _mm256_add_epi16(sums[1], _mm256_maddubs_epi16(inputs[1], weights[1])),
            ]
        }
    }

    #[inline(always)]
    fn add_nibbles(self, sums: Integers, [low, high]: [Integers; 2]) -> Integers {
        // SAFETY: this token exists only where AVX2 does.
        let [one, sixteen] = unsafe { [_mm256_set1_epi16(1), _mm256_set1_epi16(16)] };
        let sums = self.dot_words(sums, low, [one; 2]);
        self.dot_words(sums, high, [sixteen; 2])
    }

    /// The even and the odd ones.
    #[inline(always)]
    fn max_slid(self, [even, odd]: [Integers; 2]) -> Integers {
        self.max_i32(even, odd)
    }

    #[inline(always)]
    fn pair_words(self, a: Integers, b: Integers) -> [Integers; 2] {
        // SAFETY: this token exists only where AVX2 does.
        unsafe {
            [
                [
                    _mm256_blend_epi16::<0xAA>(a[0], _mm256_slli_epi32::<16>(b[0])),
                    _mm256_blend_epi16::<0xAA>(a[1], _mm256_slli_epi32::<16>(b[1])),
                ],
                [
                    _mm256_blend_epi16::<0xAA>(_mm256_srli_epi32::<16>(a[0]), b[0]),
                    _mm256_blend_epi16::<0xAA>(_mm256_srli_epi32::<16>(a[1]), b[1]),
                ],
            ]
        }
    }

    ymm_vocabulary!();
}

ymm_part!(Avx2);

/// Adds to each lane the two products of its 16-bit numbers. (Not by intrinsics: the compiler would add
/// products to each other first, begin many steps at once and run out of registers.)
#[target_feature(enable = "avx2")]
#[inline]
fn dot_words([mut low, mut high]: Integers, a: Integers, b: Integers) -> Integers {
    // SAFETY: it reads and writes these registers only, by instructions that this function enables.
    unsafe {
        asm!(
            "vpmaddwd {product}, {a}, {c}",
            "vpaddd {low}, {low}, {product}",
            "vpmaddwd {product}, {b}, {d}",
            "vpaddd {high}, {high}, {product}",
            low = inout(ymm_reg) low,
            high = inout(ymm_reg) high,
            a = in(ymm_reg) a[0],
            b = in(ymm_reg) a[1],
            c = in(ymm_reg) b[0],
            d = in(ymm_reg) b[1],
            product = out(ymm_reg) _,
            options(nomem, nostack, preserves_flags),
        );
    }
    [low, high]
}

/// # Safety
/// The machine has AVX2.
#[inline(always)]
pub(super) unsafe fn max_pairs([low, high]: Pair) -> __m256 {
    // SAFETY: as the caller says.
    unsafe {
        // The shuffles take from both registers' halves in turn; the permutation sorts them.
        let even = _mm256_shuffle_ps::<0b10_00_10_00>(low, high);
        let odd = _mm256_shuffle_ps::<0b11_01_11_01>(low, high);
        let mixed = _mm256_castps_pd(_mm256_max_ps(even, odd));
        _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(mixed))
    }
}

/// # Safety
/// The machine has AVX2.
#[inline(always)]
pub(super) unsafe fn max_pairs_i32([low, high]: Integers) -> __m256i {
    // SAFETY: as the caller says.
    unsafe {
        let (low, high) = (_mm256_castsi256_ps(low), _mm256_castsi256_ps(high));
        let even = _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(low, high));
        let odd = _mm256_castps_si256(_mm256_shuffle_ps::<0b11_01_11_01>(low, high));
        _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_max_epi32(even, odd))
    }
}

/// Stores the bytes of some channels pixel by pixel. Behind the last pixel bytes of the slice may be
/// overwritten.
///
/// # Safety
/// The machine has AVX2.
#[inline(always)]
pub(super) unsafe fn interleave(
    channels: &[__m128i; 8],
    stride: usize,
    places: usize,
    bytes: &mut [u8],
) {
    // SAFETY: as the caller says; tables, and arrays and slices of 32 bytes, are twice 16 bytes.
    unsafe {
        // Four channels of four pixels each.
        let low = quads(channels[0], channels[1], channels[2], channels[3]);
        let high = quads(channels[4], channels[5], channels[6], channels[7]);
        for (group, (low, high)) in low.into_iter().zip(high).enumerate() {
            let from = 4 * group * stride;
            if from >= places * stride {
                break;
            }
            let mut pixels = [_mm_setzero_si128(); 2];
            for (half, pixels) in pixels.iter_mut().enumerate() {
                let [first, last] = &INTERLEAVED[stride][half];
                *pixels = _mm_or_si128(
                    _mm_shuffle_epi8(low, _mm_loadu_si128(first.as_ptr().cast())),
                    _mm_shuffle_epi8(high, _mm_loadu_si128(last.as_ptr().cast())),
                );
            }
            let rest = &mut bytes[from..];
            let mut end = [0; 32];
            let len = rest.len();
            let place: &mut [u8] = if len >= 32 { rest } else { &mut end };
            _mm_storeu_si128(place.as_mut_ptr().cast(), pixels[0]);
            _mm_storeu_si128(place.as_mut_ptr().add(16).cast(), pixels[1]);
            if len < 32 {
                bytes[from..].copy_from_slice(&end[..len]);
            }
        }
    }
}

/// The bytes of four channels as lanes.
///
/// # Safety
/// The machine has AVX2.
#[inline(always)]
unsafe fn quads(a: __m128i, b: __m128i, c: __m128i, d: __m128i) -> [__m128i; 4] {
    // SAFETY: as the caller says.
    unsafe {
        let upper = [_mm_unpacklo_epi8(a, b), _mm_unpackhi_epi8(a, b)];
        let lower = [_mm_unpacklo_epi8(c, d), _mm_unpackhi_epi8(c, d)];
        [
            _mm_unpacklo_epi16(upper[0], lower[0]),
            _mm_unpackhi_epi16(upper[0], lower[0]),
            _mm_unpacklo_epi16(upper[1], lower[1]),
            _mm_unpackhi_epi16(upper[1], lower[1]),
        ]
    }
}

/// For so many channels, the places of two vectors of bytes of four pixels: in a register of the first
/// four channels, and in one of the others. A place of 0x80 is none.
static INTERLEAVED: [[[[u8; 16]; 2]; 2]; 9] = {
    let mut tables = [[[[0x80; 16]; 2]; 2]; 9];
    let mut channels = 1;
    while channels < 9 {
        let mut at = 0;
        while at < 4 * channels {
            let (pixel, channel) = (at / channels, at % channels);
            tables[channels][at / 16][channel / 4][at % 16] = (pixel * 4 + channel % 4) as u8;
            at += 1;
        }
        channels += 1;
    }
    tables
};
