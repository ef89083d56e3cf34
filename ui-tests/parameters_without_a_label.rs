use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        Conv2d<6, 3>,
        bn1: BatchNorm2d,
        Flatten,
        Linear<10>,
    }
}

fn main() {}
