//! Elements of tensors that Rust has no type for: [`I4`].

use core::fmt;
use core::num::ParseIntError;
use core::ops::{Add, Div, Mul, Neg, Rem, Sub};
use core::str::FromStr;
use num_traits::{Bounded, FromPrimitive, Num, NumCast, One, ToPrimitive, Zero};

/// A signed integer of four bits: −8 to 7.
///
/// It takes a byte of memory here; a network packs two to a byte.
///
/// ```
/// use microcnn::{I4, Tensor};
///
/// let x = Tensor::<I4, 1, 1, 2, 2>::from_fn(|[_, _, h, w]| I4::saturating(5 * (h + w) as i32));
/// assert_eq!(x[[0, 0, 1, 1]], I4::MAX);
/// assert_eq!(I4::try_from(8i32).unwrap_err().to_string(), "8 is not a 4-bit integer, which is -8 to 7");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct I4(i8);

/// A number that is not one of the sixteen of [`I4`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct I4RangeError(i64);

impl fmt::Display for I4RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a 4-bit integer, which is -8 to 7", self.0)
    }
}

impl core::error::Error for I4RangeError {}

impl I4 {
    /// −8.
    pub const MIN: Self = Self(-8);
    /// 7.
    pub const MAX: Self = Self(7);

    /// A value of the range, or `None`.
    ///
    /// ```
    /// # use microcnn::I4;
    /// assert_eq!(I4::new(-8), Some(I4::MIN));
    /// assert_eq!(I4::new(8), None);
    /// ```
    #[inline]
    pub const fn new(value: i8) -> Option<Self> {
        if value < Self::MIN.0 || value > Self::MAX.0 { None } else { Some(Self(value)) }
    }

    /// The nearest value of the range.
    ///
    /// ```
    /// # use microcnn::I4;
    /// assert_eq!(I4::saturating(100), I4::MAX);
    /// ```
    #[inline]
    pub const fn saturating(value: i32) -> Self {
        match value {
            ..=-8 => Self::MIN,
            7.. => Self::MAX,
            _ => Self(value as i8),
        }
    }

    /// The value as an `i8`.
    ///
    /// ```
    /// # use microcnn::I4;
    /// assert_eq!(I4::MIN.get(), -8);
    /// ```
    #[inline]
    pub const fn get(self) -> i8 {
        self.0
    }
}

impl fmt::Debug for I4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for I4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

macro_rules! conversions {
    (from $($from:ty)*; into $($into:ty)*) => {
        $(impl TryFrom<$from> for I4 {
            type Error = I4RangeError;

            #[inline]
            fn try_from(value: $from) -> Result<Self, I4RangeError> {
                i8::try_from(value).ok().and_then(I4::new).ok_or(I4RangeError(value.into()))
            }
        })*
        $(impl From<I4> for $into {
            #[inline]
            fn from(value: I4) -> $into {
                value.0.into()
            }
        })*
    };
}

conversions!(from u8 i8 i16 i32 i64; into i8 i16 i32 i64 f32 f64);

macro_rules! operators {
    ($($operator:ident, $method:ident, $result:literal;)*) => {
        $(#[doc = concat!("# Panics\nIf the ", $result, " is not in −8 to 7.")]
        impl $operator for I4 {
            type Output = Self;

            #[inline]
            #[track_caller]
            fn $method(self, other: Self) -> Self {
                let result = self.0.$method(other.0);
                I4::new(result).expect(concat!("the ", $result, " of two 4-bit integers is not one"))
            }
        })*
    };
}

operators! {
    Add, add, "sum";
    Sub, sub, "difference";
    Mul, mul, "product";
    Div, div, "quotient";
    Rem, rem, "remainder";
}

/// # Panics
/// If the value is −8.
impl Neg for I4 {
    type Output = Self;

    #[inline]
    #[track_caller]
    fn neg(self) -> Self {
        Self::new(-self.0).expect("the negative of a 4-bit integer is not one")
    }
}

impl Zero for I4 {
    #[inline]
    fn zero() -> Self {
        Self(0)
    }

    #[inline]
    fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

impl One for I4 {
    #[inline]
    fn one() -> Self {
        Self(1)
    }
}

impl Bounded for I4 {
    fn min_value() -> Self {
        Self::MIN
    }

    fn max_value() -> Self {
        Self::MAX
    }
}

/// Why a text is not an [`I4`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseI4Error {
    /// It is not an integer of eight bits.
    Integer(ParseIntError),
    /// It is one, but needs more than four.
    Range(I4RangeError),
}

impl fmt::Display for ParseI4Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(error) => error.fmt(f),
            Self::Range(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ParseI4Error {}

impl Num for I4 {
    type FromStrRadixErr = ParseI4Error;

    fn from_str_radix(text: &str, radix: u32) -> Result<Self, ParseI4Error> {
        let value = i8::from_str_radix(text, radix).map_err(ParseI4Error::Integer)?;
        value.try_into().map_err(ParseI4Error::Range)
    }
}

impl FromStr for I4 {
    type Err = ParseI4Error;

    fn from_str(text: &str) -> Result<Self, ParseI4Error> {
        Self::from_str_radix(text, 10)
    }
}

impl ToPrimitive for I4 {
    fn to_i64(&self) -> Option<i64> {
        Some(self.0.into())
    }

    fn to_u64(&self) -> Option<u64> {
        self.0.to_u64()
    }
}

impl FromPrimitive for I4 {
    fn from_i64(value: i64) -> Option<Self> {
        value.try_into().ok()
    }

    fn from_u64(value: u64) -> Option<Self> {
        i64::try_from(value).ok().and_then(Self::from_i64)
    }
}

impl NumCast for I4 {
    fn from<T: ToPrimitive>(value: T) -> Option<Self> {
        value.to_i8().and_then(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_is_four_bits() {
        let all: Vec<I4> = (i8::MIN..=i8::MAX).filter_map(I4::new).collect();
        assert_eq!(all.len(), 16);
        assert_eq!((all[0], all[15]), (I4::MIN, I4::MAX));
        for value in i8::MIN..=i8::MAX {
            assert_eq!(I4::try_from(value).is_ok(), (-8..8).contains(&value));
            assert_eq!(I4::saturating(value.into()).get(), value.clamp(-8, 7));
        }
        assert_eq!(I4::try_from(1i64 << 40), Err(I4RangeError(1 << 40)));
    }

    #[test]
    fn arithmetic_agrees_with_i8() {
        let (a, b) = (I4(-7), I4(2));
        assert_eq!([a + b, a - -b, b * I4(3), a / b, a % b].map(I4::get), [-5, -5, 6, -3, -1]);
        assert_eq!(<i32 as From<I4>>::from(I4::zero() - I4::one()), -1);
    }

    #[test]
    #[should_panic = "the sum of two 4-bit integers is not one"]
    fn sums_do_not_wrap() {
        let _ = I4::MAX + I4::one();
    }

    #[test]
    #[should_panic = "the quotient of two 4-bit integers is not one"]
    fn quotients_do_not_wrap() {
        let _ = I4::MIN / -I4::one();
    }

    #[test]
    fn texts_and_other_numbers() {
        assert_eq!("-8".parse(), Ok(I4::MIN));
        assert_eq!("8".parse::<I4>(), Err(ParseI4Error::Range(I4RangeError(8))));
        assert!(matches!("x".parse::<I4>(), Err(ParseI4Error::Integer(_))));
        assert_eq!(<I4 as NumCast>::from(6.9), Some(I4(6)));
        assert_eq!(<I4 as NumCast>::from(300), None);
        assert_eq!(I4::from_u64(u64::MAX), None);
        assert_eq!(I4(-3).to_f64(), Some(-3.0));
        assert_eq!(I4(-3).to_u64(), None);
        assert_eq!(format!("{} {:?} {:>4}", I4(-3), I4(5), I4(1)), "-3 5    1");
    }
}
