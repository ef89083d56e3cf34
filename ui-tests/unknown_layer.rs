use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2D<6, 3>,
        relu1: Relu,
        RelU6,
    }
}

fn main() {}
