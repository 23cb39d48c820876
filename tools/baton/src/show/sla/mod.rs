//! Calendars, policies and clocks, for people.

pub(crate) mod attainment;
pub(crate) mod calendar;
pub(crate) mod card;
pub(crate) mod clock;
pub(crate) mod due;
pub(crate) mod fact;
pub(crate) mod ledger;
pub(crate) mod left;
pub(crate) mod moves;
pub(crate) mod policy;
pub(crate) mod watch;

use api::sla::v1::{PauseReason, TargetDuration, target_duration::Kind};
use prost_types::Duration;

use crate::{
    spans,
    words::{self, Word},
};

/// The calendar of those without one: it counts by day and by night.
const ALWAYS: &str = "always";

/// About how long, as this calendar counts: of working time no days are made.
fn counted(duration: Option<&Duration>, calendar_id: &str) -> String {
    let seconds = duration.map_or(0, |duration| duration.seconds);
    match calendar_id {
        ALWAYS | "" => spans::about(seconds),
        _ => spans::about_working(seconds),
    }
}

/// `8h of working time`, `2d`, `2 business days, at 17:00`.
fn target(duration: Option<&TargetDuration>) -> String {
    match duration.and_then(|duration| duration.kind.as_ref()) {
        None => String::new(),
        Some(Kind::Working(span)) => format!("{} of working time", spans::working(*span)),
        Some(Kind::Elapsed(span)) => spans::elapsed(*span),
        Some(Kind::BusinessDays(until)) => {
            let at = if until.at.is_empty() { String::new() } else { format!(", at {}", until.at) };
            format!("{}{at}", words::count(until.days.into(), "business day"))
        }
    }
}

/// `blocking question, agreed hold`.
fn pauses(reasons: impl Iterator<Item = PauseReason>) -> String {
    reasons.map(lower).collect::<Vec<_>>().join(", ")
}

/// A word as it stands in a sentence.
fn lower(word: impl Word) -> String {
    word.word().to_lowercase().replace('_', " ")
}
