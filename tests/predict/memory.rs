//! Where memory comes from: nothing from the heap while a network runs, and little from the stack.

use crate::algorithms::Algorithms;
use microcnn::lenet::LeNet5;
use microcnn::network::{predict_slice_on, workspace};
use microcnn::prelude::*;
use microcnn::simd::Scalar;
use std::thread;

fn allocations(f: impl FnOnce()) -> u64 {
    allocation_counter::measure(f).count_total
}

/// What a test thread has.
fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(2 << 20).spawn(f).expect("a thread starts");
    thread.join().expect("the stack suffices");
}

network! {
    struct Mixed: [3, 16, 16] {
        conv1: Conv2d<16, 3>(padding = same), Sigmoid,
        Residual { conv2: Conv2d<16, 3>(padding = 1), norm2: BatchNorm2d, SiLU },
        conv3: Conv2d<32, 3>(stride = 2, groups = 4, padding = [0, 1, 0, 1]), HardSwish,
        depthwise: Conv2d<32, 3>(groups = 32), AvgPool2d<2>(padding = 1), Flatten,
        fc: Linear<7>, Tanh,
    }
}

// 20 million parameters, and a workspace that does not belong on a stack.
network! {
    struct Large: [64, 96, 96] {
        conv: Conv2d<64, 3>(padding = 1), ReLU, MaxPool2d<3>,
        Flatten,
        fc1: Linear<305>, ReLU,
        fc2: Linear<10>,
    }
}

// A workspace that belongs on a stack, unless four images run together.
network! {
    struct Wide: [16, 32, 32] { Flatten, fc: Linear<4> }
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
}

#[test]
fn predicting_allocates_nothing() {
    let images = Tensor::<f32, 5, 3, 13, 14>::from_fn(|[n, c, h, w]| ((n + c + h * w) % 7) as f32);
    let bytes = images.map(|value| value as u8);
    // The first call reads `MICROCNN_ISA`.
    let _ = Algorithms::random(0).predict(&images);
    let network = Algorithms::random(1);
    let mut workspace = Algorithms::<f32>::workspace();
    assert_eq!(workspace.len(), Algorithms::<f32>::TOGETHER_WORKSPACE, "four images together");
    assert_eq!(allocations(|| drop(network.predict(&images))), 0);
    assert_eq!(allocations(|| drop(network.predict_u8(&bytes))), 0);
    assert_eq!(allocations(|| drop(network.predict_with(&images, &mut workspace))), 0);
    kernels_allocate_nothing(&LeNet5::random(1));
    kernels_allocate_nothing(&Algorithms::random(1));
    kernels_allocate_nothing(&Mixed::random(1));
}

/// On one instruction set, since each layer would be compiled for each: kernels get slices, wherever they
/// run.
fn kernels_allocate_nothing<N: Network>(network: &N) {
    let [input, output] = [N::INPUT, N::OUTPUT].map(|shape| shape.iter().product());
    let image: Vec<f32> = (0..input).map(|at| (at % 29) as f32).collect();
    let (mut scores, mut workspace) = (vec![0.0; output], workspace::<N>());
    let predict = || predict_slice_on(Scalar, network, &image, &mut scores, &mut workspace);
    assert_eq!(allocations(predict), 0, "{}", N::NAME);
}

#[test]
fn a_large_workspace_is_one_allocation() {
    on_a_small_stack(|| {
        const { assert!(Large::<f32>::WORKSPACE_BYTES > 256 << 10) };
        assert_eq!(Large::<f32>::PARAMETERS / 1_000_000, 20);
        let network = Large::random(2);
        let image = Tensor::<f32, 1, 64, 96, 96>::boxed_zeros();
        let _ = network.predict(&image);
        assert_eq!(allocations(|| drop(network.predict(&image))), 1);
        let images = Tensor::<f32, 4, 64, 96, 96>::boxed_zeros();
        assert_eq!(allocations(|| drop(network.predict(&images))), 1);
    });
}

#[test]
fn images_together_take_nothing_from_the_heap_that_one_would_not() {
    const STACK: usize = (256 << 10) / Block::BYTES;
    const GAINS: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
    const { assert!(Wide::<f32>::WORKSPACE <= STACK) };
    const { assert!((Wide::<f32>::TOGETHER_WORKSPACE > STACK) == GAINS) };
    on_a_small_stack(|| {
        let network = Wide::random(4);
        let images = Tensor::<f32, 4, 16, 32, 32>::boxed_zeros();
        let _ = network.predict(&images);
        assert_eq!(allocations(|| drop(network.predict(&images))), 0);
    });
}

#[test]
fn networks_are_small_and_move_freely() {
    assert!(size_of::<LeNet5>() <= 512, "{}", size_of::<LeNet5>());
    on_a_small_stack(|| {
        let network = Large::random(3);
        let moved = std::hint::black_box(network);
        let copy = Box::new(moved.clone());
        assert_eq!(copy.weight_bytes(), moved.weight_bytes());
        assert!(format!("{copy:?}").len() < 200);
    });
}

#[test]
fn a_batch_of_a_thousand_images() {
    on_a_small_stack(|| {
        let network = Algorithms::random(4);
        let mut images = Tensor::<f32, 1000, 3, 13, 14>::boxed_zeros();
        for (at, value) in images.as_mut_slice().iter_mut().enumerate() {
            *value = (at % 251) as f32 / 251.0;
        }
        let output = network.predict(&images);
        let last = network.predict(images.image(999));
        assert_eq!(&output.as_slice()[999 * last.as_slice().len()..], last.as_slice());
    });
}
