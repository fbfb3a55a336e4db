//! Field paths: `location.city`.

use std::fmt;

/// A path of field names from a document's top. Field names that hold dots cannot be mapped.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(Vec<String>);

impl Path {
    /// Splits `text` at its dots; `None` if a segment is empty.
    pub fn parse(text: &str) -> Option<Self> {
        let segments: Vec<String> = text.split('.').map(str::to_owned).collect();
        segments.iter().all(|segment| !segment.is_empty()).then_some(Path(segments))
    }

    /// A path of the segments given, which may hold anything.
    pub fn from_segments(segments: Vec<String>) -> Self {
        Path(segments)
    }

    /// The field names, outermost first.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// Whether this path is `other` or lies below it.
    pub fn is_within(&self, other: &Path) -> bool {
        self.0.starts_with(&other.0)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.join("."))
    }
}
