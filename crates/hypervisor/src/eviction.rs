//! Who goes when memory is needed. The policy, in prose:
//!
//! Only instances that nobody uses are looked at. Each is worth keeping by how likely it is to be
//! used again and how dear it would be to boot again, against the bytes it holds. Who was idle long
//! is unlikely to be used soon, so the score of going is **bytes x idle time / cost to boot**; the
//! highest go first, until the bytes needed are found. If all of them together do not suffice,
//! they go all the same: the caller has more to wait for, and half of it is better than none.
//! An instance idle for less than a second is spared while others are left: its user is most
//! likely between two clicks.

use std::time::Duration;

/// An instance that could go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    /// Bytes of its image.
    pub(crate) bytes: u64,
    /// Since it was last used.
    pub(crate) idle: Duration,
    /// What its boot took.
    pub(crate) cost: Duration,
}

const SPARED: Duration = Duration::from_secs(1);
/// Keeps a boot too quick to measure from dividing by zero.
const COST_MIN: Duration = Duration::from_micros(100);

impl Candidate {
    fn score(&self) -> f64 {
        // Bytes beyond 2^53 do not matter for an order.
        self.bytes as f64 * self.idle.as_secs_f64() / self.cost.max(COST_MIN).as_secs_f64()
    }
}

/// The candidates that should go, in that order, so that `needed` bytes are found.
pub(crate) fn victims(candidates: &[Candidate], needed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|&a, &b| {
        let (a, b) = (&candidates[a], &candidates[b]);
        let spared = |c: &Candidate| c.idle < SPARED;
        spared(a).cmp(&spared(b)).then(b.score().total_cmp(&a.score()))
    });
    let mut found = 0u64;
    order
        .into_iter()
        .take_while(|&index| {
            let wanted = found < needed;
            found = found.saturating_add(candidates[index].bytes);
            wanted
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(bytes: u64, idle_ms: u64, cost_ms: u64) -> Candidate {
        Candidate {
            bytes,
            idle: Duration::from_millis(idle_ms),
            cost: Duration::from_millis(cost_ms),
        }
    }

    #[test]
    fn policy_table() {
        let old = candidate(100, 60_000, 10);
        let fresh = candidate(100, 2_000, 10);
        let dear = candidate(100, 60_000, 1_000);
        let large = candidate(10_000, 60_000, 10);
        let clicking = candidate(1_000_000, 500, 1);
        let cases: &[(&[Candidate], u64, &[usize])] = &[
            (&[fresh, old], 1, &[1]),
            (&[dear, old], 1, &[1]),
            (&[old, large], 1, &[1]),
            (&[fresh, old, dear], 250, &[1, 0, 2]),
            (&[clicking, fresh], 1, &[1]),
            (&[clicking, fresh], 101, &[1, 0]),
            (&[old], 0, &[]),
            (&[old, fresh], 1_000, &[0, 1]),
            (&[], 5, &[]),
        ];
        for (candidates, needed, expected) in cases {
            assert_eq!(victims(candidates, *needed), *expected, "{candidates:?} {needed}");
        }
    }
}
