//! Questions of one side to the other, in rounds.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Side, Signed};

kernel::uuid_id! {
    /// A question's id.
    QuestionId
}

/// A question of one side to the other: an insufficient answer opens the next round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its id.
    pub id: QuestionId,
    /// The side that asks; the other answers.
    pub side: Side,
    /// Whether the asking side cannot go on without the answer.
    pub blocking: bool,
    /// The criterion or field it is about.
    pub about: Option<String>,
    /// Every round, first to last; at least one.
    pub rounds: Vec<Round>,
    /// That it was closed.
    pub closed: Option<Signed>,
}

/// One round: what was asked, and what was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// What is asked; in a later round, what was missing in the answer before.
    pub text: String,
    /// By whom and when.
    pub asked: Signed,
    /// The answer; none while there is none.
    pub answer: Option<Answer>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What.
    pub text: String,
    /// By whom and when.
    pub given: Signed,
}

kernel::named! {
    /// The life of a question.
    pub enum QuestionState {
        /// The other side has to answer.
        Open = "OPEN",
        /// Answered; the asker may still call the answer insufficient.
        Answered = "ANSWERED",
        /// Closed.
        Closed = "CLOSED",
    }
}

impl Question {
    /// Where it is in its life.
    pub fn state(&self) -> QuestionState {
        let is_answered = self.rounds.last().is_some_and(|round| round.answer.is_some());
        match (&self.closed, is_answered) {
            (Some(_), _) => QuestionState::Closed,
            (None, true) => QuestionState::Answered,
            (None, false) => QuestionState::Open,
        }
    }

    /// Whether a round waits for its answer.
    pub fn is_open(&self) -> bool {
        self.state() == QuestionState::Open
    }

    /// What is asked now.
    pub fn text(&self) -> &str {
        self.rounds.last().map_or("", |round| &round.text)
    }

    pub(super) fn ask(&mut self, text: &str, by: &str, at: Timestamp) {
        self.rounds.push(Round { text: text.to_owned(), asked: Signed::new(by, at), answer: None });
    }

    pub(super) fn answer(&mut self, text: &str, by: &str, at: Timestamp) {
        if let Some(round) = self.rounds.last_mut() {
            round.answer = Some(Answer { text: text.to_owned(), given: Signed::new(by, at) });
        }
    }
}
