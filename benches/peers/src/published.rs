//! The published crate `microcnn` 0.1.3, as its own example uses it.

use crate::engine::{Engine, Row};
use crate::paths;
use microcnn::mnist::MNIST;
use published::conv::ConvAlgorithm;
use published::lenet::{lenet, lenet_quantized, lenet_quantized_i4, lenet_with_algorithm};
use published::network::NeuralNetwork;
use published::quantization::Calibrator;
use published::tensor::Tensor;

/// Images that its example calibrates with: the first test images.
const CALIBRATION: usize = 100;

/// All its rows; the first one is its FP32 network as it comes.
pub fn rows(images: &MNIST) -> Vec<Row> {
    let network = |algorithm| loaded(lenet_with_algorithm(false, algorithm));
    let [i8, i4] = quantized(images);
    vec![
        Row::new("microcnn-0.1.3 f32/Naive", loaded(lenet(false))).right(987),
        Row::new("microcnn-0.1.3 f32/Im2col", network(ConvAlgorithm::Im2col)),
        Row::new("microcnn-0.1.3 f32/Winograd", network(ConvAlgorithm::Winograd)),
        Row::new("microcnn-0.1.3 f32/Fft", network(ConvAlgorithm::Fft)).every(16),
        Row::new("microcnn-0.1.3 i8", i8).right(987),
        Row::new("microcnn-0.1.3 i4", i4).right(953),
    ]
}

struct Published<F>(F);

impl<F: FnMut(&Tensor) -> Tensor> Engine for Published<F> {
    type Input = Tensor;

    fn input(&self, pixels: &[u8]) -> Tensor {
        tensor(pixels)
    }

    fn run(&mut self, input: &Tensor, digits: &mut [usize]) {
        let output = (self.0)(input);
        digits[0] = largest((0..output.c).map(|c| output.get(0, c, 0, 0)));
    }
}

type Predict = Box<dyn FnMut(&Tensor) -> Tensor>;

fn loaded(mut network: NeuralNetwork) -> Published<Predict> {
    network.load(paths::WEIGHTS);
    // Cloning a tensor of this crate counts a reference.
    Published(Box::new(move |input| network.predict(input.clone())))
}

fn quantized(images: &MNIST) -> [Published<Predict>; 2] {
    let mut network = lenet(false);
    network.load(paths::WEIGHTS);
    let mut calibrator = Calibrator::new(network.num_layers());
    for image in images.iter().take(CALIBRATION) {
        let input = tensor(image.as_slice());
        calibrator.observe_input(&input);
        for (layer, output) in network.predict_with_intermediates(input).iter().enumerate() {
            calibrator.observe_layer(layer, output);
        }
        calibrator.finish_sample();
    }
    let i8 = lenet_quantized(&network, calibrator.input_params(), &calibrator.layer_params());
    let i4 =
        lenet_quantized_i4(&network, calibrator.input_params_i4(), &calibrator.layer_params_i4());
    [
        Published(Box::new(move |input| i8.predict(input))),
        Published(Box::new(move |input| i4.predict(input))),
    ]
}

fn tensor(pixels: &[u8]) -> Tensor {
    let tensor = Tensor::new(1, 1, 28, 28);
    for (at, &pixel) in pixels.iter().enumerate() {
        tensor.set(0, 0, at / 28, at % 28, f32::from(pixel) / 255.0);
    }
    tensor
}

/// The place of the largest value, as its example finds it: the first of several, which 4 bits often give.
fn largest(values: impl Iterator<Item = f32>) -> usize {
    let first = (0, f32::MIN);
    values.enumerate().fold(first, |best, next| if next.1 > best.1 { next } else { best }).0
}
