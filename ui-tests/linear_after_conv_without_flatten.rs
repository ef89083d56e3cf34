use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] -> [10] {
        conv1: Conv2d<6, 3>,
        ReLU,
        fc1: Linear<10>,
    }
}

fn main() {}
