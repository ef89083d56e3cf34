use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        ReLU {
            Tanh,
        },
    }
}

fn main() {}
