//! A network as the program sees it: each precision and algorithm that it was compiled for, behind
//! one interface, so that the commands are compiled once.

use super::Failure;
use super::engine::{Engine, Loaded, Plain, Stored};
use crate::bench::equal;
use crate::network::{LayerInfo, Network};
use crate::quant::{self, QuantizeError, QuantizeOptions, QuantizeReport};
use crate::simd::{Isa, Scalar};
use crate::weights::{self, Held, LoadError};

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
    /// What the program carries with it, if anything.
    pub inside: Option<Inside>,
    /// What it reads from pictures.
    pub pictures: Pictures,
    /// The name that it says it has.
    pub name: &'static str,
    /// The version that it says it has.
    pub version: &'static str,
}

/// How a picture becomes what the network takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// It shows a digit: it is made like MNIST's, whatever its size, place and colour.
    Digits,
    /// It shows anything: it is scaled to the size of the network's input.
    Plain,
}

impl Pictures {
    /// For a network with such an input.
    ///
    /// # Panics
    /// If these are digits and its images are not MNIST's size; in a constant this is a compile error.
    #[must_use]
    pub const fn for_input(self, input: [usize; 3]) -> Self {
        let fits = matches!((self, input), (Self::Plain, _) | (Self::Digits, [1, 28, 28]));
        assert!(fits, "`pictures = Digits` is for networks of 1×28×28: leave it out");
        self
    }
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
    /// The precision of each layer that has weights.
    pub(crate) formats: fn() -> Vec<Held>,
}

/// From parameters in floats and images to the bytes of a quantized `.safetensors` file.
pub(crate) type Quantize =
    fn(Stored<'_>, Images<'_>, &QuantizeOptions) -> Result<Quantized, QuantizeError>;

/// The images that a network is quantized with, one after the other.
pub(crate) type Images<'a> = &'a mut dyn Iterator<Item = Vec<f32>>;

/// A quantized network as a file, and what quantization did to it.
pub(crate) type Quantized = (Vec<u8>, QuantizeReport);

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
            formats: weights::formats::<N>,
        }
    }

    /// The network `N` of integers, compiled for this algorithm without the extensions of any processor:
    /// to compare results with rather than times, in a tenth of the code. What its layers give, `Like`'s
    /// give as well, as sums of integers are the same in any order.
    pub const fn plain<N: Network + 'static, Like: Network + 'static>(
        algorithm: &'static str,
    ) -> Self {
        Self {
            precision: N::PRECISION,
            algorithm,
            algorithms: N::ALGORITHMS,
            isa: Some(Scalar::NAME),
            on_request: false,
            load: |stored| Ok(Box::new(Plain::<N, Like>::new(stored)?)),
            quantize: None,
            formats: weights::formats::<N>,
        }
    }

    /// The network `N`, compiled for this algorithm, whose parameters follow from those of the network
    /// `F` in floats.
    pub const fn quantized<F: Network, N: Network + 'static>(algorithm: &'static str) -> Self {
        Self {
            quantize: Some(|stored, images, options| {
                let floats: F =
                    stored.load().map_err(|error| QuantizeError::Parameters(error.to_string()))?;
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
        if !equal(these[at].as_bytes(), those[at].as_bytes()) {
            return false;
        }
        at += 1;
    }
    true
}

impl Program {
    /// How many scores the network gives.
    pub(crate) fn classes(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.output.iter().product())
    }

    /// Whether its scores are shares of 1.
    pub(crate) fn gives_probabilities(&self) -> bool {
        self.layers.last().is_some_and(|layer| layer.kind == "Softmax")
    }

    /// The precision that others are compared with, under the algorithm that it runs best with.
    pub(crate) fn reference(&self) -> &'static Model {
        &self.models[0]
    }

    /// The models that quantize, one for each precision.
    pub(crate) fn quantized(&self) -> impl Iterator<Item = &'static Model> {
        self.models.iter().filter(|model| model.quantize.is_some())
    }

    /// The precisions that it was compiled for.
    pub(crate) fn precisions(&self) -> Vec<&'static str> {
        distinct(self.models.iter().map(|model| model.precision))
    }

    /// Those that are shown where nobody names one.
    pub(crate) fn usual_precisions(&self) -> Vec<&'static str> {
        let usual = self.models.iter().filter(|model| !model.on_request);
        distinct(usual.map(|model| model.precision))
    }

    /// The algorithms that it was compiled for.
    pub(crate) fn algorithms(&self) -> Vec<&'static str> {
        distinct(self.models.iter().map(|model| model.algorithm))
    }

    /// The models of some precisions under some algorithms. Where no precision is named: of those that
    /// are not left out and that run under one of the algorithms. Where no algorithm is named: under the
    /// reference's own.
    pub(crate) fn select(
        &self,
        precisions: &[String],
        algorithms: &[String],
    ) -> Result<Vec<&'static Model>, Failure> {
        let named_precisions = match precisions {
            [] => self.usual_precisions(),
            names => named("precision", names, &self.precisions())?,
        };
        let algorithms = match algorithms {
            [] => vec![self.reference().algorithm],
            names => named("algorithm", names, &self.algorithms())?,
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

    /// The usual precisions in which there is no model under these algorithms.
    pub(crate) fn lacking(
        &self,
        algorithms: &[String],
    ) -> Result<Vec<(&'static str, Vec<&'static str>)>, Failure> {
        let mut lacking = Vec::new();
        for algorithm in named("algorithm", algorithms, &self.algorithms())? {
            let mut precisions = self.usual_precisions();
            precisions.retain(|precision| {
                let mut models = self.models.iter();
                !models.any(|model| model.precision == *precision && model.algorithm == algorithm)
            });
            if !precisions.is_empty() {
                lacking.push((algorithm, precisions));
            }
        }
        Ok(lacking)
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

/// A line about models that do not run on this instruction set, as the others do.
pub(crate) fn elsewhere(models: &[&Model], isa: &str) -> String {
    let mut lines = String::new();
    for other in distinct(models.iter().filter_map(|model| model.isa)) {
        if other != isa {
            let on = || models.iter().filter(|model| model.isa == Some(other));
            let precisions = distinct(on().map(|model| model.precision)).join(", ");
            let algorithms = distinct(on().map(|model| model.algorithm)).join(", ");
            lines += &format!("{precisions} under {algorithms}: on {other}\n");
        }
    }
    lines
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
/// algorithms that programs are compiled for. `others` are precisions that are shown where they are
/// asked for.
#[doc(hidden)]
#[macro_export]
macro_rules! __program {
    (
        $network:ident, [$($precision:ty),*], others: [$($other:ty),*],
        $inside:expr, $pictures:expr $(,)?
    ) => {{
        use $crate::cli::Model;
        use $crate::conv::{Algorithm, Auto, Direct, Fft, Im2col, Naive, Winograd};
        use $crate::network::Network;
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
                    $(
                        Model::quantized::<$network<f32, Auto>, $network<$precision, Auto>>(
                            Auto::NAME,
                        ),
                        Model::plain::<$network<$precision, Naive>, $network<$precision, Auto>>(
                            Naive::NAME,
                        ),
                        Model::plain::<$network<$precision, Im2col>, $network<$precision, Auto>>(
                            Im2col::NAME,
                        ),
                        Model::like::<$network<$precision, Auto>, $network<$precision, Direct>>(
                            Direct::NAME,
                        ),
                    )*
                    $(
                        Model::quantized::<$network<f32, Auto>, $network<$other, Auto>>(Auto::NAME)
                            .on_request(),
                        Model::plain::<$network<$other, Naive>, $network<$other, Auto>>(
                            Naive::NAME,
                        )
                        .on_request(),
                        Model::plain::<$network<$other, Im2col>, $network<$other, Auto>>(
                            Im2col::NAME,
                        )
                        .on_request(),
                        Model::like::<$network<$other, Auto>, $network<$other, Direct>>(
                            Direct::NAME,
                        )
                        .on_request(),
                    )*
                ]
            },
            inside: $inside,
            pictures: $pictures,
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        }
    }};
}
pub use crate::__program as program;
