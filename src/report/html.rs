//! A report as one page: no script, nothing loaded, light and dark, on a phone as on a desk.

use super::text::{figure, times};
use super::{Precision, Report, Timing, chart, picture};
use crate::cli::screen::Screen;
use std::fmt::{self, Display, Write as _};

/// The whole page.
pub(crate) fn page(report: &Report) -> String {
    let Report { network, machine, .. } = report;
    let isas: Vec<&str> = machine.isas.iter().map(|(name, _)| *name).collect();
    let title = format!("{network} on {}", machine.cpu);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n\
         <h1>{}</h1>\n<p>{} images of {}, parameters of {}. {}, {}, one thread; networks run on \
         {} of {}. {}.</p>\n",
        Text(&title),
        include_str!("page.css"),
        Text(network),
        report.images,
        Text(&report.origin),
        Text(&report.parameters),
        Text(&machine.cpu),
        machine.os,
        machine.isa,
        isas.join(", "),
        Text(&machine.flags),
    );
    page += &section("Precisions", &precisions(report));
    let grid = [
        section("Time of each layer", &chart::stacked(report)),
        section("Accuracy against time", &chart::accuracy_by_time(report)),
        section("Accuracy against memory", &chart::accuracy_by_memory(report)),
        section("Error of each layer", &chart::errors(report)),
        section("Roofline", &chart::roofline(report)),
    ];
    let _ = write!(page, "<div class=\"grid\">\n{}</div>\n", grid.concat());
    page += &section("Layers", &layers(report));
    page += &section("Convolution algorithms", &algorithms(report));
    page += &section("Instruction sets", &isa_tables(report));
    page += &section("What was read wrong", &mistakes(report));
    page + "</body>\n</html>\n"
}

/// Text that is no markup.
pub(super) struct Text<'a>(pub(super) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            match char {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                char => f.write_char(char)?,
            }
        }
        Ok(())
    }
}

fn section(title: &str, content: &str) -> String {
    format!("<section>\n<h2>{}</h2>\n{content}</section>\n", Text(title))
}

/// A table whose first column is the rows' heading.
fn table(class: &str, headings: &[String], rows: &[Vec<String>]) -> String {
    let mut text = format!("<table class=\"{class}\">\n<thead><tr>");
    for heading in headings {
        let wide = if heading == WIDE { " class=\"left\"" } else { "" };
        let _ = write!(text, "<th scope=\"col\"{wide}>{}</th>", Text(heading));
    }
    text += "</tr></thead>\n<tbody>\n";
    for row in rows {
        text += if row[0] == TOTAL { "<tr class=\"total\">" } else { "<tr>" };
        let _ = write!(text, "<th scope=\"row\">{}</th>", Text(&row[0]));
        for (heading, cell) in headings.iter().zip(row).skip(1) {
            let wide = if heading == WIDE { " class=\"left wide\"" } else { "" };
            let (heading, cell) = (Text(heading), Text(cell));
            let _ = write!(text, "<td data-head=\"{heading}\"{wide}>{cell}</td>");
        }
        text += "</tr>\n";
    }
    text + "</tbody>\n</table>\n"
}

/// The name of the last row of times.
const TOTAL: &str = "predict";
/// A column with words.
const WIDE: &str = "Layers";

fn precisions(report: &Report) -> String {
    let headings = [
        "Precision",
        "Time",
        "Spread",
        "Cycles",
        "Faster",
        "Images/s",
        "Weights",
        "Scratch",
        "Smaller",
        "Accuracy",
        "Agrees",
    ];
    let first = report.reference();
    let row = |row: &Precision| {
        vec![
            row.label(),
            micros(row.time.median),
            spread(&row.time),
            whole(row.time.cycles),
            times(first.time.median / row.time.median, "×"),
            whole(1e6 / row.batch.median),
            kibibytes(row.weight_bytes),
            kibibytes(row.workspace_bytes),
            times(first.weight_bytes as f64 / row.weight_bytes as f64, "×"),
            percent(row.accuracy),
            row.agreement.map_or_else(|| "–".into(), percent),
        ]
    };
    let rows: Vec<_> = report.precisions.iter().map(row).collect();
    let note = format!(
        "<p>Time is the median of {}, one image at a time; the spread, half of what the middle half of \
         the samples lie within. Times follow the core's clock ({:.2} GHz here), which may differ from run \
         to run; cycles don't. Images per second are with {} at a time. {}</p>\n",
        Timing::KIND,
        first.time.gigahertz(),
        report.batch,
        Text(&report.against()),
    );
    table("cards", &headings.map(String::from), &rows) + &note
}

fn layers(report: &Report) -> String {
    let heading = |first: &'static str| -> Vec<String> {
        [first.to_owned()].into_iter().chain(report.labels()).collect()
    };
    let stages = || report.stages.iter().enumerate();
    let mut rows: Vec<Vec<String>> = stages()
        .map(|(at, stage)| {
            let cells = report.precisions.iter().map(|row| timed(&row.stages[at]));
            [stage.shown()].into_iter().chain(cells).collect()
        })
        .collect();
    let total = report.precisions.iter().map(|row| timed(&row.total));
    rows.push([TOTAL.into()].into_iter().chain(total).collect());
    let mut text = table("timed", &heading("Time"), &rows);
    text += "<p>Each as it runs in the middle of <code>predict</code>, with what is fused into it, in warm \
             caches; ±: half of what the middle half of the samples lies within.</p>\n";
    let Some(floats) = report.floats else {
        return text;
    };
    let rows: Vec<Vec<String>> = stages()
        .filter(|(_, stage)| !stage.layers.is_empty())
        .map(|(at, stage)| {
            let cells = report.precisions.iter().map(|row| figure(row.errors[at]));
            [stage.shown()].into_iter().chain(cells).collect()
        })
        .collect();
    text += &table("", &heading("Squared error"), &rows);
    let _ = writeln!(
        text,
        "<p>The mean over the results of a layer, against {floats}, on {}.</p>",
        report.compared(),
    );
    text
}

fn algorithms(report: &Report) -> String {
    let headings =
        ["Algorithm", "Precision", "On", "Time", "Spread", "Cycles", "Faster", "Error", WIDE];
    let rows = report.algorithms.iter().map(|row| {
        let uses = row.uses();
        let uses: Vec<_> =
            uses.iter().map(|(name, layers)| format!("{name}: {}", layers.join(", "))).collect();
        vec![
            row.name.to_owned(),
            row.precision.to_owned(),
            row.isa.to_owned(),
            micros(row.time.median),
            spread(&row.time),
            whole(row.time.cycles),
            report.faster(row).map_or_else(|| "–".into(), |factor| times(factor, "×")),
            figure(Some(row.error)),
            uses.join("; "),
        ]
    });
    let note = format!(
        "<p>Faster: than <code>Naive</code> in the same precision on the same instruction set. The error \
         is the largest difference of a score from <code>Naive</code>'s, on {}.</p>\n",
        report.compared(),
    );
    table("cards", &headings.map(String::from), &rows.collect::<Vec<_>>()) + &note
}

fn isa_tables(report: &Report) -> String {
    let mut text = String::new();
    for (at, label) in report.labels().enumerate() {
        let columns = report.isas_of(at);
        let names = columns.iter().map(|column| column.isa.to_owned());
        let headings: Vec<String> = [label].into_iter().chain(names).collect();
        let mut rows: Vec<Vec<String>> = report
            .stages
            .iter()
            .enumerate()
            .map(|(at, stage)| {
                let cells = columns.iter().map(|column| timed(&column.stages[at]));
                [stage.shown()].into_iter().chain(cells).collect()
            })
            .collect();
        let total = columns.iter().map(|column| timed(&column.total));
        rows.push([TOTAL.into()].into_iter().chain(total).collect());
        let _ = write!(text, "<div>\n{}</div>\n", table("timed", &headings, &rows));
    }
    format!("<div class=\"grid\">\n{text}</div>\n")
}

fn mistakes(report: &Report) -> String {
    let mut text = String::new();
    for (at, row) in report.precisions.iter().enumerate() {
        let open = if at == 0 { " open" } else { "" };
        let right = report.images - row.misread.len();
        let _ = write!(
            text,
            "<details{open}>\n<summary>{}: {right} of {} right</summary>\n{}{}</details>\n",
            Text(&row.label()),
            report.images,
            confusion(row),
            pictures(report, row),
        );
    }
    text
}

/// Rows are what images show, columns what they are read as.
fn confusion(row: &Precision) -> String {
    if row.confusion.len() > MOST_CLASSES {
        return String::new();
    }
    let mut text = String::from("<table class=\"confusion\">\n<thead><tr><th scope=\"col\"></th>");
    for class in 0..row.confusion.len() {
        let _ = write!(text, "<th scope=\"col\">{class}</th>");
    }
    text += "</tr></thead>\n<tbody>\n";
    for (label, counts) in row.confusion.iter().enumerate() {
        let _ = write!(text, "<tr><th scope=\"row\">{label}</th>");
        for (answer, &count) in counts.iter().enumerate() {
            let (class, count) = match count {
                0 => ("none", "·".to_owned()),
                count if answer == label => ("right", count.to_string()),
                count => ("wrong", count.to_string()),
            };
            let _ = write!(text, "<td class=\"{class}\">{count}</td>");
        }
        text += "</tr>\n";
    }
    text + "</tbody>\n</table>\n<p>Rows: what an image shows. Columns: what it was read as.</p>\n"
}

/// More columns than this are no table to look at.
const MOST_CLASSES: usize = 20;
/// Pictures of each precision.
const MOST_PICTURES: usize = 60;

fn pictures(report: &Report, row: &Precision) -> String {
    let mut text = String::from("<ul class=\"pictures\">\n");
    for image in row.misread.iter().take(MOST_PICTURES) {
        let (label, answer) = (image.label, image.answer);
        let _ = writeln!(
            text,
            "<li><img src=\"{}\" alt=\"a {label}, read as {answer}\">{label}, read as {answer}</li>",
            picture::uri(&image.pixels, report.input),
        );
    }
    text += "</ul>\n";
    if row.misread.len() > MOST_PICTURES {
        let _ = writeln!(text, "<p>The first {MOST_PICTURES} of {}.</p>", row.misread.len());
    }
    text
}

impl super::Stage {
    /// `conv1 + relu1 + pool1`, which may be broken at its spaces.
    fn shown(&self) -> String {
        self.layers().replace('+', " + ")
    }
}

pub(super) fn micros(micros: f64) -> String {
    Screen { colour: false, unicode: true, terminal: false }.micros(micros)
}

fn spread(time: &Timing) -> String {
    format!("±{:.0} %", 100.0 * time.spread())
}

/// `4.02 µs ±2 %`, which may be broken between the two.
fn timed(time: &Timing) -> String {
    let whole = |text: String| text.replace(' ', "\u{a0}");
    format!("{} {}", whole(micros(time.median)), whole(spread(time)))
}

fn whole(number: f64) -> String {
    crate::cli::screen::thousands(number as usize)
}

pub(super) fn kibibytes(bytes: usize) -> String {
    format!("{:.1} KiB", bytes as f64 / 1024.0)
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_page_loads_nothing_and_runs_nothing() {
        let page = page(&sample::report());
        for word in ["<script", "http://", "https://", "url(", "@import", "onclick", "<link"] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("src=\"data:image/png;base64,"));
    }

    #[test]
    fn every_element_ends_and_no_figure_is_missing() {
        for report in [sample::report(), sample::large()] {
            elements_end(&page(&report));
        }
    }

    fn elements_end(page: &str) {
        for tag in [
            "table", "tr", "td", "th", "svg", "section", "div", "ul", "ol", "li", "details", "text",
        ] {
            let opened = page.matches(&format!("<{tag}>")).count()
                + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
        for wrong in ["NaN", "inf", ">-0"] {
            assert!(!page.contains(wrong), "{wrong}");
        }
    }

    #[test]
    fn models_of_one_precision_are_told_apart() {
        let page = page(&sample::large());
        for label in ["i8", "i8 Direct"] {
            let head = format!("<th scope=\"col\">{label}</th><th scope=\"col\">avx512");
            assert_eq!(page.matches(&head).count(), 1, "{label}");
        }
    }

    #[test]
    fn references_are_named() {
        let mut report = sample::report();
        report.precisions.remove(0);
        report.isas.clear();
        assert!(page(&report).contains("Faster, smaller: against i8. Agrees: with f32."));
    }

    #[test]
    fn times_of_layers_and_instruction_sets_have_their_spread() {
        let page = page(&sample::report());
        // Of f32 in both tables, and on the other instruction set.
        assert_eq!(page.matches(">4.00\u{a0}µs ±2\u{a0}%</td>").count(), 1);
        assert_eq!(page.matches(">14.3\u{a0}µs ±2\u{a0}%</td>").count(), 1);
    }

    #[test]
    fn names_are_no_markup() {
        let mut report = sample::report();
        report.origin = "<b>\"&".into();
        assert!(page(&report).contains("&lt;b&gt;&quot;&amp;"));
    }
}
