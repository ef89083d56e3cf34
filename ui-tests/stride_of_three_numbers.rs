use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<6, 3>(stride = [1, 1, 1]),
    }
}

fn main() {}
