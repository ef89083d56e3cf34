//! Every algorithm on every instruction set of this machine, against a sum in `f64`, on shapes drawn at
//! random.

mod geometry;
#[path = "../../macros/src/isas.rs"]
mod isas;
mod oracle;

use geometry::Random;
use microcnn::conv::{self, AnyShape, Convolve, Image, Pooling, WeightLayout};
use microcnn::layers::Activation;
use microcnn::precision::{Arithmetic, Parameters};
use microcnn::shape::{ConvShape, PoolShape, Window, volume};
use microcnn::simd::{self, Block, Isa};
use oracle::Expected;
use std::marker::PhantomData;

/// Of each test; fewer where the checks emulate the processor.
const SHAPES: usize = if cfg!(target_arch = "aarch64") { 200 } else { 750 };

/// A layer with weights, an input and the expected output.
struct Case {
    shape: ConvShape,
    activation: Activation,
    packed: Vec<Block>,
    input: Vec<f32>,
    expected: Vec<Expected>,
}

impl Case {
    fn new(random: &mut Random) -> Self {
        let shape = random.shape();
        let activation = random.activation();
        let mut values = |len| (0..len).map(|_| random.value()).collect::<Vec<f32>>();
        let weight = values(shape.weight_len());
        let bias = values(shape.output[0]);
        let input = values(volume(shape.input));
        let expected = oracle::convolve(&shape, &weight, &bias, &input, activation);
        Self { shape, activation, packed: pack(&shape, &weight, &bias), input, expected }
    }

    /// The 2×2 pool of its output, if that is large enough.
    fn pool(&self) -> Option<PoolShape> {
        let [outputs, height, width] = self.shape.output;
        let window = Window { kernel: [2, 2], stride: [2, 2], padding: [0; 4], dilation: [1, 1] };
        let output = [outputs, height / 2, width / 2];
        (volume(output) > 0).then_some(PoolShape { input: self.shape.output, output, window })
    }

    /// Runs an algorithm in memory full of NaN, so that a value that it forgets is seen.
    fn run<A: AnyShape<f32>, I: Isa>(&self, isa: I, pool: Pooling) -> Vec<f32> {
        let parameters = f32::parameters(&self.shape, &self.packed, ());
        let mut prepared = vec![Block([0xFF; Block::BYTES]); A::prepared(&self.shape)];
        A::prepare(&self.shape, parameters, &mut prepared);
        let parameters = Parameters { prepared: &prepared, ..parameters };
        let mut scratch = vec![Block([0xFF; Block::BYTES]); A::scratch(&self.shape)];
        let [outputs, height, width] = self.shape.output;
        let factor = if pool == Pooling::Within { 2 } else { 1 };
        let mut output = vec![f32::NAN; outputs * (height / factor) * (width / factor)];
        let image = Image {
            parameters,
            activation: self.activation,
            pool,
            input: &self.input,
            output: &mut output,
            scratch: &mut scratch,
        };
        isa.run(Run::<A> { shape: &self.shape, image, algorithm: PhantomData });
        output
    }
}

struct Run<'s, 'p, 'a, A> {
    shape: &'s ConvShape,
    image: Image<'p, 'a, f32>,
    algorithm: PhantomData<A>,
}

impl<A: AnyShape<f32>> simd::Kernel for Run<'_, '_, '_, A> {
    type Output = ();

    fn run<I: Isa>(self, isa: I) {
        A::run(isa, self.shape, self.image);
    }
}

fn pack(shape: &ConvShape, weight: &[f32], bias: &[f32]) -> Vec<Block> {
    let layout = WeightLayout::new(shape, 1);
    // NaN where no weight or bias belongs: a kernel may read it, but not use it.
    let mut packed = vec![f32::NAN; layout.channels() + layout.len()];
    for (at, &value) in layout.indices(shape).zip(weight) {
        packed[layout.channels() + at] = value;
    }
    for (o, &value) in bias.iter().enumerate() {
        packed[layout.channel(o)] = value;
    }
    let mut blocks = vec![Block::ZERO; f32::parameter_blocks(shape)];
    bytemuck::cast_slice_mut(&mut blocks)[..packed.len()].copy_from_slice(&packed);
    blocks
}

struct EachIsa<'c> {
    cases: &'c [Case],
    ran: Vec<&'static str>,
}

impl simd::Visitor for EachIsa<'_> {
    fn visit<I: Isa>(&mut self, isa: I) {
        self.ran.push(I::NAME);
        if I::NAME == I::Floats::NAME {
            conv::each_in_floats(&mut EachAlgorithm { cases: self.cases, isa: isa.floats() });
        } else {
            eprintln!("floats on {} run the code of {}, which follows", I::NAME, I::Floats::NAME);
        }
    }
}

struct EachAlgorithm<'c, I> {
    cases: &'c [Case],
    isa: I,
}

impl<I: Isa> conv::Visitor<f32> for EachAlgorithm<'_, I> {
    fn visit<A: Convolve<f32> + AnyShape<f32>>(&mut self) {
        let (mut ran, mut pooled) = (0, 0);
        // Spectra take the longest to prepare, and differ from shape to shape the least.
        let every = if A::NAME == "Fft" { 4 } else { 1 };
        let cases = self.cases.iter().filter(|case| A::supports(&case.shape));
        for case in cases.step_by(every) {
            let Case { shape, activation, .. } = case;
            let roundings = A::amplification(shape);
            let check = |output: &[f32], pool: Pooling| {
                for (at, (&found, expected)) in output.iter().zip(&case.expected).enumerate() {
                    if let Err(error) = expected.check(found, roundings) {
                        let (name, isa) = (A::NAME, I::NAME);
                        panic!(
                            "{name} on {isa}, {shape:?}, {activation:?}, {pool:?}, {at}: {error}"
                        );
                    }
                }
            };
            check(&case.run::<A, I>(self.isa, Pooling::None), Pooling::None);
            ran += 1;
            if let Some(pool) =
                case.pool().filter(|pool| A::pools(&case.shape, pool, case.activation))
            {
                let apart = case.run::<A, I>(self.isa, Pooling::After);
                check(&apart, Pooling::After);
                let fused = case.run::<A, I>(self.isa, Pooling::Within);
                assert!(
                    fused == oracle::pool(&pool, &apart),
                    "{} on {}, pooled, {shape:?}, {activation:?}",
                    A::NAME,
                    I::NAME
                );
                pooled += 1;
            }
        }
        eprintln!("{:>8} on {:<8} {ran} shapes, {pooled} with a pool", A::NAME, I::NAME);
        let enough = SHAPES / 8;
        assert!(ran >= enough, "{} did only {ran} shapes of at least {enough}", A::NAME);
    }
}

/// Two tests of half the shapes each, for two cores.
fn algorithms_agree(seed: u64) {
    let mut random = Random::new(seed);
    let cases: Vec<_> = (0..SHAPES).map(|_| Case::new(&mut random)).collect();
    let mut visitor = EachIsa { cases: &cases, ran: Vec::new() };
    simd::each_supported(&mut visitor);
    assert_eq!(visitor.ran, this_machine(), "instruction sets that ran, and that this machine has");
}

#[test]
fn algorithms_agree_on_every_instruction_set() {
    algorithms_agree(2025);
}

#[test]
fn algorithms_agree_on_other_shapes() {
    algorithms_agree(2026);
}

/// `bench_network!` cannot ask for the names that it takes.
#[test]
fn the_macros_know_the_instruction_sets_of_this_architecture() {
    let ours: Vec<_> = simd::NAMES.iter().map(|name| name.replace('-', "_")).collect();
    let known = |name: &&str| ours.iter().any(|own| own == name);
    let theirs: Vec<_> = isas::ISAS.iter().copied().filter(known).collect();
    assert_eq!(theirs, ours, "of {:?}", isas::ISAS);
}

/// The instruction sets that the machine has by its own account, whatever the library thinks.
fn this_machine() -> Vec<&'static str> {
    let mut names = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        if has!("avx512f") && has!("avx512vnni") && has!("avx512vbmi") {
            names.push("avx512");
        }
        if has!("avxvnni") && has!("fma") {
            names.push("avxvnni");
        }
        if has!("avx2") && has!("fma") {
            names.push("avx2");
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        use std::arch::is_aarch64_feature_detected as has;
        if has!("i8mm") && has!("dotprod") {
            names.push("neon-i8mm");
        }
        if has!("dotprod") {
            names.push("neon-dotprod");
        }
        names.push("neon");
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    names.push("simd128");
    names.push("scalar");
    names
}
