use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] -> [6] {
        conv1: Conv2d<8, 3, padding = same, stride = 2,
        conv2: Conv2d<6, 3, stride = 2
    }
}

fn main() {}
