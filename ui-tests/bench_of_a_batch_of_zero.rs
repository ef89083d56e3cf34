use microcnn::lenet::LeNet5;

microcnn::bench_network!(LeNet5, batches: [1, 0]);
