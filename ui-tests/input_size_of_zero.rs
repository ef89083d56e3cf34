use microcnn::prelude::*;

network! {
    struct Net: [0, 28, 28] {
        Flatten,
    }
}

fn main() {}
