//! What a network's answers are compared with before they are timed.

use super::{IMAGES, images};
use crate::layers::ConvSpec;
use crate::network::{self, LayerInfo, Network};
use crate::quant::{Edge, Format, Integers};
use crate::shape::volume;
use crate::simd::{Isa, Scalar};
use crate::weights::Sink;
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

/// What `Naive` answers on the scalar instruction set, and how far others may be from it.
#[derive(Clone, Debug)]
pub struct Oracle {
    /// Of each image in turn.
    scores: Vec<f32>,
    /// Scores of an image.
    each: usize,
    /// Of the largest score, or 0.
    tolerance: f32,
}

/// The answers of a network, which runs on `Naive`.
pub fn oracle<N: Network>(network: N) -> Oracle {
    let images = images(volume(N::INPUT), IMAGES);
    let mut scores = vec![0.0; IMAGES * volume(N::OUTPUT)];
    let isa = Scalar::detect().expect("every machine has the scalar instruction set");
    let mut workspace = network::workspace::<N>();
    network::predict_slice_on(isa, &network, &images, &mut scores, &mut workspace);
    let mut kinds = Kinds::default();
    network.write(&mut kinds);
    let tolerance = match (kinds.floats, kinds.integers) {
        (false, _) => 0.0,
        (true, false) => tolerance(N::LAYERS),
        // A last bit of a float can be a step of the integers that follow.
        (true, true) => 0.05,
    };
    Oracle { scores, each: volume(N::OUTPUT), tolerance }
}

/// Rounding a sum of `n` products costs up to `n + 1` times half an ulp of its size in any order, and in
/// the transformed domain of `Winograd` up to seven times that. Errors of one layer after the other add up, as
/// long as no layer makes its inputs' relative error larger.
fn tolerance(layers: &[LayerInfo]) -> f32 {
    let sums = layers.iter().map(|layer| layer.macs / volume(layer.output).max(1) + 1);
    8.0 * sums.sum::<usize>() as f32 * f32::EPSILON
}

impl Oracle {
    /// Whether the scores of some images are right.
    pub(super) fn compare(&self, scores: &[f32]) -> Result<(), String> {
        if let Some(at) = self.scores.iter().position(|score| !score.is_finite()) {
            let score = self.scores[at];
            return Err(format!(
                "`Naive` on `scalar` has {score} as score {at}: nothing compares with it"
            ));
        }
        if scores.is_empty() || !scores.len().is_multiple_of(self.each) {
            return Err(format!("{} scores are not {} for each image", scores.len(), self.each));
        }
        let largest = self.scores.iter().fold(0.0, |largest: f32, score| largest.max(score.abs()));
        let bound = self.tolerance * largest;
        for (at, (&found, &wanted)) in scores.iter().zip(self.scores.iter().cycle()).enumerate() {
            // Not `>`, which a NaN would pass.
            let near = (found - wanted).abs() <= bound;
            if !near {
                return Err(format!(
                    "score {at} is {found:e}, `Naive` on `scalar` has {wanted:e}; the bound is {bound:e}"
                ));
            }
        }
        Ok(())
    }
}

/// Which kinds of weights there are in a network.
#[derive(Default)]
struct Kinds {
    floats: bool,
    integers: bool,
}

impl Sink for Kinds {
    fn tensor(&mut self, _: &str, _: &str, _: &[usize], _: Vec<f32>) {
        self.floats = true;
    }

    fn integers(&mut self, _: &ConvSpec, _: Integers, _: Format) {
        self.integers = true;
    }

    fn edge(&mut self, _: &str, _: Edge, _: u8) {}
}

#[cfg(test)]
mod tests {
    use super::super::tests::Tiny;
    use super::*;

    #[test]
    fn the_comparison_fails_where_it_should() {
        let oracle = Oracle { scores: vec![1.0, -2.0], each: 2, tolerance: 0.25 };
        assert_eq!(oracle.compare(&[1.0, -2.0, 1.5, -1.5]), Ok(()));
        assert!(oracle.compare(&[1.0, -2.0, 1.0, -1.25]).is_err());
        assert!(oracle.compare(&[f32::NAN, -2.0]).is_err());
        assert!(oracle.compare(&[1.0]).is_err() && oracle.compare(&[]).is_err());
        for broken in [f32::NAN, f32::INFINITY] {
            let oracle = Oracle { scores: vec![broken, 1.0], ..oracle.clone() };
            assert!(oracle.compare(&[broken, 1.0]).is_err());
        }
        let exact = Oracle { scores: vec![1.0], each: 1, tolerance: 0.0 };
        assert!(exact.compare(&[1.0]).is_ok());
        assert!(exact.compare(&[1.0 + f32::EPSILON]).is_err());
    }

    #[test]
    fn integers_are_compared_exactly_and_floats_within_a_thousandth() {
        use crate::prelude::*;
        let network = Tiny::<f32>::random(1);
        let calibration = crate::bench::calibration(&network);
        let floats = oracle(network.clone().with_algorithm::<Naive>());
        assert!((1e-5..1e-3).contains(&floats.tolerance), "{}", floats.tolerance);
        let integers = network.quantize::<i8>(&calibration).unwrap().with_algorithm::<Naive>();
        assert_eq!(oracle(integers).tolerance, 0.0);
    }
}
