//! Each layer of LeNet-5 by itself in each integer precision on each instruction set, as `predict_u8`
//! runs it: with what follows it fused.
//!
//! `cargo bench --bench integers -- [instruction set] [precision]`

use microcnn::__private::{Convolve, FeatureMap};
use microcnn::map::Map;
use microcnn::mnist::MNIST;
use microcnn::network::{predict_slice_on, workspace};
use microcnn::prelude::*;
use microcnn::simd::{self, Isa, Kernel};
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

network! {
    /// LeNet-5 again, whose layers are this module's to call.
    struct LeNet: [1, 28, 28] -> [10] {
        conv1: Conv2d<6, 5>(padding = 2), ReLU, MaxPool2d<2>,
        conv2: Conv2d<16, 5>, ReLU, MaxPool2d<2>,
        conv3: Conv2d<120, 5>, ReLU, Flatten,
        fc1: Linear<84>, ReLU,
        fc2: Linear<10>, Softmax,
    }
}

/// Runs a layer many times on an instruction set.
struct Repeat<F>(usize, F);

impl<F: FnMut()> Kernel for Repeat<F> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(mut self, _: I) {
        (0..self.0).for_each(|_| (self.1)());
    }
}

/// The only layer that doesn't enter the instruction set by itself.
struct Softmax<'a, P: Precision>
where
    Auto: Convolve<P>,
{
    net: &'a LeNet<P>,
    x: &'a FeatureMap<f32, 10, 1, 1>,
    output: &'a mut [Block],
}

impl<P: Precision> Kernel for Softmax<'_, P>
where
    Auto: Convolve<P>,
{
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        black_box(self.net.softmax1.forward(isa, self.x, self.output));
    }
}

/// Nanoseconds of a call: the least mean of many rounds.
fn time<I: Isa>(isa: I, mut call: impl FnMut()) -> f64 {
    const ROUNDS: usize = 300;
    let start = Instant::now();
    isa.run(Repeat(20, &mut call));
    let calls = (20e-6 * 20.0 / start.elapsed().as_secs_f64()).clamp(1.0, 400.0) as usize;
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        isa.run(Repeat(calls, &mut call));
        best = best.min(start.elapsed().as_secs_f64() / calls as f64);
    }
    best * 1e9
}

/// Bytes of an edge of the network, from the seed of a test.
fn bytes<const C: usize, const H: usize, const W: usize>(
    max: u8,
    slot: &mut Vec<u8>,
) -> &FeatureMap<u8, C, H, W> {
    let largest = usize::from(max) + 1;
    *slot = (0..C * H * W).map(|at| (at * at * 31 % 251 % largest) as u8).collect();
    Map::view(slot)
}

fn row<P, I: Isa>(isa: I, net: &LeNet<P>, image: &[u8])
where
    P: Precision<Element = u8>,
    Auto: Convolve<P>,
{
    let (mut a, mut b) = (vec![Block::ZERO; 200], vec![Block::ZERO; 200]);
    let mut output = vec![Block::ZERO; 200];
    let mut scratch = vec![Block::ZERO; <LeNet<P> as Network>::SCRATCH];
    let mut slot = Vec::new();
    let mut times = Vec::new();

    times.push(time(isa, || {
        black_box(net.input.forward::<u8, 1, 28, 28>(black_box(image), &mut a));
    }));
    let x = bytes::<1, 28, 28>(P::LARGEST, &mut slot);
    times.push(time(isa, || {
        let pooled: &FeatureMap<u8, 6, 14, 14> =
            net.conv1.forward_pooled(isa, black_box(x), &mut output, &mut scratch);
        black_box(pooled);
    }));
    let x = bytes::<6, 14, 14>(P::LARGEST, &mut slot);
    times.push(time(isa, || {
        let pooled: &FeatureMap<u8, 16, 5, 5> =
            net.conv2.forward_pooled(isa, black_box(x), &mut output, &mut scratch);
        black_box(pooled);
    }));
    let x = bytes::<16, 5, 5>(P::LARGEST, &mut slot);
    times.push(time(isa, || {
        black_box(net.conv3.forward(isa, black_box(x), &mut output, &mut scratch));
    }));
    let x = bytes::<120, 1, 1>(P::LARGEST, &mut slot);
    times.push(time(isa, || {
        black_box(net.fc1.forward(isa, black_box(x), &mut output, &mut scratch));
    }));
    let x = bytes::<84, 1, 1>(P::LARGEST, &mut slot);
    times.push(time(isa, || {
        black_box(net.fc2.forward(isa, black_box(x), &mut output, &mut scratch));
    }));
    let x = net.fc2.forward(isa, x, &mut b, &mut scratch);
    times.push(time(isa, || isa.run(Softmax { net, x: black_box(x), output: &mut a })));
    let mut workspace = workspace::<LeNet<P>>();
    times.push(time(isa, || {
        let mut scores = [0.0; 10];
        predict_slice_on(isa, net, black_box(image), &mut scores, &mut workspace);
        black_box(scores);
    }));
    print!("{:>8} {:>5}", I::NAME, P::NAME);
    times.iter().for_each(|time| print!(" {time:8.0}"));
    println!();
}

struct EachIsa<'a> {
    network: &'a LeNet,
    images: &'a MNIST,
    isa: &'a str,
    precision: &'a str,
}

impl EachIsa<'_> {
    fn row<P, I: Isa>(&self, isa: I)
    where
        P: Precision<Element = u8>,
        Auto: Convolve<P>,
    {
        if P::NAME.starts_with(self.precision) {
            let images = (0..100).map(|at| self.images.image(at));
            let net = self.network.quantize::<P>(images).expect("images are fit to calibrate with");
            row(isa, &net, self.images.at(7).as_slice());
        }
    }
}

impl simd::Visitor for EachIsa<'_> {
    fn visit<I: Isa>(&mut self, isa: I) {
        if I::NAME.starts_with(self.isa) {
            self.row::<i8, I>(isa);
            self.row::<W4A8, I>(isa);
            self.row::<I4, I>(isa);
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let wanted: Vec<_> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |at: usize| wanted.get(at).map_or("", |text| text);
    let network = LeNet::<f32>::from_file("data/reference-lenet.raw")?;
    let images = MNIST::new("data/calibration-images-idx3-ubyte.gz")?;
    let names = ["input", "conv1", "conv2", "conv3", "fc1", "fc2", "softmax", "LeNet-5"];
    print!("{:>14}", "nanoseconds");
    names.iter().for_each(|name| print!(" {name:>8}"));
    println!();
    let (isa, precision) = (wanted(0), wanted(1));
    simd::each_supported(&mut EachIsa { network: &network, images: &images, isa, precision });
    Ok(())
}
