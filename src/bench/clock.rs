//! What times are measured with, and the clock of the core, as fast as it runs at the moment.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The time that this thread computes for. While other work has the core it stands still, so that what
/// takes longer than a turn on a busy machine is not measured with the turns of others in it. Where the
/// system does not tell that time ([`OF_THREAD`](Self::OF_THREAD)) it is the time that passes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Duration);

impl Stopwatch {
    /// Whether it stands still while other work has the core.
    pub const OF_THREAD: bool =
        cfg!(all(feature = "cli", any(target_os = "linux", target_vendor = "apple")));

    /// Starts one.
    pub fn start() -> Self {
        Self(now())
    }

    /// What has passed since the start; on the thread that started it.
    pub fn elapsed(&self) -> Duration {
        now().saturating_sub(self.0)
    }
}

#[cfg(all(feature = "cli", any(target_os = "linux", target_vendor = "apple")))]
fn now() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(not(all(feature = "cli", any(target_os = "linux", target_vendor = "apple"))))]
fn now() -> Duration {
    static FIRST: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}

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

#[cfg(test)]
mod stopwatch_tests {
    use super::*;

    #[test]
    fn a_stopwatch_runs_while_its_thread_does() {
        let watch = Stopwatch::start();
        std::thread::sleep(Duration::from_millis(30));
        let awake = Instant::now();
        let slept = watch.elapsed();
        assert_eq!(slept < Duration::from_millis(15), Stopwatch::OF_THREAD, "{slept:?}");
        while watch.elapsed() - slept < Duration::from_millis(2) {
            black_box(0);
        }
        assert!(awake.elapsed() >= Duration::from_millis(2));
    }
}

// Elsewhere, tests run in emulators.
#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    /// One operation more in each step takes one cycle more, so that two take two. Clocks change while this
    /// runs, so that neighbours are compared.
    #[test]
    fn a_step_takes_two_cycles() {
        let mut ratios: std::vec::Vec<f64> = (0..301)
            .map(|_| {
                let two = seconds(|x, key| (x ^ key).rotate_left(1));
                let three = seconds(|x, key| (x ^ key).rotate_left(1).wrapping_add(key));
                three / two
            })
            .collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let median = ratios[ratios.len() / 2];
        assert!((1.35..1.65).contains(&median), "{median}");
        assert!(clock() < 1e10);
    }
}
