//! What one side asks and the other answers.

use kernel::{Precondition, Timestamp};

use super::{Fact, Handoff};
use crate::domain::{
    Acting, Command, Happened, Question, QuestionId, Refused, Side, Signed, State,
    limits::{QUESTIONS_MAX, ROUNDS_MAX},
    question::{QuestionState, Round},
    refused::{Part, precondition, violation},
    side,
};

/// A question to the other side.
#[derive(Clone, Debug)]
pub struct Ask {
    /// For which side the caller acts.
    pub side: Option<Side>,
    /// What.
    pub text: String,
    /// Whether the asking side cannot go on without the answer.
    pub blocking: bool,
    /// The criterion or field it is about.
    pub about: Option<String>,
}

/// An answer, or what was missing in one.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The question.
    pub id: QuestionId,
    /// What.
    pub text: String,
}

impl Handoff {
    /// Either side asks the other, in any open state.
    pub fn ask(&mut self, by: Acting<'_>, id: QuestionId, ask: Ask, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = self.mandate_of_either(ask.side, by)?;
        self.must_be_in(State::OPEN, Command::Ask)?;
        must_hold_one_more("questions", self.questions.len(), QUESTIONS_MAX)?;
        let about = ask.about.filter(|about| !about.is_empty());
        if let Some(about) = &about
            && !self.criteria.has(about)
            && !self.submission.fields.contains_key(about)
            && self.criteria.item(about).is_none()
        {
            let description = format!("the pinned template version has no `{about}`, and no answer is given under it");
            return Err(Refused::Invalid(vec![violation("about", description)]));
        }
        let asked = Signed::new(&mandate.by, self.head.date(now));
        let rounds = vec![Round { text: ask.text, asked, answer: None }];
        let question = Question { id, side: mandate.side, blocking: ask.blocking, about, rounds, closed: None };
        self.happen(vec![Fact::QuestionAsked(question)], mandate, now)
    }

    /// The side that was asked answers the open round, also once the work is completed; nobody what they themselves asked.
    /// The same answer again changes nothing.
    pub fn answer(&mut self, by: Acting<'_>, reply: Reply, now: Timestamp) -> Result<Happened, Refused> {
        let question = self.question(by, reply.id)?;
        let mandate = self.mandate(side::other(question.side), by)?;
        let round = question.rounds.last().expect("a question has a round");
        if round.answer.as_ref().is_some_and(|given| given.given.by == mandate.by && given.text == reply.text) {
            return Ok(Happened::nothing());
        }
        self.must_be_in(State::NOT_CANCELLED, Command::Answer)?;
        must_be(question, QuestionState::Open, Command::Answer)?;
        if round.asked.by == mandate.by {
            let team = self.team_of(mandate.side).clone();
            return Err(Refused::OwnDoing { did: "asked", must: "answer", team });
        }
        self.happen(vec![Fact::QuestionAnswered { id: reply.id, text: reply.text }], mandate, now)
    }

    /// The asking side calls the answer insufficient, in any open state: the next round opens.
    pub fn mark_insufficient(&mut self, by: Acting<'_>, reply: Reply, now: Timestamp) -> Result<Happened, Refused> {
        let question = self.question(by, reply.id)?;
        let mandate = self.mandate(question.side, by)?;
        let round = question.rounds.last().expect("a question has a round");
        let is_repeat = question.rounds.len() > 1
            && round.answer.is_none()
            && round.asked.by == mandate.by
            && round.text == reply.text;
        if is_repeat && question.is_open() {
            return Ok(Happened::nothing());
        }
        self.must_be_in(State::OPEN, Command::MarkInsufficient)?;
        must_be(question, QuestionState::Answered, Command::MarkInsufficient)?;
        must_hold_one_more("rounds of this question", question.rounds.len(), ROUNDS_MAX)?;
        self.happen(vec![Fact::QuestionInsufficient { id: reply.id, text: reply.text }], mandate, now)
    }

    /// The asking side closes its question, answered or not, also once the work is completed. Closing again changes nothing.
    pub fn close_question(&mut self, by: Acting<'_>, id: QuestionId, now: Timestamp) -> Result<Happened, Refused> {
        let question = self.question(by, id)?;
        let mandate = self.mandate(question.side, by)?;
        if question.closed.as_ref().is_some_and(|closed| closed.by == mandate.by) {
            return Ok(Happened::nothing());
        }
        self.must_be_in(State::NOT_CANCELLED, Command::CloseQuestion)?;
        if question.closed.is_some() {
            return Err(wrong_state(question, Command::CloseQuestion, "OPEN or ANSWERED"));
        }
        self.happen(vec![Fact::QuestionClosed { id, by_state: false }], mandate, now)
    }

    /// The open questions that a side has to answer.
    pub fn questions_to(&self, asked: Side) -> impl Iterator<Item = &Question> {
        let is_cancelled = self.state == State::Cancelled;
        let asking = side::other(asked);
        self.questions.iter().filter(move |question| !is_cancelled && question.side == asking && question.is_open())
    }

    /// Whether a side cannot go on because the other owes it an answer.
    pub(super) fn is_blocked(&self, asking: Side) -> bool {
        self.questions_to(side::other(asking)).any(|question| question.blocking)
    }

    /// Refuses Accept while downstream waits for what it cannot go on without.
    pub(super) fn must_have_no_open_blocking(&self) -> Result<(), Refused> {
        let open: Vec<Precondition> = self
            .questions_to(Side::Upstream)
            .filter(|question| question.blocking)
            .map(|question| precondition("QUESTION", question.id, format!("not answered: {}", question.text())))
            .collect();
        if open.is_empty() { Ok(()) } else { Err(Refused::BlockingQuestionOpen(open)) }
    }

    fn question(&self, by: Acting<'_>, id: QuestionId) -> Result<&Question, Refused> {
        self.must_be_visible_to(by.actor)?;
        let unknown = || Refused::NotFound { kind: "question", id: id.to_string() };
        self.questions.iter().find(|question| question.id == id).ok_or_else(unknown)
    }
}

/// Refuses what would be one too many.
pub(super) fn must_hold_one_more(what: &'static str, held: usize, max: usize) -> Result<(), Refused> {
    if held < max { Ok(()) } else { Err(Refused::TooMany { what, max }) }
}

fn must_be(question: &Question, needed: QuestionState, command: Command) -> Result<(), Refused> {
    if question.state() == needed { Ok(()) } else { Err(wrong_state(question, command, needed.name())) }
}

fn wrong_state(question: &Question, command: Command, needed: &'static str) -> Refused {
    let (id, state) = (question.id.to_string(), question.state().name());
    Refused::PartInWrongState { command, part: Part::Question, id, state, needed }
}
