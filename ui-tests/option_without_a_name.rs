use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        bn1: BatchNorm2d(1e-3),
        LeakyReLU(0.1),
        LeakyReLU(-0.1),
        bn2: BatchNorm2d(64),
        conv1: Conv2d<8, 3>(2, 1, bias = false),
        MaxPool2d<2>(stride = 2, 1),
        GlobalAvgPool2d(1),
        fc1: Linear(7),
        Dropout(0.5),
        Dropout(0.5, true),
    }
}

fn main() {}
