//! Where a handoff's time went: the time ledger, holds, flow efficiency.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Lasting, Measuring, micros_between};
use crate::domain::{
    Book, Life, Side,
    heard::State,
    life::Hold,
    story::CalendarVersion,
    sums::{Count, Label},
};

/// Time of which the side's calendar was shut.
pub const CLOSED: &str = "CLOSED";

/// Where an instant of a handoff goes to; of a side only while its calendar is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Place {
    /// Both sides agreed to wait.
    Hold,
    /// A side was asked a question that pauses.
    Asked(Side),
    /// It was a side's turn.
    Turn(Side),
    /// It was completed; that was undone later.
    Done,
}

impl Place {
    /// Its name in the sums.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hold => "HOLD",
            Self::Asked(Side::Upstream) => "ASKED_UPSTREAM",
            Self::Asked(Side::Downstream) => "ASKED_DOWNSTREAM",
            Self::Turn(Side::Upstream) => "UPSTREAM",
            Self::Turn(Side::Downstream) => "DOWNSTREAM",
            Self::Done => "DONE",
        }
    }

    /// The side whose calendar is asked.
    pub fn side(self) -> Option<Side> {
        match self {
            Self::Asked(side) | Self::Turn(side) => Some(side),
            Self::Hold | Self::Done => None,
        }
    }

    /// How a stretch of time is shared: what counts under the name of the place, and what under CLOSED, in microseconds.
    pub fn share(self, calendar: &CalendarVersion, from: Timestamp, until: Timestamp, book: &Book) -> (i64, i64) {
        let wall = micros_between(from, until);
        match self.side() {
            Some(_) => {
                let open = book.open_micros(calendar, from, until);
                (open, wall - open)
            }
            None => (wall, 0),
        }
    }
}

/// Every instant from the creation to the last completion, the cancellation or now, each in one place.
pub(super) fn ledger(measuring: &mut Measuring<'_>, life: &Life) {
    let end = life.ended_at();
    let edges = edges(life, end);
    for (place, from) in edges.iter().enumerate() {
        let until = edges.get(place + 1).copied();
        if until.is_none() && end.is_some() {
            break;
        }
        let goes_to = goes_to(life, *from);
        let calendar = goes_to.side().map_or_else(CalendarVersion::default, |side| measuring.calendar_of(side, *from));
        let Some(until) = until else {
            measuring.lasts(life.created_at, Lasting::Ledger(goes_to), *from, calendar);
            break;
        };
        let (micros, closed) = goes_to.share(&calendar, *from, until, measuring.book);
        measuring.count(life.created_at, Count::Ledger, goes_to.name(), micros);
        measuring.count(life.created_at, Count::Ledger, CLOSED, closed);
    }
}

/// The instants at which something changes, up to the end.
fn edges(life: &Life, end: Option<Timestamp>) -> Vec<Timestamp> {
    let mut edges: Vec<Timestamp> = life.states.iter().map(|(_, at)| *at).collect();
    edges.extend(life.holds.iter().flat_map(|hold| [Some(hold.from), hold.until]).flatten());
    edges.extend(life.rounds.iter().flat_map(|round| [Some(round.at), round.until]).flatten());
    edges.retain(|at| *at >= life.created_at && end.is_none_or(|end| *at <= end));
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// Where the time right after an instant goes to.
fn goes_to(life: &Life, at: Timestamp) -> Place {
    let lasts = |from: Timestamp, until: Option<Timestamp>| from <= at && until.is_none_or(|until| until > at);
    let state = life.states.iter().rev().find(|(_, since)| *since <= at).map_or(State::Draft, |(state, _)| *state);
    if state == State::Completed {
        return Place::Done;
    }
    if life.holds.iter().any(|hold| hold.agreed && lasts(hold.from, hold.until)) {
        return Place::Hold;
    }
    if let Some(round) = life.rounds.iter().find(|round| round.pauses && lasts(round.at, round.until)) {
        return Place::Asked(round.side.other());
    }
    Place::Turn(match state {
        State::Submitted | State::Accepted | State::InProgress => Side::Downstream,
        State::Draft | State::Rejected | State::Returned | State::Completed | State::Cancelled => Side::Upstream,
    })
}

/// Declared waits, agreed or not.
pub(super) fn holds(measuring: &mut Measuring<'_>, life: &Life) {
    for hold in &life.holds {
        measuring.count(life.created_at, Count::Holds, "", 1);
        match hold.until {
            Some(until) => {
                measuring.count(life.created_at, Count::HoldMicros, label(hold), micros_between(hold.from, until));
            }
            None => {
                measuring.lasts(life.created_at, Lasting::Hold(label(hold)), hold.from, CalendarVersion::default());
            }
        }
    }
}

fn label(hold: &Hold) -> Label {
    format!("{} {}", if hold.agreed { "AGREED" } else { "LONE" }, hold.side)
}

/// How much of a completed handoff's time was work.
pub(super) fn flow(measuring: &mut Measuring<'_>, life: &Life) {
    let Some((end, None)) = life.completions.last().copied() else { return };
    if life.cancelled_at.is_some() {
        return;
    }
    let untils = life.states.iter().skip(1).map(|(_, at)| *at).chain([end]);
    let progress: Vec<(Timestamp, Timestamp)> = life
        .states
        .iter()
        .zip(untils)
        .filter(|((state, _), _)| *state == State::InProgress)
        .map(|((_, from), until)| (*from, until))
        .collect();
    let calendar = measuring.calendar_of(Side::Downstream, life.created_at);
    let open = |from, until| measuring.book.open_micros(&calendar, from, until);
    let working: i64 = progress.iter().map(|(from, until)| open(*from, *until)).sum();
    let elapsed: i64 = progress.iter().map(|(from, until)| micros_between(*from, *until)).sum();
    let total = open(life.created_at, end);
    measuring.count(end, Count::FlowHandoffs, "", 1);
    measuring.count(end, Count::FlowMicros, "WORKING_PROGRESS", working);
    measuring.count(end, Count::FlowMicros, "WORKING_TOTAL", total);
    measuring.count(end, Count::FlowMicros, "ELAPSED_PROGRESS", elapsed);
    measuring.count(end, Count::FlowMicros, "ELAPSED_TOTAL", micros_between(life.created_at, end));
}
