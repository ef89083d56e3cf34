//! `I4`: weights and activations in 4 bits.

use super::W4A8;
use super::integer::{Bits4, Integer, Real, Rounded};
use crate::element::I4;
use crate::quant::Grid;

impl Integer for I4 {
    const NAME: &'static str = "i4";
    const GRID: Grid = Grid::BITS_4;
    const MAX: u8 = 15;
    type Width = Bits4;
    type Outer = Self;
    type Results = Rounded;
    type Real = Real<Self>;
    type Code = W4A8;
}
