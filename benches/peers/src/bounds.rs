//! How much faster than the published crate's FP32 network each way to run LeNet-5 has to be.

use crate::report::Measured;
use std::fmt::Write;

/// Row, and at least so many times as fast as the first row.
const AT_LEAST: &[(&str, f64)] = &[
    ("microcnn f32/predict/avx512/b1", 55.0),
    ("microcnn f32/Auto/avx512/b1", 55.0),
    ("microcnn f32/Auto/avx2/b1", 30.0),
    ("microcnn f32/Im2col/avx512/b1", 35.0),
    ("microcnn f32/Winograd/avx512/b1", 40.0),
    ("microcnn f32/Fft/avx512/b1", 4.0),
];

/// The bounds of the rows that there are.
pub fn table(rows: &[Measured]) -> String {
    let mut text = String::new();
    for (name, wanted) in AT_LEAST {
        if let Some(row) = rows.iter().find(|row| row.name == *name) {
            let found = rows[0].median() / row.median();
            let verdict = if found >= *wanted { "holds" } else { "FAILS" };
            let _ = writeln!(text, "{verdict}  {name}: {found:.1} × of at least {wanted} ×");
        }
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}
