//! `W4A8`: weights in 4 bits, two to a byte, activations in 8.

use super::integer::{Bits4, Integer, Real, Rounded};
use crate::quant::Grid;

/// Weights in 4 bits, activations in 8: half the memory of `i8`, and hardly less accurate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct W4A8;

impl Integer for W4A8 {
    const NAME: &'static str = "w4a8";
    const GRID: Grid = Grid::BITS_4;
    const MAX: u8 = 255;
    type Width = Bits4;
    type Outer = Self;
    type Results = Rounded;
    type Real = Real<Self>;
    type Code = Self;
}
