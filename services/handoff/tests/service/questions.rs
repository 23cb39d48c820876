//! What one side asks and the other answers: whose turn it is then, what it bars, and how it ends.

use api::{handoff::v1 as pb, r#type::v1::Side};
use pb::{AskQuestionRequest, HandoffState, QuestionState, handoff_event::Kind};
use prost::Message;
use tonic::Code;

use crate::{
    requests::{inbox, on},
    words::{outcome, state, why},
    world::World,
};

fn blocking(handoff: &pb::Handoff) -> AskQuestionRequest {
    AskQuestionRequest { blocking: true, ..on(handoff) }
}

fn states(handoff: &pb::Handoff) -> Vec<QuestionState> {
    handoff.questions.iter().map(pb::Question::state).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_and_its_answer_are_told_everywhere() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    world.pass_seconds(60);
    let asked = world.ines.ask(on(&submitted)).await.unwrap();
    let question = &asked.questions[0];
    assert_eq!((question.side(), question.blocking, question.state()), (Side::Downstream, false, QuestionState::Open));
    assert_eq!((question.rounds.len(), question.rounds[0].number), (1, 1));
    assert_eq!((question.rounds[0].asked_by.as_str(), question.rounds[0].asked_at), ("ines", world.after(0)));
    assert_eq!(asked.waiting_on(), Side::Downstream, "who does not need the answer goes on");
    assert_eq!(world.otto.get(&asked.id).await.unwrap(), asked);
    let line = world.otto.line(&asked).await;
    assert_eq!((line.upstream_answers, line.downstream_answers, line.waiting_on()), (1, 0, Side::Downstream));
    for team in ["sales", "implementation"] {
        assert_eq!(world.otto.titles(inbox(team)).await, ["Acme"], "sales owes an answer, implementation a decision");
    }

    world.pass_seconds(60);
    let answered = world.sam.answer(on(&asked)).await.unwrap();
    let round = &answered.questions[0].rounds[0];
    assert_eq!((round.answer.as_str(), round.answered_by.as_str()), ("the old one", "sam"));
    assert_eq!((round.answered_at, states(&answered)), (world.after(0), vec![QuestionState::Answered]));
    assert_eq!(world.otto.line(&asked).await.upstream_answers, 0);
    assert_eq!(world.otto.titles(inbox("sales")).await, [""; 0]);

    let closed = world.ines.close_question(on(&answered)).await.unwrap();
    let question = &closed.questions[0];
    assert_eq!((question.state(), question.closed_by.as_str()), (QuestionState::Closed, "ines"));
    assert_eq!(question.closed_at, world.after(0));
    let told = world.sam.facts_after(&closed, submitted.revision).await;
    assert_eq!(told, ["question_asked", "question_answered", "question_closed"]);
    let said = world.said_of(&closed).await;
    let [.., answer, close] = said.as_slice() else { panic!("it is said") };
    let Kind::QuestionAnswered(told) = pb::HandoffEvent::decode(&answer.payload[..]).unwrap().kind.unwrap() else {
        panic!("{}", answer.subject)
    };
    assert_eq!(told.question.as_ref(), answered.questions.first());
    assert_eq!(close.subject, "handoff.v1.question_closed.sales.implementation");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_question_of_downstream_bars_accept_and_hands_the_turn_over() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let asked = world.ivan.ask(blocking(&submitted)).await.unwrap();
    assert_eq!(asked.waiting_on(), Side::Upstream);
    assert_eq!(world.otto.titles(inbox("implementation")).await, [""; 0]);
    assert_eq!(world.otto.titles(inbox("sales")).await, ["Acme"]);
    let refused = world.ines.accept(on(&asked)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "BLOCKING_QUESTION_OPEN"));
    assert_eq!(refused.subjects, [asked.questions[0].id.as_str()]);

    let answered = world.sam.answer(on(&asked)).await.unwrap();
    assert_eq!(answered.waiting_on(), Side::Downstream);
    let again = world.ivan.mark_insufficient(on(&answered)).await.unwrap();
    assert_eq!((again.waiting_on(), states(&again)), (Side::Upstream, vec![QuestionState::Open]));
    assert_eq!(world.ines.accept(on(&again)).await.unwrap_err().reason, "BLOCKING_QUESTION_OPEN");
    let closed = world.ines.close_question(on(&again)).await.unwrap();
    assert_eq!(closed.waiting_on(), Side::Downstream, "a colleague may close it");
    let accepted = world.ines.accept(on(&closed)).await.unwrap();
    assert_eq!(accepted.state(), HandoffState::Accepted);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_question_of_upstream_nor_one_that_does_not_block_bars_accept() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let asked = world.sam.ask(blocking(&submitted)).await.unwrap();
    assert_eq!(asked.waiting_on(), Side::Downstream, "whose turn it is anyway");
    assert_eq!(world.otto.line(&asked).await.downstream_answers, 1);
    let asked = world.ivan.ask(on(&asked)).await.unwrap();
    let accepted = world.ivan.accept(on(&asked)).await.unwrap();
    assert_eq!(states(&accepted), [QuestionState::Open; 2], "both stay open");
    let both = world.ivan.ask(blocking(&accepted)).await.unwrap();
    assert_eq!(both.waiting_on(), Side::Downstream, "who owes an answer itself does not hand its turn over");
}

#[tokio::test(flavor = "multi_thread")]
async fn rounds_are_counted_and_bounded() {
    let world = World::new().await;
    let mut handoff = world.ivan.ask(blocking(&world.sam.submitted("Acme").await)).await.unwrap();
    for round in 1..20 {
        handoff = world.sam.answer(on(&handoff)).await.unwrap();
        let more = pb::MarkInsufficientRequest { text: format!("and after {round}?"), ..on(&handoff) };
        handoff = world.ivan.mark_insufficient(more).await.unwrap();
        assert_eq!(handoff.waiting_on(), Side::Upstream, "in every round");
    }
    let rounds = &handoff.questions[0].rounds;
    assert!(rounds.iter().map(|round| round.number).eq(1..=20));
    assert_eq!((rounds[2].text.as_str(), rounds[2].answer.as_str()), ("and after 2?", "the old one"));
    let answered = world.sam.answer(on(&handoff)).await.unwrap();
    let refused = world.ivan.mark_insufficient(on(&answered)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::InvalidArgument, "TOO_LARGE"));
    world.ivan.accept(on(&answered)).await.expect("it can be accepted all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers_what_they_asked_and_only_the_asking_side_judges_the_answer() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let refused = world.bo.ask(on(&submitted)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::InvalidArgument, "SIDE_REQUIRED"));
    let ask = AskQuestionRequest { side: Side::Downstream.into(), ..on(&submitted) };
    let asked = world.bo.ask(ask).await.unwrap();
    let refused = world.bo.answer(on(&asked)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::PermissionDenied, "OWN_DOING"));
    assert_eq!(world.ivan.answer(on(&asked)).await.unwrap_err().reason, "WRONG_SIDE");
    assert_eq!(world.otto.answer(on(&asked)).await.unwrap_err().reason, "WRONG_SIDE");
    assert_eq!(world.otto.ask(on(&asked)).await.unwrap_err().reason, "NEITHER_SIDE");
    let answered = world.crm.answer(on(&asked)).await.unwrap();
    for refused in [world.sam.mark_insufficient(on(&answered)).await, world.sam.close_question(on(&answered)).await] {
        assert_eq!(refused.unwrap_err().reason, "WRONG_SIDE");
    }
    assert_eq!(world.ada.close_question(on(&answered)).await.unwrap_err().reason, "OVERRIDE_REASON_REQUIRED");
    let close = pb::CloseQuestionRequest { override_reason: "they are on strike".into(), ..on(&answered) };
    let closed = world.ada.close_question(close).await.unwrap();
    assert_eq!(closed.questions[0].closed_by, "ada");
    let told = world.sam.timeline(&closed.id).await.unwrap().pop().unwrap();
    assert_eq!(told.event.unwrap().override_reason, "they are on strike");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_again_changes_nothing_and_something_else_is_told_the_state() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let ask: AskQuestionRequest = on(&submitted);
    let asked = world.ivan.ask(ask.clone()).await.unwrap();
    let refused = world.ivan.mark_insufficient(on(&asked)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "QUESTION_WRONG_STATE"));
    assert_eq!(refused.metadata["state"], "OPEN");

    let answered = world.sam.answer(on(&asked)).await.unwrap();
    assert_eq!(world.ivan.ask(ask).await.unwrap(), asked, "as it was then");
    assert_eq!(world.sam.answer(on(&asked)).await.unwrap(), answered, "the same words of the same person");
    let other = pb::AnswerQuestionRequest { text: "the new one".into(), ..on(&asked) };
    let refused = world.sam.answer(other).await.unwrap_err();
    assert_eq!((refused.reason.as_str(), refused.metadata["state"].as_str()), ("QUESTION_WRONG_STATE", "ANSWERED"));
    assert_eq!(world.anna.answer(on(&asked)).await.unwrap_err().reason, "QUESTION_WRONG_STATE");

    let again = world.ivan.mark_insufficient(on(&answered)).await.unwrap();
    assert_eq!(world.ivan.mark_insufficient(on(&answered)).await.unwrap(), again);
    assert_eq!(world.ines.mark_insufficient(on(&answered)).await.unwrap_err().reason, "QUESTION_WRONG_STATE");
    let closed = world.ivan.close_question(on(&again)).await.unwrap();
    assert_eq!(world.ivan.close_question(on(&again)).await.unwrap(), closed);
    let refused = world.ines.close_question(on(&again)).await.unwrap_err();
    assert_eq!((refused.reason.as_str(), refused.metadata["state"].as_str()), ("QUESTION_WRONG_STATE", "CLOSED"));
    assert_eq!(world.sam.answer(on(&again)).await.unwrap_err().reason, "QUESTION_WRONG_STATE");
    let told = world.sam.facts_after(&closed, submitted.revision).await;
    assert_eq!(told, ["question_asked", "question_answered", "question_insufficient", "question_closed"]);

    let seen = pb::AnswerQuestionRequest { expected_revision: asked.revision, ..on(&asked) };
    assert_eq!(world.sam.answer(seen).await.unwrap_err().reason, "REVISION_MISMATCH");
}

/// A question of each side, open, in a submitted handoff.
async fn one_of_each(world: &World) -> pb::Handoff {
    let submitted = world.sam.submitted("Acme").await;
    world.sam.ask(on(&submitted)).await.unwrap();
    world.ivan.ask(on(&submitted)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_of_downstream_closes_its_own_open_questions_and_cancel_closes_all() {
    use QuestionState::{Closed, Open};
    let world = World::new().await;
    let ends = async |handoff: pb::Handoff| (state(handoff.state()), states(&handoff));

    let rejected = world.ivan.reject(on(&one_of_each(&world).await)).await.unwrap();
    assert_eq!(ends(rejected.clone()).await, ("REJECTED", vec![Open, Closed]));
    assert_eq!(rejected.questions[1].closed_by, "system", "nobody closed it by hand");
    let cancelled = world.sam.cancel(on(&rejected)).await.unwrap();
    assert_eq!(ends(cancelled).await, ("CANCELLED", vec![Closed, Closed]));

    let accepted = world.ivan.accept(on(&one_of_each(&world).await)).await.unwrap();
    assert_eq!(ends(accepted.clone()).await, ("ACCEPTED", vec![Open, Open]));
    let returned = world.ivan.give_back(on(&accepted)).await.unwrap();
    assert_eq!(ends(returned).await, ("RETURNED", vec![Open, Closed]));

    let accepted = world.ivan.accept(on(&one_of_each(&world).await)).await.unwrap();
    let completed = world.ivan.complete(on(&world.ivan.begin(on(&accepted)).await.unwrap())).await.unwrap();
    assert_eq!(ends(completed.clone()).await, ("COMPLETED", vec![Open, Closed]));
    assert_eq!(world.otto.line(&completed).await.downstream_answers, 1);
    assert_eq!(outcome(&world.ivan.ask(on(&completed)).await), "WRONG_STATE");
    let first = completed.questions[0].id.clone();
    let answer = pb::AnswerQuestionRequest { question_id: first.clone(), ..on(&completed) };
    let answered = world.ivan.answer(answer).await.unwrap();
    let more = pb::MarkInsufficientRequest { question_id: first.clone(), ..on(&answered) };
    assert_eq!(outcome(&world.sam.mark_insufficient(more).await), "WRONG_STATE", "no new round after the end");
    let close = pb::CloseQuestionRequest { question_id: first, ..on(&answered) };
    assert_eq!(states(&world.sam.close_question(close).await.unwrap()), [Closed, Closed]);

    let asked = one_of_each(&world).await;
    let recalled = world.sam.recall(on(&asked)).await.unwrap();
    assert_eq!(ends(recalled.clone()).await, ("DRAFT", vec![Open, Open]));
    let cancelled = world.sam.cancel(on(&recalled)).await.unwrap();
    assert_eq!(outcome(&world.sam.answer(on(&cancelled)).await), "WRONG_STATE");
    assert_eq!(outcome(&world.ivan.ask(on(&cancelled)).await), "WRONG_STATE");
    assert_eq!(world.otto.line(&cancelled).await.upstream_answers, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_malformed_or_unknown_is_named() {
    let world = World::with_template().await;
    let draft = world.sam.draft("Acme").await;
    let bad = AskQuestionRequest {
        request_id: "1".into(),
        expected_revision: -1,
        override_reason: "x".repeat(16_385),
        side: 9,
        text: " ".into(),
        about: "k".repeat(1000),
        ..on(&draft)
    };
    let refused = world.sam.ask(bad).await.unwrap_err();
    assert_eq!(why(&refused), (Code::InvalidArgument, "INVALID_REQUEST"));
    assert_eq!(refused.fields, ["request_id", "expected_revision", "override_reason", "side", "text", "about"]);
    let long = AskQuestionRequest { text: "x".repeat(16_385), ..on(&draft) };
    assert_eq!(why(&world.sam.ask(long).await.unwrap_err()), (Code::InvalidArgument, "TOO_LARGE"));
    let horoscope = AskQuestionRequest { about: "horoscope".into(), ..on(&draft) };
    assert_eq!(world.sam.ask(horoscope).await.unwrap_err().fields, ["about"]);
    for about in ["timeline", "decision_maker", "kickoff_held", "kickoff_before_go_live"] {
        let ask = AskQuestionRequest { about: about.into(), ..on(&draft) };
        let asked = world.sam.ask(ask).await.unwrap();
        assert_eq!(
            asked.questions.last().unwrap().about,
            about,
            "a field, a criterion, an item of either side, a rule"
        );
    }
    let bad = pb::AnswerQuestionRequest { question_id: "7".into(), text: String::new(), ..on(&draft) };
    assert_eq!(world.ivan.answer(bad).await.unwrap_err().fields, ["question_id", "text"]);

    let other = world.sam.ask(on(&world.sam.draft("Bold").await)).await.unwrap();
    let question_id = other.questions[0].id.clone();
    let foreign = pb::AnswerQuestionRequest { question_id: question_id.clone(), ..on(&draft) };
    assert_eq!(why(&world.ivan.answer(foreign).await.unwrap_err()), (Code::NotFound, "NOT_FOUND"));
    let foreign = pb::CloseQuestionRequest { question_id, ..on(&draft) };
    assert_eq!(why(&world.sam.close_question(foreign).await.unwrap_err()), (Code::NotFound, "NOT_FOUND"));
    assert_eq!(world.otto.get(&other.id).await.unwrap(), other, "and the other handoff's question stays as it is");
}
