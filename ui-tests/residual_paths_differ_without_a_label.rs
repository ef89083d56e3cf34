use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        Residual {
            conv2: Conv2d<3, 3>,
        } shortcut {
            conv3: Conv2d<4, 3>,
        },
    }
}

fn main() {}
