use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] -> [7] {
        conv1: Conv2d<16, 30>,
        Residual {},
        block: Residual,
        unread: 7,
        fc: Linear<10>,
    }
}

fn main() {}
