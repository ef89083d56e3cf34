//! No instruction set at all: sixteen lanes as an array, for every machine and as the reference.

use super::{INPUT_OFFSET, Isa, Kernel, Steps};
use crate::quant::to_steps;
use core::sync::atomic::{Ordering, compiler_fence};

/// A value for each lane, written out: a loop or `from_fn` may stay a call that takes the lanes through
/// memory. Builds for debugging call it, as sixteen copies of everything make seven times the code there.
#[cfg_attr(not(debug_assertions), inline(always))]
fn each<T>(of: impl Fn(usize) -> T) -> [T; 16] {
    [
        of(0),
        of(1),
        of(2),
        of(3),
        of(4),
        of(5),
        of(6),
        of(7),
        of(8),
        of(9),
        of(10),
        of(11),
        of(12),
        of(13),
        of(14),
        of(15),
    ]
}

/// Plain Rust, on any machine.
#[derive(Clone, Copy, Debug)]
pub struct Scalar;

impl Isa for Scalar {
    const NAME: &'static str = "scalar";
    type Floats = Self;
    type Narrow = Self;
    const VECTORS: usize = 16;
    const REGISTERS: usize = 4;
    const SHUFFLES: bool = false;
    // Builds for debugging are soon compiled: sixteen copies of everything for each layer take a third of that time.
    const SHARED: bool = cfg!(debug_assertions);
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
        each(|lane| if lane < 8 { low } else { high })
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
    fn next_vector(self) {
        compiler_fence(Ordering::SeqCst);
    }

    #[inline(always)]
    fn add(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        each(|lane| a[lane] + b[lane])
    }

    #[inline(always)]
    fn sub(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        each(|lane| a[lane] - b[lane])
    }

    #[inline(always)]
    fn mul(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        each(|lane| a[lane] * b[lane])
    }

    #[inline(always)]
    fn div(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        each(|lane| a[lane] / b[lane])
    }

    #[inline(always)]
    fn max(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        each(|lane| if a[lane] > b[lane] { a[lane] } else { b[lane] })
    }

    #[inline(always)]
    fn min(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        each(|lane| if a[lane] < b[lane] { a[lane] } else { b[lane] })
    }

    #[inline(always)]
    fn mul_add(self, a: [f32; 16], b: [f32; 16], c: [f32; 16]) -> [f32; 16] {
        each(|lane| a[lane] * b[lane] + c[lane])
    }

    // Inlined, it would make the compiler give the sums before it registers of two lanes, too, and leave
    // half of each empty.
    #[inline(never)]
    fn max_pairs(self, a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        each(|lane| {
            let pairs = if lane < 8 { &a } else { &b };
            let [first, second] = [pairs[lane % 8 * 2], pairs[lane % 8 * 2 + 1]];
            if first > second { first } else { second }
        })
    }

    #[inline(always)]
    fn pow2(self, exponents: [f32; 16]) -> [f32; 16] {
        each(|lane| f32::from_bits(((exponents[lane] as i32 + 127) as u32) << 23))
    }

    #[inline(always)]
    fn neg_mul_add(self, a: [f32; 16], b: [f32; 16], c: [f32; 16]) -> [f32; 16] {
        each(|lane| c[lane] - a[lane] * b[lane])
    }

    type I32 = [i32; 16];
    type Quads = [[u8; 4]; 16];
    type Inputs = [[u8; 4]; 16];
    type Weights = [[i8; 4]; 16];
    type Ahead = ();

    #[inline(always)]
    fn splat_i32(self, value: i32) -> [i32; 16] {
        [value; 16]
    }

    #[inline(always)]
    fn load_i32(self, values: &[i32; 16]) -> [i32; 16] {
        *values
    }

    #[inline(always)]
    fn add_i32(self, a: [i32; 16], b: [i32; 16]) -> [i32; 16] {
        each(|lane| a[lane].wrapping_add(b[lane]))
    }

    #[inline(always)]
    fn max_i32(self, a: [i32; 16], b: [i32; 16]) -> [i32; 16] {
        each(|lane| a[lane].max(b[lane]))
    }

    #[inline(always)]
    fn max_pairs_i32(self, a: [i32; 16], b: [i32; 16]) -> [i32; 16] {
        each(|lane| {
            let pairs = if lane < 8 { &a } else { &b };
            pairs[lane % 8 * 2].max(pairs[lane % 8 * 2 + 1])
        })
    }

    #[inline(always)]
    fn to_f32(self, values: [i32; 16]) -> [f32; 16] {
        each(|lane| values[lane] as f32)
    }

    #[inline(always)]
    fn load_quads(self, bytes: &[u8; 64]) -> [[u8; 4]; 16] {
        let (quads, _) = bytes.as_chunks();
        each(|lane| quads[lane])
    }

    #[inline(always)]
    fn splat_quad(self, bytes: [u8; 4]) -> [[u8; 4]; 16] {
        [bytes; 16]
    }

    #[inline(always)]
    fn widen(self, bytes: &[u8; 16]) -> [[u8; 4]; 16] {
        const NOTHING: u8 = INPUT_OFFSET as u8;
        each(|lane| [bytes[lane], NOTHING, NOTHING, NOTHING])
    }

    #[inline(always)]
    fn inputs(self, bytes: [[u8; 4]; 16]) -> [[u8; 4]; 16] {
        bytes
    }

    #[inline(always)]
    fn weights(self, bytes: [[u8; 4]; 16], shift: u32, mask: u8, set: u8) -> [[i8; 4]; 16] {
        each(|lane| {
            let bytes = (u32::from_le_bytes(bytes[lane]) << shift).to_le_bytes();
            bytes.map(|byte| (byte & mask | set) as i8)
        })
    }

    #[inline(always)]
    fn dot(self, sums: [i32; 16], inputs: [[u8; 4]; 16], weights: [[i8; 4]; 16]) -> [i32; 16] {
        each(|lane| {
            let product = |byte: usize| {
                (i32::from(inputs[lane][byte]) - INPUT_OFFSET) * i32::from(weights[lane][byte])
            };
            sums[lane].wrapping_add(product(0) + product(1) + product(2) + product(3))
        })
    }

    #[inline(always)]
    fn store_steps(self, steps: [f32; 16], range: Steps, values: &mut [u8; 16]) {
        *values = each(|lane| to_steps(steps[lane], range.zero, range.low, range.high));
    }
}
