//! What an integer layer knows of its input and output beside its weights.

#[cfg(feature = "alloc")]
use crate::layers::Activation;
use crate::quant::Edge;
use crate::simd::{Isa, Kernel, Steps};
#[cfg(feature = "alloc")]
use alloc::boxed::Box;

/// What an integer layer knows of its input and output.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// What its inputs mean.
    pub input: Edge,
    /// What its rounded sums mean.
    pub output: Edge,
    /// The bytes that these become.
    pub range: Steps,
}

impl Default for Ends {
    fn default() -> Self {
        let edge = Edge::default();
        Self { input: edge, output: edge, range: Steps { zero: 0, low: 0, high: u8::MAX } }
    }
}

impl Ends {
    /// With the bounds that an activation sets.
    #[cfg(feature = "alloc")]
    pub(super) fn new(input: Edge, output: Edge, max: u8, activation: Activation) -> Self {
        let zero = output.zero_point;
        let (low, high) = match activation {
            Activation::ReLU => (zero, max),
            Activation::ReLU6 => (zero, output.from_f32(6.0, max)),
            _ => (0, max),
        };
        Self { input, output, range: Steps { zero, low, high } }
    }
}

/// An activation function of bytes.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) values: [u8; 256],
    pub(super) edge: Edge,
}

impl Table {
    /// Replaces values by what they are in the table.
    #[inline(always)]
    pub(super) fn replace<I: Isa>(&self, isa: I, values: &mut [u8]) {
        isa.run(Replace { table: &self.values, values });
    }
}

/// One function for all layers and precisions.
struct Replace<'a> {
    table: &'a [u8; 256],
    values: &'a mut [u8],
}

impl Kernel for Replace<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        isa.look_up(self.table, self.values);
    }
}

/// A table, or none.
#[cfg(feature = "alloc")]
pub type Lookup = Option<Box<Table>>;

/// A table, or none.
#[cfg(not(feature = "alloc"))]
pub type Lookup = Option<&'static Table>;
