//! What was measured, as a table and as JSON.

use crate::engine::Row;
use serde_json::{Value, json};
use std::fmt::Write;

/// One engine's figures.
pub struct Measured {
    /// As the row is called.
    pub name: String,
    /// Images that one call takes.
    pub batch: usize,
    /// Images timed.
    pub images: usize,
    /// Of these, how many answers were right.
    pub right: usize,
    /// Microseconds per image of each call, in ascending order.
    pub times: Vec<f64>,
}

impl Measured {
    /// Nothing measured yet.
    pub fn new(row: &Row) -> Self {
        Self { name: row.name.clone(), batch: row.batch, images: 0, right: 0, times: Vec::new() }
    }

    /// The time that so many percent of the calls stay below, in microseconds per image.
    pub fn percentile(&self, percent: usize) -> f64 {
        self.times[(self.times.len() - 1) * percent / 100]
    }

    /// Microseconds per image.
    pub fn median(&self) -> f64 {
        self.percentile(50)
    }

    /// Right answers in percent.
    pub fn accuracy(&self) -> f64 {
        100.0 * self.right as f64 / self.images as f64
    }
}

/// The rows, compared with the first one.
pub fn table(rows: &[Measured]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let first = rows[0].median();
    let mut text = format!("{}\n\n", machine());
    let _ = writeln!(
        text,
        "{:width$} {:>6} {:>7} {:>10} {:>19} {:>9} {:>9}",
        "LeNet-5", "images", "right", "median µs", "10 % to 90 %", "speed-up", "images/s",
    );
    for row in rows {
        let median = row.median();
        let spread = format!("{:.2} to {:.2}", row.percentile(10), row.percentile(90));
        let _ = writeln!(
            text,
            "{:width$} {:>6} {:>5.2} % {median:>10.2} {spread:>19} {:>7.2} × {:>9.0}",
            row.name,
            row.images,
            row.accuracy(),
            first / median,
            1e6 / median,
        );
    }
    text
}

/// The same as a document.
pub fn json(rows: &[Measured]) -> Value {
    let first = rows[0].median();
    let rows = rows.iter().map(|row| {
        json!({
            "name": row.name,
            "batch": row.batch,
            "images": row.images,
            "accuracy": row.accuracy() / 100.0,
            "us_per_image": row.median(),
            "us_per_image_p10": row.percentile(10),
            "us_per_image_p90": row.percentile(90),
            "speed_up": first / row.median(),
            "images_per_second": 1e6 / row.median(),
        })
    });
    json!({ "machine": machine(), "rows": rows.collect::<Vec<_>>() })
}

/// The processor as Linux calls it, with the numbers that tell its generation where its name does not.
pub fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let value = |name: &str| {
        info.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == name).then(|| value.trim())
        })
    };
    let name = value("model name").unwrap_or(std::env::consts::ARCH);
    let generation = match (value("cpu family"), value("model")) {
        (Some(family), Some(model)) => format!(" (family {family}, model {model})"),
        _ => String::new(),
    };
    format!("{name}{generation}, {}, one thread", std::env::consts::OS)
}
