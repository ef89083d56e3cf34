//! The whole numbers that quantized weights may be.

use super::edge::round_half_even;
use core::fmt;

/// The whole numbers that a weight may be, symmetric around 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// Every number from `-max` to `max`.
    Whole {
        /// The largest.
        max: i8,
    },
    /// Every odd number from `-max` to `max`: as many levels as bits can count, and none is 0.
    Odd {
        /// The largest.
        max: i8,
    },
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, max) = match self {
            Self::Whole { max } => ("whole", max),
            Self::Odd { max } => ("odd", max),
        };
        write!(f, "{kind} numbers from -{max} to {max}")
    }
}

impl Grid {
    /// −127 to 127.
    pub const BITS_8: Self = Self::Whole { max: 127 };
    /// −7 to 7.
    pub const BITS_4: Self = Self::Whole { max: 7 };
    /// −3, −1, 1, 3.
    pub const BITS_2: Self = Self::Odd { max: 3 };

    /// The largest level.
    pub const fn max(self) -> i8 {
        match self {
            Self::Whole { max } | Self::Odd { max } => max,
        }
    }

    /// What kernels hold levels times: those of few bits stay in the upper ones of a byte.
    pub const fn factor(self) -> i32 {
        match self {
            Self::Whole { max: ..=7 } => 16,
            Self::Whole { .. } => 1,
            Self::Odd { .. } => 32,
        }
    }

    /// Levels that fit into a byte.
    pub const fn per_byte(self) -> usize {
        match self {
            Self::Whole { max: ..=7 } => 2,
            Self::Whole { .. } => 1,
            Self::Odd { .. } => 4,
        }
    }

    /// A level as the bits that a file has.
    #[cfg(feature = "alloc")]
    pub(super) const fn code(self, level: i8) -> u8 {
        let mask = (0xFF_u32 >> (8 - 8 / self.per_byte())) as u8;
        match self {
            Self::Whole { .. } => level as u8 & mask,
            Self::Odd { .. } => (level >> 1) as u8 & mask,
        }
    }

    /// The level of such bits, others above them notwithstanding.
    #[cfg(feature = "alloc")]
    pub(super) const fn level(self, code: u8) -> i8 {
        let unused = 8 - 8 / self.per_byte();
        let signed = ((code << unused) as i8) >> unused;
        match self {
            Self::Whole { .. } => signed,
            Self::Odd { .. } => 2 * signed + 1,
        }
    }

    /// Whether a number is a level.
    pub const fn contains(self, level: i8) -> bool {
        let inside = -self.max() <= level && level <= self.max();
        inside && !(matches!(self, Self::Odd { .. }) && level % 2 == 0)
    }

    /// The level nearest to a finite number.
    #[inline(always)]
    pub fn nearest(self, x: f32) -> i8 {
        let max = f32::from(self.max());
        let x = x.clamp(-max, max);
        match self {
            Self::Whole { .. } => round_half_even(x) as i8,
            Self::Odd { .. } => {
                let level = 2.0 * round_half_even((x - 1.0) * 0.5) + 1.0;
                level.clamp(-max, max) as i8
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_is_nearest() {
        for (grid, levels) in [
            (Grid::BITS_8, (-127..=127).collect::<Vec<i8>>()),
            (Grid::BITS_4, (-7..=7).collect()),
            (Grid::BITS_2, vec![-3, -1, 1, 3]),
        ] {
            for at in -40_000..=40_000 {
                let x = at as f32 / 256.0;
                let found = grid.nearest(x);
                assert!(levels.contains(&found), "{x}: {found}");
                let distance = |level: i8| (f32::from(level) - x).abs();
                assert!(
                    levels.iter().all(|&level| distance(found) <= distance(level)),
                    "{x}: {found}"
                );
            }
        }
    }
}
