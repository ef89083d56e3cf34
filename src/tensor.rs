//! Tensors whose shape is part of their type.

/// A batch of `N` images, row-major NCHW.
#[derive(Clone, Debug, PartialEq)]
#[repr(transparent)]
pub struct Tensor<T, const N: usize, const C: usize, const H: usize, const W: usize>(
    [[[[T; W]; H]; C]; N],
);

impl<T: Copy + Default, const N: usize, const C: usize, const H: usize, const W: usize>
    Tensor<T, N, C, H, W>
{
    /// `[N, C, H, W]`.
    pub const SHAPE: [usize; 4] = [N, C, H, W];
    /// The number of values.
    pub const LEN: usize = N * C * H * W;

    /// All zeros.
    pub fn zeros() -> Self {
        Self([[[[T::default(); W]; H]; C]; N])
    }
}

impl<T, const N: usize, const C: usize, const H: usize, const W: usize> Tensor<T, N, C, H, W> {
    /// The values, row by row.
    #[inline(always)]
    pub fn as_slice(&self) -> &[T] {
        self.0.as_flattened().as_flattened().as_flattened()
    }

    /// The values, row by row, to be changed.
    #[inline(always)]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.0.as_flattened_mut().as_flattened_mut().as_flattened_mut()
    }
}
