//! A network as the program sees it: each precision and algorithm that it was compiled for, behind
//! one interface, so that the commands are compiled once.

use super::Failure;
use crate::network::{self, LayerInfo, LayerTime, LayerTrace, Network};
use crate::quant::{self, QuantizeError, QuantizeOptions, QuantizeReport};
use crate::simd::{Block, Isa as _, Scalar};
use crate::weights::{self, LoadError};

/// What a program is made for; [`program!`](crate::cli::program) writes it.
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
    /// What the program carries with it, if anything.
    pub inside: Option<Inside>,
}

/// What a program carries with it, so that it works with no file given.
#[derive(Clone, Copy, Debug)]
pub struct Inside {
    /// Trained parameters, as the bytes of a `.raw` file.
    pub weights: &'static [u8],
    /// Images to measure with, as the bytes of an IDX file.
    pub images: &'static [u8],
    /// Their labels, as the bytes of an IDX file.
    pub labels: &'static [u8],
    /// Other images, to quantize with, as the bytes of an IDX file.
    pub calibration: &'static [u8],
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
    /// The instruction set, where it is always the same one.
    pub isa: Option<&'static str>,
    /// Whether it is left out where nobody names its precision.
    pub(crate) on_request: bool,
    pub(crate) load: fn(Stored<'_>) -> Result<Box<dyn Engine>, LoadError>,
    pub(crate) quantize: Option<Quantize>,
}

/// From parameters in floats and images to the bytes of a quantized `.safetensors` file.
pub(crate) type Quantize =
    fn(Stored<'_>, Images<'_>, &QuantizeOptions) -> Result<Quantized, QuantizeError>;

/// The images that a network is quantized with, one after the other.
pub(crate) type Images<'a> = &'a mut dyn Iterator<Item = Vec<f32>>;

/// A quantized network as a file, and what quantization did to it.
pub(crate) type Quantized = (Vec<u8>, QuantizeReport);

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

fn load<N: Network>(stored: Stored<'_>) -> Result<N, LoadError> {
    match stored {
        Stored::Raw(bytes) => weights::from_raw(bytes),
        Stored::Safetensors(bytes) => weights::from_safetensors(bytes),
        Stored::Random(seed) => Ok(weights::random(seed)),
    }
}

impl Model {
    /// The network `N`, compiled for this algorithm.
    pub const fn of<N: Network + 'static>(algorithm: &'static str) -> Self {
        Self {
            precision: N::PRECISION,
            algorithm,
            algorithms: N::ALGORITHMS,
            isa: None,
            on_request: false,
            load: |stored| Ok(Box::new(Loaded::<N>::new(stored)?)),
            quantize: None,
        }
    }

    /// The network `N`, compiled for this algorithm without the extensions of any processor: to compare
    /// results with rather than times, in a fifth of the code.
    pub const fn plain<N: Network + 'static>(algorithm: &'static str) -> Self {
        Self {
            isa: Some(Scalar::NAME),
            load: |stored| Ok(Box::new(Plain(Loaded::<N>::new(stored)?))),
            ..Self::of::<N>(algorithm)
        }
    }

    /// The network `N`, compiled for this algorithm, whose parameters follow from those of the network
    /// `F` in floats.
    pub const fn quantized<F: Network, N: Network + 'static>(algorithm: &'static str) -> Self {
        Self {
            quantize: Some(|stored, images, options| {
                let floats: F =
                    load(stored).map_err(|error| QuantizeError::Parameters(error.to_string()))?;
                let (network, report) = quant::quantize_report::<F, N>(&floats, images, options)?;
                Ok((weights::to_safetensors(&network), report))
            }),
            ..Self::of::<N>(algorithm)
        }
    }

    /// The network `N`, which is compiled again only if its layers run on others than `Like`'s kernels.
    pub const fn like<Like: Network + 'static, N: Network + 'static>(
        algorithm: &'static str,
    ) -> Self {
        match same(Like::ALGORITHMS, N::ALGORITHMS) {
            true => Self::of::<Like>(algorithm),
            false => Self::of::<N>(algorithm),
        }
    }

    /// The same, left out where nobody names its precision.
    pub const fn on_request(self) -> Self {
        Self { on_request: true, ..self }
    }
}

/// Whether two lists of names are equal.
const fn same(these: &[&str], those: &[&str]) -> bool {
    if these.len() != those.len() {
        return false;
    }
    let mut at = 0;
    while at < these.len() {
        let (this, that) = (these[at].as_bytes(), those[at].as_bytes());
        if this.len() != that.len() {
            return false;
        }
        let mut byte = 0;
        while byte < this.len() {
            if this[byte] != that[byte] {
                return false;
            }
            byte += 1;
        }
        at += 1;
    }
    true
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

impl<N: Network> Loaded<N> {
    fn new(stored: Stored<'_>) -> Result<Self, LoadError> {
        let network = load(stored)?;
        Ok(Self { network, workspace: network::workspace::<N>() })
    }
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

/// A network that runs without the extensions of any processor.
struct Plain<N>(Loaded<N>);

impl<N: Network> Engine for Plain<N> {
    fn predict(&mut self, images: &[u8], scores: &mut [f32]) {
        let Loaded { network, workspace } = &mut self.0;
        network::predict_slice_on(Scalar, network, images, scores, workspace);
    }

    fn trace(&self, image: &[f32]) -> Vec<LayerTrace> {
        network::trace_slice_on(Scalar, &self.0.network, image)
    }

    fn profile(&self, image: &[f32]) -> Vec<LayerTime> {
        network::profile_slice_on(Scalar, &self.0.network, image)
    }

    fn weight_bytes(&self) -> usize {
        self.0.network.weight_bytes()
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

    /// The models that quantize, one for each precision.
    pub(crate) fn quantized(&self) -> impl Iterator<Item = &'static Model> {
        self.models.iter().filter(|model| model.quantize.is_some())
    }

    /// The models of some precisions under some algorithms. Where no precision is named: of those that
    /// are not left out and that run under one of the algorithms. Where no algorithm is named: under the
    /// reference's own.
    pub(crate) fn select(
        &self,
        precisions: &[String],
        algorithms: &[String],
    ) -> Result<Vec<&'static Model>, Failure> {
        let all_precisions = distinct(self.models.iter().map(|model| model.precision));
        let all_algorithms = distinct(self.models.iter().map(|model| model.algorithm));
        let usual = distinct(
            self.models.iter().filter(|model| !model.on_request).map(|model| model.precision),
        );
        let named_precisions = match precisions {
            [] => usual,
            names => named("precision", names, &all_precisions)?,
        };
        let algorithms = match algorithms {
            [] => vec![self.reference().algorithm],
            names => named("algorithm", names, &all_algorithms)?,
        };
        let mut selected = Vec::new();
        for precision in named_precisions {
            for &algorithm in &algorithms {
                let mut models = self.models.iter();
                let model = models
                    .find(|model| model.precision == precision && model.algorithm == algorithm);
                match model {
                    Some(model) => selected.push(model),
                    None if precisions.is_empty() => {}
                    None => return Err(self.no_pair(precision, algorithm)),
                }
            }
        }
        Ok(selected)
    }

    fn no_pair(&self, precision: &str, algorithm: &str) -> Failure {
        let models = self.models.iter();
        let pairs = models.filter(|model| model.precision == precision);
        let algorithms: Vec<&str> = pairs.map(|model| model.algorithm).collect();
        let models = self.models.iter();
        let pairs = models.filter(|model| model.algorithm == algorithm);
        let precisions: Vec<&str> = pairs.map(|model| model.precision).collect();
        Failure::usage(format!(
            "{algorithm} does not run in {precision}: {precision} has {}, and {algorithm} runs in {}",
            algorithms.join(", "),
            precisions.join(", "),
        ))
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
        let name = name.trim();
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
    ($network:ident, $inside:expr) => {{
        use $crate::cli::Model;
        use $crate::conv::{Algorithm, Auto, Direct, Fft, Im2col, Naive, Winograd};
        use $crate::network::Network;
        use $crate::{I4, W2A8, W4A8};
        $crate::cli::Program {
            network: <$network as Network>::NAME,
            layers: <$network as Network>::LAYERS,
            input: <$network as Network>::INPUT,
            models: const {
                &[
                    Model::of::<$network<f32, Auto>>(Auto::NAME),
                    Model::of::<$network<f32, Naive>>(Naive::NAME),
                    Model::of::<$network<f32, Im2col>>(Im2col::NAME),
                    Model::like::<$network<f32, Auto>, $network<f32, Direct>>(Direct::NAME),
                    Model::of::<$network<f32, Winograd>>(Winograd::NAME),
                    Model::of::<$network<f32, Fft>>(Fft::NAME),
                    Model::quantized::<$network<f32, Auto>, $network<i8, Auto>>(Auto::NAME),
                    Model::plain::<$network<i8, Naive>>(Naive::NAME),
                    Model::plain::<$network<i8, Im2col>>(Im2col::NAME),
                    Model::like::<$network<i8, Auto>, $network<i8, Direct>>(Direct::NAME),
                    Model::quantized::<$network<f32, Auto>, $network<W4A8, Auto>>(Auto::NAME),
                    Model::plain::<$network<W4A8, Naive>>(Naive::NAME),
                    Model::plain::<$network<W4A8, Im2col>>(Im2col::NAME),
                    Model::like::<$network<W4A8, Auto>, $network<W4A8, Direct>>(Direct::NAME),
                    Model::quantized::<$network<f32, Auto>, $network<I4, Auto>>(Auto::NAME),
                    Model::plain::<$network<I4, Naive>>(Naive::NAME),
                    Model::plain::<$network<I4, Im2col>>(Im2col::NAME),
                    Model::like::<$network<I4, Auto>, $network<I4, Direct>>(Direct::NAME),
                    Model::quantized::<$network<f32, Auto>, $network<W2A8, Auto>>(Auto::NAME)
                        .on_request(),
                    Model::plain::<$network<W2A8, Naive>>(Naive::NAME).on_request(),
                    Model::plain::<$network<W2A8, Im2col>>(Im2col::NAME).on_request(),
                    Model::like::<$network<W2A8, Auto>, $network<W2A8, Direct>>(Direct::NAME)
                        .on_request(),
                ]
            },
            inside: $inside,
        }
    }};
}
pub use crate::__program as program;
