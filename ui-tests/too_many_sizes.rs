use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<3, 6, 5, 5>,
    }
}

fn main() {}
