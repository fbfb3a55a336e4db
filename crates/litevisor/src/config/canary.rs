//! `[canary]`: a decoy tenant and the values that no other tenant may ever see.

use model::limits::{CANARY_VALUE_BYTES_MAX, CANARY_VALUE_BYTES_MIN, CANARY_VALUES_MAX};

use super::reader::Reader;

/// `[canary]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanaryConfig {
    /// The decoy.
    pub tenant: String,
    /// What its documents hold and nobody else's do.
    pub values: Vec<String>,
}

impl CanaryConfig {
    /// None where nothing is set.
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        const S: &str = "canary";
        let tenant: Option<String> = reader.take_optional(S, "tenant");
        let values: Vec<String> = reader.take(S, "values", Vec::new());
        if tenant.is_some() == values.is_empty() {
            reader.wrong("and tenant are of use only together: set both");
        }
        if values.len() > CANARY_VALUES_MAX {
            reader.wrong(&format!("has at most {CANARY_VALUES_MAX} values"));
        }
        if !values.iter().all(|value| is_value(value)) {
            reader.wrong(&format!(
                "is a list of {CANARY_VALUE_BYTES_MIN} to {CANARY_VALUE_BYTES_MAX} letters, digits, \
                 `-` and `_` each, which nobody guesses"
            ));
        }
        // Whoever knows one can raise a false alarm.
        reader.mask(|shown| if shown == "[]" { shown.to_owned() } else { "[\"***\"]".to_owned() });
        Some(CanaryConfig { tenant: tenant?, values })
    }
}

/// Nothing that an encoding, JSON or a URL writes otherwise: a value is found wherever it stands.
fn is_value(text: &str) -> bool {
    (CANARY_VALUE_BYTES_MIN..=CANARY_VALUE_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}
