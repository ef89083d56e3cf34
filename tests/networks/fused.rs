//! A network that runs fused gives what its layers give one by one, bit for bit: every activation
//! function, with the pools that a convolution takes over and those that it does not, in every kind of
//! convolution. (`tests/predict` says the same of a network of every algorithm.)

use microcnn::network::{predict_slice_on, trace_slice_on, workspace};
use microcnn::prelude::*;
use microcnn::simd::{Isa, Visitor, each_supported};

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

/// Images of any values.
fn images<N: Network>() -> impl Iterator<Item = Vec<f32>> {
    let [channels, height, width] = N::INPUT;
    (0..20).map(move |seed| {
        let value = |at: usize| {
            let (c, h, w) = (at / width / height, at / width % height, at % width);
            ((seed * 7 + c * 31 + h * 17 + w * 13) % 101) as f32 / 50.0 - 1.0
        };
        (0..channels * height * width).map(value).collect()
    })
}

/// Compares a network's two ways on an instruction set.
struct Agree<'a, N>(&'a N);

impl<N: Network> Visitor for Agree<'_, N> {
    fn visit<I: Isa>(&mut self, isa: I) {
        if I::NAME != I::Floats::NAME {
            return; // It runs the code of another one.
        }
        let isa = isa.floats();
        let mut scores = vec![f32::NAN; N::OUTPUT.iter().product()];
        let mut workspace = workspace::<N>();
        for (number, image) in images::<N>().enumerate() {
            let trace = trace_slice_on(isa, self.0, &image);
            let written = &trace.last().expect("there are layers").values;
            predict_slice_on(isa, self.0, &image[..], &mut scores, &mut workspace);
            let algorithms = N::ALGORITHMS;
            assert!(scores == *written, "image {number} on {}, {algorithms:?}", I::NAME);
        }
    }
}

#[test]
fn a_network_predicts_what_its_trace_ends_with() {
    let network = Activations::<f32>::random(5);
    each_supported(&mut Agree(&network));
    let network = Pools::<f32>::random(6);
    each_supported(&mut Agree(&network));
}
