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
    f64::from(2 * STEPS) / seconds(|x, key| (x ^ key).rotate_left(1))
}

/// What a run of steps takes, each of which needs the result of the one before.
#[inline(always)]
fn seconds(step: impl Fn(u64, u64) -> u64) -> f64 {
    // The compiler must not know it, or it could do several steps at once.
    let key = black_box(0x9E37_79B9_7F4A_7C15_u64);
    let run = || {
        let start = Instant::now();
        let mut x = key;
        for _ in 0..STEPS {
            x = step(x, key);
        }
        black_box(x);
        start.elapsed().as_secs_f64()
    };
    (0..RUNS).map(|_| run()).fold(f64::MAX, f64::min).max(1e-9)
}

// Elsewhere, tests run in emulators.
#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    fn fastest(step: impl Fn(u64, u64) -> u64 + Copy) -> f64 {
        (0..100).map(|_| seconds(step)).fold(f64::MAX, f64::min)
    }

    /// One operation more in each step takes one cycle more, so that two take two.
    #[test]
    fn a_step_takes_two_cycles() {
        let two = fastest(|x, key| (x ^ key).rotate_left(1));
        let three = fastest(|x, key| (x ^ key).rotate_left(1).wrapping_add(key));
        assert!((1.35..1.65).contains(&(three / two)), "{three} s and {two} s");
        assert!(clock() < 1e10);
    }
}
