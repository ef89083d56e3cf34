//! The convolutions of LeNet-5, ResNet-8 (CIFAR), MobileNetV1-0.25 (96×96) and DS-CNN (49×10), with the
//! pools that follow them, and some larger ones.

use microcnn::__private::*;
use microcnn::conv::Convolve;
use microcnn::map::Map;
use microcnn::simd::Isa;

/// A layer with what it gives in a network.
pub(crate) trait Timed: ConvLayer {
    /// Its output, or that of the 2×2 pool that follows.
    type Result: Map<f32>;

    /// Runs it as a network does.
    fn forward<'o, A: Convolve<f32>, I: Isa>(
        conv: &Conv2d<f32, A, Self>,
        isa: I,
        input: &Self::Input<f32>,
        output: &'o mut [Block],
        scratch: &mut [Block],
    ) -> &'o Self::Result;
}

pub(crate) trait Visitor {
    fn visit<L: Timed>(&mut self);
}

/// Declares layer types, each with its shape, and a function that shows all of them to a visitor.
macro_rules! layers {
    ($($name:ident: [$c:literal, $h:literal, $w:literal] -> [$o:literal, $oh:literal, $ow:literal],
        $kh:literal x $kw:literal, stride $s:literal, padding $p:expr, groups $g:literal
        $(, pooled [$ph:literal, $pw:literal])?;)+) => {
        $(
            #[derive(Clone, Copy, Debug, Default)]
            #[allow(non_camel_case_types, reason = "names as in the networks")]
            pub(crate) struct $name;

            impl Layer for $name {
                type Input<T: Pod> = FeatureMap<T, $c, $h, $w>;
                type Output<T: Pod> = FeatureMap<T, $o, $oh, $ow>;
            }

            impl Epilogue for $name {
                const ACTIVATION: Activation = Activation::ReLU;
                $(const POOL: Option<PoolShape> = Some(PoolShape {
                    input: [$o, $oh, $ow],
                    output: [$o, $ph, $pw],
                    window: Window {
                        kernel: [2; 2],
                        stride: [2; 2],
                        padding: [0; 4],
                        dilation: [1; 2],
                    },
                });)?
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

            impl Timed for $name {
                type Result = layers!(@result $o, $oh, $ow $(, $ph, $pw)?);

                #[inline(always)]
                fn forward<'o, A: Convolve<f32>, I: Isa>(
                    conv: &Conv2d<f32, A, Self>,
                    isa: I,
                    input: &Self::Input<f32>,
                    output: &'o mut [Block],
                    scratch: &mut [Block],
                ) -> &'o Self::Result {
                    layers!(@forward $($ph)? conv isa, input, output, scratch)
                }
            }

            const _: () = assert!($name::SPEC.shape.is_consistent());
        )+

        pub(crate) fn each<V: Visitor>(visitor: &mut V) {
            $(visitor.visit::<$name>();)+
        }
    };
    (@forward $conv:ident $($argument:ident),+) => { $conv.forward($($argument),+) };
    (@forward $pool:literal $conv:ident $($argument:ident),+) => {
        $conv.forward_pooled($($argument),+)
    };
    (@result $o:literal, $oh:literal, $ow:literal) => { FeatureMap<f32, $o, $oh, $ow> };
    (@result $o:literal, $oh:literal, $ow:literal, $ph:literal, $pw:literal) => {
        FeatureMap<f32, $o, $ph, $pw>
    };
}

layers! {
    lenet_conv1: [1, 28, 28] -> [6, 28, 28], 5 x 5, stride 1, padding [2; 4], groups 1, pooled [14, 14];
    lenet_conv2: [6, 14, 14] -> [16, 10, 10], 5 x 5, stride 1, padding [0; 4], groups 1, pooled [5, 5];
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
    resnet_64_skip: [32, 16, 16] -> [64, 8, 8], 1 x 1, stride 2, padding [0; 4], groups 1;
    resnet_last: [64, 1, 1] -> [10, 1, 1], 1 x 1, stride 1, padding [0; 4], groups 1;
    mobilenet_first: [3, 96, 96] -> [8, 48, 48], 3 x 3, stride 2, padding [0, 1, 0, 1], groups 1;
    mobilenet_8_depthwise: [8, 48, 48] -> [8, 48, 48], 3 x 3, stride 1, padding [1; 4], groups 8;
    mobilenet_8_16: [8, 48, 48] -> [16, 48, 48], 1 x 1, stride 1, padding [0; 4], groups 1;
    mobilenet_16_down: [16, 48, 48] -> [16, 24, 24], 3 x 3, stride 2, padding [0, 1, 0, 1], groups 16;
    mobilenet_16_32: [16, 24, 24] -> [32, 24, 24], 1 x 1, stride 1, padding [0; 4], groups 1;
    mobilenet_32_depthwise: [32, 24, 24] -> [32, 24, 24], 3 x 3, stride 1, padding [1; 4], groups 32;
    mobilenet_32_32: [32, 24, 24] -> [32, 24, 24], 1 x 1, stride 1, padding [0; 4], groups 1;
    mobilenet_32_down: [32, 24, 24] -> [32, 12, 12], 3 x 3, stride 2, padding [0, 1, 0, 1], groups 32;
    mobilenet_32_64: [32, 12, 12] -> [64, 12, 12], 1 x 1, stride 1, padding [0; 4], groups 1;
    mobilenet_64_depthwise: [64, 12, 12] -> [64, 12, 12], 3 x 3, stride 1, padding [1; 4], groups 64;
    mobilenet_64_64: [64, 12, 12] -> [64, 12, 12], 1 x 1, stride 1, padding [0; 4], groups 1;
    mobilenet_64_down: [64, 12, 12] -> [64, 6, 6], 3 x 3, stride 2, padding [0, 1, 0, 1], groups 64;
    mobilenet_64_128: [64, 6, 6] -> [128, 6, 6], 1 x 1, stride 1, padding [0; 4], groups 1;
    mobilenet_128_depthwise: [128, 6, 6] -> [128, 6, 6], 3 x 3, stride 1, padding [1; 4], groups 128;
    mobilenet_128_128: [128, 6, 6] -> [128, 6, 6], 1 x 1, stride 1, padding [0; 4], groups 1;
    mobilenet_128_down: [128, 6, 6] -> [128, 3, 3], 3 x 3, stride 2, padding [0, 1, 0, 1], groups 128;
    mobilenet_128_256: [128, 3, 3] -> [256, 3, 3], 1 x 1, stride 1, padding [0; 4], groups 1;
    mobilenet_256_depthwise: [256, 3, 3] -> [256, 3, 3], 3 x 3, stride 1, padding [1; 4], groups 256;
    mobilenet_256_256: [256, 3, 3] -> [256, 3, 3], 1 x 1, stride 1, padding [0; 4], groups 1;
    mobilenet_last: [256, 1, 1] -> [2, 1, 1], 1 x 1, stride 1, padding [0; 4], groups 1;
    dscnn_first: [1, 49, 10] -> [64, 25, 5], 10 x 4, stride 2, padding [4, 5, 1, 1], groups 1;
    dscnn_depthwise: [64, 25, 5] -> [64, 25, 5], 3 x 3, stride 1, padding [1; 4], groups 64;
    dscnn_64_64: [64, 25, 5] -> [64, 25, 5], 1 x 1, stride 1, padding [0; 4], groups 1;
    dscnn_last: [64, 1, 1] -> [12, 1, 1], 1 x 1, stride 1, padding [0; 4], groups 1;
    large_32: [32, 32, 32] -> [32, 32, 32], 3 x 3, stride 1, padding [1; 4], groups 1;
    large_32_5x5: [32, 32, 32] -> [32, 32, 32], 5 x 5, stride 1, padding [2; 4], groups 1;
    large_64_5x5: [64, 32, 32] -> [64, 32, 32], 5 x 5, stride 1, padding [2; 4], groups 1;
    large_128: [128, 32, 32] -> [128, 32, 32], 3 x 3, stride 1, padding [1; 4], groups 1;
}
