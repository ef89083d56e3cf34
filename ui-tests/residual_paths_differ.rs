use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<8, 3>(padding = 1),
        block1: Residual {
            conv2: Conv2d<16, 3>(padding = 1, stride = 2),
        },
    }
}

fn main() {}
