use microcnn::prelude::*;

network! {
    struct Net: [8] {
        fc1: Linear<3 + 4>,
        fc2: Linear<N * 2>(bias = false),
        fc3: Linear<N + 2>,
    }
}

fn main() {}
