//! What is added up: counts, and exact histograms of durations, for each day and cohort.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{RouteId, TeamId, heard::Template, story::Policy};

/// Which handoffs, or clocks, are added up together: all that a query can ask for apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cohort {
    /// The route.
    pub route_id: RouteId,
    /// The team that hands over.
    pub from_team: TeamId,
    /// The team that receives.
    pub to_team: TeamId,
    /// The template that they are judged by.
    pub template: Option<Template>,
    /// The terms that they keep; 0 for none.
    pub terms_version: i32,
    /// The policy that they are measured by.
    pub policy: Option<Policy>,
    /// Whether an import brought them.
    pub historic: bool,
}

/// What is counted. Stored by its place in this list: what is new goes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Count {
    /// Handoffs created, by that day.
    Created,
    /// Submits, by their day.
    Submitted,
    /// Submits taken back, by the day of that.
    Recalled,
    /// Acceptances, by their day.
    Accepted,
    /// Rejections, by their day.
    Rejected,
    /// Returns, by their day.
    Returned,
    /// Completions, by their day.
    Completed,
    /// Cancellations, by their day.
    Cancelled,
    /// Handoffs with a decided attempt, by the day of the first decision.
    FirstDecided,
    /// Those accepted at first, without a recall after a look before it.
    FirstPassed,
    /// Those that nothing but a return could still take from the complete and accurate ones.
    FirstClean,
    /// Those with at least one rejection.
    EverRejected,
    /// Rejections that cite a criterion, or that something is missing.
    RejectedIncomplete,
    /// Rejections after which the same content was accepted.
    RejectedUnchanged,
    /// Returns after which the same content was accepted.
    ReturnedUnchanged,
    /// Rejections, by kind of reason.
    RejectionReason,
    /// Rejections, by criterion.
    RejectionCriterion,
    /// Rejections, by what is missing, in words.
    RejectionMissing,
    /// Returns, by kind of reason.
    ReturnReason,
    /// Returns, by criterion.
    ReturnCriterion,
    /// Handoffs accepted, by the day of the first acceptance.
    FirstAccepted,
    /// Rejections of handoffs, by the day of the handoff's creation.
    HandoffRejections,
    /// Returns of handoffs, by the day of the handoff's creation.
    HandoffReturns,
    /// Rounds of questions about handoffs, by the day of the handoff's creation.
    HandoffRounds,
    /// Handoffs with a question, by the day of the handoff's creation.
    HandoffAsked,
    /// Rounds of questions, by what they are about.
    QuestionAbout,
    /// Rounds closed unanswered, by the day on which they were asked.
    QuestionUnanswered,
    /// Microseconds of handoffs, by the day of their creation and where they went.
    Ledger,
    /// Microseconds on hold, by the day of the handoff's creation, by agreement and side.
    HoldMicros,
    /// Holds, by the day of the handoff's creation.
    Holds,
    /// Handoffs completed and not undone, by the day of the last completion.
    FlowHandoffs,
    /// Their microseconds in progress and in all, by the wall clock and by the receiver's calendar.
    FlowMicros,
    /// Acceptances with a read-back, by their day.
    ReadBackGiven,
    /// Acceptances with a read-back that upstream confirmed, by their day.
    ReadBackConfirmed,
    /// The corrections to those.
    ReadBackCorrections,
    /// Submits that a criterion applied to, by criterion.
    CriterionApplied,
    /// Of those, where it could not stop them.
    CriterionAdvisory,
    /// Of those, where it was not met.
    CriterionUnmet,
    /// Clocks done in time, by the day on which they were due; by kind and side, as all of the clocks.
    ClockMet,
    /// Clocks done, or ended, late.
    ClockLate,
    /// Clocks not done, and breached.
    ClockBreached,
    /// Clocks not done, and not breached.
    ClockOpen,
    /// Clocks ended without being done, in time; by cause, too.
    ClockCancelled,
    /// Clocks late or breached, and excused.
    ClockExcused,
    /// Clocks met, and undone later.
    ClockUndone,
    /// Clocks met, and late had they not been paused.
    ClockMetByPause,
    /// Clocks, by the day on which they started and their target in seconds.
    ClockTarget,
}

/// What durations are kept of, in whole seconds. Stored by its place in this list: what is new goes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Span {
    /// From submit to decision, by the day of the submit.
    Decision,
    /// The same, while the receiver's calendar was open.
    DecisionWorking,
    /// From submit to recall or cancellation, by the day of the submit.
    Withdrawn,
    /// The same, while the receiver's calendar was open.
    WithdrawnWorking,
    /// From acceptance to begin, by the day of the acceptance.
    Begin,
    /// The same, while the receiver's calendar was open.
    BeginWorking,
    /// From acceptance to a return or cancellation before the begin, by the day of the acceptance.
    NeverBegun,
    /// The same, while the receiver's calendar was open.
    NeverBegunWorking,
    /// From creation to the last completion, by the day of the creation.
    Cycle,
    /// From question to answer, by the day of the question.
    Answer,
    /// What clocks counted, by the day on which they started, by kind and side.
    Clock,
    /// Of handoffs that only a return takes from the complete and accurate ones: from the first decision, by its day, to the first
    /// return; rounded up.
    CleanUntilReturn,
    /// From the first acceptance, by its day, to the first return; rounded up.
    AcceptedUntilReturn,
}

/// What tells several of the same kind apart: a criterion, a kind of clock; empty where there is one alone.
pub type Label = String;

/// Distinct seconds in order, each with how often it was seen; a negative number takes back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram(Vec<(i64, i64)>);

impl Histogram {
    /// Of values in any order, with their numbers.
    pub fn gather(mut seen: Vec<(i64, i64)>) -> Self {
        seen.sort_unstable_by_key(|(seconds, _)| *seconds);
        seen.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        seen.retain(|(_, count)| *count != 0);
        Self(seen)
    }

    /// Distinct seconds in order, each with how often it was seen.
    pub fn iter(&self) -> impl Iterator<Item = (i64, i64)> + Clone + '_ {
        self.0.iter().copied()
    }

    /// How many were seen.
    pub fn count(&self) -> i64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// How many were seen up to so many seconds.
    pub fn count_up_to(&self, seconds: i64) -> i64 {
        self.0.iter().take_while(|(it, _)| *it <= seconds).map(|(_, count)| count).sum()
    }

    /// The longest.
    pub fn max(&self) -> Option<i64> {
        self.0.last().map(|(seconds, _)| *seconds)
    }

    fn add(&mut self, seconds: i64, count: i64) {
        match self.0.binary_search_by_key(&seconds, |(it, _)| *it) {
            Ok(place) => {
                self.0[place].1 += count;
                if self.0[place].1 == 0 {
                    self.0.remove(place);
                }
            }
            Err(place) => self.0.insert(place, (seconds, count)),
        }
    }

    fn merge(&mut self, other: &Self, times: i64) {
        // A few are put into their places; many are gathered at once.
        if other.0.len() * 8 < self.0.len() {
            for (seconds, count) in other.iter() {
                self.add(seconds, count * times);
            }
        } else {
            let all = self.iter().chain(other.iter().map(|(seconds, count)| (seconds, count * times)));
            *self = Self::gather(all.collect());
        }
    }
}

/// Counts and histograms. They form a group: what was added can be taken away again, and nothing remains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Counts that are not 0.
    pub counts: BTreeMap<(Count, Label), i64>,
    /// Histograms that are not empty.
    pub spans: BTreeMap<(Span, Label), Histogram>,
}

impl Sums {
    /// Counts something.
    pub fn count(&mut self, what: Count, label: impl Into<Label>, number: i64) {
        let key = (what, label.into());
        let sum = self.counts.entry(key.clone()).or_default();
        *sum += number;
        if *sum == 0 {
            self.counts.remove(&key);
        }
    }

    /// Notes a duration.
    pub fn span(&mut self, what: Span, label: impl Into<Label>, seconds: i64) {
        self.spans.entry((what, label.into())).or_default().add(seconds, 1);
    }

    /// Adds others so many times; -1 takes them away.
    pub fn merge(&mut self, other: &Self, times: i64) {
        for ((what, label), number) in &other.counts {
            self.count(*what, label.clone(), number * times);
        }
        for (key, histogram) in &other.spans {
            self.spans.entry(key.clone()).or_default().merge(histogram, times);
        }
        self.spans.retain(|_, histogram| !histogram.0.is_empty());
    }

    /// Whether nothing is in them.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.spans.is_empty()
    }
}
