//! What the machine can do at most: multiply-adds from registers, and bytes from its caches.

use crate::simd::{Block, Isa, Kernel};
use core::array;
use std::hint::black_box;
use std::time::Instant;
use std::vec;

/// What one core can do on an instruction set, as measured.
#[derive(Clone, Copy, Debug)]
pub struct Peak {
    /// Multiply-adds of floats a second.
    pub floats: f64,
    /// Multiply-adds of bytes a second.
    pub bytes: f64,
    /// Bytes a second read from the first cache.
    pub near: f64,
    /// Bytes a second read from a buffer of [`FAR`] bytes, which the first cache is too small for.
    pub far: f64,
}

/// Bytes that lie beyond any core's first cache, and mostly within its second one.
pub const FAR: usize = 512 << 10;
const NEAR: usize = 16 << 10;
/// Bytes that a run reads, so many that reading the clock doesn't count.
const READ: usize = 4 << 20;

/// Steps of a run.
const STEPS: usize = 2_000;
/// The best of so many runs counts: what else the machine does only makes it slower.
const RUNS: usize = 60;

/// Measures the peak of an instruction set; some 10 ms.
pub fn peak<I: Isa>(isa: I) -> Peak {
    let [near, far] = [NEAR, FAR].map(|bytes| vec![Block::ZERO; bytes / Block::BYTES]);
    let read = |blocks: &[Block]| {
        let values = black_box(bytemuck::cast_slice(blocks));
        let passes = READ / size_of_val(values);
        seconds(|| isa.run(Read { values, passes }))
    };
    let mut best = [f64::MAX; 4];
    for _ in 0..RUNS {
        // They take turns: what slows the machine for a while then slows all four alike.
        let run =
            [seconds(|| isa.run(Floats)), seconds(|| isa.run(Bytes)), read(&near), read(&far)];
        best = array::from_fn(|figure| f64::min(best[figure], run[figure]));
    }
    let macs = |lanes: usize| (STEPS * chains::<I>() * lanes) as f64;
    let work = [macs(16), macs(64), READ as f64, READ as f64];
    let [floats, bytes, near, far] = array::from_fn(|figure| work[figure] / best[figure]);
    Peak { floats, bytes, near, far }
}

/// Sums that don't wait for each other and fit in registers.
const fn chains<I: Isa>() -> usize {
    match I::TILE {
        12.. => 12,
        6.. => 6,
        _ => 2,
    }
}

/// A function of the instruction set and that number.
macro_rules! with_chains {
    ($run:ident::<$isa:ident>($token:expr)) => {
        match const { chains::<$isa>() } {
            12 => $run::<$isa, 12>($token),
            6 => $run::<$isa, 6>($token),
            _ => $run::<$isa, 2>($token),
        }
    };
}

fn seconds(run: impl FnOnce() -> f32) -> f64 {
    let start = Instant::now();
    black_box(run());
    start.elapsed().as_secs_f64()
}

struct Floats;

impl Kernel for Floats {
    type Output = f32;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> f32 {
        with_chains!(floats::<I>(isa))
    }
}

// Loops and no closures: a closure would be compiled without the instruction set.
#[inline(always)]
fn floats<I: Isa, const CHAINS: usize>(isa: I) -> f32 {
    // Weights that change and two inputs, or the compiler would multiply once where it adds twice.
    let weights = black_box([[0.5; 16], [0.25; 16], [0.125; 16], [2.0; 16]]);
    let inputs = [isa.splat(black_box(0.5)), isa.splat(black_box(0.25))];
    let mut sums = [isa.splat(0.0); CHAINS];
    for step in 0..STEPS {
        let weights = isa.load(&weights[step % 4]);
        for (chain, sum) in sums.iter_mut().enumerate() {
            *sum = isa.mul_add(inputs[chain % 2], weights, *sum);
        }
    }
    total(isa, &sums)
}

struct Bytes;

impl Kernel for Bytes {
    type Output = f32;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> f32 {
        with_chains!(bytes::<I>(isa))
    }
}

#[inline(always)]
fn bytes<I: Isa, const CHAINS: usize>(isa: I) -> f32 {
    // Weights that change, or the compiler would multiply but once.
    let weights = black_box([[1; 64], [2; 64], [3; 64], [5; 64]]);
    let (inputs, ahead) = (black_box([[7; 4]; CHAINS]), black_box([7; 16]));
    let mut sums = [isa.splat_i32(0); CHAINS];
    for step in 0..STEPS {
        let weights = isa.weights(isa.load_quads(&weights[step % 4]), 0, 0xFF, 0);
        for (sum, input) in sums.iter_mut().zip(inputs) {
            *sum = if I::AHEAD {
                isa.dot_ahead::<0>(*sum, isa.load_ahead(&ahead), weights)
            } else {
                isa.dot(*sum, isa.inputs(isa.splat_quad(input)), weights)
            };
        }
    }
    let mut floats = [isa.splat(0.0); CHAINS];
    for (float, sum) in floats.iter_mut().zip(sums) {
        *float = isa.to_f32(sum);
    }
    total(isa, &floats)
}

struct Read<'a> {
    values: &'a [f32],
    passes: usize,
}

impl Kernel for Read<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> f32 {
        let mut sums = [isa.splat(0.0); 8];
        for _ in 0..self.passes {
            for group in black_box(self.values).as_chunks::<128>().0 {
                for (sum, values) in sums.iter_mut().zip(group.as_chunks::<16>().0) {
                    *sum = isa.max(isa.load(values), *sum);
                }
            }
        }
        total(isa, &sums)
    }
}

#[inline(always)]
fn total<I: Isa>(isa: I, sums: &[I::F32]) -> f32 {
    let mut total = [0.0; 16];
    for sum in sums {
        let mut lanes = [0.0; 16];
        isa.store(*sum, &mut lanes);
        for (total, lane) in total.iter_mut().zip(lanes) {
            *total += lane;
        }
    }
    total.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{self, Visitor};

    #[test]
    fn the_first_cache_is_not_the_slower_one() {
        struct Each;
        impl Visitor for Each {
            fn visit<I: Isa>(&mut self, isa: I) {
                // Plain code of a test build waits for its calls, not for memory.
                let plain = I::NAME == simd::Scalar::NAME;
                // A machine that is busy while one of them is measured may say otherwise, but not each time.
                let right = (0..20).any(|_| {
                    let peak = peak(isa);
                    std::eprintln!("{:8} {peak:?}", I::NAME);
                    for figure in [peak.floats, peak.bytes, peak.near, peak.far] {
                        assert!(figure.is_finite() && figure > 1e7, "{}: {peak:?}", I::NAME);
                    }
                    plain || peak.near > 0.9 * peak.far
                });
                assert!(right, "{}: the first cache is slower", I::NAME);
            }
        }
        simd::each_supported(&mut Each);
    }
}
