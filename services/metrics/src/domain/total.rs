//! What sums are added up to: all that a report is made of.

use std::collections::BTreeMap;

use kernel::Timestamp;

use super::{
    Book, Day, Query, RouteId, SECOND, Story,
    measure::{CLOSED, Lasting, Measured, Open, measure},
    sums::{Cohort, Count, Histogram, Label, Span, Sums},
    tally::Tally,
};

/// All that a report is made of.
#[derive(Clone, Debug)]
pub struct Total {
    query: Query,
    counts: BTreeMap<Count, BTreeMap<Label, i64>>,
    done: BTreeMap<Span, BTreeMap<Label, Tally>>,
    open: BTreeMap<Span, BTreeMap<Label, Tally>>,
    cycles: BTreeMap<RouteId, Tally>,
    ages: Vec<(RouteId, i64)>,
    bounces: BTreeMap<RouteId, i64>,
    attempts: BTreeMap<RouteId, i64>,
    /// First decisions, clean ones and first acceptances that are old enough to say whether they came back.
    mature: Mature,
    /// Facts that had happened by `as_of` and arrived after it.
    pub late_facts: i64,
}

/// What is old enough.
#[derive(Clone, Debug, Default)]
struct Mature {
    decided: i64,
    clean: i64,
    accepted: i64,
    clean_until_return: Tally,
    accepted_until_return: Tally,
}

impl Total {
    /// Of nothing yet.
    pub fn new(query: Query) -> Self {
        Self {
            query,
            counts: BTreeMap::new(),
            done: BTreeMap::new(),
            open: BTreeMap::new(),
            cycles: BTreeMap::new(),
            ages: vec![],
            bounces: BTreeMap::new(),
            attempts: BTreeMap::new(),
            mature: Mature::default(),
            late_facts: 0,
        }
    }

    /// What is asked for.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// Adds a day's sums of a cohort.
    pub fn add(&mut self, cohort: &Cohort, day: Day, sums: &Sums) {
        let is_mature = day.plus(1).start() <= self.query.mature_until();
        self.merge(cohort, day, sums, 1, (is_mature, is_mature));
    }

    /// Puts a handoff in the place of what it has given to the sums: as it stood at `as_of`, to the instant. It is needed for those of
    /// which something was heard after `as_of`, and for those whose first decision or acceptance falls on the day on which
    /// [`Query::mature_until`] lies.
    pub fn instead(&mut self, given: &BTreeMap<(Cohort, Day), Sums>, story: &Story, book: &Book) {
        let then = measure(&story.until(self.query.as_of), book);
        self.replace(given, &then, book);
        self.late_facts += story.late(self.query.as_of);
    }

    /// The same, for a handoff that was measured as it stood at `as_of`.
    pub fn replace(&mut self, given: &BTreeMap<(Cohort, Day), Sums>, then: &Measured, book: &Book) {
        for ((cohort, day), sums) in given {
            let is_mature = day.plus(1).start() <= self.query.mature_until();
            self.merge(cohort, *day, sums, -1, (is_mature, is_mature));
        }
        self.add_measured(then, book);
    }

    /// Adds a handoff of which nothing is in the sums.
    pub fn add_story(&mut self, story: &Story, book: &Book) {
        let measured = measure(&story.until(self.query.as_of), book);
        self.add_measured(&measured, book);
    }

    fn add_measured(&mut self, measured: &Measured, book: &Book) {
        let edge = self.query.mature_until();
        let is_old = |at: Option<Timestamp>| at.is_some_and(|at| at <= edge);
        let is_mature = (is_old(measured.first_decided_at), is_old(measured.first_accepted_at));
        for ((cohort, day), sums) in &measured.given {
            self.merge(cohort, *day, sums, 1, is_mature);
        }
        for (cohort, open) in &measured.open {
            self.add_open(cohort, open, book);
        }
    }

    /// Adds what lasts, as long as it has lasted at `as_of`.
    pub fn add_open(&mut self, cohort: &Cohort, open: &Open, book: &Book) {
        let as_of = self.query.as_of;
        if !self.query.has(cohort) || open.since > as_of {
            return;
        }
        let wall = as_of.as_micros() - open.since.as_micros();
        if matches!(open.what, Lasting::Span(Span::Cycle, _)) {
            self.ages.push((cohort.route_id.clone(), wall.div_euclid(SECOND)));
        }
        if !self.query.has_day(open.day) {
            return;
        }
        match &open.what {
            Lasting::Span(span, label) => self.lasts(*span, label, wall),
            Lasting::Working { span, label, before_micros, runs } => {
                if *span == Span::Clock && self.is_of_another(cohort, label) {
                    return;
                }
                let since = if *runs { book.open_micros(&open.calendar, open.since, as_of) } else { 0 };
                self.lasts(*span, label, before_micros + since);
            }
            Lasting::Ledger(place) => {
                let (micros, closed) = place.share(&open.calendar, open.since, as_of, book);
                self.count(Count::Ledger, place.name(), micros);
                self.count(Count::Ledger, CLOSED, closed);
            }
            Lasting::Hold(label) => self.count(Count::HoldMicros, label, wall),
        }
    }

    fn merge(&mut self, cohort: &Cohort, day: Day, sums: &Sums, times: i64, is_mature: (bool, bool)) {
        if !self.query.has(cohort) || !self.query.has_day(day) {
            return;
        }
        for ((what, label), number) in &sums.counts {
            let number = number * times;
            match what {
                Count::ClockMet
                | Count::ClockLate
                | Count::ClockBreached
                | Count::ClockOpen
                | Count::ClockCancelled
                | Count::ClockExcused
                | Count::ClockUndone
                | Count::ClockMetByPause
                | Count::ClockTarget
                    if self.is_of_another(cohort, label) =>
                {
                    continue;
                }
                Count::FirstDecided if is_mature.0 => self.mature.decided += number,
                Count::FirstClean if is_mature.0 => self.mature.clean += number,
                Count::FirstAccepted if is_mature.1 => self.mature.accepted += number,
                Count::Rejected | Count::Returned => {
                    *self.bounces.entry(cohort.route_id.clone()).or_default() += number;
                }
                Count::Submitted => *self.attempts.entry(cohort.route_id.clone()).or_default() += number,
                _ => {}
            }
            self.count(*what, label, number);
        }
        for ((span, label), histogram) in &sums.spans {
            let seen = histogram.iter().map(|(seconds, count)| (seconds, count * times));
            match span {
                Span::CleanUntilReturn if is_mature.0 => self.mature.clean_until_return.extend(seen),
                Span::AcceptedUntilReturn if is_mature.1 => self.mature.accepted_until_return.extend(seen),
                Span::CleanUntilReturn | Span::AcceptedUntilReturn => {}
                Span::Clock if self.is_of_another(cohort, label) => {}
                Span::Cycle => {
                    self.cycles.entry(cohort.route_id.clone()).or_default().extend(seen.clone());
                    seen_in(&mut self.done, *span, label).extend(seen);
                }
                _ => seen_in(&mut self.done, *span, label).extend(seen),
            }
        }
    }

    /// Whether a clock, whose label ends in or holds its side, is none that the asked team is accountable for.
    fn is_of_another(&self, cohort: &Cohort, label: &str) -> bool {
        let accountable = self.query.accountable(cohort);
        accountable.is_some_and(|side| label.split(' ').nth(1) != Some(side.name()))
    }

    fn count(&mut self, what: Count, label: &str, number: i64) {
        let counts = self.counts.entry(what).or_default();
        match counts.get_mut(label) {
            Some(sum) => *sum = sum.saturating_add(number),
            None => {
                counts.insert(label.to_owned(), number);
            }
        }
    }

    fn lasts(&mut self, span: Span, label: &str, micros: i64) {
        seen_in(&mut self.open, span, label).add(micros.div_euclid(SECOND), 1);
    }

    /// How many there were.
    pub fn number(&self, what: Count) -> i64 {
        self.labelled(what).map(|(_, number)| number).sum()
    }

    /// How many there were under a label.
    pub fn number_of(&self, what: Count, label: &str) -> i64 {
        self.counts.get(&what).and_then(|counts| counts.get(label)).copied().unwrap_or_default()
    }

    /// How many there were under each label, without those of which there are none.
    pub fn labelled(&self, what: Count) -> impl Iterator<Item = (&str, i64)> + '_ {
        let counts = self.counts.get(&what).into_iter().flatten();
        counts.map(|(label, number)| (label.as_str(), *number)).filter(|(_, number)| *number != 0)
    }

    /// The durations of a kind: those that are done, and those that last.
    pub fn spans(&self, span: Span, label: &str) -> (Histogram, Histogram) {
        let of = |spans: &BTreeMap<Span, BTreeMap<Label, Tally>>| {
            spans.get(&span).and_then(|of_kind| of_kind.get(label)).map(Tally::histogram).unwrap_or_default()
        };
        (of(&self.done), of(&self.open))
    }

    /// The labels of a kind of durations.
    pub fn labels(&self, span: Span) -> Vec<&str> {
        let both = [self.done.get(&span), self.open.get(&span)].into_iter().flatten();
        let labels: std::collections::BTreeSet<&str> = both.flat_map(BTreeMap::keys).map(String::as_str).collect();
        labels.into_iter().collect()
    }

    /// First decisions that are old enough, and of those the ones that are complete and accurate.
    pub(super) fn mature_decisions(&self) -> (i64, i64) {
        let back = self.mature.clean_until_return.histogram();
        (self.mature.decided, self.mature.clean - back.count_up_to(self.query.return_seconds()))
    }

    /// First acceptances that are old enough; of those the ones that came back in time, and later.
    pub(super) fn mature_acceptances(&self) -> (i64, i64, i64) {
        let back = self.mature.accepted_until_return.histogram();
        let within = back.count_up_to(self.query.return_seconds());
        (self.mature.accepted, within, back.count() - within)
    }

    /// What each route took from creation to completion.
    pub(super) fn cycles(&self) -> BTreeMap<&RouteId, Histogram> {
        self.cycles.iter().map(|(route, seen)| (route, seen.histogram())).collect()
    }

    /// How old the open handoffs are, in seconds.
    pub(super) fn ages(&self) -> &[(RouteId, i64)] {
        &self.ages
    }

    /// Rejections and returns by route.
    pub fn bounces_by_route(&self) -> impl Iterator<Item = (&str, i64)> + '_ {
        self.bounces.iter().map(|(route, number)| (route.as_str(), *number)).filter(|(_, number)| *number != 0)
    }

    /// Attempts by route.
    pub fn attempts_by_route(&self) -> impl Iterator<Item = (&str, i64)> + '_ {
        self.attempts.iter().map(|(route, number)| (route.as_str(), *number)).filter(|(_, number)| *number != 0)
    }
}

fn seen_in<'s>(spans: &'s mut BTreeMap<Span, BTreeMap<Label, Tally>>, span: Span, label: &str) -> &'s mut Tally {
    let of_kind = spans.entry(span).or_default();
    if !of_kind.contains_key(label) {
        of_kind.insert(label.to_owned(), Tally::default());
    }
    of_kind.get_mut(label).expect("it was put there if it was not")
}
