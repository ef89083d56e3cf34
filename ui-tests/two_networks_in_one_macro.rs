use microcnn::prelude::*;

network! {
    struct First: [3, 8, 8] { ReLU }
    struct Second: [3, 8, 8] { ReLU }
}

fn main() {}
