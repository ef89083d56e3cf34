use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        bn1: BatchNorm2d<0.001>,
        LeakyReLU<0.1>,
        bn2: BatchNorm2d<64>,
        Dropout<0.5>,
        Dropout<0.5, 2>,
    }
}

fn main() {}
