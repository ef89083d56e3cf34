//! The convolutions of LeNet-5, ResNet-8 (CIFAR), MobileNetV1-0.25 (96×96) and DS-CNN (49×10).

/// Declares layer types, each with its shape, and a function that shows all of them to a visitor.
macro_rules! layers {
    ($($name:ident: [$c:literal, $h:literal, $w:literal] -> [$o:literal, $oh:literal, $ow:literal],
        $kh:literal x $kw:literal, stride $s:literal, padding $p:expr, groups $g:literal;)+) => {
        $(
            #[derive(Clone, Copy, Debug, Default)]
            #[allow(non_camel_case_types)]
            pub(crate) struct $name;

            impl Layer for $name {
                type Input<T: Pod> = FeatureMap<T, $c, $h, $w>;
                type Output<T: Pod> = FeatureMap<T, $o, $oh, $ow>;
            }

            impl Epilogue for $name {
                const ACTIVATION: Activation = Activation::ReLU;
            }

            impl ConvLayer for $name {
                const SPEC: ConvSpec = ConvSpec {
                    name: stringify!($name),
                    shape: ConvShape {
                        input: [$c, $h, $w],
                        output: [$o, $oh, $ow],
                        window: Window {
                            kernel: [$kh, $kw],
                            stride: [$s, $s],
                            padding: $p,
                            dilation: [1, 1],
                        },
                        groups: $g,
                    },
                    weight: Some(&[$o, $c / $g, $kh, $kw]),
                    bias: true,
                    norm: None,
                };
            }

            const _: () = assert!($name::SPEC.shape.is_consistent());
        )+

        pub(crate) fn each<V: Visitor>(visitor: &mut V) {
            $(visitor.visit::<$name>();)+
        }
    };
}

use microcnn::__private::*;

pub(crate) trait Visitor {
    fn visit<L: ConvLayer>(&mut self);
}

layers! {
    lenet_conv1: [1, 28, 28] -> [6, 28, 28], 5 x 5, stride 1, padding [2; 4], groups 1;
    lenet_conv2: [6, 14, 14] -> [16, 10, 10], 5 x 5, stride 1, padding [0; 4], groups 1;
    lenet_conv3: [16, 5, 5] -> [120, 1, 1], 5 x 5, stride 1, padding [0; 4], groups 1;
    lenet_fc1: [120, 1, 1] -> [84, 1, 1], 1 x 1, stride 1, padding [0; 4], groups 1;
    lenet_fc2: [84, 1, 1] -> [10, 1, 1], 1 x 1, stride 1, padding [0; 4], groups 1;
    resnet_first: [3, 32, 32] -> [16, 32, 32], 3 x 3, stride 1, padding [1; 4], groups 1;
    resnet_16: [16, 32, 32] -> [16, 32, 32], 3 x 3, stride 1, padding [1; 4], groups 1;
    resnet_32_down: [16, 32, 32] -> [32, 16, 16], 3 x 3, stride 2, padding [0, 1, 0, 1], groups 1;
    resnet_32: [32, 16, 16] -> [32, 16, 16], 3 x 3, stride 1, padding [1; 4], groups 1;
    resnet_32_skip: [16, 32, 32] -> [32, 16, 16], 1 x 1, stride 2, padding [0; 4], groups 1;
    resnet_64_down: [32, 16, 16] -> [64, 8, 8], 3 x 3, stride 2, padding [0, 1, 0, 1], groups 1;
    resnet_64: [64, 8, 8] -> [64, 8, 8], 3 x 3, stride 1, padding [1; 4], groups 1;
    mobilenet_first: [3, 96, 96] -> [8, 48, 48], 3 x 3, stride 2, padding [0, 1, 0, 1], groups 1;
    mobilenet_8_depthwise: [8, 48, 48] -> [8, 48, 48], 3 x 3, stride 1, padding [1; 4], groups 8;
    mobilenet_8_16: [8, 48, 48] -> [16, 48, 48], 1 x 1, stride 1, padding [0; 4], groups 1;
    mobilenet_16_depthwise: [16, 48, 48] -> [16, 24, 24], 3 x 3, stride 2, padding [0, 1, 0, 1], groups 16;
    mobilenet_32_32: [32, 24, 24] -> [32, 24, 24], 1 x 1, stride 1, padding [0; 4], groups 1;
    mobilenet_64_depthwise: [64, 12, 12] -> [64, 12, 12], 3 x 3, stride 1, padding [1; 4], groups 64;
    mobilenet_64_64: [64, 12, 12] -> [64, 12, 12], 1 x 1, stride 1, padding [0; 4], groups 1;
    mobilenet_128_depthwise: [128, 6, 6] -> [128, 6, 6], 3 x 3, stride 1, padding [1; 4], groups 128;
    mobilenet_128_128: [128, 6, 6] -> [128, 6, 6], 1 x 1, stride 1, padding [0; 4], groups 1;
    mobilenet_256_256: [256, 3, 3] -> [256, 3, 3], 1 x 1, stride 1, padding [0; 4], groups 1;
    dscnn_first: [1, 49, 10] -> [64, 25, 5], 10 x 4, stride 2, padding [4, 5, 1, 1], groups 1;
    dscnn_depthwise: [64, 25, 5] -> [64, 25, 5], 3 x 3, stride 1, padding [1; 4], groups 64;
    dscnn_64_64: [64, 25, 5] -> [64, 25, 5], 1 x 1, stride 1, padding [0; 4], groups 1;
}
