//! The stages of a forward function, and the time of each as it runs there: with what is fused into
//! it, one after the other in the same memory.

#[cfg(feature = "std")]
use super::{Network, Pixel};
#[cfg(feature = "std")]
use crate::bench::Stopwatch;
#[cfg(feature = "std")]
use crate::shape::volume;
#[cfg(feature = "std")]
use crate::simd::{Block, Isa, Kernel};
#[cfg(feature = "std")]
use core::sync::atomic::{Ordering, compiler_fence};
#[cfg(feature = "std")]
use std::time::Duration;
#[cfg(feature = "std")]
use std::vec::Vec;

/// Says how often each stage of a forward function runs.
pub trait Stages {
    /// Asked after each run of a stage: whether that was the last one.
    fn finished(&mut self, stage: usize) -> bool;
}

/// Each stage once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Once;

impl Stages for Once {
    #[inline(always)]
    fn finished(&mut self, _: usize) -> bool {
        true
    }
}

/// Each stage once to warm up and then several times against the clock.
#[cfg(feature = "std")]
#[derive(Clone, Debug)]
pub struct Repeated {
    /// Timed runs of each stage; of others, none.
    runs: Vec<u64>,
    times: Vec<Duration>,
    left: u64,
    start: Option<Stopwatch>,
}

#[cfg(feature = "std")]
impl Repeated {
    /// So many timed runs of this stage.
    pub fn new(stage: usize, runs: u64) -> Self {
        let mut each = std::vec![0; stage + 1];
        each[stage] = runs;
        Self::each(each)
    }

    /// So many timed runs of each stage.
    pub fn each(runs: Vec<u64>) -> Self {
        Self { times: std::vec![Duration::ZERO; runs.len()], runs, left: 0, start: None }
    }

    /// What all timed runs took.
    pub fn time(&self) -> Duration {
        self.times.iter().sum()
    }

    /// What the timed runs of each stage took.
    pub fn times(&self) -> &[Duration] {
        &self.times
    }

    #[inline(never)]
    fn begin_or_end(&mut self, stage: usize) -> bool {
        match self.start.take() {
            None => {
                self.left = self.runs.get(stage).copied().unwrap_or(0);
                if self.left == 0 {
                    return true;
                }
                self.start = Some(Stopwatch::start());
                false
            }
            Some(start) => {
                self.times[stage] = start.elapsed();
                true
            }
        }
    }
}

#[cfg(feature = "std")]
impl Stages for Repeated {
    #[inline(always)]
    fn finished(&mut self, stage: usize) -> bool {
        // What this run has written may not be left to the next one.
        compiler_fence(Ordering::SeqCst);
        if self.start.is_some() {
            self.left -= 1;
            if self.left > 0 {
                return false;
            }
        }
        self.begin_or_end(stage)
    }
}

/// What some runs of stages take on an instruction set, each in the middle of the forward function
/// for this image.
///
/// # Panics
/// If the image or the workspace are not of the network's size, or it has fewer stages.
#[cfg(feature = "std")]
pub fn time_stage_on<I: Isa, N: Network, T: Pixel>(
    isa: I,
    network: &N,
    image: &[T],
    workspace: &mut [Block],
    stages: &mut Repeated,
) {
    struct Staged<'a, N, T> {
        network: &'a N,
        image: &'a [T],
        workspace: &'a mut [Block],
        stages: &'a mut Repeated,
    }

    impl<N: Network, T: Pixel> Kernel for Staged<'_, N, T> {
        type Output = ();

        #[inline(always)]
        fn run<I: Isa>(self, isa: I) {
            let Self { network, image, workspace, stages } = self;
            let mut output = std::vec![0.0; volume(N::OUTPUT)];
            network.forward_in_stages(isa, image, &mut output, workspace, stages);
        }
    }

    assert!(
        image.len() == volume(N::INPUT)
            && workspace.len() >= N::WORKSPACE
            && stages.runs.len() <= N::STAGES.len(),
        "{} takes {} values, {} blocks of workspace and has {} stages: not {}, {} and {}",
        N::NAME,
        volume(N::INPUT),
        N::WORKSPACE,
        N::STAGES.len(),
        image.len(),
        workspace.len(),
        stages.runs.len(),
    );
    isa.run(Staged { network, image, workspace, stages });
}

/// What a stage is called in reports: the name of its first layer, or `input` and `convert` with a
/// number.
#[cfg(feature = "std")]
pub fn stage_name<N: Network>(stage: usize) -> std::string::String {
    match N::STAGES[stage] {
        Some(row) => N::LAYERS[row].name.into(),
        None if stage == 0 => "input".into(),
        None => {
            let before = N::STAGES[1..=stage].iter().filter(|row| row.is_none()).count();
            std::format!("convert{before}")
        }
    }
}
