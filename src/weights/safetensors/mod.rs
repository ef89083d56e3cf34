//! `.safetensors`: a JSON header that names the tensors, then their values.
//!
//! ```text
//! length of the header: u64, little-endian
//! header: {"conv1.weight": {"dtype": "F32", "shape": [6, 1, 5, 5], "data_offsets": [0, 600]}, …}
//! values: one tensor after the other, little-endian, no gaps
//! ```
//!
//! The header is read by a parser of its own, for three reasons. The `safetensors` crate collects the
//! tensors in a map, in which the last of two equal names wins without a word; its errors don't say what
//! was wanted and what was found; and it brings `serde`, `serde_json` and `hashbrown` along, also
//! into firmware. The format nests three levels deep and no further, so nothing here recurses, and what
//! is kept of a header is a small multiple of its length.

mod header;
mod held;
mod json;
mod sink;
mod source;

pub use header::TensorInfo;
#[cfg(feature = "cli")]
pub(crate) use held::precisions;
pub(crate) use held::{Held, alike, explained, held, of_format};
pub use sink::SafetensorsSink;
pub use source::SafetensorsSource;
