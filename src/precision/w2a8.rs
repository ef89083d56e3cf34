//! `W2A8`: weights in 2 bits, four to a byte, activations in 8; the first and the last layer in `i8`.

use super::integer::{Bits2, Integer, Real, Rounded};
use crate::quant::Grid;

/// Weights of −3, −1, 1 and 3 in 2 bits, activations in 8. A network's first and last layer are in `i8`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct W2A8;

impl Integer for W2A8 {
    const NAME: &'static str = "w2a8";
    const GRID: Grid = Grid::BITS_2;
    const MAX: u8 = 255;
    type Width = Bits2;
    type Outer = i8;
    type Results = Rounded;
    type Real = Real<Self>;
    type Code = Self;
}
