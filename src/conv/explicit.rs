//! An algorithm that one layer asks for by name.

use super::{ConvKernel, Kernels};
use crate::layers::ConvLayer;

/// Whether an algorithm does a layer and does not leave it to `Direct`, as `Winograd` and `Fft` do where a
/// whole network is theirs. Others run every layer in their own way.
pub const fn does_itself<A: Kernels<f32>, L: ConvLayer>() -> bool {
    let name = A::NAME;
    let runs = <A::Kernel<L> as ConvKernel<f32, L>>::ALGORITHM;
    !(same(name, "Winograd") || same(name, "Fft")) || same(name, runs)
}

/// Whether an algorithm runs a layer as another one does.
pub const fn runs_as<A: Kernels<f32>, B: Kernels<f32>, L: ConvLayer>() -> bool {
    same(
        <A::Kernel<L> as ConvKernel<f32, L>>::ALGORITHM,
        <B::Kernel<L> as ConvKernel<f32, L>>::ALGORITHM,
    )
}

/// `a == b`, which is not `const`.
const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}
