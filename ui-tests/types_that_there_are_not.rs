use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<6, 9>,
        conv2: Conv2d<6, 3>(algorithm = Nope),
        Residual { conv3: Conv2d<6, 1>(precision = i7) },
        conv4: Conv2d<6, 3>(algorithm = microcnn::conv::Im2col, precision = i8),
    }
}

fn main() {}
