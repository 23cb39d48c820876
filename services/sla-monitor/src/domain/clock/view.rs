//! How a clock stands at an instant, and where its time went.

use std::collections::BTreeSet;

use kernel::Timestamp;

use super::{Book, Clock, PauseReason};
use crate::domain::calendar::Pin;

/// A clock at an instant, with what a calendar is needed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The clock.
    pub clock: Clock,
    /// Of when this is.
    pub as_of: Timestamp,
    /// How many microseconds have counted.
    pub elapsed: i64,
    /// When it would be due if it went on now; of a paused one alone.
    pub due_if_resumed_at: Option<Timestamp>,
    /// Whether the calendar is open.
    pub in_hours: bool,
    /// How far past its target it is, in microseconds that count; of one that has breached alone.
    pub overrun: Option<i64>,
    /// How long after its due time that is by the wall clock.
    pub overrun_wall: Option<i64>,
}

/// Where a clock's time went, up to an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Its stretches, first to last, without gap.
    pub entries: Vec<Entry>,
    /// Up to here.
    pub until: Timestamp,
}

/// A stretch of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
    /// How it counts.
    pub kind: EntryKind,
    /// The calendar that was asked.
    pub calendar: Pin,
}

/// How a stretch counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// It counts.
    Open,
    /// The calendar is shut.
    Closed,
    /// The clock is paused.
    Paused(BTreeSet<PauseReason>),
}

impl Entry {
    /// How long it is, in microseconds.
    pub fn length(&self) -> i64 {
        self.until.as_micros() - self.from.as_micros()
    }
}

impl Clock {
    /// How it stands at an instant.
    pub fn view(&self, as_of: Timestamp, book: &Book) -> View {
        let at = self.end.as_ref().map_or(as_of, |end| end.at);
        let pin = self.current().map_or(&self.calendar, |stretch| &stretch.calendar);
        let calendar = book.pinned(pin);
        let elapsed = self.elapsed(at, book);
        let breach = self.breach.as_ref();
        let due_if_resumed_at = match (&self.breach, self.paused_by()) {
            (None, Some(_)) => calendar.add(at, (self.target - elapsed).max(0)).ok(),
            (Some(breach), Some(_)) => Some(breach.due_at),
            (_, None) => None,
        };
        View {
            as_of,
            elapsed,
            due_if_resumed_at,
            in_hours: calendar.is_open(as_of),
            overrun: breach.map(|_| (elapsed - self.target).max(0)),
            overrun_wall: breach
                .filter(|_| self.paused_by().is_none())
                .map(|it| (at.as_micros() - it.due_at.as_micros()).max(0)),
            clock: self.clone(),
        }
    }

    /// Where its time went up to an instant, or until it stopped where that was before.
    pub fn ledger(&self, at: Timestamp, book: &Book) -> Ledger {
        let until = self.end.as_ref().map_or(at, |end| end.at.min(at)).max(self.started_at);
        let mut entries = vec![];
        for stretch in self.ledger.iter().filter(|stretch| stretch.from < until) {
            let end = stretch.until.map_or(until, |end| end.min(until));
            let calendar = stretch.calendar.clone();
            if !stretch.paused_by.is_empty() {
                let kind = EntryKind::Paused(stretch.paused_by.clone());
                entries.push(Entry { from: stretch.from, until: end, kind, calendar });
                continue;
            }
            entries.extend(book.pinned(&calendar).stretches(stretch.from, end).map(|it| Entry {
                from: it.from,
                until: it.until,
                kind: if it.is_open { EntryKind::Open } else { EntryKind::Closed },
                calendar: calendar.clone(),
            }));
        }
        Ledger { entries, until }
    }
}
