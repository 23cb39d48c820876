//! Requests about proposals.

use api::handoff::v1::{self as pb, proposed_change::Kind};
use chassis::{Fields, Parse};

use super::{
    On, parts,
    reading::{each, required_short},
};
use crate::{
    domain::{
        Priority, ProposalId,
        handoff::{Decline, Propose},
        limits::{TEXT_MAX_BYTES, WAIVED_MAX},
        proposal::Change,
    },
    grpc::twins::Twin,
};

impl Parse for On<Propose> {
    type Request = pb::ProposeRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let side = parts::optional_side(fields, "side", request.side);
        let change = change(fields, request.change.and_then(|change| change.kind));
        let reason = fields.required_text("reason", &request.reason, TEXT_MAX_BYTES);
        Some(Self { target: target?, command: Propose { side: side?, change: change?, reason: reason? } })
    }
}

impl Parse for On<ProposalId> {
    type Request = pb::AgreeProposalRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let id = fields.uuid("proposal_id", &request.proposal_id);
        Some(Self { target: target?, command: id?.into() })
    }
}

impl Parse for On<Decline> {
    type Request = pb::DeclineProposalRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let id = fields.uuid("proposal_id", &request.proposal_id);
        let reason = fields.text("reason", &request.reason, TEXT_MAX_BYTES);
        Some(Self { target: target?, command: Decline { id: id?.into(), reason: reason? } })
    }
}

fn change(fields: &mut Fields, kind: Option<Kind>) -> Option<Change> {
    match kind {
        None => fields.refuse("change", "is required: hold, deadline, priority, waiver or cancel"),
        Some(Kind::Hold(hold)) => fields.time("change.hold.until", hold.until).map(|until| Change::Hold { until }),
        Some(Kind::Deadline(deadline)) => fields
            .time("change.deadline.deliver_by", deadline.deliver_by)
            .map(|deliver_by| Change::Deadline { deliver_by }),
        Some(Kind::Priority(change)) => Priority::read(fields, "change.priority.priority", change.priority)
            .map(|priority| Change::Priority { priority }),
        Some(Kind::Waiver(waiver)) if waiver.criteria.is_empty() => {
            fields.refuse("change.waiver.criteria", "name at least one criterion")
        }
        Some(Kind::Waiver(waiver)) => {
            let key = |fields: &mut Fields, path: &str, key: String| {
                required_short(fields, path, &key, criteria::limits::KEY_MAX_CHARS)
            };
            let criteria = each(fields, "change.waiver.criteria", waiver.criteria, WAIVED_MAX, key);
            criteria.map(|criteria| Change::Waiver { criteria })
        }
        Some(Kind::Cancel(_)) => Some(Change::Cancel),
    }
}
