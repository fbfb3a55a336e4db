//! `to_zone(timestamp, 'Europe/Amsterdam')`: local time, for grouping by local day. SQLite knows no
//! IANA zones.

use std::cell::RefCell;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::temporal::DateTimeParser};
use model::Cell;

use super::context::Answer;

thread_local! {
    /// The zone last asked for: nearly always the one asked for next.
    static LAST: RefCell<Option<(String, TimeZone)>> = const { RefCell::new(None) };
}

/// The local date and time in `zone`, as `YYYY-MM-DDTHH:MM:SS.mmm`: without an offset, for
/// SQLite's date functions would turn it back into UTC. The timestamp is a text as SQLite's own
/// date functions take it, UTC unless it has an offset, or an integer of milliseconds since 1970.
/// NULL for what is neither.
pub(super) fn to_zone(timestamp: Cell<'_>, zone: Cell<'_>) -> Answer {
    let Cell::Text(zone) = zone else {
        return match zone {
            Cell::Null => Answer::Null,
            _ => Answer::Error(unknown("the second argument")),
        };
    };
    let instant = match timestamp {
        Cell::Integer(ms) => Timestamp::from_millisecond(ms).ok(),
        Cell::Text(text) => parse(text.trim()),
        _ => None,
    };
    LAST.with_borrow_mut(|last| {
        if last.as_ref().is_none_or(|(name, _)| name != zone) {
            match TimeZone::get(zone) {
                Ok(found) => *last = Some((zone.to_owned(), found)),
                Err(_) => return Answer::Error(unknown(zone)),
            }
        }
        match (last, instant) {
            (Some((_, zone)), Some(instant)) => {
                Answer::Text(format!("{:.3}", zone.to_datetime(instant)))
            }
            _ => Answer::Null,
        }
    })
}

fn unknown(zone: &str) -> String {
    format!("to_zone: {zone} is no time zone; use an IANA name such as 'Europe/Amsterdam'")
}

fn parse(text: &str) -> Option<Timestamp> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    if let Ok(instant) = PARSER.parse_timestamp(text) {
        return Some(instant);
    }
    let local: DateTime = PARSER.parse_datetime(text).ok()?;
    TimeZone::UTC.to_timestamp(local).ok()
}
