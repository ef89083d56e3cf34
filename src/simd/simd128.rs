//! WebAssembly's 128-bit vectors: sixteen lanes are four of them.

use super::portable::portable_integers;
use super::{Isa, Kernel, Steps, portable};
use core::arch::wasm32::*;

/// `simd128`, where the module is built with it: a WebAssembly module can't ask its engine.
#[derive(Clone, Copy, Debug)]
pub struct Simd128(());

/// Sixteen lanes.
type Quad = [v128; 4];

impl Isa for Simd128 {
    const NAME: &'static str = "simd128";
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
        let (quads, _) = values.as_chunks::<4>();
        [0, 1, 2, 3].map(|quad| {
            let [a, b, c, d] = quads[quad];
            f32x4(a, b, c, d)
        })
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

    portable_integers!();
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
