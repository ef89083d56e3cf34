//! Networks from bytes, and bytes from networks.

use super::formats::formats;
use super::safetensors::{alike, explained, held};
use super::{
    LoadError, Random, RawSink, RawSource, SafetensorsSink, SafetensorsSource, Sink, Source,
};
use crate::network::Network;
use alloc::vec::Vec;

/// A network with all parameters of a source.
fn build<N: Network>(mut source: impl Source) -> Result<N, LoadError> {
    let network = N::build::<&mut dyn Source>(&mut (&mut source as _))?;
    source.finish()?;
    Ok(network)
}

/// A network with the parameters of a `.raw` file.
///
/// # Errors
/// What is wrong with the file.
pub fn from_raw<N: Network>(file: &[u8]) -> Result<N, LoadError> {
    build(RawSource::new(file, N::STORED)?)
}

/// A network with the parameters of a `.safetensors` file.
///
/// # Errors
/// What is wrong with the file.
pub fn from_safetensors<N: Network>(file: &[u8]) -> Result<N, LoadError> {
    build(SafetensorsSource::new(file)?).map_err(|error| {
        let held = held(file, N::LAYERS);
        // To ask the network takes the memory of its floats: only for a file that has room for its weights.
        let parameters: usize = N::LAYERS.iter().map(|layer| layer.parameters).sum();
        let others = held.iter().any(|layer| layer.precision != N::PRECISION);
        if !others || file.len() < parameters / 4 || alike(&held, &formats::<N>()) {
            return error;
        }
        explained(error, &held, N::NAME, N::PRECISION)
    })
}

/// A network with [`Random`] parameters.
pub fn random<N: Network>(seed: u64) -> N {
    build(Random::new(seed)).expect("random parameters are finite and of every shape")
}

/// A network's parameters as a `.raw` file.
///
/// # Panics
/// If the network is quantized: the format holds only floats.
pub fn to_raw<N: Network>(network: &N) -> Vec<u8> {
    let mut sink = RawSink::default();
    network.write::<&mut dyn Sink>(&mut (&mut sink as _));
    sink.bytes
}

/// A network's parameters as a `.safetensors` file.
pub fn to_safetensors<N: Network>(network: &N) -> Vec<u8> {
    let mut sink = SafetensorsSink::default();
    network.write::<&mut dyn Sink>(&mut (&mut sink as _));
    sink.into_bytes()
}
