//! LeNet-5 on a Cortex-M4: it runs from weights in flash, with no heap and no operating system,
//! classifies the handwritten digit that lies beside them, and tells the serial line what it saw.
#![no_std]
#![no_main]

mod board;

use board::Uart;
use core::fmt::Write;
use core::panic::PanicInfo;
use microcnn::Tensor;
use microcnn::lenet::LeNet5;
use microcnn::network::predict;

/// The first picture of the MNIST test set, a seven.
static DIGIT: [u8; 28 * 28] = *include_bytes!("../digit.bin");

#[cortex_m_rt::entry]
fn main() -> ! {
    let network = LeNet5::pretrained();
    let mut image = Tensor::<u8, 1, 1, 28, 28>::zeros();
    image.as_mut_slice().copy_from_slice(&DIGIT);
    let probabilities: Tensor<f32, 1, 10, 1, 1> = predict(&network, &image);
    let best = probabilities.as_slice().iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    if let Some((digit, probability)) = best {
        report(format_args!("digit {digit}, probability {probability:.3}"));
    }
    board::reset()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    report(format_args!("{info}"));
    board::reset()
}

fn report(line: core::fmt::Arguments<'_>) {
    // Writing to the serial line cannot fail.
    let _ = writeln!(Uart::new(), "{line}");
}
