//! What happened to a handoff, and how it changes the handoff: the only place that does.

use criteria::{Attachment, ContentHash, CriterionResult, Submission, Tick, Value};
use kernel::Timestamp;

use super::{Handoff, Hold};
use crate::domain::{
    Action, ActionId, Attempt, Command, Decision, Link, Priority, Reason, Side, State, Summary, action::Done,
    state::Since,
};

/// What happened to a handoff. It carries what cannot be read off the handoff right after it, and what is needed to
/// apply it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// It was created, as it stands right after.
    Created {
        /// The side that created it.
        side: Side,
    },
    /// Upstream changed what it hands over; only what really changed.
    Edited(Vec<Edit>),
    /// A checklist item was ticked or unticked.
    ItemChanged {
        /// The item's key.
        item: String,
        /// The side whose item it is.
        side: Side,
        /// How far it is now.
        tick: Tick,
    },
    /// Upstream handed over: fields and upstream's items are frozen as the next attempt.
    Submitted {
        /// The number of the attempt.
        attempt: i32,
        /// The hash of what was frozen.
        content_hash: ContentHash,
        /// Each criterion's result.
        results: Vec<CriterionResult>,
        /// Whether no handoff of this route had been completed before.
        first_time_pair: bool,
    },
    /// Downstream took the work.
    Accepted {
        /// The attempt.
        attempt: i32,
        /// What was restated.
        read_back: Option<String>,
        /// How many conditions were made; each is an `ActionAdded` of its own.
        conditions: i32,
        /// Who accepted and can speak for downstream.
        speaker: Option<String>,
    },
    /// Downstream did not take the work.
    Rejected {
        /// The attempt.
        attempt: i32,
        /// Why.
        reasons: Vec<Reason>,
    },
    /// Downstream began.
    Begun,
    /// Downstream has done the work.
    Completed,
    /// Downstream gave accepted work back.
    Returned {
        /// The attempt.
        attempt: i32,
        /// Why.
        reasons: Vec<Reason>,
        /// The state it was in.
        from_state: State,
    },
    /// Upstream reopened completed work.
    Reopened {
        /// Why.
        reason: String,
    },
    /// It was given up.
    Cancelled {
        /// Why; empty where an imported record does not say.
        reason: String,
        /// The state it was in.
        from_state: State,
    },
    /// It was put on hold.
    Held {
        /// Why; may be empty.
        reason: String,
        /// Whether both sides agreed.
        agreed: bool,
        /// The side that declared it.
        side: Side,
    },
    /// The hold ended.
    Resumed,
    /// A small duty was added.
    ActionAdded(Action),
    /// A small duty was done.
    ActionDone(ActionId),
}

/// One change of what is handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// The new title.
    Title(String),
    /// The new priority; alone only before the first submit.
    Priority(Priority),
    /// The new summary.
    Summary(Summary),
    /// The new answer to a field; none takes it away.
    Field(String, Option<Value>),
    /// The new links, all of them.
    Links(Vec<Link>),
    /// The new attachments, all of them.
    Attachments(Vec<Attachment>),
    /// The new promise; alone only before the first submit.
    DeliverBy(Option<Timestamp>),
}

impl Edit {
    /// The path of what it changes: `title`, `fields.<key>`, ...
    pub fn path(&self) -> String {
        match self {
            Self::Title(_) => "title".to_owned(),
            Self::Priority(_) => "priority".to_owned(),
            Self::Summary(_) => "summary".to_owned(),
            Self::Field(key, _) => format!("fields.{key}"),
            Self::Links(_) => "links".to_owned(),
            Self::Attachments(_) => "attachments".to_owned(),
            Self::DeliverBy(_) => "deliver_by".to_owned(),
        }
    }
}

impl Fact {
    /// The name, as events and the log write it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Created { .. } => "handoff_created",
            Self::Edited(_) => "handoff_edited",
            Self::ItemChanged { .. } => "item_changed",
            Self::Submitted { .. } => "handoff_submitted",
            Self::Accepted { .. } => "handoff_accepted",
            Self::Rejected { .. } => "handoff_rejected",
            Self::Begun => "handoff_begun",
            Self::Completed => "handoff_completed",
            Self::Returned { .. } => "handoff_returned",
            Self::Reopened { .. } => "handoff_reopened",
            Self::Cancelled { .. } => "handoff_cancelled",
            Self::Held { .. } => "handoff_held",
            Self::Resumed => "handoff_resumed",
            Self::ActionAdded(_) => "action_added",
            Self::ActionDone(_) => "action_done",
        }
    }
}

impl Handoff {
    /// The part of the submission that a submit freezes: downstream's items are ticked after it.
    pub(in crate::domain) fn to_freeze(&self) -> Submission {
        let is_upstream = |key: &str| self.criteria.item(key).is_none_or(|item| item.side == Side::Upstream);
        let items = self.submission.items.iter().filter(|(key, _)| is_upstream(key));
        Submission {
            fields: self.submission.fields.clone(),
            items: items.map(|(key, tick)| (key.clone(), tick.clone())).collect(),
        }
    }

    /// Changes the handoff as the fact says. Total: whether it may happen was decided before.
    pub(in crate::domain) fn apply(&mut self, fact: &Fact, by: &str, at: Timestamp) {
        self.times.updated_at = at;
        match fact {
            Fact::Created { .. } => {}
            Fact::Edited(edits) => edits.iter().for_each(|edit| self.apply_edit(edit)),
            Fact::ItemChanged { item, tick, .. } => {
                self.submission.items.insert(item.clone(), tick.clone());
            }
            Fact::Submitted { .. } => {
                self.freeze(fact, by, at);
                self.times.submitted_at = Some(at);
                self.enter(State::Submitted, Command::Submit, by, at);
            }
            Fact::Accepted { read_back, speaker, .. } => {
                if let Some(attempt) = self.attempts.last_mut() {
                    attempt.decide(Decision::Accepted, by, at);
                    attempt.read_back.clone_from(read_back);
                }
                self.downstream_owner = self.downstream_owner.take().or_else(|| speaker.clone());
                self.accountable_side = Side::Downstream;
                self.times.accepted_at = Some(at);
                self.enter(State::Accepted, Command::Accept, by, at);
            }
            Fact::Rejected { reasons, .. } => {
                if let Some(attempt) = self.attempts.last_mut() {
                    attempt.decide(Decision::Rejected, by, at);
                    attempt.reasons.clone_from(reasons);
                }
                self.rejections += 1;
                self.enter(State::Rejected, Command::Reject, by, at);
            }
            Fact::Begun => {
                self.times.begun_at = Some(at);
                self.enter(State::InProgress, Command::Begin, by, at);
            }
            Fact::Completed => {
                self.times.completed_at = Some(at);
                self.enter(State::Completed, Command::Complete, by, at);
            }
            Fact::Returned { .. } => {
                self.returns += 1;
                self.accountable_side = Side::Upstream;
                self.enter(State::Returned, Command::Return, by, at);
            }
            Fact::Reopened { .. } => {
                self.accountable_side = Side::Downstream;
                self.enter(State::InProgress, Command::Reopen, by, at);
            }
            Fact::Cancelled { .. } => {
                if let Some(attempt) = self.attempts.last_mut().filter(|attempt| attempt.decision == Decision::Open) {
                    attempt.decide(Decision::Cancelled, by, at);
                }
                self.times.cancelled_at = Some(at);
                self.enter(State::Cancelled, Command::Cancel, by, at);
            }
            Fact::Held { reason, agreed, side } => {
                self.hold = Some(Hold { reason: reason.clone(), since: at, agreed: *agreed, side: *side });
            }
            Fact::Resumed => self.hold = None,
            Fact::ActionAdded(action) => self.actions.push(action.clone()),
            Fact::ActionDone(id) => {
                if let Some(action) = self.actions.iter_mut().find(|action| action.id == *id) {
                    action.done = Some(Done { at, by: by.to_owned() });
                }
            }
        }
    }

    /// A change of state ends a hold.
    fn enter(&mut self, state: State, command: Command, by: &str, at: Timestamp) {
        self.state = state;
        self.since = Since { command, by: by.to_owned(), at };
        self.hold = None;
    }

    fn freeze(&mut self, fact: &Fact, by: &str, at: Timestamp) {
        let Fact::Submitted { attempt, content_hash, results, first_time_pair } = fact else { return };
        self.attempts.push(Attempt {
            number: *attempt,
            submitted_by: by.to_owned(),
            submitted_at: at,
            snapshot: self.to_freeze(),
            content_hash: *content_hash,
            results: results.clone(),
            first_time_pair: *first_time_pair,
            decision: Decision::Open,
            decided_by: None,
            decided_at: None,
            reasons: vec![],
            read_back: None,
        });
    }

    fn apply_edit(&mut self, edit: &Edit) {
        match edit {
            Edit::Title(title) => self.title.clone_from(title),
            Edit::Priority(priority) => self.priority = *priority,
            Edit::Summary(summary) => self.summary.clone_from(summary),
            Edit::Field(key, Some(value)) => {
                self.submission.fields.insert(key.clone(), value.clone());
            }
            Edit::Field(key, None) => {
                self.submission.fields.remove(key);
            }
            Edit::Links(links) => self.links.clone_from(links),
            Edit::Attachments(attachments) => self.attachments.clone_from(attachments),
            Edit::DeliverBy(deliver_by) => self.deliver_by = *deliver_by,
        }
    }
}
