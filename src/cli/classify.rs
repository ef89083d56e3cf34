//! `microcnn classify`: what digit a picture shows.

use super::args::Classify;
use super::data::SIDE;
use super::json::{Json, object};
use super::measure::best;
use super::parameters::Parameters;
use super::picture;
use super::portrait::portrait;
use super::screen::{Screen, percent, progress};
use super::{Failure, Program, data};
use crate::mnist::MNIST;
use std::error::Error;
use std::path::Path;

/// Images that are shown at most; above that there is a line for each.
const SHOWN: usize = 12;

/// What an image is read as.
struct Answer {
    file: String,
    /// The place in a file of several images.
    index: Option<usize>,
    digit: usize,
    probabilities: Vec<f32>,
    pixels: Vec<u8>,
}

impl Answer {
    fn probability(&self) -> f32 {
        self.probabilities[self.digit]
    }
}

impl From<&Answer> for Json {
    fn from(answer: &Answer) -> Self {
        object! {
            "file": answer.file.as_str(),
            "index": answer.index,
            "digit": answer.digit,
            "probability": answer.probability(),
            "probabilities": answer.probabilities.as_slice(),
        }
    }
}

/// An image as the network takes it, and its place in a file of several.
type Prepared = (Option<usize>, Vec<u8>);

pub(crate) fn run(program: &Program, screen: &Screen, args: &Classify) -> Result<(), Failure> {
    let parameters =
        Parameters::open(program, args.weights.as_deref(), args.calibration.as_deref())?;
    let reference = parameters.precision().unwrap_or(program.reference().precision);
    let precision = args.precision.as_deref().unwrap_or(reference).to_owned();
    let model = parameters.select(&[precision], args.algorithm.as_slice())?[0];
    let mut engine = parameters.load(model)?;
    let (mut answers, mut failures) = (Vec::new(), Vec::new());
    let bar = progress("Reading", args.files.len());
    for path in &args.files {
        let file = path.display().to_string();
        match read(path) {
            Ok(images) => answers.extend(images.into_iter().map(|(index, pixels)| {
                let mut probabilities = vec![0.0; program.classes()];
                engine.predict(&pixels, &mut probabilities);
                let digit = best(&probabilities);
                Answer { file: file.clone(), index, digit, probabilities, pixels }
            })),
            Err(failure) => failures.push(failure),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if args.json {
        screen.print_json(&object! {
            "precision": model.precision,
            "algorithm": model.algorithm,
            "images": answers.iter().collect::<Json>(),
        })?;
    } else {
        screen.print(&text(screen, &answers))?;
    }
    if failures.is_empty() { Ok(()) } else { Err(Failure::Several(failures)) }
}

/// The images of a file.
fn read(path: &Path) -> Result<Vec<Prepared>, Failure> {
    let bytes = data::file(path)?;
    let images = if data::looks_like_idx(&bytes) { idx(&bytes) } else { picture(&bytes) };
    images.map_err(|error| Failure::because(format!("cannot read {}", path.display()), error))
}

fn picture(bytes: &[u8]) -> Result<Vec<Prepared>, Box<dyn Error>> {
    let pixels = picture::prepare(&picture::decode(bytes)?)?;
    Ok(vec![(None, pixels.to_vec())])
}

fn idx(bytes: &[u8]) -> Result<Vec<Prepared>, Box<dyn Error>> {
    let images = MNIST::from_bytes(bytes)?;
    Ok(images
        .iter()
        .map(|image| image.as_slice().to_vec())
        .enumerate()
        .map(|(at, pixels)| (Some(at), pixels))
        .collect())
}

fn text(screen: &Screen, answers: &[Answer]) -> String {
    let mut text = String::new();
    for answer in answers {
        let Answer { file, digit, .. } = answer;
        let name = match answer.index {
            Some(index) => format!("{file}[{index}]"),
            None => file.clone(),
        };
        let probability = percent(answer.probability().into());
        if screen.terminal && answers.len() <= SHOWN {
            let title = format!("{name}: {digit}");
            text += &portrait(screen, &answer.pixels, SIDE, &title, &answer.probabilities);
        } else {
            text += &format!("{name}: {digit} ({probability})\n");
        }
    }
    text
}
