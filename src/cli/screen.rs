//! What the reader sees: how much the terminal can show, styles, tables, progress.

use super::Failure;
use super::json::Json;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use indicatif::{ProgressBar, ProgressStyle};
use std::env;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};

/// Characters of a line.
pub(crate) const WIDTH: usize = 80;

/// How text is shown on standard output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    /// Escape sequences for colour are welcome.
    pub(crate) colour: bool,
    /// Characters beyond ASCII can be seen.
    pub(crate) unicode: bool,
    /// Someone is looking.
    pub(crate) terminal: bool,
}

impl Screen {
    /// Finds out what standard output can show.
    pub(crate) fn of_stdout() -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let term = env::var("TERM").unwrap_or_default();
        Self {
            colour: AutoStream::choice(&stdout) != ColorChoice::Never,
            unicode: terminal && term != "dumb" && term != "linux" && locale_has_unicode(),
            terminal,
        }
    }

    fn styled(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    pub(crate) fn bold(&self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    pub(crate) fn faint(&self, text: &str) -> String {
        self.styled(Style::new().dimmed(), text)
    }

    /// What the reader looks for first.
    pub(crate) fn accent(&self, text: &str) -> String {
        self.styled(AnsiColor::Cyan.on_default(), text)
    }

    pub(crate) fn good(&self, text: &str) -> String {
        self.styled(AnsiColor::Green.on_default(), text)
    }

    pub(crate) fn bad(&self, text: &str) -> String {
        self.styled(AnsiColor::Red.on_default(), text)
    }

    /// One of two spellings.
    pub(crate) fn text(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }

    /// `6×28×28`, or `10` for a flat shape.
    pub(crate) fn shape(&self, shape: &[usize]) -> String {
        let sizes = match shape {
            [size, 1, 1] => &[*size],
            shape => shape,
        };
        let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
        sizes.join(self.text("×", "x"))
    }

    /// A time of so many microseconds, to three figures.
    pub(crate) fn micros(&self, micros: f64) -> String {
        match micros {
            ..1.0 => format!("{} ns", figures(1000.0 * micros)),
            1.0..10_000.0 => format!("{} {}", figures(micros), self.text("µs", "us")),
            _ => format!("{} ms", figures(micros / 1000.0)),
        }
    }

    /// A bar of `share` of `width` characters.
    pub(crate) fn bar(&self, share: f64, width: usize) -> String {
        let share = share.clamp(0.0, 1.0);
        if !self.unicode {
            return "#".repeat((share * width as f64).round() as usize);
        }
        const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
        let eighths = (share * (8 * width) as f64).round() as usize;
        format!("{}{}", "█".repeat(eighths / 8), PARTS[eighths % 8])
    }

    /// A table; columns whose heading begins with `>` are set to the right.
    pub(crate) fn table(&self, headings: &[&str], rows: &[Vec<String>]) -> String {
        debug_assert!(rows.iter().all(|row| row.len() == headings.len()), "{headings:?}");
        let rule = LineStyle::none().fill(if self.unicode { '─' } else { '-' });
        let mut table = Table::new();
        table
            .load_style(TableStyle::new().header_separator(rule))
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(headings.iter().map(|heading| heading.trim_start_matches('>')))
            .add_rows(rows);
        for (at, (column, heading)) in table.column_iter_mut().zip(headings).enumerate() {
            column.set_padding((0, if at + 1 < headings.len() { 2 } else { 0 }));
            if heading.starts_with('>') {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut lines: Vec<String> = table.lines().map(|line| self.in_colour(&line)).collect();
        lines[0] = self.bold(&lines[0]);
        lines.join("\n")
    }

    /// A line of a table with its last column's bar, if there is one, in colour.
    fn in_colour(&self, line: &str) -> String {
        let line = line.trim_end();
        let text = line.trim_end_matches(|part: char| "█▏▎▍▌▋▊▉".contains(part));
        match line.strip_prefix(text) {
            Some(bar) if !bar.is_empty() => format!("{text}{}", self.accent(bar)),
            _ => line.to_owned(),
        }
    }

    /// Prints a JSON document.
    pub(crate) fn print_json(&self, document: &Json) -> Result<(), Failure> {
        self.print(&format!("{document}\n"))
    }

    /// Prints a text.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        let mut out = anstream::AutoStream::auto(io::stdout()).lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            // Whoever reads has read enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::because("cannot write to standard output", error)),
            Ok(()) => Ok(()),
        }
    }
}

/// Whether the locale, where there is one, is UTF-8.
fn locale_has_unicode() -> bool {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Three figures, or more before the point.
fn figures(number: f64) -> String {
    let decimals = match number {
        ..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    format!("{number:.decimals$}")
}

/// Three figures of a large number: `24.1K`.
pub(crate) fn short(number: f64) -> String {
    match number {
        ..1e3 => format!("{number:.0}"),
        1e3..1e6 => format!("{}K", figures(number / 1e3)),
        1e6..1e9 => format!("{}M", figures(number / 1e6)),
        _ => format!("{}G", figures(number / 1e9)),
    }
}

/// A number with its thousands parted: `61,706`.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 image`, `2 images`.
pub(crate) fn counted(count: usize, thing: &str) -> String {
    format!("{} {thing}{}", thousands(count), if count == 1 { "" } else { "s" })
}

/// `98.70 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// Puts two blocks of text side by side. `width` is how wide the left one looks.
pub(crate) fn beside(left: &[String], width: usize, right: &[String]) -> String {
    let mut text = String::new();
    for at in 0..left.len().max(right.len()) {
        let missing = " ".repeat(width);
        let left = left.get(at).unwrap_or(&missing);
        let right = right.get(at).map_or("", String::as_str);
        let line = format!("{left}{right}");
        writeln!(text, "{}", line.trim_end()).expect("strings take any text");
    }
    text
}

/// Progress of long work, on standard error while someone looks there.
pub(crate) fn progress(what: &str, steps: usize) -> ProgressBar {
    if env::var_os("TERM").is_some_and(|term| term == "dumb") {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg:<24} [{bar:32}] {human_pos}/{human_len} {eta}")
        .expect("the template is well-formed")
        .progress_chars("#> ");
    ProgressBar::new(steps as u64).with_style(style).with_message(what.to_owned())
}

/// Says on standard error what the reader may not expect.
pub(crate) fn note(text: &str) {
    anstream::eprintln!("{NOTE}note:{NOTE:#} {}", printable(text));
}

const NOTE: Style = AnsiColor::Yellow.on_default().bold();

/// Text from outside in one line, without what a terminal would obey.
pub(crate) fn printable(text: impl ToString) -> String {
    let escaped = |char: char| match char.is_control() {
        true => char.escape_default().to_string(),
        false => char.to_string(),
    };
    text.to_string().chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_three_figures() {
        let screen = Screen { colour: false, unicode: true, terminal: false };
        let texts =
            [0.0263, 0.4, 1.0, 26.34, 1234.4, 12_345.0, 1.5e6].map(|micros| screen.micros(micros));
        assert_eq!(
            texts,
            ["26.3 ns", "400 ns", "1.00 µs", "26.3 µs", "1234 µs", "12.3 ms", "1500 ms"]
        );
    }

    #[test]
    fn large_numbers_keep_three_figures() {
        let texts = [0.0, 999.0, 24_130.0, 1.5e6, 2.34e11].map(short);
        assert_eq!(texts, ["0", "999", "24.1K", "1.50M", "234G"]);
    }
}
