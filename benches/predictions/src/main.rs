//! Predicts a digit so many times, for whoever counts instructions or time:
//!
//!     cargo run --release -- PRECISION COUNT FILE
//!
//! and says how long one took in the fastest of some parts of them, on which instruction set, and what it
//! gave. A quantized network comes from the file; if there is none, it is made and saved there.

use microcnn::conv::Convolve;
use microcnn::lenet::LeNet5;
use microcnn::prelude::*;
use microcnn::quant::Rounding;
use microcnn::simd;
use std::hint::black_box;
use std::num::NonZero;
use std::path::Path;
use std::thread::yield_now;
use std::time::Instant;

/// What else the machine does can only make a part slower.
const PARTS: u32 = 50;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [precision, count, file] = &arguments[..] else { panic!("give PRECISION COUNT FILE") };
    let count: NonZero<u32> = count.parse().expect("a number of predictions");
    let (count, file) = (count.get(), Path::new(file));
    match precision.as_str() {
        "f32" => predict(&LeNet5::pretrained(), count),
        "i8" => predict(&load_or(quantized::<i8>, file), count),
        "w4a8" => predict(&load_or(quantized::<W4A8>, file), count),
        _ => panic!("{precision}: neither f32 nor i8 nor w4a8"),
    }
}

/// The network in a file. (To make one takes many times the instructions of a prediction.)
fn load_or<P: Precision>(make: fn() -> LeNet5<P>, file: &Path) -> LeNet5<P>
where
    Auto: Convolve<P>,
{
    if file.exists() {
        return LeNet5::from_file(file).expect("a network in this precision");
    }
    let network = make();
    network.save(file).expect("the file can be written");
    network
}

/// What a network computes does not change how long it takes: the quickest way to quantize is enough.
fn quantized<P: Precision>() -> LeNet5<P>
where
    Auto: Convolve<P>,
{
    let options = QuantizeOptions::default().rounding(Rounding::Nearest).clip_weights(false);
    let image = image().map(|pixel| f32::from(pixel) / 255.0);
    LeNet5::pretrained().quantize_with(&image, options).expect("an image is enough")
}

/// A digit, or something like it.
fn image() -> Tensor<u8, 1, 1, 28, 28> {
    Tensor::from_fn(|[_, _, h, w]| (h * 9 + w * 7) as u8)
}

fn predict<P: Precision>(network: &LeNet5<P>, count: u32)
where
    Auto: Convolve<P>,
{
    let image = image();
    // The first one also chooses the instruction set.
    let scores = network.predict_u8(&image);
    // System calls that an emulator's log shows: what lies between them are the predictions.
    yield_now();
    let part = count.div_ceil(PARTS);
    let mut fastest = f64::MAX;
    let mut left = count;
    while left > 0 {
        let part = part.min(left);
        left -= part;
        let start = Instant::now();
        for _ in 0..part {
            black_box(network.predict_u8(black_box(&image)));
        }
        fastest = fastest.min(start.elapsed().as_secs_f64() / f64::from(part));
    }
    yield_now();
    let each = fastest * 1e6;
    let isa = simd::active().expect("predictions ran on it");
    println!("{} on {isa}: {each:.3} µs; {:?}", P::NAME, scores.as_slice());
}
