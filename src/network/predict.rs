//! Running a network over a batch.

#[cfg(feature = "std")]
use super::summary::Shape;
use super::workspace::with_workspace;
use super::{Network, Pixel};
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
        let images = self.images.chunks_exact(volume(N::INPUT));
        let outputs = self.output.chunks_exact_mut(volume(N::OUTPUT));
        for (image, output) in images.zip(outputs) {
            self.network.forward(isa, image, output, self.workspace);
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
    assert!(
        workspace.len() >= N::WORKSPACE,
        "{} needs a workspace of {} blocks, this one has {}",
        N::NAME,
        N::WORKSPACE,
        workspace.len(),
    );
    #[cfg(feature = "std")]
    if network.verbose() {
        tell::<N>(count);
    }
    simd::dispatch(Predict { network, images, output, workspace });
}

#[cfg(feature = "std")]
#[cold]
fn tell<N: Network>(count: usize) {
    eprintln!("{}: predicting {count} {}", N::NAME, if count == 1 { "image" } else { "images" });
    for layer in N::LAYERS {
        eprintln!("  {:12} {:12} {}", layer.name, layer.kind, Shape(layer.output));
    }
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
    with_workspace::<Net, _>(|workspace| predict_with(network, images, workspace))
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
