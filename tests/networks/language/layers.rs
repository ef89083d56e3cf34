//! Each layer with each of its options.

use crate::check;
use crate::reference::{Conv, Reference, max};
use microcnn::prelude::*;

network! {
    struct Plain: [2, 5, 6] -> [3, 3, 4] { conv: Conv2d<3, 3> }
}

#[test]
fn conv2d() {
    let mut reference = Reference::new([2, 5, 6]);
    reference.conv(Conv::new(3, [3, 3]));
    check!(Plain, reference);
}

network! {
    struct Rectangular: [2, 7, 9] -> [3, 3, 5] {
        conv: Conv2d<3, 3, 1>(stride = [3, 2], padding = [2, 0])
    }
}

#[test]
fn conv2d_with_pairs() {
    let mut reference = Reference::new([2, 7, 9]);
    let padding = [2, 2, 0, 0];
    reference.conv(Conv { stride: [3, 2], padding, ..Conv::new(3, [3, 1]) });
    check!(Rectangular, reference);
}

network! {
    struct FourPaddings: [1, 4, 4] {
        conv: Conv2d<2, 3>(padding = [0, 1, 2, 3], bias = false),
    }
}

#[test]
fn padding_on_four_sides() {
    let mut reference = Reference::new([1, 4, 4]);
    reference.conv(Conv { padding: [0, 1, 2, 3], bias: false, ..Conv::new(2, [3, 3]) });
    assert_eq!(reference.shape, [2, 3, 7]);
    check!(FourPaddings, reference);
}

network! {
    struct Same: [1, 5, 6] -> [4, 3, 2] {
        conv1: Conv2d<2, 4, 3>(padding = same),
        conv2: Conv2d<4, 2>(padding = same, stride = [2, 3]),
    }
}

#[test]
fn padding_same_adds_the_odd_row_at_the_end() {
    let mut reference = Reference::new([1, 5, 6]);
    reference.conv(Conv { padding: [1, 2, 1, 1], ..Conv::new(2, [4, 3]) });
    assert_eq!(reference.shape, [2, 5, 6]);
    // Three positions two apart reach 6 of 5 rows, two positions three apart reach 5 of 6 columns.
    reference.conv(Conv { padding: [0, 1, 0, 0], stride: [2, 3], ..Conv::new(4, [2, 2]) });
    check!(Same, reference);
}

network! {
    struct Dilated: [2, 9, 9] { conv: Conv2d<2, 3>(dilation = [2, 4], padding = 1, stride = 2) }
}

#[test]
fn dilation() {
    let mut reference = Reference::new([2, 9, 9]);
    let stride = [2, 2];
    let conv = Conv { dilation: [2, 4], padding: [1; 4], stride, ..Conv::new(2, [3, 3]) };
    reference.conv(conv);
    assert_eq!(reference.shape, [2, 4, 2]);
    check!(Dilated, reference);
}

network! {
    struct Grouped: [6, 4, 4] {
        grouped: Conv2d<9, 3>(groups = 3),
        depthwise: Conv2d<9, 2>(groups = 9),
        multiplied: Conv2d<18, 1>(groups = 9, bias = false),
    }
}

#[test]
fn groups() {
    let mut reference = Reference::new([6, 4, 4]);
    reference.conv(Conv { groups: 3, ..Conv::new(9, [3, 3]) });
    reference.conv(Conv { groups: 9, ..Conv::new(9, [2, 2]) });
    reference.conv(Conv { groups: 9, bias: false, ..Conv::new(18, [1, 1]) });
    check!(Grouped, reference);
    let layers = Grouped::<f32>::LAYERS;
    assert_eq!(layers.iter().map(|layer| layer.parameters).collect::<Vec<_>>(), [171, 45, 18]);
    assert_eq!(layers.iter().map(|layer| layer.macs).collect::<Vec<_>>(), [648, 36, 18]);
}

network! {
    struct MaxPools: [2, 9, 8] -> [2, 2, 3] {
        MaxPool2d<3, 2>(stride = [2, 1], padding = [1, 0]),
        MaxPool2d<2>(padding = same),
        MaxPool2d<2, 3>(stride = 1, padding = [0, 0, 1, 0]),
    }
}

#[test]
fn max_pools() {
    let mut reference = Reference::new([2, 9, 8]);
    reference.pool([3, 2], [2, 1], [1, 1, 0, 0], max);
    assert_eq!(reference.shape, [2, 5, 7]);
    reference.pool([2, 2], [2, 2], [0, 1, 0, 1], max);
    assert_eq!(reference.shape, [2, 3, 4]);
    reference.pool([2, 3], [1, 1], [0, 0, 1, 0], max);
    check!(MaxPools, reference);
}

network! {
    struct AvgPools: [3, 8, 8] {
        AvgPool2d<3>(stride = 2, padding = 1),
        AvgPool2d<2>(stride = 1, padding = 1, count_include_pad = false),
    }
}

#[test]
fn average_pools() {
    let mut reference = Reference::new([3, 8, 8]);
    reference.pool([3, 3], [2, 2], [1; 4], |window, padded| {
        window.iter().sum::<f64>() / (window.len() + padded) as f64
    });
    reference
        .pool([2, 2], [1, 1], [1; 4], |window, _| window.iter().sum::<f64>() / window.len() as f64);
    check!(AvgPools, reference);
}

network! {
    struct Global: [3, 4, 5] -> [3] { GlobalAvgPool2d }
}

#[test]
fn global_average() {
    let mut reference = Reference::new([3, 4, 5]);
    reference.pool([4, 5], [1, 1], [0; 4], |window, _| window.iter().sum::<f64>() / 20.0);
    check!(Global, reference);
}

network! {
    struct Activations: [2, 6, 6] {
        conv1: Conv2d<4, 1>, ReLU,
        conv2: Conv2d<4, 1>, ReLU6,
        conv3: Conv2d<4, 1>, LeakyReLU(negative_slope = 0.2),
        conv4: Conv2d<4, 1>, Sigmoid,
        conv5: Conv2d<4, 1>, Tanh,
        conv6: Conv2d<4, 1>, HardSwish,
        conv7: Conv2d<4, 1>, SiLU,
        conv8: Conv2d<4, 1>, LeakyReLU,
        // Not right after a convolution:
        MaxPool2d<2>, Tanh, SiLU, HardSwish, LeakyReLU, Sigmoid, ReLU6, ReLU,
    }
}

#[test]
fn activations() {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let hard_swish = |x: f64| x * (x + 3.0).clamp(0.0, 6.0) / 6.0;
    let leaky = |x: f64| if x > 0.0 { x } else { 0.01 * x };
    let functions: [&dyn Fn(f64) -> f64; 8] = [
        &|x| x.max(0.0),
        &|x| x.clamp(0.0, 6.0),
        &|x| if x > 0.0 { x } else { 0.2 * x },
        &sigmoid,
        &f64::tanh,
        &hard_swish,
        &|x| x * sigmoid(x),
        &leaky,
    ];
    let mut reference = Reference::new([2, 6, 6]);
    for function in functions {
        reference.conv(Conv::new(4, [1, 1]));
        reference.map(function);
    }
    reference.max_pool([2, 2]);
    reference.map(f64::tanh);
    reference.map(|x| x * sigmoid(x));
    reference.map(hard_swish);
    reference.map(leaky);
    reference.map(sigmoid);
    check!(Activations, reference);
}

network! {
    struct Softmaxes: [3, 2, 2] { Softmax, Dropout, Flatten, Softmax }
}

#[test]
fn softmax_over_channels_and_over_a_flat_map() {
    let mut reference = Reference::new([3, 2, 2]);
    reference.softmax();
    reference.flatten();
    reference.softmax();
    check!(Softmaxes, reference);
}

network! {
    struct Flat: [640] -> [3] { Dropout(p = 0.1), fc1: Linear<7>(bias = false), ReLU, fc2: Linear<3> }
}

#[test]
fn a_flat_input() {
    let mut reference = Reference::new([640, 1, 1]);
    reference.linear(7, false);
    reference.relu();
    reference.linear(3, true);
    check!(Flat, reference);
}

network! {
    struct Flattened: [2, 3, 4] { conv: Conv2d<5, 2>, Flatten, ReLU, Dropout, fc: Linear<4>, Tanh }
}

#[test]
fn linear_weights_follow_the_order_of_channels_rows_columns() {
    let mut reference = Reference::new([2, 3, 4]);
    reference.conv(Conv::new(5, [2, 2]));
    reference.flatten();
    reference.relu();
    reference.linear(4, true);
    reference.map(f64::tanh);
    check!(Flattened, reference);
}

network! {
    struct FlattenLast: [2, 3, 4] -> [30] { conv: Conv2d<5, 2>, Flatten, ReLU }
}

#[test]
fn a_flattened_output_is_in_the_order_of_channels_rows_columns() {
    let mut reference = Reference::new([2, 3, 4]);
    reference.conv(Conv::new(5, [2, 2]));
    reference.flatten();
    reference.relu();
    check!(FlattenLast, reference);
}

network! {
    struct FlattenFirst: [2, 3, 4] { Flatten, Flatten, conv: Conv2d<4, 1>(groups = 2), Softmax }
}

#[test]
fn a_convolution_takes_a_flattened_map_as_channels() {
    let mut reference = Reference::new([2, 3, 4]);
    reference.flatten();
    reference.conv(Conv { groups: 2, ..Conv::new(4, [1, 1]) });
    reference.softmax();
    check!(FlattenFirst, reference);
}

network! {
    struct OnlyDropout: [2, 3, 4] -> [2, 3, 4] { Dropout }
}

#[test]
fn a_network_that_does_nothing() {
    check!(OnlyDropout, Reference::new([2, 3, 4]));
}
