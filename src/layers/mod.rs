//! Layers. One file a kind: its sizes as a zero-sized type, its state, its forward function.
//!
//! `network!` writes a zero-sized type for each layer, with the layer's numbers as constants. A layer
//! struct such as [`Conv2d`] is generic over it, so that every loop bound is a literal when it is
//! compiled.

mod activation;
mod conv2d;
mod convert;
mod input;
mod pool;
mod residual;
mod softmax;
mod together;
mod transpose;

pub use activation::{Activate, Activation, ActivationLayer};
pub use conv2d::{BatchNorm, Conv2d, ConvLayer, ConvSpec, Linear, NormSpec};
pub use convert::Convert;
pub use input::Input;
pub use pool::{AvgPool2d, MaxPool2d, PoolLayer};
pub use residual::Residual;
pub use softmax::Softmax;
pub use together::{Together, stage, staged, staged_blocks};
pub use transpose::Transpose;

use crate::map::Map;
use crate::shape::PoolShape;
use bytemuck::Pod;

/// A layer's shapes.
pub trait Layer: Copy + Default + core::fmt::Debug + Send + Sync + 'static {
    /// The feature map that it reads.
    type Input<T: Pod>: Map<T>;
    /// The feature map that it writes.
    type Output<T: Pod>: Map<T>;
}

/// Where a layer stands in its network.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The full name.
    pub name: &'static str,
    /// The row of the network's `LAYERS` that shows the layer's results; none for the input's.
    pub row: Option<usize>,
}

/// What is done with a result before it is stored.
pub trait Epilogue: 'static {
    /// The activation function that follows.
    const ACTIVATION: Activation;
    /// The maximum pool that follows the activation function.
    const POOL: Option<PoolShape> = None;
}

/// Stores a result as it is, as if nothing had been fused.
pub struct AsWritten;

impl Epilogue for AsWritten {
    const ACTIVATION: Activation = Activation::Identity;
}

/// `E` without its pool.
pub struct Unpooled<E>(E);

impl<E: Epilogue> Epilogue for Unpooled<E> {
    const ACTIVATION: Activation = E::ACTIVATION;
}
