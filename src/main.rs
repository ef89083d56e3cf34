//! The `microcnn` program: LeNet-5 on handwritten digits.

use microcnn::cli::{self, program};
use microcnn::lenet::LeNet5;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(&program!(LeNet5,
        weights: include_bytes!("../data/lenet.raw"),
        images: include_bytes!("../data/sample-images-idx3-ubyte.gz"),
        labels: include_bytes!("../data/sample-labels-idx1-ubyte.gz"),
    ))
}
