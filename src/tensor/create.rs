//! Where tensors come from: values, functions, arrays, slices, boxes.

use super::Tensor;
use crate::simd::memory;
#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec, vec::Vec};
use core::array;
use core::fmt;
use num_traits::Zero;

/// A slice has another number of values than the tensor that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeError {
    /// The shape of the tensor, `[N, C, H, W]`.
    pub shape: [usize; 4],
    /// The number of values that it holds.
    pub wanted: usize,
    /// The number of values in the slice.
    pub found: usize,
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shape, wanted, found } = self;
        write!(f, "a tensor of shape {shape:?} has {wanted} values, found {found}")
    }
}

impl core::error::Error for ShapeError {}

impl<T: Zero + Copy, const N: usize, const C: usize, const H: usize, const W: usize>
    Tensor<T, N, C, H, W>
{
    /// All zeros.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// assert_eq!(Tensor::<u8, 1, 1, 2, 2>::zeros().as_slice(), [0; 4]);
    /// ```
    #[inline]
    pub fn zeros() -> Self {
        Self([[[[T::zero(); W]; H]; C]; N])
    }

    /// All zeros, in memory of its own: for tensors of any size, since it never touches the stack.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// let images = Tensor::<f32, 10_000, 1, 28, 28>::boxed_zeros();
    /// assert_eq!(images[[9_999, 0, 27, 27]], 0.0);
    /// ```
    #[cfg(feature = "alloc")]
    pub fn boxed_zeros() -> Box<Self> {
        match memory::boxed_tensor(vec![T::zero(); Self::LEN].into_boxed_slice()) {
            Ok(tensor) => tensor,
            Err(_) => unreachable!("the slice was made with LEN values"),
        }
    }
}

impl<T, const N: usize, const C: usize, const H: usize, const W: usize> Tensor<T, N, C, H, W> {
    /// The tensor of an array of images, which are arrays of channels, of rows, of values.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// let x = Tensor::from_array([[[[1, 2, 3], [4, 5, 6]]]]);
    /// assert_eq!(x[[0, 0, 1, 0]], 4);
    /// ```
    #[inline]
    pub const fn from_array(values: [[[[T; W]; H]; C]; N]) -> Self {
        Self(values)
    }

    /// The values as an array of images, which are arrays of channels, of rows, of values.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// assert_eq!(Tensor::<u8, 1, 1, 1, 2>::zeros().into_array(), [[[[0, 0]]]]);
    /// ```
    #[inline]
    pub fn into_array(self) -> [[[[T; W]; H]; C]; N] {
        self.0
    }

    /// Each value from its place `[n, c, h, w]`, in the order in which they lie.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// let x = Tensor::<usize, 1, 2, 2, 2>::from_fn(|[_, c, h, w]| 100 * c + 10 * h + w);
    /// assert_eq!(x.as_slice(), [0, 1, 10, 11, 100, 101, 110, 111]);
    /// ```
    #[inline]
    pub fn from_fn(mut value: impl FnMut([usize; 4]) -> T) -> Self {
        Self(array::from_fn(|n| {
            array::from_fn(|c| array::from_fn(|h| array::from_fn(|w| value([n, c, h, w]))))
        }))
    }

    /// Each value from its place `[n, c, h, w]`, in memory of its own: for tensors of any size.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// let x = Tensor::<f32, 10_000, 1, 28, 28>::boxed_from_fn(|[n, _, _, w]| (n + w) as f32);
    /// assert_eq!(x[[9_999, 0, 0, 1]], 10_000.0);
    /// ```
    #[cfg(feature = "alloc")]
    pub fn boxed_from_fn(mut value: impl FnMut([usize; 4]) -> T) -> Box<Self> {
        let mut values = Vec::with_capacity(Self::LEN);
        for n in 0..N {
            for c in 0..C {
                for h in 0..H {
                    values.extend((0..W).map(|w| value([n, c, h, w])));
                }
            }
        }
        match memory::boxed_tensor(values.into_boxed_slice()) {
            Ok(tensor) => tensor,
            Err(_) => unreachable!("the loops gave LEN values"),
        }
    }

    /// Values in NCHW order, seen as a tensor; nothing is copied.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    /// let x = Tensor::<f32, 1, 1, 2, 3>::from_slice(&values)?;
    /// assert_eq!(x[[0, 0, 1, 2]], 6.0);
    ///
    /// let error = Tensor::<f32, 1, 1, 2, 2>::from_slice(&values).unwrap_err();
    /// assert_eq!(error.to_string(), "a tensor of shape [1, 1, 2, 2] has 4 values, found 6");
    /// # Ok::<(), microcnn::tensor::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// If the slice has another number of values than the tensor.
    #[inline]
    pub fn from_slice(values: &[T]) -> Result<&Self, ShapeError> {
        memory::tensor(values).ok_or(Self::mismatch(values.len()))
    }

    /// Values in NCHW order, seen as a tensor to be changed; nothing is copied.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// let mut values = [0; 6];
    /// Tensor::<i32, 1, 1, 2, 3>::from_mut_slice(&mut values)?[[0, 0, 1, 0]] = 7;
    /// assert_eq!(values, [0, 0, 0, 7, 0, 0]);
    /// # Ok::<(), microcnn::tensor::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// If the slice has another number of values than the tensor.
    #[inline]
    pub fn from_mut_slice(values: &mut [T]) -> Result<&mut Self, ShapeError> {
        let error = Self::mismatch(values.len());
        memory::tensor_mut(values).ok_or(error)
    }

    fn mismatch(found: usize) -> ShapeError {
        ShapeError { shape: Self::SHAPE, wanted: Self::LEN, found }
    }
}

impl<T: Default, const N: usize, const C: usize, const H: usize, const W: usize> Default
    for Tensor<T, N, C, H, W>
{
    fn default() -> Self {
        Self::from_fn(|_| T::default())
    }
}

impl<T, const N: usize, const C: usize, const H: usize, const W: usize> From<[[[[T; W]; H]; C]; N]>
    for Tensor<T, N, C, H, W>
{
    fn from(values: [[[[T; W]; H]; C]; N]) -> Self {
        Self(values)
    }
}

impl<'a, T, const N: usize, const C: usize, const H: usize, const W: usize> TryFrom<&'a [T]>
    for &'a Tensor<T, N, C, H, W>
{
    type Error = ShapeError;

    fn try_from(values: &'a [T]) -> Result<Self, ShapeError> {
        Tensor::from_slice(values)
    }
}

/// The tensor takes the slice's memory; nothing is copied.
#[cfg(feature = "alloc")]
impl<T, const N: usize, const C: usize, const H: usize, const W: usize> TryFrom<Box<[T]>>
    for Box<Tensor<T, N, C, H, W>>
{
    type Error = ShapeError;

    fn try_from(values: Box<[T]>) -> Result<Self, ShapeError> {
        memory::boxed_tensor(values)
            .map_err(|values| Tensor::<T, N, C, H, W>::mismatch(values.len()))
    }
}

/// The tensor takes the vector's memory.
#[cfg(feature = "alloc")]
impl<T, const N: usize, const C: usize, const H: usize, const W: usize> TryFrom<Vec<T>>
    for Box<Tensor<T, N, C, H, W>>
{
    type Error = ShapeError;

    fn try_from(values: Vec<T>) -> Result<Self, ShapeError> {
        if values.len() != Tensor::<T, N, C, H, W>::LEN {
            return Err(Tensor::<T, N, C, H, W>::mismatch(values.len()));
        }
        values.into_boxed_slice().try_into()
    }
}
