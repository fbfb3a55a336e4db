//! The pure life of a slot. A test holds the diagram against [`next`]: one line per edge.
//!
//! ```text
//! Vacant  --begin_boot-->   Booting
//! Booting --finish_boot-->  Live
//! Booting --fail_boot-->    Failed
//! Booting --abandon_boot--> Vacant
//! Failed  --begin_boot-->   Booting
//! Failed  --forget-->       Vacant
//! Live    --begin_close-->  Closing
//! Closing --finish_close--> Vacant
//! ```
//!
//! In the words of the instance within: Populating while Booting, Ready while Live (Refreshing or
//! growing beside its readers, without leaving Live), Draining while Closing, then Closed. An
//! instance that closes without a lease out passes through Closing within one turn of the lock.

/// Where a slot is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No instance.
    Vacant,
    /// The first load is under way.
    Booting,
    /// It answers queries.
    Live,
    /// It takes no newcomers and goes when its leases end, or a newcomer needs its place.
    Closing,
    /// The last boot failed; remembered briefly.
    Failed,
}

impl State {
    /// How many states there are.
    pub const COUNT: usize = 5;

    /// All states.
    pub const ALL: [State; State::COUNT] =
        [State::Vacant, State::Booting, State::Live, State::Closing, State::Failed];

    /// The word used in answers, logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            State::Vacant => "vacant",
            State::Booting => "booting",
            State::Live => "live",
            State::Closing => "closing",
            State::Failed => "failed",
        }
    }
}

/// What can happen to a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// The first waiter came, or a boot was asked for.
    BeginBoot,
    /// The first tables are published.
    FinishBoot,
    /// The boot failed, for all its waiters.
    FailBoot,
    /// The last waiter left, or the boot was told to stop.
    AbandonBoot,
    /// The failure is old enough.
    Forget,
    /// Eviction, an operator, or the drain.
    BeginClose,
    /// The last lease ended; or a newcomer came, who gets an instance of his own.
    FinishClose,
}

/// The state after `edge`; `None` if that cannot happen in `state`.
pub(crate) fn next(state: State, edge: Edge) -> Option<State> {
    match (state, edge) {
        (State::Vacant | State::Failed, Edge::BeginBoot) => Some(State::Booting),
        (State::Booting, Edge::FinishBoot) => Some(State::Live),
        (State::Booting, Edge::FailBoot) => Some(State::Failed),
        (State::Booting, Edge::AbandonBoot) => Some(State::Vacant),
        (State::Failed, Edge::Forget) => Some(State::Vacant),
        (State::Live, Edge::BeginClose) => Some(State::Closing),
        (State::Closing, Edge::FinishClose) => Some(State::Vacant),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGES: [(Edge, &str); 7] = [
        (Edge::BeginBoot, "begin_boot"),
        (Edge::FinishBoot, "finish_boot"),
        (Edge::FailBoot, "fail_boot"),
        (Edge::AbandonBoot, "abandon_boot"),
        (Edge::Forget, "forget"),
        (Edge::BeginClose, "begin_close"),
        (Edge::FinishClose, "finish_close"),
    ];

    #[test]
    fn the_diagram_is_the_code() {
        let text = include_str!("state.rs");
        let mut drawn: Vec<(String, String, String)> = text
            .lines()
            .filter_map(|line| line.strip_prefix("//! "))
            .filter_map(|line| {
                let (from, rest) = line.split_once("--")?;
                let (edge, to) = rest.split_once("-->")?;
                let word = |text: &str| text.trim().to_lowercase();
                Some((word(from), word(edge), word(to)))
            })
            .collect();
        let mut coded = Vec::new();
        for state in State::ALL {
            for (edge, name) in EDGES {
                if let Some(to) = next(state, edge) {
                    coded.push((state.name().to_owned(), name.to_owned(), to.name().to_owned()));
                }
            }
        }
        drawn.sort();
        coded.sort();
        assert_eq!(drawn, coded);
    }

    #[test]
    fn every_state_is_left_and_leads_to_vacant() {
        for start in State::ALL {
            let mut reached = vec![start];
            let mut at = 0;
            while let Some(state) = reached.get(at).copied() {
                at += 1;
                for (edge, _) in EDGES {
                    reached.extend(next(state, edge).filter(|to| !reached.contains(to)));
                }
            }
            assert!(reached.contains(&State::Vacant), "{start:?} is a dead end");
        }
    }
}
