//! The program of a network of your own: `cargo run --release -- --help`.

use microcnn::prelude::*;

network! {
    /// Tells ten kinds of small colour pictures apart.
    pub struct Pictures: [3, 32, 32] -> [10] {
        conv1: Conv2d<16, 3>(padding = 1), ReLU, MaxPool2d<2>,
        conv2: Conv2d<16, 3>(padding = 1), ReLU, MaxPool2d<2>,
        conv3: Conv2d<32, 3>(padding = 1), ReLU,
        GlobalAvgPool2d,
        fc: Linear<10>,
        Softmax,
    }
}

microcnn::cli!(Pictures, precisions = [f32, i8]);
