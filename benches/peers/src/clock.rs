//! How long a call takes.

use std::time::{Duration, Instant};

/// A call of this length has a fair chance that another program runs in the middle of it, and is a
/// hundred times as long as reading the thread's clock, which is a system call.
const LONG: Duration = Duration::from_micros(100);

/// What a call is timed with.
#[derive(Clone, Copy)]
pub enum Clock {
    /// For short calls. Where another program cuts into a few of them, the median doesn't see it.
    Wall,
    /// For long calls: the processor's time that this thread was given.
    Thread,
}

impl Clock {
    /// The clock for calls like this one.
    pub fn like(call: impl FnOnce()) -> Self {
        if Self::Thread.time(call) < LONG { Self::Wall } else { Self::Thread }
    }

    /// The time of a call.
    pub fn time(self, call: impl FnOnce()) -> Duration {
        match self {
            Self::Wall => {
                let start = Instant::now();
                call();
                start.elapsed()
            }
            Self::Thread => {
                let start = thread_time();
                call();
                thread_time().saturating_sub(start)
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn thread_time() -> Duration {
    use nix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("Linux has this clock").into()
}

/// Elsewhere the wall clock has to do.
#[cfg(not(target_os = "linux"))]
fn thread_time() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    START.elapsed()
}
