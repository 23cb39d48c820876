//! What happens to handoffs; of a confidential one the log holds no word that anybody wrote: the whole stands beside it.

use api::{
    criteria as write,
    handoff::v1::{self as pb, handoff_event::Kind},
    r#type::v1 as common,
};
use chassis::{Aggregate, Author, Event};
use criteria::CriterionResult;
use kernel::Head;
use prost::Message;

use crate::{
    domain::{Fact, Handoff, Happened, ProposalId, QuestionId, Reason, ReviewId, handoff::Edit},
    grpc::{
        responses::{action, link, origin, pin, proposal, question, reason, review, side, summary},
        twins::Twin,
    },
};

/// Stands where an administrator gave a reason that others may not read.
const WITHHELD: &str = "withheld: the handoff is confidential";

/// A fact of a handoff, and why an administrator caused it for a side it is not in.
#[derive(Clone, Debug)]
pub struct Said {
    /// What happened.
    pub fact: Fact,
    /// The administrator's reason; none where the actor belongs to the side.
    pub override_reason: Option<String>,
}

/// What a command made happen, to be said: each fact carries the reason of the override.
pub(crate) fn said(happened: Happened) -> Vec<Said> {
    let Happened { facts, override_reason } = happened;
    facts.into_iter().map(|fact| Said { fact, override_reason: override_reason.clone() }).collect()
}

impl Said {
    /// A fact that nobody overrode anything for.
    pub(crate) fn of(fact: Fact) -> Self {
        Self { fact, override_reason: None }
    }
}

impl Aggregate for Handoff {
    type Fact = Said;

    fn name(&self) -> String {
        format!("handoff/{}", self.id)
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn is_confidential(&self) -> bool {
        self.confidential
    }

    fn event(&self, said: &Said, author: Author<'_>) -> Event {
        let mut event = pb::HandoffEvent {
            actor: author.name.to_owned(),
            by_service: author.is_service,
            override_reason: said.override_reason.clone().unwrap_or_default(),
            handoff: Some(context(self)),
            kind: Some(kind(self, &said.fact)),
        };
        let withheld = self.confidential.then(|| {
            let whole = event.encode_to_vec();
            withhold(&mut event);
            whole
        });
        let routing = format!("{}.{}", self.from_team, self.to_team);
        Event { name: said.fact.name(), routing, payload: event.encode_to_vec(), withheld }
    }
}

fn context(handoff: &Handoff) -> pb::HandoffContext {
    pb::HandoffContext {
        handoff_id: handoff.id.to_string(),
        route_id: handoff.route_id.to_string(),
        from_team: handoff.from_team.to_string(),
        to_team: handoff.to_team.to_string(),
        title: handoff.title.clone(),
        priority: handoff.priority.write(),
        confidential: handoff.confidential,
        state: handoff.state.write(),
        attempt: handoff.attempt(),
        revision: handoff.head.revision,
        accountable_side: side(Some(handoff.accountable_side)),
        waiting_on: side(handoff.waiting_on()),
        upstream_owner: handoff.upstream_owner.clone().unwrap_or_default(),
        downstream_owner: handoff.downstream_owner.clone().unwrap_or_default(),
        origin: handoff.origin.as_ref().map(origin),
        deliver_by: handoff.deliver_by.map(api::timestamp),
    }
}

#[expect(clippy::too_many_lines, reason = "one arm for each fact: the list is what is to be read")]
fn kind(handoff: &Handoff, fact: &Fact) -> Kind {
    match fact {
        Fact::Created { side } => Kind::HandoffCreated(created(handoff, write::side(*side))),
        Fact::Edited(edits) => Kind::HandoffEdited(edited(edits)),
        Fact::ItemChanged { item, side, tick } => Kind::ItemChanged(pb::ItemChanged {
            item: item.clone(),
            side: write::side(*side),
            tick: Some(write::tick(tick.clone())),
        }),
        Fact::Submitted { attempt, content_hash, results, review, .. } => {
            Kind::HandoffSubmitted(pb::HandoffSubmitted {
                attempt: *attempt,
                content_hash: content_hash.to_string(),
                template: Some(pin(&handoff.template)),
                terms_version: handoff.terms.version,
                results: results.iter().map(without_words).collect(),
                triggered_at: Some(api::timestamp(handoff.triggered_at)),
                review_required: review.required,
                review_reason: review.why.clone(),
            })
        }
        Fact::Accepted { attempt, read_back, conditions, .. } => Kind::HandoffAccepted(pb::HandoffAccepted {
            attempt: *attempt,
            has_read_back: read_back.is_some(),
            read_back: read_back.clone().unwrap_or_default(),
            conditions: *conditions,
        }),
        Fact::Rejected { attempt, reasons } => {
            Kind::HandoffRejected(pb::HandoffRejected { attempt: *attempt, reasons: all(reasons) })
        }
        Fact::Begun => Kind::HandoffBegun(pb::HandoffBegun {}),
        Fact::Completed => Kind::HandoffCompleted(pb::HandoffCompleted {}),
        Fact::Returned { attempt, reasons, from_state } => Kind::HandoffReturned(pb::HandoffReturned {
            attempt: *attempt,
            reasons: all(reasons),
            from_state: from_state.write(),
        }),
        Fact::Reopened { reason } => Kind::HandoffReopened(pb::HandoffReopened { reason: reason.clone() }),
        Fact::Cancelled { reason, from_state } => {
            Kind::HandoffCancelled(pb::HandoffCancelled { reason: reason.clone(), from_state: from_state.write() })
        }
        Fact::Held { reason, agreed, side, until } => Kind::HandoffHeld(pb::HandoffHeld {
            reason: reason.clone(),
            agreed: *agreed,
            side: write::side(*side),
            until: until.map(api::timestamp),
        }),
        Fact::Resumed => Kind::HandoffResumed(pb::HandoffResumed {}),
        Fact::Recalled { attempt } => Kind::HandoffRecalled(pb::HandoffRecalled { attempt: *attempt }),
        Fact::Claimed => Kind::HandoffClaimed(pb::HandoffClaimed {}),
        Fact::Unclaimed => Kind::HandoffUnclaimed(pb::HandoffUnclaimed {}),
        Fact::ReadBackConfirmed { attempt, corrections } => Kind::ReadBackConfirmed(pb::ReadBackConfirmed {
            attempt: *attempt,
            correction_count: i32::try_from(corrections.len()).expect("a request holds few corrections"),
            corrections: corrections.clone(),
        }),
        Fact::Reassigned { side, owner } => {
            Kind::HandoffReassigned(pb::HandoffReassigned { side: write::side(*side), owner: owner.clone() })
        }
        Fact::Migrated { from, to, archived, flagged, .. } => Kind::HandoffMigrated(pb::HandoffMigrated {
            from: Some(pin(from)),
            to: Some(pin(to)),
            flagged: flagged.clone(),
            archived: archived.fields.keys().chain(archived.items.keys()).cloned().collect(),
        }),
        Fact::DeadlineChanged(deliver_by) => {
            Kind::DeadlineChanged(pb::DeadlineChanged { deliver_by: Some(api::timestamp(*deliver_by)) })
        }
        Fact::PriorityChanged(priority) => Kind::PriorityChanged(pb::PriorityChanged { priority: priority.write() }),
        Fact::CriterionWaived { criterion, proposal_id, .. } => Kind::CriterionWaived(pb::CriterionWaived {
            criterion: criterion.clone(),
            proposal_id: proposal_id.to_string(),
        }),
        Fact::CommentAdded { id, side, text } => Kind::CommentAdded(pb::CommentAdded {
            comment_id: id.to_string(),
            side: write::side(*side),
            text: text.clone(),
        }),
        Fact::LinkAdded(added) => Kind::LinkAdded(pb::LinkAdded { link: Some(link(added)) }),
        Fact::LinkRemoved(removed) => Kind::LinkRemoved(pb::LinkRemoved { link: Some(link(removed)) }),
        Fact::AttachmentAdded(attachment) => {
            Kind::AttachmentAdded(pb::AttachmentAdded { attachment: Some(write::attachment(attachment.clone())) })
        }
        Fact::ConfidentialityChanged(confidential) => {
            Kind::ConfidentialityChanged(pb::ConfidentialityChanged { confidential: *confidential })
        }
        Fact::ActionAdded(added) => Kind::ActionAdded(pb::ActionAdded { action: Some(action(added)) }),
        Fact::ActionConfirmed(id) => {
            Kind::ActionConfirmed(pb::ActionConfirmed { action: handoff.action(*id).map(action) })
        }
        Fact::ActionDone(id) => Kind::ActionDone(pb::ActionDone { action: handoff.action(*id).map(action) }),
        Fact::QuestionAsked(asked) => {
            of_question(handoff, asked.id, |question| Kind::QuestionAsked(pb::QuestionAsked { question }))
        }
        Fact::QuestionAnswered { id, .. } => {
            of_question(handoff, *id, |question| Kind::QuestionAnswered(pb::QuestionAnswered { question }))
        }
        Fact::QuestionInsufficient { id, .. } => {
            of_question(handoff, *id, |question| Kind::QuestionInsufficient(pb::QuestionInsufficient { question }))
        }
        Fact::QuestionClosed { id, .. } => {
            of_question(handoff, *id, |question| Kind::QuestionClosed(pb::QuestionClosed { question }))
        }
        Fact::ReviewScheduled(scheduled) => {
            of_review(handoff, scheduled.id, |review| Kind::ReviewScheduled(pb::ReviewScheduled { review }))
        }
        Fact::ReviewHeld { id, .. } => of_review(handoff, *id, |review| Kind::ReviewHeld(pb::ReviewHeld { review })),
        Fact::ReviewMissed { id, .. } => {
            of_review(handoff, *id, |review| Kind::ReviewMissed(pb::ReviewMissed { review }))
        }
        Fact::ReviewWaived { review: waived, .. } => {
            of_review(handoff, waived.id, |review| Kind::ReviewWaived(pb::ReviewWaived { review }))
        }
        Fact::ReviewCancelled { id, .. } => {
            of_review(handoff, *id, |review| Kind::ReviewCancelled(pb::ReviewCancelled { review }))
        }
        Fact::ProposalMade(made) => {
            of_proposal(handoff, made.id, |proposal| Kind::ProposalMade(pb::ProposalMade { proposal }))
        }
        Fact::ProposalAgreed(id) => {
            of_proposal(handoff, *id, |proposal| Kind::ProposalAgreed(pb::ProposalAgreed { proposal }))
        }
        Fact::ProposalDeclined { id, .. } => {
            of_proposal(handoff, *id, |proposal| Kind::ProposalDeclined(pb::ProposalDeclined { proposal }))
        }
        Fact::ProposalLapsed(id) => {
            of_proposal(handoff, *id, |proposal| Kind::ProposalLapsed(pb::ProposalLapsed { proposal }))
        }
    }
}

fn of_question(handoff: &Handoff, id: QuestionId, kind: impl FnOnce(Option<pb::Question>) -> Kind) -> Kind {
    kind(handoff.questions.iter().find(|question| question.id == id).map(question))
}

fn of_review(handoff: &Handoff, id: ReviewId, kind: impl FnOnce(Option<pb::Review>) -> Kind) -> Kind {
    kind(handoff.reviews.iter().find(|review| review.id == id).map(|it| review(it, || handoff.agenda())))
}

fn of_proposal(handoff: &Handoff, id: ProposalId, kind: impl FnOnce(Option<pb::Proposal>) -> Kind) -> Kind {
    kind(handoff.proposals.iter().find(|proposal| proposal.id == id).map(proposal))
}

fn created(handoff: &Handoff, side: i32) -> pb::HandoffCreated {
    pb::HandoffCreated {
        terms_version: handoff.terms.version,
        template: Some(pin(&handoff.template)),
        triggered_at: Some(api::timestamp(handoff.triggered_at)),
        deliver_by: handoff.deliver_by.map(api::timestamp),
        follows: handoff.follows.map(|id| id.to_string()).unwrap_or_default(),
        links: handoff.links.iter().map(link).collect(),
        attachments: handoff.attachments.iter().cloned().map(write::attachment).collect(),
        summary: Some(summary(&handoff.summary)),
        fields: write::fields(handoff.submission.fields.clone()),
        side,
    }
}

fn edited(edits: &[Edit]) -> pb::HandoffEdited {
    let mut edited = pb::HandoffEdited { changed: edits.iter().map(Edit::path).collect(), ..Default::default() };
    for edit in edits {
        match edit {
            // The handoff beside the fact shows both; a field taken away is named and absent.
            Edit::Title(_) | Edit::Priority(_) | Edit::Field(_, None) => {}
            Edit::Summary(new) => edited.summary = Some(summary(new)),
            Edit::Field(key, Some(value)) => {
                edited.fields.insert(key.clone(), write::value(value.clone()));
            }
            Edit::Links(links) => edited.links = links.iter().map(link).collect(),
            Edit::Attachments(attachments) => {
                edited.attachments = attachments.iter().cloned().map(write::attachment).collect();
            }
            Edit::DeliverBy(deliver_by) => edited.deliver_by = deliver_by.map(api::timestamp),
        }
    }
    edited
}

fn all(reasons: &[Reason]) -> Vec<pb::Reason> {
    reasons.iter().map(reason).collect()
}

/// The key and the result. What is wrong may quote an answer, so no event says it.
fn without_words(result: &CriterionResult) -> common::CriterionResult {
    let result = CriterionResult { problem: String::new(), fix: String::new(), ..result.clone() };
    write::criterion_result(result)
}

/// Takes out all that a person wrote: what stays are ids, states, times, keys and counts.
#[expect(clippy::too_many_lines, reason = "one arm for each fact: the list is what is to be read")]
fn withhold(event: &mut pb::HandoffEvent) {
    if !event.override_reason.is_empty() {
        WITHHELD.clone_into(&mut event.override_reason);
    }
    if let Some(handoff) = &mut event.handoff {
        handoff.title.clear();
    }
    match &mut event.kind {
        Some(Kind::HandoffCreated(created)) => {
            created.links.iter_mut().for_each(|link| link.url.clear());
            created.attachments.clear();
            created.summary = None;
            created.fields.clear();
        }
        Some(Kind::HandoffEdited(edited)) => {
            edited.links.iter_mut().for_each(|link| link.url.clear());
            edited.attachments.clear();
            edited.summary = None;
            edited.fields.clear();
        }
        Some(Kind::ItemChanged(changed)) => {
            if let Some(tick) = &mut changed.tick {
                tick.evidence.clear();
                tick.reason.clear();
            }
        }
        Some(Kind::HandoffAccepted(accepted)) => accepted.read_back.clear(),
        Some(Kind::HandoffRejected(rejected)) => rejected.reasons.iter_mut().for_each(|reason| reason.text.clear()),
        Some(Kind::HandoffReturned(returned)) => returned.reasons.iter_mut().for_each(|reason| reason.text.clear()),
        Some(Kind::HandoffReopened(reopened)) => reopened.reason.clear(),
        Some(Kind::HandoffCancelled(cancelled)) => cancelled.reason.clear(),
        Some(Kind::HandoffHeld(held)) => held.reason.clear(),
        Some(Kind::HandoffSubmitted(submitted)) => submitted.review_reason.clear(),
        Some(Kind::ReadBackConfirmed(confirmed)) => confirmed.corrections.clear(),
        Some(Kind::CommentAdded(comment)) => comment.text.clear(),
        Some(Kind::LinkAdded(pb::LinkAdded { link }) | Kind::LinkRemoved(pb::LinkRemoved { link })) => {
            if let Some(link) = link {
                link.url.clear();
            }
        }
        Some(Kind::AttachmentAdded(added)) => added.attachment = None,
        Some(
            Kind::ActionAdded(pb::ActionAdded { action })
            | Kind::ActionConfirmed(pb::ActionConfirmed { action })
            | Kind::ActionDone(pb::ActionDone { action }),
        ) => action.iter_mut().for_each(|action| action.text.clear()),
        Some(
            Kind::QuestionAsked(pb::QuestionAsked { question })
            | Kind::QuestionAnswered(pb::QuestionAnswered { question })
            | Kind::QuestionInsufficient(pb::QuestionInsufficient { question })
            | Kind::QuestionClosed(pb::QuestionClosed { question }),
        ) => question.iter_mut().flat_map(|question| &mut question.rounds).for_each(|round| {
            round.text.clear();
            round.answer.clear();
        }),
        Some(
            Kind::ReviewScheduled(pb::ReviewScheduled { review })
            | Kind::ReviewHeld(pb::ReviewHeld { review })
            | Kind::ReviewMissed(pb::ReviewMissed { review })
            | Kind::ReviewWaived(pb::ReviewWaived { review })
            | Kind::ReviewCancelled(pb::ReviewCancelled { review }),
        ) => review.iter_mut().for_each(withhold_review),
        Some(
            Kind::ProposalMade(pb::ProposalMade { proposal })
            | Kind::ProposalAgreed(pb::ProposalAgreed { proposal })
            | Kind::ProposalDeclined(pb::ProposalDeclined { proposal })
            | Kind::ProposalLapsed(pb::ProposalLapsed { proposal }),
        ) => proposal.iter_mut().for_each(|proposal| {
            proposal.reason.clear();
            proposal.decline_reason.clear();
        }),
        Some(
            Kind::HandoffBegun(_)
            | Kind::HandoffRecalled(_)
            | Kind::HandoffClaimed(_)
            | Kind::HandoffUnclaimed(_)
            | Kind::HandoffReassigned(_)
            | Kind::HandoffMigrated(_)
            | Kind::DeadlineChanged(_)
            | Kind::PriorityChanged(_)
            | Kind::CriterionWaived(_)
            | Kind::ConfidentialityChanged(_)
            | Kind::HandoffCompleted(_)
            | Kind::HandoffResumed(_)
            | Kind::TeamCreated(_)
            | Kind::TeamUpdated(_)
            | Kind::RouteCreated(_)
            | Kind::RouteUpdated(_)
            | Kind::RouteDiscovered(_)
            | Kind::RouteRetired(_)
            | Kind::TermsSet(_)
            | Kind::TermsProposed(_)
            | Kind::TermsAgreed(_)
            | Kind::TermsDeclined(_)
            | Kind::WorkflowCreated(_)
            | Kind::WorkflowUpdated(_),
        )
        | None => {}
    }
}

/// How many of each side are invited and were there stays; who they are, what was said, and where, does not.
fn withhold_review(review: &mut pb::Review) {
    for person in review.attendees.iter_mut().chain(&mut review.attended) {
        person.name.clear();
        person.email.clear();
    }
    review.place.clear();
    review.url.clear();
    review.agenda.clear();
    review.notes.clear();
    review.decisions.clear();
    review.reason.clear();
}
