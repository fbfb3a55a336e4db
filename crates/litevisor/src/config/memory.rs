//! `[memory]`: the one budget in bytes.

use model::limits::BUDGET_LEAST_BYTES;

use super::layers::Raw;
use super::reader::Reader;
use super::value::{Bytes, SettingValue};

/// `[memory]`.
#[derive(Clone, Debug)]
pub struct MemoryConfig {
    /// What images, boots, query heaps, private scratches and temp files reserve from.
    pub budget: Budget,
}

/// A share of what the machine (or its cgroup) has, or a number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// Percent, 1 to 100.
    Percent(u8),
    /// Bytes.
    Bytes(Bytes),
}

impl Budget {
    /// Bytes of the budget, where the machine allows `available`.
    pub fn of(self, available: u64) -> u64 {
        match self {
            Budget::Percent(percent) => available / 100 * u64::from(percent),
            Budget::Bytes(bytes) => bytes.0,
        }
    }
}

impl SettingValue for Budget {
    fn read(raw: &Raw) -> Result<Self, String> {
        if let Raw::Text(text) | Raw::Untyped(text) = raw
            && let Some(percent) = text.trim().strip_suffix('%')
        {
            return match percent.trim_end().parse() {
                Ok(percent @ 1..=100) => Ok(Budget::Percent(percent)),
                _ => Err("is a share such as \"75%\", 1 to 100".to_owned()),
            };
        }
        match Bytes::read(raw) {
            Ok(bytes) if bytes.0 >= BUDGET_LEAST_BYTES => Ok(Budget::Bytes(bytes)),
            Ok(bytes) => Err(format!(
                "is {} bytes, with which no query runs; give it {BUDGET_LEAST_BYTES} bytes or more",
                bytes.0
            )),
            Err(_) => Err("is a share such as \"75%\", or a size such as \"6GiB\"".to_owned()),
        }
    }

    fn show(&self) -> String {
        match self {
            Budget::Percent(percent) => format!("\"{percent}%\""),
            Budget::Bytes(bytes) => bytes.show(),
        }
    }
}

impl MemoryConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        MemoryConfig { budget: reader.take("memory", "budget", Budget::Percent(75)) }
    }
}
