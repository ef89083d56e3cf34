//! Instruction sets: the vocabulary that kernels are written in, and the choice for this machine.
//!
//! An [`Isa`] is a token that exists only where its instructions do, so holding one proves that they
//! may be used. Kernels are generic over it, `#[inline(always)]`, and entered through [`Isa::run`],
//! which compiles them with that instruction set enabled. The unit of the vocabulary is sixteen
//! 32-bit lanes: one AVX-512 register, two of AVX2, four of NEON.
//!
//! With `std` the choice is made when the program runs, once, by what the processor says;
//! `MICROCNN_ISA=avx2` (or another of [`NAMES`]) forces one. Without `std` it is made when the
//! program is built, by the target features that are switched on, and no branch is left.
//!
//! Everything in this crate that is `unsafe` lies in this folder.
#![allow(unsafe_code, reason = "intrinsics and casts; each block proves its case")]

/// Whether all these target features are there: asked of the processor with `std`, else of the build.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! has {
    ($detected:ident: $($feature:tt),+) => {{
        #[cfg(feature = "std")]
        let all = $(std::arch::$detected!($feature))&&+;
        #[cfg(not(feature = "std"))]
        let all = cfg!(all($(target_feature = $feature),+));
        all
    }};
}

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avxvnni;
#[cfg(feature = "std")]
mod choice;
mod isa;
pub mod memory;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;
#[cfg(test)]
mod tests;

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub use avx512::Avx512;
#[cfg(target_arch = "x86_64")]
pub use avxvnni::AvxVnni;
#[cfg(feature = "std")]
pub use choice::{IsaError, active};
pub use isa::{INPUT_OFFSET, Isa, Matrix, Steps};
pub use memory::Block;
#[cfg(target_arch = "aarch64")]
pub use neon::{Neon, NeonDotprod, NeonI8mm};
pub use scalar::Scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub use simd128::Simd128;

use crate::layers::Together;

/// Code that runs on any instruction set.
pub trait Kernel {
    /// What it gives back.
    type Output;
    /// The work; `#[inline(always)]`, so that it is compiled for the instruction set that runs it.
    fn run<I: Isa>(self, isa: I) -> Self::Output;
}

/// Code that looks at one instruction set after the other.
pub trait Visitor {
    /// Called with each instruction set that this machine has.
    fn visit<I: Isa>(&mut self, isa: I);
}

/// Writes everything that depends on which instruction sets there are, the fastest first.
macro_rules! table {
    ($($(#[$cfg:meta])* $isa:ident;)+) => {
        /// The instruction sets of this architecture, the fastest first.
        pub const NAMES: &[&str] = &[$($(#[$cfg])* $isa::NAME),+];

        /// Shows a visitor each instruction set that this machine has, the fastest first.
        pub fn each_supported<V: Visitor>(visitor: &mut V) {
            $($(#[$cfg])* if let Some(isa) = $isa::detect() {
                visitor.visit(isa);
            })+
        }

        /// Whether some layers load weights once for several images on any of these instruction sets.
        pub(crate) const fn any_together(layers: Together) -> bool {
            $($(#[$cfg])* if layers.any_on::<$isa>() {
                return true;
            })+
            false
        }

        /// Runs a kernel on the best instruction set of this machine.
        ///
        /// # Panics
        /// If the environment variable `MICROCNN_ISA` names an instruction set that this machine
        /// doesn't have. [`active`] tells beforehand.
        #[cfg(feature = "std")]
        pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
            let choice = choice::index();
            let mut row = 0;
            $($(#[$cfg])* {
                if choice == row {
                    // SAFETY: `choice::index` gives only rows whose `detect` gave a token.
                    return unsafe { $isa::assume() }.run(kernel);
                }
                row += 1;
            })+
            unreachable!("row {choice} of {row} instruction sets")
        }

        /// Runs a kernel on the best instruction set that the build has switched on.
        #[cfg(not(feature = "std"))]
        #[inline(always)]
        pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
            $($(#[$cfg])* if let Some(isa) = $isa::detect() {
                return isa.run(kernel);
            })+
            unreachable!("every machine has the scalar instruction set")
        }
    };
}

table! {
    #[cfg(target_arch = "x86_64")] Avx512;
    #[cfg(target_arch = "x86_64")] AvxVnni;
    #[cfg(target_arch = "x86_64")] Avx2;
    #[cfg(target_arch = "aarch64")] NeonI8mm;
    #[cfg(target_arch = "aarch64")] NeonDotprod;
    #[cfg(target_arch = "aarch64")] Neon;
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))] Simd128;
    Scalar;
}
