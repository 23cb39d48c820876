//! What is wrong with the map, and what an import changes, on the wire.

use api::handoff::v1 as pb;

use crate::{
    domain::map::{Change, FieldChange, Finding, Plan, Subject},
    grpc::twins::Twin,
};

pub(crate) fn into_finding(finding: &Finding) -> pb::MapFinding {
    pb::MapFinding {
        code: finding.code.write(),
        severity: finding.code.severity().write(),
        subject: Some(subject(&finding.subject)),
        teams: finding.teams.iter().map(ToString::to_string).collect(),
        message: finding.message.clone(),
        fix: finding.fix.clone(),
    }
}

pub(crate) fn into_import(plan: &Plan) -> pb::ImportMapResponse {
    let untouched = plan.untouched;
    pb::ImportMapResponse {
        changes: plan.changes.iter().map(change).collect(),
        untouched: Some(pb::MapUntouched {
            teams: count(untouched.teams),
            routes: count(untouched.routes),
            workflows: count(untouched.workflows),
        }),
    }
}

/// How many there are, as the contract counts.
pub(crate) fn count(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

fn change(change: &Change) -> pb::MapChange {
    let kind = if change.is_new { pb::MapChangeKind::Added } else { pb::MapChangeKind::Changed };
    pb::MapChange {
        subject: Some(subject(&change.subject)),
        kind: kind.into(),
        fields: change.fields.iter().map(field).collect(),
    }
}

fn field(change: &FieldChange) -> pb::MapFieldChange {
    let FieldChange { field, before, after } = change;
    pb::MapFieldChange { field: (*field).to_owned(), before: before.clone(), after: after.clone() }
}

fn subject(subject: &Subject) -> pb::MapSubject {
    let (kind, id) = match subject {
        Subject::Team(id) => (pb::MapSubjectKind::Team, id.to_string()),
        Subject::Route(id) => (pb::MapSubjectKind::Route, id.to_string()),
        Subject::Workflow(id) => (pb::MapSubjectKind::Workflow, id.to_string()),
    };
    pb::MapSubject { kind: kind.into(), id }
}
