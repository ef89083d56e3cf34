//! How much faster than the published crate's networks each way to run LeNet-5 has to be.

use crate::report::Measured;
use std::fmt::Write;

const F32: &str = "microcnn-0.1.3 f32/Naive";
const I8: &str = "microcnn-0.1.3 i8";
const I4: &str = "microcnn-0.1.3 i4";

/// Row, and at least so many times as fast as which row of the published crate. Those of bytes on AVX-512
/// are meant for cores that do two `vpdpbusd` of 64 bytes a cycle; with one, they do not hold.
const AT_LEAST: &[(&str, f64, &str)] = &[
    ("microcnn f32/predict/avx512/b1", 55.0, F32),
    ("microcnn f32/Auto/avx512/b1", 55.0, F32),
    ("microcnn f32/Auto/avx2/b1", 30.0, F32),
    ("microcnn f32/Im2col/avx512/b1", 35.0, F32),
    ("microcnn f32/Winograd/avx512/b1", 40.0, F32),
    ("microcnn f32/Fft/avx512/b1", 4.0, F32),
    ("microcnn i8/predict_u8/avx512/b1", 95.0, I8),
    ("microcnn i8/Auto/avx512/b1", 95.0, I8),
    ("microcnn i8/Auto/avxvnni/b1", 55.0, I8),
    ("microcnn i8/Auto/avx2/b1", 28.0, I8),
    ("microcnn w4a8/predict_u8/avx512/b1", 95.0, I8),
    ("microcnn w4a8/Auto/avx512/b1", 95.0, I8),
    ("microcnn i4/predict_u8/avx512/b1", 450.0, I4),
    ("microcnn i4/Auto/avx512/b1", 450.0, I4),
];

/// The bounds of the rows that there are.
pub fn table(rows: &[Measured]) -> String {
    let mut text = String::new();
    let find = |name: &str| rows.iter().find(|row| row.name == name);
    for &(name, wanted, base) in AT_LEAST {
        if let Some((row, base)) = find(name).zip(find(base)) {
            let found = base.median() / row.median();
            let verdict = if found >= wanted { "holds" } else { "FAILS" };
            let _ = writeln!(
                text,
                "{verdict}  {name}: {found:.1} × of at least {wanted} × {}",
                base.name
            );
        }
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}
