//! Points in time as milliseconds since 1970 UTC, and their one text form
//! `YYYY-MM-DDTHH:MM:SS.mmmZ`, which SQLite's date functions read.

use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// The point in time that data show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// The point, or the oldest of several.
    pub time: Timestamp,
    /// Whether all of the data are of exactly that point: not where the source keeps no points in
    /// time, nor where images of different points were read.
    pub exact: bool,
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.time, if self.exact { "" } else { " or later" })
    }
}

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
        let (seconds, millis) = (ms / 1000, ms % 1000);
        *buffer = *b"0000-00-00T00:00:00.000Z";
        digits(&mut buffer[0..4], year);
        digits(&mut buffer[5..7], month);
        digits(&mut buffer[8..10], day);
        digits(&mut buffer[11..13], seconds / 3600);
        digits(&mut buffer[14..16], seconds / 60 % 60);
        digits(&mut buffer[17..19], seconds % 60);
        digits(&mut buffer[20..23], millis);
        std::str::from_utf8(buffer).ok()
    }
}

impl Timestamp {
    /// Reads `YYYY-MM-DD` (midnight UTC) or `YYYY-MM-DDTHH:MM[:SS[.fff]]` followed by `Z` or an
    /// offset `±HH:MM`; a space may stand for the `T`. Digits beyond milliseconds are cut off.
    pub fn parse(text: &str) -> Option<Timestamp> {
        let (date, time) = match text.find(['T', 't', ' ']) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let [year, month, day] = fields(date, '-', [4, 2, 2])?;
        let days = days_from_civil(year, month, day);
        if civil_from_days(days) != (year, month, day) {
            return None;
        }
        let ms = time.map_or(Some(0), time_of_day)?;
        Some(Timestamp(days * DAY_MS + ms))
    }
}

/// Milliseconds since midnight UTC of `HH:MM[:SS[.fff]]` and an offset.
fn time_of_day(text: &str) -> Option<i64> {
    let (clock, offset_minutes) = match text.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => {
            let at = text.rfind(['+', '-'])?;
            let [hours, minutes] = fields(&text[at + 1..], ':', [2, 2])?;
            let sign = if text[at..].starts_with('-') { -1 } else { 1 };
            (&text[..at], sign * (hours * 60 + minutes))
        }
    };
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{fraction:0<3}").get(..3)?.parse::<i64>().ok()?;
    let [hours, minutes, seconds] = match fields(whole, ':', [2, 2, 2]) {
        Some(clock) => clock,
        None => fields(whole, ':', [2, 2]).map(|[hours, minutes]| [hours, minutes, 0])?,
    };
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    Some(((hours * 60 + minutes - offset_minutes) * 60 + seconds) * 1000 + thousandths)
}

/// Numbers of fixed widths with a separator between them.
fn fields<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut numbers = [0; N];
    let mut parts = text.split(separator);
    for (number, width) in numbers.iter_mut().zip(widths) {
        let part = parts.next()?;
        if part.len() != width || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
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

#[inline]
fn digits(out: &mut [u8], value: i64) {
    // Four digits at most, so 32 bits do, whose divisions are the cheaper ones.
    let mut value = u32::try_from(value).unwrap_or(0);
    for byte in out.iter_mut().rev() {
        *byte = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Howard Hinnant's `days_from_civil` (same page as [`civil_from_days`]'s).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
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
            assert_eq!(Timestamp::parse(text), Some(Timestamp(ms)));
        }
        let mut buffer = [0; TEXT_BYTES];
        assert_eq!(Timestamp(MAX_MS + 1).write_text(&mut buffer), None);
        assert_eq!(Timestamp(MIN_MS - 1).write_text(&mut buffer), None);
    }

    #[test]
    fn forms_read() {
        let noon = 1_769_860_800_000;
        let cases = [
            ("2026-01-31T12:00:00Z", Some(noon)),
            ("2026-01-31 12:00Z", Some(noon)),
            ("2026-01-31T14:00:00+02:00", Some(noon)),
            ("2026-01-31T07:30:00.000-04:30", Some(noon)),
            ("2026-01-31T12:00:00.0019Z", Some(noon + 1)),
            ("2026-01-31T12:00:00.5Z", Some(noon + 500)),
            ("2026-01-31", Some(noon - 12 * 3_600_000)),
            ("2026-01-31T12:00:00", None),
            ("2026-02-30", None),
            ("2026-13-01", None),
            ("26-01-31", None),
            ("2026-01-31T24:00:00Z", None),
            ("2026-01-31T12:00:00.Z", None),
            ("yesterday", None),
            ("ü026-01-31", None),
        ];
        for (text, ms) in cases {
            assert_eq!(Timestamp::parse(text), ms.map(Timestamp), "{text}");
        }
    }
}
