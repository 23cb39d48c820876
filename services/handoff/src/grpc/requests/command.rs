//! Requests that do something to one handoff.

use std::collections::BTreeMap;

use api::{criteria as read, handoff::v1 as pb, r#type::v1 as common};
use chassis::{Fields, Parse};
use criteria::{Tick, Value, limits::KEY_MAX_CHARS};

use super::{
    On, parts,
    reading::{Masked, each, edits, name, required_short, texts},
};
use crate::{
    domain::{
        Priority, Side,
        handoff::{Cancel, ConfirmReadBack, Edit, Reject, Reopen, Return, TickItem, Update},
        limits::{CONDITIONS_MAX, CORRECTIONS_MAX, TEXT_MAX_BYTES},
    },
    grpc::twins::Twin,
    ops::handoff::{Accepting, Duty},
};

bare! {
    /// Hand over.
    Submit = SubmitHandoffRequest;
    /// Take it back.
    Recall = RecallHandoffRequest;
    /// Begin the work.
    Begin = BeginHandoffRequest;
    /// Have done the work.
    Complete = CompleteHandoffRequest;
}

impl Parse for On<Update> {
    type Request = pb::UpdateHandoffRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let mask = request.update_mask.take();
        let mut all_fields = None;
        let edits = edits(fields, mask, |fields, path| edit(fields, path, &mut request, &mut all_fields));
        let edits = edits?.into_iter().flatten().collect();
        Some(Self { target: target?, command: Update { all_fields, edits } })
    }
}

/// The edit of one path; none for all the answers, which are not one edit.
fn edit(
    fields: &mut Fields,
    path: &str,
    request: &mut pb::UpdateHandoffRequest,
    all_fields: &mut Option<BTreeMap<String, Value>>,
) -> Masked<Option<Edit>> {
    let edit = match path {
        "title" => name(fields, path, &request.title).map(Edit::Title),
        "priority" => Priority::read_optional(fields, path, request.priority)
            .map(|priority| Edit::Priority(priority.unwrap_or(Priority::Normal))),
        "summary" => parts::summary(fields, request.summary.take()).map(Edit::Summary),
        "fields" => {
            *all_fields = parts::values(fields, path, request.fields.clone());
            return Masked::Edit(all_fields.is_some().then_some(None));
        }
        "links" => parts::links(fields, std::mem::take(&mut request.links)).map(Edit::Links),
        "attachments" => parts::attachments(fields, std::mem::take(&mut request.attachments)).map(Edit::Attachments),
        "deliver_by" => fields.optional_time(path, request.deliver_by).map(Edit::DeliverBy),
        _ => match path.strip_prefix("fields.") {
            Some(key) if criteria::is_key(key) => answer(fields, key, &request.fields),
            _ => return Masked::Unknown,
        },
    };
    Masked::Edit(edit.map(Some))
}

/// The new answer to one field; absent from the request, it is taken away.
fn answer(fields: &mut Fields, key: &str, answers: &BTreeMap<String, common::FieldValue>) -> Option<Edit> {
    let given = answers.get(key).map(|value| (key.to_owned(), value.clone()));
    let mut read = parts::values(fields, "fields", given.into_iter().collect())?;
    Some(Edit::Field(key.to_owned(), read.remove(key)))
}

impl Parse for On<TickItem> {
    type Request = pb::TickItemRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let item = required_short(fields, "item", &request.item, KEY_MAX_CHARS);
        let tick = match request.tick {
            Some(given) => tick(fields, given),
            None => fields.refuse("tick", "is required: how far the item is"),
        };
        Some(Self { target: target?, command: TickItem { item: item?, tick: tick? } })
    }
}

fn tick(fields: &mut Fields, tick: common::Tick) -> Option<Tick> {
    let evidence = fields.optional_text("tick.evidence", &tick.evidence, TEXT_MAX_BYTES);
    let reason = fields.optional_text("tick.reason", &tick.reason, TEXT_MAX_BYTES);
    let state = read::read_tick_state("tick.state", tick.state, fields.violations());
    Some(Tick { state: state?, evidence: evidence?, reason: reason? })
}

impl Parse for On<Accepting> {
    type Request = pb::AcceptHandoffRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let attempt = attempt(fields, request.attempt);
        let read_back = fields.optional_text("read_back", &request.read_back, TEXT_MAX_BYTES);
        let conditions = each(fields, "conditions", request.conditions, CONDITIONS_MAX, condition);
        let command = Accepting { attempt: attempt?, read_back: read_back?, conditions: conditions? };
        Some(Self { target: target?, command })
    }
}

fn condition(fields: &mut Fields, path: &str, condition: pb::Condition) -> Option<Duty> {
    let pb::Condition { text, due_at, owner } = condition;
    parts::duty(fields, path, pb::NewAction { text, side: api::criteria::side(Side::Upstream), owner, due_at })
}

impl Parse for On<ConfirmReadBack> {
    type Request = pb::ConfirmReadBackRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let attempt = attempt(fields, request.attempt);
        let corrections = texts(fields, "corrections", request.corrections, CORRECTIONS_MAX);
        Some(Self { target: target?, command: ConfirmReadBack { attempt: attempt?, corrections: corrections? } })
    }
}

impl Parse for On<Reject> {
    type Request = pb::RejectHandoffRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let attempt = attempt(fields, request.attempt);
        let reasons = parts::reasons(fields, request.reasons);
        Some(Self { target: target?, command: Reject { attempt: attempt?, reasons: reasons? } })
    }
}

impl Parse for On<Return> {
    type Request = pb::ReturnHandoffRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let attempt = attempt(fields, request.attempt);
        let reasons = parts::reasons(fields, request.reasons);
        Some(Self { target: target?, command: Return { attempt: attempt?, reasons: reasons? } })
    }
}

impl Parse for On<Reopen> {
    type Request = pb::ReopenHandoffRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let reason = fields.required_text("reason", &request.reason, TEXT_MAX_BYTES);
        Some(Self { target: target?, command: Reopen { reason: reason? } })
    }
}

impl Parse for On<Cancel> {
    type Request = pb::CancelHandoffRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let reason = fields.required_text("reason", &request.reason, TEXT_MAX_BYTES);
        Some(Self { target: target?, command: Cancel { reason: reason? } })
    }
}

pub(super) fn attempt(fields: &mut Fields, attempt: i32) -> Option<i32> {
    if attempt < 1 { fields.refuse("attempt", "is required: a number from 1") } else { Some(attempt) }
}
