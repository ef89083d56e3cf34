//! Shapes as far as they are known: after a mistake, a layer's output may be known in part.

use std::fmt;

/// Channels, height and width.
pub(crate) type Shape = [Option<usize>; 3];

/// What a layer reads, and where it comes from.
#[derive(Clone)]
pub(crate) struct Input {
    pub(crate) shape: Shape,
    /// The layer before: `` `pool2` ``.
    pub(crate) from: String,
}

impl Input {
    /// Whether there is a height or a width above 1.
    pub(crate) fn is_spatial(&self) -> bool {
        let [_, height, width] = self.shape;
        height.is_some_and(|height| height > 1) || width.is_some_and(|width| width > 1)
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (from {})", show(self.shape), self.from)
    }
}

/// The shape if all of it is known.
pub(crate) fn known(shape: Shape) -> Option<[usize; 3]> {
    Some([shape[0]?, shape[1]?, shape[2]?])
}

/// The number of values.
pub(crate) fn volume(shape: [usize; 3]) -> usize {
    shape.iter().product()
}

/// As it is written: `[16, 5, 5]`, or `[10]` for a flat shape.
pub(crate) fn show(shape: Shape) -> String {
    let size = |size: Option<usize>| size.map_or("?".to_owned(), |size| size.to_string());
    match shape {
        [channels, Some(1), Some(1)] => format!("[{}]", size(channels)),
        [c, h, w] => format!("[{}, {}, {}]", size(c), size(h), size(w)),
    }
}
