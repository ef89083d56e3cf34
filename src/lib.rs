//! A CNN written in one macro, compiled to the fastest code a CPU can run for it.
#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(feature = "alloc")]
extern crate alloc;
extern crate self as microcnn;

pub mod conv;
pub mod layers;
pub mod lenet;
pub mod map;
pub mod network;
pub mod precision;
pub mod shape;
pub mod simd;
pub mod tensor;
pub mod weights;

pub use tensor::Tensor;

/// What the code that `network!` writes refers to; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::conv::{Auto, Convolve};
    pub use crate::layers::*;
    pub use crate::map::FeatureMap;
    pub use crate::network::{LayerInfo, Network, Observer, Pixel, input, largest, output};
    pub use crate::precision::Precision;
    pub use crate::shape::{ConvShape, PoolShape, Window};
    pub use crate::simd::{Block, Isa};
    #[cfg(feature = "alloc")]
    pub use crate::weights::{LoadError, RawSink, RawSource, Sink, Source};
    pub use bytemuck::Pod;
}
