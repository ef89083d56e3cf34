//! An image's result does not depend on the batch that it is in, nor on the number of threads: with the
//! `parallel` feature these tests say the same of all cores.

use crate::algorithms::Algorithms;
use microcnn::network::{predict_slice_on, trace_slice_on, workspace};
use microcnn::prelude::*;
use microcnn::simd::{self, Isa};

#[test]
fn batches_give_what_single_images_give_bit_for_bit() {
    let network = Algorithms::random(3);
    let images = Tensor::<f32, 150, 3, 13, 14>::boxed_from_fn(|[n, c, h, w]| {
        ((7 * n + 5 * c + 3 * h + w) % 101) as f32 / 101.0
    });
    let together = network.predict(&images);
    for n in 0..150 {
        let alone = network.predict(images.image(n));
        assert_eq!(together.image(n).as_slice(), alone.as_slice(), "image {n}");
    }
}

#[test]
fn what_lies_in_the_workspace_does_not_matter() {
    let network = Algorithms::random(3);
    let image = Tensor::<f32, 1, 3, 13, 14>::from_fn(|[_, c, h, w]| {
        ((5 * c + 3 * h + w) % 17) as f32 / 17.0
    });
    let mut workspace = Algorithms::<f32>::workspace();
    let alone = network.predict(&image);
    for byte in [0x00, 0xFF, 0x7F] {
        workspace.fill(Block([byte; Block::BYTES]));
        let again = network.predict_with(&image, &mut workspace);
        assert_eq!(again.as_slice(), alone.as_slice(), "on {byte:#x}");
    }
}

#[test]
fn a_trace_ends_with_what_every_algorithm_predicts() {
    struct Agree(Algorithms);
    impl simd::Visitor for Agree {
        fn visit<I: Isa>(&mut self, isa: I) {
            let pixels: Vec<u8> = (0..3 * 13 * 14).map(|at| (at * 31 % 251) as u8).collect();
            let image: Vec<f32> = pixels.iter().map(|&pixel| f32::from(pixel) / 255.0).collect();
            let mut scores = vec![f32::NAN; Algorithms::<f32>::OUTPUT.iter().product()];
            let mut workspace = workspace::<Algorithms>();
            predict_slice_on(isa, &self.0, &image[..], &mut scores, &mut workspace);
            let trace = trace_slice_on(isa, &self.0, &image);
            assert_eq!(trace.last().expect("there are layers").values, scores, "{}", I::NAME);

            let mut of_pixels = vec![f32::NAN; scores.len()];
            predict_slice_on(isa, &self.0, &pixels[..], &mut of_pixels, &mut workspace);
            assert_eq!(of_pixels, scores, "{}: pixels are real values over 255", I::NAME);
        }
    }
    simd::each_supported(&mut Agree(Algorithms::random(3)));
}

#[test]
fn an_empty_batch_is_a_batch() {
    let empty = Tensor::<f32, 0, 3, 13, 14>::zeros();
    assert!(Algorithms::random(3).predict(&empty).as_slice().is_empty());
}

mod together {
    //! Four images go through layers of one window together, where that pays. Each has the result that it has
    //! alone, on every instruction set.

    use super::Algorithms;
    use microcnn::lenet::LeNet5;
    use microcnn::network::{Network, predict_slice_on};
    use microcnn::prelude::*;
    use microcnn::simd::{self, Isa};

    // Layers in every precision, of all kinds of channel counts; before, between and behind them what runs one
    // image at a time. (A network for each would be compiled for each instruction set.)
    network! {
        struct Mixed: [6, 4, 4] {
            Residual { ReLU },
            conv: Conv2d<21, 2, 3>(stride = 2), MaxPool2d<2, 1>, norm1: BatchNorm2d, Flatten,
            fc1: Linear<60>, norm2: BatchNorm1d, Tanh,
            fc2: Linear<17>(precision = W4A8), MaxPool2d<1>, Sigmoid, SiLU,
            fc3: Linear<36>(precision = f32), ReLU,
            fc4: Linear<99>(precision = I4), ReLU,
            fc5: Linear<2>(precision = W2A8, bias = false),
            fc6: Linear<3>, Softmax,
        }
    }

    network! {
        struct Apart: [3, 5, 5] { depthwise: Conv2d<3, 5>(groups = 3), ReLU, Softmax }
    }

    /// Images in the largest batch.
    const MOST: usize = 65;

    /// A batch as one call.
    fn predict<N: Network, I: Isa>(
        isa: I,
        network: &N,
        images: &[f32],
        workspace: &mut [Block],
    ) -> Vec<u32> {
        let [input, output] = [N::INPUT, N::OUTPUT].map(|shape| shape.iter().product::<usize>());
        let mut results = vec![0.0; images.len() / input * output];
        predict_slice_on(isa, network, images, &mut results, workspace);
        results.into_iter().map(f32::to_bits).collect()
    }

    struct Batches<'a, N> {
        network: &'a N,
        images: &'a [f32],
    }

    impl<N: Network> simd::Visitor for Batches<'_, N> {
        fn visit<I: Isa>(&mut self, isa: I) {
            const MARK: Block = Block([0xA5; Block::BYTES]);
            let len = self.images.len() / MOST;
            let mut small = vec![MARK; N::WORKSPACE];
            let alone: Vec<_> = self
                .images
                .chunks(len)
                .map(|image| predict(isa, self.network, image, &mut small))
                .collect();
            assert!(alone.iter().any(|result| *result != alone[0]), "images differ");
            for count in [1, 3, 4, 5, 7, 64, 65] {
                let images = &self.images[..count * len];
                let expected = alone[..count].concat();
                let mut large = vec![MARK; N::TOGETHER_WORKSPACE];
                let results = predict(isa, self.network, images, &mut large);
                let (name, precision) = (N::NAME, N::PRECISION);
                assert!(results == expected, "{name} {precision} on {}: {count} images", I::NAME);
                let results = predict(isa, self.network, images, &mut small);
                assert!(results == expected, "{name} {precision} on {}: {count} apart", I::NAME);

                if count >= 4 && N::TOGETHER.any_on::<I>() {
                    let maps = &large[N::SLOTS.iter().sum()..][..N::TOGETHER_SLOTS.iter().sum()];
                    let written = maps.iter().any(|block| block.0 != MARK.0);
                    assert!(written, "{name} {precision} on {}: {count} not together", I::NAME);
                }
            }
        }
    }

    fn check<N: Network>(network: &N) {
        let len = MOST * N::INPUT.iter().product::<usize>();
        // Any values of which none is like another.
        let images: Vec<_> =
            (0..len).map(|at| ((at * at + 7 * at) % 10_007) as f32 / 10_007.0).collect();
        simd::each_supported(&mut Batches { network, images: &images });
    }

    #[test]
    fn in_every_precision() {
        let network = Mixed::random(5);
        check(&network);
        let images = (0..20).map(|n| {
            Tensor::from_fn(|[_, c, h, w]| ((13 * n + 5 * c + 3 * h + w) % 17) as f32 / 17.0)
        });
        let images: Vec<Tensor<f32, 1, 6, 4, 4>> = images.collect();
        check(
            &network
                .quantize::<i8>(images.iter().map(Tensor::as_slice))
                .expect("it can be quantized"),
        );
        assert!(Mixed::<f32>::TOGETHER.any() && Mixed::<i8>::TOGETHER.any());
    }

    #[test]
    fn under_every_algorithm() {
        check(&Algorithms::random(3));
        let tail = &Algorithms::<f32>::ALGORITHMS[9..];
        assert!(tail.contains(&"Im2col"), "{tail:?}");
        assert!(Algorithms::<f32>::TOGETHER.any() && LeNet5::<f32, Winograd>::TOGETHER.any());
    }

    #[test]
    fn where_nothing_can() {
        assert!(!Apart::<f32>::TOGETHER.any() && !LeNet5::<f32, Naive>::TOGETHER.any());
        assert_eq!(Apart::<f32>::TOGETHER_WORKSPACE, Apart::<f32>::WORKSPACE);
        check(&Apart::random(7));
    }
}
