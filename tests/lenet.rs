//! LeNet-5 on real digits.

use microcnn::lenet::LeNet5;
use microcnn::mnist::{MNIST, MNISTLabels};
use microcnn::prelude::*;

fn right<A: Convolve<f32>>(network: &LeNet5<f32, A>, count: usize) -> usize {
    let images = MNIST::new("data/t10k-images-idx3-ubyte.gz").expect("the images are there");
    let labels = MNISTLabels::new("data/t10k-labels-idx1-ubyte.gz").expect("the labels are there");
    assert_eq!((images.len(), labels.len()), (10_000, 10_000));
    (0..count).filter(|&i| network.predict_u8(images.at(i)).argmax()[0] == labels.at(i)).count()
}

#[test]
fn reference_weights_give_their_accuracy() {
    let network = LeNet5::<f32>::from_file("data/reference-lenet.raw").expect("they load");
    assert_eq!(right(&network, 1_000), 987);
    assert_eq!(right(&network, 10_000), 9_854);
    assert_eq!(right(&network.with_algorithm::<Naive>(), 1_000), 987);
}

#[test]
fn trained_weights_reach_99_5_percent() {
    let network = LeNet5::pretrained();
    let right = right(&network, 10_000);
    assert!(right >= 9_950, "{right} of 10,000");
}

#[test]
fn files_and_constant_hold_the_same_weights() {
    let network = LeNet5::pretrained();
    let image = Tensor::from_fn(|[_, _, h, w]| (h * w % 13) as f32 / 13.0);
    let trace = network.trace(&image);
    for file in ["data/lenet.raw", "data/lenet.safetensors"] {
        let loaded = LeNet5::<f32>::from_file(file).expect("it loads");
        assert_eq!(loaded.trace(&image), trace, "{file}");
    }
}

#[test]
fn pixels_are_real_values_over_255() {
    let network = LeNet5::pretrained();
    let pixels = Tensor::<u8, 2, 1, 28, 28>::from_fn(|[n, _, h, w]| (n + h * 9 + w * 7) as u8);
    let reals = pixels.map(|value| f32::from(value) / 255.0);
    assert_eq!(network.predict_u8(&pixels), network.predict(&reals));
}
