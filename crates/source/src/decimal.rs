//! IEEE 754-2008 decimal128 in its binary integer encoding, as BSON stores it, decoded exactly.
//! The text form is the one of MongoDB's Decimal128 specification
//! (<https://github.com/mongodb/specifications/blob/master/source/bson-decimal128/decimal128.md>).

use std::fmt;

/// The largest coefficient: 34 nines. Larger ones are not canonical and mean zero.
const COEFFICIENT_MAX: u128 = 10u128.pow(34) - 1;
const BIAS: i32 = 6176;
/// Digits that any double keeps: `f64::DIGITS`.
const REAL_DIGITS: u32 = 15;

/// A decoded decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decimal {
    NaN,
    Infinity {
        negative: bool,
    },
    /// `coefficient * 10^exponent`
    Finite {
        negative: bool,
        coefficient: u128,
        exponent: i32,
    },
}

impl Decimal {
    /// Decodes the 16 bytes, least significant first.
    pub(crate) fn from_bytes(bytes: &[u8; 16]) -> Self {
        let bits = u128::from_le_bytes(*bytes);
        let negative = bits >> 127 == 1;
        let field = |shift: u32, width: u32| (bits >> shift) & ((1 << width) - 1);
        match field(122, 5) {
            0b11111 => Decimal::NaN,
            0b11110 => Decimal::Infinity { negative },
            combination => {
                // A combination that starts with 11 stands for a coefficient of 2^113 and more:
                // never canonical, hence zero; its exponent lies two bits lower.
                let large = combination >> 3 == 0b11;
                let biased = field(if large { 111 } else { 113 }, 14);
                let coefficient = if large { 0 } else { field(0, 113) };
                Decimal::Finite {
                    negative,
                    coefficient: if coefficient > COEFFICIENT_MAX { 0 } else { coefficient },
                    // 14 bits always fit.
                    exponent: i32::try_from(biased).unwrap_or(0) - BIAS,
                }
            }
        }
    }

    /// The same value as a double, if it has at most 15 significant digits and lies in the range
    /// where doubles keep that many; NaN is `None` too.
    pub(crate) fn to_real(self) -> Option<f64> {
        /// 10^0 to 10^22 are exact doubles, so one division or multiplication of two exact doubles
        /// is correctly rounded (Clinger 1990).
        const POWERS: [f64; 23] = [
            1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
            1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
        ];
        let (negative, mut coefficient, mut exponent) = match self {
            Decimal::NaN => return None,
            Decimal::Infinity { negative: true } => return Some(f64::NEG_INFINITY),
            Decimal::Infinity { negative: false } => return Some(f64::INFINITY),
            Decimal::Finite { negative, coefficient, exponent } => {
                (negative, coefficient, exponent)
            }
        };
        let bound = 10u128.pow(REAL_DIGITS);
        while coefficient >= bound && coefficient.is_multiple_of(10) {
            coefficient /= 10;
            exponent += 1;
        }
        if coefficient >= bound {
            return None;
        }
        // Below 10^15, so the cast is exact.
        let digits = coefficient as f64;
        let power = POWERS.get(usize::try_from(exponent.unsigned_abs()).unwrap_or(usize::MAX));
        let real = match power {
            _ if coefficient == 0 => 0.0,
            Some(power) if exponent < 0 => digits / power,
            Some(power) => digits * power,
            None => format!("{coefficient}e{exponent}").parse().ok()?,
        };
        let kept = coefficient == 0 || real.is_normal();
        kept.then_some(if negative { -real } else { real })
    }

    /// The value in units of `10^-scale`, if it is a whole number of them that fits.
    pub(crate) fn to_scaled(self, scale: u8) -> Option<i64> {
        let Decimal::Finite { negative, mut coefficient, exponent } = self else { return None };
        if coefficient == 0 {
            return Some(0);
        }
        let shift = exponent + i32::from(scale);
        for _ in 0..shift.unsigned_abs() {
            coefficient = if shift > 0 {
                coefficient.checked_mul(10)?
            } else if coefficient.is_multiple_of(10) {
                coefficient / 10
            } else {
                return None;
            };
        }
        let value = i128::try_from(coefficient).ok()?;
        i64::try_from(if negative { -value } else { value }).ok()
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (negative, coefficient, exponent) = match *self {
            Decimal::NaN => return f.write_str("NaN"),
            Decimal::Infinity { negative } => {
                return f.write_str(if negative { "-Infinity" } else { "Infinity" });
            }
            Decimal::Finite { negative, coefficient, exponent } => {
                (negative, coefficient, exponent)
            }
        };
        if negative {
            f.write_str("-")?;
        }
        let digits = coefficient.to_string();
        // At most 34 digits.
        let count = i32::try_from(digits.len()).unwrap_or(0);
        let scientific = exponent + count - 1;
        if exponent > 0 || scientific < -6 {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            return write!(f, "{first}{point}{rest}E{scientific:+}");
        }
        let point = count + exponent;
        match usize::try_from(point) {
            _ if exponent == 0 => f.write_str(&digits),
            Ok(point) if point > 0 => {
                let (whole, fraction) = digits.split_at(point);
                write!(f, "{whole}.{fraction}")
            }
            _ => {
                let zeros = usize::try_from(-point).unwrap_or(0);
                write!(f, "0.{:0>width$}{digits}", "", width = zeros)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bson::Decimal128;
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Decimal {
        Decimal::from_bytes(&text.parse::<Decimal128>().unwrap().bytes())
    }

    #[test]
    fn reals_have_15_digits_at_most() {
        let cases = [
            ("0", Some(0.0)),
            ("1.50", Some(1.5)),
            ("-0.1", Some(-0.1)),
            ("123456789012345", Some(123_456_789_012_345.0)),
            ("1234567890123456", None),
            ("10.00000000000000000000", Some(10.0)),
            ("1E+20", Some(1e20)),
            ("1E+300", Some(1e300)),
            ("1E+400", None),
            ("1E-400", None),
            ("1E-310", None),
            ("0E-6000", Some(0.0)),
            ("Infinity", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("NaN", None),
        ];
        for (text, real) in cases {
            assert_eq!(parse(text).to_real(), real, "{text}");
        }
    }

    #[test]
    fn scaled_is_exact_or_nothing() {
        let cases = [
            ("10.25", 2, Some(1025)),
            ("-10.25", 2, Some(-1025)),
            ("10.250", 2, Some(1025)),
            ("10.255", 2, None),
            ("1E+3", 2, Some(100_000)),
            ("92233720368547758.07", 2, Some(i64::MAX)),
            ("-92233720368547758.08", 2, Some(i64::MIN)),
            ("92233720368547758.08", 2, None),
            ("0E+6000", 2, Some(0)),
            ("1E-6000", 2, None),
            ("1E+6000", 2, None),
            ("NaN", 2, None),
        ];
        for (text, scale, scaled) in cases {
            assert_eq!(parse(text).to_scaled(scale), scaled, "{text}");
        }
    }

    #[test]
    fn coefficients_that_are_not_canonical_are_zero() {
        let mut bytes = [0xff; 16];
        bytes[15] = 0x6c;
        assert_eq!(Decimal::from_bytes(&bytes).to_real(), Some(0.0));
        // 10^34 with exponent 0: one too many.
        let bits = 10u128.pow(34) | (6176u128 << 113);
        assert_eq!(Decimal::from_bytes(&bits.to_le_bytes()).to_string(), "0");
    }

    proptest! {
        #[test]
        fn any_bytes_have_the_drivers_text(bytes in any::<[u8; 16]>()) {
            let ours = Decimal::from_bytes(&bytes).to_string();
            prop_assert_eq!(ours, Decimal128::from_bytes(bytes).to_string());
        }

        #[test]
        fn text_and_real_agree(coefficient in 0u64..1_000_000_000_000_000, exponent in -40i32..40) {
            let text = format!("{coefficient}E{exponent}");
            prop_assert_eq!(parse(&text).to_real(), Some(text.parse::<f64>().unwrap()));
        }
    }
}
