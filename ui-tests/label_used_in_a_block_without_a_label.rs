use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<3, 1>,
        Sequential {
            conv1: Conv2d<3, 1>,
        },
    }
}

fn main() {}
