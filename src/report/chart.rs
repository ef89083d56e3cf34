//! Plots in SVG. They are as wide as a phone, and grow with the page.

use super::html::{Text, kibibytes, micros, percent};
use super::labels::labelled;
use super::plane::{Axis, HEIGHT, Plane, WIDTH};
use super::{Precision, Report};
use std::fmt::Write as _;

/// One bar for each precision, a part for each stage.
pub(super) fn stacked(report: &Report) -> String {
    let letters = report.labels().map(|label| label.chars().count()).max().unwrap_or(0);
    let (left, bar, gap) = (12.0 + 6.0 * letters as f64, 22.0, 10.0);
    let sum = |row: &Precision| row.stages.iter().map(|time| time.median).sum::<f64>();
    let most = report.precisions.iter().map(sum).fold(f64::MIN_POSITIVE, f64::max);
    let scale = (WIDTH - left - 56.0) / most;
    let mut plot = String::new();
    for (at, row) in report.precisions.iter().enumerate() {
        let y = at as f64 * (bar + gap);
        let middle = y + bar / 2.0 + 3.5;
        let label = row.label();
        let _ = writeln!(plot, "<text x=\"0\" y=\"{middle:.1}\">{}</text>", Text(&label));
        let mut x = left;
        for (index, (stage, time)) in report.stages.iter().zip(&row.stages).enumerate() {
            let width = time.median * scale;
            let _ = writeln!(
                plot,
                "<rect x=\"{x:.2}\" y=\"{y:.1}\" width=\"{width:.2}\" height=\"{bar}\" style=\"{}\">\
                 <title>{}, {}: {}</title></rect>",
                color(index).fill(),
                Text(&label),
                Text(&stage.layers()),
                micros(time.median),
            );
            x += width;
        }
        let x = x + 4.0;
        let _ = writeln!(plot, "<text x=\"{x:.1}\" y=\"{middle:.1}\">{}</text>", micros(sum(row)));
    }
    let height = report.precisions.len() as f64 * (bar + gap);
    let names = report.stages.iter().map(super::Stage::layers);
    svg("Time of each layer in each precision", height, &plot) + &legend(names)
}

/// Colours that the page's style knows.
const COLORS: usize = 8;
/// How much of a colour is left when all were used once, twice and so on.
const SHADES: [f64; 4] = [1.0, 0.55, 0.3, 0.15];

/// The colour of the n-th thing in a plot.
struct Color {
    hue: usize,
    shade: f64,
}

fn color(at: usize) -> Color {
    Color { hue: at % COLORS, shade: SHADES[at / COLORS % SHADES.len()] }
}

impl Color {
    /// The style of an area.
    fn fill(&self) -> String {
        self.style("fill", "fill-opacity")
    }

    /// The style of a line.
    fn stroke(&self) -> String {
        self.style("stroke", "stroke-opacity")
    }

    fn style(&self, property: &str, opacity: &str) -> String {
        let Self { hue, shade } = self;
        match shade {
            1.0 => format!("{property}:var(--c{hue})"),
            _ => format!("{property}:var(--c{hue});{opacity}:{shade}"),
        }
    }
}

fn legend(names: impl Iterator<Item = String>) -> String {
    let mut text = String::from("<ul class=\"legend\">\n");
    for (at, name) in names.enumerate() {
        let style = color(at).style("background", "opacity");
        let _ = writeln!(text, "<li><i style=\"{style}\"></i>{}</li>", Text(&name));
    }
    text + "</ul>\n"
}

fn svg(title: &str, height: f64, content: &str) -> String {
    let title = Text(title);
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{title}\">\n{content}</svg>\n"
    )
}

pub(super) fn accuracy_by_time(report: &Report) -> String {
    accuracy(report, "microseconds an image", |row| row.time.median, |row| micros(row.time.median))
}

pub(super) fn accuracy_by_memory(report: &Report) -> String {
    let memory = |row: &Precision| row.weight_bytes + row.workspace_bytes;
    accuracy(
        report,
        "KiB of weights and scratch memory",
        |row| memory(row) as f64 / 1024.0,
        |row| kibibytes(memory(row)),
    )
}

/// A ring for each precision, with its name.
fn accuracy(
    report: &Report,
    axis: &str,
    at: impl Fn(&Precision) -> f64,
    told: impl Fn(&Precision) -> String,
) -> String {
    let rows = || report.precisions.iter();
    let x = Axis::logarithmic(rows().map(&at));
    let y = Axis::linear(rows().map(|row| 100.0 * row.accuracy));
    // No mark says more than everything.
    let y = Axis { high: y.high.min(100.0 + 0.1 * (y.high - y.low)), ..y };
    let plane = Plane { x, y };
    let mut plot = plane.frame(axis, "% right");
    let points = rows().map(|row| plane.place(at(row), 100.0 * row.accuracy));
    let points: Vec<[f64; 2]> = points.collect();
    let names: Vec<String> = report.labels().collect();
    let rings = labelled(&points, &names, plane.area());
    // Lines lie below all rings, and these below all names.
    for [[x1, y1], [x2, y2]] in rings.iter().filter_map(|ring| ring.line) {
        let _ = writeln!(
            plot,
            "<line class=\"leader\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>",
        );
    }
    for (index, ((row, ring), [px, py])) in rows().zip(&rings).zip(&points).enumerate() {
        let _ = writeln!(
            plot,
            "<circle class=\"ring\" cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"{}\" style=\"{}\">\
             <title>{}: {}, {}</title></circle>",
            ring.radius,
            color(index).stroke(),
            Text(&names[index]),
            told(row),
            percent(row.accuracy),
        );
    }
    for (ring, name) in rings.iter().zip(&names) {
        let [x, y] = ring.name;
        let _ = writeln!(
            plot,
            "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            y + 3.5,
            Text(name),
        );
    }
    svg(&format!("Accuracy against {axis}"), HEIGHT, &plot) + &legend(report.labels())
}

/// A line for each precision over the layers.
pub(super) fn errors(report: &Report) -> String {
    let stages: Vec<usize> =
        (0..report.stages.len()).filter(|&at| !report.stages[at].layers.is_empty()).collect();
    let error = |row: &Precision, stage: usize| row.errors[stage].filter(|error| *error > 0.0);
    let rows = || report.precisions.iter();
    let all: Vec<f64> =
        rows().flat_map(|row| stages.iter().filter_map(move |&at| error(row, at))).collect();
    if all.is_empty() {
        return "<p>No precision differs from the reference.</p>\n".into();
    }
    let y = Axis::logarithmic(all.iter().copied());
    let x = Axis { low: -0.5, high: stages.len() as f64 - 0.5, log: false };
    let plane = Plane { x, y };
    let mut plot = plane.axis_y("mean squared error");
    let names: Vec<&str> = stages.iter().map(|&at| report.stages[at].layers[0]).collect();
    let numbered = names.iter().any(|name| name.chars().count() > LETTERS / names.len());
    let shown = |at: usize| if numbered { (at + 1).to_string() } else { names[at].to_owned() };
    for at in (0..names.len()).step_by(names.len().div_ceil(NUMBERS)) {
        let [px, py] = plane.place(at as f64, y.low);
        let _ = writeln!(
            plot,
            "<text x=\"{px:.1}\" y=\"{:.1}\" text-anchor=\"middle\" class=\"faint\">{}</text>",
            py + 13.0,
            Text(&shown(at)),
        );
    }
    for (index, row) in rows().enumerate() {
        let color = color(index);
        let points = stages
            .iter()
            .enumerate()
            .filter_map(|(at, &stage)| Some(plane.place(at as f64, error(row, stage)?)));
        let points: Vec<[f64; 2]> = points.collect();
        let path: Vec<String> = points.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            plot,
            "<polyline class=\"line\" style=\"{}\" points=\"{}\"/>",
            color.stroke(),
            path.join(" "),
        );
        for [x, y] in points {
            let _ = writeln!(
                plot,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" style=\"{}\"/>",
                color.fill(),
            );
        }
    }
    let list = if numbered { numbers(&names) } else { String::new() };
    svg("Squared error of each layer", HEIGHT, &plot) + &list + &legend(report.labels())
}

/// Letters that the names of all layers together have room for, and numbers.
const LETTERS: usize = 58;
const NUMBERS: usize = 20;

/// What the numbers below a plot stand for.
fn numbers(names: &[&str]) -> String {
    let mut text = String::from("<ol class=\"legend numbers\">\n");
    for (at, name) in names.iter().enumerate() {
        let _ = writeln!(text, "<li>{} {}</li>", at + 1, Text(name));
    }
    text + "</ol>\n"
}

/// Where the names of two roofs stand: above each, or below the lower one where they are too near for that.
fn roof_names(first: f64, second: f64) -> [f64; 2] {
    const LETTER: f64 = 13.0;
    let above = |y: f64| y - 3.0;
    let below = |y: f64| y + LETTER - 2.0;
    match second - first {
        apart if apart.abs() >= LETTER => [above(first), above(second)],
        apart if apart < 0.0 => [below(first), above(second)],
        _ => [above(first), below(second)],
    }
}

/// Multiply-adds a second over multiply-adds a byte, below what the machine can do.
pub(super) fn roofline(report: &Report) -> String {
    let machine = &report.machine;
    let Some((_, peak)) = machine.isas.iter().find(|(name, _)| *name == machine.isa) else {
        return String::new();
    };
    let parameters: usize = report.stages.iter().map(|stage| stage.parameters).sum();
    let mut points = Vec::new();
    for (index, row) in report.precisions.iter().enumerate() {
        let weight = row.weight_bytes as f64 / parameters.max(1) as f64;
        for (at, (stage, time)) in report.stages.iter().zip(&row.stages).enumerate() {
            if stage.macs > 0 {
                let bytes =
                    stage.parameters as f64 * weight + (stage.values * row.element_bytes) as f64;
                let macs = stage.macs as f64;
                let speed = macs / time.median / 1e3;
                points.push((index, at, macs / bytes, speed));
            }
        }
    }
    let roofs = [("f32", peak.floats / 1e9), ("i8", peak.bytes / 1e9)];
    let x = Axis::logarithmic(points.iter().map(|point| point.2));
    let speeds = points.iter().map(|point| point.3).chain(roofs.map(|roof| roof.1));
    let y = Axis::logarithmic(speeds);
    let plane = Plane { x, y };
    let mut plot = plane.frame("multiply-adds a byte", "10⁹ multiply-adds/s");
    for (_, roof) in roofs {
        for (class, bandwidth) in [("roof", peak.far / 1e9), ("roof near", peak.near / 1e9)] {
            // From where the slope enters the plane to its ridge, and on to the right.
            let start = x.low.max(y.low / bandwidth);
            let ridge = (roof / bandwidth).clamp(start, x.high);
            let path: Vec<String> = [start, ridge, x.high]
                .map(|at| plane.place(at, (at * bandwidth).min(roof)))
                .iter()
                .map(|[x, y]| format!("{x:.1},{y:.1}"))
                .collect();
            let _ = writeln!(plot, "<polyline class=\"{class}\" points=\"{}\"/>", path.join(" "));
        }
    }
    let [floats, bytes] = roofs.map(|(_, roof)| plane.place(x.high, roof)[1]);
    let baselines = roof_names(floats, bytes);
    for ((name, roof), y) in roofs.into_iter().zip(baselines) {
        let [x, _] = plane.place(x.high, roof);
        let _ = writeln!(
            plot,
            "<text x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"end\" class=\"faint\">{name} {roof:.0}</text>",
            x - 2.0,
        );
    }
    let mut transformed = false;
    for (index, stage, intensity, speed) in points {
        let [px, py] = plane.place(intensity, speed);
        let row = &report.precisions[index];
        let (style, by) = match row.transforms(stage) {
            true => (format!("fill:none;{}", color(index).stroke()), row.algorithms[stage]),
            false => (color(index).fill(), ""),
        };
        transformed |= !by.is_empty();
        let by = if by.is_empty() { String::new() } else { format!(" with {by}") };
        let _ = writeln!(
            plot,
            "<circle cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"3.5\" style=\"{style}\">\
             <title>{} {}{by}: {speed:.1} · 10⁹ multiply-adds a second, {intensity:.1} a byte</title></circle>",
            Text(&row.label()),
            Text(&report.stages[stage].name),
        );
    }
    let hollow = match transformed {
        true => {
            " Hollow: layers that Winograd or Fft runs, which do fewer and may lie above the roof."
        }
        false => "",
    };
    let note = format!(
        "<p>Measured on one core with {}: {:.0} · 10⁹ multiply-adds a second of f32 and {:.0} of bytes; \
         {:.0} GB/s from the second cache (solid), {:.0} from the first (dashed). A layer's bytes are \
         its weights, input and output; its multiply-adds, those of the network as written.{hollow}</p>\n",
        machine.isa,
        peak.floats / 1e9,
        peak.bytes / 1e9,
        peak.far / 1e9,
        peak.near / 1e9,
    );
    svg("Roofline", HEIGHT, &plot) + &legend(report.labels()) + &note
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_layers_have_twelve_colours_and_their_names() {
        let report = crate::report::sample::large();
        let plot = stacked(&report);
        let mut styles: Vec<&str> = plot
            .match_indices("<i style=\"")
            .filter_map(|(at, start)| plot[at + start.len()..].split('"').next())
            .collect();
        assert_eq!(styles.len(), 13);
        styles.sort_unstable();
        styles.dedup();
        assert_eq!(styles.len(), 13, "{styles:?}");
        let plot = errors(&report);
        assert!(plot.contains(">1</text>") && plot.contains(">12</text>"), "{plot}");
        assert!(plot.contains("<li>1 conv1</li>") && plot.contains("<li>12 fc</li>"), "{plot}");
    }

    #[test]
    fn the_names_of_near_roofs_lie_apart() {
        for (first, second) in
            [(50.0, 50.0), (50.0, 43.0), (43.0, 50.0), (50.0, 64.0), (90.0, 20.0)]
        {
            let [a, b] = roof_names(first, second);
            assert!((a - b).abs() > 12.0, "{first} and {second}: {a} and {b}");
            assert_eq!(roof_names(second, first), if first == second { [a, b] } else { [b, a] });
        }
    }

    #[test]
    fn each_precision_has_its_ring_and_its_name() {
        let mut report = crate::report::sample::large();
        for row in &mut report.precisions {
            (row.accuracy, row.time) = (0.99, report.algorithms[0].time);
        }
        let plot = accuracy_by_time(&report);
        for name in ["f32", "i8", "i8 Direct"] {
            assert_eq!(plot.matches(&format!(">{name}</text>")).count(), 1, "{plot}");
        }
        for radius in ["4", "7.5", "11"] {
            assert_eq!(plot.matches(&format!(" r=\"{radius}\" ")).count(), 1, "{plot}");
        }
    }

    #[test]
    fn few_layers_stand_at_their_marks() {
        let plot = errors(&crate::report::sample::report());
        assert!(plot.contains(">conv1</text>") && !plot.contains("<ol"), "{plot}");
    }

    #[test]
    fn layers_that_may_lie_above_the_roof_are_hollow() {
        let mut report = crate::report::sample::report();
        let plot = roofline(&report);
        assert_eq!(plot.matches("fill:none;stroke:").count(), 1, "{plot}");
        assert!(plot.contains("f32 conv1 with Winograd: ") && plot.contains("Hollow: "), "{plot}");
        report.precisions[0].algorithms[1] = "Direct";
        assert!(!roofline(&report).contains("ollow"));
    }
}
