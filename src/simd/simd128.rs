//! WebAssembly's 128-bit vectors: sixteen lanes are four of them.

use super::{Isa, Kernel, Steps};
use core::arch::wasm32::*;

/// `simd128`, where the module is built with it: a WebAssembly module can't ask its engine.
#[derive(Clone, Copy, Debug)]
pub struct Simd128(());

/// Sixteen lanes.
type Quad = [v128; 4];

impl Isa for Simd128 {
    const NAME: &'static str = "simd128";
    type Floats = Self;
    type Narrow = Self;
    const VECTORS: usize = 16;
    const REGISTERS: usize = 4;
    type F32 = Quad;

    #[inline(always)]
    fn detect() -> Option<Self> {
        Some(Self(()))
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
        #[inline(never)]
        fn enter<K: Kernel>(isa: Simd128, kernel: K) -> K::Output {
            kernel.run(isa)
        }
        enter(self, kernel)
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Quad {
        [f32x4_splat(value); 4]
    }

    #[inline(always)]
    fn splat_halves(self, low: f32, high: f32) -> Quad {
        let [low, high] = [f32x4_splat(low), f32x4_splat(high)];
        [low, low, high, high]
    }

    #[inline(always)]
    fn load(self, values: &[f32; 16]) -> Quad {
        self.load_quads(bytemuck::cast_ref(values))
    }

    #[inline(always)]
    fn store(self, vector: Quad, values: &mut [f32; 16]) {
        let (quads, _) = values.as_chunks_mut::<4>();
        for (quad, vector) in quads.iter_mut().zip(vector) {
            // SAFETY: the array is 16 writable bytes; `v128_store` has no demands on alignment.
            unsafe { v128_store(quad.as_mut_ptr().cast(), vector) };
        }
    }

    #[inline(always)]
    fn add(self, a: Quad, b: Quad) -> Quad {
        each(a, b, |a, b| f32x4_add(a, b))
    }

    #[inline(always)]
    fn sub(self, a: Quad, b: Quad) -> Quad {
        each(a, b, |a, b| f32x4_sub(a, b))
    }

    #[inline(always)]
    fn mul(self, a: Quad, b: Quad) -> Quad {
        each(a, b, |a, b| f32x4_mul(a, b))
    }

    #[inline(always)]
    fn div(self, a: Quad, b: Quad) -> Quad {
        each(a, b, |a, b| f32x4_div(a, b))
    }

    #[inline(always)]
    fn max(self, a: Quad, b: Quad) -> Quad {
        // `pmax(b, a)` is `b < a ? a : b`.
        each(a, b, |a, b| f32x4_pmax(b, a))
    }

    #[inline(always)]
    fn min(self, a: Quad, b: Quad) -> Quad {
        // `pmin(b, a)` is `a < b ? a : b`.
        each(a, b, |a, b| f32x4_pmin(b, a))
    }

    #[inline(always)]
    fn mul_add(self, a: Quad, b: Quad, c: Quad) -> Quad {
        self.add(self.mul(a, b), c)
    }

    #[inline(always)]
    fn neg_mul_add(self, a: Quad, b: Quad, c: Quad) -> Quad {
        self.sub(c, self.mul(a, b))
    }

    #[inline(always)]
    fn max_pairs(self, a: Quad, b: Quad) -> Quad {
        [pairs(a[0], a[1]), pairs(a[2], a[3]), pairs(b[0], b[1]), pairs(b[2], b[3])]
    }

    #[inline(always)]
    fn pow2(self, exponents: Quad) -> Quad {
        exponents.map(|exponents| {
            let biased = i32x4_add(i32x4_trunc_sat_f32x4(exponents), i32x4_splat(127));
            i32x4_shl(biased, 23)
        })
    }

    type I32 = Quad;
    type Quads = Quad;
    /// The even and the odd bytes as 16-bit numbers.
    type Inputs = [Quad; 2];
    /// The even and the odd bytes as 16-bit numbers.
    type Weights = [Quad; 2];
    type Ahead = ();

    #[inline(always)]
    fn splat_i32(self, value: i32) -> Quad {
        [i32x4_splat(value); 4]
    }

    #[inline(always)]
    fn load_i32(self, values: &[i32; 16]) -> Quad {
        self.load_quads(bytemuck::cast_ref(values))
    }

    #[inline(always)]
    fn add_i32(self, a: Quad, b: Quad) -> Quad {
        each(a, b, |a, b| i32x4_add(a, b))
    }

    #[inline(always)]
    fn max_i32(self, a: Quad, b: Quad) -> Quad {
        each(a, b, |a, b| i32x4_max(a, b))
    }

    #[inline(always)]
    fn max_pairs_i32(self, a: Quad, b: Quad) -> Quad {
        let pairs =
            |a, b| i32x4_max(i32x4_shuffle::<0, 2, 4, 6>(a, b), i32x4_shuffle::<1, 3, 5, 7>(a, b));
        [pairs(a[0], a[1]), pairs(a[2], a[3]), pairs(b[0], b[1]), pairs(b[2], b[3])]
    }

    #[inline(always)]
    fn to_f32(self, values: Quad) -> Quad {
        values.map(|values| f32x4_convert_i32x4(values))
    }

    #[inline(always)]
    fn load_quads(self, bytes: &[u8; 64]) -> Quad {
        [load(bytes, 0), load(bytes, 16), load(bytes, 32), load(bytes, 48)]
    }

    #[inline(always)]
    fn splat_quad(self, bytes: [u8; 4]) -> Quad {
        self.splat_i32(i32::from_le_bytes(bytes))
    }

    #[inline(always)]
    fn splat_pair(self, bytes: [u8; 2]) -> Quad {
        [i16x8_splat(i16::from_le_bytes(bytes)); 4]
    }

    #[inline(always)]
    fn widen(self, bytes: &[u8; 16]) -> Quad {
        let bytes = load(bytes, 0);
        let (low, high) = (u16x8_extend_low_u8x16(bytes), u16x8_extend_high_u8x16(bytes));
        [
            u32x4_extend_low_u16x8(low),
            u32x4_extend_high_u16x8(low),
            u32x4_extend_low_u16x8(high),
            u32x4_extend_high_u16x8(high),
        ]
    }

    #[inline(always)]
    fn slide(self, bytes: &[u8; 19]) -> Quad {
        let (first, last) = (load(bytes, 0), load(bytes, 3));
        // The last four lanes are bytes 12 to 18, 9 to 15 of the last 16.
        [
            i8x16_shuffle::<0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6>(first, first),
            i8x16_shuffle::<4, 5, 6, 7, 5, 6, 7, 8, 6, 7, 8, 9, 7, 8, 9, 10>(first, first),
            i8x16_shuffle::<8, 9, 10, 11, 9, 10, 11, 12, 10, 11, 12, 13, 11, 12, 13, 14>(
                first, first,
            ),
            i8x16_shuffle::<9, 10, 11, 12, 10, 11, 12, 13, 11, 12, 13, 14, 12, 13, 14, 15>(
                last, last,
            ),
        ]
    }

    #[inline(always)]
    fn slide_columns(self, rows: [&[u8; 32]; 4]) -> [Quad; 2] {
        [0, 16].map(|at| {
            let [a, b, c, d] = rows.map(|row| load(row, at));
            let pairs = |a, b| {
                [
                    i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(a, b),
                    i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(
                        a, b,
                    ),
                ]
            };
            let ([a, c], [b, d]) = (pairs(a, b), pairs(c, d));
            [
                i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(a, b),
                i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(a, b),
                i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(c, d),
                i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(c, d),
            ]
        })
    }

    #[inline(always)]
    fn inputs(self, bytes: Quad) -> [Quad; 2] {
        let even = bytes.map(|bytes| v128_and(bytes, u16x8_splat(0xFF)));
        [even, bytes.map(|bytes| u16x8_shr(bytes, 8))]
    }

    #[inline(always)]
    fn weights(self, bytes: Quad, shift: u32, mask: u8, set: u8) -> [Quad; 2] {
        let bytes = bytes.map(|bytes| {
            let kept = v128_and(i32x4_shl(bytes, shift), u8x16_splat(mask));
            v128_or(kept, u8x16_splat(set))
        });
        let even = bytes.map(|bytes| i16x8_shr(i16x8_shl(bytes, 8), 8));
        [even, bytes.map(|bytes| i16x8_shr(bytes, 8))]
    }

    #[inline(always)]
    fn dot(self, sums: Quad, [even, odd]: [Quad; 2], weights: [Quad; 2]) -> Quad {
        let even = each(even, weights[0], |a, b| i32x4_dot_i16x8(a, b));
        let odd = each(odd, weights[1], |a, b| i32x4_dot_i16x8(a, b));
        self.add_i32(sums, self.add_i32(even, odd))
    }

    #[inline(always)]
    fn store_steps(self, steps: Quad, Steps { zero, low, high }: Steps, values: &mut [u8; 16]) {
        // Rounded half to even. What saturates is beyond the bounds, whatever the zero point is.
        let [a, b, c, d] = steps.map(|steps| i32x4_trunc_sat_f32x4(f32x4_nearest(steps)));
        let zero = i16x8_splat(zero.into());
        let first = i16x8_add_sat(i16x8_narrow_i32x4(a, b), zero);
        let last = i16x8_add_sat(i16x8_narrow_i32x4(c, d), zero);
        let bytes = u8x16_narrow_i16x8(first, last);
        let bounded = u8x16_min(u8x16_max(bytes, u8x16_splat(low)), u8x16_splat(high));
        // SAFETY: the array is 16 writable bytes; `v128_store` has no demands on alignment.
        unsafe { v128_store(values.as_mut_ptr().cast(), bounded) };
    }
}

/// Sixteen bytes from a place on.
#[inline(always)]
fn load(bytes: &[u8], at: usize) -> v128 {
    let bytes: &[u8; 16] = bytes[at..].first_chunk().expect("a vector of bytes");
    // SAFETY: the array is 16 readable bytes; `v128_load` has no demands on alignment.
    unsafe { v128_load(bytes.as_ptr().cast()) }
}

#[inline(always)]
fn pairs(a: v128, b: v128) -> v128 {
    let even = i32x4_shuffle::<0, 2, 4, 6>(a, b);
    let odd = i32x4_shuffle::<1, 3, 5, 7>(a, b);
    f32x4_pmax(odd, even)
}

#[inline(always)]
fn each(a: Quad, b: Quad, f: impl Fn(v128, v128) -> v128) -> Quad {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}
