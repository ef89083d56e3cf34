//! What the suites of [`bench_network!`](crate::bench_network) are made of: cases with names, each
//! checked before it is timed.

mod clock;
mod oracle;
mod peak;
mod places;

pub use clock::{Stopwatch, clock};
pub use oracle::{Oracle, oracle};
pub use peak::{FAR, Peak, peak};
pub use places::at_place;

use crate::network::{self, Network, Repeated, stage_name, time_stage_on};
use crate::shape::volume;
use crate::simd::{self, Block, Isa};
use std::boxed::Box;
use std::fmt::{Display, Write as _};
use std::hint::black_box;
use std::rc::Rc;
use std::string::{String, ToString};
use std::time::Duration;
use std::vec::Vec;
use std::{eprintln, format, println};

/// How long criterion warms a case up, unless its command line says otherwise.
pub const WARM_UP: Duration = Duration::from_millis(200);
/// How long it measures.
pub const MEASUREMENT: Duration = Duration::from_secs(1);

/// Images that differ; a batch repeats them.
const IMAGES: usize = 8;

/// Instruction sets that a suite names.
pub trait Isas {
    /// Their names; all there are if empty.
    const NAMES: &'static [&'static str];
}

/// The cases of a network.
pub struct Suite {
    batches: &'static [usize],
    name: &'static str,
    cases: Vec<Case>,
}

impl Suite {
    /// A suite without cases. Tells on stderr which of the named instruction sets this machine lacks; a
    /// `MICROCNN_ISA` that it can't follow ends the program.
    pub fn new<N: Network, S: Isas>(_: &N, batches: &'static [usize]) -> Self {
        if let Err(error) = simd::active() {
            give_up(&error);
        }
        struct Names(Vec<&'static str>);
        impl simd::Visitor for Names {
            fn visit<I: Isa>(&mut self, _: I) {
                self.0.push(I::NAME);
            }
        }
        let mut here = Names(Vec::new());
        simd::each_supported(&mut here);
        for name in S::NAMES.iter().filter(|name| !here.0.contains(name)) {
            eprintln!("{}: this machine has no {name}; left out", N::NAME);
        }
        Self { batches, name: N::NAME, cases: Vec::new() }
    }

    /// The network's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// A model on every instruction set: all of it with every batch, and each stage, whose time is that of
    /// one image after the other, with the first one.
    pub fn add<S: Isas, N: Network + 'static>(
        &mut self,
        algorithm: &str,
        model: N,
        oracle: &Oracle,
    ) {
        simd::each_supported(&mut Each::<S, N> {
            model: Rc::new(model),
            algorithm,
            oracle,
            batches: self.batches,
            cases: &mut self.cases,
            isas: core::marker::PhantomData,
        });
    }

    /// Everything that is to be measured, whole networks first.
    pub fn cases(self) -> impl Iterator<Item = Case> {
        let mut cases = self.cases;
        cases.sort_by_key(|case| case.stage.is_some());
        cases.into_iter()
    }
}

struct Each<'a, S, N> {
    model: Rc<N>,
    algorithm: &'a str,
    oracle: &'a Oracle,
    batches: &'static [usize],
    cases: &'a mut Vec<Case>,
    isas: core::marker::PhantomData<S>,
}

impl<S: Isas, N: Network + 'static> simd::Visitor for Each<'_, S, N> {
    fn visit<I: Isa>(&mut self, isa: I) {
        // Known when it is compiled: code for other instruction sets is not even made.
        if const { S::NAMES.is_empty() || contains(S::NAMES, I::NAME) } {
            self.on(isa);
        }
    }
}

impl<S: Isas, N: Network + 'static> Each<'_, S, N> {
    fn on<I: Isa>(&mut self, isa: I) {
        for (at, &batch) in self.batches.iter().enumerate() {
            let images: Rc<[f32]> = images(volume(N::INPUT), batch).into();
            let stages = if at == 0 { N::STAGES.len() } else { 0 };
            for stage in (0..stages).map(Some).chain([None]) {
                let layer = stage.map_or_else(|| "predict".into(), stage_name::<N>);
                let (precision, algorithm, isa_name) = (N::PRECISION, self.algorithm, I::NAME);
                let macs = match stage {
                    None => N::MACS,
                    Some(stage) => stage_macs::<N>(stage),
                };
                let runner = Loaded {
                    isa,
                    network: Rc::clone(&self.model),
                    images: Rc::clone(&images),
                    batch,
                    stage,
                    scores: Vec::new(),
                    workspace: None,
                };
                self.cases.push(Case {
                    id: format!("{layer}/{precision}/{algorithm}/{isa_name}/b{batch}"),
                    batch,
                    macs,
                    stage,
                    oracle: Some(self.oracle.clone()),
                    times: Vec::new(),
                    runner: Box::new(runner),
                });
            }
        }
    }
}

/// Multiply-adds of the layers that a stage does: those from its row to the next stage's.
pub(crate) fn stage_macs<N: Network>(stage: usize) -> usize {
    let Some(row) = N::STAGES[stage] else { return 0 };
    let next = N::STAGES.iter().flatten().filter(|&&next| next > row).min();
    N::LAYERS[row..next.copied().unwrap_or(N::LAYERS.len())].iter().map(|layer| layer.macs).sum()
}

/// One thing to measure.
pub struct Case {
    id: String,
    batch: usize,
    macs: usize,
    stage: Option<usize>,
    /// What the answers are compared with before the first run.
    oracle: Option<Oracle>,
    /// Seconds of one run, as criterion has asked for them.
    times: Vec<f64>,
    runner: Box<dyn Runner>,
}

impl Case {
    /// What it is called behind the network's name.
    pub fn id(&self) -> String {
        self.id.clone()
    }

    /// What criterion counts: images of a network, multiply-adds of a layer that has any.
    pub fn elements(&self) -> u64 {
        let each = if self.stage.is_none() { 1 } else { self.macs.max(1) };
        (each * self.batch) as u64
    }

    /// The time of so many runs, as [`Stopwatch`] measures it.
    ///
    /// # Panics
    /// If the answers differ from the oracle's.
    pub fn run(&mut self, runs: u64) -> Duration {
        if let Some(oracle) = self.oracle.take()
            && let Err(difference) = oracle.compare(self.runner.scores())
        {
            panic!("{}: {difference}", self.id);
        }
        let time = self.runner.run(runs);
        self.times.push(time.as_secs_f64() / runs as f64);
        time
    }

    /// Says on stdout how many images and multiply-adds a second that was, if it was run.
    pub fn tell(&mut self) {
        if self.times.is_empty() {
            return;
        }
        self.times.sort_unstable_by(f64::total_cmp);
        let images = self.batch as f64 / self.times[self.times.len() / 2];
        let mut line = format!("{:24}{} images/s", "", scaled(images));
        if self.macs > 0 {
            let macs = scaled(images * self.macs as f64);
            let _ = write!(line, ", {macs} multiply-adds/s");
        }
        println!("{line}");
    }
}

/// A number with the prefix that leaves one to three digits before the point.
fn scaled(number: f64) -> String {
    let (divisor, prefix) = match number {
        ..1e3 => (1.0, ""),
        1e3..1e6 => (1e3, "K"),
        1e6..1e9 => (1e6, "M"),
        _ => (1e9, "G"),
    };
    format!("{:.1} {prefix}", number / divisor).trim_end().to_string()
}

trait Runner {
    fn scores(&mut self) -> &[f32];
    fn run(&mut self, runs: u64) -> Duration;
}

struct Loaded<I, N> {
    isa: I,
    network: Rc<N>,
    images: Rc<[f32]>,
    batch: usize,
    stage: Option<usize>,
    // These only once it runs: a suite has many cases, and a command line chooses few.
    scores: Vec<f32>,
    workspace: Option<Box<[Block]>>,
}

impl<I: Isa, N: Network> Loaded<I, N> {
    fn predict(&mut self) {
        let Self { isa, network, images, scores, workspace, .. } = self;
        let workspace = workspace.get_or_insert_with(network::workspace::<N>);
        network::predict_slice_on(*isa, &**network, black_box(images), scores, workspace);
        black_box(scores);
    }
}

impl<I: Isa, N: Network> Runner for Loaded<I, N> {
    fn scores(&mut self) -> &[f32] {
        self.scores.resize(self.batch * volume(N::OUTPUT), 0.0);
        self.predict();
        &self.scores
    }

    fn run(&mut self, runs: u64) -> Duration {
        let Some(stage) = self.stage else {
            let start = Stopwatch::start();
            for _ in 0..runs {
                self.predict();
            }
            return start.elapsed();
        };
        let images = self.images.chunks_exact(self.images.len() / self.batch);
        let stage = images.map(|image| {
            let mut stages = Repeated::new(stage, runs);
            let workspace = self.workspace.get_or_insert_with(network::workspace::<N>);
            time_stage_on(self.isa, &*self.network, image, workspace, &mut stages);
            stages.time()
        });
        stage.sum()
    }
}

/// Values from 0 to 1: as many images as there are to be, of which [`IMAGES`] differ.
fn images(len: usize, count: usize) -> Vec<f32> {
    let mut state = 0x9E37_79B9_u32;
    let mut value = || {
        // Xorshift.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / (1 << 24) as f32
    };
    let images: Vec<f32> = (0..IMAGES * len).map(|_| value()).collect();
    images.iter().copied().cycle().take(count * len).collect()
}

/// Images that a network is calibrated with for its benchmarks.
pub fn calibration<N: Network>(_: &N) -> Vec<Vec<f32>> {
    let len = volume(N::INPUT);
    images(len, IMAGES).chunks_exact(len).map(<[f32]>::to_vec).collect()
}

/// Ends the program with a message.
pub fn give_up(error: &dyn Display) -> ! {
    eprintln!("error: {error}");
    std::process::exit(1)
}

/// Whether a text is in a list.
const fn contains(list: &[&str], wanted: &str) -> bool {
    let mut at = 0;
    while at < list.len() {
        if equal(list[at].as_bytes(), wanted.as_bytes()) {
            return true;
        }
        at += 1;
    }
    false
}

/// Whether two texts are equal, for constants.
pub(crate) const fn equal(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    crate::network! {
        pub(super) struct Tiny: [1, 6, 6] -> [2] {
            conv: Conv2d<3, 3>, ReLU,
            MaxPool2d<2>, Flatten,
            fc: Linear<2>,
        }
    }

    struct Plain;

    impl Isas for Plain {
        const NAMES: &'static [&'static str] = &["scalar"];
    }

    fn suite(oracle: &Oracle) -> Vec<Case> {
        let network = Tiny::<f32>::random(1);
        let mut suite = Suite::new::<_, Plain>(&network, &[1, 3]);
        suite.add::<Plain, _>("Auto", network, oracle);
        suite.cases().collect()
    }

    #[test]
    fn a_suite_has_the_network_with_every_batch_and_each_layer() {
        let cases = suite(&oracle(Tiny::<f32>::random(1).with_algorithm::<Naive>()));
        let cases: Vec<_> = cases.iter().map(|case| (case.id(), case.elements())).collect();
        let wanted = [
            ("predict/f32/Auto/scalar/b1", 1),
            ("predict/f32/Auto/scalar/b3", 3),
            ("input/f32/Auto/scalar/b1", 1),
            ("conv/f32/Auto/scalar/b1", 3 * 16 * 9),
            ("fc/f32/Auto/scalar/b1", 12 * 2),
        ];
        assert_eq!(cases, wanted.map(|(id, elements)| (id.to_string(), elements)));
    }

    #[test]
    fn a_case_runs_and_takes_time() {
        let cases = suite(&oracle(Tiny::<f32>::random(1).with_algorithm::<Naive>()));
        for mut case in cases {
            // Some systems tell a thread's time in steps of milliseconds.
            let mut runs = (50..).map(|runs: u64| runs * runs);
            assert!(runs.any(|runs| case.run(runs) > Duration::ZERO), "{}", case.id());
        }
    }

    #[test]
    #[should_panic(expected = "predict/f32/Auto/scalar/b1: score 0 is")]
    fn a_wrong_answer_is_not_timed() {
        let other = oracle(Tiny::<f32>::random(2).with_algorithm::<Naive>());
        suite(&other)[0].run(1);
    }
}
