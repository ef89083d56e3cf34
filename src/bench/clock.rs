//! The clock of the core, as fast as it runs at the moment.

use std::hint::black_box;
use std::time::Instant;

/// Steps of a run: a few microseconds.
const STEPS: u32 = 5_000;
/// The best of so many runs counts: what else the machine does only makes it slower.
const RUNS: usize = 3;

/// Cycles a second of this core. A step is two operations of one cycle each, on every processor that
/// runs 64-bit code, and each waits for the one before. Clocks change with what a machine has to do:
/// figures in cycles can be compared where times can't.
pub fn clock() -> f64 {
    // The compiler must not know it, or it could do several steps at once.
    let key = black_box(0x9E37_79B9_7F4A_7C15_u64);
    let run = || {
        let start = Instant::now();
        let mut x = key;
        for _ in 0..STEPS {
            x = (x ^ key).rotate_left(1);
        }
        black_box(x);
        start.elapsed().as_secs_f64()
    };
    let fastest = (0..RUNS).map(|_| run()).fold(f64::MAX, f64::min);
    f64::from(2 * STEPS) / fastest.max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_runs_at_some_gigahertz() {
        let clocks: [f64; 20] = std::array::from_fn(|_| clock());
        let fastest = clocks.into_iter().fold(0.0, f64::max);
        // An emulator or a loaded machine is slower, none is faster.
        assert!((1e7..1e10).contains(&fastest), "{clocks:?}");
    }
}
