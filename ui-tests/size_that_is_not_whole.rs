use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<6, 2.5>,
        AvgPool2d<"two">,
    }
}

fn main() {}
