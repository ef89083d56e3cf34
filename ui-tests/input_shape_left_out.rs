use microcnn::prelude::*;

network! {
    struct Net {
        Flatten,
        fc1: Linear<10>,
    }
}

fn main() {}
