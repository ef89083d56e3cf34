use microcnn::prelude::*;

network! {
    struct Net<T>: [3, 8, 8] {
        ReLU,
    }
}

fn main() {}
