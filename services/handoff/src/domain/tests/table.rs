//! State x command x actor, as one snapshot: the documentation of the machine.

use std::fmt::Write as _;

use criteria::{Attachment, Tick};
use kernel::{Actor, Role};

use super::fixture::{
    accept, action_id, admin, ask, at, because, cancel, create, done, dora, duty, give_back, held, in_state_by,
    meeting, new_handoff, of, part_id, person, propose, reject, retitle, schedule, service, ursula,
};
use crate::domain::{
    Acting, Action, Handoff, Happened, Link, Pin, Priority, Proposal, Question, Refused, Review, ReviewId, Side,
    Signed, State,
    handoff::{
        CancelReview, Claim, Comment, Confidential, ConfirmReadBack, Decline, Hold, LinkedRecord, MigrateTo, Note,
        Reassign, RecordMissed, Reopen, Reply, TickItem, Wait, WaiveReview,
    },
    proposal::{Change, ProposalState},
    question::{Answer, Round},
    review::{self, Outcome},
};

struct Row {
    name: &'static str,
    actor: Actor,
    gives_reason: bool,
    /// For which side, where it could be either.
    side: Option<Side>,
    /// Whether it was this actor who created and submitted the handoff; else it was the upstream member.
    is_submitter: bool,
}

impl Row {
    fn acting(&self) -> Acting<'_> {
        if self.gives_reason { because(&self.actor) } else { of(&self.actor) }
    }
}

fn rows() -> Vec<Row> {
    let row = |name, actor| Row { name, actor, gives_reason: false, side: None, is_submitter: false };
    let both = |name| person(name, &[("sales", Role::Member), ("delivery", Role::Member)]);
    let admin_because = |name, side| Row { gives_reason: true, side: Some(side), ..row(name, admin()) };
    vec![
        row("upstream member (who submitted)", ursula()),
        row("upstream lead", person("uma", &[("sales", Role::Lead)])),
        row("service of upstream", service("crm", &[("sales", Role::Member)])),
        row("downstream member (who decided)", dora()),
        row("downstream lead", person("dan", &[("delivery", Role::Lead)])),
        row("service of downstream", service("desk", &[("delivery", Role::Member)])),
        row("member of both", both("bea")),
        Row { is_submitter: true, ..row("member of both, who submitted", both("bob")) },
        row("outsider (lead elsewhere)", person("otto", &[("support", Role::Lead)])),
        row("administrator, no reason", admin()),
        admin_because("administrator, for upstream", Side::Upstream),
        admin_because("administrator, for downstream", Side::Downstream),
        row("Baton itself", Actor::System),
    ]
}

type Do = fn(&mut Handoff, Acting<'_>, Option<Side>) -> Result<Happened, Refused>;

const COMMANDS: &[(&str, Do)] = &[
    ("UPDATE (a new title)", |handoff, by, _| handoff.update(by, retitle("Acme Ltd"), at(9))),
    ("TICK_ITEM (an item of upstream)", |handoff, by, _| handoff.tick(by, tick_anew("customer_told"), at(9))),
    ("TICK_ITEM (an item of downstream)", |handoff, by, _| handoff.tick(by, tick_anew("access_given"), at(9))),
    ("SUBMIT (all criteria met)", |handoff, by, _| handoff.submit(by, false, at(9))),
    ("RECALL", |handoff, by, _| handoff.recall(by, at(9))),
    ("CLAIM (somebody else has claimed it)", |handoff, by, _| handoff.claim(by, at(9))),
    ("UNCLAIM (somebody else has claimed it)", |handoff, by, _| handoff.unclaim(by, at(9))),
    ("ACCEPT (this attempt, with the required read-back)", |handoff, by, _| {
        let attempt = handoff.attempt();
        handoff.accept(by, accept(attempt), at(9))
    }),
    ("CONFIRM_READ_BACK (this attempt)", |handoff, by, _| {
        let confirm = ConfirmReadBack { attempt: handoff.attempt(), corrections: vec![] };
        handoff.confirm_read_back(by, confirm, at(9))
    }),
    ("REJECT (this attempt, citing a criterion)", |handoff, by, _| {
        let attempt = handoff.attempt();
        handoff.reject(by, reject(attempt), at(9))
    }),
    ("BEGIN", |handoff, by, _| handoff.begin(by, at(9))),
    ("COMPLETE (nothing of downstream is open)", |handoff, by, _| handoff.complete(by, at(9))),
    ("RETURN (this attempt, within the return window)", |handoff, by, _| {
        let attempt = handoff.attempt();
        handoff.give_back(by, give_back(attempt), at(9))
    }),
    ("REOPEN (within the return window)", |handoff, by, _| {
        handoff.reopen(by, Reopen { reason: "a bug".to_owned() }, at(9))
    }),
    ("CANCEL", |handoff, by, _| handoff.cancel(by, cancel(), at(9))),
    ("REASSIGN", |handoff, by, side| handoff.reassign(by, Reassign { side, owner: "eve".to_owned() }, at(9))),
    ("HOLD (not on hold)", |handoff, by, side| {
        handoff.wait(by, Wait { side, reason: "vacation".to_owned(), until: at(99) }, at(9))
    }),
    ("RESUME (upstream alone had put it on hold)", |handoff, by, side| {
        handoff.hold = Some(hold(false));
        handoff.resume(by, side, at(9))
    }),
    ("RESUME (both had agreed to the hold)", |handoff, by, side| {
        handoff.hold = Some(hold(true));
        handoff.resume(by, side, at(9))
    }),
    ("ADD_COMMENT", |handoff, by, side| {
        handoff.comment(by, part_id(1), Note { side, what: Comment("hello".to_owned()) }, at(9))
    }),
    ("ADD_LINK", |handoff, by, side| handoff.add_link(by, Note { side, what: link("D-2") }, at(9))),
    ("REMOVE_LINK", |handoff, by, side| {
        let Link { system, r#type, key, .. } = link("D-1");
        handoff.remove_link(by, Note { side, what: LinkedRecord { system, r#type, key } }, at(9))
    }),
    ("ADD_ATTACHMENT", |handoff, by, side| handoff.add_attachment(by, Note { side, what: plan() }, at(9))),
    ("ADD_ACTION (for upstream)", |handoff, by, side| {
        handoff.add_action(by, Note { side, what: duty(9, Side::Upstream) }, at(9))
    }),
    ("CONFIRM_ACTION (an action of upstream that downstream asks for)", |handoff, by, _| {
        handoff.confirm_action(by, action_id(8), at(9))
    }),
    ("COMPLETE_ACTION (an action of upstream)", |handoff, by, _| handoff.complete_action(by, action_id(7), at(9))),
    ("COMPLETE_ACTION (one that is not confirmed)", |handoff, by, _| handoff.complete_action(by, action_id(8), at(9))),
    ("SET_CONFIDENTIAL", |handoff, by, side| {
        handoff.set_confidential(by, Note { side, what: Confidential(true) }, at(9))
    }),
    ("MIGRATE_DRAFT (to a newer version)", |handoff, by, _| {
        let pin = |version| Pin { template_id: Some("checks".parse().unwrap()), version, ..handoff.template.clone() };
        let to = MigrateTo { from: pin(1), pin: pin(2), criteria: handoff.criteria.clone() };
        handoff.template = pin(1);
        handoff.migrate(by, &to, at(9)).map(|(happened, _)| happened)
    }),
    ("ASK", |handoff, by, side| handoff.ask(by, part_id(9), ask(side, true), at(9))),
    ("ANSWER (a question of downstream)", |handoff, by, _| handoff.answer(by, reply(1), at(9))),
    ("MARK_INSUFFICIENT (an answer of upstream)", |handoff, by, _| handoff.mark_insufficient(by, reply(2), at(9))),
    ("CLOSE_QUESTION (one of downstream)", |handoff, by, _| handoff.close_question(by, part_id(1), at(9))),
    ("SCHEDULE_REVIEW", |handoff, by, side| handoff.schedule_review(by, part_id(9), schedule(side, 99), at(9))),
    ("RESCHEDULE_REVIEW", |handoff, by, side| handoff.reschedule_review(by, part_id(1), schedule(side, 99), at(9))),
    ("CANCEL_REVIEW", |handoff, by, side| {
        handoff.cancel_review(by, CancelReview { id: part_id(1), side, reason: "ill".to_owned() }, at(9))
    }),
    ("RECORD_REVIEW_HELD", |handoff, by, _| {
        handoff.record_review_held(by, held(part_id::<ReviewId>(1), Outcome::Ready), at(9))
    }),
    ("RECORD_REVIEW_MISSED", |handoff, by, side| {
        handoff.record_review_missed(by, RecordMissed { id: part_id(1), side, absent: vec![Side::Upstream] }, at(9))
    }),
    ("WAIVE_REVIEW (that the current attempt requires)", |handoff, by, _| {
        let attempt = handoff.attempt();
        handoff.attempts.iter_mut().for_each(|attempt| attempt.review.required = true);
        handoff.waive_review(by, part_id(9), WaiveReview { attempt, reason: "simple".to_owned() }, at(9))
    }),
    ("PROPOSE (a hold)", |handoff, by, side| {
        handoff.proposals.clear();
        handoff.propose(by, part_id(9), propose(side, Change::Hold { until: at(99) }), at(9))
    }),
    ("PROPOSE (another promise)", |handoff, by, side| {
        handoff.proposals.clear();
        handoff.propose(by, part_id(9), propose(side, Change::Deadline { deliver_by: at(999) }), at(9))
    }),
    ("PROPOSE (a waiver)", |handoff, by, side| {
        handoff.proposals.clear();
        let waiver = Change::Waiver { criteria: vec!["contract".to_owned()] };
        handoff.propose(by, part_id(9), propose(side, waiver), at(9))
    }),
    ("PROPOSE (to cancel)", |handoff, by, side| handoff.propose(by, part_id(9), propose(side, Change::Cancel), at(9))),
    ("AGREE (to a priority that upstream proposes)", |handoff, by, _| handoff.agree(by, part_id(1), at(9))),
    ("AGREE (to a waiver)", |handoff, by, _| handoff.agree(by, part_id(2), at(9))),
    ("AGREE (to a hold that upstream proposes)", |handoff, by, _| handoff.agree(by, part_id(4), at(9))),
    ("AGREE (to another promise of upstream)", |handoff, by, _| handoff.agree(by, part_id(5), at(9))),
    ("AGREE (to upstream's wish to cancel)", |handoff, by, _| handoff.agree(by, part_id(3), at(9))),
    ("PROPOSE (a priority, while one is proposed)", |handoff, by, side| {
        handoff.propose(by, part_id(9), propose(side, Change::Priority { priority: Priority::Low }), at(9))
    }),
    ("DECLINE (a priority that upstream proposes)", |handoff, by, _| {
        handoff.decline(by, Decline { id: part_id(1), reason: String::new() }, at(9))
    }),
    ("DECLINE (a waiver)", |handoff, by, _| {
        handoff.decline(by, Decline { id: part_id(2), reason: String::new() }, at(9))
    }),
];

fn hold(agreed: bool) -> Hold {
    Hold { reason: "vacation".to_owned(), since: at(8), agreed, side: Side::Upstream, until: Some(at(99)) }
}

fn link(key: &str) -> Link {
    Link { system: "crm".to_owned(), r#type: "deal".to_owned(), key: key.to_owned(), url: String::new() }
}

fn plan() -> Attachment {
    let (name, url) = ("plan.pdf".to_owned(), "https://files.example/plan.pdf".to_owned());
    Attachment { name, url, media_type: None, size_bytes: None, sha256: None }
}

fn reply(question: usize) -> Reply {
    Reply { id: part_id(question), text: "the second".to_owned() }
}

/// The handoff with something of everything that commands are about, said by others than those in the table.
fn talked_about(mut handoff: Handoff) -> Handoff {
    let signed = |by: &str| Signed { by: by.to_owned(), at: at(5) };
    let round = |answer| Round { text: "which one?".to_owned(), asked: signed("dina"), answer };
    let answer = Answer { text: "the first".to_owned(), given: signed("ulf") };
    let asked = |id, answer| Question {
        id: part_id(id),
        side: Side::Downstream,
        blocking: false,
        about: None,
        rounds: vec![round(answer)],
        closed: None,
    };
    let proposed = |id, change| Proposal {
        id: part_id(id),
        side: Side::Upstream,
        change,
        reason: "a wish".to_owned(),
        proposed: signed("ulf"),
        state: ProposalState::Open,
        decided: None,
        decline_reason: String::new(),
    };
    handoff.questions = vec![asked(1, None), asked(2, Some(answer))];
    handoff.proposals = vec![
        proposed(1, Change::Priority { priority: Priority::Urgent }),
        proposed(2, Change::Waiver { criteria: vec!["contract".to_owned()] }),
        proposed(3, Change::Cancel),
        proposed(4, Change::Hold { until: at(99) }),
        proposed(5, Change::Deadline { deliver_by: at(99) }),
    ];
    handoff.reviews = vec![Review {
        id: part_id(1),
        attempt: handoff.attempt(),
        side: Side::Upstream,
        scheduled: signed("ulf"),
        meeting: Some(meeting(6)),
        sequence: 0,
        status: review::Status::Scheduled,
    }];
    let action = |id, unconfirmed| Action {
        id: action_id(id),
        text: "send the brand kit".to_owned(),
        side: Side::Upstream,
        owner: None,
        due_at: at(99),
        unconfirmed,
        added_by: "dina".to_owned(),
        review_id: None,
        done: None,
    };
    handoff.actions.extend([action(7, false), action(8, true)]);
    handoff.links = vec![link("D-1")];
    handoff.claim = Some(Claim(signed("dina")));
    handoff
}

/// A change whether the item is ticked or not: done, with a word of evidence.
fn tick_anew(item: &str) -> TickItem {
    let tick = Tick { evidence: Some("seen".to_owned()), ..done() };
    TickItem { item: item.to_owned(), tick }
}

fn cell(before: State, handoff: &Handoff, result: &Result<Happened, Refused>) -> String {
    match result {
        Ok(happened) if happened.facts.is_empty() => "already so".to_owned(),
        Ok(_) if handoff.state == before => "done".to_owned(),
        Ok(_) => format!("> {}", handoff.state),
        Err(Refused::WrongState { .. }) => ".".to_owned(),
        Err(Refused::OverrideReasonRequired { .. }) => "why?".to_owned(),
        Err(Refused::OwnSubmission { .. } | Refused::OwnDoing { .. }) => "own work".to_owned(),
        Err(Refused::WrongSide { .. } | Refused::NeitherSide { .. }) => "not theirs".to_owned(),
        Err(Refused::LeadOnly { .. }) => "leads only".to_owned(),
        Err(Refused::SideRequired) => "which side?".to_owned(),
        Err(Refused::PartInWrongState { .. }) => "not now".to_owned(),
        Err(Refused::AlreadyProposed { .. }) => "one is open".to_owned(),
        Err(Refused::Invalid(_)) => "malformed".to_owned(),
        Err(other) => other.reason().to_owned(),
    }
}

const LEGEND: &str = "\
What each command does, by the state of the handoff and by who asks.
  > STATE      the handoff enters that state
  done         something changes, the state does not
  already so   nothing changes: a repeat by the same actor
  .            WRONG_STATE
  not theirs   WRONG_SIDE, NEITHER_SIDE
  why?         OVERRIDE_REASON_REQUIRED
  own work     OWN_SUBMISSION, OWN_DOING
  leads only   LEAD_ONLY
  which side?  SIDE_REQUIRED
  not now      the question, review, proposal or action is in another state
  one is open  ALREADY_PROPOSED
  malformed    INVALID_REQUEST
";

fn write_row(out: &mut String, name: &str, cells: impl IntoIterator<Item = String>) {
    let mut line = format!("  {name:<32}");
    cells.into_iter().for_each(|cell| write!(line, " {cell:<13}").unwrap());
    writeln!(out, "{}", line.trim_end()).unwrap();
}

#[test]
fn every_command_in_every_state_by_every_actor() {
    let mut out = LEGEND.to_owned();
    for (command, run) in COMMANDS {
        writeln!(out, "\n{command}").unwrap();
        write_row(&mut out, "", State::ALL.iter().map(ToString::to_string));
        for row in rows() {
            let cells = State::ALL.iter().map(|state| {
                let submitter = if row.is_submitter { row.actor.clone() } else { ursula() };
                let mut handoff = talked_about(in_state_by(*state, &submitter, &dora()));
                let result = run(&mut handoff, row.acting(), row.side);
                cell(*state, &handoff, &result)
            });
            write_row(&mut out, row.name, cells);
        }
    }
    writeln!(out, "\nCREATE (the side it is for, left to Baton, and the owners)").unwrap();
    for row in rows() {
        let made = match create(row.acting(), new_handoff()) {
            Ok((handoff, happened)) => {
                let owner = handoff.upstream_owner.or(handoff.downstream_owner);
                format!("> DRAFT, {:?}, owner {}", happened.facts[0], owner.as_deref().unwrap_or("nobody"))
            }
            Err(refused) => cell(State::Draft, &in_state_by(State::Draft, &ursula(), &dora()), &Err(refused)),
        };
        write_row(&mut out, row.name, [made]);
    }
    insta::assert_snapshot!("machine", out);
}

#[test]
fn every_open_state_has_a_command_that_leaves_it() {
    for state in State::ALL.iter().filter(|state| state.is_open()) {
        let leaves = |run: &Do| {
            let mut handoff = in_state_by(*state, &ursula(), &dora());
            run(&mut handoff, because(&admin()), None).is_ok() && handoff.state != *state
        };
        assert!(COMMANDS.iter().any(|(_, run)| leaves(run)), "{state} has no exit");
    }
}
