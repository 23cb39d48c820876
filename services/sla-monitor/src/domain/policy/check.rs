//! Everything that can be wrong with a policy, named at once.

use std::collections::BTreeSet;

use calendar::{Duration, HORIZON_DAYS};
use kernel::Violation;

use super::{Kind, Match, PauseReason, Priority, Target, WarnAt};
use crate::domain::{CalendarId, Refused};

const TARGETS_MAX: usize = 100;
const HORIZON_SECONDS: i64 = HORIZON_DAYS * 86_400;
const BUSINESS_DAYS_MAX: u32 = 1_000;

pub(super) fn check(targets: &[Target], known: &BTreeSet<CalendarId>) -> Result<(), Refused> {
    let mut flaws = Flaws(vec![]);
    if targets.is_empty() || targets.len() > TARGETS_MAX {
        flaws.add("targets", format!("must be 1 to {TARGETS_MAX}, not {}", targets.len()));
    }
    for (n, target) in targets.iter().enumerate() {
        let path = format!("targets[{n}]");
        flaws.duration(&path, target);
        flaws.calendar(&path, target, known);
        flaws.warnings(&path, target);
        flaws.escalations(&path, target);
        if target.pause_on.contains(&PauseReason::Submitted) {
            let field = format!("{path}.pause_on");
            flaws.add(field, "SUBMITTED pauses DELIVERY and REDELIVERY in any case: leave it out");
        }
        for (m, when) in target.when.iter().enumerate() {
            if when.confidential == Some(true) && !when.fields.is_empty() {
                let field = format!("{path}.when[{m}]");
                flaws.add(field, "can never hold: the fields of a confidential handoff are not known");
            }
        }
    }
    for kind in Kind::ALL {
        flaws.reach(*kind, targets);
    }
    if flaws.0.is_empty() { Ok(()) } else { Err(Refused::Invalid(flaws.0)) }
}

/// The whole seconds of a target, where they are known before it starts.
fn seconds(duration: Duration) -> Option<i64> {
    match duration {
        Duration::Working(seconds) | Duration::Elapsed(seconds) => Some(seconds),
        Duration::BusinessDays { .. } => None,
    }
}

struct Flaws(Vec<Violation>);

impl Flaws {
    fn add(&mut self, field: impl Into<String>, description: impl Into<String>) {
        self.0.push(Violation { field: field.into(), description: description.into() });
    }

    fn duration(&mut self, path: &str, target: &Target) {
        let field = format!("{path}.duration");
        match target.duration {
            Duration::Working(seconds) | Duration::Elapsed(seconds) if !(1..=HORIZON_SECONDS).contains(&seconds) => {
                self.add(field, format!("must be 1 second to ten years, not {seconds} seconds"));
            }
            Duration::BusinessDays { days, .. } if days.get() > BUSINESS_DAYS_MAX => {
                self.add(field, format!("must be 1 to {BUSINESS_DAYS_MAX} business days, not {days}"));
            }
            _ => {}
        }
    }

    fn calendar(&mut self, path: &str, target: &Target, known: &BTreeSet<CalendarId>) {
        let Some(id) = &target.calendar else { return };
        let field = format!("{path}.calendar_id");
        if matches!(target.duration, Duration::Elapsed(_)) {
            self.add(field, "an elapsed duration counts by day and by night: leave the calendar out");
        } else if !known.contains(id) {
            self.add(field, format!("there is no calendar {id}: create it first"));
        }
    }

    fn warnings(&mut self, path: &str, target: &Target) {
        if target.warn_at.len() > 10 {
            self.add(format!("{path}.warn_at"), format!("TOO_LARGE: {} of them; at most 10", target.warn_at.len()));
        }
        for (n, warning) in target.warn_at.iter().enumerate() {
            let field = format!("{path}.warn_at[{n}]");
            match (warning, seconds(target.duration)) {
                (WarnAt::Percent(percent), _) if !(1..=99).contains(percent) => {
                    self.add(field, format!("must be 1 to 99 percent, not {percent}"));
                }
                (WarnAt::BeforeDue(before), _) if !(1..=HORIZON_SECONDS).contains(before) => {
                    self.add(field, format!("must be at least a second before it is due, not {before} seconds"));
                }
                (WarnAt::BeforeDue(before), Some(target)) if *before >= target => {
                    self.add(field, format!("{before} seconds before it is due is before it starts: it has {target}"));
                }
                _ if target.warn_at[..n].contains(warning) => {
                    self.add(field, "is given twice");
                }
                _ => {}
            }
        }
    }

    fn escalations(&mut self, path: &str, target: &Target) {
        if target.escalations.len() > 10 {
            let field = format!("{path}.escalations");
            self.add(field, format!("TOO_LARGE: {} of them; at most 10", target.escalations.len()));
        }
        let mut before = -1;
        for (n, step) in target.escalations.iter().enumerate() {
            let field = |name: &str| format!("{path}.escalations[{n}].{name}");
            if !(0..=HORIZON_SECONDS).contains(&step.after_seconds) {
                self.add(field("after"), format!("must be 0 seconds to ten years, not {} seconds", step.after_seconds));
            } else if step.after_seconds <= before {
                let description = format!("must be later than the step before, which comes after {before} seconds");
                self.add(field("after"), description);
            }
            before = before.max(step.after_seconds);
            if step.notify.is_empty() {
                self.add(field("notify"), "is required: a person, a role, an address");
            }
        }
    }

    /// Conditions that those before them leave nothing to.
    fn reach(&mut self, kind: Kind, targets: &[Target]) {
        let always = Match::default();
        let mut before: Vec<&Match> = vec![];
        for (n, target) in targets.iter().enumerate().filter(|(_, target)| target.kind == kind) {
            let conditions: Vec<&Match> =
                if target.when.is_empty() { vec![&always] } else { target.when.iter().collect() };
            for (m, condition) in conditions.into_iter().enumerate() {
                if is_covered(condition, &before) {
                    let field = if target.when.is_empty() {
                        format!("targets[{n}]")
                    } else {
                        format!("targets[{n}].when[{m}]")
                    };
                    let description = format!("can never be reached: what is before it for {kind} takes all of it");
                    self.add(field, description);
                }
                before.push(condition);
            }
        }
    }
}

/// Whether others leave nothing to a condition: one of them holds wherever it does, or those without fields do together.
fn is_covered(condition: &Match, before: &[&Match]) -> bool {
    if before.iter().any(|earlier| earlier.holds_wherever(condition)) {
        return true;
    }
    let taken: BTreeSet<_> = before.iter().filter(|it| it.fields.is_empty()).flat_map(|it| it.cells()).collect();
    let own = condition.cells();
    !own.is_empty() && own.is_subset(&taken)
}

impl Match {
    /// The priorities and confidentialities for which it can hold.
    fn cells(&self) -> BTreeSet<(Priority, bool)> {
        let priorities = Priority::ALL.iter().filter(|it| self.priorities.is_empty() || self.priorities.contains(it));
        let can_be = |confidential: &bool| {
            self.confidential.is_none_or(|it| it == *confidential) && (!*confidential || self.fields.is_empty())
        };
        priorities.flat_map(|priority| [false, true].into_iter().filter(can_be).map(|it| (*priority, it))).collect()
    }

    fn holds_wherever(&self, other: &Self) -> bool {
        let fields = |(key, values): (&String, &BTreeSet<String>)| {
            other.fields.get(key).is_some_and(|others| others.is_subset(values))
        };
        self.fields.iter().all(fields) && other.cells().is_subset(&self.cells())
    }
}
