//! How weights share bytes, and how they become factors again.

use super::Integer;
use crate::quant::Grid;
use crate::simd::Isa;

/// How many weights share a byte.
pub trait Width: 'static {
    /// Weights in a byte.
    const PARTS: usize;
    /// A value for each.
    type Parts<T: Copy>: Copy + AsRef<[T]> + AsMut<[T]>;

    /// The same value for each. (A closure that made them would be compiled as a function of its own,
    /// without the instruction set of its caller.)
    fn fill<T: Copy>(value: T) -> Self::Parts<T>;
}

/// A byte is one weight.
#[derive(Debug)]
pub enum Bits8 {}

/// A byte is two weights.
#[derive(Debug)]
pub enum Bits4 {}

/// A byte is four weights.
#[derive(Debug)]
pub enum Bits2 {}

macro_rules! widths {
    ($($width:ident: $parts:literal;)+) => {
        $(impl Width for $width {
            const PARTS: usize = $parts;
            type Parts<T: Copy> = [T; $parts];

            #[inline(always)]
            fn fill<T: Copy>(value: T) -> [T; $parts] {
                [value; $parts]
            }
        })+
    };
}

widths! {
    Bits8: 1;
    Bits4: 2;
    Bits2: 4;
}

/// Bits to shift a byte by, to keep and to set, for a part of it to become a factor.
#[inline(always)]
pub(super) const fn part<P: Integer>(part: usize) -> (u32, u8, u8) {
    let bits = 8 / P::Width::PARTS;
    let shift = 8 - bits * (part + 1);
    // The lowest bit of an odd level is 1 and not stored.
    let set = match P::GRID {
        Grid::Odd { .. } => 1 << (7 - bits),
        Grid::Whole { .. } => 0,
    };
    (shift as u32, (0xFF << (8 - bits)) as u8, set)
}

/// A weight as the factor that kernels take.
#[inline(always)]
pub(super) fn factor<P: Integer>(byte: u8, index: usize) -> i32 {
    let (shift, mask, set) = part::<P>(index);
    i32::from(((byte << shift) & mask | set) as i8)
}

/// The bits of a level in the upper part of a byte.
#[cfg(feature = "alloc")]
pub(super) fn stored<P: Integer>(level: i8) -> u8 {
    let factor = i32::from(level) * P::GRID.factor();
    let (_, mask, _) = part::<P>(P::Width::PARTS - 1);
    factor as u8 & mask
}

/// Four factors, of a part of a lane's weights.
#[inline(always)]
pub(crate) fn packed_factors<P: Integer>(bytes: u32, index: usize) -> u32 {
    let (shift, mask, set) = part::<P>(index);
    // Not by a closure, which would be compiled without the instruction set of its caller.
    let (mask, set) = (u32::from_le_bytes([mask; 4]), u32::from_le_bytes([set; 4]));
    bytes << shift & mask | set
}

/// The factors of a part of packed weights, as bytes.
#[inline(always)]
pub(crate) fn factor_bytes<P: Integer, I: Isa>(isa: I, quads: I::Quads, index: usize) -> I::Quads {
    let (shift, mask, set) = part::<P>(index);
    isa.factors(quads, shift, mask, set)
}

/// A part of packed weights as factors.
#[inline(always)]
pub(crate) fn part_factors<P: Integer, I: Isa>(
    isa: I,
    quads: I::Quads,
    index: usize,
) -> I::Weights {
    let (shift, mask, set) = part::<P>(index);
    isa.weights(quads, shift, mask, set)
}

/// The parts of packed weights as factors.
#[inline(always)]
pub(super) fn unpack_parts<P: Integer, I: Isa>(
    isa: I,
    quads: I::Quads,
) -> <P::Width as Width>::Parts<I::Weights> {
    let mut parts = P::Width::fill(part_factors::<P, I>(isa, quads, 0));
    for index in 1..P::Width::PARTS {
        parts.as_mut()[index] = part_factors::<P, I>(isa, quads, index);
    }
    parts
}
