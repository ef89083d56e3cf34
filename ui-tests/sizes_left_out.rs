use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        MaxPool2d,
        Flatten,
        fc: Linear,
    }
}

fn main() {}
