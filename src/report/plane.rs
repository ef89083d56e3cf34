//! Where the points of a plot lie, and its marks.

use super::html::Text;
use std::fmt::Write as _;

/// Width of every plot, in its own units; a letter is 10 of them high.
pub(super) const WIDTH: f64 = 360.0;
pub(super) const HEIGHT: f64 = 220.0;
/// What lies around the plane: left, right, top, bottom.
const MARGIN: [f64; 4] = [58.0, 14.0, 10.0, 34.0];

/// What one direction of a plane shows.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) log: bool,
}

impl Axis {
    /// Room around some values.
    pub(super) fn linear(values: impl Iterator<Item = f64> + Clone) -> Self {
        let (low, high) =
            (values.clone().fold(f64::MAX, f64::min), values.fold(f64::MIN, f64::max));
        let room = 0.15 * (high - low).max(0.2);
        Self { low: low - room, high: high + room, log: false }
    }

    /// Room around some values above 0.
    pub(super) fn logarithmic(values: impl Iterator<Item = f64> + Clone) -> Self {
        let (low, high) = (values.clone().fold(f64::MAX, f64::min), values.fold(0.0, f64::max));
        let low = low.max(f64::MIN_POSITIVE);
        let room = (high / low).powf(0.12).max(1.25);
        Self { low: low / room, high: high.max(low) * room, log: true }
    }

    /// From 0 at `low` to 1 at `high`; 0 on an axis without a length, as a coarse clock may leave one.
    fn share(&self, value: f64) -> f64 {
        let share = match self.log {
            true => (value.max(self.low) / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        };
        if share.is_finite() { share } else { 0.0 }
    }

    /// Round numbers within, with as many decimals as they need.
    fn ticks(&self) -> Vec<(f64, String)> {
        if self.log {
            let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
            // About five marks: tenfold ones, or more of them where these are few.
            let tenfold = (self.high / self.low).log10();
            let steps: &[f64] = if tenfold > 3.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
            let stride = if tenfold > 6.0 { (tenfold / 5.0).ceil() as usize } else { 1 };
            let all = decades.step_by(stride);
            let marks =
                all.flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade)));
            let marks = marks.filter(|mark| self.holds(*mark)).map(|mark| (mark, told(mark)));
            let marks: Vec<_> = marks.collect();
            // One says nothing of a scale; so short a part of it is nearly a straight one.
            if marks.len() > 1 {
                return marks;
            }
        }
        let rough = (self.high - self.low) / 4.0;
        let decade = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade);
        let step = step.into_iter().find(|step| *step >= rough).unwrap_or(rough);
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let first = (self.low / step).ceil() as i64;
        let marks = (first..first + 8).map(|at| at as f64 * step);
        marks
            .filter(|mark| self.holds(*mark))
            .map(|mark| (mark, format!("{mark:.decimals$}")))
            .collect()
    }

    fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// A power of ten, or such a number times 2 or 5.
fn told(number: f64) -> String {
    if (0.01..100_000.0).contains(&number) {
        let decimals = (-number.log10().floor()).max(0.0) as usize;
        return format!("{number:.decimals$}");
    }
    format!("{number:.0e}")
}

/// Part of a plot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) low: [f64; 2],
    pub(super) high: [f64; 2],
}

impl Area {
    pub(super) fn holds(&self, other: &Self) -> bool {
        (0..2).all(|at| self.low[at] <= other.low[at] && other.high[at] <= self.high[at])
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        (0..2).all(|at| self.low[at] < other.high[at] && other.low[at] < self.high[at])
    }

    pub(super) fn middle(&self) -> [f64; 2] {
        [0, 1].map(|at| f64::midpoint(self.low[at], self.high[at]))
    }

    /// The place in it that is nearest to a point.
    pub(super) fn nearest(&self, point: &[f64; 2]) -> [f64; 2] {
        [0, 1].map(|at| point[at].clamp(self.low[at], self.high[at]))
    }
}

/// Two axes.
pub(super) struct Plane {
    pub(super) x: Axis,
    pub(super) y: Axis,
}

impl Plane {
    pub(super) fn place(&self, x: f64, y: f64) -> [f64; 2] {
        let [left, right, top, bottom] = MARGIN;
        [
            left + self.x.share(x) * (WIDTH - left - right),
            HEIGHT - bottom - self.y.share(y) * (HEIGHT - top - bottom),
        ]
    }

    /// What lies between the axes.
    pub(super) fn area(&self) -> Area {
        let [left, right, top, bottom] = MARGIN;
        Area { low: [left, top], high: [WIDTH - right, HEIGHT - bottom] }
    }

    pub(super) fn frame(&self, x: &str, y: &str) -> String {
        let [_, _, top, bottom] = MARGIN;
        let mut plot = self.axis_y(y);
        for (mark, text) in self.x.ticks() {
            let [px, _] = self.place(mark, self.y.low);
            let _ = writeln!(
                plot,
                "<line class=\"axis\" x1=\"{px:.1}\" x2=\"{px:.1}\" y1=\"{top}\" y2=\"{:.1}\"/>\
                 <text x=\"{px:.1}\" y=\"{:.1}\" text-anchor=\"middle\" class=\"faint\">{text}</text>",
                HEIGHT - bottom,
                HEIGHT - bottom + 13.0,
            );
        }
        let (middle, y) = ((WIDTH + MARGIN[0] - MARGIN[1]) / 2.0, HEIGHT - 5.0);
        let _ = writeln!(
            plot,
            "<text x=\"{middle:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>",
            Text(x)
        );
        plot
    }

    pub(super) fn axis_y(&self, name: &str) -> String {
        let [left, right, _, _] = MARGIN;
        let mut plot = String::new();
        for (mark, text) in self.y.ticks() {
            let [_, py] = self.place(self.x.low, mark);
            let _ = writeln!(
                plot,
                "<line class=\"axis\" x1=\"{left}\" x2=\"{:.1}\" y1=\"{py:.1}\" y2=\"{py:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" class=\"faint\">{text}</text>",
                WIDTH - right,
                left - 4.0,
                py + 3.5,
            );
        }
        let middle = (HEIGHT - MARGIN[3]) / 2.0;
        let _ = writeln!(
            plot,
            "<text transform=\"translate(9 {middle:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            Text(name)
        );
        plot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_few() {
        let texts = |axis: Axis| -> Vec<String> {
            axis.ticks().into_iter().map(|(_, text)| text).collect()
        };
        let linear = Axis { low: 98.4, high: 99.7, log: false };
        assert_eq!(texts(linear), ["98.5", "99.0", "99.5"]);
        let logarithmic = Axis { low: 0.9, high: 60.0, log: true };
        assert_eq!(texts(logarithmic), ["1", "2", "5", "10", "20", "50"]);
        let narrow = Axis { low: 3000.0, high: 8000.0, log: true };
        assert_eq!(texts(narrow), ["4000", "6000", "8000"]);
        let wide = Axis { low: 2e-9, high: 3e-3, log: true };
        assert!((2..=8).contains(&wide.ticks().len()), "{:?}", texts(wide));
    }

    #[test]
    fn one_value_has_a_place() {
        for axis in [Axis::linear([5.0].into_iter()), Axis::logarithmic([5.0].into_iter())] {
            assert!((0.2..0.8).contains(&axis.share(5.0)));
        }
    }
}
