//! Takes typed settings out of the layers, remembers what was asked for, and at the end refuses
//! what nobody asked for.

use std::collections::BTreeSet;

use super::ConfigError;
use super::layers::{Layers, Name, Origin};
use super::value::SettingValue;

/// One setting as `config show` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The section's name.
    pub section: &'static str,
    /// The key within it.
    pub key: &'static str,
    /// The value as it would be written in the file; a secret's is masked; `None` where unset.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: Origin,
}

/// Hands out settings by name.
pub(super) struct Reader {
    layers: Layers,
    shown: Vec<Shown>,
    refused: BTreeSet<String>,
}

impl Reader {
    pub(super) fn new(layers: Layers) -> Self {
        Reader { layers, shown: Vec::new(), refused: BTreeSet::new() }
    }

    /// A setting with a default.
    pub(super) fn take<T: SettingValue>(
        &mut self,
        section: &'static str,
        key: &'static str,
        default: T,
    ) -> T {
        self.take_optional(section, key).unwrap_or_else(|| {
            if let Some(last) = self.shown.last_mut() {
                last.value = Some(default.show());
            }
            default
        })
    }

    /// A setting that may be left unset.
    pub(super) fn take_optional<T: SettingValue>(
        &mut self,
        section: &'static str,
        key: &'static str,
    ) -> Option<T> {
        let (value, origin) = match self.layers.values.remove(&(section.to_owned(), key.to_owned()))
        {
            None => (None, Origin::Default),
            Some((raw, origin)) => match T::read(&raw) {
                Ok(value) => (Some(value), origin),
                Err(why) => {
                    self.layers.errors.push(format!("{origin}: {section}.{key} {why}"));
                    (None, origin)
                }
            },
        };
        let text = value.as_ref().map(SettingValue::show);
        self.shown.push(Shown { section, key, value: text, origin });
        value
    }

    /// Replaces what `config show` prints of the setting taken last.
    pub(super) fn mask(&mut self, masked: impl FnOnce(&str) -> String) {
        if let Some(value) = self.shown.last_mut().and_then(|last| last.value.as_mut()) {
            *value = masked(value);
        }
    }

    /// Notes something wrong with the setting taken last.
    pub(super) fn wrong(&mut self, why: &str) {
        if let Some(Shown { section, key, origin, .. }) = self.shown.last() {
            self.layers.errors.push(format!("{origin}: {section}.{key} {why}"));
        }
    }

    /// Refuses a section that is not built yet.
    pub(super) fn refuse_section(&mut self, section: &str) {
        self.refused.insert(section.to_owned());
    }

    /// Refuses what is left over.
    pub(super) fn finish(mut self) -> Result<Vec<Shown>, ConfigError> {
        let left = std::mem::take(&mut self.layers.values);
        for (name, (_, origin)) in left {
            if let Some(why) = self.unknown(&name) {
                self.layers.errors.push(format!("{origin}: {why}"));
            }
        }
        if self.layers.errors.is_empty() {
            Ok(self.shown)
        } else {
            Err(ConfigError(self.layers.errors))
        }
    }

    fn unknown(&self, (section, key): &Name) -> Option<String> {
        if self.refused.contains(section) {
            return Some(format!("the section [{section}] is not built yet; remove it"));
        }
        let sections: BTreeSet<&str> = self.shown.iter().map(|shown| shown.section).collect();
        if !sections.contains(section.as_str()) {
            let hint = match nearest(section, sections.iter().copied()) {
                Some(near) => format!("did you mean [{near}]?"),
                None => {
                    let all: Vec<String> = sections.iter().map(|s| format!("[{s}]")).collect();
                    format!("there are {}", all.join(" "))
                }
            };
            return Some(format!("there is no section [{section}]; {hint}"));
        }
        if key.is_empty() {
            return None; // a known section without keys
        }
        let keys = || self.shown.iter().filter(|s| s.section == section).map(|s| s.key);
        let hint = match nearest(key, keys()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", keys().collect::<Vec<_>>().join(", ")),
        };
        Some(format!("[{section}] has no setting `{key}`; {hint}"))
    }
}

/// The candidate nearest to `word` by edit distance, if it is near at all: at most a third of the
/// word may differ.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= word.chars().count().div_ceil(3))
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, two rows at a time.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
