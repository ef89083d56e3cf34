//! Predicts a digit so many times, for whoever counts instructions or time:
//!
//!     predictions PRECISION COUNT
//!
//! and says how long one took, on which instruction set.

use microcnn::conv::Convolve;
use microcnn::lenet::LeNet5;
use microcnn::prelude::*;
use microcnn::quant::Rounding;
use microcnn::simd;
use std::hint::black_box;
use std::time::Instant;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [precision, count] = &arguments[..] else { panic!("predictions PRECISION COUNT") };
    let count = count.parse().expect("a number of predictions");
    let network = LeNet5::pretrained();
    match precision.as_str() {
        "f32" => predict(&network, count),
        "i8" => predict(&quantized::<i8>(&network), count),
        "w4a8" => predict(&quantized::<W4A8>(&network), count),
        "i4" => predict(&quantized::<I4>(&network), count),
        "w2a8" => predict(&quantized::<W2A8>(&network), count),
        _ => panic!("{precision}: not a precision"),
    }
}

/// A digit, or something like it.
fn image() -> Tensor<u8, 1, 1, 28, 28> {
    Tensor::from_fn(|[_, _, h, w]| (h * 9 + w * 7) as u8)
}

/// What a network computes does not change how long it takes: the quickest way to quantize is enough.
fn quantized<P: Precision>(network: &LeNet5) -> LeNet5<P>
where
    Auto: Convolve<P>,
{
    let options = QuantizeOptions::default().rounding(Rounding::Nearest).clip_weights(false);
    let image = image().map(|pixel| f32::from(pixel) / 255.0);
    network.quantize_with(&image, options).expect("an image is enough")
}

fn predict<P: Precision>(network: &LeNet5<P>, count: u32)
where
    Auto: Convolve<P>,
{
    let image = image();
    let start = Instant::now();
    for _ in 0..count {
        black_box(network.predict_u8(black_box(&image)));
    }
    let each = start.elapsed() / count.max(1);
    println!("{} on {}: {:.3} µs", P::NAME, simd::active().expect("it ran"), each.as_nanos() as f64 / 1e3);
}
