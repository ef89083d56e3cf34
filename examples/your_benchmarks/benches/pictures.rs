//! `cargo bench` measures all; `cargo bench -- conv2/i8` one layer; `cargo bench -- --test` checks only.

microcnn::bench_network!(your_benchmarks::Pictures);
