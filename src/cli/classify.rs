//! `microcnn classify`: what a picture shows.

use super::args::Classify;
use super::data::{Images, looks_like_idx};
use super::json::{Json, object};
use super::measure::best;
use super::parameters::Parameters;
use super::picture;
use super::portrait::portrait;
use super::program::Pictures;
use super::screen::{Screen, percent, progress};
use super::{Failure, Program, data};
use std::error::Error;
use std::path::Path;

/// Images that are shown at most; above that there is a line for each.
const SHOWN: usize = 12;

/// What an image is read as.
struct Answer {
    file: String,
    /// The place in a file of several images.
    index: Option<usize>,
    class: usize,
    scores: Vec<f32>,
    pixels: Vec<u8>,
}

impl Answer {
    fn json(&self, program: &Program) -> Json {
        let (file, index, class) = (self.file.as_str(), self.index, self.class);
        let (score, scores) = (self.scores[class], self.scores.as_slice());
        match program.pictures {
            Pictures::Digits => object! {
                "file": file,
                "index": index,
                "digit": class,
                "probability": score,
                "probabilities": scores,
            },
            Pictures::Plain => object! {
                "file": file,
                "index": index,
                "class": class,
                "score": score,
                "scores": scores,
            },
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
        match read(program, path) {
            Ok(images) => answers.extend(images.into_iter().map(|(index, pixels)| {
                let mut scores = vec![0.0; program.classes()];
                engine.predict(&pixels, &mut scores);
                Answer { file: file.clone(), index, class: best(&scores), scores, pixels }
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
            "images": answers.iter().map(|answer| answer.json(program)).collect::<Json>(),
            "failures": failures.iter().collect::<Json>(),
        })?;
    } else {
        screen.print(&text(program, screen, &answers))?;
    }
    if failures.is_empty() { Ok(()) } else { Err(Failure::Several(failures)) }
}

/// The images of a file.
fn read(program: &Program, path: &Path) -> Result<Vec<Prepared>, Failure> {
    let bytes = data::file(path)?;
    let images = match looks_like_idx(&bytes) {
        true => idx(program, &bytes),
        false => picture(program, &bytes).map(|pixels| vec![(None, pixels)]),
    };
    images.map_err(|error| Failure::because(format!("cannot read {}", path.display()), error))
}

/// A picture as the network takes it: a digit as MNIST has them, any other one scaled to the size of the
/// network's input.
fn picture(program: &Program, bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let [channels, height, width] = program.input;
    if program.pictures == Pictures::Digits {
        return Ok(picture::prepare(&picture::decode(bytes)?)?.to_vec());
    }
    if ![1, 3].contains(&channels) || height * width == 1 {
        // Whether it is a picture at all is told first.
        picture::decode_planes(bytes, false)?;
        return Err(format!(
            "{} takes {channels}x{height}x{width}: pictures have one channel or three; IDX files of \
             that shape can be read",
            program.network
        )
        .into());
    }
    let planes = picture::decode_planes(bytes, channels == 3)?;
    Ok(planes.iter().flat_map(|plane| picture::scaled(plane, width, height)).collect())
}

fn idx(program: &Program, bytes: &[u8]) -> Result<Vec<Prepared>, Box<dyn Error>> {
    let images = Images::from_bytes(program, bytes)?;
    Ok(images
        .iter()
        .map(<[u8]>::to_vec)
        .enumerate()
        .map(|(at, pixels)| (Some(at), pixels))
        .collect())
}

fn text(program: &Program, screen: &Screen, answers: &[Answer]) -> String {
    let mut text = String::new();
    for answer in answers {
        let Answer { file, class, .. } = answer;
        let name = match answer.index {
            Some(index) => format!("{file}[{index}]"),
            None => file.clone(),
        };
        let score = answer.scores[*class];
        if screen.terminal && answers.len() <= SHOWN {
            let title = format!("{name}: {class}");
            text += &portrait(program, screen, &answer.pixels, &title, &answer.scores);
        } else if program.gives_probabilities() {
            text += &format!("{name}: {class} ({})\n", percent(score.into()));
        } else {
            text += &format!("{name}: {class} (score {score})\n");
        }
    }
    text
}
