//! Every kind of layer against PyTorch: the networks of `train/make_fixtures.py`, declared here with
//! the same numbers, give PyTorch's results within the bound that the script derives.

#![cfg(test)]

mod fused;

use microcnn::network::{Network, predict_slice_on, trace_slice_on};
use microcnn::prelude::*;
use microcnn::simd::Scalar;

/// Images in every fixture.
const IMAGES: usize = 2;

network! {
    struct Plain: [3, 8, 8] -> [8, 6, 6] { conv: Conv2d<8, 3> }
}
network! {
    struct WithoutBias: [3, 6, 6] -> [5, 4, 4] { conv: Conv2d<5, 3>(bias = false), ReLU }
}
network! {
    struct Pointwise: [19, 5, 5] -> [21, 5, 5] { conv: Conv2d<21, 1>, ReLU }
}
network! {
    struct ManyChannels: [17, 5, 5] -> [33, 5, 5] { conv: Conv2d<33, 3>(padding = 1), ReLU }
}
network! {
    struct Rectangular: [2, 5, 13] -> [4, 1, 7] {
        across: Conv2d<8, 1, 7>,
        ReLU,
        down: Conv2d<4, 5, 1>,
    }
}
network! {
    struct Strided: [3, 11, 9] -> [16, 6, 5] {
        conv: Conv2d<16, 3>(stride = 2, padding = 1),
        ReLU,
    }
}
network! {
    struct StridedByTwoNumbers: [2, 12, 13] -> [5, 5, 4] { conv: Conv2d<5, 3, 2>(stride = [2, 3]) }
}
network! {
    struct StrideAboveKernel: [2, 9, 9] -> [4, 3, 3] { conv: Conv2d<4, 2>(stride = 3) }
}
network! {
    struct Dilated: [2, 12, 12] -> [4, 10, 6] {
        conv1: Conv2d<6, 3>(dilation = 2, padding = 2),
        ReLU,
        conv2: Conv2d<4, 3>(dilation = [1, 3]),
    }
}
network! {
    struct DilatedStrided: [3, 13, 14] -> [6, 6, 8] {
        conv: Conv2d<6, 3, 2>(dilation = [2, 3], stride = 2, padding = [1, 2]),
    }
}
network! {
    struct Grouped: [6, 7, 7] -> [6, 7, 7] {
        conv1: Conv2d<9, 3>(groups = 3, padding = 1),
        ReLU,
        conv2: Conv2d<6, 1>(groups = 3),
    }
}
network! {
    struct WideGroups: [8, 5, 5] -> [40, 5, 5] { conv: Conv2d<40, 3>(groups = 2, padding = 1) }
}
network! {
    struct Depthwise: [5, 9, 9] -> [7, 5, 5] {
        dw1: Conv2d<5, 3>(groups = 5, padding = 1),
        ReLU6,
        pw1: Conv2d<20, 1>,
        ReLU6,
        dw2: Conv2d<20, 5>(groups = 20, stride = 2, padding = 2, bias = false),
        pw2: Conv2d<7, 1>,
    }
}
network! {
    struct DepthwiseWithMultiplier: [4, 6, 6] -> [8, 4, 4] { conv: Conv2d<8, 3>(groups = 4) }
}
network! {
    struct PaddedAllRound: [1, 7, 7] -> [6, 7, 7] { conv: Conv2d<6, 5>(padding = 2), ReLU }
}
network! {
    struct PaddedByTwoNumbers: [2, 6, 7] -> [4, 8, 5] { conv: Conv2d<4, 3>(padding = [2, 0]) }
}
network! {
    struct PaddedByFourNumbers: [2, 6, 7] -> [4, 6, 9] {
        conv: Conv2d<4, 3>(padding = [0, 2, 3, 1]),
    }
}
network! {
    struct PaddedBeyondTheKernel: [1, 4, 4] -> [3, 10, 10] { conv: Conv2d<3, 3>(padding = 4) }
}
network! {
    struct PaddedSame: [2, 7, 8] -> [3, 7, 8] {
        odd: Conv2d<4, 3>(padding = same),
        even: Conv2d<4, 4, 2>(padding = same),
        dilated: Conv2d<3, 2>(dilation = 3, padding = same),
    }
}
network! {
    struct PaddedSameStrided: [2, 10, 7] -> [4, 3, 2] {
        conv1: Conv2d<4, 3, 5>(stride = 2, padding = same),
        ReLU,
        conv2: Conv2d<4, 2>(stride = 2, padding = same),
    }
}
network! {
    struct MaxPools: [3, 12, 13] -> [6, 4, 2] {
        conv: Conv2d<6, 3>,
        MaxPool2d<2>,
        MaxPool2d<2, 3>(stride = [1, 2]),
    }
}
network! {
    struct MaxPoolsPadded: [2, 9, 10] -> [2, 4, 6] {
        norm: BatchNorm2d,
        MaxPool2d<3>(stride = 2, padding = 1),
        MaxPool2d<2>(stride = 1, padding = [1, 0, 0, 1]),
        MaxPool2d<2, 4>(stride = 1, padding = [0, 2]),
    }
}
network! {
    struct MaxPoolsSame: [2, 7, 8] -> [2, 4, 3] {
        MaxPool2d<3, 2>(stride = [2, 3], padding = same),
        MaxPool2d<2>(stride = 1, padding = same),
    }
}
network! {
    struct AveragePools: [3, 9, 11] -> [5, 2, 2] {
        AvgPool2d<3>(stride = 2, padding = 1),
        AvgPool2d<2, 3>(stride = 1),
        conv: Conv2d<5, 1>,
        AvgPool2d<2>,
    }
}
network! {
    struct AveragePoolsWithoutPadding: [3, 9, 8] -> [3, 3, 2] {
        AvgPool2d<3>(stride = 2, padding = 1, count_include_pad = false),
        AvgPool2d<2>(stride = 1, padding = [1, 0, 0, 1], count_include_pad = false),
        AvgPool2d<2>(padding = same, count_include_pad = false),
    }
}
network! {
    struct AveragePoolPaddedByFourNumbers: [2, 6, 7] -> [2, 3, 3] {
        AvgPool2d<3>(stride = 2, padding = [1, 0, 0, 1]),
    }
}
network! {
    struct GlobalAverage: [3, 7, 6] -> [5] {
        conv: Conv2d<12, 3>,
        ReLU,
        GlobalAvgPool2d,
        fc: Linear<5>,
    }
}
network! {
    struct NormsFolded: [3, 8, 8] -> [5] {
        conv1: Conv2d<8, 3>,
        bn1: BatchNorm2d,
        ReLU,
        MaxPool2d<2>,
        conv2: Conv2d<6, 3>(bias = false),
        bn2: BatchNorm2d(eps = 1e-3),
        Flatten,
        fc: Linear<5>,
        bn3: BatchNorm1d,
    }
}
network! {
    struct NormsAlone: [3, 7, 7] -> [6, 3, 3] {
        first: BatchNorm2d,
        conv: Conv2d<6, 3>(padding = 1),
        ReLU,
        after_relu: BatchNorm2d,
        MaxPool2d<2>,
        after_pool: BatchNorm2d(eps = 0.1),
        Sigmoid,
    }
}
network! {
    struct NormsTwice: [2, 5, 5] -> [4, 3, 3] {
        conv: Conv2d<4, 3>,
        bn1: BatchNorm2d,
        bn2: BatchNorm2d,
        ReLU,
    }
}
network! {
    struct NormsFlat: [12] -> [4] {
        first: BatchNorm1d,
        fc1: Linear<9>,
        ReLU,
        bn: BatchNorm1d,
        fc2: Linear<4>(bias = false),
    }
}
network! {
    struct Activations: [2, 6, 6] -> [5, 6, 6] {
        conv1: Conv2d<5, 3>(padding = 1),
        LeakyReLU,
        conv2: Conv2d<5, 1>,
        Sigmoid,
        conv3: Conv2d<5, 1>,
        Tanh,
        conv4: Conv2d<5, 1>,
        HardSwish,
        conv5: Conv2d<5, 1>,
        SiLU,
        conv6: Conv2d<5, 1>,
        ReLU6,
    }
}
network! {
    struct ActivationsAlone: [3, 4, 5] -> [3, 4, 5] {
        LeakyReLU(negative_slope = 0.2),
        SiLU,
        HardSwish,
        Tanh,
        ReLU,
        Sigmoid,
        ReLU6,
    }
}
network! {
    struct SoftmaxOfPixels: [3, 4, 5] -> [6, 4, 5] { conv: Conv2d<6, 1>, Softmax }
}
network! {
    struct Plus: [6, 6, 6] -> [6, 6, 6] {
        block: Residual {
            conv1: Conv2d<6, 3>(padding = 1, bias = false),
            bn1: BatchNorm2d,
            ReLU,
            conv2: Conv2d<6, 3>(padding = 1, bias = false),
            bn2: BatchNorm2d,
        },
        ReLU,
    }
}
network! {
    struct ResidualWithShortcut: [4, 8, 7] -> [8, 4, 4] {
        block1: Residual {
            conv1: Conv2d<8, 3>(stride = 2, padding = 1),
            ReLU,
            conv2: Conv2d<8, 3>(padding = 1),
        } shortcut {
            skip: Conv2d<8, 1>(stride = 2, bias = false),
            skip_bn: BatchNorm2d,
        },
        ReLU,
        Residual {
            conv3: Conv2d<8, 3>(padding = 1),
        } shortcut {
            MaxPool2d<3>(stride = 1, padding = 1),
        },
    }
}
network! {
    struct ResidualNested: [3, 6, 6] -> [3, 6, 6] {
        outer: Residual {
            conv1: Conv2d<5, 3>(padding = 1),
            inner: Residual { conv: Conv2d<5, 3>(padding = 1), Tanh },
            tail: Sequential { conv: Conv2d<3, 1>, bn: BatchNorm2d },
        },
        SiLU,
        Residual { Residual { conv2: Conv2d<3, 1> }, ReLU },
    }
}
network! {
    struct ResidualFlat: [10] -> [3] {
        block: Residual { fc1: Linear<14>, ReLU, fc2: Linear<10> },
        fc: Linear<3>,
    }
}
network! {
    struct InvertedResidual: [4, 7, 7] -> [4, 1, 1] {
        block: Residual {
            expand: Conv2d<12, 1>(bias = false),
            bn1: BatchNorm2d,
            HardSwish,
            depthwise: Conv2d<12, 3>(padding = 1, groups = 12, bias = false),
            bn2: BatchNorm2d,
            HardSwish,
            project: Conv2d<4, 1>(bias = false),
            bn3: BatchNorm2d,
        },
        GlobalAvgPool2d,
    }
}
network! {
    struct Nested: [1, 10, 10] -> [4] {
        features: Sequential {
            conv1: Conv2d<4, 3>,
            ReLU,
            Sequential { conv2: Conv2d<6, 3>, ReLU },
            MaxPool2d<2>,
        },
        Flatten,
        classifier: Sequential {
            Dropout(p = 0.3),
            fc1: Linear<12>,
            ReLU,
            Dropout,
            fc2: Linear<4>,
            Softmax,
        },
    }
}
network! {
    struct FlattenLast: [2, 5, 6] -> [36] { conv: Conv2d<3, 3>, ReLU, Flatten }
}
network! {
    struct FlattenFirst: [2, 3, 4] -> [7] { Flatten, fc: Linear<7>, Tanh }
}
network! {
    struct FlatInput: [40] -> [1] {
        fc1: Linear<17>,
        ReLU,
        fc2: Linear<33>(bias = false),
        Sigmoid,
        fc3: Linear<1>,
    }
}
network! {
    struct LeNet: [1, 12, 12] -> [10] {
        conv1: Conv2d<6, 5>(padding = 2),
        ReLU,
        MaxPool2d<2>,
        conv2: Conv2d<10, 5>(padding = 1),
        ReLU,
        MaxPool2d<2>,
        Flatten,
        fc1: Linear<16>,
        ReLU,
        fc2: Linear<10>,
        Softmax,
    }
}

/// The values of a fixture's file.
fn floats(bytes: &[u8]) -> Vec<f32> {
    assert_eq!(bytes.len() % 4, 0);
    bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

/// The first place where values are further from the wanted ones than so many times the bound.
fn first_outside(found: &[f32], fixture: &Fixture, factor: f32) -> Option<String> {
    let Fixture { wanted, bound, .. } = fixture;
    assert!(found.len() <= wanted.len() && wanted.len() == bound.len());
    let values = found.iter().zip(wanted).zip(bound).enumerate();
    let mut outside = values.filter(|(_, ((f, w), b))| {
        let distance = (*f - *w).abs();
        distance.is_nan() || distance > factor * **b
    });
    outside.next().map(|(at, ((f, w), b))| format!("[{at}] is {f}, wanted {w} ± {factor} × {b:e}"))
}

/// The files of a network.
struct Fixture {
    parameters: &'static [u8],
    input: Vec<f32>,
    wanted: Vec<f32>,
    bound: Vec<f32>,
}

macro_rules! fixture {
    ($name:ident) => {
        Fixture {
            parameters: include_bytes!(concat!("pytorch/", stringify!($name), ".safetensors")),
            input: floats(include_bytes!(concat!("pytorch/", stringify!($name), ".input"))),
            wanted: floats(include_bytes!(concat!("pytorch/", stringify!($name), ".output"))),
            bound: floats(include_bytes!(concat!("pytorch/", stringify!($name), ".bound"))),
        }
    };
}

fn workspace_of<N: Network>(_: &N) -> Vec<Block> {
    vec![Block::ZERO; N::WORKSPACE]
}

/// On one instruction set, since each would be compiled for each network; tests/kernels compares them.
macro_rules! predict {
    ($Network:ident, $fixture:ident, $Algorithm:ident, $factor:expr) => {{
        let network = $Network::<f32>::from_safetensors($fixture.parameters).unwrap();
        let network = network.with_algorithm::<$Algorithm>();
        let mut output = vec![0.0; $fixture.wanted.len()];
        let mut workspace = workspace_of(&network);
        predict_slice_on(Scalar, &network, &$fixture.input, &mut output, &mut workspace);
        let outside = first_outside(&output, &$fixture, $factor);
        assert_eq!(outside, None, stringify!($Algorithm));
    }};
}

/// Each fixture's test: as it runs by default, by the definition, and layer by layer.
macro_rules! fixtures {
    ($($name:ident: $Network:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                let fixture = fixture!($name);
                predict!($Network, fixture, Auto, 1.0);
                predict!($Network, fixture, Naive, 1.0);

                let network = $Network::<f32>::from_safetensors(fixture.parameters).unwrap();
                let image = &fixture.input[..fixture.input.len() / IMAGES];
                let trace = trace_slice_on(Scalar, &network.with_algorithm::<Naive>(), image);
                let last = trace.last().unwrap();
                assert_eq!(last.values.len() * IMAGES, fixture.wanted.len());
                assert_eq!(first_outside(&last.values, &fixture, 1.0), None, "trace");
            }
        )*

        /// A fixture that no network here reads would look tested.
        #[test]
        fn every_fixture_has_its_test() {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/pytorch");
            let mut found: Vec<_> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|ending| ending == "safetensors"))
                .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
                .collect();
            let mut tested = [$(stringify!($name)),*];
            found.sort();
            tested.sort();
            assert_eq!(found, tested);
        }
    };
}

/// Algorithms that transform round more than a plain sum, by a few times; their own tests derive how
/// much for each. This many bounds of a plain sum are still far below any mistake.
const TRANSFORMED: f32 = 16.0;

/// The other algorithms, on networks that differ in what a convolution is. All others would take minutes
/// to compile; tests/kernels compares the algorithms on many more geometries.
macro_rules! algorithms {
    ($($name:ident: $fixture:ident $Network:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                let fixture = fixture!($fixture);
                predict!($Network, fixture, Im2col, 1.0);
                predict!($Network, fixture, Direct, 1.0);
                predict!($Network, fixture, Winograd, TRANSFORMED);
                predict!($Network, fixture, Fft, TRANSFORMED);
            }
        )*
    };
}

algorithms! {
    every_algorithm_on_many_channels: many_channels ManyChannels,
    every_algorithm_on_strides: strided Strided,
    every_algorithm_on_dilation: dilated Dilated,
    every_algorithm_on_groups: grouped Grouped,
    every_algorithm_on_depthwise_layers: depthwise Depthwise,
    every_algorithm_on_same_padding: padded_same PaddedSame,
    every_algorithm_on_a_shortcut: residual_with_shortcut ResidualWithShortcut,
    every_algorithm_on_lenet: lenet LeNet,
}

fixtures! {
    plain: Plain,
    without_bias: WithoutBias,
    pointwise: Pointwise,
    many_channels: ManyChannels,
    rectangular: Rectangular,
    strided: Strided,
    strided_by_two_numbers: StridedByTwoNumbers,
    stride_above_kernel: StrideAboveKernel,
    dilated: Dilated,
    dilated_strided: DilatedStrided,
    grouped: Grouped,
    wide_groups: WideGroups,
    depthwise: Depthwise,
    depthwise_with_multiplier: DepthwiseWithMultiplier,
    padded_all_round: PaddedAllRound,
    padded_by_two_numbers: PaddedByTwoNumbers,
    padded_by_four_numbers: PaddedByFourNumbers,
    padded_beyond_the_kernel: PaddedBeyondTheKernel,
    padded_same: PaddedSame,
    padded_same_strided: PaddedSameStrided,
    max_pools: MaxPools,
    max_pools_padded: MaxPoolsPadded,
    max_pools_same: MaxPoolsSame,
    average_pools: AveragePools,
    average_pools_without_padding: AveragePoolsWithoutPadding,
    average_pool_padded_by_four_numbers: AveragePoolPaddedByFourNumbers,
    global_average: GlobalAverage,
    norms_folded: NormsFolded,
    norms_alone: NormsAlone,
    norms_twice: NormsTwice,
    norms_flat: NormsFlat,
    activations: Activations,
    activations_alone: ActivationsAlone,
    softmax_of_pixels: SoftmaxOfPixels,
    residual: Plus,
    residual_with_shortcut: ResidualWithShortcut,
    residual_nested: ResidualNested,
    residual_flat: ResidualFlat,
    inverted_residual: InvertedResidual,
    sequential: Nested,
    flatten_last: FlattenLast,
    flatten_first: FlattenFirst,
    flat_input: FlatInput,
    lenet: LeNet,
}

#[test]
fn the_comparison_sees_what_is_outside() {
    let outside = |found: [f32; 2], wanted: [f32; 2], bound: [f32; 2]| {
        let [wanted, bound] = [wanted, bound].map(Vec::from);
        let fixture = Fixture { parameters: &[], input: Vec::new(), wanted, bound };
        first_outside(&found, &fixture, 2.0).is_some()
    };
    assert!(!outside([1.0, 2.0], [1.0, 2.5], [0.0, 0.25]));
    assert!(outside([1.0, 2.0], [1.0, 2.5], [0.0, 0.125]));
    assert!(outside([0.0, 0.0], [1e-6, 0.0], [1e-7, 0.0]));
    assert!(outside([0.0, f32::NAN], [0.0, 0.0], [1.0, 1.0]));
}
