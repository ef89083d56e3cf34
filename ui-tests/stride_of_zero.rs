use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<4, 3>(stride = 0),
        MaxPool2d<2>(stride = [1, 0]),
    }
}

fn main() {}
