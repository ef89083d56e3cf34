//! `microcnn bench`: what time goes where, by precision, layer, algorithm and instruction set.

use super::args;
use super::data::Labelled;
use super::json::Json;
use super::measure::{self, best};
use super::parameters::Parameters;
use super::program::{Engine, Model};
use super::screen::{Screen, progress};
use super::{Failure, Program};
use crate::bench::{Peak, clock, peak};
use crate::report::{
    Algorithm, BATCH, Machine, Misread, OnIsa, Precision, Report, Stage, Timing, html, text,
};
use crate::simd::{self, Isa, Visitor};
use std::time::{Duration, Instant};

/// How long each sample of a time takes, at least.
const SAMPLE: Duration = Duration::from_micros(500);
/// Samples of each time. They are taken in turns, so that whatever else the machine does
/// hits all alike.
const ROUNDS: usize = 101;
/// The same of layers, which are many.
const LAYER_ROUNDS: usize = 51;
/// Images whose scores are compared with `Naive`'s.
const COMPARED: usize = 100;

pub(crate) fn run(
    program: &Program,
    screen: &Screen,
    isa: &'static str,
    args: &args::Bench,
) -> Result<(), Failure> {
    let what = &args.what;
    let parameters =
        Parameters::open(program, what.weights.as_deref(), what.calibration.as_deref())?;
    let models = parameters.select(&what.precision, &what.algorithm)?;
    let data = Labelled::open(program, what.images.as_deref(), what.labels.as_deref())?;
    let data = data.first(what.limit.map_or(usize::MAX, usize::from));
    let mut bench = Bench::new(program, &data, &parameters, isa)?;
    let say = |text: String| if what.json { Ok(()) } else { screen.print(&text) };

    bench.precisions(&models)?;
    say(text::introduction(&bench.report, screen))?;
    say(text::precisions(&bench.report, screen))?;
    bench.stages();
    say(text::layers(&bench.report, screen))?;
    bench.algorithms(&what.algorithm)?;
    say(text::algorithms(&bench.report, screen))?;
    say(text::isas(&bench.report, screen))?;
    if let Some(path) = &args.html {
        let page = html::page(&bench.report);
        std::fs::write(path, page)
            .map_err(|error| Failure::because(format!("cannot write {}", path.display()), error))?;
        say(format!("\nThe same with plots: {}\n", path.display()))?;
    }
    if what.json {
        screen.print_json(&Json::from(&bench.report))?;
    }
    Ok(())
}

struct Bench<'a> {
    program: &'a Program,
    data: &'a Labelled,
    parameters: &'a Parameters<'a>,
    isa: &'static str,
    /// Of the precisions in the report.
    models: Vec<&'static Model>,
    engines: Vec<Box<dyn Engine>>,
    report: Report,
}

impl<'a> Bench<'a> {
    fn new(
        program: &'a Program,
        data: &'a Labelled,
        parameters: &'a Parameters<'a>,
        isa: &'static str,
    ) -> Result<Self, Failure> {
        let report = Report {
            network: program.network,
            input: program.input,
            machine: machine(isa),
            images: data.len(),
            origin: data.origin.clone(),
            parameters: parameters.origin.clone(),
            macs: program.layers.iter().map(|layer| layer.macs).sum(),
            stages: Vec::new(),
            precisions: Vec::new(),
            algorithms: Vec::new(),
            isas: Vec::new(),
        };
        Ok(Self { program, data, parameters, isa, models: Vec::new(), engines: Vec::new(), report })
    }

    /// Accuracy, size and time of each model.
    fn precisions(&mut self, models: &[&'static Model]) -> Result<(), Failure> {
        let bar = progress("Reading digits", models.len() * self.data.len());
        let measure = measure::Bench::new(self.program, self.data, self.parameters, self.isa)?;
        for model in models {
            let row = measure.measure(model, &bar)?;
            let engine = self.parameters.load(model)?;
            if self.report.stages.is_empty() {
                self.report.stages = stages(self.program, &*engine);
            }
            let errors = self.report.stages.iter().map(|stage| {
                let last = stage.layers.last()?;
                row.layers.iter().find(|layer| layer.name == *last)?.mse
            });
            let (confusion, misread) = self.mistakes(&row.answers);
            let nothing = Timing::none();
            self.report.precisions.push(Precision {
                name: model.precision,
                algorithm: model.algorithm,
                time: nothing,
                batch: nothing,
                weight_bytes: row.weight_bytes,
                workspace_bytes: engine.workspace_bytes(),
                element_bytes: engine.element_bytes(),
                accuracy: row.accuracy,
                agreement: row.agreement,
                stages: Vec::new(),
                errors: errors.collect(),
                confusion,
                misread,
            });
            self.engines.push(engine);
            self.models.push(model);
        }
        bar.finish_and_clear();
        let mut jobs = Vec::new();
        for (engine, model) in models.iter().enumerate() {
            let isa = self.isa_of(model);
            jobs.extend([1, BATCH].map(|batch| Job { engine, isa, what: What::All(batch) }));
        }
        let times = self.times("Timing precisions", ROUNDS, &jobs);
        for (row, times) in self.report.precisions.iter_mut().zip(times.chunks_exact(2)) {
            [row.time, row.batch] = [times[0], times[1]];
        }
        Ok(())
    }

    /// The instruction set that a model runs on.
    fn isa_of(&self, model: &Model) -> &'static str {
        model.isa.unwrap_or(self.isa)
    }

    /// Which digits were taken for which, and the images of those that were read wrong.
    fn mistakes(&self, answers: &[usize]) -> (Vec<Vec<usize>>, Vec<Misread>) {
        let classes = self.program.classes();
        let mut confusion = vec![vec![0; classes]; classes];
        let mut misread = Vec::new();
        for (image, (label, &answer)) in self.data.labels().zip(answers).enumerate() {
            confusion[label][answer] += 1;
            if label != answer {
                let pixels = self.data.image(image).to_vec();
                misread.push(Misread { image, label, answer, pixels });
            }
        }
        (confusion, misread)
    }

    /// The time of each stage on each instruction set.
    fn stages(&mut self) {
        let isas: Vec<&str> = self.report.machine.isas.iter().map(|(name, _)| *name).collect();
        let mut jobs = Vec::new();
        for (engine, model) in self.models.iter().enumerate() {
            for isa in isas.iter().filter(|isa| model.isa.is_none_or(|only| only == **isa)) {
                let stages = (0..self.report.stages.len()).map(What::Stage);
                let all = stages.chain([What::All(1)]);
                jobs.extend(all.map(|what| Job { engine, isa, what }));
            }
        }
        let times = self.times("Timing layers", LAYER_ROUNDS, &jobs);
        let columns = times.chunks_exact(self.report.stages.len() + 1);
        for (job, times) in jobs.chunks_exact(self.report.stages.len() + 1).zip(columns) {
            let Job { engine, isa, .. } = job[0];
            let own = self.isa_of(self.models[engine]);
            let row = &mut self.report.precisions[engine];
            let (total, stages) = times.split_last().expect("a column has its total");
            if isa == own {
                row.stages = stages.to_vec();
            }
            let (precision, stages) = (row.name, stages.to_vec());
            self.report.isas.push(OnIsa { precision, isa, total: *total, stages });
        }
    }

    /// Time and error of each algorithm, in each precision that has several.
    fn algorithms(&mut self, named: &[String]) -> Result<(), Failure> {
        let precisions: Vec<String> = self.report.names().map(str::to_owned).collect();
        let models = self.program.models.iter().filter(|model| {
            precisions.iter().any(|name| name == model.precision)
                && (named.is_empty()
                    || model.algorithm == "Naive"
                    || named.iter().any(|name| name.eq_ignore_ascii_case(model.algorithm)))
        });
        let models: Vec<&Model> = models.collect();
        let several = |model: &&&Model| {
            models.iter().filter(|other| other.precision == model.precision).count() > 1
        };
        let mut models: Vec<&Model> = models.iter().filter(several).copied().collect();
        models.sort_by_key(|model| precisions.iter().position(|name| name == model.precision));
        let engines = models.iter().map(|model| self.parameters.load(model));
        let engines = engines.collect::<Result<Vec<_>, _>>()?;
        let kept = std::mem::replace(&mut self.engines, engines);
        let jobs = models.iter().enumerate().map(|(engine, model)| Job {
            engine,
            isa: self.isa_of(model),
            what: What::All(1),
        });
        let jobs: Vec<Job> = jobs.collect();
        let times = self.times("Timing algorithms", ROUNDS, &jobs);
        let scores: Vec<Vec<f32>> = (0..models.len()).map(|engine| self.scores(engine)).collect();
        for (at, (model, time)) in models.iter().zip(times).enumerate() {
            let naive = models
                .iter()
                .position(|other| other.precision == model.precision && other.algorithm == "Naive");
            let pairs = scores[at].iter().zip(&scores[naive.unwrap_or(at)]);
            let error = pairs.map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max);
            let layers = model.algorithms.iter().zip(self.program.layers);
            let layers = layers.filter(|(algorithm, _)| !algorithm.is_empty());
            self.report.algorithms.push(Algorithm {
                precision: model.precision,
                name: model.algorithm,
                isa: self.isa_of(model),
                time,
                error,
                layers: layers.map(|(algorithm, layer)| (*algorithm, layer.name)).collect(),
            });
        }
        self.engines = kept;
        Ok(())
    }

    /// What an engine makes of the first images.
    fn scores(&mut self, engine: usize) -> Vec<f32> {
        let mut all = Vec::new();
        let mut scores = vec![0.0; self.program.classes()];
        for image in self.data.images().take(COMPARED) {
            self.engines[engine].predict(image, &mut scores);
            all.extend_from_slice(&scores);
        }
        all
    }

    /// The time of each job for one image, in turns.
    fn times(&mut self, what: &str, rounds: usize, jobs: &[Job]) -> Vec<Timing> {
        let bar = progress(what, rounds);
        let runs: Vec<u64> = jobs.iter().map(|job| self.runs(job)).collect();
        let mut samples = vec![Vec::with_capacity(rounds); jobs.len()];
        for round in 0..rounds {
            for ((job, &runs), samples) in jobs.iter().zip(&runs).zip(&mut samples) {
                // The job before this one has filled the caches with its own weights.
                self.time(job, round, 1 + runs / 8);
                let clock = clock();
                let time = self.time(job, round, runs).as_secs_f64();
                samples.push([1e6 * time / (runs as f64 * job.what.images() as f64), clock]);
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        samples.iter().map(|samples| Timing::of(samples)).collect()
    }

    /// How often a job has to run for a sample.
    fn runs(&mut self, job: &Job) -> u64 {
        let mut runs = 1;
        loop {
            let time = self.time(job, 0, runs);
            if time >= SAMPLE || runs >= 1 << 20 {
                return runs;
            }
            let wanted = SAMPLE.as_secs_f64() / time.as_secs_f64().max(1e-9);
            runs = (runs as f64 * wanted.clamp(1.2, 10.0)).ceil() as u64;
        }
    }

    fn time(&mut self, job: &Job, round: usize, runs: u64) -> Duration {
        let engine = &mut *self.engines[job.engine];
        let image = |at: usize| self.data.image(at % self.data.len());
        match job.what {
            What::Stage(stage) => engine.time_stage_on(job.isa, image(round), stage, runs),
            What::All(batch) => {
                let first = round * BATCH;
                let images: Vec<u8> = (first..first + BATCH).flat_map(image).copied().collect();
                let mut scores = vec![0.0; batch * self.program.classes()];
                let mut calls = images.chunks_exact(images.len() / BATCH * batch).cycle();
                let start = Instant::now();
                for images in (0..runs).filter_map(|_| calls.next()) {
                    engine.predict_on(job.isa, images, &mut scores);
                    std::hint::black_box(best(&scores));
                }
                start.elapsed()
            }
        }
    }
}

/// Something to time.
struct Job {
    engine: usize,
    isa: &'static str,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    /// Batches of so many images, a divisor of [`BATCH`].
    All(usize),
    Stage(usize),
}

impl What {
    fn images(self) -> usize {
        match self {
            Self::All(batch) => batch,
            Self::Stage(_) => 1,
        }
    }
}

/// The stages of a network, with the layers that each does.
fn stages(program: &Program, engine: &dyn Engine) -> Vec<Stage> {
    let stages = engine.stages();
    let mut rows: Vec<usize> = stages.iter().filter_map(|(_, row)| *row).collect();
    rows.sort_unstable();
    let volume = |shape: [usize; 3]| shape.iter().product::<usize>();
    let stage = |(name, row): (String, Option<usize>)| {
        let last = row.map(|row| rows.iter().copied().find(|&next| next > row));
        let layers = match (row, last) {
            (Some(row), Some(next)) => &program.layers[row..next.unwrap_or(program.layers.len())],
            _ => &[],
        };
        let input = layers.first().map_or(volume(program.input), |layer| volume(layer.input));
        let output = layers.last().map_or(volume(program.input), |layer| volume(layer.output));
        Stage {
            name,
            layers: layers.iter().map(|layer| layer.name).collect(),
            macs: layers.iter().map(|layer| layer.macs).sum(),
            parameters: layers.iter().map(|layer| layer.parameters).sum(),
            values: input + output,
        }
    };
    stages.into_iter().map(stage).collect()
}

/// What this machine is, and what it can do at most.
fn machine(isa: &'static str) -> Machine {
    struct Peaks(Vec<(&'static str, Peak)>);
    impl Visitor for Peaks {
        fn visit<I: Isa>(&mut self, isa: I) {
            self.0.push((I::NAME, peak(isa)));
        }
    }
    let mut peaks = Peaks(Vec::new());
    simd::each_supported(&mut peaks);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cpu = model.map_or(std::env::consts::ARCH, |(_, model)| model.trim()).to_owned();
    Machine { cpu, os: std::env::consts::OS, isa, isas: peaks.0, flags: flags() }
}

/// How this program was built, as far as it shows in its speed.
fn flags() -> String {
    let mut on = Vec::new();
    macro_rules! features {
        ($($feature:tt)*) => { $(if cfg!(target_feature = $feature) { on.push($feature); })* };
    }
    features!("sse4.2" "avx2" "fma" "avx512f" "avx512vnni" "neon" "dotprod" "i8mm" "simd128");
    let on = if on.is_empty() { "no target features".to_owned() } else { on.join(", ") };
    let build =
        if cfg!(debug_assertions) { "built with debug assertions" } else { "release build" };
    let parallel = if cfg!(feature = "parallel") { ", parallel" } else { "" };
    format!(
        "microcnn {}, {build}, {on} beyond the target's own{parallel}",
        env!("CARGO_PKG_VERSION")
    )
}
