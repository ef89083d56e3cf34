use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<6, 3>(strides = 2),
    }
}

fn main() {}
