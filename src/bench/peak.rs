//! What the machine can do at most: multiply-adds from registers, and bytes from its caches.

use crate::simd::{Isa, Kernel};
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

/// Steps of a run.
const STEPS: usize = 2_000;
/// The best of so many runs counts: what else the machine does only makes it slower.
const RUNS: usize = 60;

/// Measures the peak of an instruction set; some 10 ms.
pub fn peak<I: Isa>(isa: I) -> Peak {
    let [near, far] = [NEAR, FAR].map(|bytes| vec![1.0_f32; bytes / 4]);
    let read = |values: &[f32]| {
        let passes = (STEPS * 64).div_ceil(values.len() * 4);
        let bytes = passes * values.len() * 4;
        bytes as f64 / best(|| black_box(isa.run(Read { values: black_box(values), passes })))
    };
    let macs = |lanes: usize| (STEPS * chains::<I>() * lanes) as f64;
    Peak {
        floats: macs(16) / best(|| black_box(isa.run(Floats))),
        bytes: macs(64) / best(|| black_box(isa.run(Bytes))),
        near: read(&near),
        far: read(&far),
    }
}

/// Sums that don't wait for each other and fit in registers.
const fn chains<I: Isa>() -> usize {
    if I::TILE >= 12 { 12 } else { 6 }
}

fn best<R>(mut run: impl FnMut() -> R) -> f64 {
    let time = |run: &mut dyn FnMut() -> R| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    };
    (0..RUNS).map(|_| time(&mut run)).fold(f64::MAX, f64::min)
}

struct Floats;

impl Kernel for Floats {
    type Output = f32;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> f32 {
        if const { chains::<I>() == 12 } { floats::<I, 12>(isa) } else { floats::<I, 6>(isa) }
    }
}

// Loops and no closures: a closure would be compiled without the instruction set.
#[inline(always)]
fn floats<I: Isa, const CHAINS: usize>(isa: I) -> f32 {
    let (a, b) = (isa.splat(black_box(0.5)), isa.splat(black_box(0.25)));
    let mut sums = [isa.splat(0.0); CHAINS];
    for _ in 0..STEPS {
        for sum in &mut sums {
            *sum = isa.mul_add(a, b, *sum);
        }
    }
    total(isa, &sums)
}

struct Bytes;

impl Kernel for Bytes {
    type Output = f32;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> f32 {
        if const { chains::<I>() == 12 } { bytes::<I, 12>(isa) } else { bytes::<I, 6>(isa) }
    }
}

#[inline(always)]
fn bytes<I: Isa, const CHAINS: usize>(isa: I) -> f32 {
    // Weights that change, or the compiler would multiply but once.
    let weights = black_box([[1; 64], [2; 64], [3; 64], [5; 64]]);
    let inputs = black_box([[7; 4]; CHAINS]);
    let mut sums = [isa.splat_i32(0); CHAINS];
    for step in 0..STEPS {
        let weights = isa.weights(isa.load_quads(&weights[step % 4]), 0, 0xFF, 0);
        for (sum, input) in sums.iter_mut().zip(inputs) {
            *sum = isa.dot(*sum, isa.inputs(isa.splat_quad(input)), weights);
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
    fn more_is_done_from_registers_than_from_memory() {
        struct Each;
        impl Visitor for Each {
            fn visit<I: Isa>(&mut self, isa: I) {
                let peak = peak(isa);
                for figure in [peak.floats, peak.bytes, peak.near, peak.far] {
                    assert!(figure.is_finite() && figure > 1e7, "{}: {peak:?}", I::NAME);
                }
                std::eprintln!("{:8} {peak:?}", I::NAME);
            }
        }
        simd::each_supported(&mut Each);
    }
}
