//! The names of layers and parameters.

use microcnn::prelude::*;
use microcnn::weights::to_safetensors;

fn names(layers: &[microcnn::network::LayerInfo]) -> Vec<&'static str> {
    layers.iter().map(|layer| layer.name).collect()
}

network! {
    struct Kinds: [4, 8, 8] {
        MaxPool2d<2>(stride = 1),
        pooling: AvgPool2d<2>(stride = 1),
        AvgPool2d<2>(stride = 1),
        ReLU, ReLU6, LeakyReLU, Sigmoid, Tanh, HardSwish, SiLU,
        Residual { Residual { ReLU }, Softmax },
        GlobalAvgPool2d,
        Flatten,
        Dropout,
        Softmax,
    }
}

#[test]
fn a_layer_without_a_label_has_its_kind_and_a_number() {
    assert_eq!(
        names(Kinds::<f32>::LAYERS),
        [
            "pool1",
            "pooling",
            "pool3",
            "relu1",
            "relu2",
            "relu3",
            "sigmoid1",
            "tanh1",
            "hardswish1",
            "silu1",
            "relu4",
            "residual2",
            "softmax1",
            "residual1",
            "pool4",
            "flatten1",
            "dropout1",
            "softmax2",
        ],
    );
}

network! {
    struct Collisions: [4] {
        ReLU,
        relu1: Tanh,
        relu4: Sigmoid,
        ReLU,
        ReLU,
        ReLU,
        Sequential { block_relu1: ReLU },
        block: Sequential { ReLU },
        r#type: ReLU,
        Some: ReLU,
        r#self_: ReLU,
    }
}

#[test]
fn no_two_layers_have_one_name() {
    let mut names = names(Collisions::<f32>::LAYERS);
    assert_eq!(
        names,
        [
            "relu2",
            "relu1",
            "relu4",
            "relu3",
            "relu5",
            "relu6",
            "block_relu1",
            "block.relu1",
            "type",
            "Some",
            "self_",
        ],
    );
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 11);
}

network! {
    struct Parameters: [2, 4, 4] {
        stem: Conv2d<4, 1>(bias = false),
        Residual { first: Conv2d<4, 3>(padding = 1) },
        block1: Residual {
            conv1: Conv2d<4, 3>(padding = 1),
            bn1: BatchNorm2d,
        } shortcut {
            skip: Conv2d<4, 1>,
        },
        head: Sequential { Sequential { Flatten, fc: Linear<2> } },
    }
}

#[test]
fn parameters_are_named_as_in_pytorch() {
    let file = to_safetensors(&Parameters::random(1));
    let header = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header = std::str::from_utf8(&file[8..8 + header]).unwrap();
    let mut found: Vec<_> = header
        .split('"')
        .filter(|text| {
            text.ends_with("weight") || text.ends_with("bias") || text.contains("running")
        })
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "block1.bn1.bias",
            "block1.bn1.running_mean",
            "block1.bn1.running_var",
            "block1.bn1.weight",
            "block1.conv1.bias",
            "block1.conv1.weight",
            "block1.skip.bias",
            "block1.skip.weight",
            "first.bias",
            "first.weight",
            "head.fc.bias",
            "head.fc.weight",
            "stem.weight",
        ],
    );
    assert_eq!(Parameters::<f32>::PARAMETERS, 8 + 148 + 148 + 8 + 20 + 130);
}
