//! A network of layers under every algorithm. (LeNet-5 under each would be as many networks to compile.)

use microcnn::prelude::*;

network! {
    /// Each algorithm before, in and between layers that several images go through together.
    pub(crate) struct Algorithms: [3, 13, 14] {
        naive: Conv2d<3, 1>(algorithm = Naive),
        direct1: Conv2d<8, 3>(algorithm = Direct), ReLU,
        im2col1: Conv2d<5, 2, 3>(algorithm = Im2col), HardSwish, MaxPool2d<2>,
        winograd1: Conv2d<7, 3>(padding = 1, algorithm = Winograd), SiLU,
        fft1: Conv2d<6, 3>(padding = 1, algorithm = Fft),
        winograd2: Conv2d<40, 5>(algorithm = Winograd), LeakyReLU,
        im2col2: Conv2d<33, 1>(algorithm = Im2col), Sigmoid,
        fft2: Conv2d<24, 1>(algorithm = Fft), Tanh,
        direct2: Conv2d<10, 1>(algorithm = Direct), Softmax,
    }
}
