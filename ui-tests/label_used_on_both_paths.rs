use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        block1: Residual {
            conv1: Conv2d<3, 1>,
        } shortcut {
            conv1: Conv2d<3, 1>,
        },
    }
}

fn main() {}
