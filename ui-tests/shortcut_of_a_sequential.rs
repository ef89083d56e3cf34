use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        Sequential {
            ReLU,
        } shortcut {
            Tanh,
        },
    }
}

fn main() {}
