//! Reads a digit of the MNIST test set: `cargo run --release --example quick_start`.

use microcnn::lenet::lenet;
use microcnn::mnist::MNIST;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    // A LeNet-5 with the trained parameters that the crate carries; a file's take their place.
    let mut net = lenet(false);
    net.load("data/lenet.raw")?;

    let test_images = MNIST::new("data/t10k-images-idx3-ubyte.gz")?;
    test_images.print(0);
    let output = net.predict(&test_images.image(0));
    println!("Predicted digit: {}", output.argmax()[0]);

    // Any number of images at once, as the bytes that they are: here ten, without a copy.
    let digits = net.predict_u8(test_images.batch::<10>(0)).argmax();
    println!("The first ten: {digits:?}");
    Ok(())
}

#[test]
fn runs() {
    main().unwrap();
}
