//! Networks of the shapes that small devices run, quantized: no layer may lose more than is stated here,
//! with random parameters and with heavy-tailed ones, as training leaves them.

use microcnn::network::Network;
use microcnn::prelude::*;
use microcnn::quant::{QuantizeOptions, quantize_report};
use microcnn::weights::{from_raw, random, to_raw};

network! {
    /// A keyword spotter of depthwise separable convolutions.
    struct DsCnn: [1, 13, 10] -> [12] {
        conv: Conv2d<8, 5, 4>(stride = 2, padding = same, bias = false), norm: BatchNorm2d, ReLU,
        depth1: Conv2d<8, 3>(padding = 1, groups = 8, bias = false), norm1: BatchNorm2d, ReLU,
        point1: Conv2d<8, 1>(bias = false), norm2: BatchNorm2d, ReLU,
        GlobalAvgPool2d,
        fc: Linear<12>, Softmax,
    }
}

network! {
    /// The residual network of eight layers, with narrower ones.
    struct ResNet8: [3, 12, 12] -> [10] {
        conv: Conv2d<4, 3>(padding = 1, bias = false), norm: BatchNorm2d, ReLU,
        block1: Residual {
            conv1: Conv2d<4, 3>(padding = 1, bias = false), norm1: BatchNorm2d, ReLU,
            conv2: Conv2d<4, 3>(padding = 1, bias = false), norm2: BatchNorm2d,
        },
        ReLU,
        block2: Residual {
            conv1: Conv2d<8, 3>(stride = 2, padding = 1, bias = false), norm1: BatchNorm2d, ReLU,
            conv2: Conv2d<8, 3>(padding = 1, bias = false), norm2: BatchNorm2d,
        } shortcut {
            skip: Conv2d<8, 1>(stride = 2),
        },
        ReLU,
        GlobalAvgPool2d,
        fc: Linear<10>, Softmax,
    }
}

network! {
    /// Inverted residual blocks, with the activations of two generations of MobileNet.
    struct MobileNet: [3, 12, 12] -> [5] {
        stem: Conv2d<4, 3>(stride = 2, padding = 1, bias = false), norm: BatchNorm2d, HardSwish,
        block: Residual {
            expand: Conv2d<12, 1>(bias = false), norm1: BatchNorm2d, ReLU6,
            depth: Conv2d<12, 3>(padding = 1, groups = 12, bias = false), norm2: BatchNorm2d, ReLU6,
            project: Conv2d<4, 1>(bias = false), norm3: BatchNorm2d,
        },
        GlobalAvgPool2d,
        fc: Linear<5>,
    }
}

/// Numbers from 0 to 1, the same in each run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }

    /// Bell-shaped, of variance 1.
    fn bell(&mut self) -> f32 {
        (0..12).map(|_| self.next()).sum::<f32>() - 6.0
    }
}

/// Each parameter times a factor of a wide distribution: most become smaller, a few many times larger.
fn heavy_tailed<N: Network>(network: &N) -> N {
    let mut noise = Noise(7);
    let raw = to_raw(network);
    let values = raw.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
    let values = values.map(|value| value * (0.8 * noise.bell()).exp());
    from_raw(&values.flat_map(f32::to_le_bytes).collect::<Vec<u8>>()).unwrap()
}

/// Pictures of blobs on an uneven ground.
fn images([channels, height, width]: [usize; 3]) -> Vec<Vec<f32>> {
    let mut noise = Noise(1);
    let image = |_| {
        let (x0, y0, size) = (noise.next(), noise.next(), 0.1 + 0.3 * noise.next());
        let mut values = Vec::new();
        for _ in 0..channels {
            let (ground, ink) = (0.3 * noise.next(), noise.next());
            for y in 0..height {
                for x in 0..width {
                    let (x, y) = (x as f32 / width as f32 - x0, y as f32 / height as f32 - y0);
                    let blob = (-(x * x + y * y) / (size * size)).exp();
                    values.push((ground + ink * blob + 0.1 * noise.next()).clamp(0.0, 1.0));
                }
            }
        }
        values
    };
    (0..32).map(image).collect()
}

/// Holds the signal-to-noise ratio of each layer, in decibels, above a floor.
fn check<N: Network, M: Network>(network: &N, floor: f64) {
    let images = images(N::INPUT);
    let (_, report) =
        quantize_report::<N, M>(network, &images, &QuantizeOptions::default()).unwrap();
    println!("{} {}\n{report}", N::NAME, M::PRECISION);
    assert_eq!(report.layers.len(), N::LAYERS.len());
    for layer in &report.layers {
        assert!(layer.signal_to_noise >= floor, "{} {}: {layer:?}", N::NAME, M::PRECISION);
        assert!(layer.squared_error.is_finite() && (0.0..=1.0).contains(&layer.clipped));
    }
}

/// Floors in 8 bits and with weights of 4 bits.
type Floors = [f64; 2];
const RANDOM: Floors = [26.0, 18.0];
const HEAVY_TAILED: Floors = [19.0, 10.0];

fn check_all<N: Network, I8: Network, W: Network>() {
    let network = random::<N>(3);
    for (network, floors) in [(heavy_tailed(&network), HEAVY_TAILED), (network, RANDOM)] {
        check::<N, I8>(&network, floors[0]);
        check::<N, W>(&network, floors[1]);
    }
}

#[test]
fn ds_cnn() {
    check_all::<DsCnn, DsCnn<i8>, DsCnn<W4A8>>();
}

#[test]
fn resnet_8() {
    check_all::<ResNet8, ResNet8<i8>, ResNet8<W4A8>>();
}

#[test]
fn mobilenet() {
    check_all::<MobileNet, MobileNet<i8>, MobileNet<W4A8>>();
}
