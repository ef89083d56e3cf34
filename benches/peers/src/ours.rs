//! This crate: as its users call it, and every algorithm on every instruction set of this machine.

use crate::engine::{CHUNK, Engine, Row};
use crate::paths;
use microcnn::lenet::LeNet5;
use microcnn::mnist::MNIST;
use microcnn::network::{self, Network, Pixel};
use microcnn::prelude::*;
use microcnn::simd::{self, Isa, IsaError};
use std::error::Error;

type Images<T, const N: usize> = Tensor<T, N, 1, 28, 28>;
type Scores<const N: usize> = Tensor<f32, N, 10, 1, 1>;

/// All its rows.
///
/// # Errors
/// If the weights can't be read, or `MICROCNN_ISA` names what this machine doesn't have.
pub fn rows() -> Result<Vec<Row>, Box<dyn Error>> {
    let network = LeNet5::<f32>::from_file(paths::WEIGHTS)?;
    let mut rows = called(&network)?;
    simd::each_supported(&mut Forced { network: network.clone(), rows: &mut rows });
    let calibration = MNIST::new(paths::CALIBRATION)?;
    rows.extend(quantized::<i8>(&network, &calibration, 985)?);
    rows.extend(quantized::<W4A8>(&network, &calibration, 985)?);
    rows.extend(quantized::<I4>(&network, &calibration, 982)?);
    Ok(rows)
}

/// A quantized network's rows, on pixels; `least` are right answers on the first 1,000 images.
fn quantized<P: Precision>(
    network: &LeNet5,
    calibration: &MNIST,
    least: usize,
) -> Result<Vec<Row>, Box<dyn Error>>
where
    Auto: Convolve<P>,
{
    let images = (0..calibration.len()).map(|at| calibration.image(at));
    let network = network.quantize::<P>(images)?;
    let isa = simd::active()?;
    let mut rows = vec![
        Row::new(name::<LeNet5<P>>("predict_u8", isa, 1), Bytes::<_, 1>(network.clone())),
        Row::new(name::<LeNet5<P>>("predict_u8", isa, CHUNK), Bytes::<_, CHUNK>(network.clone())),
    ];
    simd::each_supported(&mut Quantized { network, rows: &mut rows });
    Ok(rows.into_iter().map(|row| row.at_least(least)).collect())
}

/// A network's rows as its users call it.
fn called<Net: Network + 'static>(network: &Net) -> Result<Vec<Row>, IsaError> {
    let isa = simd::active()?;
    let name = |call, batch| name::<Net>(call, isa, batch);
    Ok(vec![
        Row::new(name("predict", 1), Real::<_, 1>(network.clone())),
        Row::new(name("predict_u8", 1), Bytes::<_, 1>(network.clone())),
        Row::new(name("predict", CHUNK), Real::<_, CHUNK>(network.clone())),
        Row::new(name("predict_u8", CHUNK), Bytes::<_, CHUNK>(network.clone())),
    ])
}

fn name<Net: Network>(how: &str, isa: &str, batch: usize) -> String {
    format!("microcnn {}/{how}/{isa}/b{batch}", Net::PRECISION)
}

/// `predict`.
struct Real<Net, const N: usize>(Net);

impl<Net: Network, const N: usize> Engine for Real<Net, N> {
    type Input = Box<Images<f32, N>>;
    const BATCH: usize = N;

    fn input(&self, pixels: &[u8]) -> Self::Input {
        Box::new(bytes(pixels).map(real))
    }

    fn run(&mut self, input: &Self::Input, digits: &mut [usize]) {
        let scores: Scores<N> = network::predict(&self.0, input);
        digits.copy_from_slice(&scores.argmax());
    }
}

/// `predict_u8`.
struct Bytes<Net, const N: usize>(Net);

impl<Net: Network, const N: usize> Engine for Bytes<Net, N> {
    type Input = Box<Images<u8, N>>;
    const BATCH: usize = N;

    fn input(&self, pixels: &[u8]) -> Self::Input {
        Box::new(bytes(pixels).clone())
    }

    fn run(&mut self, input: &Self::Input, digits: &mut [usize]) {
        let scores: Scores<N> = network::predict(&self.0, input);
        digits.copy_from_slice(&scores.argmax());
    }
}

/// On one instruction set whatever this machine's best one is, in scratch memory of the caller's.
struct On<Net, I, T, const N: usize> {
    isa: I,
    network: Net,
    workspace: Box<[Block]>,
    /// A pixel's value as the network is given it.
    pixel: fn(u8) -> T,
}

impl<Net: Network, I: Isa, T: Pixel, const N: usize> Engine for On<Net, I, T, N> {
    type Input = Box<[T]>;
    const BATCH: usize = N;

    fn input(&self, pixels: &[u8]) -> Self::Input {
        pixels.iter().copied().map(self.pixel).collect()
    }

    fn run(&mut self, input: &Self::Input, digits: &mut [usize]) {
        let mut scores = Scores::<N>::zeros();
        let Self { isa, network, workspace, .. } = self;
        network::predict_slice_on(*isa, network, input, scores.as_mut_slice(), workspace);
        digits.copy_from_slice(&scores.argmax());
    }
}

/// The algorithms on one instruction set after the other.
struct Forced<'a> {
    network: LeNet5,
    rows: &'a mut Vec<Row>,
}

impl simd::Visitor for Forced<'_> {
    fn visit<I: Isa>(&mut self, isa: I) {
        self.row::<Auto, I, 1>(isa);
        self.row::<Direct, I, 1>(isa);
        self.row::<Im2col, I, 1>(isa);
        self.row::<Winograd, I, 1>(isa);
        self.row::<Fft, I, 1>(isa);
        self.row::<Auto, I, CHUNK>(isa);
    }
}

impl Forced<'_> {
    fn row<A: Convolve<f32>, I: Isa, const N: usize>(&mut self, isa: I) {
        let network = self.network.clone().with_algorithm::<A>();
        self.rows.push(on::<_, I, _, N>(A::NAME, isa, network, real));
    }
}

/// A quantized network on one instruction set after the other.
struct Quantized<'a, P: Precision>
where
    Auto: Convolve<P>,
{
    network: LeNet5<P>,
    rows: &'a mut Vec<Row>,
}

impl<P: Precision> simd::Visitor for Quantized<'_, P>
where
    Auto: Convolve<P>,
{
    fn visit<I: Isa>(&mut self, isa: I) {
        let network = self.network.clone();
        self.rows.push(on::<_, I, u8, 1>("Auto", isa, network, |pixel| pixel));
    }
}

fn on<Net: Network + 'static, I: Isa, T: Pixel, const N: usize>(
    how: &str,
    isa: I,
    network: Net,
    pixel: fn(u8) -> T,
) -> Row {
    let workspace = network::workspace::<Net>();
    let name = name::<Net>(how, I::NAME, N);
    Row::new(name, On::<Net, I, T, N> { isa, network, workspace, pixel })
}

fn bytes<const N: usize>(pixels: &[u8]) -> &Images<u8, N> {
    Tensor::from_slice(pixels).expect("the pixels are those of a call")
}

fn real(pixel: u8) -> f32 {
    f32::from(pixel) / 255.0
}
