use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] -> [10] {
        Flatten,
        fc1: Linear<12>,
    }
}

fn main() {}
