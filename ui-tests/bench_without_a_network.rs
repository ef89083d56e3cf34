microcnn::bench_network!();
