//! Every layer of some networks under each algorithm: what `Auto` chooses, and what that costs.
//!
//! `cargo bench --bench layers -- [instruction set] [layer]`; without a name, the machine's fastest one.
//! The algorithms take turns, and the fastest of an algorithm's runs counts. Before that, a layer's
//! results are compared with the definition's.

mod shapes;

use microcnn::__private::*;
use microcnn::conv::{AnyShape, Convolve, Direct, Fft, Im2col, Image, Naive, Winograd};
use microcnn::map::Map;
use microcnn::precision::{Arithmetic, Parameters};
use microcnn::simd::{self, Isa, Kernel};
use microcnn::weights::Random;
use shapes::Timed;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

/// Something that can be run several times.
trait Run<I> {
    fn run(&mut self, isa: I, times: usize);
    fn output(&self) -> &[f32];
}

/// One layer under one algorithm, as a network runs it.
struct Layer<A: Convolve<f32>, L: Timed> {
    conv: Conv2d<f32, A, L>,
    input: Vec<Block>,
    output: Vec<Block>,
    scratch: Vec<Block>,
}

fn blocks(len: usize) -> Vec<Block> {
    vec![Block::ZERO; len]
}

fn aligned(values: &[f32]) -> Vec<Block> {
    let mut blocks = blocks(Block::count::<f32>(values.len()));
    bytemuck::cast_slice_mut(&mut blocks)[..values.len()].copy_from_slice(values);
    blocks
}

fn input<L: Timed>() -> Vec<f32> {
    (0..<L::Input<f32> as Map<f32>>::LEN).map(|i| (i * 7 % 17) as f32 * 0.1 - 0.8).collect()
}

impl<A: Convolve<f32>, L: Timed> Layer<A, L> {
    fn new() -> Self {
        Self {
            conv: Conv2d::load(&mut Random::new(7), [0; 2], ()).expect("random numbers never end"),
            // Aligned, as between the layers of a network.
            input: aligned(&input::<L>()),
            output: blocks(Block::count::<f32>(<L::Result as Map<f32>>::LEN)),
            scratch: blocks(Conv2d::<f32, A, L>::POOLED_SCRATCH),
        }
    }
}

struct Times<'a, A: Convolve<f32>, L: Timed>(&'a mut Layer<A, L>, usize);

impl<A: Convolve<f32>, L: Timed> Kernel for Times<'_, A, L> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self(Layer { conv, input, output, scratch }, times) = self;
        for _ in 0..times {
            let input = black_box(<L::Input<f32> as Map<f32>>::view(bytemuck::cast_slice(input)));
            black_box(L::forward(conv, isa, input, output, scratch));
        }
    }
}

impl<A: Convolve<f32>, L: Timed, I: Isa> Run<I> for Layer<A, L> {
    fn run(&mut self, isa: I, times: usize) {
        isa.run(Times(self, times));
    }

    fn output(&self) -> &[f32] {
        &bytemuck::cast_slice(&self.output)[..<L::Result as Map<f32>>::LEN]
    }
}

/// One layer under `Fft`, which is so rarely the fastest that its code for any shape will do. It pools
/// nothing.
struct Spectra {
    shape: ConvShape,
    packed: Vec<Block>,
    prepared: Vec<Block>,
    input: Vec<Block>,
    output: Vec<f32>,
    scratch: Vec<Block>,
}

impl Spectra {
    fn new<L: Timed>() -> Self {
        let shape = L::SPEC.shape;
        let packed = blocks(f32::parameter_blocks(&shape));
        let mut prepared = blocks(Fft::prepared(&shape));
        Fft::prepare(&shape, f32::parameters(&shape, &packed, ()), &mut prepared);
        let (input, scratch) = (aligned(&input::<L>()), blocks(Fft::scratch(&shape)));
        let output = vec![0.0; shape.output.iter().product()];
        Self { shape, packed, prepared, input, output, scratch }
    }
}

struct SpectraTimes<'a>(&'a mut Spectra, usize);

impl Kernel for SpectraTimes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self(Spectra { shape, packed, prepared, input, output, scratch }, times) = self;
        for _ in 0..times {
            let parameters = Parameters { prepared, ..f32::parameters(shape, packed, ()) };
            let (activation, input) = (Activation::ReLU, black_box(bytemuck::cast_slice(input)));
            let image = Image { parameters, activation, pool: false, input, output, scratch };
            Fft::run(isa, shape, image);
        }
    }
}

impl<I: Isa> Run<I> for Spectra {
    fn run(&mut self, isa: I, times: usize) {
        isa.run(SpectraTimes(self, times));
    }

    fn output(&self) -> &[f32] {
        &self.output
    }
}

/// How often the algorithms take turns.
const ROUNDS: usize = 15;

struct Rows<'a, I> {
    isa: I,
    filter: &'a str,
    worst: (f64, &'static str),
}

impl<I: Isa> shapes::Visitor for Rows<'_, I> {
    fn visit<L: Timed>(&mut self) {
        let (name, shape) = (L::SPEC.name, &L::SPEC.shape);
        if !name.contains(self.filter) {
            return;
        }
        let chosen = Conv2d::<f32, Auto, L>::ALGORITHM;
        let mut runs: Vec<(&str, Box<dyn Run<I>>)> = vec![
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
        Run::run(&mut naive, self.isa, 1);
        let wanted = <Layer<Naive, L> as Run<I>>::output(&naive);
        for (algorithm, run) in &mut runs {
            run.run(self.isa, 1);
            let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-4 * (1.0 + b.abs());
            let agrees = run.output().iter().zip(wanted).all(near);
            assert!(agrees, "{algorithm} computes something else for {name}");
        }
        if Fft::supports(shape) && shape.kernel_len() > shape.group_inputs() {
            runs.push(("Fft", Box::new(Spectra::new::<L>())));
        }
        let times = 10_000_000 / shape.macs().max(20_000) + 8;
        let mut best = vec![f64::MAX; runs.len()];
        for _ in 0..ROUNDS {
            for ((_, run), best) in runs.iter_mut().zip(&mut best) {
                let start = Instant::now();
                run.run(self.isa, times);
                *best = best.min(start.elapsed().as_secs_f64() / times as f64);
            }
        }
        let fastest = best[1..].iter().copied().fold(f64::MAX, f64::min);
        let ratio = best[0] / fastest;
        if ratio > self.worst.0 {
            self.worst = (ratio, name);
        }
        let speed = shape.macs() as f64 / best[0] * 1e-9;
        print!("{:8} {name:24} {chosen:8} {:8.2} µs {speed:6.1} GMAC/s", I::NAME, best[0] * 1e6);
        print!("  {ratio:5.2} × the fastest: ");
        for ((name, _), best) in runs.iter().zip(&best).skip(1) {
            print!(" {name} {:.2}", best * 1e6);
        }
        println!();
    }
}

struct Sets<'a> {
    wanted: &'a str,
    filter: &'a str,
    found: bool,
}

impl simd::Visitor for Sets<'_> {
    fn visit<I: Isa>(&mut self, isa: I) {
        if I::NAME != self.wanted {
            return;
        }
        self.found = true;
        let mut rows = Rows { isa, filter: self.filter, worst: (0.0, "no layer") };
        shapes::each(&mut rows);
        println!("Auto at worst: {:.2} × the fastest, {}", rows.worst.0, rows.worst.1);
    }
}

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let argument = |at: usize| args.get(at).map(String::as_str);
    let wanted = match (argument(0), simd::active()) {
        (Some(name), _) => name,
        (None, Ok(name)) => name,
        (None, Err(error)) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let mut sets = Sets { wanted, filter: argument(1).unwrap_or_default(), found: false };
    simd::each_supported(&mut sets);
    if !sets.found {
        eprintln!("no instruction set `{wanted}` on this machine: {}", simd::NAMES.join(", "));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
