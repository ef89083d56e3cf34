//! An image's result does not depend on the batch that it is in, nor on the number of threads: with the
//! `parallel` feature these tests say the same of all cores.

use microcnn::lenet::LeNet5;
use microcnn::mnist::MNIST;
use microcnn::prelude::*;

#[test]
fn batches_give_what_single_images_give_bit_for_bit() {
    let images = MNIST::new("data/sample-images-idx3-ubyte.gz").expect("the sample is there");
    let network = LeNet5::pretrained();
    let batch = Tensor::<f32, 150, 1, 28, 28>::boxed_from_fn(|[n, _, h, w]| {
        images.image(n).get(0, 0, h, w)
    });
    let together = network.predict(&batch);
    for n in 0..150 {
        let alone = network.predict(&images.image(n));
        assert_eq!(together.image(n).as_slice(), alone.as_slice(), "image {n}");
    }
}

#[test]
fn what_lies_in_the_workspace_does_not_matter() {
    fn check<A: Convolve<f32>>(network: LeNet5<f32, A>, image: &Tensor<f32, 1, 1, 28, 28>) {
        let mut workspace = LeNet5::<f32, A>::workspace();
        let alone = network.predict(image);
        for byte in [0x00, 0xFF, 0x7F] {
            workspace.fill(Block([byte; Block::BYTES]));
            let again = network.predict_with(image, &mut workspace);
            assert_eq!(again.as_slice(), alone.as_slice(), "{} on {byte:#x}", A::NAME);
        }
    }
    let images = MNIST::new("data/sample-images-idx3-ubyte.gz").expect("the sample is there");
    let (network, image) = (LeNet5::pretrained(), images.image(3));
    check(network.clone().with_algorithm::<Im2col>(), &image);
    check(network.clone().with_algorithm::<Winograd>(), &image);
    check(network.clone().with_algorithm::<Fft>(), &image);
    check(network, &image);
}

#[test]
fn an_empty_batch_is_a_batch() {
    let empty = Tensor::<f32, 0, 1, 28, 28>::zeros();
    assert!(LeNet5::pretrained().predict(&empty).as_slice().is_empty());
}
