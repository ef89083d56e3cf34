use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<6, 3, 5>(algorithm = Winograd),
    }
}

fn main() {}
