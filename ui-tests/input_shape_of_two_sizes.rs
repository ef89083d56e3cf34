use microcnn::prelude::*;

network! {
    struct Net: [28, 28] -> [10] {
        Flatten,
        fc1: Linear<10>,
    }
}

fn main() {}
