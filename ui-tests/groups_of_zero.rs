use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<4, 3>(groups = 0),
    }
}

fn main() {}
