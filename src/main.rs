//! The `microcnn` program: LeNet-5 on handwritten digits.

use microcnn::cli::{self, Inside, Pictures, program};
use microcnn::lenet::LeNet5;
use microcnn::{I4, W2A8, W4A8};
use std::process::ExitCode;

fn main() -> ExitCode {
    let inside = Inside {
        weights: include_bytes!("../data/lenet.raw"),
        images: include_bytes!("../data/sample-images-idx3-ubyte.gz"),
        labels: include_bytes!("../data/sample-labels-idx1-ubyte.gz"),
        calibration: include_bytes!("../data/calibration-images-idx3-ubyte.gz"),
    };
    cli::run(&program!(
        LeNet5,
        [i8, W4A8, I4],
        others: [W2A8],
        Some(inside),
        Pictures::Digits,
    ))
}
