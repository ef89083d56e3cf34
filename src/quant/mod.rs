//! Quantization: from a network in floats to one in small integers that gives the same answers.
//!
//! Activations are asymmetric: 0 to 255 (or 15) spread over the range that calibration images show,
//! with 0 exactly among them ([`Edge`]). Weights are symmetric, with a scale for each output channel
//! ([`Grid`]). Sums of products are exact in 32 bits ([`IntegerLayer`]), and one multiplication and
//! one rounding make a sum the next layer's activation ([`requantize`]). These steps are the
//! specification: every algorithm and every instruction set gives the same bits.
//!
//! ```text
//! calibration images ─ Histogram ─ RangeMethod ─ Edge ┐
//!                    └ LayerMoments ─ Compensation ┐  │
//! weights ─ weight_scale ─ round ──────────────────┴──┴ IntegerLayer ─ precision::pack
//! ```

#[cfg(feature = "alloc")]
mod calibrate;
#[cfg(feature = "alloc")]
mod compensate;
mod edge;
#[cfg(feature = "alloc")]
mod error;
mod grid;
#[cfg(feature = "alloc")]
mod histogram;
#[cfg(feature = "alloc")]
mod layer;
#[cfg(feature = "alloc")]
mod moments;
#[cfg(feature = "alloc")]
mod options;
#[cfg(feature = "alloc")]
mod parameters;
#[cfg(feature = "alloc")]
mod range;
#[cfg(feature = "alloc")]
mod report;
#[cfg(feature = "alloc")]
mod weights;

#[cfg(feature = "alloc")]
pub use calibrate::{Calibration, quantize, quantize_report};
#[cfg(feature = "alloc")]
pub use compensate::{Compensation, InputMoments};
pub use edge::{Edge, requantize, round_half_even, to_steps};
#[cfg(feature = "alloc")]
pub use error::QuantizeError;
pub use grid::Grid;
#[cfg(feature = "alloc")]
pub use histogram::Histogram;
#[cfg(feature = "alloc")]
pub use layer::{FloatLayer, IntegerLayer};
#[cfg(feature = "alloc")]
pub use moments::{LayerMoments, unfold};
#[cfg(feature = "alloc")]
pub use options::{COMPENSATED_INPUTS, QuantizeOptions, Rounding, Scales, WeightOptions};
#[cfg(feature = "alloc")]
pub use parameters::{Format, IntegerRequest, Integers, is_table, pack_levels, unpack_levels};
#[cfg(feature = "alloc")]
pub use range::{RangeMethod, squared_error};
#[cfg(feature = "alloc")]
pub use report::{LayerReport, QuantizeReport};
#[cfg(feature = "alloc")]
pub use weights::{rounding_error, weight_scale};
