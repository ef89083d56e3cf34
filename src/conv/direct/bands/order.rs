//! In which order a band's sums are computed.

use super::{Bands, Pooled, larger};
use crate::precision::integer::Integer;
use crate::simd::Isa;
use core::hint::black_box;

/// What of a band is computed at once.
pub(super) trait Order {
    fn sums<P: Integer, I: Isa, const OUTPUTS: usize>(
        isa: I,
        bands: &mut Bands<'_, '_, '_, P>,
        at: [usize; 2],
        first: usize,
    ) -> Pooled<I, OUTPUTS>;
}

/// Both rows and both parts.
pub(super) struct Whole;

impl Order for Whole {
    #[inline(always)]
    fn sums<P: Integer, I: Isa, const OUTPUTS: usize>(
        isa: I,
        bands: &mut Bands<'_, '_, '_, P>,
        at: [usize; 2],
        first: usize,
    ) -> Pooled<I, OUTPUTS> {
        let [upper, lower] = bands.sums::<I, 2, 2, 0, OUTPUTS>(isa, at, first);
        [larger(isa, upper[0], lower[0]), larger(isa, upper[1], lower[1])]
    }
}

/// A part of a row after the other.
pub(super) struct Quarters;

impl Order for Quarters {
    #[inline(always)]
    fn sums<P: Integer, I: Isa, const OUTPUTS: usize>(
        isa: I,
        bands: &mut Bands<'_, '_, '_, P>,
        [y, x]: [usize; 2],
        first: usize,
    ) -> Pooled<I, OUTPUTS> {
        let [[upper]] = apart::<I, _>(bands.sums::<I, 1, 1, 0, OUTPUTS>(isa, [y, x], first));
        let [[lower]] = bands.sums::<I, 1, 1, 0, OUTPUTS>(isa, [y + 1, x], first);
        let even = apart::<I, _>(larger(isa, upper, lower));
        let [[upper]] = apart::<I, _>(bands.sums::<I, 1, 1, 1, OUTPUTS>(isa, [y, x], first));
        let [[lower]] = bands.sums::<I, 1, 1, 1, OUTPUTS>(isa, [y + 1, x], first);
        let odd = larger(isa, upper, lower);
        [even, odd]
    }
}

/// A row after the other, two channels at once, with inputs that are made once for all channels and kept
/// in memory.
pub(super) struct Pairs;

impl Order for Pairs {
    #[inline(always)]
    fn sums<P: Integer, I: Isa, const OUTPUTS: usize>(
        isa: I,
        bands: &mut Bands<'_, '_, '_, P>,
        [y, x]: [usize; 2],
        first: usize,
    ) -> Pooled<I, OUTPUTS> {
        const { assert!(OUTPUTS.is_multiple_of(2)) };
        let mut pooled = [[isa.splat_i32(0); OUTPUTS]; 2];
        unrolled!(row in 2; 0 1 => {
            bands.keep(isa, [y + row, x]);
            for pair in 0..OUTPUTS / 2 {
                let sums = bands.sums_kept(isa, first + 2 * pair);
                for part in 0..2 {
                    for o in 0..2 {
                        let place = &mut pooled[part][2 * pair + o];
                        let sum: I::I32 = sums[part][o];
                        *place = if row == 0 { sum } else { isa.max_i32(*place, sum) };
                    }
                }
            }
        });
        pooled
    }
}

/// [`Quarters`] of 16-bit numbers.
pub(super) struct InWords;

impl Order for InWords {
    #[inline(always)]
    fn sums<P: Integer, I: Isa, const OUTPUTS: usize>(
        isa: I,
        bands: &mut Bands<'_, '_, '_, P>,
        [y, x]: [usize; 2],
        first: usize,
    ) -> Pooled<I, OUTPUTS> {
        let mut pooled = [[isa.splat_i32(i32::MIN); OUTPUTS]; 2];
        for row in 0..2 {
            unrolled!(part in 2; 0 1 => {
                let sums = bands.sums_of_words(isa, [y + row, x], part, first);
                pooled[part] = larger(isa, pooled[part], sums);
            });
        }
        pooled
    }
}

/// Keeps a quarter apart from the next one. As one stretch of code they would be mixed by the compiler,
/// and have more sums at once than there are registers. But where bytes become inputs by work of its own,
/// it is worth more that they do so once for all quarters.
#[inline(always)]
fn apart<I: Isa, T>(sums: T) -> T {
    if size_of::<I::Inputs>() > size_of::<I::Quads>() { sums } else { black_box(sums) }
}
