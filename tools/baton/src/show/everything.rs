//! A handoff with everything in it, as its card and its history show it.

use api::{
    handoff::v1::{
        Action, AgendaItem, Attempt, Claim, CriterionWaiver, Decision, Handoff, HandoffEvent, HandoffState,
        HandoffTimes, Hold, ListTimelineResponse, Priority, Proposal, ProposalState, ProposedCancel, ProposedChange,
        ProposedHold, ProposedPriority, ProposedWaiver, Question, QuestionRound, QuestionState, ReadBackConfirmation,
        Review, ReviewAttendee, ReviewOutcome, ReviewState, TimelineEntry, handoff_event::Kind, proposed_change,
    },
    r#type::v1::{FieldValue, Side, Submission, Tick, TickState, field_value},
};
use insta::assert_snapshot;

use super::{Screen, handoff, question, review, timeline};
use crate::words::parse_time;

fn at(text: &str) -> Option<prost_types::Timestamp> {
    parse_time(text).ok()
}

fn round(number: i32, asked: &str, text: &str, answer: &str) -> QuestionRound {
    let is_answered = !answer.is_empty();
    QuestionRound {
        number,
        text: text.to_owned(),
        asked_by: "ivan".to_owned(),
        asked_at: at(asked),
        answer: answer.to_owned(),
        answered_by: if is_answered { "anna".to_owned() } else { String::new() },
        answered_at: at(if is_answered { "2026-11-22T16:30" } else { "" }),
    }
}

fn questions() -> Vec<Question> {
    vec![
        Question {
            id: "01994f7e-0000-7000-8000-0000000000a1".to_owned(),
            side: Side::Downstream.into(),
            blocking: true,
            about: "timeline".to_owned(),
            state: QuestionState::Open.into(),
            rounds: vec![
                round(1, "2026-11-22T10:00", "When does it go live?", "In spring.\nProbably."),
                round(2, "2026-11-23T06:00", "Which day?", ""),
            ],
            ..Question::default()
        },
        Question {
            side: Side::Upstream.into(),
            state: QuestionState::Open.into(),
            rounds: vec![round(1, "2026-11-22T11:00", "Who leads the project?", "")],
            ..Question::default()
        },
        Question {
            side: Side::Downstream.into(),
            state: QuestionState::Answered.into(),
            rounds: vec![round(1, "2026-11-22T12:00", "How many seats?", "40")],
            ..Question::default()
        },
        Question {
            side: Side::Downstream.into(),
            state: QuestionState::Closed.into(),
            rounds: vec![round(1, "2026-11-22T12:00", "Is it signed?", "")],
            closed_by: "system".to_owned(),
            closed_at: at("2026-11-22T13:00"),
            ..Question::default()
        },
    ]
}

fn attendee(name: &str, side: Side) -> ReviewAttendee {
    ReviewAttendee { name: name.to_owned(), side: side.into(), email: String::new() }
}

fn reviews() -> Vec<Review> {
    let people = vec![attendee("anna", Side::Upstream), attendee("ivan", Side::Downstream)];
    let agenda = vec![
        AgendaItem { topic: "Open questions".to_owned(), lines: vec!["Which day?".to_owned()] },
        AgendaItem { topic: "Contacts".to_owned(), lines: vec!["Kim Park".to_owned(), "Lee Moss".to_owned()] },
    ];
    let held = Review {
        attempt: 2,
        state: ReviewState::Held.into(),
        scheduled_by: "ivan".to_owned(),
        starts_at: at("2026-11-22T15:00"),
        ends_at: at("2026-11-22T15:45"),
        place: "Room 4".to_owned(),
        attendees: people.clone(),
        agenda: agenda.clone(),
        outcome: ReviewOutcome::NotReady.into(),
        attended: people.clone(),
        notes: "The plan has no dates.\nThe rest is fine.".to_owned(),
        decisions: vec!["Anna asks for dates".to_owned()],
        settled_by: "ines".to_owned(),
        ..Review::default()
    };
    let scheduled = Review {
        attempt: 2,
        state: ReviewState::Scheduled.into(),
        scheduled_by: "ivan".to_owned(),
        starts_at: at("2026-11-24T15:00"),
        ends_at: at("2026-11-25T00:00"),
        url: "https://meet.example/acme".to_owned(),
        attendees: people,
        agenda,
        ..Review::default()
    };
    let missed = Review {
        state: ReviewState::Missed.into(),
        starts_at: at("2026-11-20T15:00"),
        absent: vec![Side::Upstream.into(), Side::Downstream.into()],
        settled_by: "ivan".to_owned(),
        ..Review::default()
    };
    let waived = Review {
        attempt: 1,
        state: ReviewState::Waived.into(),
        scheduled_by: "ivan".to_owned(),
        reason: "as last month".to_owned(),
        ..Review::default()
    };
    vec![missed, waived, held, scheduled]
}

fn proposal(side: Side, state: ProposalState, kind: proposed_change::Kind, reason: &str) -> Proposal {
    Proposal {
        id: format!("01994f7e-0000-7000-8000-0000000000b{}", i32::from(side)),
        side: side.into(),
        change: Some(ProposedChange { kind: Some(kind) }),
        reason: reason.to_owned(),
        state: state.into(),
        proposed_by: if side == Side::Upstream { "anna" } else { "ivan" }.to_owned(),
        decided_by: if state == ProposalState::Open { "" } else { "ines" }.to_owned(),
        decided_at: if state == ProposalState::Open { None } else { at("2026-11-22T09:00") },
        decline_reason: if state == ProposalState::Declined { "not now" } else { "" }.to_owned(),
        ..Proposal::default()
    }
}

fn proposals() -> Vec<Proposal> {
    use proposed_change::Kind;
    let waiver = ProposedWaiver { criteria: vec!["timeline".to_owned(), "known_risks".to_owned()] };
    let hold = ProposedHold { until: at("2026-12-01") };
    let priority = ProposedPriority { priority: Priority::Urgent.into() };
    vec![
        proposal(Side::Upstream, ProposalState::Agreed, Kind::Waiver(waiver), "known after the kick-off"),
        proposal(Side::Downstream, ProposalState::Open, Kind::Hold(hold), "the customer is away"),
        proposal(Side::Upstream, ProposalState::Declined, Kind::Priority(priority), "they ask for it"),
        proposal(Side::Upstream, ProposalState::Lapsed, Kind::Cancel(ProposedCancel {}), "the deal fell through"),
    ]
}

fn actions() -> Vec<Action> {
    let action = |text: &str, side: Side, due: &str| Action {
        text: text.to_owned(),
        side: side.into(),
        due_at: at(due),
        ..Action::default()
    };
    vec![
        Action { unconfirmed: true, ..action("Send page 3", Side::Upstream, "2026-12-01") },
        Action { owner: "ines".to_owned(), ..action("Book the room", Side::Downstream, "2026-11-22") },
        Action {
            done_at: at("2026-11-22"),
            done_by: "anna".to_owned(),
            ..action("Tell Kim", Side::Upstream, "2026-12-01")
        },
        action("Write the plan", Side::Downstream, "2026-12-01"),
    ]
}

fn attempts() -> Vec<Attempt> {
    let attempt = |number: i32, decision: Decision| Attempt {
        number,
        submitted_by: "anna".to_owned(),
        submitted_at: at("2026-11-20T10:00"),
        decision: decision.into(),
        ..Attempt::default()
    };
    let corrected = ReadBackConfirmation {
        confirmed_by: "anna".to_owned(),
        corrections: vec!["June, not May".to_owned(), "50 seats".to_owned()],
        ..ReadBackConfirmation::default()
    };
    vec![
        Attempt {
            read_back: "40 seats by May".to_owned(),
            read_back_confirmation: Some(corrected),
            ..attempt(1, Decision::Accepted)
        },
        Attempt {
            review_required: true,
            review_reason: "the second attempt of an urgent handoff".to_owned(),
            read_back: "50 seats by June".to_owned(),
            ..attempt(2, Decision::Open)
        },
    ]
}

fn everything() -> Handoff {
    let archived = Submission {
        fields: [("discount".to_owned(), FieldValue { kind: Some(field_value::Kind::Integer(5)) })].into(),
        items: [("old_item".to_owned(), Tick { state: TickState::Done.into(), ..Tick::default() })].into(),
    };
    Handoff {
        id: "01994f7e-0000-7000-8000-000000000001".to_owned(),
        from_team: "sales".to_owned(),
        to_team: "implementation".to_owned(),
        title: "Acme rollout".to_owned(),
        state: HandoffState::Submitted.into(),
        attempt: 2,
        revision: 61,
        upstream_owner: "anna".to_owned(),
        accountable_side: Side::Upstream.into(),
        waiting_on: Side::Upstream.into(),
        attempts: attempts(),
        actions: actions(),
        hold: Some(Hold {
            reason: "the customer is on holiday".to_owned(),
            since: at("2026-11-22T08:00"),
            agreed: false,
            side: Side::Downstream.into(),
            until: at("2026-11-25T08:00"),
        }),
        times: Some(HandoffTimes { state_since: at("2026-11-20T10:00"), ..HandoffTimes::default() }),
        questions: questions(),
        reviews: reviews(),
        proposals: proposals(),
        waivers: vec![CriterionWaiver {
            criterion: "timeline".to_owned(),
            reason: "known after the kick-off".to_owned(),
            proposal_id: proposals()[0].id.clone(),
            waived_by: "ines".to_owned(),
            waived_at: at("2026-11-22T09:00"),
        }],
        claim: Some(Claim { claimed_by: "ines".to_owned(), claimed_at: at("2026-11-23T08:30") }),
        archived: Some(archived),
        comments: 3,
        ..Handoff::default()
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "the card itself is long")]
fn a_card_shows_everything_that_a_handoff_holds() {
    assert_snapshot!(handoff::card(&everything(), &[], &[], &Screen::of_test()), @"
    Acme rollout
      state         SUBMITTED, attempt 2
      accountable   sales (anna)
      waits on      sales (anna), to answer q1, for 3 h
      on hold       until 2026-11-25 08:00 (in 47 h), since 2026-11-22 08:00, implementation alone: the customer is on holiday
      looked at by  ines, for 30 min
      teams         sales (anna) → implementation
      comments      3: `baton handoff timeline`
      revision      61
      id            01994f7e-0000-7000-8000-000000000001

    Waived
     CRITERION   Why                        Proposal   Agreed by
    ──────────────────────────────────────────────────────────────────────────
     timeline    known after the kick-off   p1         ines, 2026-11-22 09:00

    Questions
      q1  implementation asks about timeline: BLOCKING, sales has to answer, for 3 h
         1  2026-11-22 10:00  ivan  When does it go live?
            2026-11-22 16:30  anna  In spring.
                                    Probably.
         2  2026-11-23 06:00  ivan  Which day?
      q2  sales asks: implementation has to answer, for 22 h
         1  2026-11-22 11:00  ivan  Who leads the project?
      q3  implementation asks: answered
         1  2026-11-22 12:00  ivan  How many seats?
            2026-11-22 16:30  anna  40
      q4  implementation asks: closed with a change of state 2026-11-22 13:00
         1  2026-11-22 12:00  ivan  Is it signed?

    Reviews
      REQUIRED for attempt 2: the second attempt of an urgent handoff; none has said READY yet
      r1  missed by upstream and downstream  2026-11-20 15:00
          by       ivan
      r2  waived, attempt 1
          why      as last month
          by       ivan
      r3  held: NOT READY, attempt 2  2026-11-22 15:00 to 15:45, Room 4
          there    upstream: anna; downstream: ivan
          notes    The plan has no dates.
                   The rest is fine.
          decided  Anna asks for dates
          by       ivan, ended by ines
      r4  scheduled, in 30 h, attempt 2  2026-11-24 15:00 to 2026-11-25 00:00, https://meet.example/acme
          invited  upstream: anna; downstream: ivan
          agenda   Open questions
                     - Which day?
                   Contacts
                     - Kim Park
                     - Lee Moss
          by       ivan

    Proposals
     PROPOSAL   What                     Why                     By               State
    ────────────────────────────────────────────────────────────────────────────────────────────────────
     p1         a waiver of timeline,    known after the         sales            agreed by ines
                known_risks              kick-off                anna             2026-11-22 09:00
     p2         a hold until             the customer is away    implementation   sales has to decide
                2026-12-01 00:00                                 ivan
     p3         priority URGENT          they ask for it         sales            declined by ines
                                                                 anna             2026-11-22 09:00: not
                                                                                  now
     p4         to give it up            the deal fell through   sales            lapsed by ines
                                                                 anna             2026-11-22 09:00

    Actions
     ACTION   What             Team             Owner   Due                State
    ────────────────────────────────────────────────────────────────────────────────────────────────
     a1       Send page 3      sales                    2026-12-01 00:00   sales has to confirm it
     a2       Book the room    implementation   ines    2026-11-22 00:00   overdue
     a3       Tell Kim         sales                    2026-12-01 00:00   done 2026-11-22 00:00 by
                                                                           anna
     a4       Write the plan   implementation           2026-12-01 00:00   open

    Attempts
     #   Submitted          By     Decision   By   Why
    ──────────────────────────────────────────────────────────────────────────────────────
     1   2026-11-20 10:00   anna   accepted        “40 seats by May” (corrected by anna)
                                                   - June, not May
                                                   - 50 seats
     2   2026-11-20 10:00   anna   open            “50 seats by June” (not confirmed yet)

    Archived by a migration
     FIELD      Answer
    ───────────────────
     discount   5

     ITEM       State   Evidence or reason
    ───────────────────────────────────────
     old_item   done
    ");
}

#[test]
fn a_list_of_reviews_shows_their_agendas() {
    let handoff = Handoff { reviews: reviews().split_off(2), ..everything() };
    assert_snapshot!(review::list(&handoff, true, &Screen::of_test()), @"
    REQUIRED for attempt 2: the second attempt of an urgent handoff; none has said READY yet
    r1  held: NOT READY, attempt 2  2026-11-22 15:00 to 15:45, Room 4
        there    upstream: anna; downstream: ivan
        notes    The plan has no dates.
                 The rest is fine.
        decided  Anna asks for dates
        agenda   Open questions
                   - Which day?
                 Contacts
                   - Kim Park
                   - Lee Moss
        by       ivan, ended by ines
    r2  scheduled, in 30 h, attempt 2  2026-11-24 15:00 to 2026-11-25 00:00, https://meet.example/acme
        invited  upstream: anna; downstream: ivan
        agenda   Open questions
                   - Which day?
                 Contacts
                   - Kim Park
                   - Lee Moss
        by       ivan
    ");
}

#[test]
fn only_open_questions_are_listed_with_their_own_numbers() {
    let is_open = |question: &Question| question.state() == QuestionState::Open && !question.blocking;
    assert_snapshot!(question::list(&everything(), is_open, &Screen::of_test()), @"
    q2  sales asks: implementation has to answer, for 22 h
       1  2026-11-22 11:00  ivan  Who leads the project?
    ");
}

#[test]
fn a_required_review_is_met_by_one_that_was_ready_or_waived() {
    let mut handoff = everything();
    let told = |handoff: &Handoff| review::list(handoff, false, &Screen::of_test()).lines().next().map(str::to_owned);
    let reason = "REQUIRED for attempt 2: the second attempt of an urgent handoff";
    assert_eq!(told(&handoff), Some(format!("  {reason}; none has said READY yet")));
    handoff.reviews[1].attempt = 2;
    assert_eq!(told(&handoff), Some(format!("  {reason}; r2 does")));
    handoff.reviews[2].outcome = ReviewOutcome::Ready.into();
    assert_eq!(told(&handoff), Some(format!("  {reason}; r3 does")));
}

#[expect(clippy::too_many_lines, reason = "one of each fact, in a list")]
fn history() -> Vec<Kind> {
    use api::handoff::v1;
    let [closed, answered, asked] = [3, 2, 0].map(|index| Some(questions()[index].clone()));
    let [missed, waived, held, scheduled] = [0, 1, 2, 3].map(|index| Some(reviews()[index].clone()));
    let [waiver, hold, priority, cancel] = [0, 1, 2, 3].map(|index| Some(proposals()[index].clone()));
    let changed = scheduled.clone().map(|review| Review { sequence: 1, ..review });
    let link = Some(v1::Link {
        system: "jira".to_owned(),
        r#type: "issue".to_owned(),
        key: "OPS-7".to_owned(),
        url: "https://jira.example/OPS-7".to_owned(),
    });
    let pin =
        |version| Some(v1::TemplatePin { template_id: "sales".to_owned(), version, ..v1::TemplatePin::default() });
    let document = api::r#type::v1::Attachment {
        name: "Price list".to_owned(),
        url: "https://files.example/prices.pdf".to_owned(),
        ..api::r#type::v1::Attachment::default()
    };
    vec![
        Kind::HandoffMigrated(v1::HandoffMigrated {
            from: pin(1),
            to: pin(2),
            flagged: vec!["seats".to_owned()],
            archived: vec!["discount".to_owned(), "old_item".to_owned()],
        }),
        Kind::HandoffSubmitted(v1::HandoffSubmitted {
            attempt: 1,
            review_required: true,
            review_reason: "urgent".to_owned(),
            ..v1::HandoffSubmitted::default()
        }),
        Kind::HandoffRecalled(v1::HandoffRecalled { attempt: 1 }),
        Kind::HandoffClaimed(v1::HandoffClaimed {}),
        Kind::HandoffUnclaimed(v1::HandoffUnclaimed {}),
        Kind::HandoffReassigned(v1::HandoffReassigned { side: Side::Downstream.into(), owner: "ines".to_owned() }),
        Kind::HandoffHeld(v1::HandoffHeld {
            reason: "the customer is away".to_owned(),
            agreed: true,
            side: Side::Upstream.into(),
            until: at("2026-12-01"),
        }),
        Kind::QuestionAsked(v1::QuestionAsked { question: asked.clone() }),
        Kind::QuestionAnswered(v1::QuestionAnswered { question: answered }),
        Kind::QuestionInsufficient(v1::QuestionInsufficient { question: asked }),
        Kind::QuestionClosed(v1::QuestionClosed { question: closed }),
        Kind::ReviewScheduled(v1::ReviewScheduled { review: scheduled.clone() }),
        Kind::ReviewScheduled(v1::ReviewScheduled { review: changed }),
        Kind::ReviewCancelled(v1::ReviewCancelled { review: scheduled }),
        Kind::ReviewMissed(v1::ReviewMissed { review: missed }),
        Kind::ReviewWaived(v1::ReviewWaived { review: waived }),
        Kind::ReviewHeld(v1::ReviewHeld { review: held }),
        Kind::ProposalMade(v1::ProposalMade { proposal: hold.clone() }),
        Kind::ProposalAgreed(v1::ProposalAgreed { proposal: waiver }),
        Kind::CriterionWaived(v1::CriterionWaived { criterion: "timeline".to_owned(), proposal_id: String::new() }),
        Kind::ProposalDeclined(v1::ProposalDeclined { proposal: priority }),
        Kind::ProposalLapsed(v1::ProposalLapsed { proposal: cancel }),
        Kind::DeadlineChanged(v1::DeadlineChanged { deliver_by: at("2026-12-01") }),
        Kind::PriorityChanged(v1::PriorityChanged { priority: Priority::Urgent.into() }),
        Kind::ReadBackConfirmed(v1::ReadBackConfirmed { attempt: 1, ..v1::ReadBackConfirmed::default() }),
        Kind::ReadBackConfirmed(v1::ReadBackConfirmed {
            attempt: 2,
            correction_count: 1,
            corrections: vec!["June, not May".to_owned()],
        }),
        Kind::ActionConfirmed(v1::ActionConfirmed { action: actions().into_iter().nth(1) }),
        Kind::CommentAdded(v1::CommentAdded {
            text: "Kim is back\non Monday".to_owned(),
            ..v1::CommentAdded::default()
        }),
        Kind::LinkAdded(v1::LinkAdded { link: link.clone() }),
        Kind::LinkRemoved(v1::LinkRemoved { link }),
        Kind::AttachmentAdded(v1::AttachmentAdded { attachment: Some(document) }),
        Kind::AttachmentAdded(v1::AttachmentAdded { attachment: None }),
        Kind::ConfidentialityChanged(v1::ConfidentialityChanged { confidential: true }),
    ]
}

#[test]
fn a_history_tells_everything_that_can_happen() {
    let entry = |(sequence, kind): (i64, Kind)| TimelineEntry {
        sequence,
        actor: "anna".to_owned(),
        occurred_at: at("2026-11-23T09:00"),
        event: Some(HandoffEvent { kind: Some(kind), ..HandoffEvent::default() }),
        ..TimelineEntry::default()
    };
    let entries = (1..).zip(history()).map(entry).collect();
    let answer = ListTimelineResponse { entries, next_page_token: String::new() };
    assert_snapshot!(timeline::story(&answer, &Screen::of_test()), @"
     #1 2026-11-23 09:00  anna  moved it from sales v1 to sales v2
                                  look again: seats
                                  archived: discount, old_item
     #2 2026-11-23 09:00  anna  submitted attempt 1
                                  a review is required: urgent
     #3 2026-11-23 09:00  anna  recalled attempt 1
     #4 2026-11-23 09:00  anna  claimed it: looks at it now
     #5 2026-11-23 09:00  anna  let it go: nobody looks at it now
     #6 2026-11-23 09:00  anna  reassigned downstream: ines speaks for it now
     #7 2026-11-23 09:00  anna  put it on hold until 2026-12-01 00:00, as both sides agreed
                                  the customer is away
     #8 2026-11-23 09:00  anna  asked, blocking, about timeline
                                  Which day?
     #9 2026-11-23 09:00  anna  answered “How many seats?”
                                  40
    #10 2026-11-23 09:00  anna  called the answer insufficient: round 2 is open
                                  Which day?
    #11 2026-11-23 09:00  anna  closed a question “Is it signed?”
    #12 2026-11-23 09:00  anna  scheduled a review: 2026-11-24 15:00 to 2026-11-25 00:00, https://meet.example/acme
                                  upstream: anna; downstream: ivan
    #13 2026-11-23 09:00  anna  changed the review: 2026-11-24 15:00 to 2026-11-25 00:00, https://meet.example/acme
                                  upstream: anna; downstream: ivan
    #14 2026-11-23 09:00  anna  called off the review of 2026-11-24 15:00
    #15 2026-11-23 09:00  anna  recorded that upstream and downstream missed the review of 2026-11-20 15:00
    #16 2026-11-23 09:00  anna  waived the review of attempt 1
                                  as last month
    #17 2026-11-23 09:00  anna  recorded the review of 2026-11-22 15:00: not ready
                                  upstream: anna; downstream: ivan
                                  The plan has no dates.
                                  The rest is fine.
                                  decided: Anna asks for dates
    #18 2026-11-23 09:00  anna  proposed a hold until 2026-12-01 00:00
                                  the customer is away
    #19 2026-11-23 09:00  anna  agreed to the proposal: a waiver of timeline, known_risks
    #20 2026-11-23 09:00  anna  waived criterion timeline, until the next rejection or return
    #21 2026-11-23 09:00  anna  declined the proposal: priority URGENT
                                  not now
    #22 2026-11-23 09:00  anna  let the proposal lapse: to give it up
    #23 2026-11-23 09:00  anna  moved the promise to 2026-12-01 00:00
    #24 2026-11-23 09:00  anna  changed the priority to URGENT
    #25 2026-11-23 09:00  anna  confirmed the read-back of attempt 1
    #26 2026-11-23 09:00  anna  corrected the read-back of attempt 2: 1 correction
                                  June, not May
    #27 2026-11-23 09:00  anna  took on an action
                                  Book the room (downstream, ines, due 2026-11-22 00:00)
    #28 2026-11-23 09:00  anna  commented
                                  Kim is back
                                  on Monday
    #29 2026-11-23 09:00  anna  linked to jira/issue/OPS-7
                                  https://jira.example/OPS-7
    #30 2026-11-23 09:00  anna  took away the link to jira/issue/OPS-7
    #31 2026-11-23 09:00  anna  attached Price list
                                  https://files.example/prices.pdf
    #32 2026-11-23 09:00  anna  attached a document
    #33 2026-11-23 09:00  anna  made it confidential
    ");
}
