use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        bn1: BatchNorm2d(eps = -1e-5),
    }
}

fn main() {}
