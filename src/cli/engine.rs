//! A network with its parameters, as the program runs it, whatever its type.

use crate::network::{self, LayerTime, LayerTrace, Network, Repeated};
use crate::precision::Arithmetic;
use crate::simd::{self, Block, Isa, Scalar};
use crate::weights::{self, LoadError};
use std::time::Duration;

/// Where a model's parameters come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stored<'a> {
    /// The bytes of a `.raw` file.
    Raw(&'a [u8]),
    /// The bytes of a `.safetensors` file.
    Safetensors(&'a [u8]),
    /// Drawn from a seed.
    Random(u64),
}

impl Stored<'_> {
    /// A network with these parameters.
    pub(super) fn load<N: Network>(self) -> Result<N, LoadError> {
        match self {
            Self::Raw(bytes) => weights::from_raw(bytes),
            Self::Safetensors(bytes) => weights::from_safetensors(bytes),
            Self::Random(seed) => Ok(weights::random(seed)),
        }
    }
}

/// A network with parameters, ready to run.
pub(crate) trait Engine {
    /// Runs raw pixels of one or more images.
    fn predict(&mut self, images: &[u8], scores: &mut [f32]);
    /// Each layer's result.
    fn trace(&self, image: &[f32]) -> Vec<LayerTrace>;
    /// Each layer's time, of floats: integers would be compiled for each instruction set once more.
    fn profile(&self, image: &[f32]) -> Option<Vec<LayerTime>>;
    /// Bytes that the parameters take.
    fn weight_bytes(&self) -> usize;
    /// [`predict`](Self::predict) on an instruction set of this machine.
    fn predict_on(&mut self, isa: &str, images: &[u8], scores: &mut [f32]);
    /// What so many runs of each stage take on an instruction set of this machine.
    fn time_stages_on(&mut self, isa: &str, image: &[u8], runs: &[u64]) -> Vec<Duration>;
    /// The name of each stage of the forward function, and the row of the first layer that it does.
    fn stages(&self) -> Vec<(String, Option<usize>)>;
    /// Bytes of scratch memory.
    fn workspace_bytes(&self) -> usize;
    /// Bytes of a value between two layers.
    fn element_bytes(&self) -> usize;
}

/// A network and the memory that it runs in.
pub(super) struct Loaded<N> {
    network: N,
    workspace: Box<[Block]>,
}

impl<N: Network> Loaded<N> {
    pub(super) fn new(stored: Stored<'_>) -> Result<Self, LoadError> {
        let network = stored.load()?;
        Ok(Self { network, workspace: network::workspace::<N>() })
    }
}

impl<N: Network> Engine for Loaded<N> {
    fn predict(&mut self, images: &[u8], scores: &mut [f32]) {
        network::predict_slice(&self.network, images, scores, &mut self.workspace);
    }

    fn trace(&self, image: &[f32]) -> Vec<LayerTrace> {
        network::trace_slice_once(&self.network, image)
    }

    fn profile(&self, image: &[f32]) -> Option<Vec<LayerTime>> {
        if N::Precision::FLOAT { Some(network::profile_slice(&self.network, image)) } else { None }
    }

    fn weight_bytes(&self) -> usize {
        self.network.weight_bytes()
    }

    fn predict_on(&mut self, isa: &str, images: &[u8], scores: &mut [f32]) {
        let Self { network, workspace } = self;
        on(isa, &mut Predict { network: &*network, images, scores, workspace });
    }

    fn time_stages_on(&mut self, isa: &str, image: &[u8], runs: &[u64]) -> Vec<Duration> {
        let Self { network, workspace } = self;
        let mut stages = Repeated::each(runs.to_vec());
        on(isa, &mut Stage { network: &*network, image, workspace, stages: &mut stages });
        stages.times().to_vec()
    }

    fn stages(&self) -> Vec<(String, Option<usize>)> {
        let stages = N::STAGES.iter().enumerate();
        stages.map(|(at, row)| (network::stage_name::<N>(at), *row)).collect()
    }

    fn workspace_bytes(&self) -> usize {
        N::WORKSPACE_BYTES
    }

    fn element_bytes(&self) -> usize {
        size_of::<<N::Precision as Arithmetic>::Element>()
    }
}

/// Shows a visitor one instruction set of this machine.
fn on(isa: &str, visitor: &mut impl OnIsa) {
    struct Named<'a, V>(&'a str, &'a mut V);
    impl<V: OnIsa> simd::Visitor for Named<'_, V> {
        fn visit<I: Isa>(&mut self, isa: I) {
            if I::NAME == self.0 {
                self.1.on(isa);
            }
        }
    }
    simd::each_supported(&mut Named(isa, visitor));
}

trait OnIsa {
    fn on<I: Isa>(&mut self, isa: I);
}

struct Predict<'a, N> {
    network: &'a N,
    images: &'a [u8],
    scores: &'a mut [f32],
    workspace: &'a mut [Block],
}

impl<N: Network> OnIsa for Predict<'_, N> {
    fn on<I: Isa>(&mut self, isa: I) {
        let Self { network, images, scores, workspace } = self;
        network::predict_slice_on(isa, *network, images, scores, workspace);
    }
}

struct Stage<'a, N> {
    network: &'a N,
    image: &'a [u8],
    workspace: &'a mut [Block],
    stages: &'a mut Repeated,
}

impl<N: Network> OnIsa for Stage<'_, N> {
    fn on<I: Isa>(&mut self, isa: I) {
        let Self { network, image, workspace, stages } = self;
        network::time_stage_on(isa, *network, image, workspace, stages);
    }
}

/// A network that runs without the extensions of any processor, and one whose layers give the same.
pub(super) struct Plain<N, Like> {
    loaded: Loaded<N>,
    like: Like,
}

impl<N: Network, Like: Network> Plain<N, Like> {
    pub(super) fn new(stored: Stored<'_>) -> Result<Self, LoadError> {
        Ok(Self { loaded: Loaded::new(stored)?, like: stored.load()? })
    }
}

impl<N: Network, Like: Network> Engine for Plain<N, Like> {
    fn predict(&mut self, images: &[u8], scores: &mut [f32]) {
        let Loaded { network, workspace } = &mut self.loaded;
        network::predict_slice_on(Scalar, network, images, scores, workspace);
    }

    fn trace(&self, image: &[f32]) -> Vec<LayerTrace> {
        network::trace_slice_once(&self.like, image)
    }

    fn profile(&self, _: &[f32]) -> Option<Vec<LayerTime>> {
        None
    }

    fn weight_bytes(&self) -> usize {
        self.loaded.network.weight_bytes()
    }

    fn predict_on(&mut self, _: &str, images: &[u8], scores: &mut [f32]) {
        self.predict(images, scores);
    }

    fn time_stages_on(&mut self, _: &str, image: &[u8], runs: &[u64]) -> Vec<Duration> {
        let Loaded { network, workspace } = &mut self.loaded;
        let mut stages = Repeated::each(runs.to_vec());
        network::time_stage_on(Scalar, network, image, workspace, &mut stages);
        stages.times().to_vec()
    }

    fn stages(&self) -> Vec<(String, Option<usize>)> {
        self.loaded.stages()
    }

    fn workspace_bytes(&self) -> usize {
        self.loaded.workspace_bytes()
    }

    fn element_bytes(&self) -> usize {
        self.loaded.element_bytes()
    }
}
