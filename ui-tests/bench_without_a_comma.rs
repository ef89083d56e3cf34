use microcnn::lenet::LeNet5;

microcnn::bench_network!(LeNet5, precisions = [f32] batches = [1]);
