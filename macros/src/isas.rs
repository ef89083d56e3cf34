//! The instruction sets that there are, with nothing else, so that a test can compare them with the
//! library's own, which this crate cannot ask.

/// As `bench_network!` takes them: names with `_` instead of `-`.
pub(crate) const ISAS: &[&str] =
    &["avx512", "avxvnni", "avx2", "neon_i8mm", "neon_dotprod", "neon", "simd128", "scalar"];
