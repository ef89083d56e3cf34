//! Tensors whose shape is part of their type.
//!
//! A [`Tensor`] is its values and nothing else, so that a slice of the right length *is* a tensor:
//! [`Tensor::from_slice`] copies nothing, and neither does a `Box` of one. Large tensors belong in a
//! `Box`, for which there are [`Tensor::boxed_zeros`], [`Tensor::boxed_from_fn`] and
//! `TryFrom<Vec<T>>`; the others return by value and go over the stack.

mod access;
mod compare;
mod create;
mod display;

pub use access::Images;
pub use create::ShapeError;

/// A batch of `N` images of `C` channels, `H` rows and `W` columns.
///
/// The values lie in NCHW order: an image is its channels, a channel its rows, a row its values from
/// left to right, without gaps. A flat shape of `K` values is `Tensor<T, N, K, 1, 1>`.
///
/// ```
/// use microcnn::Tensor;
///
/// let mut x = Tensor::<f32, 1, 2, 2, 3>::zeros();
/// x[[0, 1, 0, 2]] = 5.0;
/// assert_eq!(x.as_slice(), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0]);
/// assert_eq!(x.argmax(), [8]);
/// ```
///
/// A tensor of another shape is another type:
///
/// ```compile_fail,E0308
/// # use microcnn::Tensor;
/// let x: Tensor<f32, 1, 3, 28, 28> = Tensor::<f32, 1, 1, 28, 28>::zeros();
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Tensor<T, const N: usize, const C: usize, const H: usize, const W: usize>(
    [[[[T; W]; H]; C]; N],
);

impl<T, const N: usize, const C: usize, const H: usize, const W: usize> Tensor<T, N, C, H, W> {
    /// `[N, C, H, W]`.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// assert_eq!(Tensor::<f32, 1, 3, 4, 5>::SHAPE, [1, 3, 4, 5]);
    /// ```
    pub const SHAPE: [usize; 4] = [N, C, H, W];

    /// The number of values.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// assert_eq!(Tensor::<f32, 1, 3, 4, 5>::LEN, 60);
    /// ```
    pub const LEN: usize = N * C * H * W;
}
