//! Each rule of the design, by an example.

use calendar::Duration;
use kernel::{Actor, Kind as PrincipalKind, Principal, Role};

use super::fixture::*;
use crate::domain::{
    Refused, Side,
    clock::{Cause, Evidence, Goal, State as Life},
    course::Acknowledge,
    heard::{State, What},
    policy::{Kind, PauseReason, WarnAt},
};

fn member(team: &str, role: Role) -> Actor {
    Actor::Principal(Principal {
        name: "somebody".to_owned(),
        kind: PrincipalKind::User,
        teams: [(team.parse().unwrap(), role)].into(),
        is_admin: false,
        is_reader: false,
        is_importer: false,
    })
}

/// Submitted on Monday at ten; downstream has until six past the office's end: Tuesday at ten.
fn submitted() -> Play {
    let mut play = Play::created(book(targets()));
    play.hear(after(1, 0), State::Submitted, What::Submitted);
    play
}

#[test]
fn a_stop_at_the_due_time_is_in_time_and_a_moment_later_is_late() {
    let mut in_time = submitted();
    assert_eq!(in_time.clock(Kind::Acceptance).due_at, Some(after(25, 0)), "eight working hours: Tuesday at ten");
    in_time.hear(after(25, 0), State::Accepted, What::Accepted);
    assert_eq!(in_time.clock(Kind::Acceptance).state(), Life::Met);

    let mut late = submitted();
    let at = kernel::Timestamp::from_micros(after(25, 0).as_micros() + 1);
    let said = late.hear(at, State::Accepted, What::Accepted);
    let clock = late.clock(Kind::Acceptance);
    assert_eq!(clock.state(), Life::Late);
    assert_eq!(clock.breach.as_ref().unwrap().due_at, after(25, 0), "dated when it was due");
    assert!(
        names(&said).iter().position(|it| it == "ACCEPTANCE breached")
            < names(&said).iter().position(|it| it == "ACCEPTANCE stopped")
    );
}

#[test]
fn nothing_fires_at_the_due_time_itself() {
    let mut play = submitted();
    assert_eq!(names(&play.fire(after(25, 0))), ["ACCEPTANCE warned"]);
    let due = kernel::Timestamp::from_micros(after(25, 0).as_micros() + 1);
    assert_eq!(names(&play.fire(due)), ["ACCEPTANCE breached"]);
    assert!(play.fire(due).is_empty(), "once");
}

#[test]
fn a_blocking_question_pauses_the_asking_side_and_its_answer_has_a_clock() {
    let mut play = submitted();
    let (question, side) = (subject(1), Side::Downstream);
    let said = play.hear(after(2, 0), State::Submitted, What::Asked { question, side, blocking: true, round: 1 });
    assert_eq!(names(&said), ["ANSWER started", "ACCEPTANCE paused"]);
    let answer = play.clock(Kind::Answer);
    assert_eq!((answer.side, answer.due_at), (Side::Upstream, Some(after(4, 0))));
    assert_eq!(play.clock(Kind::Acceptance).due_at, None);
    // Two hours of its eight were used before nine, and one hour in between does not count.
    play.hear(after(3, 0), State::Submitted, What::Answered { question });
    assert_eq!(play.clock(Kind::Acceptance).due_at, Some(after(26, 0)));
    assert_eq!(play.clock(Kind::Answer).state(), Life::Met);
}

#[test]
fn a_pause_in_closed_time_moves_nothing() {
    let mut play = submitted();
    play.hear(after(10, 0), State::Submitted, What::Held { agreed: true });
    play.hear(after(20, 0), State::Submitted, What::Resumed);
    assert_eq!(play.clock(Kind::Acceptance).due_at, Some(after(25, 0)));
}

#[test]
fn pauses_that_overlap_count_once() {
    let mut play = submitted();
    let (question, side) = (subject(1), Side::Downstream);
    play.hear(after(2, 0), State::Submitted, What::Asked { question, side, blocking: true, round: 1 });
    play.hear(after(3, 0), State::Submitted, What::Held { agreed: true });
    play.hear(after(4, 0), State::Submitted, What::Answered { question });
    let paused: Vec<_> = play.clock(Kind::Acceptance).paused_by().unwrap().iter().copied().collect();
    assert_eq!(paused, [PauseReason::AgreedHold]);
    play.hear(after(5, 0), State::Submitted, What::Resumed);
    assert_eq!(play.clock(Kind::Acceptance).due_at, Some(after(28, 0)), "three hours later");
}

#[test]
fn the_third_round_and_a_lone_hold_pause_nothing_unless_the_target_says_so() {
    let mut play = submitted();
    let (question, side) = (subject(1), Side::Downstream);
    play.hear(after(2, 0), State::Submitted, What::Asked { question, side, blocking: true, round: 3 });
    play.hear(after(2, 0), State::Submitted, What::Held { agreed: false });
    assert_eq!(play.clock(Kind::Acceptance).state(), Life::Running);

    let mut targets = targets();
    targets[1].pause_on.insert(PauseReason::LoneHold);
    let mut play = Play::created(book(targets));
    play.hear(after(1, 0), State::Submitted, What::Submitted);
    play.hear(after(2, 0), State::Submitted, What::Held { agreed: false });
    assert_eq!(play.clock(Kind::Acceptance).state(), Life::Paused);
    // A hold ends with the state it was declared in.
    play.hear(after(3, 0), State::Accepted, What::Accepted);
    assert_eq!(play.clock(Kind::Begin).state(), Life::Running);
}

#[test]
fn stopped_while_paused_it_is_due_when_it_would_have_been() {
    let mut play = submitted();
    play.hear(after(2, 0), State::Submitted, What::Held { agreed: true });
    play.hear(after(100, 0), State::Accepted, What::Accepted);
    let clock = play.clock(Kind::Acceptance);
    assert_eq!(clock.state(), Life::Met);
    assert_eq!(clock.due_at, Some(after(171, 0)), "seven hours from Friday at one: Monday at noon");
}

#[test]
fn delivery_waits_while_downstream_decides_and_runs_on_after_a_rejection() {
    let mut play = submitted();
    assert_eq!(play.clock(Kind::Delivery).state(), Life::Paused);
    let said = play.hear(after(3, 0), State::Rejected, What::Rejected);
    assert_eq!(names(&said), ["ACCEPTANCE stopped", "REDELIVERY started", "DELIVERY resumed"]);
    play.hear(after(4, 0), State::Submitted, What::Submitted);
    let said = play.hear(after(5, 0), State::Accepted, What::Accepted);
    assert_eq!(names(&said), ["DELIVERY stopped", "REDELIVERY stopped", "ACCEPTANCE stopped", "BEGIN started"]);
}

#[test]
fn what_ends_undone_is_cancelled_unless_it_had_breached() {
    let mut play = submitted();
    let said = play.hear(after(3, 0), State::Draft, What::Recalled);
    assert_eq!(names(&said), ["ACCEPTANCE cancelled", "REDELIVERY started", "DELIVERY resumed"]);
    assert_eq!(play.clock(Kind::Acceptance).end.as_ref().unwrap().cause, "recalled");
    let mut late = submitted();
    late.hear(after(48, 0), State::Cancelled, What::Cancelled);
    assert_eq!(late.clock(Kind::Acceptance).state(), Life::Late, "LATE stays LATE");
}

#[test]
fn a_reopened_completion_has_what_was_left_and_the_one_before_is_shown_as_undone() {
    let mut play = submitted();
    play.hear(after(2, 0), State::Accepted, What::Accepted);
    play.hear(after(3, 0), State::InProgress, What::Begun);
    play.hear(after(6, 0), State::Completed, What::Completed);
    play.hear(after(7, 0), State::InProgress, What::Reopened);
    let completions: Vec<_> = play.course.clocks.iter().filter(|clock| clock.kind == Kind::Completion).collect();
    assert_eq!(completions[0].state(), Life::Met);
    assert_eq!(completions[0].undone_at, Some(after(7, 0)));
    assert_eq!(completions[1].target, 5 * HOUR * 1_000_000);
}

#[test]
fn a_promise_counts_where_it_is_earlier_or_agreed() {
    let promised = |deliver_by| {
        let mut play = Play::new(book(targets()));
        play.hear(at(MONDAY), State::Draft, created(Some(deliver_by)));
        play.clock(Kind::Delivery).due_at
    };
    assert_eq!(promised(after(3, 0)), Some(after(3, 0)), "earlier");
    assert_eq!(promised(after(50, 0)), Some(after(8, 0)), "later: the policy's");

    let mut play = Play::created(book(targets()));
    play.hear(after(1, 0), State::Draft, What::DeadlineChanged { deliver_by: after(50, 0) });
    assert_eq!(play.clock(Kind::Delivery).due_at, Some(after(50, 0)), "agreed");
    let said = play.hear(after(2, 0), State::Draft, What::DeadlineChanged { deliver_by: after(1, 30) });
    assert_eq!(names(&said), ["DELIVERY migrated"]);
    play.fire(after(3, 0));
    let breach = play.clock(Kind::Delivery).breach.clone().unwrap();
    assert_eq!((breach.due_at, breach.cause), (after(2, 0), Cause::Retarget), "dated at the change, never back");
}

#[test]
fn an_instant_stands_until_the_first_pause() {
    let mut targets = targets();
    targets[1].duration =
        Duration::BusinessDays { days: std::num::NonZero::new(1).unwrap(), at_seconds: Some(18 * 3_600) };
    let mut play = Play::created(book(targets));
    play.hear(after(1, 0), State::Submitted, What::Submitted);
    let clock = play.clock(Kind::Acceptance);
    assert_eq!(clock.due_at, Some(after(33, 0)), "Tuesday at six, after hours");
    play.hear(after(2, 0), State::Submitted, What::Held { agreed: true });
    play.hear(after(3, 0), State::Submitted, What::Resumed);
    let clock = play.clock(Kind::Acceptance);
    assert_eq!(clock.goal, Goal::Counted(15 * HOUR * 1_000_000), "seven hours of Monday and eight of Tuesday");
    assert_eq!(clock.due_at, Some(after(49, 0)), "Wednesday at ten");
}

#[test]
fn warnings_are_planned_anew_after_a_pause_and_fire_once() {
    let mut targets = targets();
    targets[1].warn_at = vec![WarnAt::Percent(50), WarnAt::BeforeDue(HOUR)];
    let mut play = Play::created(book(targets));
    play.hear(after(1, 0), State::Submitted, What::Submitted);
    assert_eq!(names(&play.fire(after(6, 0))), ["ACCEPTANCE warned"]);
    play.hear(after(6, 0), State::Submitted, What::Held { agreed: true });
    assert!(play.fire(after(200, 0)).is_empty(), "nothing fires while it is paused");
    play.hear(after(168, 0), State::Submitted, What::Resumed);
    // A week later, at nine: five of eight hours have passed, the last warning comes after two more.
    assert!(play.fire(after(170, 0)).is_empty());
    assert_eq!(names(&play.fire(after(170, 1))), ["ACCEPTANCE warned"]);
}

#[test]
fn after_an_outage_the_breach_takes_the_place_of_its_warnings_and_the_ladder_follows() {
    let mut play = submitted();
    let said = play.fire(after(300, 0));
    assert_eq!(names(&said), ["ACCEPTANCE breached", "ACCEPTANCE escalated", "ACCEPTANCE escalated"]);
    let breach = play.clock(Kind::Acceptance).breach.clone().unwrap();
    assert_eq!((breach.due_at, breach.detected_at), (after(25, 0), after(300, 0)));
}

#[test]
fn an_acknowledgement_puts_the_next_escalation_off_once() {
    let mut play = submitted();
    play.fire(after(25, 30));
    let id = play.clock(Kind::Acceptance).id;
    let said = |delay_seconds| Acknowledge { note: "ill".to_owned(), cause: String::new(), delay_seconds };
    let ines = member("implementation", Role::Member);
    let (book, now) = (play.book.clone(), after(25, 30));
    let refused = play.course.acknowledge(&member("sales", Role::Lead), id, said(None), now, &book).unwrap_err();
    assert!(matches!(refused, Refused::NotAccountable { .. }));
    let refused = play.course.acknowledge(&ines, id, said(Some(9 * HOUR)), now, &book).unwrap_err();
    assert_eq!(refused, Refused::DelayTooLong { target_seconds: 8 * HOUR });
    assert_eq!(
        names(&play.course.acknowledge(&ines, id, said(Some(HOUR)), now, &book).unwrap()),
        ["ACCEPTANCE acknowledged"]
    );
    assert!(play.course.acknowledge(&ines, id, said(Some(HOUR)), now, &book).unwrap().is_empty());
    // It was due at ten; the first step at eleven comes at noon, and takes the second with it.
    assert!(play.fire(after(27, 0)).is_empty());
    assert_eq!(names(&play.fire(after(27, 1))), ["ACCEPTANCE escalated", "ACCEPTANCE escalated"]);
    let refused = play.course.excuse(&member("sales", Role::Member), id, "x".to_owned(), now, &book).unwrap_err();
    assert!(matches!(refused, Refused::NotOtherLead { .. }));
    play.course.excuse(&member("sales", Role::Lead), id, "our fault".to_owned(), now, &book).unwrap();
    assert_eq!(play.clock(Kind::Acceptance).state(), Life::Running, "excusing stops nothing");
}

#[test]
fn only_a_breach_without_evidence_is_taken_back_and_a_second_one_is_number_two() {
    let mut play = submitted();
    let said = play.course.fire(after(26, 0), after(26, 0), Evidence::Incomplete, &play.book.clone());
    assert_eq!(names(&said), ["ACCEPTANCE breached"]);
    // It had been put on hold in time: that fact came late.
    let said = play.hear(after(24, 30), State::Submitted, What::Held { agreed: true });
    assert_eq!(names(&said), ["DELIVERY paused", "ACCEPTANCE retracted", "ACCEPTANCE paused"]);
    play.hear(after(30, 0), State::Submitted, What::Resumed);
    play.fire(after(100, 0));
    let clock = play.clock(Kind::Acceptance);
    assert_eq!(clock.breach.as_ref().unwrap().number, 2);
    assert_eq!(clock.retracted.len(), 1);

    let mut sure = submitted();
    sure.fire(after(26, 0));
    let said = sure.hear(after(24, 30), State::Submitted, What::Held { agreed: true });
    assert_eq!(names(&said), ["DELIVERY paused", "ACCEPTANCE paused"], "what had evidence stands");
}

#[test]
fn another_version_moves_a_clock_only_when_it_is_migrated_and_keeps_what_has_counted() {
    let mut play = submitted();
    let mut shorter = targets();
    shorter[1].duration = working(4);
    let next = policy(2, shorter, after(2, 0));
    play.book.policies.get_mut(&next.id).unwrap().push(next.clone());
    assert_eq!(play.clock(Kind::Acceptance).due_at, Some(after(25, 0)));
    let book = play.book.clone();
    let said = play.course.migrate(&next, &[Kind::Acceptance], None, after(3, 0), &book);
    assert_eq!(names(&said), ["ACCEPTANCE migrated"]);
    assert_eq!(play.clock(Kind::Acceptance).due_at, Some(after(5, 0)), "two hours were used");
    assert!(play.course.migrate(&next, &[], Some(play.clock(Kind::Acceptance).id), after(4, 0), &book).is_empty());
}

#[test]
fn what_is_late_and_not_told_yet_is_told_before_it_is_moved_and_what_is_parked_stays() {
    let mut play = submitted();
    let mut longer = targets();
    longer[1].duration = working(24);
    let next = policy(2, longer, after(2, 0));
    play.book.policies.get_mut(&next.id).unwrap().push(next.clone());
    let book = play.book.clone();
    let kinds = [Kind::Acceptance];
    assert!(play.course.migrate(&next, &kinds, None, after(26, 0), &book).is_empty(), "it was due an hour ago");
    play.course.parked = true;
    assert!(play.course.migrate(&next, &kinds, None, after(3, 0), &book).is_empty(), "who knows how it stands");
    play.course.parked = false;
    assert_eq!(names(&play.course.migrate(&next, &kinds, None, after(3, 0), &book)), ["ACCEPTANCE migrated"]);
}

#[test]
fn only_what_a_policy_promised_is_promised_anew_by_another_version_of_it() {
    let days = calendar::Duration::BusinessDays { days: std::num::NonZeroU32::MIN, at_seconds: None };
    let mut by_day = targets();
    by_day[0].duration = days;
    by_day[1].duration = days;
    let mut play = Play::created(book(by_day.clone()));
    play.hear(after(1, 0), State::Submitted, What::Submitted);
    let next = policy(2, targets(), after(1, 0));
    play.book.policies.get_mut(&next.id).unwrap().push(next.clone());
    let known = play.book.clone();
    assert_eq!(
        names(&play.course.migrate(&next, &[Kind::Acceptance], None, after(2, 0), &known)),
        ["ACCEPTANCE migrated"]
    );
    assert_eq!(play.clock(Kind::Acceptance).target, submitted().clock(Kind::Acceptance).target, "hours again");

    let mut agreed = Play::created(book(targets()));
    agreed.hear(after(1, 0), State::Draft, What::DeadlineChanged { deliver_by: after(50, 0) });
    let next = policy(2, by_day, after(1, 0));
    agreed.book.policies.get_mut(&next.id).unwrap().push(next.clone());
    let of_both = agreed.book.clone();
    agreed.course.migrate(&next, &[Kind::Delivery], None, after(2, 0), &of_both);
    assert_eq!(agreed.clock(Kind::Delivery).due_at, Some(after(50, 0)), "both sides agreed on it");
}

#[test]
fn a_clock_that_starts_later_keeps_the_version_of_its_own_start() {
    let mut play = submitted();
    let mut shorter = targets();
    shorter[2].duration = working(1);
    let next = policy(2, shorter, after(2, 0));
    play.book.policies.get_mut(&next.id).unwrap().push(next);
    play.hear(after(3, 0), State::Accepted, What::Accepted);
    assert_eq!(play.clock(Kind::Begin).policy.as_ref().unwrap().version, 2);
    assert_eq!(play.clock(Kind::Acceptance).policy.as_ref().unwrap().version, 1);
}

#[test]
fn an_action_has_its_own_due_time_also_without_a_policy() {
    let mut book = book(targets());
    book.terms.clear();
    let mut play = Play::created(book);
    assert!(play.course.clocks.is_empty(), "no policy, no clocks");
    let due_at = Some(after(5, 0));
    play.hear(after(1, 0), State::Draft, What::ActionDue { action: subject(1), side: Side::Upstream, due_at });
    assert_eq!(play.clock(Kind::Action).due_at, due_at);
    play.hear(after(6, 0), State::Draft, What::ActionDone { action: subject(1) });
    assert_eq!(play.clock(Kind::Action).state(), Life::Late);
}

#[test]
fn imported_history_is_evaluated_at_its_own_times_and_alarms_nobody() {
    let mut play = Play::new(book(targets()));
    let recorded = at("2026-06-01T08:00:00Z");
    let mut import = |revision, hours, state, what| {
        let fact = fact(revision, after(hours, 0), state, what);
        let fact = crate::domain::heard::Fact { historic: true, recorded_at: recorded, ..fact };
        play.hear_fact(&fact)
    };
    assert!(import(1, 0, State::Draft, created(None)).is_empty(), "a record begins with its submit");
    import(2, 0, State::Submitted, What::Submitted);
    let said = import(3, 30, State::Accepted, What::Accepted);
    let breached = said.iter().find(|it| name(it) == "breached").unwrap();
    assert_eq!(breached.historic, Some(after(8, 0)));
    assert!(play.clock(Kind::Acceptance).breach.as_ref().unwrap().historic);
    // It goes on live: what was due before the import is history, what comes later is not.
    play.fire(recorded);
    assert!(play.clock(Kind::Begin).breach.as_ref().unwrap().historic);
}

#[test]
fn a_fact_that_is_missing_or_not_known_is_told() {
    let mut play = Play::created(book(targets()));
    let skipped = fact(3, after(1, 0), State::Submitted, What::Submitted);
    assert!(play.course.hear(&skipped, &play.book, after(1, 0)).unwrap_err().to_string().contains("missing"));
    let unknown = fact(2, after(1, 0), State::Submitted, What::Other { known: false });
    assert!(play.course.hear(&unknown, &play.book, after(1, 0)).unwrap_err().to_string().contains("does not know"));
    let harmless = fact(2, after(1, 0), State::Draft, What::Other { known: false });
    assert!(play.course.hear(&harmless, &play.book, after(1, 0)).unwrap().is_empty());
    let again = play.course.clone();
    play.course.hear(&harmless, &play.book, after(1, 0)).unwrap();
    assert_eq!(play.course, again, "twice is once");
}
