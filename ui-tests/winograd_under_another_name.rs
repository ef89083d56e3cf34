use microcnn::conv::Winograd as Fast;
use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<6, 3>(algorithm = Fast),
        conv2: Conv2d<6, 3>(stride = 2, algorithm = Fast),
    }
}

fn main() {}
