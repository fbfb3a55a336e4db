//! How many distinct values a field has, and how far one field's values are among another's, from
//! a bounded set: the `k` smallest hashes (Bar-Yossef et al., "Counting distinct elements in a data
//! stream", 2002). It does not depend on the order in which values come.

use std::collections::BTreeSet;

use model::limits::INFER_DISTINCT_MAX;

use crate::raw::Value;

/// The smallest hashes of the values seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Distinct(BTreeSet<u64>);

impl Distinct {
    /// Notes a value, if it is of a type that may be a tenant key.
    pub(super) fn note(&mut self, value: &Value<'_>) {
        let Some(hash) = hash(value) else { return };
        let full = self.0.len() >= INFER_DISTINCT_MAX;
        if full && self.0.last().is_some_and(|last| hash > *last) {
            return;
        }
        if self.0.insert(hash) && full {
            self.0.pop_last();
        }
    }

    /// About how many distinct values there were; exact below the bound.
    pub(super) fn count(&self) -> u64 {
        match self.0.last() {
            Some(last) if self.0.len() >= INFER_DISTINCT_MAX => {
                // k - 1 values lie below the k-th smallest hash, evenly spread over 64 bits.
                let others = (self.0.len() - 1) as u128;
                let estimate = others * u128::from(u64::MAX) / u128::from((*last).max(1));
                u64::try_from(estimate).unwrap_or(u64::MAX)
            }
            _ => self.0.len() as u64,
        }
    }

    /// The union of two.
    pub(super) fn merge(&mut self, other: &Distinct) {
        self.0.extend(&other.0);
        while self.0.len() > INFER_DISTINCT_MAX {
            self.0.pop_last();
        }
    }

    /// About which share of the distinct values, in percent, `other` has too.
    pub(super) fn percent_within(&self, other: &Distinct) -> u64 {
        // Below this hash both sets are complete.
        let horizon = [self, other]
            .into_iter()
            .filter(|set| set.0.len() >= INFER_DISTINCT_MAX)
            .filter_map(|set| set.0.last().copied())
            .min()
            .unwrap_or(u64::MAX);
        let (mut all, mut common) = (0_u64, 0);
        for hash in self.0.iter().take_while(|hash| **hash <= horizon) {
            all += 1;
            common += u64::from(other.0.contains(hash));
        }
        (common * 100_u64).checked_div(all).unwrap_or(0)
    }
}

/// A hash of the value with its type; `None` for types that are no key.
fn hash(value: &Value<'_>) -> Option<u64> {
    Some(match value {
        Value::String(text) => fnv(1, text),
        Value::ObjectId(id) => fnv(2, *id),
        Value::Int32(int) => fnv(3, &i64::from(*int).to_le_bytes()),
        Value::Int64(int) => fnv(3, &int.to_le_bytes()),
        Value::Binary(binary) if matches!(binary.subtype, 3 | 4) => fnv(4, binary.bytes),
        _ => return None,
    })
}

/// FNV-1a, finished by `MurmurHash3`'s mixer so that the smallest hashes are a fair sample.
fn fnv(tag: u8, bytes: &[u8]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in std::iter::once(&tag).chain(bytes) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: std::ops::Range<i64>) -> Distinct {
        let mut distinct = Distinct::default();
        range.for_each(|n| distinct.note(&Value::Int64(n)));
        distinct
    }

    #[test]
    fn counts_and_containment() {
        assert_eq!(of(0..100).count(), 100);
        let many = of(0..100_000).count();
        assert!((85_000..115_000).contains(&many), "{many}");
        assert_eq!(of(0..100).percent_within(&of(0..200)), 100);
        assert_eq!(of(0..200).percent_within(&of(0..100)), 50);
        assert_eq!(of(0..40).percent_within(&of(1000..2000)), 0);
        let half = of(0..100_000).percent_within(&of(50_000..200_000));
        assert!((38..62).contains(&half), "{half}");
        assert_eq!(of(5..9).percent_within(&Distinct::default()), 0);
    }
}
