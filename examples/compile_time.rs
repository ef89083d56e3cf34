//! What is known before the program runs: `cargo run --example compile_time`.
//!
//! A network's shapes are part of its types, so a mistake in them is an error of `cargo check`, at the
//! word that is wrong. Each of these is a file in `ui-tests/`, and its message is the one there.
//!
//! A kernel larger than what reaches it (`kernel_larger_than_its_input.rs`):
//!
//! ```text
//! error: `conv3`: a 7×7 kernel does not fit its input of 5×5 (16 channels, from `pool2`)
//!          help: use a kernel of at most 5, or `padding = 1`
//!   --> kernel_larger_than_its_input.rs:11:28
//!    |
//! 11 |         conv3: Conv2d<120, 7>,
//!    |                            ^
//! ```
//!
//! A linear layer behind a convolution (`linear_after_conv_without_flatten.rs`):
//!
//! ```text
//! error: `fc1`: `Linear` takes a flat input, and this one is [6, 6, 6] (from `relu1`)
//!          help: put a `Flatten` before it
//!  --> linear_after_conv_without_flatten.rs:7:14
//!   |
//! 7 |         fc1: Linear<10>,
//!   |              ^^^^^^
//! ```
//!
//! Another output than the one that was promised (`declared_output_differs.rs`):
//!
//! ```text
//! error: `Net`: the declared output is [10], and the layers give [12] (from `fc1`)
//!          help: write `-> [12]`, or change the layers
//!  --> declared_output_differs.rs:4:30
//!   |
//! 4 |     struct Net: [3, 8, 8] -> [10] {
//!   |                              ^^^^
//! ```
//!
//! Two paths that can't be added (`residual_paths_differ.rs`):
//!
//! ```text
//! error: `block1`: the two paths differ: its layers give [16, 4, 4] (from `block1.conv2`), its shortcut gives [8, 8, 8] (from `conv1`)
//!          help: give both one shape, such as with `shortcut { skip: Conv2d<16, 1>(stride = 2) }`
//! ```
//!
//! An algorithm that can't do the layer (`winograd_with_a_stride.rs`):
//!
//! ```text
//! error: `conv1`: `Winograd` cannot do a stride of 2
//! ```
//!
//! An image of another shape (`tensor_of_another_shape.rs`):
//!
//! ```text
//!    |     let output = network.predict(&image);
//!    |                          ------- ^^^^^^ expected `1`, found `3`
//!    = note: expected reference `&microcnn::Tensor<f32, _, 1, 28, 28>`
//!               found reference `&microcnn::Tensor<f32, 1, 3, 32, 32>`
//! ```

use microcnn::prelude::*;

network! {
    /// Tells four gestures apart by 64 samples of a three-axis accelerometer.
    pub struct Gestures: [3, 1, 64] -> [4] {
        conv1: Conv2d<8, 1, 5>(padding = [0, 2]),
        ReLU,
        MaxPool2d<1, 4>,
        conv2: Conv2d<16, 1, 5>(padding = same),
        ReLU,
        GlobalAvgPool2d,
        fc: Linear<4>,
        Softmax,
    }
}

// Sizes are constants, so a budget is a line that the compiler checks.
const _: () = assert!(Gestures::<f32>::PARAMETERS <= 1_000, "more parameters than flash");
const _: () = assert!(Gestures::<f32>::MACS <= 20_000, "more work than a battery");
const _: () = assert!(Gestures::<f32>::WORKSPACE_BYTES <= 16 * 1024, "more memory than the chip's");

/// A batch of one gesture: the type says the shape, and nothing is checked when it runs.
type Gesture = Tensor<f32, 1, 3, 1, 64>;

/// Only a network that takes gestures and gives four scores fits here.
fn most_likely(network: &Gestures, gesture: &Gesture) -> usize {
    let scores: Tensor<f32, 1, 4, 1, 1> = network.predict(gesture);
    scores.argmax()[0]
}

fn main() {
    println!("{}", Gestures::random(1));
    println!();
    for layer in Gestures::<f32>::LAYERS {
        let [input, output] = [layer.input, layer.output].map(|shape| format!("{shape:?}"));
        println!("{:9} {:15} {input:>11} -> {output}", layer.name, layer.kind);
    }
    let wave = Gesture::from_fn(|[_, axis, _, at]| ((at + 5 * axis) as f32 / 8.0).sin());
    println!(
        "\nWith random parameters a wave is gesture {}",
        most_likely(&Gestures::random(1), &wave)
    );
}
