//! Requests about policies.

use std::collections::{BTreeMap, BTreeSet};

use api::sla::v1 as pb;
use chassis::{Fields, Parse, page::Page};

use super::{NAME_BYTES, calendar::duration, each, kind, optional_calendar, pause_reason, priority, seconds, version};
use crate::{
    domain::{
        PolicyId, Priority,
        policy::{Escalation, Kind, Match, PAUSE_ON, Target, WarnAt},
    },
    ops::policy::Write,
};

const MATCHES_MAX: usize = 20;
const FIELDS_MAX: usize = 10;
const VALUES_MAX: usize = 50;
const TARGETS_MAX: usize = 100;

pub(in crate::grpc) struct CreatePolicy(pub(in crate::grpc) Write);

impl Parse for CreatePolicy {
    type Request = pb::CreatePolicyRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.slug("policy_id", &request.policy_id);
        let display_name = fields.optional_text("display_name", &request.display_name, NAME_BYTES);
        let targets = targets(fields, request.targets);
        Some(Self(Write { id: id?, display_name: display_name?, targets: targets?, expected: None }))
    }
}

pub(in crate::grpc) struct UpdatePolicy(pub(in crate::grpc) Write);

impl Parse for UpdatePolicy {
    type Request = pb::UpdatePolicyRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.slug("policy_id", &request.policy_id);
        let display_name = fields.optional_text("display_name", &request.display_name, NAME_BYTES);
        let targets = targets(fields, request.targets);
        let expected = version(fields, "expected_version", request.expected_version);
        Some(Self(Write { id: id?, display_name: display_name?, targets: targets?, expected: expected? }))
    }
}

pub(in crate::grpc) struct GetPolicy {
    pub(in crate::grpc) id: PolicyId,
    pub(in crate::grpc) version: Option<i32>,
}

impl Parse for GetPolicy {
    type Request = pb::GetPolicyRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let id = fields.slug("policy_id", &request.policy_id);
        let version = version(fields, "version", request.version);
        Some(Self { id: id?, version: version? })
    }
}

pub(in crate::grpc) struct ListPolicies {
    pub(in crate::grpc) page: Page<String>,
}

impl Parse for ListPolicies {
    type Request = pb::ListPoliciesRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let (size, token) = (std::mem::take(&mut request.page_size), std::mem::take(&mut request.page_token));
        Some(Self { page: Page::read(fields, size, &token, &request)? })
    }
}

pub(in crate::grpc) struct ExplainMatch {
    pub(in crate::grpc) id: PolicyId,
    pub(in crate::grpc) version: Option<i32>,
    pub(in crate::grpc) kind: Option<Kind>,
    pub(in crate::grpc) priority: Priority,
    pub(in crate::grpc) confidential: bool,
    pub(in crate::grpc) fields: BTreeMap<String, String>,
}

impl Parse for ExplainMatch {
    type Request = pb::ExplainMatchRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let id = fields.slug("policy_id", &request.policy_id);
        let version = version(fields, "version", request.version);
        let kind = if request.clock == 0 { Some(None) } else { kind(fields, "clock", request.clock).map(Some) };
        let priority = match request.priority {
            0 => Some(Priority::Normal),
            value => priority(fields, "priority", value),
        };
        fields.at_most("fields", request.fields.len(), 500)?;
        let confidential = request.confidential;
        let (id, version, kind, priority) = (id?, version?, kind?, priority?);
        Some(Self { id, version, kind, priority, confidential, fields: request.fields })
    }
}

fn targets(fields: &mut Fields, targets: Vec<pb::Target>) -> Option<Vec<Target>> {
    fields.at_most("targets", targets.len(), TARGETS_MAX)?;
    each(fields, "targets", &targets, target)
}

fn target(fields: &mut Fields, path: &str, target: &pb::Target) -> Option<Target> {
    let at = |name: &str| format!("{path}.{name}");
    let kind = kind(fields, &at("clock"), target.clock);
    let is_short = fields.at_most(&at("when"), target.when.len(), MATCHES_MAX);
    let when = each(fields, &at("when"), &target.when, condition);
    let duration = duration(fields, &at("duration"), target.duration.clone());
    let calendar = match target.calendar_id.as_str() {
        "" => Some(None),
        id => match optional_calendar(fields, id) {
            // "always" is no calendar that is kept: time that counts by day and by night is an elapsed duration.
            Some(None) => fields.refuse(at("calendar_id"), "is built in: give an elapsed duration in its place"),
            read => read,
        },
    };
    let warn_at = each(fields, &at("warn_at"), &target.warn_at, warning);
    let pause_on = match &target.pause_on {
        None => Some(PAUSE_ON.into()),
        Some(given) => each(fields, &at("pause_on.reasons"), &given.reasons, |fields, field, value| {
            pause_reason(fields, field, *value)
        })
        .map(|reasons| reasons.into_iter().collect()),
    };
    let escalations = each(fields, &at("escalations"), &target.escalations, |fields, field, it| {
        let after_seconds = seconds(fields, &format!("{field}.after"), it.after);
        let notify = fields.text(&format!("{field}.notify"), &it.notify, NAME_BYTES);
        Some(Escalation { after_seconds: after_seconds?, notify: notify? })
    });
    is_short?;
    Some(Target {
        kind: kind?,
        when: when?,
        duration: duration?,
        calendar: calendar?,
        warn_at: warn_at?,
        pause_on: pause_on?,
        escalations: escalations?,
    })
}

fn warning(fields: &mut Fields, field: &str, warning: &pb::Warning) -> Option<WarnAt> {
    match warning.at {
        Some(pb::warning::At::Percent(percent)) => Some(WarnAt::Percent(percent.into())),
        Some(pb::warning::At::BeforeDue(before)) => {
            seconds(fields, &format!("{field}.before_due"), Some(before)).map(WarnAt::BeforeDue)
        }
        None => fields.refuse(field, "is required: percent or before_due"),
    }
}

fn condition(fields: &mut Fields, path: &str, condition: &pb::Match) -> Option<Match> {
    let at = |name: &str| format!("{path}.{name}");
    let priorities =
        each(fields, &at("priorities"), &condition.priorities, |fields, field, value| priority(fields, field, *value));
    let mut seen = BTreeSet::new();
    let is_short = fields.at_most(&at("fields"), condition.fields.len(), FIELDS_MAX);
    let of_fields = each(fields, &at("fields"), &condition.fields, |fields, field, it| {
        let key = fields.required_text(&format!("{field}.key"), &it.key, NAME_BYTES);
        let is_short = fields.at_most(&format!("{field}.values"), it.values.len(), VALUES_MAX);
        let values = each(fields, &format!("{field}.values"), &it.values, |fields, field, value| {
            fields.text(field, value, NAME_BYTES)
        });
        if it.values.is_empty() {
            return fields.refuse(format!("{field}.values"), "is required: what the field holds");
        }
        let key = key?;
        if !seen.insert(key.clone()) {
            return fields.refuse(format!("{field}.key"), format!("{key} is given twice"));
        }
        is_short?;
        Some((key, values?.into_iter().collect()))
    });
    is_short?;
    let when = Match {
        priorities: priorities?.into_iter().collect(),
        confidential: condition.confidential,
        fields: of_fields?.into_iter().collect(),
    };
    if when == Match::default() {
        return fields.refuse(path, "asks for nothing: leave it out, or give priorities, confidential or fields");
    }
    Some(when)
}
