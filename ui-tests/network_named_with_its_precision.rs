mod program {
    use microcnn::lenet::LeNet5;

    microcnn::cli!(LeNet5<f32>);
}

mod benchmark {
    use microcnn::lenet;

    microcnn::bench_network!(lenet::LeNet5<i8>, batches = [1]);
}

fn main() {}
