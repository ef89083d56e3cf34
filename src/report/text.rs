//! A report as tables of at most 80 characters.

use super::{Algorithm, Report, Timing};
use crate::cli::screen::{Screen, counted, percent, thousands};
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
    let headings = [
        "Precision",
        ">Time",
        screen.text(">±", ">+-"),
        ">Faster",
        ">Images/s",
        ">Weights",
        ">Smaller",
        ">Accuracy",
        ">Agrees",
    ];
    let rows = report.precisions.iter().map(|row| {
        vec![
            row.name.into(),
            screen.micros(row.time.median),
            spread(&row.time),
            times(first.time.median / row.time.median, screen.text("×", "x")),
            thousands((1e6 / row.batch.median) as usize),
            format!("{:.1}K", row.weight_bytes as f64 / 1024.0),
            times(first.weight_bytes as f64 / row.weight_bytes as f64, screen.text("×", "x")),
            percent(row.accuracy),
            row.agreement.map_or_else(|| "-".into(), percent),
        ]
    });
    let table = screen.table(&headings, &rows.collect::<Vec<_>>());
    let note = format!(
        "Time: one image at a time, with the core at {:.2} GHz; {}: half of what the middle half of \
         all samples lie within. Images/s: {} at a time. Weights in KiB.",
        first.time.gigahertz(),
        screen.text("±", "+-"),
        super::BATCH
    );
    section(screen, "Precisions", &table, &wrapped(&note))
}

/// Each stage's time and error in each precision.
pub(crate) fn layers(report: &Report, screen: &Screen) -> String {
    let names = || report.names().map(|name| format!(">{name}"));
    let mut text = String::new();
    let headings: Vec<String> = ["Layer".to_owned()].into_iter().chain(names()).collect();
    let rows = report.stages.iter().enumerate().map(|(at, stage)| {
        let cells = report.precisions.iter().map(|row| timed(screen, &row.stages[at]));
        [stage.layers()].into_iter().chain(cells).collect()
    });
    let total = report.precisions.iter().map(|row| timed(screen, &row.time));
    let total = ["predict".to_owned()].into_iter().chain(total).collect();
    let rows: Vec<Vec<String>> = rows.chain([total]).collect();
    let note = "With what is fused into a layer, in warm caches.";
    text += &section(screen, "Time of each layer", &table(screen, &headings, &rows), note);
    if report.precisions.iter().all(|row| row.errors.iter().all(Option::is_none)) {
        return text;
    }
    let computing = report.stages.iter().enumerate().filter(|(_, stage)| !stage.layers.is_empty());
    let rows = computing.map(|(at, stage)| {
        let cells = report.precisions.iter().map(|row| figure(row.errors[at]));
        [stage.layers()].into_iter().chain(cells).collect()
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let title = "Squared error of each layer";
    text + &section(screen, title, &table(screen, &headings, &rows), "Mean, against f32.")
}

/// Each algorithm's time and error.
pub(crate) fn algorithms(report: &Report, screen: &Screen) -> String {
    let slowest = |row: &Algorithm| {
        let same = report.algorithms.iter().filter(|other| other.precision == row.precision);
        let naive = same.clone().find(|other| other.name == "Naive");
        naive.or(same.clone().next()).map_or(1.0, |other| other.time.median / row.time.median)
    };
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
            thousands(row.time.cycles as usize),
            times(slowest(row), screen.text("×", "x")),
            figure(Some(row.error)),
        ]
    });
    let table = screen.table(&headings, &rows.collect::<Vec<_>>());
    let mut note =
        "Against Naive; error: the largest difference of a score. Cycles are of the core, \
                    whose clock may differ from run to run."
            .to_owned();
    for row in &report.algorithms {
        let uses = row.uses();
        if !(uses.len() == 1 && uses[0].0 == row.name) {
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
    for precision in report.names() {
        let columns: Vec<_> =
            report.isas.iter().filter(|column| column.precision == precision).collect();
        let names = columns.iter().map(|column| format!(">{}", column.isa));
        let headings: Vec<String> = ["Layer".to_owned()].into_iter().chain(names).collect();
        let rows = report.stages.iter().enumerate().map(|(at, stage)| {
            let cells = columns.iter().map(|column| timed(screen, &column.stages[at]));
            [stage.layers()].into_iter().chain(cells).collect()
        });
        let total = columns.iter().map(|column| timed(screen, &column.total));
        let total = ["predict".to_owned()].into_iter().chain(total).collect();
        let rows: Vec<Vec<String>> = rows.chain([total]).collect();
        let title = format!("Instruction sets, {precision}");
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

/// Long names of many fused layers are shortened, so that a line has room for its figures.
fn table(screen: &Screen, headings: &[String], rows: &[Vec<String>]) -> String {
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let mut row = row.clone();
            if row[0].len() > LAYERS {
                row[0] = format!("{}..", row[0].chars().take(LAYERS - 2).collect::<String>());
            }
            row
        })
        .collect();
    screen.table(&headings, &rows)
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
                width if width + 1 + word.len() > 78 => "\n  ",
                _ => " ",
            };
            width = if gap.len() > 1 { 2 } else { width + gap.len() } + word.len();
            wrapped += gap;
            wrapped += word;
        }
        wrapped.push('\n');
    }
    wrapped.trim_end().to_owned()
}

fn timed(screen: &Screen, time: &Timing) -> String {
    screen.micros(time.median)
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

/// `1.9×`
pub(super) fn times(factor: f64, sign: &str) -> String {
    let decimals = if factor < 99.95 { 1 } else { 0 };
    format!("{factor:.decimals$}{sign}")
}
