use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        GlobalAvgPool2d<1>,
    }
}

fn main() {}
