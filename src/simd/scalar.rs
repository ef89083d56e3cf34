//! No instruction set at all: sixteen lanes as an array, for every machine and as the reference.

use super::portable::portable_integers;
use super::{Isa, Kernel, Steps, portable};
use core::array::from_fn;

/// Plain Rust, on any machine.
#[derive(Clone, Copy, Debug)]
pub struct Scalar;

impl Isa for Scalar {
    const NAME: &'static str = "scalar";
    const VECTORS: usize = 16;
    const REGISTERS: usize = 4;
    type F32 = [f32; 16];

    #[inline(always)]
    fn detect() -> Option<Self> {
        Some(Self)
    }

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self
    }

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[inline(never)]
        fn enter<K: Kernel>(isa: Scalar, kernel: K) -> K::Output {
            kernel.run(isa)
        }
        enter(self, kernel)
    }

    #[inline(always)]
    fn splat(self, value: f32) -> [f32; 16] {
        [value; 16]
    }

    #[inline(always)]
    fn splat_halves(self, low: f32, high: f32) -> [f32; 16] {
        core::array::from_fn(|lane| if lane < 8 { low } else { high })
    }

    #[inline(always)]
    fn load(self, values: &[f32; 16]) -> [f32; 16] {
        *values
    }

    #[inline(always)]
    fn store(self, vector: [f32; 16], values: &mut [f32; 16]) {
        *values = vector;
    }

    #[inline(always)]
    fn add(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        from_fn(|lane| a[lane] + b[lane])
    }

    #[inline(always)]
    fn sub(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        from_fn(|lane| a[lane] - b[lane])
    }

    #[inline(always)]
    fn mul(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        from_fn(|lane| a[lane] * b[lane])
    }

    #[inline(always)]
    fn div(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        from_fn(|lane| a[lane] / b[lane])
    }

    #[inline(always)]
    fn max(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        from_fn(|lane| if a[lane] > b[lane] { a[lane] } else { b[lane] })
    }

    #[inline(always)]
    fn min(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        from_fn(|lane| if a[lane] < b[lane] { a[lane] } else { b[lane] })
    }

    #[inline(always)]
    fn mul_add(self, a: [f32; 16], b: [f32; 16], c: [f32; 16]) -> [f32; 16] {
        from_fn(|lane| a[lane] * b[lane] + c[lane])
    }

    #[inline(always)]
    fn max_pairs(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        from_fn(|lane| {
            let pairs = if lane < 8 { &a } else { &b };
            let [first, second] = [pairs[lane % 8 * 2], pairs[lane % 8 * 2 + 1]];
            if first > second { first } else { second }
        })
    }

    #[inline(always)]
    fn pow2(self, exponents: [f32; 16]) -> [f32; 16] {
        exponents.map(|exponent| f32::from_bits(((exponent as i32 + 127) as u32) << 23))
    }

    #[inline(always)]
    fn neg_mul_add(self, a: [f32; 16], b: [f32; 16], c: [f32; 16]) -> [f32; 16] {
        from_fn(|lane| c[lane] - a[lane] * b[lane])
    }

    portable_integers!();
}
