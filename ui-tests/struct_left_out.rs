use microcnn::prelude::*;

network! {
    LeNet5: [1, 28, 28] -> [10] {
        ReLU,
    }
}

fn main() {}
