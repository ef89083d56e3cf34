//! Integer lanes as arrays, for instruction sets without code of their own.

use super::{INPUT_OFFSET, Steps};
use crate::quant::to_steps;
use core::array::from_fn;

pub(super) type I32 = [i32; 16];
pub(super) type Quads = [[u8; 4]; 16];

#[inline(always)]
pub(super) fn add(a: I32, b: I32) -> I32 {
    from_fn(|lane| a[lane].wrapping_add(b[lane]))
}

#[inline(always)]
pub(super) fn max(a: I32, b: I32) -> I32 {
    from_fn(|lane| a[lane].max(b[lane]))
}

#[inline(always)]
pub(super) fn max_pairs(a: I32, b: I32) -> I32 {
    from_fn(|lane| {
        let pairs = if lane < 8 { &a } else { &b };
        pairs[lane % 8 * 2].max(pairs[lane % 8 * 2 + 1])
    })
}

#[inline(always)]
pub(super) fn load_quads(bytes: &[u8; 64]) -> Quads {
    from_fn(|lane| from_fn(|byte| bytes[4 * lane + byte]))
}

#[inline(always)]
pub(super) fn widen(bytes: &[u8; 16]) -> Quads {
    bytes.map(|byte| [byte, 0, 0, 0])
}

#[inline(always)]
pub(super) fn weights(bytes: Quads, shift: u32, mask: u8, set: u8) -> [[i8; 4]; 16] {
    bytes.map(|lane| {
        let lane = (u32::from_le_bytes(lane) << shift).to_le_bytes();
        lane.map(|byte| (byte & mask | set) as i8)
    })
}

#[inline(always)]
pub(super) fn dot(sums: I32, inputs: Quads, weights: [[i8; 4]; 16]) -> I32 {
    from_fn(|lane| {
        let product = |byte: usize| {
            (i32::from(inputs[lane][byte]) - INPUT_OFFSET) * i32::from(weights[lane][byte])
        };
        sums[lane].wrapping_add(product(0) + product(1) + product(2) + product(3))
    })
}

#[inline(always)]
pub(super) fn store_steps(steps: [f32; 16], range: Steps, values: &mut [u8; 16]) {
    *values = steps.map(|steps| to_steps(steps, range.zero, range.low, range.high));
}

/// The integer half of an [`Isa`](super::Isa) whose floats convert to and from arrays.
macro_rules! portable_integers {
    () => {
        type I32 = portable::I32;
        type Quads = portable::Quads;
        type Inputs = portable::Quads;
        type Weights = [[i8; 4]; 16];

        #[inline(always)]
        fn splat_i32(self, value: i32) -> Self::I32 {
            [value; 16]
        }

        #[inline(always)]
        fn load_i32(self, values: &[i32; 16]) -> Self::I32 {
            *values
        }

        #[inline(always)]
        fn add_i32(self, a: Self::I32, b: Self::I32) -> Self::I32 {
            portable::add(a, b)
        }

        #[inline(always)]
        fn max_i32(self, a: Self::I32, b: Self::I32) -> Self::I32 {
            portable::max(a, b)
        }

        #[inline(always)]
        fn max_pairs_i32(self, a: Self::I32, b: Self::I32) -> Self::I32 {
            portable::max_pairs(a, b)
        }

        #[inline(always)]
        fn to_f32(self, values: Self::I32) -> Self::F32 {
            self.load(&values.map(|value| value as f32))
        }

        #[inline(always)]
        fn load_quads(self, bytes: &[u8; 64]) -> Self::Quads {
            portable::load_quads(bytes)
        }

        #[inline(always)]
        fn splat_quad(self, bytes: [u8; 4]) -> Self::Quads {
            [bytes; 16]
        }

        #[inline(always)]
        fn widen(self, bytes: &[u8; 16]) -> Self::Quads {
            portable::widen(bytes)
        }

        #[inline(always)]
        fn inputs(self, bytes: Self::Quads) -> Self::Inputs {
            bytes
        }

        #[inline(always)]
        fn weights(self, bytes: Self::Quads, shift: u32, mask: u8, set: u8) -> Self::Weights {
            portable::weights(bytes, shift, mask, set)
        }

        #[inline(always)]
        fn dot(self, sums: Self::I32, inputs: Self::Inputs, weights: Self::Weights) -> Self::I32 {
            portable::dot(sums, inputs, weights)
        }

        #[inline(always)]
        fn store_steps(self, steps: Self::F32, range: Steps, values: &mut [u8; 16]) {
            let mut lanes = [0.0; 16];
            self.store(steps, &mut lanes);
            portable::store_steps(lanes, range, values);
        }
    };
}
pub(super) use portable_integers;
