use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        MaxPool2d<3>(padding = 2),
    }
}

fn main() {}
