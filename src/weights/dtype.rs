//! Element types of tensors in files.

use core::fmt;

macro_rules! dtypes {
    ($($(#[$doc:meta])* $name:ident $text:literal $bits:literal;)*) => {
        /// The type of a tensor's elements in a `.safetensors` file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Dtype {
            $($(#[$doc])* $name,)*
        }

        impl Dtype {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As a file names it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The size of one element.
            pub const fn bits(self) -> usize {
                match self {
                    $(Self::$name => $bits,)*
                }
            }
        }
    };
}

dtypes! {
    /// A truth value in a byte.
    Bool "BOOL" 8;
    /// Four bits: OCP MX float.
    F4 "F4" 4;
    /// Six bits: OCP MX float with two bits of exponent.
    F6E2M3 "F6_E2M3" 6;
    /// Six bits: OCP MX float with three bits of exponent.
    F6E3M2 "F6_E3M2" 6;
    /// Unsigned integer.
    U8 "U8" 8;
    /// Signed integer.
    I8 "I8" 8;
    /// Float with five bits of exponent.
    F8E5M2 "F8_E5M2" 8;
    /// Float with four bits of exponent.
    F8E4M3 "F8_E4M3" 8;
    /// A power of two.
    F8E8M0 "F8_E8M0" 8;
    /// Float with four bits of exponent, without infinities and negative zero.
    F8E4M3Fnuz "F8_E4M3FNUZ" 8;
    /// Float with five bits of exponent, without infinities and negative zero.
    F8E5M2Fnuz "F8_E5M2FNUZ" 8;
    /// Signed integer.
    I16 "I16" 16;
    /// Unsigned integer.
    U16 "U16" 16;
    /// IEEE half precision.
    F16 "F16" 16;
    /// The upper half of an `f32`.
    BF16 "BF16" 16;
    /// Signed integer.
    I32 "I32" 32;
    /// Unsigned integer.
    U32 "U32" 32;
    /// IEEE single precision.
    F32 "F32" 32;
    /// Two `f32`.
    C64 "C64" 64;
    /// IEEE double precision.
    F64 "F64" 64;
    /// Signed integer.
    I64 "I64" 64;
    /// Unsigned integer.
    U64 "U64" 64;
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The value of an IEEE half-precision float, exactly.
pub(super) fn f16(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, mantissa) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    let magnitude = match exponent {
        // Subnormal: a multiple of 2⁻²⁴.
        0 => (mantissa as f32 * f32::from_bits((127 - 24) << 23)).to_bits(),
        0x1f => 0x7f80_0000 | mantissa << 13,
        _ => (exponent + 127 - 15) << 23 | mantissa << 13,
    };
    f32::from_bits(sign | magnitude)
}

/// The value of a bfloat16, exactly.
pub(super) fn bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_has_its_value() {
        for bits in 0..=u16::MAX {
            let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
            let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
            let expected = match (exponent, bits & 0x3ff) {
                (0x1f, 0) => sign * f64::INFINITY,
                (0x1f, _) => f64::NAN,
                (0, _) => sign * mantissa * (-24f64).exp2(),
                _ => sign * (1024.0 + mantissa) * f64::from(exponent - 25).exp2(),
            };
            let value = f64::from(f16(bits));
            assert!(value == expected || value.is_nan() && expected.is_nan(), "{bits:#06x}");
            assert_eq!(value.is_sign_negative(), bits >> 15 == 1);
        }
    }

    #[test]
    fn bfloat16_is_half_an_f32() {
        for value in [0.0, -0.0, 1.0, -2.5, f32::INFINITY, f32::MIN_POSITIVE] {
            assert_eq!(bf16((value.to_bits() >> 16) as u16).to_bits(), value.to_bits());
        }
    }
}
