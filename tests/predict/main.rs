//! Networks that run: what an image's result does not depend on, and where memory comes from. (One program, in which
//! layers under every algorithm are compiled once.)

mod algorithms;
mod batch;
// Threads take from the heap what the others don't; and WebAssembly has none.
#[cfg(not(any(feature = "parallel", target_family = "wasm")))]
mod memory;
