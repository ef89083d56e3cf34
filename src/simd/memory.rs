//! Memory as vectors want it: 64-byte blocks, and slices of them as slices of numbers.

use crate::tensor::Tensor;
#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use bytemuck::{AnyBitPattern, NoUninit, Pod, Zeroable};
use core::mem::MaybeUninit;

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

    /// One of its sixteen `f32` values, also in a constant expression.
    #[inline(always)]
    pub const fn get(&self, at: usize) -> f32 {
        let (bytes, at) = (&self.0, at * 4);
        f32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
    }

    /// Changes one of its sixteen `f32` values, also in a constant expression.
    #[inline(always)]
    pub const fn set(&mut self, at: usize, value: f32) {
        let (bytes, at) = (&mut self.0, at * 4);
        let [a, b, c, d] = value.to_ne_bytes();
        bytes[at] = a;
        bytes[at + 1] = b;
        bytes[at + 2] = c;
        bytes[at + 3] = d;
    }

    /// Blocks that hold `len` values of type `T`.
    pub const fn count<T>(len: usize) -> usize {
        (len * size_of::<T>()).div_ceil(Self::BYTES)
    }
}

/// Calls `f` with blocks on the stack that hold whatever lies there: filling them would take as long as
/// a small network's largest layer.
#[inline(always)]
pub(crate) fn with_stack<const BLOCKS: usize, R>(f: impl FnOnce(&mut [Block; BLOCKS]) -> R) -> R {
    let mut memory = MaybeUninit::<[Block; BLOCKS]>::uninit();
    #[cfg(all(
        any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "arm"),
        not(miri)
    ))]
    // SAFETY: no instruction is executed, so no register, flag or stack changes. What the code does
    // with the memory that it is given is unknown to the compiler, which has to take it for code that
    // sets every byte to the value that the byte has: from here on all of them are initialized.
    unsafe {
        core::arch::asm!("/* {} */", in(reg) memory.as_mut_ptr(), options(nostack, preserves_flags));
    }
    #[cfg(not(all(
        any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "arm"),
        not(miri)
    )))]
    memory.write([Block::ZERO; BLOCKS]);
    // SAFETY: either way every byte is initialized now, and a block may hold any bytes.
    f(unsafe { memory.assume_init_mut() })
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

/// A slice as a tensor, if it has as many values.
#[inline(always)]
pub(crate) fn tensor<T, const N: usize, const C: usize, const H: usize, const W: usize>(
    values: &[T],
) -> Option<&Tensor<T, N, C, H, W>> {
    if values.len() != Tensor::<T, N, C, H, W>::LEN {
        return None;
    }
    // SAFETY: a tensor is `repr(transparent)` over nested arrays, that is, LEN values of `T` one after
    // the other, with the alignment of `T`; so are the slice's values. The lifetime is the slice's.
    Some(unsafe { &*values.as_ptr().cast() })
}

/// A slice as a tensor to be changed, if it has as many values.
#[inline(always)]
pub(crate) fn tensor_mut<T, const N: usize, const C: usize, const H: usize, const W: usize>(
    values: &mut [T],
) -> Option<&mut Tensor<T, N, C, H, W>> {
    if values.len() != Tensor::<T, N, C, H, W>::LEN {
        return None;
    }
    // SAFETY: as in `tensor`; the slice is borrowed for as long as the tensor.
    Some(unsafe { &mut *values.as_mut_ptr().cast() })
}

/// An image as a tensor.
#[inline(always)]
pub(crate) fn image<T, const C: usize, const H: usize, const W: usize>(
    image: &[[[T; W]; H]; C],
) -> &Tensor<T, 1, C, H, W> {
    // SAFETY: such a tensor is `repr(transparent)` over an array of one such image, and that array has
    // the layout of its only element. The lifetime is the image's.
    unsafe { &*core::ptr::from_ref(image).cast() }
}

/// A boxed slice as a boxed tensor, if it has as many values, otherwise the slice.
#[cfg(feature = "alloc")]
pub(crate) fn boxed_tensor<T, const N: usize, const C: usize, const H: usize, const W: usize>(
    values: Box<[T]>,
) -> Result<Box<Tensor<T, N, C, H, W>>, Box<[T]>> {
    if values.len() != Tensor::<T, N, C, H, W>::LEN {
        return Err(values);
    }
    // SAFETY: the pointer comes from a box that is given up here. As in `tensor`, LEN values of `T` are
    // such a tensor, so size and alignment of the allocation stay what they were.
    Ok(unsafe { Box::from_raw(Box::into_raw(values).cast()) })
}
