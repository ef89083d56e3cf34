//! In which precision a network has each layer: it is asked by giving it parameters of no meaning.

use crate::network::{LayerInfo, Network};
use crate::precision::Arithmetic;
use crate::quant::{Edge, IntegerLayer, IntegerRequest, Integers};
use crate::weights::safetensors::{Held, of_format};
use crate::weights::{LoadError, Parameter, Role, Source};
use alloc::vec;
use alloc::vec::Vec;

/// The precision of each layer that has weights.
pub(crate) fn formats<N: Network>() -> Vec<Held> {
    let mut formats = Formats { layers: N::LAYERS, held: Vec::new() };
    match N::build::<&mut dyn Source>(&mut (&mut formats as _)) {
        Ok(_) => formats.held,
        Err(_) => Vec::new(),
    }
}

/// Ones and zeros for whatever is asked for, and a note of what that was.
struct Formats {
    layers: &'static [LayerInfo],
    held: Vec<Held>,
}

impl Formats {
    fn note(&mut self, name: &str, precision: Option<&'static str>, weights: usize) {
        let layer = self.layers.iter().find(|layer| layer.name == name);
        if let (Some(layer), Some(precision)) = (layer, precision) {
            self.held.push(Held { layer: layer.name, precision, weights });
        }
    }
}

impl Source for Formats {
    fn tensor(&mut self, parameter: Parameter<'_>) -> Result<Vec<f32>, LoadError> {
        let len = parameter.shape.iter().product();
        if matches!(parameter.role, Role::Weight) {
            self.note(parameter.layer, Some(<f32 as Arithmetic>::NAME), len);
        }
        // A variance may not be 0.
        Ok(vec![1.0; len])
    }

    fn integers(&mut self, request: &IntegerRequest<'_>) -> Result<Integers, LoadError> {
        let (spec, format) = (request.spec, request.format);
        let (len, outputs) = (spec.shape.weight_len(), spec.shape.output[0]);
        self.note(spec.name, of_format(format.grid.per_byte(), format.max), len);
        let layer = IntegerLayer {
            // Each precision has this level.
            weights: vec![1; len],
            bias: vec![0; outputs],
            multipliers: vec![1.0; outputs],
        };
        Ok(Integers { layer, sums: Edge::default(), results: Edge::default() })
    }

    fn edge(&mut self, _: &str, _: Option<usize>, _: u8) -> Result<Edge, LoadError> {
        Ok(Edge::default())
    }

    fn finish(&mut self) -> Result<(), LoadError> {
        Ok(())
    }
}
