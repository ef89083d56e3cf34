//! The README's table of figures: these rows, between its two marks.

use crate::report::{Measured, machine};
use std::fmt::Write;

/// The rows that it shows, in this order. `tests/readme.rs` reads this list.
const ROWS: &[&str] = &[
    "microcnn-0.1.3 f32/Naive",
    "microcnn-0.1.3 i8",
    "microcnn-0.1.3 i4",
    "candle f32/b1",
    "rten f32/b1",
    "tract f32/b1",
    "microcnn f32/Auto/avx512/b1",
    "microcnn f32/Auto/avx2/b1",
    "microcnn f32/Auto/scalar/b1",
    "microcnn f32/Winograd/avx512/b1",
    "microcnn f32/Im2col/avx512/b1",
    "microcnn f32/Fft/avx512/b1",
    "microcnn i8/predict_u8/avx512/b1",
    "microcnn w4a8/predict_u8/avx512/b1",
    "microcnn i4/predict_u8/avx512/b1",
    "tract f32/b64",
    "microcnn f32/predict/avx512/b64",
    "microcnn i8/predict_u8/avx512/b64",
];

const BEGIN: &str =
    "<!-- figures: cd benches/peers && cargo run --release -F others -- --readme -->";
const END: &str = "<!-- end of figures -->";

/// The README with the table anew.
///
/// # Errors
/// If it lacks a mark, or the machine a row.
pub fn update(readme: &str, rows: &[Measured]) -> Result<String, String> {
    let missing = |mark: &str| format!("README.md lacks the line `{mark}`");
    let (before, rest) = readme.split_once(BEGIN).ok_or_else(|| missing(BEGIN))?;
    let (_, after) = rest.split_once(END).ok_or_else(|| missing(END))?;
    Ok(format!("{before}{BEGIN}\n{}{END}{after}", table(rows)?))
}

fn table(rows: &[Measured]) -> Result<String, String> {
    let mut text = format!("LeNet-5 on {}.\n\n", machine());
    text += "| row | time per image | images/s | times as fast | right |\n|---|--:|--:|--:|--:|\n";
    for name in ROWS {
        let row = rows.iter().find(|row| row.name == *name);
        let row = row.ok_or_else(|| format!("this machine has no row `{name}`"))?;
        let median = row.median();
        let decimals = if median < 100.0 { 1 } else { 0 };
        let _ = writeln!(
            text,
            "| `{name}` | {median:.decimals$} µs | {:.0} | {:.1} | {:.2} % |",
            1e6 / median,
            rows[0].median() / median,
            row.accuracy(),
        );
    }
    Ok(text)
}
