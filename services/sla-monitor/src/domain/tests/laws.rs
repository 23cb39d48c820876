//! Laws over random courses: a clock walked second by second, outages and replicas between, histories gone through again.

use calendar::{Calendar, Duration};
use kernel::Timestamp;
use proptest::prelude::*;

use super::fixture::*;
use crate::domain::{
    Book, Clock, Course, Said, Side,
    clock::{EntryKind, Evidence, Given, State as Life},
    course::Decision,
    heard::{Fact, State, What},
    policy::{Kind, PauseReason, WarnAt},
};

/// What may come next, and after how many seconds.
#[derive(Clone, Debug)]
struct Step {
    after_seconds: i64,
    choice: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (prop_oneof![Just(0), 1_i64..120, 600_i64..20_000, 40_000_i64..200_000], any::<u8>());
    prop::collection::vec(step.prop_map(|(after_seconds, choice)| Step { after_seconds, choice }), 1..40)
}

/// A history that the handoff service could tell.
fn history(steps: &[Step]) -> Vec<Fact> {
    let mut facts = vec![fact(1, at(MONDAY), State::Draft, created(None))];
    let (mut now, mut state) = (at(MONDAY), State::Draft);
    let (mut open, mut round, mut held, mut asked) = (None, 0, false, 0_u8);
    for Step { after_seconds, choice } in steps {
        now = now.plus_seconds(*after_seconds);
        let talk = match choice % 10 {
            0 | 1 if open.is_none() => {
                asked += 1;
                (open, round) = (Some(subject(asked)), 1);
                let side = if choice % 2 == 0 { Side::Upstream } else { Side::Downstream };
                Some(What::Asked { question: subject(asked), side, blocking: choice % 3 > 0, round })
            }
            0 | 1 => open.take().map(|question| What::Answered { question }),
            2 if open.is_none() && asked > 0 && round < 3 => {
                round += 1;
                open = Some(subject(asked));
                Some(What::Asked { question: subject(asked), side: Side::Downstream, blocking: true, round })
            }
            3 if held => Some(What::Resumed),
            3 => Some(What::Held { agreed: choice % 2 == 0 }),
            4 => Some(What::DeadlineChanged { deliver_by: now.plus_seconds(i64::from(*choice) * 900) }),
            _ => None,
        };
        if let Some(what) = talk {
            held = match what {
                What::Held { .. } => true,
                What::Resumed => false,
                _ => held,
            };
            facts.push(fact(next(&facts), now, state, what));
            continue;
        }
        let (to, what) = match (state, choice % 3) {
            (State::Draft | State::Rejected | State::Returned, _) => (State::Submitted, What::Submitted),
            (State::Submitted, 0) => (State::Accepted, What::Accepted),
            (State::Submitted, 1) => (State::Rejected, What::Rejected),
            (State::Submitted, _) => (State::Draft, What::Recalled),
            (State::Accepted | State::InProgress | State::Completed, 0) => (State::Returned, What::Returned),
            (State::Accepted, _) => (State::InProgress, What::Begun),
            (State::InProgress, _) => (State::Completed, What::Completed),
            (State::Completed, _) => (State::InProgress, What::Reopened),
            (State::Cancelled, _) => break,
        };
        (state, held) = (to, false);
        facts.push(fact(next(&facts), now, to, what));
    }
    facts
}

fn next(facts: &[Fact]) -> i64 {
    i64::try_from(facts.len()).unwrap() + 1
}

fn some_targets() -> impl Strategy<Value = Vec<crate::domain::policy::Target>> {
    prop::array::uniform7((60_i64..60_000, 0..3_u8)).prop_map(|all| {
        let targets = Kind::ALL.iter().zip(all).map(|(kind, (seconds, form))| {
            let duration = match form {
                0 => Duration::Working(seconds),
                1 => Duration::Elapsed(seconds),
                _ => Duration::BusinessDays { days: std::num::NonZeroU32::MIN, at_seconds: Some(12 * 3_600) },
            };
            let mut target = target(*kind, duration);
            target.warn_at = vec![WarnAt::Percent(50), WarnAt::Percent(90)];
            if seconds % 2 == 0 {
                target.pause_on.insert(PauseReason::LoneHold);
            }
            target
        });
        targets.collect()
    })
}

/// Hears a history and fires in between, as often as looks say; answers the course and all that was said.
fn live(book: &Book, facts: &[Fact], looks: &[bool], end: Timestamp) -> (Course, Vec<Said>) {
    let (mut course, mut said) = (Course::new(&facts[0]), vec![]);
    for (fact, look) in facts.iter().zip(looks.iter().chain(std::iter::repeat(&false))) {
        if *look {
            said.extend(course.fire(fact.at, fact.at, Evidence::Complete, book));
        }
        said.extend(course.hear(fact, book, fact.at).unwrap());
        if *look {
            let again = course.clone();
            assert!(course.hear(fact, book, fact.at).unwrap().is_empty());
            assert_eq!(course, again, "twice is once");
        }
    }
    said.extend(course.fire(end, end, Evidence::Complete, book));
    (course, said)
}

/// What must not depend on when somebody looked.
fn outcome(course: &Course) -> Vec<Clock> {
    let mut clocks = course.clocks.clone();
    for clock in &mut clocks {
        for warning in &mut clock.warnings {
            warning.given = Given::Not;
        }
        clock.breach.iter_mut().for_each(|breach| breach.detected_at = breach.due_at);
        clock.escalated.iter_mut().for_each(|step| step.at = Timestamp::EPOCH);
    }
    clocks
}

/// How much of a stretch of seconds is open, one by one.
fn walked(calendar: &Calendar, from: Timestamp, until: Timestamp) -> i64 {
    let mut open = 0;
    let mut now = from;
    while now < until {
        open += i64::from(calendar.is_open(now));
        now = now.plus_seconds(1);
    }
    open * 1_000_000
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whoever_looks_whenever_the_clocks_come_out_the_same(
        steps in steps(), targets in some_targets(), looks in prop::collection::vec(any::<bool>(), 60),
    ) {
        let (book, facts) = (book(targets), history(&steps));
        let end = facts.last().unwrap().at.plus_seconds(30 * 86_400);
        let (never, _) = live(&book, &facts, &[], end);
        let (often, said) = live(&book, &facts, &looks, end);
        prop_assert_eq!(outcome(&never), outcome(&often));
        for clock in &often.clocks {
            let breaches = said.iter().filter(|it| it.view.clock.id == clock.id && name(it) == "breached").count();
            prop_assert_eq!(breaches, usize::from(clock.breach.is_some()), "once, and never without standing");
        }
    }

    #[test]
    fn a_ledger_has_no_gap_and_sums_exactly(steps in steps(), targets in some_targets()) {
        let (book, facts) = (book(targets), history(&steps));
        let end = facts.last().unwrap().at.plus_seconds(3 * 86_400);
        let (course, _) = live(&book, &facts, &[], end);
        for clock in &course.clocks {
            let ledger = clock.ledger(end, &book);
            let mut now = clock.started_at;
            let mut open = 0;
            for entry in &ledger.entries {
                prop_assert_eq!(entry.from, now);
                now = entry.until;
                open += if entry.kind == EntryKind::Open { entry.length() } else { 0 };
            }
            prop_assert_eq!(now, ledger.until);
            prop_assert_eq!(open, clock.elapsed(ledger.until, &book));
        }
    }

    #[test]
    fn what_is_met_was_stopped_when_it_was_due_at_the_latest(steps in steps(), targets in some_targets()) {
        let (book, facts) = (book(targets), history(&steps));
        let end = facts.last().unwrap().at.plus_seconds(30 * 86_400);
        let (course, _) = live(&book, &facts, &[], end);
        for clock in &course.clocks {
            match clock.state() {
                Life::Met | Life::Cancelled => {
                    prop_assert!(clock.breach.is_none());
                    prop_assert!(clock.end.as_ref().unwrap().at <= clock.due_at.unwrap());
                }
                Life::Late => prop_assert!(clock.breach.is_some()),
                Life::Running => prop_assert!(clock.breach.is_some() || clock.due_at.unwrap() >= end),
                Life::Paused => {}
            }
        }
    }

    #[test]
    fn a_course_gone_through_again_with_its_decisions_comes_out_the_same(
        steps in steps(), targets in some_targets(), looks in prop::collection::vec(any::<bool>(), 60),
    ) {
        let (book, facts) = (book(targets), history(&steps));
        let end = facts.last().unwrap().at.plus_seconds(30 * 86_400);
        let (course, said) = live(&book, &facts, &looks, end);
        let mut again = Course::new(&facts[0]);
        for fact in &facts {
            replay(&mut again, &said, fact.revision - 1, &book);
            again.hear(fact, &book, fact.at).unwrap();
        }
        replay(&mut again, &said, next(&facts) - 1, &book);
        prop_assert_eq!(again.clocks, course.clocks);
    }
}

/// The decisions that were made after a fact of the handoff.
fn replay(course: &mut Course, said: &[Said], revision: i64, book: &Book) {
    use crate::domain::clock::Fact as Clocked;
    for one in said.iter().filter(|it| it.revision == revision) {
        let clock = &one.view.clock;
        let decision = match &one.fact {
            Clocked::Warned { after, .. } => {
                let given = clock.warnings.iter().find(|it| it.after == *after).unwrap().given;
                let Given::At(at) = given else { panic!("given") };
                Decision::Warned { after: *after, at }
            }
            Clocked::Breached { .. } => Decision::Breached(clock.breach.clone().unwrap()),
            Clocked::Escalated => Decision::Escalated(clock.escalated.last().unwrap().clone()),
            _ => continue,
        };
        course.replay(clock.id, decision, book);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn working_time_that_counted_is_what_a_walk_counts(steps in steps(), seconds in 600_i64..40_000) {
        let targets = Kind::ALL.iter().map(|kind| target(*kind, Duration::Working(seconds))).collect();
        let (book, facts) = (book(targets), history(&steps[..steps.len().min(12)]));
        let end = facts.last().unwrap().at.plus_seconds(86_400);
        let (course, _) = live(&book, &facts, &[], end);
        let office = Calendar::new(&office()).unwrap();
        for clock in &course.clocks {
            let running = clock.ledger.iter().filter(|stretch| stretch.paused_by.is_empty());
            let until = clock.end.as_ref().map_or(end, |it| it.at);
            let counted: i64 = running.map(|it| walked(&office, it.from, it.until.unwrap_or(until))).sum();
            prop_assert_eq!(clock.elapsed(until, &book), counted);
            // One second less than the target is before the due time, one more is after it.
            if matches!(clock.goal, crate::domain::clock::Goal::Counted(_)) && !clock.is_retargeted {
                prop_assert_eq!(clock.breach.is_some(), counted > clock.target || late_in_closed_time(clock, until));
            }
        }
    }
}

/// Whether all of the target was used before the end, and the end came in closed time.
fn late_in_closed_time(clock: &Clock, until: Timestamp) -> bool {
    clock.breach.as_ref().is_some_and(|breach| breach.due_at < until)
}
