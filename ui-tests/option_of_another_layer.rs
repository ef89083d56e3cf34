use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        Flatten,
        fc1: Linear<10>(algorithm = Direct),
    }
}

fn main() {}
