//! Looking at a network while it runs: every layer's result, every layer's time.

use super::{LayerInfo, Network, Observer};
use crate::map::Map;
use crate::precision::Arithmetic;
use crate::shape::volume;
use crate::simd::{self, Block, Isa, Kernel, Scalar};
use crate::tensor::Tensor;
use alloc::{vec, vec::Vec};
use bytemuck::Pod;
use core::slice::Iter;
#[cfg(feature = "std")]
use core::slice::IterMut;
#[cfg(feature = "std")]
use std::time::{Duration, Instant};

/// One layer's result.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerTrace {
    /// As in [`LayerInfo`].
    pub name: &'static str,
    /// As in [`LayerInfo`].
    pub kind: &'static str,
    /// `[channels, height, width]`.
    pub shape: [usize; 3],
    /// The real values, channels outermost.
    pub values: Vec<f32>,
}

/// One layer's time.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerTime {
    /// As in [`LayerInfo`].
    pub name: &'static str,
    /// As in [`LayerInfo`].
    pub kind: &'static str,
    /// The median of several runs.
    pub time: Duration,
}

/// The result of every layer as written, for one image.
pub fn trace<Net: Network, const C: usize, const H: usize, const W: usize>(
    network: &Net,
    image: &Tensor<f32, 1, C, H, W>,
) -> Vec<LayerTrace> {
    trace_slice(network, image.as_slice())
}

/// [`trace`] of an image that lies in a slice.
///
/// # Panics
/// If the image has another number of values than the network takes.
pub fn trace_slice<Net: Network>(network: &Net, image: &[f32]) -> Vec<LayerTrace> {
    let mut traces = Vec::new();
    observe_slice(network, image, &mut Watch::Values(Net::LAYERS.iter(), &mut traces));
    traces
}

/// [`trace_slice`] on a certain instruction set, whatever `MICROCNN_ISA` says.
///
/// # Panics
/// As [`trace_slice`].
pub fn trace_slice_on<I: Isa, Net: Network>(
    isa: I,
    network: &Net,
    image: &[f32],
) -> Vec<LayerTrace> {
    let mut traces = Vec::new();
    observe_slice_on(isa, network, image, &mut Watch::Values(Net::LAYERS.iter(), &mut traces));
    traces
}

/// [`trace_slice`] for comparisons, where integers, which are the same on every instruction set, had
/// better be compiled once than be fast.
///
/// # Panics
/// As [`trace_slice`].
pub(crate) fn trace_slice_once<Net: Network>(network: &Net, image: &[f32]) -> Vec<LayerTrace> {
    if Net::Precision::FLOAT {
        trace_slice(network, image)
    } else {
        trace_slice_on(Scalar, network, image)
    }
}

/// The time of every layer, each run by itself with nothing fused: the median of
/// [`PROFILE_RUNS`] runs.
#[cfg(feature = "std")]
pub fn profile<Net: Network, const C: usize, const H: usize, const W: usize>(
    network: &Net,
    image: &Tensor<f32, 1, C, H, W>,
) -> Vec<LayerTime> {
    profile_slice(network, image.as_slice())
}

/// [`profile`] with an image that lies in a slice.
///
/// # Panics
/// If the image has another number of values than the network takes.
#[cfg(feature = "std")]
pub fn profile_slice<Net: Network>(network: &Net, image: &[f32]) -> Vec<LayerTime> {
    let mut runs = vec![Vec::with_capacity(PROFILE_RUNS); Net::LAYERS.len()];
    for _ in 0..PROFILE_RUNS {
        observe_slice(network, image, &mut Watch::Times(runs.iter_mut()));
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    Net::LAYERS
        .iter()
        .zip(runs)
        .map(|(layer, times)| LayerTime { name: layer.name, kind: layer.kind, time: median(times) })
        .collect()
}

/// Runs that [`profile`] takes the median of.
#[cfg(feature = "std")]
pub const PROFILE_RUNS: usize = 31;

/// Lets an observer see each layer's result for one image.
///
/// # Panics
/// If the image has another number of values than the network takes.
pub fn observe_slice<Net: Network, O: Observer>(network: &Net, image: &[f32], observer: &mut O) {
    simd::dispatch(walk(network, image, observer));
}

fn observe_slice_on<I: Isa, Net: Network, O: Observer>(
    isa: I,
    network: &Net,
    image: &[f32],
    observer: &mut O,
) {
    isa.run(walk(network, image, observer));
}

struct Walk<'a, N, O> {
    network: &'a N,
    image: &'a [f32],
    observer: &'a mut O,
}

impl<N: Network, O: Observer> Kernel for Walk<'_, N, O> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let mut workspace = vec![Block::ZERO; N::WALK_WORKSPACE];
        self.network.walk(isa, self.image, &mut workspace, self.observer);
    }
}

fn walk<'a, Net: Network, O: Observer>(
    network: &'a Net,
    image: &'a [f32],
    observer: &'a mut O,
) -> Walk<'a, Net, O> {
    assert!(
        image.len() == volume(Net::INPUT),
        "{} takes images of {} values, this one has {}",
        Net::NAME,
        volume(Net::INPUT),
        image.len(),
    );
    Walk { network, image, observer }
}

/// What is noted of each layer. One type for both, so that a network's walk is compiled once for each
/// instruction set and not twice.
enum Watch<'a> {
    Values(Iter<'static, LayerInfo>, &'a mut Vec<LayerTrace>),
    #[cfg(feature = "std")]
    Times(IterMut<'a, Vec<Duration>>),
}

impl Observer for Watch<'_> {
    #[inline(always)]
    fn layer<'x, T: Pod, M: Map<T>>(
        &mut self,
        real: impl Fn(T) -> f32,
        run: impl FnOnce() -> &'x M,
    ) -> &'x M {
        #[cfg(feature = "std")]
        let start = Instant::now();
        let map = run();
        match self {
            Self::Values(layers, traces) => note_values(layers, traces, values(map, real)),
            #[cfg(feature = "std")]
            Self::Times(runs) => note_time(runs, start.elapsed()),
        }
        map
    }
}

#[inline(never)]
fn note_values(layers: &mut Iter<'_, LayerInfo>, traces: &mut Vec<LayerTrace>, values: Vec<f32>) {
    let layer = layers.next().expect("a walk takes one step a layer");
    let LayerInfo { name, kind, output: shape, .. } = *layer;
    traces.push(LayerTrace { name, kind, shape, values });
}

#[cfg(feature = "std")]
#[inline(never)]
fn note_time(runs: &mut IterMut<'_, Vec<Duration>>, time: Duration) {
    runs.next().expect("a walk takes one step a layer").push(time);
}

#[inline(never)]
fn values<T: Pod, M: Map<T>>(map: &M, real: impl Fn(T) -> f32) -> Vec<f32> {
    let mut values = vec![0.0; M::LEN];
    super::output(map, real, &mut values);
    values
}
