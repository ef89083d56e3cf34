//! What becomes of a layer's sums: activations, or floats.

use super::Integer;
use super::ends::{Ends, Table};
use crate::layers::Activation;
use crate::precision::Arithmetic;
use crate::quant::{Edge, Grid, to_steps};
use crate::simd::Isa;
use bytemuck::Pod;
use core::marker::PhantomData;

/// What becomes of a layer's sums.
pub trait Results: 'static {
    /// A result.
    type Element: Pod;
    /// The precision of the results; integers for `P`.
    type Writes<P: Integer>: Arithmetic<Element = Self::Element>;
    /// Whether they stay floats.
    const FLOAT: bool;

    /// One result.
    fn one<I: Isa>(isa: I, steps: f32, ends: Ends, activation: Activation) -> Self::Element;
    /// As many results as there are places.
    fn block<I: Isa>(
        isa: I,
        steps: I::F32,
        ends: Ends,
        activation: Activation,
        output: &mut [Self::Element],
    );
    /// As many results as there are places, of several channels; see [`Arithmetic::finish_pixels`].
    fn pixels<I: Isa, const OUTPUTS: usize>(
        isa: I,
        steps: &[I::F32; OUTPUTS],
        ends: Ends,
        activation: Activation,
        output: &mut [Self::Element],
        at: [usize; 2],
    );
    /// What the results mean.
    fn edge<P: Integer>(edge: Edge) -> <Self::Writes<P> as Arithmetic>::Edge;
    /// Replaces results by what they are in a table.
    fn look_up<I: Isa>(isa: I, table: &Table, values: &mut [Self::Element]);
}

/// Sums are rounded to activations.
#[derive(Debug)]
pub enum Rounded {}

impl Results for Rounded {
    type Element = u8;
    type Writes<P: Integer> = P;
    const FLOAT: bool = false;

    #[inline(always)]
    fn one<I: Isa>(_: I, steps: f32, Ends { range, .. }: Ends, _: Activation) -> u8 {
        to_steps(steps, range.zero, range.low, range.high)
    }

    #[inline(always)]
    fn block<I: Isa>(isa: I, steps: I::F32, ends: Ends, _: Activation, output: &mut [u8]) {
        match output.first_chunk_mut() {
            Some(output) => isa.store_steps(steps, ends.range, output),
            None => isa.store_steps_partial(steps, ends.range, output),
        }
    }

    #[inline(always)]
    fn pixels<I: Isa, const OUTPUTS: usize>(
        isa: I,
        steps: &[I::F32; OUTPUTS],
        ends: Ends,
        _: Activation,
        output: &mut [u8],
        at: [usize; 2],
    ) {
        isa.store_pixels(steps, ends.range, output, at);
    }

    #[inline(always)]
    fn edge<P: Integer>(edge: Edge) -> Edge {
        edge
    }

    #[inline(always)]
    fn look_up<I: Isa>(isa: I, table: &Table, values: &mut [u8]) {
        table.replace(isa, values);
    }
}

/// Sums stay floats.
#[derive(Debug)]
pub enum Floats {}

impl Results for Floats {
    type Element = f32;
    type Writes<P: Integer> = f32;
    const FLOAT: bool = true;

    #[inline(always)]
    fn one<I: Isa>(isa: I, steps: f32, _: Ends, activation: Activation) -> f32 {
        f32::finish(isa, steps, &[], 0, activation)
    }

    #[inline(always)]
    fn block<I: Isa>(isa: I, steps: I::F32, _: Ends, activation: Activation, output: &mut [f32]) {
        f32::finish_block(isa, steps, &[], 0, activation, output);
    }

    #[inline(always)]
    fn pixels<I: Isa, const OUTPUTS: usize>(
        isa: I,
        steps: &[I::F32; OUTPUTS],
        _: Ends,
        activation: Activation,
        output: &mut [f32],
        at: [usize; 2],
    ) {
        f32::finish_pixels(isa, steps, &[], 0, activation, output, at);
    }

    #[inline(always)]
    fn edge<P: Integer>(_: Edge) {}

    #[inline(always)]
    fn look_up<I: Isa>(_: I, _: &Table, _: &mut [f32]) {}
}

/// An integer precision whose sums become floats: a network's last layer with weights, whose results
/// nothing has to multiply.
#[derive(Clone, Copy, Debug, Default)]
pub struct Real<P>(PhantomData<P>);

impl<P: Integer> Integer for Real<P> {
    const NAME: &'static str = P::NAME;
    const GRID: Grid = P::GRID;
    const MAX: u8 = P::MAX;
    type Width = P::Width;
    type Outer = P::Outer;
    type Results = Floats;
    type Real = Self;
    type Code = Real<P::Code>;
}
