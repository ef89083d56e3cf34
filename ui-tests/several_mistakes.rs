use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] -> [12] {
        conv1: Conv2d<6, 9>,
        relu1: Rellu,
        conv2: Conv2d<16, 3>(groups = 5, stide = 2),
        MaxPool2d<2, 2, 2>,
        relu1: ReLU,
        Linear<10>(bias = 1),
        Softmax,
    }
}

fn main() {}
