//! LeNet-5 on real digits, in every precision.

#[cfg(feature = "cli")]
mod digits;
#[cfg(feature = "cli")]
#[path = "../support/program.rs"]
mod program;
mod quantized;
mod weights;
