//! In floats: what it gets right, from files and constants, on every instruction set.

use microcnn::lenet::LeNet5;
use microcnn::mnist::{MNIST, MNISTLabels};
use microcnn::network;
use microcnn::prelude::*;
use microcnn::simd::{self, Isa};

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

#[test]
fn a_trace_ends_with_what_is_predicted() {
    let network = LeNet5::pretrained();
    let images = MNIST::new("data/sample-images-idx3-ubyte.gz").expect("the sample is there");
    for n in 0..20 {
        let image = images.image(n);
        let trace = network.trace(&image);
        let written = &trace.last().expect("there are layers").values;
        assert_eq!(network.predict(&image).as_slice(), &written[..], "image {n}");
    }
}

#[test]
fn each_instruction_set_reads_the_digits() {
    struct Sets<'a> {
        network: LeNet5,
        pixels: &'a Tensor<u8, 1000, 1, 28, 28>,
        digits: [usize; 1000],
        ran: Vec<&'static str>,
    }
    impl simd::Visitor for Sets<'_> {
        fn visit<I: Isa>(&mut self, isa: I) {
            let mut scores = Tensor::<f32, 1000, 10, 1, 1>::zeros();
            let (pixels, output) = (self.pixels.as_slice(), scores.as_mut_slice());
            let mut workspace = LeNet5::<f32>::workspace();
            network::predict_slice_on(isa, &self.network, pixels, output, &mut workspace);
            assert_eq!(scores.argmax(), self.digits, "{}", I::NAME);
            if simd::active() == Ok(I::NAME) {
                assert_eq!(scores, self.network.predict_u8(self.pixels), "{}", I::NAME);
            }
            self.ran.push(I::NAME);
        }
    }
    let network = LeNet5::<f32>::from_file("data/reference-lenet.raw").expect("they load");
    let images = MNIST::new("data/t10k-images-idx3-ubyte.gz").expect("the images are there");
    let naive = network.clone().with_algorithm::<Naive>();
    let digits = naive.predict_u8(images.batch::<1000>(0)).argmax();
    let mut sets = Sets { network, pixels: images.batch(0), digits, ran: Vec::new() };
    simd::each_supported(&mut sets);
    let best = simd::active().expect("no other is asked for");
    assert!(sets.ran.contains(&best) && sets.ran.contains(&"scalar"), "{:?}", sets.ran);
}
