//! Scratch memory for one call: on the stack up to 256 KiB, from the heap above that.

use super::Network;
use crate::conv::together::IMAGES;
use crate::simd::Block;
use crate::simd::memory::with_stack;
#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec};

/// Blocks that [`with_blocks`] takes from the stack at most.
const STACK: usize = 4096;

/// Workspace for [`predict_with`](super::predict_with), for batches of any size.
#[cfg(feature = "alloc")]
pub fn workspace<N: Network>() -> Box<[Block]> {
    vec![Block::ZERO; for_batches::<N>()].into_boxed_slice()
}

/// Whether batches get workspace for images together. What `WORKSPACE_BYTES` says of the heap holds for these,
/// too: where only they would need it, each image runs alone.
pub(super) const fn together<N: Network>() -> bool {
    N::TOGETHER_WORKSPACE > N::WORKSPACE && (N::TOGETHER_WORKSPACE <= STACK || N::WORKSPACE > STACK)
}

/// Blocks for a batch of several images.
const fn for_batches<N: Network>() -> usize {
    if together::<N>() { N::TOGETHER_WORKSPACE } else { N::WORKSPACE }
}

/// Calls `f` with workspace for a batch of so many images, in which anything may lie: layers write before they
/// read.
///
/// # Panics
/// Without the `alloc` feature, if the network's workspace exceeds the stack's share.
#[inline(always)]
pub(super) fn with_workspace<N: Network, R>(count: usize, f: impl FnOnce(&mut [Block]) -> R) -> R {
    if const { together::<N>() } && count >= IMAGES {
        with_blocks::<ForBatches<N>, R>(f)
    } else {
        with_blocks::<ForImages<N>, R>(f)
    }
}

/// A number of blocks that depends on a type.
trait Size {
    const BLOCKS: usize;
}

struct ForBatches<N>(N);
impl<N: Network> Size for ForBatches<N> {
    const BLOCKS: usize = for_batches::<N>();
}

struct ForImages<N>(N);
impl<N: Network> Size for ForImages<N> {
    const BLOCKS: usize = N::WORKSPACE;
}

#[inline(always)]
fn with_blocks<S: Size, R>(f: impl FnOnce(&mut [Block]) -> R) -> R {
    // The length of an array can't depend on a type parameter on stable Rust, so the size is rounded
    // up to a power of two; the comparisons are between constants and leave one branch.
    macro_rules! from_the_stack {
        ($($blocks:literal)*) => {
            $(if const { S::BLOCKS <= $blocks } {
                return with_stack::<$blocks, _>(|blocks| f(&mut blocks[..S::BLOCKS]));
            })*
        };
    }
    from_the_stack!(16 32 64 128 256 512 1024 2048 4096);
    #[cfg(feature = "alloc")]
    return f(&mut vec![Block::ZERO; S::BLOCKS]);
    #[cfg(not(feature = "alloc"))]
    panic!("a workspace of over 256 KiB has to be handed in: call `predict_with`");
}
