//! What can be done with a tensor's values.

use super::Tensor;
use crate::simd::memory;
#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::iter::FusedIterator;
use core::ops::{Index, IndexMut};
use core::slice;

impl<T, const N: usize, const C: usize, const H: usize, const W: usize> Tensor<T, N, C, H, W> {
    /// The values in NCHW order.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// assert_eq!(Tensor::from_array([[[[1, 2], [3, 4]]]]).as_slice(), [1, 2, 3, 4]);
    /// ```
    #[inline(always)]
    pub const fn as_slice(&self) -> &[T] {
        self.0.as_flattened().as_flattened().as_flattened()
    }

    /// The values in NCHW order, to be changed.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// let mut x = Tensor::<u8, 1, 1, 2, 2>::zeros();
    /// x.as_mut_slice().fill(3);
    /// assert_eq!(x, Tensor::from_array([[[[3, 3], [3, 3]]]]));
    /// ```
    #[inline(always)]
    pub const fn as_mut_slice(&mut self) -> &mut [T] {
        self.0.as_flattened_mut().as_flattened_mut().as_flattened_mut()
    }

    /// One image of the batch; nothing is copied.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// let batch = Tensor::from_array([[[[1, 2]]], [[[3, 4]]]]);
    /// assert_eq!(batch.image(1), &Tensor::from_array([[[[3, 4]]]]));
    /// ```
    ///
    /// # Panics
    /// If there is no such image.
    #[inline]
    #[track_caller]
    pub fn image(&self, n: usize) -> &Tensor<T, 1, C, H, W> {
        match self.0.get(n) {
            Some(image) => memory::image(image),
            None => panic!("there is no image {n} in a tensor of shape {:?}", Self::SHAPE),
        }
    }

    /// The images of the batch, one by one; nothing is copied.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// let batch = Tensor::from_array([[[[1, 2]]], [[[3, 4]]]]);
    /// let sums: Vec<i32> = batch.images().map(|image| image.as_slice().iter().sum()).collect();
    /// assert_eq!(sums, [3, 7]);
    /// ```
    #[inline]
    pub fn images(&self) -> Images<'_, T, C, H, W> {
        Images(self.0.iter())
    }

    #[track_caller]
    fn check(&self, at @ [n, c, h, w]: [usize; 4]) {
        if n >= N || c >= C || h >= H || w >= W {
            out_of_range(at, Self::SHAPE);
        }
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn out_of_range(at: [usize; 4], shape: [usize; 4]) -> ! {
    panic!("the index {at:?} is out of range for a tensor of shape {shape:?}")
}

impl<T: Copy, const N: usize, const C: usize, const H: usize, const W: usize>
    Tensor<T, N, C, H, W>
{
    /// The value at a place.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// assert_eq!(Tensor::from_array([[[[1, 2], [3, 4]]]]).get(0, 0, 1, 0), 3);
    /// ```
    ///
    /// # Panics
    /// If there is no such place.
    #[inline]
    #[track_caller]
    pub fn get(&self, n: usize, c: usize, h: usize, w: usize) -> T {
        self[[n, c, h, w]]
    }

    /// Puts a value at a place.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// let mut x = Tensor::<u8, 1, 1, 2, 2>::zeros();
    /// x.set(0, 0, 1, 0, 9);
    /// assert_eq!(x.as_slice(), [0, 0, 9, 0]);
    /// ```
    ///
    /// # Panics
    /// If there is no such place.
    #[inline]
    #[track_caller]
    pub fn set(&mut self, n: usize, c: usize, h: usize, w: usize, value: T) {
        self[[n, c, h, w]] = value;
    }

    /// A function of every value, in a new tensor of the same shape.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// let pixels = Tensor::from_array([[[[0u8, 51, 255]]]]);
    /// assert_eq!(pixels.map(|x| f32::from(x) / 255.0).as_slice(), [0.0, 0.2, 1.0]);
    /// ```
    #[inline]
    pub fn map<U>(&self, mut value: impl FnMut(T) -> U) -> Tensor<U, N, C, H, W> {
        Tensor::from_fn(|at| value(self[at]))
    }

    /// A function of every value, in memory of its own: for tensors of any size.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// let pixels = Tensor::<u8, 10_000, 1, 28, 28>::boxed_zeros();
    /// assert_eq!(pixels.boxed_map(f32::from)[[9_999, 0, 27, 27]], 0.0);
    /// ```
    #[cfg(feature = "alloc")]
    pub fn boxed_map<U>(&self, value: impl FnMut(T) -> U) -> Box<Tensor<U, N, C, H, W>> {
        let values: Box<[U]> = self.as_slice().iter().copied().map(value).collect();
        match memory::boxed_tensor(values) {
            Ok(tensor) => tensor,
            Err(_) => unreachable!("both tensors have LEN values"),
        }
    }

    /// The same values in the same order under another shape.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// let x = Tensor::from_array([[[[1, 2, 3], [4, 5, 6]]]]);
    /// assert_eq!(x.reshape::<1, 6, 1, 1>()[[0, 4, 0, 0]], 5);
    /// ```
    ///
    /// The number of values must be the same; otherwise the program does not build:
    ///
    /// ```compile_fail,E0080
    /// # use microcnn::Tensor;
    /// Tensor::from_array([[[[1, 2, 3], [4, 5, 6]]]]).reshape::<1, 5, 1, 1>();
    /// ```
    #[inline]
    pub fn reshape<const M: usize, const D: usize, const I: usize, const V: usize>(
        self,
    ) -> Tensor<T, M, D, I, V> {
        const {
            assert!(
                Self::LEN == Tensor::<T, M, D, I, V>::LEN,
                "`reshape` to a shape with another number of values"
            );
        }
        let mut values = self.as_slice().iter().copied();
        Tensor::from_fn(|_| values.next().expect("both shapes have LEN values"))
    }
}

impl<T: PartialOrd, const N: usize, const C: usize, const H: usize, const W: usize>
    Tensor<T, N, C, H, W>
{
    /// For each image, the place of its largest value, counted in NCHW order: the class that a
    /// classifier predicts.
    ///
    /// Of equal values it is the first. A NaN is never the largest; where there is no other value,
    /// the place is 0.
    ///
    /// ```
    /// # use microcnn::Tensor;
    /// let scores = Tensor::from_array([[[[0.1]], [[0.7]], [[0.2]]], [[[0.5]], [[f32::NAN]], [[0.5]]]]);
    /// assert_eq!(scores.argmax(), [1, 0]);
    /// ```
    pub fn argmax(&self) -> [usize; N] {
        let mut places = [0; N];
        for (place, image) in places.iter_mut().zip(self.images()) {
            let mut largest: Option<&T> = None;
            for (at, value) in image.as_slice().iter().enumerate() {
                // Only a NaN can't be compared with itself.
                let comparable = value.partial_cmp(value).is_some();
                if comparable && largest.is_none_or(|largest| value > largest) {
                    (*place, largest) = (at, Some(value));
                }
            }
        }
        places
    }
}

/// The value at `[n, c, h, w]`.
impl<T, const N: usize, const C: usize, const H: usize, const W: usize> Index<[usize; 4]>
    for Tensor<T, N, C, H, W>
{
    type Output = T;

    /// # Panics
    /// If there is no such place.
    #[inline]
    #[track_caller]
    fn index(&self, at: [usize; 4]) -> &T {
        self.check(at);
        let [n, c, h, w] = at;
        &self.0[n][c][h][w]
    }
}

impl<T, const N: usize, const C: usize, const H: usize, const W: usize> IndexMut<[usize; 4]>
    for Tensor<T, N, C, H, W>
{
    #[inline]
    #[track_caller]
    fn index_mut(&mut self, at: [usize; 4]) -> &mut T {
        self.check(at);
        let [n, c, h, w] = at;
        &mut self.0[n][c][h][w]
    }
}

impl<T, const N: usize, const C: usize, const H: usize, const W: usize> AsRef<[T]>
    for Tensor<T, N, C, H, W>
{
    fn as_ref(&self) -> &[T] {
        self.as_slice()
    }
}

/// The images of a batch, one by one: see [`Tensor::images`].
#[derive(Clone, Debug)]
pub struct Images<'a, T, const C: usize, const H: usize, const W: usize>(
    slice::Iter<'a, [[[T; W]; H]; C]>,
);

impl<'a, T, const C: usize, const H: usize, const W: usize> Iterator for Images<'a, T, C, H, W> {
    type Item = &'a Tensor<T, 1, C, H, W>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(memory::image)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T, const C: usize, const H: usize, const W: usize> ExactSizeIterator
    for Images<'_, T, C, H, W>
{
}

impl<T, const C: usize, const H: usize, const W: usize> FusedIterator for Images<'_, T, C, H, W> {}

impl<'a, T, const N: usize, const C: usize, const H: usize, const W: usize> IntoIterator
    for &'a Tensor<T, N, C, H, W>
{
    type Item = &'a Tensor<T, 1, C, H, W>;
    type IntoIter = Images<'a, T, C, H, W>;

    fn into_iter(self) -> Self::IntoIter {
        self.images()
    }
}
