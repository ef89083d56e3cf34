use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<6, 3>(stride = (2, 1)),
        MaxPool2d<(2)>,
    }
}

fn main() {}
