//! Feature maps: one image's activations between two layers.

/// One image's activations, channels innermost (HWC), so that the channels of a pixel fill a vector.
///
/// [`Tensor`](crate::Tensor)s are channels outermost (NCHW), as their owners expect; a network
/// converts once at each end.
pub type FeatureMap<T, const C: usize, const H: usize, const W: usize> = [[[T; C]; W]; H];

/// A [`FeatureMap`] of any shape, as the flat slice that kernels work on.
pub trait Map<T>: Sized {
    /// `[channels, height, width]`.
    const SHAPE: [usize; 3];
    /// The number of values.
    const LEN: usize;

    /// The values, row by row, pixel by pixel, channels innermost.
    fn values(&self) -> &[T];

    /// The first `LEN` values of a slice, seen as a map.
    ///
    /// # Panics
    /// If the slice is shorter.
    fn view(values: &[T]) -> &Self;
}

impl<T, const C: usize, const H: usize, const W: usize> Map<T> for FeatureMap<T, C, H, W> {
    const SHAPE: [usize; 3] = [C, H, W];
    const LEN: usize = C * H * W;

    #[inline(always)]
    fn values(&self) -> &[T] {
        self.as_flattened().as_flattened()
    }

    #[inline(always)]
    fn view(values: &[T]) -> &Self {
        let (pixels, _) = values[..Self::LEN].as_chunks::<C>();
        let (rows, _) = pixels.as_chunks::<W>();
        rows.try_into().expect("LEN values are H rows")
    }
}

/// The same values as a map of another shape.
///
/// # Panics
/// If that shape has more values.
#[inline(always)]
pub fn reshape<'a, T: 'a, A: Map<T>, B: Map<T>>(map: &'a A) -> &'a B {
    B::view(map.values())
}
