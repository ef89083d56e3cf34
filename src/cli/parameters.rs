//! The parameters that a command works with, in whatever precision it wants them.

use super::data::Images;
use super::engine::{Engine, Stored};
use super::program::{Model, Quantized};
use super::screen::{note, printable, progress};
use super::{Failure, Program};
use crate::quant::QuantizeOptions;
use crate::weights::{self, FileFormat, LoadError, LoadErrorKind, SafetensorsSource};
use std::borrow::Cow;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Parameters from one place: floats, from which each precision follows, or those of one precision.
pub(crate) struct Parameters<'a> {
    program: &'a Program,
    content: Content,
    /// Where they are from.
    pub(crate) origin: String,
    calibration: Option<PathBuf>,
    /// What has been quantized so far, by precision.
    quantized: RefCell<Vec<(&'static str, Rc<Quantized>)>>,
}

enum Content {
    Raw(Cow<'static, [u8]>),
    Floats(Vec<u8>),
    Quantized(&'static Model, Vec<u8>),
    Random,
}

/// What random parameters are drawn from: the same in each run, so that runs can be compared.
const SEED: u64 = 1;

impl<'a> Parameters<'a> {
    /// Those of a file, or those inside. A quantized file says which precision it has.
    pub(crate) fn open(
        program: &'a Program,
        file: Option<&Path>,
        calibration: Option<&Path>,
    ) -> Result<Self, Failure> {
        let (content, origin) = match (file, &program.inside) {
            (Some(path), _) => (content(program, path)?, printable(path.display())),
            (None, Some(inside)) => {
                (Content::Raw(Cow::Borrowed(inside.weights)), "the program itself".into())
            }
            (None, None) => {
                note("these parameters are random: --weights FILE gives trained ones");
                (Content::Random, "a random seed".into())
            }
        };
        let this = Self {
            program,
            content,
            origin,
            calibration: calibration.map(Path::to_owned),
            quantized: RefCell::default(),
        };
        if let (Some(precision), Some(_)) = (this.precision(), calibration) {
            let origin = &this.origin;
            return Err(Failure::usage(format!(
                "--calibration has no use: {origin} is quantized already, as {precision}"
            )));
        }
        Ok(this)
    }

    /// The precision of a quantized file.
    pub(crate) fn precision(&self) -> Option<&'static str> {
        match self.content {
            Content::Quantized(model, _) => Some(model.precision),
            _ => None,
        }
    }

    /// The models that a command is about: as [`Program::select`], or those of a quantized file's
    /// precision.
    pub(crate) fn select(
        &self,
        precisions: &[String],
        algorithms: &[String],
    ) -> Result<Vec<&'static Model>, Failure> {
        let Some(precision) = self.precision() else {
            let models = self.program.select(precisions, algorithms)?;
            if precisions.is_empty() && !self.can_quantize() {
                let (given, left_out): (Vec<_>, Vec<_>) =
                    models.into_iter().partition(|model| model.quantize.is_none());
                if !left_out.is_empty() {
                    note(
                        "f32 only: quantizing takes --calibration FILE, some of the training images",
                    );
                }
                return Ok(given);
            }
            if precisions.is_empty() {
                for (algorithm, precisions) in self.program.lacking(algorithms)? {
                    note(&format!("{algorithm} does not run in {}", precisions.join(", ")));
                }
            }
            return Ok(models);
        };
        let all = self.program.select(precisions, &[])?;
        match all.iter().find(|model| !precisions.is_empty() && model.precision != precision) {
            Some(other) => Err(Failure::usage(format!(
                "--precision {}: {} is quantized already, as {precision}; leave the option out, or name a \
                 file of the floats that it was made from",
                other.precision, self.origin
            ))),
            None => self.program.select(&[precision.into()], algorithms),
        }
    }

    fn can_quantize(&self) -> bool {
        self.calibration.is_some() || self.program.inside.is_some()
    }

    /// A model with these parameters.
    pub(crate) fn load(&self, model: &Model) -> Result<Box<dyn Engine>, Failure> {
        let quantized;
        let stored = match (&self.content, self.program.quantizer(model)) {
            (Content::Quantized(_, bytes), _) => Stored::Safetensors(bytes),
            (_, None) => self.floats(),
            (_, Some(quantizer)) => {
                quantized = self.quantize(quantizer)?;
                Stored::Safetensors(&quantized.0)
            }
        };
        (model.load)(stored).map_err(|error| misfit(self.program, error))
    }

    /// These parameters, or those inside where these are quantized already, as the reference has them.
    pub(crate) fn reference(&self) -> Result<Option<Box<dyn Engine>>, Failure> {
        let stored = match (&self.content, &self.program.inside) {
            (Content::Quantized(..), None) => return Ok(None),
            (Content::Quantized(..), Some(inside)) => Stored::Raw(inside.weights),
            _ => self.floats(),
        };
        let engine = (self.program.reference().load)(stored);
        engine.map(Some).map_err(|error| misfit(self.program, error))
    }

    fn floats(&self) -> Stored<'_> {
        match &self.content {
            Content::Raw(bytes) => Stored::Raw(bytes),
            Content::Floats(bytes) | Content::Quantized(_, bytes) => Stored::Safetensors(bytes),
            Content::Random => Stored::Random(SEED),
        }
    }

    /// These parameters as a model has them, in a file; and what quantization did to them.
    pub(crate) fn quantize(&self, model: &Model) -> Result<Rc<Quantized>, Failure> {
        let known = self.quantized.borrow();
        if let Some((_, quantized)) = known.iter().find(|(name, _)| *name == model.precision) {
            return Ok(quantized.clone());
        }
        drop(known);
        let quantize = model.quantize.expect("the caller looked for a model that has it");
        let images = self.calibration_images()?;
        let bar = progress(&format!("Quantizing to {}", model.precision), images.len());
        let real = |image: &[u8]| image.iter().map(|&value| f32::from(value) / 255.0).collect();
        let mut images = images.iter().map(real).inspect(|_| bar.inc(1));
        let quantized = quantize(self.floats(), &mut images, &QuantizeOptions::default());
        bar.finish_and_clear();
        let quantized = Rc::new(quantized.map_err(|error| {
            let what = format!("cannot quantize {} to {}", self.program.network, model.precision);
            Failure::because(what, error)
        })?);
        self.quantized.borrow_mut().push((model.precision, quantized.clone()));
        Ok(quantized)
    }

    fn calibration_images(&self) -> Result<Images, Failure> {
        match (&self.calibration, &self.program.inside) {
            (Some(path), _) => Images::file(self.program, path),
            (None, Some(inside)) => {
                Images::from_bytes(self.program, inside.calibration).map_err(|error| {
                    Failure::because("cannot read the calibration images inside the program", error)
                })
            }
            (None, None) => Err(Failure::usage(
                "quantizing takes --calibration FILE, an IDX file of training images",
            )),
        }
    }
}

impl Program {
    /// The model that quantizes to a model's precision, if that is not the floats'.
    fn quantizer(&self, model: &Model) -> Option<&'static Model> {
        self.quantized().find(|other| other.precision == model.precision)
    }
}

/// What a file holds, if the network can take it.
fn content(program: &Program, path: &Path) -> Result<Content, Failure> {
    let recognized = FileFormat::of(path).and_then(|format| {
        let bytes = weights::read(path)?;
        recognize(program, bytes, format == FileFormat::Raw)
    });
    recognized.map_err(|error| misfit(program, error.in_file(path.display())))
}

/// What bytes hold, if the network can take them.
fn recognize(program: &Program, bytes: Vec<u8>, raw: bool) -> Result<Content, LoadError> {
    let load = |model: &Model, stored| (model.load)(stored).map(drop);
    if raw {
        load(program.reference(), Stored::Raw(&bytes))?;
        return Ok(Content::Raw(bytes.into()));
    }
    let tensors = SafetensorsSource::list(&bytes)?;
    if !tensors.iter().any(|tensor| tensor.name.ends_with(".multiplier")) {
        load(program.reference(), Stored::Safetensors(&bytes))?;
        return Ok(Content::Floats(bytes));
    }
    let held = weights::held(&bytes, program.layers);
    let mut closest: Option<((bool, usize), LoadError)> = None;
    for model in program.quantized() {
        let Err(error) = load(model, Stored::Safetensors(&bytes)) else {
            return Ok(Content::Quantized(model, bytes));
        };
        // The precision that it is meant for is the one that its layers have, or that takes the most of it.
        let tensor = error.tensor.as_deref().unwrap_or_default();
        let layer = program.layers.iter().rposition(|layer| {
            tensor.strip_prefix(layer.name).is_some_and(|rest| rest.starts_with('.'))
        });
        let alike = weights::alike(&held, &(model.formats)());
        let taken = (alike, layer.map_or(0, |layer| layer + 1));
        if closest.as_ref().is_none_or(|(most, _)| taken > *most) {
            closest = Some((taken, error));
        }
    }
    let (found, known) = (weights::precisions(&held), program.precisions());
    match closest {
        Some(((true, _), error)) => Err(error),
        _ if found.iter().any(|name| !known.contains(name)) => {
            let wanted = format!("{}, which this program was compiled for", known.join(" or "));
            let found = format!("parameters in {}", found.join(" and "));
            Err(LoadError::new(LoadErrorKind::Dtype, wanted, found))
        }
        Some((_, error)) => Err(error),
        // A program for floats only: they say what they miss.
        None => {
            load(program.reference(), Stored::Safetensors(&bytes)).map(|()| Content::Floats(bytes))
        }
    }
}

/// The precision in which the network can take what bytes hold, or why it can't.
pub(crate) fn fits(program: &Program, bytes: &[u8], raw: bool) -> Result<&'static str, String> {
    match recognize(program, bytes.to_vec(), raw) {
        Ok(Content::Quantized(model, _)) => Ok(model.precision),
        Ok(_) => Ok(program.reference().precision),
        Err(error) => Err(error.to_string()),
    }
}

fn misfit(program: &Program, error: LoadError) -> Failure {
    Failure::because(format!("cannot load parameters into {}", program.network), error)
}
