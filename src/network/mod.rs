//! What `network!` implements, and what follows from it for every network.

#[cfg(feature = "alloc")]
mod observe;
mod predict;
mod stages;
mod summary;
mod workspace;

#[cfg(feature = "alloc")]
pub(crate) use observe::trace_slice_once;
#[cfg(feature = "std")]
pub use observe::{LayerTime, PROFILE_RUNS, profile, profile_slice};
#[cfg(feature = "alloc")]
pub use observe::{LayerTrace, observe_slice, trace, trace_slice, trace_slice_on};
pub use predict::{predict, predict_batch, predict_slice, predict_slice_on, predict_with};
pub use stages::{Once, Stages};
#[cfg(feature = "std")]
pub use stages::{Repeated, stage_name, time_stage_on};
pub use summary::{debug, summary};
#[cfg(feature = "alloc")]
pub use workspace::workspace;

use crate::layers::{ConvSpec, Together};
use crate::map::Map;
use crate::precision::{Arithmetic, Precision};
use crate::simd::{self, Block, Isa};
#[cfg(feature = "alloc")]
use crate::weights::{LoadError, Sink, Source};
use bytemuck::Pod;

/// One layer as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerInfo {
    /// The label with those of the blocks around it (`block1.conv1`), or the kind and a number.
    pub name: &'static str,
    /// As written: `Conv2d`.
    pub kind: &'static str,
    /// `[channels, height, width]`.
    pub input: [usize; 3],
    /// `[channels, height, width]`.
    pub output: [usize; 3],
    /// Trained values; running statistics don't count.
    pub parameters: usize,
    /// Multiply-adds for one image.
    pub macs: usize,
}

/// A network that `network!` made.
pub trait Network: Sized + Clone + Send + Sync {
    /// The precision that the network runs in.
    type Precision: Precision;
    /// The name of the type.
    const NAME: &'static str;
    /// The name of the precision.
    const PRECISION: &'static str = <Self::Precision as Arithmetic>::NAME;
    /// The shape of one input.
    const INPUT: [usize; 3];
    /// The shape of one output.
    const OUTPUT: [usize; 3];
    /// The layers as written.
    const LAYERS: &'static [LayerInfo];
    /// The algorithm that runs each layer; empty for a layer that has none.
    const ALGORITHMS: &'static [&'static str];
    /// The row of [`LAYERS`](Self::LAYERS) that each stage of [`forward`](Self::forward) begins with; a
    /// stage does the layers up to the next one's. Reading the input is the first stage, and neither it
    /// nor a conversion between precisions has a row.
    const STAGES: &'static [Option<usize>];
    /// Trained values; running statistics don't count.
    const PARAMETERS: usize = {
        let (mut sum, mut at) = (0, 0);
        while at < Self::LAYERS.len() {
            sum += Self::LAYERS[at].parameters;
            at += 1;
        }
        sum
    };
    /// Multiply-adds for one image.
    const MACS: usize = {
        let (mut sum, mut at) = (0, 0);
        while at < Self::LAYERS.len() {
            sum += Self::LAYERS[at].macs;
            at += 1;
        }
        sum
    };
    /// Values in a `.raw` file.
    const STORED: usize;
    /// Blocks of each buffer that feature maps lie in.
    const SLOTS: &'static [usize];
    /// Blocks of scratch memory that the layers share.
    const SCRATCH: usize;
    /// The same for a [`walk`](Self::walk), which keeps what a fused layer never writes, and sums as
    /// floats.
    const WALK_SLOTS: &'static [usize];
    /// Blocks of scratch memory that the layers of a walk share.
    const WALK_SCRATCH: usize;
    /// Blocks of workspace for a walk in all.
    const WALK_WORKSPACE: usize = sum(Self::WALK_SLOTS) + Self::WALK_SCRATCH;
    /// Blocks of workspace in all.
    const WORKSPACE: usize = sum(Self::SLOTS) + Self::SCRATCH;
    /// Bytes of workspace in all. They suffice for a batch of any size.
    const WORKSPACE_BYTES: usize = Self::WORKSPACE * Block::BYTES;
    /// The layers that several images can run together; see
    /// [`forward_together`](Self::forward_together).
    const TOGETHER: Together = Together::NONE;
    /// Blocks of each buffer that the feature maps of several images lie in.
    const TOGETHER_SLOTS: &'static [usize] = &[];
    /// Blocks of workspace for several images in all; as many as for one, where no instruction set gains by
    /// running them together.
    const TOGETHER_WORKSPACE: usize = Self::WORKSPACE
        + if simd::any_together(Self::TOGETHER) { sum(Self::TOGETHER_SLOTS) } else { 0 };

    /// One image through the network. `output` is in NCHW order.
    #[inline(always)]
    fn forward<I: Isa, T: Pixel>(
        &self,
        isa: I,
        image: &[T],
        output: &mut [f32],
        workspace: &mut [Block],
    ) {
        self.forward_in_stages(isa, image, output, workspace, &mut Once);
    }

    /// [`forward`](Self::forward), in which a stage may run more than once.
    fn forward_in_stages<I: Isa, T: Pixel, S: Stages>(
        &self,
        isa: I,
        image: &[T],
        output: &mut [f32],
        workspace: &mut [Block],
        stages: &mut S,
    );

    /// Four images through the network, for which [`TOGETHER`](Self::TOGETHER) layers load each weight once.
    /// Images and results lie one behind the other, and are those of four [`forward`](Self::forward)s.
    ///
    /// # Panics
    /// If no instruction set of this architecture gains by it, or the workspace has fewer than
    /// [`TOGETHER_WORKSPACE`](Self::TOGETHER_WORKSPACE) blocks.
    fn forward_together<I: Isa, T: Pixel>(
        &self,
        _: I,
        _images: &[T],
        _output: &mut [f32],
        _workspace: &mut [Block],
    ) {
        unreachable!("no layer runs several images together");
    }

    /// One image through the network, layer by layer as written.
    fn walk<I: Isa, O: Observer>(
        &self,
        isa: I,
        image: &[f32],
        workspace: &mut [Block],
        observer: &mut O,
    );

    /// A network with the parameters of a source.
    ///
    /// # Errors
    /// What the source finds wrong with them.
    #[cfg(feature = "alloc")]
    fn build<S: Source>(source: &mut S) -> Result<Self, LoadError>;

    /// Gives all parameters to a file.
    #[cfg(feature = "alloc")]
    fn write<S: Sink>(&self, sink: &mut S);

    /// Bytes that the parameters take in memory.
    fn weight_bytes(&self) -> usize;

    /// Whether the network tells on stderr what it loads and computes.
    fn verbose(&self) -> bool;

    /// Makes the network tell on stderr, with the `std` feature, what it loads and each layer's output
    /// shape as it predicts; a new network is silent.
    fn set_verbose(&mut self, verbose: bool);
}

/// The sum of some sizes, at compile time.
pub const fn sum(sizes: &[usize]) -> usize {
    let (mut sum, mut at) = (0, 0);
    while at < sizes.len() {
        sum += sizes[at];
        at += 1;
    }
    sum
}

/// The largest of some sizes, at compile time.
pub const fn largest(sizes: &[usize]) -> usize {
    let (mut largest, mut at) = (0, 0);
    while at < sizes.len() {
        if sizes[at] > largest {
            largest = sizes[at];
        }
        at += 1;
    }
    largest
}

/// An element of an input image: a real value, or a byte that stands for 0.0 to 1.0.
pub trait Pixel: Pod + Send + Sync {
    /// The real value.
    fn value(self) -> f32;
}

impl Pixel for f32 {
    #[inline(always)]
    fn value(self) -> f32 {
        self
    }
}

impl Pixel for u8 {
    #[inline(always)]
    fn value(self) -> f32 {
        f32::from(self) / 255.0
    }
}

/// Sees each layer's result on a [`walk`](Network::walk).
pub trait Observer {
    /// Runs the next layer of [`LAYERS`](Network::LAYERS); `real` tells what its results mean.
    fn layer<'x, T: Pod, M: Map<T>>(
        &mut self,
        real: impl Fn(T) -> f32,
        run: impl FnOnce() -> &'x M,
    ) -> &'x M;

    /// Sees the input of the next layer, one with weights.
    fn reads<T: Pod, M: Map<T>>(&mut self, _: &ConvSpec, _: &M) {}
}

/// A feature map as real values in NCHW order.
#[inline(always)]
pub fn output<T: Pod, M: Map<T>>(map: &M, real: impl Fn(T) -> f32, output: &mut [f32]) {
    let [channels, height, width] = M::SHAPE;
    for (pixel, values) in map.values().chunks_exact(channels).enumerate() {
        for (c, &value) in values.iter().enumerate() {
            output[c * height * width + pixel] = real(value);
        }
    }
}
