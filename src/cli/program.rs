//! A network as the program sees it: each precision and algorithm that it was compiled for, behind
//! one interface, so that the commands are compiled once.

use super::Failure;
use crate::network::{self, LayerInfo, LayerTime, LayerTrace, Network};
use crate::simd::Block;
use crate::weights::{self, LoadError};
use std::path::Path;

/// What a program is made for; `program!` writes it.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The name of the network's type.
    pub network: &'static str,
    /// The layers as written.
    pub layers: &'static [LayerInfo],
    /// The shape of one input.
    pub input: [usize; 3],
    /// The precisions and algorithms that it was compiled for; the first one is the reference.
    pub models: &'static [Model],
    /// The trained parameters inside, as the bytes of a `.raw` file.
    pub weights: &'static [u8],
    /// Images inside, as the bytes of an IDX file.
    pub images: &'static [u8],
    /// Their labels, as the bytes of an IDX file.
    pub labels: &'static [u8],
}

/// The network in one precision under one algorithm.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// As in [`Precision`](crate::precision::Precision).
    pub precision: &'static str,
    /// As in [`Algorithm::NAME`](crate::conv::Algorithm::NAME).
    pub algorithm: &'static str,
    /// What runs each layer; empty for a layer that has no algorithm.
    pub algorithms: &'static [&'static str],
    load: fn(Weights<'_>) -> Result<Box<dyn Engine>, LoadError>,
}

/// Where parameters come from.
#[derive(Clone, Copy, Debug)]
enum Weights<'a> {
    Raw(&'a [u8]),
    File(&'a Path),
}

impl Model {
    /// The network `N`, compiled for this algorithm.
    pub const fn of<N: Network + 'static>(algorithm: &'static str) -> Self {
        Self {
            precision: N::PRECISION,
            algorithm,
            algorithms: N::ALGORITHMS,
            load: |weights| {
                let network: N = match weights {
                    Weights::Raw(bytes) => weights::from_raw(bytes)?,
                    Weights::File(path) => weights::from_file(path)?,
                };
                Ok(Box::new(Loaded { network, workspace: network::workspace::<N>() }))
            },
        }
    }
}

/// A network with parameters, ready to run.
pub(crate) trait Engine {
    /// Runs raw pixels of one or more images.
    fn predict(&mut self, images: &[u8], scores: &mut [f32]);
    /// Each layer's result.
    fn trace(&self, image: &[f32]) -> Vec<LayerTrace>;
    /// Each layer's time.
    fn profile(&self, image: &[f32]) -> Vec<LayerTime>;
    /// Bytes that the parameters take.
    fn weight_bytes(&self) -> usize;
}

struct Loaded<N> {
    network: N,
    workspace: Box<[Block]>,
}

impl<N: Network> Engine for Loaded<N> {
    fn predict(&mut self, images: &[u8], scores: &mut [f32]) {
        network::predict_slice(&self.network, images, scores, &mut self.workspace);
    }

    fn trace(&self, image: &[f32]) -> Vec<LayerTrace> {
        network::trace_slice(&self.network, image)
    }

    fn profile(&self, image: &[f32]) -> Vec<LayerTime> {
        network::profile_slice(&self.network, image)
    }

    fn weight_bytes(&self) -> usize {
        self.network.weight_bytes()
    }
}

impl Program {
    /// How many scores the network gives.
    pub(crate) fn classes(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.output.iter().product())
    }

    /// The precision that others are compared with, under the algorithm that it runs best with.
    pub(crate) fn reference(&self) -> &'static Model {
        &self.models[0]
    }

    /// The models of some precisions under some algorithms; of all that there are, or the reference's
    /// own, where none is named.
    pub(crate) fn select(
        &self,
        precisions: &[String],
        algorithms: &[String],
    ) -> Result<Vec<&'static Model>, Failure> {
        let all_precisions = distinct(self.models.iter().map(|model| model.precision));
        let all_algorithms = distinct(self.models.iter().map(|model| model.algorithm));
        let precisions = match precisions {
            [] => all_precisions,
            names => named("precision", names, &all_precisions)?,
        };
        let algorithms = match algorithms {
            [] => vec![self.reference().algorithm],
            names => named("algorithm", names, &all_algorithms)?,
        };
        let mut selected = Vec::new();
        for precision in precisions {
            for &algorithm in &algorithms {
                let mut models = self.models.iter();
                let model = models
                    .find(|model| model.precision == precision && model.algorithm == algorithm);
                selected.push(model.ok_or_else(|| {
                    Failure::usage(format!("{algorithm} does not run in {precision}"))
                })?);
            }
        }
        Ok(selected)
    }

    /// Why the network can't take a file's parameters, if it can't.
    pub(crate) fn misfit(&self, file: &Path) -> Option<String> {
        let mut error = (self.reference().load)(Weights::File(file)).err()?;
        // Whoever asks knows the file.
        error.file = None;
        Some(error.to_string())
    }

    /// A model with the parameters of a file, or with those inside.
    pub(crate) fn load(
        &self,
        model: &Model,
        file: Option<&Path>,
    ) -> Result<Box<dyn Engine>, Failure> {
        let engine = match file {
            Some(path) => (model.load)(Weights::File(path)),
            None => (model.load)(Weights::Raw(self.weights)),
        };
        engine.map_err(|error| {
            Failure::because(format!("cannot load parameters into {}", self.network), error)
        })
    }
}

fn distinct(names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

fn named(
    what: &str,
    names: &[String],
    known: &[&'static str],
) -> Result<Vec<&'static str>, Failure> {
    let found = names.iter().map(|name| {
        known.iter().find(|known| known.eq_ignore_ascii_case(name)).copied().ok_or_else(|| {
            let known = known.join(", ");
            Failure::usage(format!("no {what} `{name}`: this program has {known}"))
        })
    });
    Ok(distinct(found.collect::<Result<Vec<_>, _>>()?.into_iter()))
}

/// Writes the [`Program`] of a network that `network!` made: the one list of the precisions and
/// algorithms that programs are compiled for.
#[doc(hidden)]
#[macro_export]
macro_rules! __program {
    ($network:ident, $($field:tt)*) => {{
        use $crate::conv::{Algorithm, Auto, Direct, Fft, Im2col, Naive, Winograd};
        use $crate::network::Network;
        $crate::cli::Program {
            network: <$network as Network>::NAME,
            layers: <$network as Network>::LAYERS,
            input: <$network as Network>::INPUT,
            models: const { &[
                $crate::cli::Model::of::<$network<f32, Auto>>(<Auto as Algorithm>::NAME),
                $crate::cli::Model::of::<$network<f32, Naive>>(<Naive as Algorithm>::NAME),
                $crate::cli::Model::of::<$network<f32, Im2col>>(<Im2col as Algorithm>::NAME),
                $crate::cli::Model::of::<$network<f32, Direct>>(<Direct as Algorithm>::NAME),
                $crate::cli::Model::of::<$network<f32, Winograd>>(<Winograd as Algorithm>::NAME),
                $crate::cli::Model::of::<$network<f32, Fft>>(<Fft as Algorithm>::NAME),
            ] },
            $($field)*
        }
    }};
}
pub use crate::__program as program;
