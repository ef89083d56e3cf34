use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<8, 3, stride = 2>,
        conv2: Conv2d<8, stride = [1, 2], 3>(padding = 1),
        Dropout<p = 0.5>,
        Dropout<p: 0.5>,
    }
}

fn main() {}
