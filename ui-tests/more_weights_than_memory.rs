use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        Flatten,
        fc1: Linear<2000000>,
        fc2: Linear<2000000>,
    }
}

fn main() {}
