//! Times of several things: by what the thread itself computes for, in turns, so that whatever else the
//! machine does hits all alike, and within a budget, so that large networks are measured soon, too.

use super::Program;
use super::data::Labelled;
use super::engine::Engine;
use super::measure::best;
use super::screen::progress;
use crate::bench::{Stopwatch, at_place, clock};
use crate::report::Timing;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long each sample of a time takes, at least.
const SAMPLE: Duration = Duration::from_micros(500);
/// Fewer samples have no quarters to speak of.
const ROUNDS: u32 = 11;
/// Those of what is so slow that little can disturb it.
const SLOW_ROUNDS: u32 = 3;
/// A sample that takes longer is slow: it needs neither all the rounds nor warm caches.
const SLOW: Duration = Duration::from_millis(20);
/// Images that are timed one after the other. Batches are parts of them.
const IMAGES: usize = 64;
/// A batch takes about as long, at most.
const BATCH_TIME: Duration = Duration::from_millis(40);

/// Something to time.
#[derive(Clone, Copy)]
pub(super) struct Job {
    pub(super) engine: usize,
    pub(super) isa: &'static str,
    pub(super) what: What,
}

#[derive(Clone, Copy)]
pub(super) enum What {
    /// Batches of so many images.
    All(usize),
    /// Each of so many stages.
    Stages(usize),
}

/// A job, how often it runs for a sample, and its samples.
struct Series {
    job: Job,
    /// One number for a batch, or one for each stage.
    runs: Vec<u64>,
    /// What a sample takes.
    cost: Duration,
    /// Samples of each: microseconds, and the cycles a second of the core.
    samples: Vec<Vec<[f64; 2]>>,
}

impl Series {
    fn is_slow(&self) -> bool {
        self.cost > SLOW
    }

    fn has_enough(&self) -> bool {
        let cost = self.cost.as_secs_f64().max(1e-9);
        let enough = (f64::from(ROUNDS) * SLOW.as_secs_f64() / cost) as u32;
        self.samples[0].len() >= enough.clamp(SLOW_ROUNDS, ROUNDS) as usize
    }
}

/// Times engines on some images.
pub(super) struct Timer<'a> {
    pub(super) program: &'a Program,
    pub(super) data: &'a Labelled,
    /// When no further round begins, unless there are too few.
    pub(super) budget: Duration,
}

impl Timer<'_> {
    /// How many images of a batch an engine has the time for: a power of two.
    pub(super) fn batch(&self, engine: &mut dyn Engine, isa: &'static str) -> usize {
        let job = Job { engine: 0, isa, what: What::All(1) };
        let times = [0, 1].map(|round| self.time(engine, job, round, &[1])[0]);
        let time = times[0].min(times[1]).as_secs_f64();
        let batches = (0..=IMAGES.ilog2()).rev().map(|power| 1 << power);
        let mut batches = batches.filter(|batch| *batch as f64 * time < BATCH_TIME.as_secs_f64());
        batches.next().unwrap_or(1)
    }

    /// The times of each job: of one image, of all or of each stage.
    pub(super) fn times(
        &self,
        engines: &mut [Box<dyn Engine>],
        what: &str,
        rounds: usize,
        jobs: &[Job],
    ) -> Vec<Vec<Timing>> {
        let begin = Instant::now();
        let bar = progress(what, rounds);
        let series = jobs.iter().map(|job| self.series(&mut *engines[job.engine], *job));
        let mut series: Vec<Series> = series.collect();
        for round in 0..rounds {
            let late = begin.elapsed() >= self.budget;
            if late && series.iter().all(Series::has_enough) {
                break;
            }
            for series in series.iter_mut().filter(|series| !(late && series.has_enough())) {
                self.sample(&mut *engines[series.job.engine], series, round);
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        let timings = |series: &Series| series.samples.iter().map(|of| Timing::of(of)).collect();
        series.iter().map(timings).collect()
    }

    fn sample(&self, engine: &mut dyn Engine, series: &mut Series, round: usize) {
        let Series { job, runs, .. } = &*series;
        if !series.is_slow() {
            // The job before this one has filled the caches with its own weights.
            let warm: Vec<u64> = runs.iter().map(|runs| 1 + runs / 8).collect();
            self.time(engine, *job, round, &warm);
        }
        let clock = clock();
        let times = self.time(engine, *job, round, runs);
        let images = match job.what {
            What::All(batch) => batch,
            What::Stages(_) => 1,
        };
        let each = times
            .iter()
            .zip(runs)
            .map(|(time, &runs)| [1e6 * time.as_secs_f64() / (runs as f64 * images as f64), clock]);
        let each: Vec<[f64; 2]> = each.collect();
        series.samples.iter_mut().zip(each).for_each(|(samples, sample)| samples.push(sample));
    }

    /// Finds out how often a job has to run for a sample.
    fn series(&self, engine: &mut dyn Engine, job: Job) -> Series {
        let count = match job.what {
            What::All(_) => 1,
            What::Stages(stages) => stages,
        };
        let mut runs = vec![1; count];
        loop {
            let start = Instant::now();
            let times = self.time(engine, job, 0, &runs);
            let cost = start.elapsed();
            let mut ready = true;
            for (runs, time) in runs.iter_mut().zip(times) {
                if time < SAMPLE && *runs < 1 << 20 {
                    let wanted = SAMPLE.as_secs_f64() / time.as_secs_f64().max(1e-9);
                    *runs = (*runs as f64 * wanted.clamp(1.2, 10.0)).ceil() as u64;
                    ready = false;
                }
            }
            if ready {
                return Series { job, runs, cost, samples: vec![Vec::new(); count] };
            }
        }
    }

    /// What so many runs take: of a batch, or of each stage.
    fn time(&self, engine: &mut dyn Engine, job: Job, round: usize, runs: &[u64]) -> Vec<Duration> {
        let mut times = Vec::new();
        at_place(round, &mut || times = self.time_here(engine, job, round, runs));
        times
    }

    fn time_here(
        &self,
        engine: &mut dyn Engine,
        job: Job,
        round: usize,
        runs: &[u64],
    ) -> Vec<Duration> {
        let image = |at: usize| self.data.image(at % self.data.len());
        let batch = match job.what {
            What::All(batch) => batch,
            What::Stages(_) => return engine.time_stages_on(job.isa, image(round), runs),
        };
        let count = runs[0].saturating_mul(batch as u64).min(IMAGES as u64) as usize;
        let first = round * IMAGES;
        let images: Vec<u8> = (first..first + count).flat_map(image).copied().collect();
        let mut scores = vec![0.0; batch * self.program.classes()];
        let mut batches = images.chunks_exact(images.len() / count * batch).cycle();
        let start = Stopwatch::start();
        for images in (0..runs[0]).filter_map(|_| batches.next()) {
            engine.predict_on(job.isa, images, &mut scores);
            black_box(best(&scores));
        }
        vec![start.elapsed()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many samples a series has when it stops after the budget is spent.
    fn enough(cost: Duration) -> usize {
        let job = Job { engine: 0, isa: "scalar", what: What::All(1) };
        let mut series = Series { job, runs: vec![1], cost, samples: vec![Vec::new()] };
        while !series.has_enough() {
            series.samples[0].push([1.0, 1e9]);
        }
        series.samples[0].len()
    }

    #[test]
    fn what_is_slow_has_fewer_samples() {
        let costs = [0, 500, 20_000, 40_000, 10_000_000].map(Duration::from_micros);
        assert_eq!(costs.map(enough), [11, 11, 11, 5, 3]);
    }
}
