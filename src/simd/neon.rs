//! NEON: sixteen lanes are four registers.

use super::portable::portable_integers;
use super::{Isa, Kernel, Steps, portable};
use core::arch::aarch64::*;

/// NEON, as every 64-bit ARM processor has it.
#[derive(Clone, Copy, Debug)]
pub struct Neon(());

/// Sixteen lanes.
type Quad = [float32x4_t; 4];

impl Isa for Neon {
    const NAME: &'static str = "neon";
    const VECTORS: usize = 32;
    const REGISTERS: usize = 4;
    type F32 = Quad;

    #[inline(always)]
    fn detect() -> Option<Self> {
        has!(is_aarch64_feature_detected: "neon").then_some(Self(()))
    }

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self(())
    }

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "neon")]
        #[inline(never)]
        fn enter<K: Kernel>(isa: Neon, kernel: K) -> K::Output {
            kernel.run(isa)
        }
        // SAFETY: `detect` saw NEON before it made this token.
        unsafe { enter(self, kernel) }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Quad {
        // SAFETY: this token exists only where NEON does.
        unsafe { [vdupq_n_f32(value); 4] }
    }

    #[inline(always)]
    fn splat_halves(self, low: f32, high: f32) -> Quad {
        // SAFETY: this token exists only where NEON does.
        let [low, high] = unsafe { [vdupq_n_f32(low), vdupq_n_f32(high)] };
        [low, low, high, high]
    }

    #[inline(always)]
    fn load(self, values: &[f32; 16]) -> Quad {
        let values = values.as_ptr();
        // SAFETY: this token exists only where NEON does; the array is four times 16 readable bytes.
        unsafe {
            [
                vld1q_f32(values),
                vld1q_f32(values.add(4)),
                vld1q_f32(values.add(8)),
                vld1q_f32(values.add(12)),
            ]
        }
    }

    #[inline(always)]
    fn store(self, vector: Quad, values: &mut [f32; 16]) {
        let values = values.as_mut_ptr();
        // SAFETY: this token exists only where NEON does; the array is four times 16 writable bytes.
        unsafe {
            vst1q_f32(values, vector[0]);
            vst1q_f32(values.add(4), vector[1]);
            vst1q_f32(values.add(8), vector[2]);
            vst1q_f32(values.add(12), vector[3]);
        }
    }

    #[inline(always)]
    fn add(self, a: Quad, b: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        each(a, b, |a, b| unsafe { vaddq_f32(a, b) })
    }

    #[inline(always)]
    fn sub(self, a: Quad, b: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        each(a, b, |a, b| unsafe { vsubq_f32(a, b) })
    }

    #[inline(always)]
    fn mul(self, a: Quad, b: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        each(a, b, |a, b| unsafe { vmulq_f32(a, b) })
    }

    #[inline(always)]
    fn div(self, a: Quad, b: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        each(a, b, |a, b| unsafe { vdivq_f32(a, b) })
    }

    #[inline(always)]
    fn max(self, a: Quad, b: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        each(a, b, |a, b| unsafe { vmaxnmq_f32(a, b) })
    }

    #[inline(always)]
    fn min(self, a: Quad, b: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        each(a, b, |a, b| unsafe { vminnmq_f32(a, b) })
    }

    #[inline(always)]
    fn mul_add(self, a: Quad, b: Quad, c: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        unsafe {
            [
                vfmaq_f32(c[0], a[0], b[0]),
                vfmaq_f32(c[1], a[1], b[1]),
                vfmaq_f32(c[2], a[2], b[2]),
                vfmaq_f32(c[3], a[3], b[3]),
            ]
        }
    }

    #[inline(always)]
    fn neg_mul_add(self, a: Quad, b: Quad, c: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        unsafe {
            [
                vfmsq_f32(c[0], a[0], b[0]),
                vfmsq_f32(c[1], a[1], b[1]),
                vfmsq_f32(c[2], a[2], b[2]),
                vfmsq_f32(c[3], a[3], b[3]),
            ]
        }
    }

    #[inline(always)]
    fn max_pairs(self, a: Quad, b: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        unsafe {
            [
                vpmaxnmq_f32(a[0], a[1]),
                vpmaxnmq_f32(a[2], a[3]),
                vpmaxnmq_f32(b[0], b[1]),
                vpmaxnmq_f32(b[2], b[3]),
            ]
        }
    }

    #[inline(always)]
    fn pow2(self, exponents: Quad) -> Quad {
        // SAFETY: this token exists only where NEON does.
        exponents.map(|exponents| unsafe {
            let biased = vaddq_s32(vcvtnq_s32_f32(exponents), vdupq_n_s32(127));
            vreinterpretq_f32_s32(vshlq_n_s32::<23>(biased))
        })
    }

    portable_integers!();
}

#[inline(always)]
fn each(a: Quad, b: Quad, f: impl Fn(float32x4_t, float32x4_t) -> float32x4_t) -> Quad {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}
