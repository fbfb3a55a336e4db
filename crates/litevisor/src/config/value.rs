//! The types a setting may have, with the text forms people write: `512MiB`, `5m`, `75%`.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::layers::Raw;

/// A type of setting.
pub(super) trait SettingValue: Sized {
    /// Reads it; the error continues a sentence that begins with the setting's name.
    fn read(raw: &Raw) -> Result<Self, String>;
    /// The value as it would be written in the file.
    fn show(&self) -> String;
}

/// A number of bytes: an integer, or text such as `512MiB` or `1.5GB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

const BYTE_UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1000),
    ("B", 1),
];

impl Bytes {
    /// Parses `512MiB`, `1.5 GB`, `4096`; `None` if it is none of these.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (number, unit) = BYTE_UNITS
            .iter()
            .find_map(|(suffix, unit)| {
                let head = text.get(..text.len().checked_sub(suffix.len())?)?;
                let tail = text.get(head.len()..)?;
                tail.eq_ignore_ascii_case(suffix).then_some((head.trim_end(), *unit))
            })
            .unwrap_or((text, 1));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
            return None;
        }
        if number.contains('.') && fraction.is_empty() {
            return None;
        }
        let whole: u128 = whole.parse().ok()?;
        let scale = 10u128.pow(u32::try_from(fraction.len()).ok()?);
        let fraction: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
        let bytes = whole.checked_mul(u128::from(unit))? + fraction * u128::from(unit) / scale;
        u64::try_from(bytes).ok().map(Bytes)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = BYTE_UNITS[..4]
            .iter()
            .find(|(_, unit)| self.0 >= *unit && self.0.is_multiple_of(*unit));
        match unit {
            Some((suffix, unit)) => write!(f, "{}{suffix}", self.0 / unit),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl SettingValue for Bytes {
    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Integer(bytes) => u64::try_from(*bytes).ok().map(Bytes),
            Raw::Text(text) | Raw::Untyped(text) => Bytes::parse(text),
            _ => None,
        }
        .ok_or_else(|| "is a size: bytes as an integer, or text such as \"512MiB\"".to_owned())
    }

    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}

/// A length of time: text such as `500ms`, `30s`, `5m`, `1h`, `2d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval(pub Duration);

const TIME_UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

impl Interval {
    /// An interval of so many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Interval(Duration::from_secs(seconds))
    }

    /// Parses `5m`, `1h30m`, `250ms`; `None` if it is none of these. A bare number has no unit and
    /// is refused, except zero.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        if rest == "0" {
            return Some(Interval(Duration::ZERO));
        }
        let mut total_ms: u64 = 0;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: u64 = rest.get(..digits)?.parse().ok()?;
            rest = rest.get(digits..)?;
            let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            let suffix = rest.get(..letters)?;
            rest = rest.get(letters..)?.trim_start();
            let (_, unit) = TIME_UNITS.iter().find(|(name, _)| *name == suffix)?;
            total_ms = total_ms.checked_add(number.checked_mul(*unit)?)?;
        }
        (!text.trim().is_empty()).then_some(Interval(Duration::from_millis(total_ms)))
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        let unit = TIME_UNITS
            .iter()
            .rev()
            .find(|(_, unit)| ms != 0 && ms.is_multiple_of(u128::from(*unit)));
        match unit {
            Some((suffix, unit)) => write!(f, "{}{suffix}", ms / u128::from(*unit)),
            None if ms == 0 => f.write_str("0s"),
            None => write!(f, "{ms}ms"),
        }
    }
}

impl SettingValue for Interval {
    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Text(text) | Raw::Untyped(text) => Interval::parse(text),
            _ => None,
        }
        .ok_or_else(|| "is a length of time such as \"30s\", \"5m\" or \"1h30m\"".to_owned())
    }

    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}

impl SettingValue for String {
    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Text(text) | Raw::Untyped(text) => Ok(text.clone()),
            _ => Err("is a text".to_owned()),
        }
    }

    fn show(&self) -> String {
        format!("{self:?}")
    }
}

impl SettingValue for PathBuf {
    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Text(text) | Raw::Untyped(text) if !text.is_empty() => Ok(PathBuf::from(text)),
            _ => Err("is a path".to_owned()),
        }
    }

    fn show(&self) -> String {
        format!("{:?}", self.display().to_string())
    }
}

impl SettingValue for SocketAddr {
    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Text(text) | Raw::Untyped(text) => text.parse().ok(),
            _ => None,
        }
        .ok_or_else(|| {
            "is an address with a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"".to_owned()
        })
    }

    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}

impl SettingValue for bool {
    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Bool(flag) => Some(*flag),
            Raw::Untyped(text) => text.trim().parse().ok(),
            _ => None,
        }
        .ok_or_else(|| "is true or false".to_owned())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// In the environment and in flags: separated by commas.
impl SettingValue for Vec<String> {
    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Texts(texts) => Ok(texts.clone()),
            Raw::Untyped(text) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                Ok(parts.map(str::to_owned).collect())
            }
            _ => Err("is a list of texts, such as [\"a\", \"b\"]".to_owned()),
        }
    }

    fn show(&self) -> String {
        format!("{self:?}")
    }
}

/// A positive count.
impl SettingValue for usize {
    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Integer(count) => usize::try_from(*count).ok(),
            Raw::Untyped(text) => text.trim().parse().ok(),
            _ => None,
        }
        .filter(|count| *count > 0)
        .ok_or_else(|| "is a whole number, 1 or more".to_owned())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// Implements [`SettingValue`] for a closed list of words.
macro_rules! words {
    ($type:ty, $($word:literal => $variant:path),+ $(,)?) => {
        impl $crate::config::value::SettingValue for $type {
            fn read(raw: &$crate::config::layers::Raw) -> Result<Self, String> {
                use $crate::config::layers::Raw;
                let text = match raw {
                    Raw::Text(text) | Raw::Untyped(text) => text.as_str(),
                    _ => "",
                };
                match text {
                    $($word => Ok($variant),)+
                    _ => Err(format!("is one of {}", [$(concat!("\"", $word, "\"")),+].join(", "))),
                }
            }

            fn show(&self) -> String {
                match self { $($variant => concat!("\"", $word, "\"").to_owned()),+ }
            }
        }
    };
}
pub(super) use words;
