use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<0, 3>,
        conv2: Conv2d<4, 0>,
    }
}

fn main() {}
