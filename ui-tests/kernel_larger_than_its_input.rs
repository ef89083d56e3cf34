use microcnn::prelude::*;

network! {
    struct Net: [1, 28, 28] -> [10] {
        conv1: Conv2d<6, 5>(padding = 2),
        ReLU,
        MaxPool2d<2>,
        conv2: Conv2d<16, 5>,
        ReLU,
        MaxPool2d<2>,
        conv3: Conv2d<120, 7>,
        Flatten,
        fc1: Linear<10>,
    }
}

fn main() {}
