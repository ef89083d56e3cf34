//! Instruction sets: the vocabulary that kernels are written in, and the choice for this machine.
//!
//! An [`Isa`] is a token that exists only where its instructions do, so holding one proves that they
//! may be used. Kernels are generic over it, `#[inline(always)]`, and entered through [`Isa::run`],
//! which compiles them with that instruction set enabled. The unit of the vocabulary is sixteen
//! 32-bit lanes: one AVX-512 register, two of AVX2, four of NEON.
//!
//! Everything in this crate that is `unsafe` lies in this folder.
#![allow(unsafe_code, reason = "intrinsics and casts; each block proves its case")]

pub mod memory;
mod scalar;

pub use memory::Block;
pub use scalar::Scalar;

use core::fmt::Debug;

/// An instruction set that this machine has.
pub trait Isa: Copy + Debug + Send + Sync + 'static {
    /// As it is written in `MICROCNN_ISA` and in reports.
    const NAME: &'static str;
    /// How many sixteen-lane sums stay in registers beside a weight and an input vector.
    const TILE: usize;
    /// Sixteen `f32` lanes.
    type F32: Copy;

    /// Runs a kernel compiled for this instruction set.
    fn run<K: Kernel>(self, kernel: K) -> K::Output;

    /// The same value in every lane.
    fn splat(self, value: f32) -> Self::F32;
    /// Sixteen neighbouring values.
    fn load(self, values: &[f32; 16]) -> Self::F32;
    /// Writes sixteen neighbouring values.
    fn store(self, vector: Self::F32, values: &mut [f32; 16]);
    /// `a + b`.
    fn add(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a - b`.
    fn sub(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a * b`.
    fn mul(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// The larger of each pair; a NaN in `a` gives `b`.
    fn max(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a * b + c`, rounded once where the instruction set can.
    fn mul_add(self, a: Self::F32, b: Self::F32, c: Self::F32) -> Self::F32;
    /// `c - a * b`, rounded once where the instruction set can.
    fn neg_mul_add(self, a: Self::F32, b: Self::F32, c: Self::F32) -> Self::F32;
}

/// Code that runs on any instruction set.
pub trait Kernel {
    /// What it gives back.
    type Output;
    /// The work; `#[inline(always)]`, so that it is compiled for the instruction set that runs it.
    fn run<I: Isa>(self, isa: I) -> Self::Output;
}

/// Runs a kernel on the best instruction set of this machine.
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    Scalar.run(kernel)
}
