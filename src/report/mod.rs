//! What `microcnn bench` has measured: one [`Report`], shown as tables, as JSON and as a page.

mod chart;
pub(crate) mod html;
mod json;
mod labels;
mod picture;
mod plane;
#[cfg(test)]
mod sample;
pub(crate) mod text;

use crate::bench::{Peak, Stopwatch};
use crate::cli::screen::counted;

/// Everything that was measured in one run.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) network: &'static str,
    /// The shape of an image.
    pub(crate) input: [usize; 3],
    pub(crate) machine: Machine,
    /// Images that accuracy was measured on, and where they are from.
    pub(crate) images: usize,
    pub(crate) origin: String,
    /// Errors were computed on so many of them, from the first.
    pub(crate) error_images: usize,
    /// Images of a batch.
    pub(crate) batch: usize,
    /// The precision that answers and layers' results are compared with, if there is one.
    pub(crate) floats: Option<&'static str>,
    /// Where the parameters are from.
    pub(crate) parameters: String,
    /// Multiply-adds of an image.
    pub(crate) macs: usize,
    /// The stages of a forward function, in order.
    pub(crate) stages: Vec<Stage>,
    /// One for each precision, the reference first.
    pub(crate) precisions: Vec<Precision>,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) isas: Vec<OnIsa>,
}

/// Where it was measured.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) os: &'static str,
    /// The instruction set that networks run on.
    pub(crate) isa: &'static str,
    /// Those that the machine has, each with the most that it can do.
    pub(crate) isas: Vec<(&'static str, Peak)>,
    /// How the program was built.
    pub(crate) flags: String,
}

/// Part of a forward function: a layer with what is fused into it.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) name: String,
    /// The layers that it does, as written.
    pub(crate) layers: Vec<&'static str>,
    pub(crate) macs: usize,
    pub(crate) parameters: usize,
    /// Values that it reads and writes.
    pub(crate) values: usize,
}

/// The times of one thing in microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) median: f64,
    /// A quarter of the samples was faster.
    pub(crate) low: f64,
    /// A quarter was slower.
    pub(crate) high: f64,
    /// The median in cycles of the core, whose clock changes.
    pub(crate) cycles: f64,
    pub(crate) samples: usize,
}

impl Timing {
    /// What is timed, in words.
    pub(crate) const KIND: &str = match Stopwatch::OF_THREAD {
        true => "processor time, which leaves out waiting for other work",
        false => "time passed",
    };

    /// The figures of some times, each with the cycles a second of the core just before.
    pub(crate) fn of(samples: &[[f64; 2]]) -> Self {
        let sorted = |figure: fn(&[f64; 2]) -> f64| {
            let mut figures: Vec<f64> = samples.iter().map(figure).collect();
            figures.sort_unstable_by(f64::total_cmp);
            [1, 2, 3].map(|quarters| figures[(figures.len() - 1) * quarters / 4])
        };
        let [low, median, high] = sorted(|[time, _]| *time);
        let [_, cycles, _] = sorted(|[time, clock]| time * clock / 1e6);
        Self { median, low, high, cycles, samples: samples.len() }
    }

    /// Nothing was timed yet.
    pub(crate) fn none() -> Self {
        Self { median: 0.0, low: 0.0, high: 0.0, cycles: 0.0, samples: 0 }
    }

    /// The clock of the core meanwhile, in gigahertz.
    pub(crate) fn gigahertz(&self) -> f64 {
        self.cycles / self.median / 1e3
    }

    /// Half the way from `low` to `high` as a share of the median.
    pub(crate) fn spread(&self) -> f64 {
        (self.high - self.low) / 2.0 / self.median
    }
}

/// A network in one precision.
#[derive(Clone, Debug)]
pub(crate) struct Precision {
    pub(crate) name: &'static str,
    pub(crate) algorithm: &'static str,
    /// One image at a time.
    pub(crate) time: Timing,
    /// Each of a batch.
    pub(crate) batch: Timing,
    pub(crate) weight_bytes: usize,
    pub(crate) workspace_bytes: usize,
    /// Bytes of a value between two layers.
    pub(crate) element_bytes: usize,
    pub(crate) accuracy: f64,
    pub(crate) agreement: Option<f64>,
    /// The time of each stage.
    pub(crate) stages: Vec<Timing>,
    /// One image at a time, timed in turns with the stages.
    pub(crate) total: Timing,
    /// What runs the layers of each stage; nothing where there is no choice.
    pub(crate) algorithms: Vec<&'static str>,
    /// The mean squared error of each stage's results, if there is a reference.
    pub(crate) errors: Vec<Option<f64>>,
    /// How many images of each label were read as each class.
    pub(crate) confusion: Vec<Vec<usize>>,
    pub(crate) misread: Vec<Misread>,
}

impl Precision {
    /// `i8`, or `i8 Direct` where it is not the program that chooses the algorithms.
    pub(crate) fn label(&self) -> String {
        match self.algorithm {
            "Auto" => self.name.to_owned(),
            algorithm => format!("{} {algorithm}", self.name),
        }
    }

    /// Whether a stage runs with other multiply-adds than those written.
    pub(crate) fn transforms(&self, stage: usize) -> bool {
        ["Winograd", "Fft"].contains(&self.algorithms[stage])
    }
}

/// An image that was read wrong.
#[derive(Clone, Debug)]
pub(crate) struct Misread {
    pub(crate) image: usize,
    pub(crate) label: usize,
    pub(crate) answer: usize,
    /// Each channel's values, row by row.
    pub(crate) pixels: Vec<u8>,
}

/// A network under one algorithm.
#[derive(Debug)]
pub(crate) struct Algorithm {
    pub(crate) precision: &'static str,
    pub(crate) name: &'static str,
    /// The instruction set that it ran on.
    pub(crate) isa: &'static str,
    pub(crate) time: Timing,
    /// The largest difference of a score from `Naive`'s.
    pub(crate) error: f64,
    /// The algorithm that each layer with weights uses, and the layer.
    pub(crate) layers: Vec<(&'static str, &'static str)>,
}

/// A network on one instruction set.
#[derive(Debug)]
pub(crate) struct OnIsa {
    /// Its place among the precisions.
    pub(crate) row: usize,
    pub(crate) isa: &'static str,
    pub(crate) total: Timing,
    pub(crate) stages: Vec<Timing>,
}

impl Report {
    /// What the time and the size of others are compared with.
    pub(crate) fn reference(&self) -> &Precision {
        &self.precisions[0]
    }

    /// The precisions' labels.
    pub(crate) fn labels(&self) -> impl Iterator<Item = String> {
        self.precisions.iter().map(Precision::label)
    }

    /// A precision on each instruction set.
    pub(crate) fn isas_of(&self, row: usize) -> Vec<&OnIsa> {
        self.isas.iter().filter(|column| column.row == row).collect()
    }

    /// How many times as fast as `Naive` an algorithm is, if both ran on one instruction set.
    pub(crate) fn faster(&self, row: &Algorithm) -> Option<f64> {
        let mut others = self.algorithms.iter();
        let naive = others.find(|other| {
            (other.precision, other.name, other.isa) == (row.precision, "Naive", row.isa)
        })?;
        Some(naive.time.median / row.time.median)
    }

    /// `the first 100 images`, or `all 20 images`: what errors were computed on.
    pub(crate) fn compared(&self) -> String {
        match self.error_images {
            count if count == self.images => format!("all {}", counted(count, "image")),
            count => format!("the first {}", counted(count, "image")),
        }
    }

    /// What speed, size and answers are compared with.
    pub(crate) fn against(&self) -> String {
        let mut text = format!("Faster, smaller: against {}.", self.reference().label());
        if let Some(floats) = self.floats {
            text += &format!(" Agrees: with {floats}.");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{Timing, sample};

    #[test]
    fn factors_compare_what_ran_on_one_instruction_set() {
        let mut report = sample::report();
        let factors = |report: &super::Report| -> Vec<Option<f64>> {
            report.algorithms.iter().map(|row| report.faster(row)).collect()
        };
        assert_eq!(factors(&report), [Some(1.0), Some(50.0)]);
        report.algorithms[0].isa = "scalar";
        assert_eq!(factors(&report), [Some(1.0), None]);
    }

    #[test]
    fn a_label_names_an_algorithm_that_was_asked_for() {
        let mut report = sample::report();
        report.precisions[1].algorithm = "Direct";
        assert_eq!(report.labels().collect::<Vec<_>>(), ["f32", "i8 Direct"]);
        report.precisions.swap(0, 1);
        assert_eq!(report.against(), "Faster, smaller: against i8 Direct. Agrees: with f32.");
    }

    #[test]
    fn a_timing_is_the_middle_and_what_most_lie_between() {
        let samples: Vec<_> = (0..=100).rev().map(|us| [f64::from(us), 2e9]).collect();
        let timing = Timing::of(&samples);
        assert_eq!((timing.low, timing.median, timing.high), (25.0, 50.0, 75.0));
        assert_eq!((timing.spread(), timing.cycles, timing.gigahertz()), (0.5, 100_000.0, 2.0));
        assert_eq!(Timing::of(&[[3.0, 1e9]]).spread(), 0.0);
    }

    #[test]
    fn cycles_are_the_same_at_any_clock() {
        let samples = [[2.0, 4e9], [4.0, 2e9], [8.0, 1e9]];
        assert_eq!(Timing::of(&samples).cycles, 8000.0);
    }
}
