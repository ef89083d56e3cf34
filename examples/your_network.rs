//! A network of your own with parameters from PyTorch: `cargo run --release --example your_network`.
//!
//! In Python, `examples/your_network.py` trains the same network and saves it. What it takes:
//!
//! ```python
//! from safetensors.torch import save_file
//!
//! model.eval()
//! save_file(model.state_dict(), "your_network.safetensors")
//! ```
//!
//! The labels in `network!` are the names of the modules in Python, and blocks nest as modules do, so
//! that `block.conv1.weight` is the same tensor on both sides. Batch normalization is folded into the
//! convolution before it when the file is loaded.

use microcnn::mnist::{MNIST, MNISTLabels};
use microcnn::prelude::*;
use std::error::Error;

network! {
    /// A small residual network for 28×28 greyscale digits.
    pub struct Digits: [1, 28, 28] -> [10] {
        stem: Conv2d<8, 3>(stride = 2, padding = 1, bias = false),
        norm: BatchNorm2d,
        ReLU,
        block: Residual {
            conv1: Conv2d<8, 3>(padding = 1, groups = 8, bias = false),
            norm1: BatchNorm2d,
            ReLU,
            conv2: Conv2d<8, 1>,
        },
        ReLU,
        MaxPool2d<2>,
        conv: Conv2d<16, 3>,
        ReLU,
        GlobalAvgPool2d,
        fc: Linear<10>,
        Softmax,
    }
}

/// How many images are read as their labels say.
fn right(network: &Digits, images: &MNIST, labels: &MNISTLabels) -> usize {
    let answers = images.iter().map(|image| network.predict_u8(image).argmax()[0]);
    answers.zip(labels.iter()).filter(|(answer, label)| answer == label).count()
}

fn main() -> Result<(), Box<dyn Error>> {
    let network = Digits::<f32>::from_file("examples/your_network.safetensors")?;
    println!("{network}\n");

    let images = MNIST::new("data/t10k-images-idx3-ubyte.gz")?;
    let labels = MNISTLabels::new("data/t10k-labels-idx1-ubyte.gz")?;
    let right = right(&network, &images, &labels);
    println!("{right} of {} test digits are read right", images.len());

    // What is wrong with a file is told by name: here parameters of another network.
    if let Err(error) = Digits::<f32>::from_file("data/lenet.safetensors") {
        println!("\nLeNet-5's parameters don't fit:\n  {error}");
    }
    Ok(())
}

#[test]
fn reads_as_pytorch_does() -> Result<(), Box<dyn Error>> {
    let network = Digits::<f32>::from_file("examples/your_network.safetensors")?;
    let images = MNIST::new("data/t10k-images-idx3-ubyte.gz")?;
    let labels = MNISTLabels::new("data/t10k-labels-idx1-ubyte.gz")?;
    // The number that `your_network.py` prints.
    assert_eq!(right(&network, &images, &labels), 9_445);
    Ok(())
}
