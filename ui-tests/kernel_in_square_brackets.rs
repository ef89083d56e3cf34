use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<8, [3, 3]>,
        MaxPool2d<[2, 1]>,
        conv2: Conv2d<8, [3]>,
    }
}

fn main() {}
