//! How large a handoff may grow, and what one that is full still takes.

use criteria::{Attachment, Tick, TickState};
use kernel::Code;

use super::fixture::{
    accept, action_id, ask, at, cancel, dora, duty, held, in_state, of, part_id, propose, reject, schedule, tick,
    ursula,
};
use crate::domain::{
    Handoff, Link, Refused, Side, State, Summary,
    handoff::{Accept, Ask, Decline, Edit, LinkedRecord, Note, Reply, TickItem, Update},
    limits::{AGENDA_LINES_MAX, ATTEMPTS_MAX},
    proposal::Change,
    review::{Outcome, Status},
    summary::{Contact, SummaryAction},
};

fn summarized(summary: Summary) -> Update {
    Update { edits: vec![Edit::Summary(summary)], ..Update::default() }
}

fn situation(bytes: usize) -> Update {
    summarized(Summary { situation: "x".repeat(bytes), ..Summary::default() })
}

fn is_too_large<T: std::fmt::Debug>(outcome: Result<T, Refused>) -> bool {
    matches!(outcome, Err(refused) if refused.class() == (Code::InvalidArgument, "TOO_LARGE"))
}

/// A draft with a link, an action and a question of each side, in which no further letter of upstream has room.
fn full() -> Handoff {
    let mut handoff = in_state(State::Draft);
    let link = Link { system: "crm".to_owned(), r#type: "deal".to_owned(), key: "D-1".to_owned(), url: String::new() };
    handoff.add_link(of(&ursula()), Note { side: None, what: link }, at(6)).unwrap();
    handoff.add_action(of(&ursula()), Note { side: None, what: duty(7, Side::Upstream) }, at(6)).unwrap();
    handoff.ask(of(&ursula()), part_id(1), ask(None, false), at(6)).unwrap();
    handoff.ask(of(&dora()), part_id(2), ask(None, true), at(6)).unwrap();
    let (mut fits, mut too_many) = (0, 256 * 1024);
    while too_many - fits > 1 {
        let middle = usize::midpoint(fits, too_many);
        match handoff.clone().update(of(&ursula()), situation(middle), at(6)) {
            Ok(_) => fits = middle,
            Err(_) => too_many = middle,
        }
    }
    handoff.update(of(&ursula()), situation(fits), at(6)).unwrap();
    handoff
}

#[test]
fn a_full_handoff_takes_no_more_of_what_is_handed_over() {
    let mut handoff = full();
    let question = Ask { text: "and".to_owned(), ..ask(None, false) };
    assert!(is_too_large(handoff.ask(of(&ursula()), part_id(3), question, at(9))));
    assert!(is_too_large(handoff.schedule_review(of(&ursula()), part_id(3), schedule(None, 100), at(9))));
    let what = Attachment {
        name: "plan".to_owned(),
        url: "https://files.example.com/plan".to_owned(),
        media_type: None,
        size_bytes: None,
        sha256: None,
    };
    assert!(is_too_large(handoff.add_attachment(of(&ursula()), Note { side: None, what }, at(9))));
    assert!(is_too_large(handoff.add_action(of(&ursula()), Note { side: None, what: duty(8, Side::Upstream) }, at(9))));
    let evidence = Some("x".repeat(1_000));
    let ticked = TickItem { tick: Tick { state: TickState::Done, evidence, reason: None }, ..tick("customer_told") };
    assert!(is_too_large(handoff.tick(of(&ursula()), ticked, at(9))));
}

#[test]
fn a_full_handoff_is_mended_answered_decided_and_brought_to_its_end() {
    let mut handoff = full();
    let answer = Reply { id: part_id(2), text: "y".repeat(10_000) };
    handoff.answer(of(&ursula()), answer, at(9)).unwrap();
    handoff.complete_action(of(&ursula()), action_id(7), at(9)).unwrap();
    let gone = LinkedRecord { system: "crm".to_owned(), r#type: "deal".to_owned(), key: "D-1".to_owned() };
    handoff.remove_link(of(&ursula()), Note { side: None, what: gone }, at(9)).unwrap();
    handoff.propose(of(&ursula()), part_id(1), propose(None, Change::Deadline { deliver_by: at(500) }), at(9)).unwrap();
    let decline = Decline { id: part_id(1), reason: "no".to_owned() };
    handoff.decline(of(&dora()), decline, at(9)).unwrap();
    handoff
        .update(of(&ursula()), situation(250_000), at(9))
        .expect("it is smaller than before, though still too large");
    handoff.submit(of(&ursula()), false, at(10)).unwrap();
    let restated = Accept { read_back: Some("z".repeat(10_000)), ..accept(1) };
    handoff.accept(of(&dora()), restated, at(11)).unwrap();
    let evidence = Some("x".repeat(1_000));
    let ticked = TickItem { tick: Tick { state: TickState::Done, evidence, reason: None }, ..tick("access_given") };
    handoff.tick(of(&dora()), ticked, at(11)).unwrap();
    handoff.begin(of(&dora()), at(12)).unwrap();
    handoff.complete(of(&dora()), at(13)).unwrap();
}

#[test]
fn what_a_meeting_made_of_the_handoff_does_not_fill_it() {
    let mut handoff = in_state(State::Submitted);
    let contact = |n: usize| Contact { name: format!("n{n}"), role: "r".repeat(1_000), how: "h".repeat(500) };
    let mut draft = in_state(State::Draft);
    let summary = Summary { contacts: (0..100).map(contact).collect(), ..Summary::default() };
    draft.update(of(&ursula()), summarized(summary), at(6)).unwrap();
    draft.submit(of(&ursula()), false, at(7)).unwrap();
    std::mem::swap(&mut handoff, &mut draft);
    for (n, seconds) in (1..=20).zip(200..) {
        handoff.schedule_review(of(&ursula()), part_id(n), schedule(None, 100), at(9)).unwrap();
        handoff.record_review_held(of(&dora()), held(part_id::<uuid::Uuid>(n), Outcome::Ready), at(seconds)).unwrap();
    }
    let Status::Held { agenda, .. } = &handoff.reviews[19].status else { panic!("it was held") };
    let contacts = &agenda.last().unwrap().lines;
    assert_eq!(contacts.len(), AGENDA_LINES_MAX + 1);
    assert_eq!(contacts.last().unwrap(), "and 71 more", "of a hundred contacts and one owner");
    assert!(contacts.iter().all(|line| line.chars().count() <= 300));
}

#[test]
fn a_handoff_goes_back_and_forth_so_often_and_then_is_given_up() {
    let mut handoff = in_state(State::Rejected);
    for attempt in 2..=ATTEMPTS_MAX {
        handoff.submit(of(&ursula()), false, at(i64::from(attempt))).unwrap();
        handoff.reject(of(&dora()), reject(attempt), at(i64::from(attempt))).unwrap();
    }
    assert!(is_too_large(handoff.submit(of(&ursula()), false, at(500))));
    assert_eq!(handoff.attempt(), ATTEMPTS_MAX);
    let summary = Summary {
        actions: vec![SummaryAction { text: "tell them".to_owned(), owner: String::new(), due_at: None }],
        ..Summary::default()
    };
    handoff.update(of(&ursula()), summarized(summary), at(500)).expect("all else goes on");
    handoff.cancel(of(&ursula()), cancel(), at(501)).unwrap();
}
