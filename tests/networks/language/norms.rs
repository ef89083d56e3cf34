//! Batch normalizations: folded into what is before them, or by themselves.

use crate::check;
use crate::reference::{Conv, Reference};
use microcnn::prelude::*;

network! {
    struct Folded: [2, 5, 5] {
        conv1: Conv2d<4, 3>(bias = false),
        bn1: BatchNorm2d,
        ReLU,
        conv2: Conv2d<6, 2>(groups = 2),
        bn2: BatchNorm2d(eps = 1e-3),
        Flatten,
        fc: Linear<5>,
        bn3: BatchNorm1d,
        Tanh,
    }
}

#[test]
fn folded_into_convolutions_and_linear_layers() {
    let mut reference = Reference::new([2, 5, 5]);
    reference.conv(Conv { bias: false, ..Conv::new(4, [3, 3]) });
    reference.batch_norm(1e-5);
    let after_norm = reference.values.clone();
    reference.relu();
    reference.conv(Conv { groups: 2, ..Conv::new(6, [2, 2]) });
    reference.batch_norm(1e-3);
    reference.flatten();
    reference.linear(5, true);
    reference.batch_norm(1e-5);
    reference.map(f64::tanh);
    let trace = check!(Folded, reference);
    assert_eq!([trace[0].name, trace[1].name], ["conv1", "bn1"]);
    assert_eq!(trace[0].values, trace[1].values);
    crate::reference::assert_near(&trace[1].values, &after_norm, "the folded convolution");
    assert_eq!(Folded::<f32>::LAYERS[1].parameters, 8);
    assert_eq!(Folded::<f32>::LAYERS[1].macs, 0);
}

network! {
    struct Alone: [3, 4, 4] {
        first: BatchNorm2d(eps = 0.1),
        ReLU,
        second: BatchNorm2d,
        third: BatchNorm2d,
        MaxPool2d<2>,
        fourth: BatchNorm2d,
        Sigmoid,
    }
}

#[test]
fn by_itself() {
    let mut reference = Reference::new([3, 4, 4]);
    reference.batch_norm(0.1);
    reference.relu();
    reference.batch_norm(1e-5);
    reference.batch_norm(1e-5);
    reference.max_pool([2, 2]);
    reference.batch_norm(1e-5);
    reference.map(|x| 1.0 / (1.0 + (-x).exp()));
    check!(Alone, reference);
}

network! {
    struct AfterActivation: [2, 3, 3] { conv: Conv2d<3, 2>, ReLU, bn: BatchNorm2d, fc: Conv2d<2, 2> }
}

#[test]
fn not_folded_across_an_activation() {
    let mut reference = Reference::new([2, 3, 3]);
    reference.conv(Conv::new(3, [2, 2]));
    reference.relu();
    reference.batch_norm(1e-5);
    reference.conv(Conv::new(2, [2, 2]));
    check!(AfterActivation, reference);
}

network! {
    struct AfterFlatten: [2, 4, 4] {
        conv: Conv2d<3, 3>,
        ReLU,
        Flatten,
        Tanh,
        bn: BatchNorm1d,
        fc: Linear<4>,
    }
}

#[test]
fn after_a_flatten_every_value_is_a_channel() {
    let mut reference = Reference::new([2, 4, 4]);
    reference.conv(Conv::new(3, [3, 3]));
    reference.relu();
    reference.flatten();
    reference.map(f64::tanh);
    reference.batch_norm(1e-5);
    reference.linear(4, true);
    check!(AfterFlatten, reference);
}

network! {
    struct NotAcrossFlatten: [2, 3, 3] { conv: Conv2d<3, 2>, Flatten, bn: BatchNorm1d }
}

#[test]
fn not_folded_across_a_flatten_that_mixes_channels() {
    let mut reference = Reference::new([2, 3, 3]);
    reference.conv(Conv::new(3, [2, 2]));
    reference.flatten();
    reference.batch_norm(1e-5);
    check!(NotAcrossFlatten, reference);
}

network! {
    struct AcrossEmptyFlatten: [2, 3, 3] { conv: Conv2d<3, 3>, Flatten, bn: BatchNorm1d, ReLU }
}

#[test]
fn folded_across_a_flatten_that_changes_nothing() {
    let mut reference = Reference::new([2, 3, 3]);
    reference.conv(Conv::new(3, [3, 3]));
    reference.flatten();
    reference.batch_norm(1e-5);
    reference.relu();
    let trace = check!(AcrossEmptyFlatten, reference);
    assert_eq!(trace[0].values, trace[2].values);
}

network! {
    struct OneChannel: [1, 3, 4] { Flatten, bn: BatchNorm1d, ReLU, fc: Linear<2> }
}

#[test]
fn a_flatten_of_one_channel_is_a_view() {
    let mut reference = Reference::new([1, 3, 4]);
    reference.flatten();
    reference.batch_norm(1e-5);
    reference.relu();
    reference.linear(2, true);
    check!(OneChannel, reference);
}
