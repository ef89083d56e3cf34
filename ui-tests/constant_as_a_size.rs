use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        Flatten,
        fc1: Linear<CLASSES>,
    }
}

const CLASSES: usize = 10;

fn main() {}
