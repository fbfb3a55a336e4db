//! The bench's own clock: measuring time is what it is for.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::{Clock, Monotonic, Timestamp};

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RealClock;

#[expect(clippy::disallowed_methods, reason = "the bench's one reading of the clock")]
fn instant() -> Instant {
    Instant::now()
}

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "the bench's one reading of the wall clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Monotonic {
        static START: OnceLock<Instant> = OnceLock::new();
        Monotonic::default().after(START.get_or_init(instant).elapsed())
    }
}

/// How long `work` takes, and what it gives.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = instant();
    let value = work();
    (start.elapsed(), value)
}

/// The middle one of some durations.
pub(crate) fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// The duration below which `share` (0 to 1) of all lie.
pub(crate) fn quantile(all: &mut [Duration], share: f64) -> Duration {
    all.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length"
    )]
    let at = (all.len() as f64 * share) as usize;
    all.get(at.min(all.len().saturating_sub(1))).copied().unwrap_or_default()
}
