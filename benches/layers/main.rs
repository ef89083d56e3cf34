//! Every layer of some networks under each algorithm: what `Auto` chooses, and what that costs.
//!
//! `cargo bench --bench layers -- [--readme] [instruction set] [layer]`; without a name, the one that networks
//! run on. `--readme` prints a table in Markdown. The algorithms take turns, and the fastest of an
//! algorithm's runs counts. Before that, a layer's results are compared with the definition's.

mod shapes;

use clap::builder::PossibleValuesParser;
use clap::{CommandFactory, FromArgMatches, Parser};
use microcnn::__private::*;
use microcnn::bench::{at_place, peak};
use microcnn::conv::{AnyShape, Convolve, Direct, Fft, Im2col, Image, Naive, Pooling, Winograd};
use microcnn::map::Map;
use microcnn::precision::{Arithmetic, Loaded, Loading, Parameters};
use microcnn::simd::{self, Isa, Kernel};
use microcnn::weights::Random;
use shapes::Timed;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

/// Something that can be run several times.
trait Run<I> {
    fn scratch(&self) -> usize;
    fn run(&mut self, isa: I, memory: &mut Memory, times: usize);
}

/// What a layer's algorithms take turns in: where its maps lie would change their times more than the
/// algorithms do, since a load waits for a store whose address ends in the same twelve bits.
struct Memory {
    input: Vec<Block>,
    output: Vec<Block>,
    scratch: Vec<Block>,
}

impl Memory {
    /// Aligned, as between the layers of a network.
    fn new<L: Timed>(scratch: usize) -> Self {
        let input: Vec<f32> = (0..<L::Input<f32> as Map<f32>>::LEN)
            .map(|i| (i * 7 % 17) as f32 * 0.1 - 0.8)
            .collect();
        let mut places = blocks(Block::count::<f32>(input.len()));
        bytemuck::cast_slice_mut(&mut places)[..input.len()].copy_from_slice(&input);
        let output = <L::Output<f32> as Map<f32>>::LEN.max(<L::Result as Map<f32>>::LEN);
        let output = blocks(Block::count::<f32>(output));
        Self { input: places, output, scratch: blocks(scratch) }
    }

    /// Leaves nothing of a result, nor of what led to it.
    fn spoil(&mut self) {
        const NOT_A_NUMBER: Block = Block([0xFF; Block::BYTES]);
        self.output.fill(NOT_A_NUMBER);
        self.scratch.fill(NOT_A_NUMBER);
    }

    fn output(&self, len: usize) -> &[f32] {
        &bytemuck::cast_slice(&self.output)[..len]
    }
}

fn blocks(len: usize) -> Vec<Block> {
    vec![Block::ZERO; len]
}

/// One layer under one algorithm, as a network runs it.
struct Layer<A: Convolve<f32>, L: Timed>(Conv2d<f32, A, L>);

impl<A: Convolve<f32>, L: Timed> Layer<A, L> {
    fn new() -> Self {
        Self(Conv2d::load(&mut Random::new(7), [0; 2], ()).expect("random numbers never end"))
    }
}

struct Times<'a, A: Convolve<f32>, L: Timed>(&'a Conv2d<f32, A, L>, &'a mut Memory, usize);

impl<A: Convolve<f32>, L: Timed> Kernel for Times<'_, A, L> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self(conv, Memory { input, output, scratch }, times) = self;
        for _ in 0..times {
            let input = black_box(<L::Input<f32> as Map<f32>>::view(bytemuck::cast_slice(input)));
            black_box(L::forward(conv, isa, input, output, scratch));
        }
    }
}

impl<A: Convolve<f32>, L: Timed, I: Isa> Run<I> for Layer<A, L> {
    fn scratch(&self) -> usize {
        Conv2d::<f32, A, L>::POOLED_SCRATCH
    }

    fn run(&mut self, isa: I, memory: &mut Memory, times: usize) {
        isa.run(Times(&self.0, memory, times));
    }
}

/// One layer under `Fft`, which is so rarely the fastest that its code for any shape will do. It pools
/// nothing: where the others do, it is left out of what `Auto` is compared with.
struct Spectra {
    shape: ConvShape,
    packed: Vec<Block>,
    prepared: Vec<Block>,
}

impl Spectra {
    fn new<L: Timed>() -> Self {
        let shape = L::SPEC.shape;
        let activation = Activation::ReLU;
        let loading = Loading { spec: &L::SPEC, activation, rows: [0; 2], input: () };
        let loaded = f32::load(&loading, &mut Random::new(7));
        let Loaded { packed, .. } = loaded.expect("random numbers never end");
        let mut prepared = blocks(Fft::prepared(&shape));
        Fft::prepare(&shape, f32::parameters(&shape, &packed, ()), &mut prepared);
        Self { shape, packed, prepared }
    }

    /// What the definition gives.
    fn wanted<I: Isa>(&self, isa: I, memory: &Memory) -> Vec<f32> {
        let Self { shape, packed, .. } = self;
        let mut output = vec![0.0; shape.output.iter().product()];
        let input = bytemuck::cast_slice(&memory.input);
        let parameters = f32::parameters(shape, packed, ());
        let (activation, output_) = (Activation::ReLU, &mut output);
        let scratch = &mut [];
        let image =
            Image { parameters, activation, pool: Pooling::None, input, output: output_, scratch };
        <Naive as AnyShape<f32>>::run(isa, shape, image);
        output
    }
}

/// Fails if results are others than wanted: by more than the rounding of sums as long as a window's, in
/// a transformed domain, with values of about 1.
fn check(algorithm: &str, name: &str, found: &[f32], wanted: &[f32]) {
    let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-4 * (1.0 + b.abs());
    assert!(
        found.len() == wanted.len() && found.iter().zip(wanted).all(near),
        "{algorithm} computes something else for {name}"
    );
}

struct SpectraTimes<'a>(&'a Spectra, &'a mut Memory, usize);

impl Kernel for SpectraTimes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self(Spectra { shape, packed, prepared }, memory, times) = self;
        let Memory { input, output, scratch } = memory;
        let output: &mut [f32] = bytemuck::cast_slice_mut(output);
        let output = &mut output[..shape.output.iter().product()];
        for _ in 0..times {
            let parameters = Parameters { prepared, ..f32::parameters(shape, packed, ()) };
            let (activation, input) = (Activation::ReLU, black_box(bytemuck::cast_slice(input)));
            let image =
                Image { parameters, activation, pool: Pooling::None, input, output, scratch };
            Fft::run(isa, shape, image);
        }
    }
}

impl<I: Isa> Run<I> for Spectra {
    fn scratch(&self) -> usize {
        Fft::scratch(&self.shape)
    }

    fn run(&mut self, isa: I, memory: &mut Memory, times: usize) {
        isa.run(SpectraTimes(self, memory, times));
    }
}

/// How often the algorithms take turns: ten times in each place on the stack, so long that what else a
/// machine does is over in some of them.
const ROUNDS: usize = 160;

/// The algorithms beside `Auto`, in the order of the table.
const ALGORITHMS: &[&str] = &["Direct", "Im2col", "Winograd", "Fft"];

struct Rows<'a, I> {
    isa: I,
    filter: &'a str,
    readme: bool,
    /// What the core can do at most, in multiply-adds a second.
    peak: f64,
    worst: (f64, &'static str),
}

/// What a layer took under each algorithm, in seconds.
struct Row {
    name: &'static str,
    chosen: &'static str,
    /// Multiply-adds a second under `Auto`.
    speed: f64,
    auto: f64,
    others: Vec<(&'static str, f64)>,
    /// Whether a pool follows.
    pooled: bool,
}

impl Row {
    /// What the choice costs. The chosen algorithm's own run is the same code with its weights in
    /// another place, so the faster one of the two counts.
    fn ratio(&self) -> f64 {
        let same = self.others.iter().filter(|(name, _)| !(self.pooled && *name == "Fft"));
        let own = same.clone().find(|(name, _)| *name == self.chosen);
        let auto = own.map_or(self.auto, |(_, time)| self.auto.min(*time));
        auto / same.map(|(_, time)| *time).fold(auto, f64::min)
    }

    fn print(&self, isa: &str, peak: f64) {
        let Self { name, chosen, speed, auto, .. } = self;
        let (us, speed, share) = (auto * 1e6, speed * 1e-9, speed / peak * 100.0);
        print!("{isa:8} {name:24} {chosen:8} {us:8.2} µs {speed:6.1} GMAC/s {share:4.0} %");
        print!("  {:5.2} × the fastest: ", self.ratio());
        for (name, time) in &self.others {
            print!(" {name} {:.2}", time * 1e6);
        }
        println!();
    }

    fn print_markdown(&self, peak: f64) {
        print!("| `{}` | {} | {:.2} |", self.name, self.chosen, self.auto * 1e6);
        for algorithm in ALGORITHMS {
            match self.others.iter().find(|(name, _)| name == algorithm) {
                Some((_, time)) => print!(" {:.2} |", time * 1e6),
                None => print!(" |"),
            }
        }
        println!(" {:.0} % |", self.speed / peak * 100.0);
    }
}

impl<I: Isa> shapes::Visitor for Rows<'_, I> {
    fn visit<L: Timed>(&mut self) {
        let (name, shape) = (L::SPEC.name, &L::SPEC.shape);
        if !name.starts_with(self.filter) {
            return;
        }
        let chosen = Conv2d::<f32, Auto, L>::ALGORITHM;
        let mut runs: Vec<(&'static str, Box<dyn Run<I>>)> = vec![
            ("Auto", Box::new(Layer::<Auto, L>::new())),
            ("Direct", Box::new(Layer::<Direct, L>::new())),
        ];
        if Im2col::supports(shape) {
            runs.push(("Im2col", Box::new(Layer::<Im2col, L>::new())));
        }
        if Winograd::supports(shape) {
            runs.push(("Winograd", Box::new(Layer::<Winograd, L>::new())));
        }
        let mut naive = Layer::<Naive, L>::new();
        let spectra = (Fft::supports(shape) && shape.kernel_len() > shape.group_inputs())
            .then(Spectra::new::<L>);
        let mut scratch = Run::<I>::scratch(&naive);
        scratch = runs.iter().map(|(_, run)| run.scratch()).fold(scratch, usize::max);
        scratch = scratch.max(spectra.as_ref().map_or(0, Run::<I>::scratch));
        let mut memory = Memory::new::<L>(scratch);
        let len = <L::Result as Map<f32>>::LEN;
        naive.run(self.isa, &mut memory, 1);
        let wanted = memory.output(len).to_vec();
        for (algorithm, run) in &mut runs {
            memory.spoil();
            run.run(self.isa, &mut memory, 1);
            check(algorithm, name, memory.output(len), &wanted);
        }
        if let Some(mut spectra) = spectra {
            let wanted = spectra.wanted(self.isa, &memory);
            memory.spoil();
            spectra.run(self.isa, &mut memory, 1);
            check("Fft", name, memory.output(wanted.len()), &wanted);
            runs.push(("Fft", Box::new(spectra)));
        }
        let times = 10_000_000 / shape.macs().max(20_000) + 1;
        let mut best = vec![f64::MAX; runs.len()];
        for round in 0..ROUNDS {
            for ((_, run), best) in runs.iter_mut().zip(&mut best) {
                at_place(round, &mut || {
                    let start = Instant::now();
                    run.run(self.isa, &mut memory, times);
                    *best = best.min(start.elapsed().as_secs_f64() / times as f64);
                });
            }
        }
        let others = runs.iter().zip(&best).skip(1).map(|((name, _), best)| (*name, *best));
        let (speed, others) = (shape.macs() as f64 / best[0], others.collect());
        let pooled = L::POOL.is_some();
        let row = Row { name, chosen, speed, auto: best[0], others, pooled };
        if row.ratio() > self.worst.0 {
            self.worst = (row.ratio(), name);
        }
        if self.readme {
            row.print_markdown(self.peak);
        } else {
            row.print(I::NAME, self.peak);
        }
    }
}

struct Sets<'a> {
    wanted: &'a str,
    filter: &'a str,
    readme: bool,
}

impl simd::Visitor for Sets<'_> {
    fn visit<I: Isa>(&mut self, isa: I) {
        if I::NAME != self.wanted {
            return;
        }
        let Self { filter, readme, .. } = *self;
        let peak = peak(isa).floats;
        if readme {
            let algorithms = ALGORITHMS.join(" | ");
            println!("| on {} | `Auto` is | `Auto`, µs | {algorithms} | of the peak |", I::NAME);
            println!("|---|---|{}", "--:|".repeat(2 + ALGORITHMS.len()));
        } else {
            println!(
                "{:8} {:24} {:8} {:>11} {:>13} {:>6}  against the fastest, each in µs",
                "on", "layer", "Auto is", "takes", "computes", "peak"
            );
        }
        let mut rows = Rows { isa, filter, readme, peak, worst: (0.0, "") };
        shapes::each(&mut rows);
        println!(
            "\n`Auto` at worst: {:.2} × the fastest, `{}`; the peak is {:.0} GMAC/s (exceeded by fewer \
             multiplications, and where compilers make vectors of plain code). Every result agreed with the \
             definition's before it was timed.",
            rows.worst.0,
            rows.worst.1,
            peak * 1e-9
        );
    }
}

/// Every layer of some networks under each algorithm: what `Auto` chooses, and what that costs
#[derive(Parser)]
#[command(bin_name = "cargo bench --bench layers --")]
struct Args {
    /// An instruction set of this machine [default: the one that networks run on]
    #[arg(index = 1, value_name = "ISA")]
    isa: Option<String>,
    /// A layer's name, or what some layers' names begin with
    #[arg(index = 2)]
    layer: Option<String>,
    /// Print a table in Markdown
    #[arg(long)]
    readme: bool,
    /// What cargo says to each benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The names of what there is.
struct Names(Vec<&'static str>);

impl simd::Visitor for Names {
    fn visit<I: Isa>(&mut self, _: I) {
        self.0.push(I::NAME);
    }
}

impl shapes::Visitor for Names {
    fn visit<L: Timed>(&mut self) {
        self.0.push(L::SPEC.name);
    }
}

fn main() -> ExitCode {
    let (mut sets, mut layers) = (Names(Vec::new()), Names(Vec::new()));
    simd::each_supported(&mut sets);
    shapes::each(&mut layers);
    let possible = PossibleValuesParser::new(sets.0);
    let command = Args::command().mut_arg("isa", |isa| isa.value_parser(possible));
    let Args { isa, layer, readme, .. } = Args::from_arg_matches(&command.get_matches())
        .expect("the arguments are those of the command");
    let wanted = match (isa.as_deref(), simd::active()) {
        (Some(name), _) => name,
        (None, Ok(name)) => name,
        (None, Err(error)) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let filter = layer.as_deref().unwrap_or_default();
    if !layers.0.iter().any(|name| name.starts_with(filter)) {
        eprintln!("no layer's name begins with `{filter}`; there are: {}", layers.0.join(", "));
        return ExitCode::FAILURE;
    }
    simd::each_supported(&mut Sets { wanted, filter, readme });
    ExitCode::SUCCESS
}
