use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        Flatten,
        fc1: Dense<10>,
    }
}

fn main() {}
