use microcnn::prelude::*;

network! {
    struct Net: [1, 8, 8] {
        conv1: Conv2d<2, 3>,
    }
}

fn named(_: &Net<i8, Winograd>) {}

fn quantized(net: Net<f32, Winograd>, batch: &Tensor<f32, 4, 1, 8, 8>) {
    let _ = net.quantize::<i8>(batch);
}

fn main() {}
