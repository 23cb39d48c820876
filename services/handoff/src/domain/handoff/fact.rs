//! What happened to a handoff.

use criteria::{Attachment, ContentHash, CriterionResult, ReviewDecision, Submission, Tick, Value};
use kernel::Timestamp;

use crate::domain::{
    Action, ActionId, CommentId, Link, Pin, Priority, Proposal, ProposalId, Question, QuestionId, Reason, Review,
    ReviewId, Side, State, Summary,
    review::{AgendaItem, Held},
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
        /// Whether the terms require a review of it, and why.
        review: ReviewDecision,
    },
    /// Upstream took it back.
    Recalled {
        /// The attempt that it took back.
        attempt: i32,
    },
    /// Somebody of downstream looks at it.
    Claimed,
    /// Nobody does any more.
    Unclaimed,
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
        /// The side that declared it, or proposed it.
        side: Side,
        /// Until when; none for imported history.
        until: Option<Timestamp>,
    },
    /// The hold ended.
    Resumed,
    /// Upstream confirmed or corrected what the receiver restated.
    ReadBackConfirmed {
        /// The attempt.
        attempt: i32,
        /// What was misunderstood.
        corrections: Vec<String>,
    },
    /// Somebody else speaks for a side.
    Reassigned {
        /// The side.
        side: Side,
        /// Who.
        owner: String,
    },
    /// A draft moved to a newer version of its template.
    Migrated {
        /// The version before.
        from: Pin,
        /// The version after.
        to: Pin,
        /// The answers and ticks that go on.
        submission: Submission,
        /// Those that do not.
        archived: Submission,
        /// Keys whose answer must be looked at again.
        flagged: Vec<String>,
    },
    /// A side asked the other.
    QuestionAsked(Question),
    /// The other side answered.
    QuestionAnswered {
        /// The question.
        id: QuestionId,
        /// The answer.
        text: String,
    },
    /// The answer was not enough.
    QuestionInsufficient {
        /// The question.
        id: QuestionId,
        /// What was missing.
        text: String,
    },
    /// A question was closed, by the asking side or by a change of state.
    QuestionClosed {
        /// The question.
        id: QuestionId,
        /// Whether a change of state closed it.
        by_state: bool,
    },
    /// A review was scheduled, or changed.
    ReviewScheduled(Review),
    /// A review took place.
    ReviewHeld {
        /// The review.
        id: ReviewId,
        /// What came of it.
        held: Held,
        /// The agenda as it stood.
        agenda: Vec<AgendaItem>,
    },
    /// A review did not take place.
    ReviewMissed {
        /// The review.
        id: ReviewId,
        /// The sides that did not come.
        absent: Vec<Side>,
        /// The agenda as it stood.
        agenda: Vec<AgendaItem>,
    },
    /// Downstream does without a review.
    ReviewWaived {
        /// The review, scheduled until now or not.
        review: Review,
        /// Why.
        reason: String,
    },
    /// A review was called off, by somebody or by a change of state.
    ReviewCancelled {
        /// The review.
        id: ReviewId,
        /// Why.
        reason: String,
    },
    /// A side proposed something.
    ProposalMade(Proposal),
    /// The other side agreed; what that makes happen follows.
    ProposalAgreed(ProposalId),
    /// The other side declined.
    ProposalDeclined {
        /// The proposal.
        id: ProposalId,
        /// Why.
        reason: String,
    },
    /// The state that a proposal was made in ended.
    ProposalLapsed(ProposalId),
    /// Both sides agreed on another promise.
    DeadlineChanged(Timestamp),
    /// Both sides agreed on another priority.
    PriorityChanged(Priority),
    /// Both sides agreed that a criterion need not be met.
    CriterionWaived {
        /// Its key.
        criterion: String,
        /// The proposal.
        proposal_id: ProposalId,
        /// Why.
        reason: String,
    },
    /// A side said something.
    CommentAdded {
        /// The comment.
        id: CommentId,
        /// The side.
        side: Side,
        /// What.
        text: String,
    },
    /// An outside record was linked, or its link has a new url.
    LinkAdded(Link),
    /// A link was taken away.
    LinkRemoved(Link),
    /// A document was referred to.
    AttachmentAdded(Attachment),
    /// A lead said who may see the handoff.
    ConfidentialityChanged(bool),
    /// The side that is to do an action has taken it on.
    ActionConfirmed(ActionId),
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
            Self::Recalled { .. } => "handoff_recalled",
            Self::Claimed => "handoff_claimed",
            Self::Unclaimed => "handoff_unclaimed",
            Self::ReadBackConfirmed { .. } => "read_back_confirmed",
            Self::Reassigned { .. } => "handoff_reassigned",
            Self::Migrated { .. } => "handoff_migrated",
            Self::QuestionAsked(_) => "question_asked",
            Self::QuestionAnswered { .. } => "question_answered",
            Self::QuestionInsufficient { .. } => "question_insufficient",
            Self::QuestionClosed { .. } => "question_closed",
            Self::ReviewScheduled(_) => "review_scheduled",
            Self::ReviewHeld { .. } => "review_held",
            Self::ReviewMissed { .. } => "review_missed",
            Self::ReviewWaived { .. } => "review_waived",
            Self::ReviewCancelled { .. } => "review_cancelled",
            Self::ProposalMade(_) => "proposal_made",
            Self::ProposalAgreed(_) => "proposal_agreed",
            Self::ProposalDeclined { .. } => "proposal_declined",
            Self::ProposalLapsed(_) => "proposal_lapsed",
            Self::DeadlineChanged(_) => "deadline_changed",
            Self::PriorityChanged(_) => "priority_changed",
            Self::CriterionWaived { .. } => "criterion_waived",
            Self::CommentAdded { .. } => "comment_added",
            Self::LinkAdded(_) => "link_added",
            Self::LinkRemoved(_) => "link_removed",
            Self::AttachmentAdded(_) => "attachment_added",
            Self::ConfidentialityChanged(_) => "confidentiality_changed",
            Self::ActionConfirmed(_) => "action_confirmed",
            Self::ActionAdded(_) => "action_added",
            Self::ActionDone(_) => "action_done",
        }
    }
}
