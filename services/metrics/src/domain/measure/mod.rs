//! What one handoff adds to the sums of each day, and what of it is still open.

mod clocks;
mod handling;
mod ledger;
mod quality;

use std::collections::BTreeMap;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::ledger::{CLOSED, Place};
use super::{
    Book, Day, Life, SECOND, Side, Story,
    story::{CalendarVersion, Policy},
    sums::{Cohort, Count, Label, Span, Sums},
};

/// What a handoff adds, and what of it is still open. A pure function of its story and of the calendars.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// What is settled: by cohort and day.
    pub given: BTreeMap<(Cohort, Day), Sums>,
    /// What lasts, and where it belongs.
    pub open: Vec<(Cohort, Open)>,
    /// When its first attempt was decided that was.
    pub first_decided_at: Option<Timestamp>,
    /// When it was first accepted.
    pub first_accepted_at: Option<Timestamp>,
}

/// Something of a handoff that lasts: how long is known when it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// By which day it counts.
    pub day: Day,
    /// What it is.
    pub what: Lasting,
    /// Since when it lasts.
    #[serde(with = "crate::domain::story::micros")]
    pub since: Timestamp,
    /// The calendar that counts beside the wall clock.
    pub calendar: CalendarVersion,
}

/// What lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lasting {
    /// A duration, by the wall clock.
    Span(Span, Label),
    /// A duration, by the calendar, on top of what had passed before.
    Working {
        /// Which.
        span: Span,
        /// And of what.
        label: Label,
        /// What had passed before, in microseconds.
        before_micros: i64,
        /// Whether it goes on.
        runs: bool,
    },
    /// A stretch of the time ledger.
    Ledger(Place),
    /// A hold.
    Hold(Label),
}

/// Measures a handoff; nothing where its creation was not heard.
pub fn measure(story: &Story, book: &Book) -> Measured {
    let Some(life) = Life::of(story) else { return Measured::default() };
    let mut measuring = Measuring::new(story, &life, book);
    quality::attempts(&mut measuring, &life);
    quality::first_pass(&mut measuring, &life);
    quality::rework(&mut measuring, &life);
    handling::volume(&mut measuring, &life);
    handling::questions(&mut measuring, &life);
    handling::read_backs(&mut measuring, &life);
    ledger::ledger(&mut measuring, &life);
    ledger::holds(&mut measuring, &life);
    ledger::flow(&mut measuring, &life);
    clocks::clocks(&mut measuring, story, &life);
    let mut measured = measuring.measured;
    measured.given.retain(|_, sums| !sums.is_empty());
    measured.first_decided_at = life.first_decided().map(|(_, at)| at);
    measured.first_accepted_at = life.acceptances.first().map(|it| it.at);
    measured
}

/// A handoff that is being measured.
struct Measuring<'a> {
    story: &'a Story,
    book: &'a Book,
    cohort: Cohort,
    measured: Measured,
}

impl<'a> Measuring<'a> {
    fn new(story: &'a Story, life: &Life, book: &'a Book) -> Self {
        let about = &story.about;
        let cohort = Cohort {
            route_id: about.route_id.clone(),
            from_team: about.from_team.clone(),
            to_team: about.to_team.clone(),
            template: life.template.clone(),
            terms_version: life.terms_version,
            policy: first_policy(story),
            historic: life.historic,
        };
        Self { story, book, cohort, measured: Measured::default() }
    }

    fn sums(&mut self, at: Timestamp) -> &mut Sums {
        self.measured.given.entry((self.cohort.clone(), Day::of(at))).or_default()
    }

    fn count(&mut self, at: Timestamp, what: Count, label: impl Into<Label>, number: i64) {
        self.sums(at).count(what, label, number);
    }

    /// The calendar of a side's team at an instant.
    fn calendar_of(&self, side: Side, at: Timestamp) -> CalendarVersion {
        let team = match side {
            Side::Upstream => &self.story.about.from_team,
            Side::Downstream => &self.story.about.to_team,
        };
        self.book.calendar_of(team, at)
    }

    /// A duration by the wall clock; one that has not ended lasts.
    fn span(&mut self, span: Span, from: Timestamp, until: Option<Timestamp>) {
        match until {
            Some(until) => self.sums(from).span(span, "", seconds(micros_between(from, until))),
            None => self.lasts(from, Lasting::Span(span, Label::new()), from, CalendarVersion::default()),
        }
    }

    /// A duration by the wall clock and by the receiver's calendar.
    fn both(&mut self, elapsed: Span, working: Span, from: Timestamp, until: Option<Timestamp>) {
        self.span(elapsed, from, until);
        let calendar = self.calendar_of(Side::Downstream, from);
        match until {
            Some(until) => {
                let open = self.book.open_micros(&calendar, from, until);
                self.sums(from).span(working, "", seconds(open));
            }
            None => {
                let what = Lasting::Working { span: working, label: Label::new(), before_micros: 0, runs: true };
                self.lasts(from, what, from, calendar);
            }
        }
    }

    fn lasts(&mut self, counted_at: Timestamp, what: Lasting, since: Timestamp, calendar: CalendarVersion) {
        let open = Open { day: Day::of(counted_at), what, since, calendar };
        self.measured.open.push((self.cohort.clone(), open));
    }
}

/// Of a handoff it is the policy of its first clock that has one.
pub(super) fn first_policy(story: &Story) -> Option<Policy> {
    let first = |clock: &super::story::Clock| clock.went.first().and_then(|fact| fact.state.policy.clone());
    let with_policy =
        story.clocks.iter().filter_map(|(id, clock)| Some((clock.promise.started_at, *id, first(clock)?)));
    with_policy.min_by_key(|(at, id, _)| (*at, *id)).map(|(_, _, policy)| policy)
}

fn micros_between(from: Timestamp, until: Timestamp) -> i64 {
    until.as_micros() - from.as_micros()
}

/// Cut to whole seconds.
fn seconds(micros: i64) -> i64 {
    micros.div_euclid(SECOND)
}

/// Rounded up: what is not more than a bound in whole seconds stays so.
fn seconds_up(micros: i64) -> i64 {
    -(-micros).div_euclid(SECOND)
}
