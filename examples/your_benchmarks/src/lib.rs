//! A network of your own; `benches/pictures.rs` is its benchmarks.

use microcnn::prelude::*;

network! {
    /// Tells ten kinds of small colour pictures apart.
    pub struct Pictures: [3, 32, 32] -> [10] {
        conv1: Conv2d<16, 3>(padding = 1), ReLU,
        conv2: Conv2d<16, 3>(padding = 1), ReLU, MaxPool2d<2>,
        conv3: Conv2d<32, 3>(padding = 1), ReLU, MaxPool2d<2>,
        conv4: Conv2d<32, 3>(padding = 1), ReLU,
        GlobalAvgPool2d,
        fc: Linear<10>,
    }
}
