//! Approximate equality: the traits of the `approx` crate.

use super::Tensor;
use approx::{AbsDiffEq, RelativeEq, UlpsEq};

/// Tensors are equal if all their values are, within `epsilon`.
///
/// ```
/// # use microcnn::Tensor;
/// # use approx::assert_abs_diff_eq;
/// let x = Tensor::from_array([[[[1.0, 2.0]]]]);
/// assert_abs_diff_eq!(x, x.map(|value| value + 1e-3), epsilon = 2e-3);
/// ```
impl<T, const N: usize, const C: usize, const H: usize, const W: usize> AbsDiffEq
    for Tensor<T, N, C, H, W>
where
    T: AbsDiffEq<Epsilon: Clone>,
{
    type Epsilon = T::Epsilon;

    fn default_epsilon() -> T::Epsilon {
        T::default_epsilon()
    }

    fn abs_diff_eq(&self, other: &Self, epsilon: T::Epsilon) -> bool {
        let mut pairs = self.as_slice().iter().zip(other.as_slice());
        pairs.all(|(a, b)| a.abs_diff_eq(b, epsilon.clone()))
    }
}

impl<T, const N: usize, const C: usize, const H: usize, const W: usize> RelativeEq
    for Tensor<T, N, C, H, W>
where
    T: RelativeEq<Epsilon: Clone>,
{
    fn default_max_relative() -> T::Epsilon {
        T::default_max_relative()
    }

    fn relative_eq(&self, other: &Self, epsilon: T::Epsilon, max_relative: T::Epsilon) -> bool {
        let mut pairs = self.as_slice().iter().zip(other.as_slice());
        pairs.all(|(a, b)| a.relative_eq(b, epsilon.clone(), max_relative.clone()))
    }
}

impl<T, const N: usize, const C: usize, const H: usize, const W: usize> UlpsEq
    for Tensor<T, N, C, H, W>
where
    T: UlpsEq<Epsilon: Clone>,
{
    fn default_max_ulps() -> u32 {
        T::default_max_ulps()
    }

    fn ulps_eq(&self, other: &Self, epsilon: T::Epsilon, max_ulps: u32) -> bool {
        let mut pairs = self.as_slice().iter().zip(other.as_slice());
        pairs.all(|(a, b)| a.ulps_eq(b, epsilon.clone(), max_ulps))
    }
}
