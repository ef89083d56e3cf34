//! `microcnn bench`: what time goes where, by precision, layer, algorithm and instruction set.

use super::args;
use super::data::Labelled;
use super::engine::Engine;
use super::json::Json;
use super::measure;
use super::parameters::Parameters;
use super::program::{Model, elsewhere};
use super::screen::{Screen, progress};
use super::timing::{Job, Timer, What};
use super::{Failure, Program};
use crate::bench::{Peak, peak};
use crate::report::{
    Algorithm, Machine, Misread, OnIsa, Precision, Report, Stage, Timing, html, text,
};
use crate::simd::{self, Isa, Visitor};
use std::fs;
use std::path::Path;

/// Samples of each time, if there is enough of it.
const ROUNDS: usize = 101;
/// The same of layers, which are many.
const LAYER_ROUNDS: usize = 51;

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
    Labelled::compare(what.images.as_deref(), what.calibration.as_deref());
    let unwritten = |path: &Path| {
        let message = format!("cannot write {}", path.display());
        move |error| Failure::because(message, error)
    };
    if let Some(path) = &args.html {
        // What can't be written is known before anything is measured; what is there stays until then.
        fs::File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(unwritten(path))?;
    }
    let timer = Timer { program, data: &data, budget: args.seconds };
    let mut bench = Bench::new(timer, &parameters, isa)?;
    let say = |text: String| if what.json { Ok(()) } else { screen.print(&text) };

    bench.precisions(&models)?;
    say(text::introduction(&bench.report, screen) + &elsewhere(&models, isa))?;
    say(text::precisions(&bench.report, screen))?;
    bench.stages();
    say(text::layers(&bench.report, screen))?;
    bench.algorithms(&what.algorithm)?;
    say(text::algorithms(&bench.report, screen))?;
    say(text::isas(&bench.report, screen))?;
    if what.json {
        screen.print_json(&Json::from(&bench.report))?;
    }
    if let Some(path) = &args.html {
        fs::write(path, html::page(&bench.report)).map_err(unwritten(path))?;
        say(format!("\nThe same with plots: {}\n", path.display()))?;
    }
    Ok(())
}

struct Bench<'a> {
    program: &'a Program,
    data: &'a Labelled,
    parameters: &'a Parameters<'a>,
    isa: &'static str,
    timer: Timer<'a>,
    /// Of the precisions in the report.
    models: Vec<&'static Model>,
    engines: Vec<Box<dyn Engine>>,
    report: Report,
}

impl<'a> Bench<'a> {
    fn new(
        timer: Timer<'a>,
        parameters: &'a Parameters<'a>,
        isa: &'static str,
    ) -> Result<Self, Failure> {
        let Timer { program, data, .. } = timer;
        let report = Report {
            network: program.network,
            input: program.input,
            machine: machine(isa),
            batch: 1,
            images: data.len(),
            error_images: measure::compared(program, data),
            floats: None,
            origin: data.origin.clone(),
            parameters: parameters.origin.clone(),
            macs: program.layers.iter().map(|layer| layer.macs).sum(),
            stages: Vec::new(),
            precisions: Vec::new(),
            algorithms: Vec::new(),
            isas: Vec::new(),
        };
        let (models, engines) = (Vec::new(), Vec::new());
        Ok(Self { program, data, parameters, isa, timer, models, engines, report })
    }

    /// Accuracy, size and time of each model.
    fn precisions(&mut self, models: &[&'static Model]) -> Result<(), Failure> {
        let bar = progress("Reading images", models.len() * self.data.len());
        let measure = measure::Bench::new(self.program, self.data, self.parameters, self.isa)?;
        self.report.floats = measure.reference();
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
            let algorithms = self.report.stages.iter();
            let algorithms = algorithms.map(|stage| algorithm(self.program, model, stage));
            let (confusion, misread) = self.mistakes(&row.answers);
            let nothing = Timing::none();
            self.report.precisions.push(Precision {
                name: model.precision,
                algorithm: model.algorithm,
                time: nothing,
                batch: nothing,
                total: nothing,
                weight_bytes: row.weight_bytes,
                workspace_bytes: engine.workspace_bytes(),
                element_bytes: engine.element_bytes(),
                accuracy: row.accuracy,
                agreement: row.agreement,
                stages: Vec::new(),
                algorithms: algorithms.collect(),
                errors: errors.collect(),
                confusion,
                misread,
            });
            self.engines.push(engine);
            self.models.push(model);
        }
        bar.finish_and_clear();
        let isa = self.isa_of(models[0]);
        let batch = self.timer.batch(&mut *self.engines[0], isa);
        self.report.batch = batch;
        let mut jobs = Vec::new();
        for (engine, model) in models.iter().enumerate() {
            let isa = self.isa_of(model);
            jobs.extend([1, batch].map(|batch| Job { engine, isa, what: What::All(batch) }));
        }
        let times = self.timer.times(&mut self.engines, "Timing precisions", ROUNDS, &jobs);
        for (row, times) in self.report.precisions.iter_mut().zip(times.chunks_exact(2)) {
            [row.time, row.batch] = [times[0][0], times[1][0]];
        }
        Ok(())
    }

    /// The instruction set that a model runs on.
    fn isa_of(&self, model: &Model) -> &'static str {
        model.isa.unwrap_or(self.isa)
    }

    /// Which classes were taken for which, and the images that were read wrong.
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
        let isas: Vec<&'static str> =
            self.report.machine.isas.iter().map(|(name, _)| *name).collect();
        let whats = [What::Stages(self.report.stages.len()), What::All(1)];
        let mut jobs = Vec::new();
        for (engine, model) in self.models.iter().enumerate() {
            for &isa in isas.iter().filter(|isa| model.isa.is_none_or(|only| only == **isa)) {
                jobs.extend(whats.map(|what| Job { engine, isa, what }));
            }
        }
        let times = self.timer.times(&mut self.engines, "Timing layers", LAYER_ROUNDS, &jobs);
        for (jobs, times) in jobs.chunks_exact(2).zip(times.chunks_exact(2)) {
            let Job { engine: row, isa, .. } = jobs[0];
            let (stages, total) = (times[0].clone(), times[1][0]);
            if isa == self.isa_of(self.models[row]) {
                let row = &mut self.report.precisions[row];
                (row.stages, row.total) = (stages.clone(), total);
            }
            self.report.isas.push(OnIsa { row, isa, total, stages });
        }
    }

    /// Time and error of each algorithm, in each precision that has several.
    fn algorithms(&mut self, named: &[String]) -> Result<(), Failure> {
        let precisions: Vec<&str> = self.report.precisions.iter().map(|row| row.name).collect();
        let models = self.program.models.iter().filter(|model| {
            precisions.contains(&model.precision)
                && (named.is_empty()
                    || model.algorithm == "Naive"
                    || named.iter().any(|name| name.eq_ignore_ascii_case(model.algorithm)))
        });
        let models: Vec<&Model> = models.collect();
        let several = |model: &&&Model| {
            models.iter().filter(|other| other.precision == model.precision).count() > 1
        };
        let mut models: Vec<&Model> = models.iter().filter(several).copied().collect();
        models.sort_by_key(|model| precisions.iter().position(|name| *name == model.precision));
        let engines = models.iter().map(|model| self.parameters.load(model));
        let mut engines = engines.collect::<Result<Vec<_>, _>>()?;
        let mut jobs = Vec::new();
        for (engine, model) in models.iter().enumerate() {
            let naive = naive_of(&models, model).map(|at| self.isa_of(models[at]));
            let own = self.isa_of(model);
            // Where `Naive` runs on another instruction set, a factor says something on that one only.
            let isas = [Some(own), naive.filter(|isa| *isa != own)];
            let what = What::All(1);
            jobs.extend(isas.into_iter().flatten().map(|isa| Job { engine, isa, what }));
        }
        let times = self.timer.times(&mut engines, "Timing algorithms", ROUNDS, &jobs);
        let scores = jobs.iter().map(|job| self.scores(&mut *engines[job.engine], job.isa));
        let scores: Vec<Vec<f32>> = scores.collect();
        for (at, (job, time)) in jobs.iter().zip(times).enumerate() {
            let model = models[job.engine];
            let naive = naive_of(&models, model);
            let naive = naive.and_then(|naive| jobs.iter().position(|job| job.engine == naive));
            let pairs = scores[at].iter().zip(&scores[naive.unwrap_or(at)]);
            let error = pairs.map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max);
            let layers = model.algorithms.iter().zip(self.program.layers);
            let layers = layers.filter(|(algorithm, _)| !algorithm.is_empty());
            self.report.algorithms.push(Algorithm {
                precision: model.precision,
                name: model.algorithm,
                isa: job.isa,
                time: time[0],
                error,
                layers: layers.map(|(algorithm, layer)| (*algorithm, layer.name)).collect(),
            });
        }
        Ok(())
    }

    /// What an engine makes of the first images.
    fn scores(&self, engine: &mut dyn Engine, isa: &str) -> Vec<f32> {
        let mut all = Vec::new();
        let mut scores = vec![0.0; self.program.classes()];
        for image in self.data.images().take(self.report.error_images) {
            engine.predict_on(isa, image, &mut scores);
            all.extend_from_slice(&scores);
        }
        all
    }
}

/// Where the model is that others of a precision are compared with.
fn naive_of(models: &[&Model], model: &Model) -> Option<usize> {
    models.iter().position(|other| other.precision == model.precision && other.algorithm == "Naive")
}

/// What runs the layers of a stage in a model; nothing where there is no choice.
fn algorithm(program: &Program, model: &Model, stage: &Stage) -> &'static str {
    let layers = program.layers.iter().zip(model.algorithms);
    let mut own = layers.filter(|(layer, _)| stage.layers.contains(&layer.name));
    own.find(|(_, algorithm)| !algorithm.is_empty()).map_or("", |(_, algorithm)| *algorithm)
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
    features!("sse4.2" "avx2" "fma" "avx512f" "avx512vnni" "dotprod" "i8mm" "simd128");
    // Every AArch64 has it.
    if cfg!(all(target_feature = "neon", not(target_arch = "aarch64"))) {
        on.push("neon");
    }
    let on = if on.is_empty() { "no target features".to_owned() } else { on.join(", ") };
    let build =
        if cfg!(debug_assertions) { "built with debug assertions" } else { "release build" };
    let parallel = if cfg!(feature = "parallel") { ", parallel" } else { "" };
    format!(
        "microcnn {}, {build}, {on} beyond the target's own{parallel}",
        env!("CARGO_PKG_VERSION")
    )
}
