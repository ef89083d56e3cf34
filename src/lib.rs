//! A convolutional network written in one macro, compiled to the fastest code that a CPU can run for
//! it.
//!
//! ```
//! use microcnn::prelude::*;
//!
//! network! {
//!     /// Tells four textures apart.
//!     pub struct Textures: [1, 16, 16] -> [4] {
//!         conv1: Conv2d<8, 3>(padding = 1), ReLU, MaxPool2d<2>,
//!         conv2: Conv2d<16, 3>, ReLU, GlobalAvgPool2d,
//!         fc: Linear<4>, Softmax,
//!     }
//! }
//!
//! let network = Textures::random(1);
//! let output = network.predict(&Tensor::<f32, 1, 1, 16, 16>::zeros());
//! assert_eq!(output.as_slice().len(), 4);
//! ```
//!
//! # The data's way
//! ```text
//! network! text ─ parse ─ infer (shapes, all errors) ─ expand ─ a struct and a straight-line forward function
//! weights file ─ weights ─ typed parameters ─ precision ─ packed weights, once
//! pixels ─ Tensor ─ Network::forward<Isa> ─ layers ─ conv::<Algorithm> × precision::<P> ─ simd::<Isa> ─ Tensor
//! ```
//!
//! Four axes, each in one folder, each extended in one place: [`layers`], [`conv`] (algorithms),
//! [`precision`] and [`simd`] (instruction sets).
#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(feature = "alloc")]
extern crate alloc;
extern crate self as microcnn;

#[cfg(feature = "std")]
pub mod bench;
#[cfg(feature = "cli")]
pub mod cli;
pub mod conv;
pub mod element;
pub mod layers;
pub mod lenet;
pub mod map;
#[cfg(feature = "std")]
pub mod mnist;
pub mod network;
pub mod precision;
pub mod quant;
#[cfg(feature = "cli")]
mod report;
pub mod shape;
pub mod simd;
pub mod tensor;
pub mod weights;

pub use element::I4;
#[cfg(feature = "std")]
#[doc = include_str!("bench.md")]
pub use microcnn_macros::bench_network;
// Without the feature its code names the module `cli`, and the compiler what that is behind.
#[cfg(feature = "std")]
#[cfg_attr(feature = "cli", doc = include_str!("cli.md"))]
#[cfg_attr(
    not(feature = "cli"),
    doc = "The whole `main` of a program; needs the feature `cli`."
)]
pub use microcnn_macros::cli;
#[doc = include_str!("language.md")]
pub use microcnn_macros::network;
pub use precision::{W2A8, W4A8};
pub use tensor::Tensor;

/// What most programs use.
pub mod prelude {
    pub use crate::conv::{Auto, Convolve, Direct, Im2col, Naive};
    #[cfg(feature = "alloc")]
    pub use crate::conv::{Fft, Winograd};
    pub use crate::element::I4;
    pub use crate::network::{LayerInfo, Network};
    pub use crate::precision::{Precision, W2A8, W4A8};
    #[cfg(feature = "alloc")]
    pub use crate::quant::{QuantizeError, QuantizeOptions};
    pub use crate::simd::Block;
    pub use crate::tensor::Tensor;
    #[cfg(feature = "alloc")]
    pub use crate::weights::LoadError;
    pub use microcnn_macros::network;
}

/// What the code that `network!` writes refers to; not for use by hand.
#[doc(hidden)]
pub mod __private {
    #[cfg(feature = "std")]
    pub use crate::bench;
    pub use crate::conv::together::IMAGES;
    pub use crate::conv::{Algorithm, Auto, Convolve, Naive, does_itself};
    pub use crate::layers::*;
    pub use crate::map::{FeatureMap, reshape};
    pub use crate::network::{
        LayerInfo, Network, Observer, Pixel, Stages, debug, largest, output, predict, predict_with,
        sum, summary,
    };
    #[cfg(feature = "std")]
    pub use crate::network::{LayerTime, profile};
    #[cfg(feature = "alloc")]
    pub use crate::network::{LayerTrace, trace, workspace};
    pub use crate::precision::{Arithmetic, ConstPacker, Precision, packed_blocks};
    #[cfg(feature = "alloc")]
    pub use crate::quant::{self, Calibration, QuantizeError, QuantizeOptions, QuantizeReport};
    pub use crate::shape::{ConvShape, PoolShape, Window};
    pub use crate::simd::{Block, Isa};
    pub use crate::tensor::Tensor;
    #[cfg(feature = "std")]
    pub use crate::weights::SaveError;
    #[cfg(feature = "alloc")]
    pub use crate::weights::{self, LoadError, Sink, Source};
    pub use crate::{__with_alloc as with_alloc, __with_std as with_std};
    #[cfg(feature = "alloc")]
    pub use alloc::boxed::Box;
    #[cfg(feature = "alloc")]
    pub use alloc::vec::Vec;
    pub use bytemuck::Pod;
    #[cfg(feature = "std")]
    pub use std::path::Path;

    /// A feature map in a precision.
    pub type Map<P, const C: usize, const H: usize, const W: usize> =
        FeatureMap<<P as crate::precision::Arithmetic>::Element, C, H, W>;
}

/// Its items, if this crate has the `alloc` feature: code in another crate can't ask.
#[cfg(feature = "alloc")]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_alloc {
    ($($items:tt)*) => { $($items)* };
}

/// Its items, if this crate has the `alloc` feature: code in another crate can't ask.
#[cfg(not(feature = "alloc"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_alloc {
    ($($items:tt)*) => {};
}

/// Its items, if this crate has the `std` feature: code in another crate can't ask.
#[cfg(feature = "std")]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_std {
    ($($items:tt)*) => { $($items)* };
}

/// Its items, if this crate has the `std` feature: code in another crate can't ask.
#[cfg(not(feature = "std"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_std {
    ($($items:tt)*) => {};
}

/// The README's code compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
