//! What an engine has to be, to be measured.

use crate::clock::Clock;
use microcnn::mnist::MNIST;
use std::hint::black_box;

/// Images that all engines see before the next ones come.
pub const CHUNK: usize = 64;

/// Pixels of an image.
pub const PIXELS: usize = 28 * 28;

/// A program that tells digits apart.
pub trait Engine {
    /// Images as the engine takes them; what the user of the engine has in hand.
    type Input;

    /// Images that one call takes: a divisor of [`CHUNK`].
    const BATCH: usize = 1;

    /// The input of one call; not timed.
    fn input(&self, pixels: &[u8]) -> Self::Input;

    /// From the input to the digits; timed.
    fn run(&mut self, input: &Self::Input, digits: &mut [usize]);
}

/// What an engine has to answer on the first test images.
#[derive(Clone, Copy)]
pub enum Expected {
    /// For every image the digit that the first row says.
    SameDigits,
    /// So many right answers on the first 1,000 images.
    Right(usize),
    /// At least so many.
    AtLeast(usize),
}

/// An engine in the table.
pub struct Row {
    /// Who, precision, algorithm, instruction set, batch: `microcnn f32/Auto/avx512/b1`.
    pub name: String,
    /// What makes its answers right.
    pub expected: Expected,
    /// It sees each so manieth chunk.
    pub every: usize,
    /// Images that one call takes.
    pub batch: usize,
    /// Its work is done by other threads, whose time the clock of this one doesn't see.
    wall: bool,
    runner: Box<dyn Runner>,
}

impl Row {
    /// A row for an engine that gives everyone's digits and sees every chunk.
    pub fn new<E: Engine + 'static>(name: impl Into<String>, engine: E) -> Self
    where
        E::Input: 'static,
    {
        const { assert!(CHUNK.is_multiple_of(E::BATCH), "a chunk is a whole number of calls") };
        Self {
            name: name.into(),
            expected: Expected::SameDigits,
            every: 1,
            batch: E::BATCH,
            wall: false,
            runner: Box::new(Loaded { engine, inputs: Vec::new() }),
        }
    }

    /// The same for an engine with digits of its own: so many right answers on the first 1,000 images.
    pub fn right(self, count: usize) -> Self {
        Self { expected: Expected::Right(count), ..self }
    }

    /// The same for an engine whose digits nothing but its accuracy is known of.
    pub fn at_least(self, count: usize) -> Self {
        Self { expected: Expected::AtLeast(count), ..self }
    }

    /// The same for an engine that has a thread of its own.
    #[cfg(feature = "others")]
    pub fn wall(self) -> Self {
        Self { wall: true, ..self }
    }

    /// The same for an engine that would take minutes: it sees each so manieth chunk.
    pub fn every(self, chunks: usize) -> Self {
        Self { every: chunks, ..self }
    }

    /// The digits of a chunk.
    pub fn digits(&mut self, chunk: &Chunk<'_>) -> [usize; CHUNK] {
        self.runner.load(chunk);
        self.runner.digits()
    }

    /// The digits of a chunk, and the microseconds per image of each call.
    pub fn time(&mut self, chunk: &Chunk<'_>, times: &mut Vec<f64>) -> [usize; CHUNK] {
        self.runner.load(chunk);
        let like = self.runner.warm_up();
        let clock = if self.wall { Clock::Wall } else { like };
        self.runner.time(clock, times)
    }
}

/// Neighbouring images.
pub struct Chunk<'a> {
    /// The number of the first one.
    pub first: usize,
    images: &'a MNIST,
}

impl<'a> Chunk<'a> {
    /// The chunks of a file, as far as they are full.
    pub fn all(images: &'a MNIST) -> impl Iterator<Item = Self> {
        (0..images.len() / CHUNK).map(move |chunk| Self { first: chunk * CHUNK, images })
    }

    fn pixels(&self) -> &[u8] {
        self.images.batch::<CHUNK>(self.first).as_slice()
    }
}

/// [`Engine`] whatever its inputs are.
trait Runner {
    fn load(&mut self, chunk: &Chunk<'_>);
    fn warm_up(&mut self) -> Clock;
    fn digits(&mut self) -> [usize; CHUNK];
    fn time(&mut self, clock: Clock, times: &mut Vec<f64>) -> [usize; CHUNK];
}

/// An engine with a chunk as it takes it.
struct Loaded<E: Engine> {
    engine: E,
    inputs: Vec<E::Input>,
}

impl<E: Engine> Runner for Loaded<E> {
    fn load(&mut self, chunk: &Chunk<'_>) {
        self.inputs.clear();
        let calls = chunk.pixels().chunks_exact(PIXELS * E::BATCH);
        self.inputs.extend(calls.map(|pixels| self.engine.input(pixels)));
    }

    /// The engine before this one has filled the caches with its own weights and code.
    fn warm_up(&mut self) -> Clock {
        let mut digits = [0; CHUNK];
        let mut call = || {
            self.engine.run(black_box(&self.inputs[0]), &mut digits[..E::BATCH]);
            black_box(&digits);
        };
        call();
        Clock::like(call)
    }

    fn digits(&mut self) -> [usize; CHUNK] {
        let mut digits = [0; CHUNK];
        for (input, digits) in self.inputs.iter().zip(digits.chunks_exact_mut(E::BATCH)) {
            self.engine.run(input, digits);
        }
        digits
    }

    fn time(&mut self, clock: Clock, times: &mut Vec<f64>) -> [usize; CHUNK] {
        let mut digits = [0; CHUNK];
        for (input, digits) in self.inputs.iter().zip(digits.chunks_exact_mut(E::BATCH)) {
            let time = clock.time(|| {
                self.engine.run(black_box(input), digits);
                black_box(&digits);
            });
            times.push(time.as_secs_f64() * 1e6 / E::BATCH as f64);
        }
        digits
    }
}
