//! Scratch memory for one call: on the stack up to 256 KiB, from the heap above that.

use super::Network;
use crate::simd::Block;
use crate::simd::memory::with_stack;
#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec};

/// Workspace for [`predict_with`](super::predict_with).
#[cfg(feature = "alloc")]
pub fn workspace<N: Network>() -> Box<[Block]> {
    vec![Block::ZERO; N::WORKSPACE].into_boxed_slice()
}

/// Calls `f` with workspace for one image, in which anything may lie: layers write before they read.
///
/// # Panics
/// Without the `alloc` feature, if the network's workspace exceeds the stack's share.
#[inline(always)]
pub(super) fn with_workspace<N: Network, R>(f: impl FnOnce(&mut [Block]) -> R) -> R {
    // The length of an array can't depend on a type parameter on stable Rust, so the size is rounded
    // up to a power of two; the comparisons are between constants and leave one branch.
    macro_rules! from_the_stack {
        ($($blocks:literal)*) => {
            $(if const { N::WORKSPACE <= $blocks } {
                return with_stack::<$blocks, _>(|blocks| f(&mut blocks[..N::WORKSPACE]));
            })*
        };
    }
    from_the_stack!(16 32 64 128 256 512 1024 2048 4096);
    #[cfg(feature = "alloc")]
    return f(&mut workspace::<N>());
    #[cfg(not(feature = "alloc"))]
    panic!("a workspace of over 256 KiB has to be handed in: call `predict_with`");
}
