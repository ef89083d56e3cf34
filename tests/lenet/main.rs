//! LeNet-5 on real digits, in every precision.

#[cfg(all(feature = "cli", not(target_family = "wasm")))]
mod digits;
#[cfg(all(feature = "cli", not(target_family = "wasm")))]
#[path = "../support/program.rs"]
mod program;
mod quantized;
mod weights;
