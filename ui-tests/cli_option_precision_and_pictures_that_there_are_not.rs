use microcnn::lenet;

microcnn::cli! {
    lenet::LeNet5,
    precision = [f32],
    precisions: [f32, i7, w4a8],
    pictures = Numbers,
}
