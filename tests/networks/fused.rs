//! A network that runs fused gives what its layers give one by one, bit for bit: every activation
//! function, with the pools that a convolution takes over and those that it does not, in every kind of
//! convolution.

use microcnn::lenet::LeNet5;
use microcnn::prelude::*;

network! {
    struct Activations: [3, 33, 31] -> [11] {
        conv1: Conv2d<17, 3>(padding = 1),
        LeakyReLU,
        MaxPool2d<2>,
        conv2: Conv2d<20, 3>,
        SiLU,
        MaxPool2d<2>,
        depthwise: Conv2d<20, 3>(groups = 20, padding = 1),
        HardSwish,
        Residual {
            conv3: Conv2d<20, 1>,
            Tanh,
        },
        conv4: Conv2d<6, 2>(groups = 2),
        Sigmoid,
        MaxPool2d<2>(stride = 1),
        Flatten,
        fc1: Linear<35>,
        ReLU6,
        fc2: Linear<11>,
        Softmax,
    }
}

network! {
    struct Pools: [1, 40, 39] -> [5, 2, 2] {
        conv1: Conv2d<5, 5>(padding = 2),
        ReLU6,
        MaxPool2d<2>,
        conv2: Conv2d<37, 3>(padding = 1),
        ReLU,
        MaxPool2d<2>,
        conv3: Conv2d<37, 1>,
        LeakyReLU(negative_slope = 0.3),
        MaxPool2d<2>,
        conv4: Conv2d<5, 3>(padding = 1),
        ReLU,
        AvgPool2d<2>,
    }
}

/// Compares a network's two ways on some images, under one algorithm after the other.
macro_rules! agree {
    ($network:expr, $C:literal, $H:literal, $W:literal: $($Algorithm:ident),+) => {$(
        let network = $network.clone().with_algorithm::<$Algorithm>();
        for seed in 0..20_usize {
            let image = Tensor::<f32, 1, $C, $H, $W>::from_fn(|[_, c, h, w]| {
                ((seed * 7 + c * 31 + h * 17 + w * 13) % 101) as f32 / 50.0 - 1.0
            });
            let trace = network.trace(&image);
            let written = &trace.last().expect("there are layers").values;
            let same = network.predict(&image).as_slice() == &written[..];
            assert!(same, "{}, image {seed}", stringify!($Algorithm));
        }
    )+};
}

#[test]
fn a_network_predicts_what_its_trace_ends_with() {
    let network = Activations::<f32>::random(5);
    agree!(network, 3, 33, 31: Naive, Im2col, Direct, Winograd, Fft, Auto);
    let network = Pools::<f32>::random(6);
    agree!(network, 1, 40, 39: Im2col, Winograd, Auto);
    let network = LeNet5::pretrained();
    agree!(network, 1, 28, 28: Auto, Winograd);
}
