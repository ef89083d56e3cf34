mod program {
    use microcnn::lenet::LeNet5;

    microcnn::cli!(LeNet5, Digits);
}

mod benchmark {
    use microcnn::lenet::LeNet5;

    microcnn::bench_network!(LeNet5, quick, isas);
}

fn main() {}
