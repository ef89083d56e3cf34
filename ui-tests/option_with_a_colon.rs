use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<6, 5>(padding: 2),
    }
}

fn main() {}
