//! A gate: counts those inside and closes to newcomers. One atomic word, so that "closed" and
//! "nobody inside" are decided together and exactly one party learns that it was the last.

use std::sync::atomic::{AtomicU64, Ordering};

use model::Monotonic;

/// Who is inside, whether newcomers may enter, and when somebody last left.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    word: AtomicU64,
    last_ns: AtomicU64,
}

const CLOSED: u64 = 1 << 63;

impl Gate {
    /// Open, with nobody inside; idle since `now`.
    pub(crate) fn new(now: Monotonic) -> Gate {
        Gate { word: AtomicU64::new(0), last_ns: AtomicU64::new(now.0) }
    }

    /// Enters; `false` if it is closed.
    #[must_use]
    pub(crate) fn enter(&self) -> bool {
        let open = |word: u64| (word & CLOSED == 0).then_some(word + 1);
        self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, open).is_ok()
    }

    /// Leaves; `true` for the one who was the last to leave a closed gate.
    #[must_use]
    pub(crate) fn leave(&self, now: Monotonic) -> bool {
        self.last_ns.fetch_max(now.0, Ordering::Relaxed);
        self.word.fetch_sub(1, Ordering::AcqRel) == CLOSED + 1
    }

    /// Closes to newcomers; `true` if it was open and nobody was inside: then nobody will be told
    /// by [`Gate::leave`].
    #[must_use]
    pub(crate) fn close(&self) -> bool {
        self.word.fetch_or(CLOSED, Ordering::AcqRel) == 0
    }

    /// Closes if it is open and nobody is inside.
    #[must_use]
    pub(crate) fn close_if_empty(&self) -> bool {
        self.word.compare_exchange(0, CLOSED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// How many are inside.
    pub(crate) fn inside(&self) -> u64 {
        self.word.load(Ordering::Acquire) & !CLOSED
    }

    /// How long nobody was inside; zero while somebody is.
    pub(crate) fn idle(&self, now: Monotonic) -> std::time::Duration {
        if self.inside() > 0 {
            return std::time::Duration::ZERO;
        }
        now.since(Monotonic(self.last_ns.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every interleaving of two visitors and a closer: each operation is one atomic step, so an
    /// interleaving is an order of steps.
    #[test]
    fn in_every_order_exactly_one_is_told_that_it_was_the_last() {
        #[derive(Clone, Copy, PartialEq)]
        enum Step {
            Visit(usize),
            Close,
        }
        fn orders(left: &[Step], order: &mut Vec<Step>, all: &mut Vec<Vec<Step>>) {
            if left.is_empty() {
                all.push(order.clone());
            }
            for (index, step) in left.iter().enumerate() {
                let mut rest = left.to_vec();
                rest.remove(index);
                order.push(*step);
                orders(&rest, order, all);
                order.pop();
            }
        }
        let mut all = Vec::new();
        let steps = [Step::Visit(0), Step::Visit(0), Step::Visit(1), Step::Visit(1), Step::Close];
        orders(&steps, &mut Vec::new(), &mut all);
        assert!(all.len() >= 30);
        for order in all {
            let gate = Gate::new(Monotonic(0));
            let (mut inside, mut seen) = ([false; 2], [0; 2]);
            let (mut told, mut closed) = (0, false);
            for step in &order {
                match *step {
                    Step::Close => {
                        told += usize::from(gate.close());
                        closed = true;
                    }
                    Step::Visit(who) => {
                        seen[who] += 1;
                        if inside[who] {
                            inside[who] = false;
                            told += usize::from(gate.leave(Monotonic(1)));
                        } else if seen[who] == 1 {
                            inside[who] = gate.enter();
                            assert_eq!(inside[who], !closed);
                        }
                    }
                }
                assert!(told == 0 || gate.inside() == 0, "told while somebody was inside");
            }
            assert_eq!(told, 1);
        }
    }

    #[test]
    fn a_visitor_keeps_it_from_being_closed_as_empty() {
        let gate = Gate::new(Monotonic(5));
        assert!(gate.enter());
        assert!(!gate.close_if_empty());
        assert!(!gate.leave(Monotonic(9)));
        assert_eq!(gate.idle(Monotonic(19)).as_nanos(), 10);
        assert!(gate.close_if_empty());
        assert!(!gate.enter() && !gate.close_if_empty() && !gate.close());
    }
}
