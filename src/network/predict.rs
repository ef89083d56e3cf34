//! Running a network over a batch.

#[cfg(feature = "std")]
use super::summary::Shape;
#[cfg(feature = "parallel")]
use super::workspace::together;
use super::workspace::with_workspace;
use super::{Network, Pixel};
use crate::conv::together::IMAGES;
use crate::shape::volume;
use crate::simd::{self, Block, Isa, Kernel};
use crate::tensor::Tensor;

struct Predict<'a, N, T> {
    network: &'a N,
    images: &'a [T],
    output: &'a mut [f32],
    workspace: &'a mut [Block],
}

impl<N: Network, T: Pixel> Kernel for Predict<'_, N, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { network, mut images, mut output, workspace } = self;
        let (input, result) = (volume(N::INPUT), volume(N::OUTPUT));
        if const { N::TOGETHER.any_on::<I>() } && workspace.len() >= N::TOGETHER_WORKSPACE {
            while images.len() >= IMAGES * input {
                let (some, others) = images.split_at(IMAGES * input);
                let (results, rest) = output.split_at_mut(IMAGES * result);
                network.forward_together(isa, some, results, workspace);
                (images, output) = (others, rest);
            }
        }
        for (image, output) in images.chunks_exact(input).zip(output.chunks_exact_mut(result)) {
            network.forward(isa, image, output, workspace);
        }
    }
}

/// Runs a batch that lies in slices.
///
/// # Panics
/// If the workspace is smaller than the network's, or the two batches differ in length.
pub fn predict_slice<N: Network, T: Pixel>(
    network: &N,
    images: &[T],
    output: &mut [f32],
    workspace: &mut [Block],
) {
    simd::dispatch(checked(network, images, output, workspace));
}

/// [`predict_slice`] on a certain instruction set, whatever `MICROCNN_ISA` says.
///
/// # Panics
/// As [`predict_slice`].
pub fn predict_slice_on<I: Isa, N: Network, T: Pixel>(
    isa: I,
    network: &N,
    images: &[T],
    output: &mut [f32],
    workspace: &mut [Block],
) {
    isa.run(checked(network, images, output, workspace));
}

fn checked<'a, N: Network, T: Pixel>(
    network: &'a N,
    images: &'a [T],
    output: &'a mut [f32],
    workspace: &'a mut [Block],
) -> Predict<'a, N, T> {
    check_batch::<N, T>(images, output);
    assert!(
        workspace.len() >= N::WORKSPACE,
        "{} needs a workspace of {} blocks, this one has {}",
        N::NAME,
        N::WORKSPACE,
        workspace.len(),
    );
    #[cfg(feature = "std")]
    if network.verbose() {
        tell::<N>(images.len() / volume(N::INPUT));
    }
    Predict { network, images, output, workspace }
}

fn check_batch<N: Network, T: Pixel>(images: &[T], output: &[f32]) {
    let count = images.len() / volume(N::INPUT);
    assert!(
        images.len() == count * volume(N::INPUT) && output.len() == count * volume(N::OUTPUT),
        "{} takes images of {} values and gives {} for each: {} and {} are no such batches",
        N::NAME,
        volume(N::INPUT),
        volume(N::OUTPUT),
        images.len(),
        output.len(),
    );
}

#[cfg(feature = "std")]
#[cold]
fn tell<N: Network>(count: usize) {
    eprintln!("{}: predicting {count} {}", N::NAME, if count == 1 { "image" } else { "images" });
    for layer in N::LAYERS {
        eprintln!("  {:12} {:12} {}", layer.name, layer.kind, Shape(layer.output));
    }
}

/// Runs a batch that lies in slices, in workspace of its own.
///
/// # Panics
/// If the two batches differ in length.
#[inline]
pub fn predict_batch<N: Network, T: Pixel>(network: &N, images: &[T], output: &mut [f32]) {
    #[cfg(feature = "parallel")]
    if images.len() > volume(N::INPUT) && !network.verbose() {
        return predict_parallel(network, images, output);
    }
    let count = images.len() / volume(N::INPUT);
    with_workspace::<N, _>(count, |workspace| predict_slice(network, images, output, workspace));
}

/// Shares a batch out to the cores. An image's result depends on nothing but the image, so it is the
/// same, bit for bit, in any share.
#[cfg(feature = "parallel")]
fn predict_parallel<N: Network, T: Pixel>(network: &N, images: &[T], output: &mut [f32]) {
    use rayon::prelude::*;

    check_batch::<N, T>(images, output);
    // Several shares a thread, since other work may hold one of them up.
    let (threads, count) = (rayon::current_num_threads(), images.len() / volume(N::INPUT));
    let share = match count.div_ceil(4 * threads) {
        // Of images that run together, none is left over.
        share @ IMAGES.. if const { together::<N>() } => share.next_multiple_of(IMAGES),
        share => share,
    };
    images
        .par_chunks(share * volume(N::INPUT))
        .zip(output.par_chunks_mut(share * volume(N::OUTPUT)))
        .for_each(|(images, output)| {
            let count = images.len() / volume(N::INPUT);
            with_workspace::<N, _>(count, |workspace| {
                predict_slice(network, images, output, workspace);
            });
        });
}

/// Runs a batch.
#[inline]
pub fn predict<
    Net: Network,
    T: Pixel,
    const N: usize,
    const C: usize,
    const H: usize,
    const W: usize,
    const K: usize,
    const OH: usize,
    const OW: usize,
>(
    network: &Net,
    images: &Tensor<T, N, C, H, W>,
) -> Tensor<f32, N, K, OH, OW> {
    let mut output = Tensor::zeros();
    predict_batch(network, images.as_slice(), output.as_mut_slice());
    output
}

/// Runs a batch in a workspace of the caller's.
///
/// # Panics
/// If the workspace is smaller than the network's.
#[inline]
pub fn predict_with<
    Net: Network,
    T: Pixel,
    const N: usize,
    const C: usize,
    const H: usize,
    const W: usize,
    const K: usize,
    const OH: usize,
    const OW: usize,
>(
    network: &Net,
    images: &Tensor<T, N, C, H, W>,
    workspace: &mut [Block],
) -> Tensor<f32, N, K, OH, OW> {
    let mut output = Tensor::zeros();
    predict_slice(network, images.as_slice(), output.as_mut_slice(), workspace);
    output
}
