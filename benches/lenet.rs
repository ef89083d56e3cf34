//! LeNet-5: the whole network and each layer. `cargo bench --bench lenet -- conv2/i8`

use microcnn::lenet::LeNet5;

microcnn::bench_network! {
    LeNet5,
    precisions: [f32, i8, W4A8, I4],
    algorithms: [Auto, Direct, Im2col],
    network: LeNet5::pretrained();
    LeNet5,
    precisions: [f32],
    algorithms: [Winograd, Fft],
    network: LeNet5::pretrained()
}
