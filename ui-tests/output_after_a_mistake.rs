use microcnn::prelude::*;

network! {
    struct Net: [16, 1, 1] -> [7] {
        c3: Conv2d<4, 3>,
        MaxPool2d<3>,
    }
}

network! {
    struct Row: [1, 28] -> [7] {
        c3: Conv2d<4, 3>,
        MaxPool2d<3>,
    }
}

fn main() {}
