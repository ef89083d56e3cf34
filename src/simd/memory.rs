//! Memory as vectors want it: 64-byte blocks, and slices of them as slices of numbers.

use bytemuck::{AnyBitPattern, NoUninit, Pod, Zeroable};

/// 64 bytes on a 64-byte boundary: one AVX-512 vector, one cache line of most machines.
///
/// Packed parameters and workspaces are slices of it, so that they are aligned for every
/// instruction set.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Block(pub [u8; Block::BYTES]);

// SAFETY: an array of bytes: all zeros is one of its values.
unsafe impl Zeroable for Block {}
// SAFETY: 64 bytes of size and of alignment leave no padding, and every bit pattern is an array of
// bytes; the type is `Copy`, has no references and no interior mutability.
unsafe impl Pod for Block {}

impl Block {
    /// Its size.
    pub const BYTES: usize = 64;
    /// All zeros.
    pub const ZERO: Self = Self([0; Self::BYTES]);

    /// Blocks that hold `len` values of type `T`.
    pub const fn count<T>(len: usize) -> usize {
        (len * size_of::<T>()).div_ceil(Self::BYTES)
    }
}

/// The first `len` values in the blocks.
///
/// # Panics
/// If the blocks hold fewer.
#[inline(always)]
pub fn values<T: AnyBitPattern + NoUninit>(blocks: &[Block], len: usize) -> &[T] {
    &bytemuck::cast_slice(blocks)[..len]
}

/// The first `len` values in the blocks, to be changed.
///
/// # Panics
/// If the blocks hold fewer.
#[inline(always)]
pub fn values_mut<T: AnyBitPattern + NoUninit>(blocks: &mut [Block], len: usize) -> &mut [T] {
    &mut bytemuck::cast_slice_mut(blocks)[..len]
}
