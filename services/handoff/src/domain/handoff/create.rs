//! How a handoff begins.

use std::collections::BTreeMap;

use criteria::{Attachment, Submission, Value};
use kernel::{Head, Timestamp};

use super::{Binding, Fact, Handoff, HandoffId, Times, misfits};
use crate::domain::{
    Acting, Command, Happened, Link, Origin, Priority, Refused, Side, State, Summary, acting::Mandate, outside,
    refused::violation, side, state::Since,
};

/// A new handoff.
#[derive(Clone, Debug)]
pub struct Create {
    /// Its id.
    pub id: HandoffId,
    /// For which side the caller acts; none: the one it belongs to, upstream where it belongs to both or to neither.
    pub side: Option<Side>,
    /// The name of the work.
    pub title: String,
    /// What a receiver must know.
    pub summary: Summary,
    /// How urgent it is.
    pub priority: Priority,
    /// Whether only the two teams and administrators may see it.
    pub confidential: bool,
    /// When the work began to wait for its handoff, not in the future; now, where there is none.
    pub triggered_at: Option<Timestamp>,
    /// By when upstream promises it.
    pub deliver_by: Option<Timestamp>,
    /// First answers.
    pub fields: BTreeMap<String, Value>,
    /// The outside record it is made for.
    pub origin: Option<Origin>,
    /// The handoff before this one of the same work.
    pub follows: Option<HandoffId>,
    /// Links to outside records.
    pub links: Vec<Link>,
    /// References to documents.
    pub attachments: Vec<Attachment>,
}

impl Handoff {
    /// A member of either side, or a service, makes a draft. A person of a side becomes its owner. Whether the origin has
    /// a handoff already is for the store to say.
    pub fn create(
        by: Acting<'_>,
        binding: Binding,
        create: Create,
        now: Timestamp,
    ) -> Result<(Self, Happened), Refused> {
        let (side, mandate) = creator(by, &binding, create.side)?;
        let in_future = create.triggered_at.filter(|at| *at > now);
        let mut flaws: Vec<_> =
            in_future.map(|at| violation("triggered_at", format!("{at} lies in the future"))).into_iter().collect();
        flaws.extend(outside::doubles(&create.links));
        flaws.extend(misfits(binding.criteria.content(), &create.fields));
        Refused::unless_valid(flaws)?;
        let mut handoff = Self::draft(binding, create, &mandate.by, now);
        match side {
            Side::Upstream => handoff.upstream_owner = mandate.speaker,
            Side::Downstream => handoff.downstream_owner = mandate.speaker,
        }
        handoff.must_fit()?;
        let facts = vec![Fact::Created { side }];
        Ok((handoff, Happened { facts, override_reason: mandate.override_reason }))
    }

    pub(in crate::domain) fn draft(binding: Binding, create: Create, by: &str, now: Timestamp) -> Self {
        Self {
            head: Head::default(),
            id: create.id,
            route_id: binding.route_id,
            from_team: binding.from_team,
            to_team: binding.to_team,
            terms: binding.terms,
            template: binding.template,
            criteria: binding.criteria,
            title: create.title,
            summary: create.summary,
            priority: create.priority,
            confidential: create.confidential,
            state: State::Draft,
            since: Since { command: Command::Create, by: by.to_owned(), at: now },
            accountable_side: Side::Upstream,
            upstream_owner: None,
            downstream_owner: None,
            triggered_at: create.triggered_at.unwrap_or(now),
            deliver_by: create.deliver_by,
            submission: Submission { fields: create.fields, ..Submission::default() },
            origin: create.origin,
            follows: create.follows,
            links: create.links,
            attachments: create.attachments,
            attempts: vec![],
            actions: vec![],
            questions: vec![],
            reviews: vec![],
            proposals: vec![],
            waivers: vec![],
            claim: None,
            archived: Submission::default(),
            comments: 0,
            hold: None,
            rejections: 0,
            returns: 0,
            times: Times {
                created_at: now,
                updated_at: now,
                submitted_at: None,
                accepted_at: None,
                begun_at: None,
                completed_at: None,
                cancelled_at: None,
            },
        }
    }
}

/// For which side the caller creates, and by which right. A service needs no membership.
fn creator(by: Acting<'_>, binding: &Binding, side: Option<Side>) -> Result<(Side, Mandate), Refused> {
    let is_member = |side: &Side| by.actor.is_member_of(binding.team_of(*side).as_slug());
    let side = side.or_else(|| side::BOTH.into_iter().find(is_member)).unwrap_or(Side::Upstream);
    if by.actor.is_service() {
        let by = by.actor.name().to_owned();
        let mandate = Mandate { side, by, is_lead: false, speaker: None, override_reason: None };
        return Ok((side, mandate));
    }
    Ok((side, by.mandate(side, binding.team_of(side))?))
}
