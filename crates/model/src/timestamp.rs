//! Points in time as milliseconds since 1970 UTC, and their one text form
//! `YYYY-MM-DDTHH:MM:SS.mmmZ`, which SQLite's date functions read.

use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// Bytes of a timestamp's text form.
pub const TEXT_BYTES: usize = 24;

const DAY_MS: i64 = 86_400_000;
/// 0000-01-01T00:00:00.000Z.
const MIN_MS: i64 = -62_167_219_200_000;
/// 9999-12-31T23:59:59.999Z.
const MAX_MS: i64 = 253_402_300_799_999;

impl Timestamp {
    /// The text form, written into `buffer`; `None` outside the years 0-9999.
    pub fn write_text(self, buffer: &mut [u8; TEXT_BYTES]) -> Option<&str> {
        if !(MIN_MS..=MAX_MS).contains(&self.0) {
            return None;
        }
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY_MS));
        let ms = self.0.rem_euclid(DAY_MS);
        *buffer = *b"0000-00-00T00:00:00.000Z";
        digits(&mut buffer[0..4], year);
        digits(&mut buffer[5..7], month);
        digits(&mut buffer[8..10], day);
        digits(&mut buffer[11..13], ms / 3_600_000);
        digits(&mut buffer[14..16], ms / 60_000 % 60);
        digits(&mut buffer[17..19], ms / 1000 % 60);
        digits(&mut buffer[20..23], ms % 1000);
        std::str::from_utf8(buffer).ok()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [0; TEXT_BYTES];
        match self.write_text(&mut buffer) {
            Some(text) => f.write_str(text),
            None => write!(f, "{}ms", self.0),
        }
    }
}

fn digits(out: &mut [u8], mut value: i64) {
    for byte in out.iter_mut().rev() {
        // `value % 10` of a non-negative number is one digit.
        *byte = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
}

/// Howard Hinnant's `civil_from_days` (<https://howardhinnant.github.io/date_algorithms.html>):
/// days since 1970-01-01 to (year, month, day) of the proleptic Gregorian calendar.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_790_000_000_123, "2026-09-21T14:13:20.123Z"),
            (MIN_MS, "0000-01-01T00:00:00.000Z"),
            (MAX_MS, "9999-12-31T23:59:59.999Z"),
        ];
        for (ms, text) in cases {
            assert_eq!(Timestamp(ms).to_string(), text);
        }
        let mut buffer = [0; TEXT_BYTES];
        assert_eq!(Timestamp(MAX_MS + 1).write_text(&mut buffer), None);
        assert_eq!(Timestamp(MIN_MS - 1).write_text(&mut buffer), None);
    }
}
