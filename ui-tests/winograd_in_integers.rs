use microcnn::conv::{Direct, Fft, Winograd};
use microcnn::prelude::*;

network! {
    struct Net: [3, 8, 8] {
        conv1: Conv2d<6, 3>(algorithm = Winograd, precision = i8),
        conv2: Conv2d<6, 3>(precision = microcnn::W4A8, algorithm = Fft),
        conv3: Conv2d<6, 3>(algorithm = Direct, precision = i8),
        conv4: Conv2d<6, 1>(algorithm = Fft, precision = f32),
    }
}

fn main() {}
