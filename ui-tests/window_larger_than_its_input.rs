use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        MaxPool2d<4>,
        pool: AvgPool2d<3>,
    }
}

fn main() {}
