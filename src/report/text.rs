//! A report as tables of at most 80 characters.

use super::{Algorithm, Report, Timing};
use crate::cli::screen::{Screen, WIDTH, counted, short, thousands};
use std::fmt::Write as _;

/// What was measured where: the lines before the tables.
pub(crate) fn introduction(report: &Report, screen: &Screen) -> String {
    let Report { network, machine, .. } = report;
    let isas: Vec<&str> = machine.isas.iter().map(|(name, _)| *name).collect();
    let text = format!(
        "{network} on {} of {}, parameters of {}\n{}, {}, one thread; {} of {}\n{}",
        counted(report.images, "image"),
        report.origin,
        report.parameters,
        machine.cpu,
        machine.os,
        machine.isa,
        isas.join(", "),
        machine.flags,
    );
    format!("{}\n", wrapped(&text).replacen(network, &screen.bold(network), 1))
}

/// Each precision's speed, size and accuracy.
pub(crate) fn precisions(report: &Report, screen: &Screen) -> String {
    let first = report.reference();
    let sign = screen.text("×", "x");
    let headings = [
        "Precision",
        ">Time",
        ">Cycles",
        ">Faster",
        ">Images/s",
        ">Weights",
        ">Smaller",
        ">Right",
        ">Agrees",
    ];
    let rows = report.precisions.iter().map(|row| {
        vec![
            row.label(),
            screen.micros(row.time.median),
            short(row.time.cycles),
            times(first.time.median / row.time.median, sign),
            thousands((1e6 / row.batch.median) as usize),
            format!("{:.0}K", row.weight_bytes as f64 / 1024.0),
            times(first.weight_bytes as f64 / row.weight_bytes as f64, sign),
            share(row.accuracy),
            row.agreement.map_or_else(|| "-".into(), share),
        ]
    });
    let table = table(screen, &headings.map(String::from), &rows.collect::<Vec<_>>());
    let spread = report.precisions.iter().map(|row| row.time.spread()).fold(0.0, f64::max);
    let note = format!(
        "Time: the median of {}, one image at a time, with the core at {:.2} GHz; the middle half of \
         the samples lies within {}{:.0}%. Images/s: {} at a time. Weights in KiB. {}",
        Timing::KIND,
        first.time.gigahertz(),
        screen.text("±", "+-"),
        100.0 * spread,
        report.batch,
        report.against(),
    );
    section(screen, "Precisions", &table, &wrapped(&note))
}

/// Each stage's time and error in each precision.
pub(crate) fn layers(report: &Report, screen: &Screen) -> String {
    let headings = |name: fn(&Screen, &str) -> String| -> Vec<String> {
        let names = report.labels().map(|label| name(screen, &label));
        ["Layer".to_owned()].into_iter().chain(names).collect()
    };
    let mut text = String::new();
    let rows = report.stages.iter().enumerate().map(|(at, stage)| {
        let cells = report.precisions.iter().map(|row| timed(screen, &row.stages[at]));
        [stage.layers()].into_iter().chain(cells).collect()
    });
    let total = report.precisions.iter().map(|row| timed(screen, &row.total));
    let total = ["predict".to_owned()].into_iter().chain(total).collect();
    let rows: Vec<Vec<String>> = rows.chain([total]).collect();
    let note = format!(
        "With what is fused into a layer, in warm caches. {}: half of what the middle half of the \
         samples lies within.",
        screen.text("±", "+-"),
    );
    let times = table(screen, &headings(timed_heading), &rows);
    text += &section(screen, "Time of each layer", &times, &wrapped(&note));
    let Some(floats) = report.floats else {
        return text;
    };
    let computing = report.stages.iter().enumerate().filter(|(_, stage)| !stage.layers.is_empty());
    let rows = computing.map(|(at, stage)| {
        let cells = report.precisions.iter().map(|row| figure(row.errors[at]));
        [stage.layers()].into_iter().chain(cells).collect()
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let title = "Squared error of each layer";
    let note = format!("Mean, against {floats}, on {}.", report.compared());
    let errors = table(screen, &headings(|_, label| format!(">{label}")), &rows);
    text + &section(screen, title, &errors, &note)
}

/// Each algorithm's time and error.
pub(crate) fn algorithms(report: &Report, screen: &Screen) -> String {
    let sign = screen.text("×", "x");
    let headings = [
        "Precision",
        "Algorithm",
        "On",
        ">Time",
        screen.text(">±", ">+-"),
        ">Cycles",
        ">Faster",
        ">Error",
    ];
    let rows = report.algorithms.iter().map(|row| {
        vec![
            row.precision.into(),
            row.name.into(),
            row.isa.into(),
            screen.micros(row.time.median),
            spread(&row.time),
            short(row.time.cycles),
            report.faster(row).map_or_else(|| "-".into(), |factor| times(factor, sign)),
            figure(Some(row.error)),
        ]
    });
    let table = table(screen, &headings.map(String::from), &rows.collect::<Vec<_>>());
    let mut note = format!(
        "Faster: than Naive on the same instruction set. Error: the largest difference of a score \
         from Naive's, on {}. {}: half of what the middle half of the samples lies within. Times \
         follow the core's clock, which may differ from run to run; cycles don't.",
        report.compared(),
        screen.text("±", "+-"),
    );
    for (at, row) in report.algorithms.iter().enumerate() {
        let uses = row.uses();
        let model = |row: &Algorithm| (row.precision, row.name);
        let told = report.algorithms[..at].iter().any(|other| model(other) == model(row));
        let plain = uses.len() == 1 && uses[0].0 == row.name;
        if !told && !plain {
            let uses: Vec<String> =
                uses.iter().map(|(name, layers)| format!("{name} {}", layers.join(" "))).collect();
            let _ = write!(note, "\n{} {}: {}", row.precision, row.name, uses.join("; "));
        }
    }
    section(screen, "Convolution algorithms", &table, &wrapped(&note))
}

/// Each stage's time on each instruction set.
pub(crate) fn isas(report: &Report, screen: &Screen) -> String {
    let mut text = String::new();
    for (at, label) in report.labels().enumerate() {
        let columns = report.isas_of(at);
        let names = columns.iter().map(|column| timed_heading(screen, column.isa));
        let headings: Vec<String> = ["Layer".to_owned()].into_iter().chain(names).collect();
        let rows = report.stages.iter().enumerate().map(|(at, stage)| {
            let cells = columns.iter().map(|column| timed(screen, &column.stages[at]));
            [stage.layers()].into_iter().chain(cells).collect()
        });
        let total = columns.iter().map(|column| timed(screen, &column.total));
        let total = ["predict".to_owned()].into_iter().chain(total).collect();
        let rows: Vec<Vec<String>> = rows.chain([total]).collect();
        let title = format!("Instruction sets, {label}");
        text += &section(screen, &title, &table(screen, &headings, &rows), "");
    }
    text
}

impl super::Stage {
    /// `conv1+relu1+pool1`
    pub(crate) fn layers(&self) -> String {
        if self.layers.is_empty() { self.name.clone() } else { self.layers.join("+") }
    }
}

impl Algorithm {
    /// Each algorithm in use, with its layers.
    pub(crate) fn uses(&self) -> Vec<(&'static str, Vec<&'static str>)> {
        let mut uses: Vec<(&str, Vec<&str>)> = Vec::new();
        for (algorithm, layer) in &self.layers {
            match uses.iter_mut().find(|(name, _)| name == algorithm) {
                Some((_, layers)) => layers.push(layer),
                None => uses.push((algorithm, vec![layer])),
            }
        }
        uses
    }
}

/// A table; long names of many fused layers are shortened, so that a line has room for its figures.
/// Where it has none, the columns go on in another table below.
fn table(screen: &Screen, headings: &[String], rows: &[Vec<String>]) -> String {
    let mut rows = rows.to_vec();
    for row in &mut rows {
        if row[0].chars().count() > LAYERS {
            row[0] = format!("{}..", row[0].chars().take(LAYERS - 2).collect::<String>());
        }
    }
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([headings[column].trim_start_matches('>').chars().count()]).max().unwrap_or(0)
    };
    let mut parts = vec![vec![0]];
    let mut used = width(0);
    for column in 1..headings.len() {
        if used + 2 + width(column) > WIDTH && parts[parts.len() - 1].len() > 1 {
            parts.push(vec![0]);
            used = width(0);
        }
        used += 2 + width(column);
        parts.last_mut().expect("there is one").push(column);
    }
    let part = |columns: &Vec<usize>| {
        let headings: Vec<&str> = columns.iter().map(|&at| headings[at].as_str()).collect();
        let rows = rows.iter().map(|row| columns.iter().map(|&at| row[at].clone()).collect());
        screen.table(&headings, &rows.collect::<Vec<_>>())
    };
    parts.iter().map(part).collect::<Vec<_>>().join("\n\n")
}

/// Characters for the names of the layers of a stage.
const LAYERS: usize = 26;

fn section(screen: &Screen, title: &str, table: &str, note: &str) -> String {
    let note = if note.is_empty() { String::new() } else { format!("{}\n", screen.faint(note)) };
    format!("\n{}\n{table}\n{note}", screen.bold(title))
}

/// Lines of at most 80 characters.
fn wrapped(text: &str) -> String {
    let mut wrapped = String::new();
    for line in text.lines() {
        let mut width = 0;
        for word in line.split(' ') {
            let gap = match width {
                0 => "",
                width if width + 1 + word.chars().count() > 78 => "\n  ",
                _ => " ",
            };
            width = if gap.len() > 1 { 2 } else { width + gap.len() } + word.chars().count();
            wrapped += gap;
            wrapped += word;
        }
        wrapped.push('\n');
    }
    wrapped.trim_end().to_owned()
}

/// `4.02 us   2%`: the time and its spread, in one column so that a table is not parted between them.
fn timed(screen: &Screen, time: &Timing) -> String {
    format!("{} {:>4}", screen.micros(time.median), spread(time))
}

/// What stands above such times.
fn timed_heading(screen: &Screen, name: &str) -> String {
    format!(">{name} {:>4}", screen.text("±", "+-"))
}

/// `2.2e-6`, or `0`, or a dash where there is nothing.
pub(super) fn figure(number: Option<f64>) -> String {
    match number {
        None => "-".into(),
        Some(0.0) => "0".into(),
        Some(number) => format!("{number:.1e}"),
    }
}

/// `3%`
fn spread(time: &Timing) -> String {
    format!("{:.0}%", 100.0 * time.spread())
}

/// `98.70%`
fn share(share: f64) -> String {
    format!("{:.2}%", 100.0 * share)
}

/// `1.9×`
pub(super) fn times(factor: f64, sign: &str) -> String {
    let decimals = if factor < 99.95 { 1 } else { 0 };
    format!("{factor:.decimals$}{sign}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    const SCREEN: Screen = Screen { colour: false, unicode: true, terminal: false };

    fn whole(report: &Report) -> String {
        let parts = [introduction, precisions, layers, algorithms, isas];
        parts.map(|part| part(report, &SCREEN)).concat()
    }

    #[test]
    fn every_line_fits_the_screen() {
        for report in [sample::report(), sample::large()] {
            let text = whole(&report);
            let wide = text.lines().find(|line| line.chars().count() > WIDTH);
            assert_eq!(wide, None, "{text}");
        }
    }

    #[test]
    fn times_of_layers_and_instruction_sets_have_their_spread() {
        let mut report = sample::report();
        report.precisions[1].stages[1].high *= 1.6;
        report.isas[1].total.high *= 2.0;
        let text = layers(&report, &SCREEN);
        let line = |text: &str, name: &str| -> Vec<String> {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().map(str::to_owned).collect()
        };
        assert_eq!(line(&text, "Layer"), ["Layer", "f32", "±", "i8", "±"]);
        let wanted = ["conv1+relu1+pool1", "4.00", "µs", "2%", "1.60", "µs", "33%"];
        assert_eq!(line(&text, "conv1"), wanted);
        let text = isas(&report, &SCREEN);
        assert_eq!(line(&text, "Layer"), ["Layer", "avx512", "±", "scalar", "±"]);
        assert_eq!(line(&text, "predict"), ["predict", "6.00", "µs", "2%", "22.0", "µs", "53%"]);
    }

    #[test]
    fn models_of_one_precision_are_told_apart() {
        let text = whole(&sample::large());
        for title in ["Instruction sets, i8\n", "Instruction sets, i8 Direct\n"] {
            assert_eq!(text.matches(title).count(), 1, "{text}");
        }
        // Its own times below: the sample's other algorithm takes twice as long.
        let table = text.split("Instruction sets, i8 Direct\n").nth(1).unwrap();
        let total = table.lines().find(|line| line.starts_with("predict")).unwrap();
        assert_eq!(total.split_whitespace().nth(1), Some("4.80"), "{table}");
        assert_eq!(total.split_whitespace().count(), 1 + 2 * 3, "{table}");
    }

    #[test]
    fn references_are_named() {
        let mut report = sample::report();
        report.precisions.remove(0);
        report.isas.clear();
        let text = precisions(&report, &SCREEN).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("Faster, smaller: against i8. Agrees: with f32."), "{text}");
        assert!(layers(&report, &SCREEN).contains("against f32, on the first 10 images"));
    }

    #[test]
    fn a_factor_between_instruction_sets_is_a_dash() {
        let mut report = sample::report();
        report.algorithms[0].isa = "scalar";
        let text = algorithms(&report, &SCREEN);
        let row = text.lines().find(|line| line.contains("Winograd ")).unwrap();
        assert!(row.split_whitespace().any(|cell| cell == "-"), "{text}");
    }
}
