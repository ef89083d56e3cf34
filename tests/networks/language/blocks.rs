//! Residual and sequential blocks.

use crate::check;
use crate::reference::{Conv, Reference};
use microcnn::prelude::*;

const SAME: Conv = Conv { padding: [1; 4], bias: false, ..Conv::new(4, [3, 3]) };

network! {
    struct Identity: [4, 5, 5] {
        block: Residual {
            conv1: Conv2d<4, 3>(padding = 1, bias = false),
            bn1: BatchNorm2d,
            ReLU,
            conv2: Conv2d<4, 3>(padding = 1, bias = false),
            bn2: BatchNorm2d,
        },
        ReLU,
    }
}

#[test]
fn the_shortcut_is_the_identity_when_left_out() {
    let mut reference = Reference::new([4, 5, 5]);
    let input = reference.clone();
    reference.conv(SAME);
    reference.batch_norm(1e-5);
    reference.relu();
    reference.conv(SAME);
    reference.batch_norm(1e-5);
    reference.add(&input);
    reference.relu();
    let trace = check!(Identity, reference);
    assert_eq!(
        trace.iter().map(|item| item.name).collect::<Vec<_>>(),
        ["block.conv1", "block.bn1", "block.relu1", "block.conv2", "block.bn2", "block", "relu1"],
    );
    assert_eq!(trace[5].kind, "Residual");
}

network! {
    struct Projection: [3, 6, 6] -> [4, 3, 3] {
        stem: Conv2d<4, 1>,
        block: Residual {
            conv: Conv2d<4, 3>(padding = 1, stride = 2),
            ReLU,
        } shortcut {
            skip: Conv2d<4, 1>(stride = 2),
            bn: BatchNorm2d,
        },
        out: Conv2d<4, 1>,
    }
}

#[test]
fn a_shortcut_with_layers() {
    let mut reference = Reference::new([3, 6, 6]);
    reference.conv(Conv::new(4, [1, 1]));
    let input = reference.clone();
    reference.conv(Conv { padding: [1; 4], stride: [2, 2], ..Conv::new(4, [3, 3]) });
    reference.relu();
    let mut shortcut = reference.shortcut_from(&input);
    shortcut.conv(Conv { stride: [2, 2], ..Conv::new(4, [1, 1]) });
    shortcut.batch_norm(1e-5);
    reference.join(shortcut);
    reference.conv(Conv::new(4, [1, 1]));
    let trace = check!(Projection, reference);
    assert_eq!(trace[3].name, "block.skip");
}

network! {
    // The activation in the block must not reach the convolution before it: the shortcut reads that.
    struct Preactivation: [2, 4, 4] {
        stem: Conv2d<4, 1>,
        Residual { bn1: BatchNorm2d, ReLU, conv1: Conv2d<4, 3>(padding = 1) },
        stem2: Conv2d<4, 1>,
        Residual { ReLU, conv2: Conv2d<4, 3>(padding = same) },
    }
}

#[test]
fn what_a_shortcut_reads_is_not_fused() {
    let mut reference = Reference::new([2, 4, 4]);
    reference.conv(Conv::new(4, [1, 1]));
    let input = reference.clone();
    reference.batch_norm(1e-5);
    reference.relu();
    reference.conv(Conv { padding: [1; 4], ..Conv::new(4, [3, 3]) });
    reference.add(&input);
    reference.conv(Conv::new(4, [1, 1]));
    let input = reference.clone();
    reference.relu();
    reference.conv(Conv { padding: [1; 4], ..Conv::new(4, [3, 3]) });
    reference.add(&input);
    check!(Preactivation, reference);
}

network! {
    struct Nested: [4, 4, 4] {
        outer: Residual {
            Residual {
                conv1: Conv2d<4, 1>,
                inner: Residual { conv: Conv2d<4, 1> } shortcut { conv2: Conv2d<4, 1>, Tanh },
            } shortcut {
                conv2: Conv2d<4, 1>,
                deep: Residual { ReLU } shortcut { Sigmoid },
            },
            conv3: Conv2d<4, 1>,
        },
        fc: Conv2d<2, 4>,
    }
}

#[test]
fn blocks_in_blocks_on_both_paths() {
    let conv = Conv::new(4, [1, 1]);
    let mut reference = Reference::new([4, 4, 4]);
    let outer = reference.clone();
    reference.conv(conv);
    let inner = reference.clone();
    reference.conv(conv);
    let mut shortcut = reference.shortcut_from(&inner);
    shortcut.conv(conv);
    shortcut.map(f64::tanh);
    reference.join(shortcut);
    let mut shortcut = reference.shortcut_from(&outer);
    shortcut.conv(conv);
    let deep = shortcut.clone();
    shortcut.relu();
    let mut sigmoid = shortcut.shortcut_from(&deep);
    sigmoid.map(|x| 1.0 / (1.0 + (-x).exp()));
    shortcut.join(sigmoid);
    reference.join(shortcut);
    reference.conv(conv);
    reference.add(&outer);
    reference.conv(Conv::new(2, [4, 4]));
    check!(Nested, reference);
}

network! {
    struct FlatPaths: [2, 3, 3] {
        Residual {
            Flatten,
            fc1: Linear<8>,
            ReLU,
            fc2: Linear<18>,
        } shortcut {
            Flatten,
        },
        Flatten,
        block: Residual { fc: Linear<18> },
        conv: Conv2d<3, 1>,
    }
}

#[test]
fn both_paths_of_a_block_have_one_order_of_values() {
    let mut reference = Reference::new([2, 3, 3]);
    reference.flatten();
    let input = reference.clone();
    reference.linear(8, true);
    reference.relu();
    reference.linear(18, true);
    reference.add(&input);
    let input = reference.clone();
    reference.linear(18, true);
    reference.add(&input);
    reference.conv(Conv::new(3, [1, 1]));
    check!(FlatPaths, reference);
}

network! {
    struct Sequences: [2, 4, 4] {
        features: Sequential {
            0: Conv2d<4, 3>,
            1: Sequential { 0: BatchNorm2d },
            ReLU,
        },
        Sequential { ReLU, conv: Conv2d<3, 1> },
        empty: Sequential {},
        ReLU,
    }
}

#[test]
fn sequences_group_names_and_nothing_else() {
    let mut reference = Reference::new([2, 4, 4]);
    reference.conv(Conv::new(4, [3, 3]));
    reference.batch_norm(1e-5);
    reference.relu();
    reference.conv(Conv::new(3, [1, 1]));
    reference.relu();
    let trace = check!(Sequences, reference);
    assert_eq!(
        trace.iter().map(|item| item.name).collect::<Vec<_>>(),
        ["features.0", "features.1.0", "features.relu1", "relu1", "conv", "relu2"],
    );
    assert_eq!(trace[0].values, trace[1].values, "the normalization is folded across blocks");
}
