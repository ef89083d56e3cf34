//! `i8`: weights and activations in 8 bits.

use super::integer::{Bits8, Integer, Real, Rounded};
use crate::quant::Grid;

impl Integer for i8 {
    const NAME: &'static str = "i8";
    const GRID: Grid = Grid::BITS_8;
    const MAX: u8 = 255;
    type Width = Bits8;
    type Outer = Self;
    type Results = Rounded;
    type Real = Real<Self>;
    type Code = Self;
}
