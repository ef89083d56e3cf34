//! Accuracy, speed and error of one model on labelled images.

use super::data::Labelled;
use super::engine::Engine;
use super::json::{Json, object};
use super::parameters::Parameters;
use super::program::Model;
use super::{Failure, Program};
use crate::bench::Stopwatch;
use indicatif::ProgressBar;
use std::time::{Duration, Instant};

/// Images whose results are compared one by one, from the first: of small networks so many ..
const COMPARED: usize = 100;
/// .. of larger ones as many as take so many multiply-adds ..
const COMPARED_MACS: usize = 2_000_000_000;
/// .. but no fewer than these.
const FEWEST_COMPARED: usize = 5;
/// Images that are timed together.
const CHUNK: usize = 20;
/// For how long a model runs at least, so that its time can be relied on.
const TIMED: Duration = Duration::from_millis(200);

/// What was measured of one model.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) precision: &'static str,
    pub(crate) algorithm: &'static str,
    pub(crate) isa: &'static str,
    /// Share of the images that are read right.
    pub(crate) accuracy: f64,
    /// The reference's accuracy less this one, if there is a reference.
    pub(crate) drop: Option<f64>,
    /// Share of the images that are read as the reference reads them.
    pub(crate) agreement: Option<f64>,
    pub(crate) weight_bytes: usize,
    /// The median, one image at a time.
    pub(crate) us_per_image: f64,
    pub(crate) layers: Vec<LayerError>,
    /// What each image is read as.
    pub(crate) answers: Vec<usize>,
}

/// How far a layer's results lie from the reference's.
#[derive(Debug)]
pub(crate) struct LayerError {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    /// The mean squared difference, if there is a reference.
    pub(crate) mse: Option<f64>,
}

impl From<&Row> for Json {
    fn from(row: &Row) -> Self {
        object! {
            "precision": row.precision,
            "algorithm": row.algorithm,
            "isa": row.isa,
            "accuracy": row.accuracy,
            "drop": row.drop,
            "agreement": row.agreement,
            "weight_bytes": row.weight_bytes,
            "us_per_image": row.us_per_image,
            "layers": row.layers.iter().collect::<Self>(),
        }
    }
}

impl From<&LayerError> for Json {
    fn from(layer: &LayerError) -> Self {
        object! { "name": layer.name, "kind": layer.kind, "mse": layer.mse }
    }
}

/// On how many images errors are computed, from the first. The same on every machine.
pub(crate) fn compared(program: &Program, data: &Labelled) -> usize {
    let macs: usize = program.layers.iter().map(|layer| layer.macs).sum();
    affordable(macs).min(data.len())
}

fn affordable(macs: usize) -> usize {
    (COMPARED_MACS / macs.max(1)).clamp(FEWEST_COMPARED, COMPARED)
}

/// Measures models one after the other, each against the program's reference.
pub(crate) struct Bench<'a> {
    program: &'a Program,
    data: &'a Labelled,
    parameters: &'a Parameters<'a>,
    isa: &'static str,
    reference: Option<Reference>,
}

/// What models are compared with.
struct Reference {
    engine: Box<dyn Engine>,
    answers: Vec<usize>,
    accuracy: f64,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(
        program: &'a Program,
        data: &'a Labelled,
        parameters: &'a Parameters<'a>,
        isa: &'static str,
    ) -> Result<Self, Failure> {
        let mut scores = vec![0.0; program.classes()];
        let reference = parameters.reference()?.map(|mut engine| {
            let images = data.images();
            let answers: Vec<usize> =
                images.map(|image| answer(&mut *engine, image, &mut scores)).collect();
            let accuracy = share(&answers, data.labels());
            Reference { engine, answers, accuracy }
        });
        Ok(Self { program, data, parameters, isa, reference })
    }

    /// The precision that models are compared with, if there is one.
    pub(crate) fn reference(&self) -> Option<&'static str> {
        self.reference.as_ref().map(|_| self.program.reference().precision)
    }

    /// Measures a model; the bar advances by the number of images.
    pub(crate) fn measure(&self, model: &Model, bar: &ProgressBar) -> Result<Row, Failure> {
        let mut engine = self.parameters.load(model)?;
        let (answers, time) = self.run(&mut *engine, bar);
        let accuracy = share(&answers, self.data.labels());
        let reference = self.reference.as_ref();
        Ok(Row {
            precision: model.precision,
            algorithm: model.algorithm,
            isa: model.isa.unwrap_or(self.isa),
            accuracy,
            drop: reference.map(|reference| reference.accuracy - accuracy),
            agreement: reference.map(|other| share(&answers, other.answers.iter().copied())),
            weight_bytes: engine.weight_bytes(),
            us_per_image: 1e6 * time.as_secs_f64(),
            layers: self.layers(&*engine),
            answers,
        })
    }

    /// What each image is read as, and the median time of one.
    fn run(&self, engine: &mut dyn Engine, bar: &ProgressBar) -> (Vec<usize>, Duration) {
        let images: Vec<&[u8]> = self.data.images().collect();
        let mut scores = vec![0.0; self.program.classes()];
        let mut answers = Vec::with_capacity(images.len());
        let mut times = Vec::new();
        let begin = Instant::now();
        while answers.len() < images.len() || begin.elapsed() < TIMED {
            for chunk in images.chunks(CHUNK) {
                let start = Stopwatch::start();
                let mut read = [0; CHUNK];
                for (place, image) in read.iter_mut().zip(chunk) {
                    *place = answer(engine, image, &mut scores);
                }
                times.push(start.elapsed() / chunk.len() as u32);
                if answers.len() < images.len() {
                    answers.extend(&read[..chunk.len()]);
                    bar.inc(chunk.len() as u64);
                } else if begin.elapsed() >= TIMED {
                    break;
                }
            }
        }
        times.sort_unstable();
        (answers, times[times.len() / 2])
    }

    fn layers(&self, engine: &dyn Engine) -> Vec<LayerError> {
        let errors = self.reference.as_ref().map(|reference| self.errors(engine, reference));
        let layers = self.program.layers.iter().enumerate();
        layers
            .map(|(at, layer)| LayerError {
                name: layer.name,
                kind: layer.kind,
                mse: errors.as_ref().map(|errors| errors[at]),
            })
            .collect()
    }

    /// The mean squared difference from the reference in each layer.
    fn errors(&self, engine: &dyn Engine, reference: &Reference) -> Vec<f64> {
        let mut errors: Vec<(f64, usize)> = vec![(0.0, 0); self.program.layers.len()];
        for image in self.data.images().take(compared(self.program, self.data)) {
            let image: Vec<f32> = image.iter().map(|&value| f32::from(value) / 255.0).collect();
            let (ours, theirs) = (engine.trace(&image), reference.engine.trace(&image));
            for ((sum, count), (ours, theirs)) in errors.iter_mut().zip(ours.iter().zip(&theirs)) {
                let pairs = ours.values.iter().zip(&theirs.values);
                *sum += pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
                *count += ours.values.len();
            }
        }
        errors.into_iter().map(|(sum, count)| sum / count.max(1) as f64).collect()
    }
}

/// The place of the largest score.
pub(crate) fn best(scores: &[f32]) -> usize {
    (0..scores.len()).fold(0, |best, at| if scores[at] > scores[best] { at } else { best })
}

fn answer(engine: &mut dyn Engine, image: &[u8], scores: &mut [f32]) -> usize {
    engine.predict(image, scores);
    best(scores)
}

/// The share of answers that are as they should be.
fn share(answers: &[usize], wanted: impl Iterator<Item = usize>) -> f64 {
    let right = answers.iter().zip(wanted).filter(|(answer, wanted)| **answer == *wanted).count();
    right as f64 / answers.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_large_networks_are_of_fewer_images() {
        assert_eq!([0, 416_520, 40_000_000, 536_000_000].map(affordable), [100, 100, 50, 5]);
    }
}
