//! How tensors look in messages.

use super::Tensor;
use core::fmt::{self, Debug, Formatter};

/// Values shown at each end of a dimension that has more than twice as many.
const EDGE: usize = 3;

/// The shape, then the values, a line for each row. Of a long dimension only both ends are shown, so
/// that a large tensor stays readable.
///
/// ```
/// # use microcnn::Tensor;
/// let x = Tensor::<usize, 1, 1, 2, 9>::from_fn(|[_, _, h, w]| 10 * h + w);
/// assert_eq!(
///     format!("{x:?}"),
///     "Tensor [1, 1, 2, 9]
/// [[[[0, 1, 2, …, 6, 7, 8],
///    [10, 11, 12, …, 16, 17, 18]]]]"
/// );
/// ```
impl<T: Debug, const N: usize, const C: usize, const H: usize, const W: usize> Debug
    for Tensor<T, N, C, H, W>
{
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "Tensor {:?}", Self::SHAPE)?;
        list(f, N, 1, |f, n| {
            list(f, C, 2, |f, c| {
                list(f, H, 3, |f, h| list(f, W, 4, |f, w| self.0[n][c][h][w].fmt(f)))
            })
        })
    }
}

/// A dimension in brackets; `depth` is 4 for the values of a row, which share a line.
fn list(
    f: &mut Formatter<'_>,
    len: usize,
    depth: usize,
    item: impl Fn(&mut Formatter<'_>, usize) -> fmt::Result,
) -> fmt::Result {
    f.write_str("[")?;
    let hidden = if len > 2 * EDGE { EDGE..len - EDGE } else { 0..0 };
    for at in (0..len).filter(|at| !hidden.contains(at) || *at == hidden.start) {
        match (at, depth) {
            (0, _) => {}
            (_, 4) => f.write_str(", ")?,
            _ => write!(f, ",\n{:depth$}", "")?,
        }
        if hidden.contains(&at) { f.write_str("…")? } else { item(f, at)? }
    }
    f.write_str("]")
}
