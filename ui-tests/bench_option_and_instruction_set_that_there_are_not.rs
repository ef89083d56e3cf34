use microcnn::lenet::LeNet5;

microcnn::bench_network! {
    LeNet5,
    precision: [f32],
    isas: [avx256],
    batches: [1, 1],
}
