//! Malformed requests, and the violations that they are answered with.

use api::{handoff::v1 as pb, r#type::v1 as common};
use chassis::{Fields, Parse};
use criteria::Value;

use super::{On, SetTerms, UpdateRoute, UpdateTeam, record};
use crate::{
    domain::{
        Reason,
        handoff::{Edit, Reject, TickItem, Update},
        route, team,
    },
    ops::handoff::{Accepting, New},
};

const UUID: &str = "0190a5b8-5b5c-7f00-8000-000000000001";

/// Every violation of a request, one a line.
fn wrong<P: Parse>(request: P::Request) -> String {
    let mut fields = Fields::default();
    let parsed = P::parse(request, &mut fields);
    let violations: Vec<_> =
        fields.violations().iter().map(|wrong| format!("{}: {}", wrong.field, wrong.description)).collect();
    assert!(parsed.is_none() || !violations.is_empty(), "the request is well formed");
    violations.join("\n")
}

fn well_formed<P: Parse>(request: P::Request) -> P {
    let mut fields = Fields::default();
    let parsed = P::parse(request, &mut fields);
    assert_eq!(*fields.violations(), []);
    parsed.unwrap()
}

fn text(text: &str) -> common::FieldValue {
    common::FieldValue { kind: Some(common::field_value::Kind::Text(text.to_owned())) }
}

fn long() -> String {
    "é".repeat(10_000)
}

#[test]
fn a_new_handoff_is_refused_with_everything_that_is_wrong_with_it() {
    let request = pb::CreateHandoffRequest {
        request_id: "x".to_owned(),
        from_team: "Sales".to_owned(),
        title: "é".repeat(201),
        summary: Some(pb::Summary {
            situation: long(),
            actions: vec![pb::SummaryAction::default()],
            contacts: vec![
                pb::Contact { name: "Cora".to_owned(), ..Default::default() },
                pb::Contact { name: "a\0b".to_owned(), ..Default::default() },
            ],
            ..Default::default()
        }),
        priority: 9,
        triggered_at: Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }),
        fields: [("nul".to_owned(), text("a\0b")), ("none".to_owned(), common::FieldValue::default())].into(),
        origin: Some(pb::Origin { system: "crm".to_owned(), key: String::new() }),
        follows: "1".to_owned(),
        links: vec![pb::Link { system: "crm".to_owned(), url: "u".repeat(2_001), ..Default::default() }],
        attachments: vec![common::Attachment { size_bytes: -1, ..Default::default() }, common::Attachment::default()],
        side: 7,
        override_reason: long(),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong::<New>(request), @"");
}

#[test]
fn a_new_handoff_needs_a_route_or_a_pair_and_a_title() {
    let request = pb::CreateHandoffRequest { request_id: UUID.to_owned(), ..Default::default() };
    insta::assert_snapshot!(wrong::<New>(request.clone()), @"");
    let request = pb::CreateHandoffRequest {
        route_id: "sales-to-delivery".to_owned(),
        to_team: "delivery".to_owned(),
        fields: [("k".repeat(10_000), text("v"))].into(),
        ..request
    };
    insta::assert_snapshot!(wrong::<New>(request), @"");
}

#[test]
fn reasons_say_what_their_kind_demands() {
    let reason = |kind: i32, criterion: &str, text: &str| pb::Reason {
        kind,
        criterion: criterion.to_owned(),
        text: text.to_owned(),
    };
    let request = pb::RejectHandoffRequest {
        request_id: UUID.to_owned(),
        handoff_id: UUID.to_owned(),
        attempt: 1,
        reasons: vec![
            reason(pb::ReasonKind::Criterion.into(), "contract", ""),
            reason(pb::ReasonKind::Criterion.into(), "", "it is not signed"),
            reason(pb::ReasonKind::Incomplete.into(), "", " "),
            reason(pb::ReasonKind::Other.into(), "contract", "what?"),
            reason(pb::ReasonKind::Unknown.into(), "", ""),
            reason(0, "", ""),
            reason(99, "", &long()),
        ],
        ..Default::default()
    };
    insta::assert_snapshot!(wrong::<On<Reject>>(request.clone()), @"");
    let one = pb::RejectHandoffRequest { reasons: request.reasons[..1].to_vec(), ..request.clone() };
    let cited = Reason::Criterion { key: "contract".to_owned(), text: None };
    assert_eq!(well_formed::<On<Reject>>(one).command.reasons, [cited]);
    let none = pb::RejectHandoffRequest { reasons: vec![], attempt: 0, expected_revision: -1, ..request };
    insta::assert_snapshot!(wrong::<On<Reject>>(none), @"");
}

#[test]
fn conditions_are_whole() {
    let request = pb::AcceptHandoffRequest {
        request_id: UUID.to_owned(),
        handoff_id: "no".to_owned(),
        attempt: -1,
        conditions: vec![pb::Condition { owner: "o".repeat(201), ..Default::default() }],
        ..Default::default()
    };
    insta::assert_snapshot!(wrong::<On<Accepting>>(request.clone()), @"");
    let many = pb::AcceptHandoffRequest { conditions: vec![pb::Condition::default(); 51], ..request };
    assert!(wrong::<On<Accepting>>(many).contains("conditions: TOO_LARGE: 51 of them; at most 50 are kept"));
}

#[test]
fn a_tick_says_how_far_the_item_is() {
    let request = pb::TickItemRequest {
        request_id: UUID.to_owned(),
        handoff_id: UUID.to_owned(),
        item: "customer_told".to_owned(),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong::<On<TickItem>>(request.clone()), @"");
    let tick = Some(common::Tick { state: 8, evidence: "a\0b".to_owned(), reason: long() });
    insta::assert_snapshot!(wrong::<On<TickItem>>(pb::TickItemRequest { tick, ..request }), @"");
}

fn update(paths: &[&str]) -> pb::UpdateHandoffRequest {
    pb::UpdateHandoffRequest {
        request_id: UUID.to_owned(),
        handoff_id: UUID.to_owned(),
        update_mask: Some(prost_types::FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }),
        title: "Acme".to_owned(),
        fields: [("contract".to_owned(), text("C-1")), ("seats".to_owned(), text("ten"))].into(),
        ..Default::default()
    }
}

#[test]
fn an_update_names_what_it_changes() {
    insta::assert_snapshot!(wrong::<On<Update>>(update(&[])), @"");
    let paths = ["state", "fields.", "fields.Not a key", "summary.severity", "title"];
    insta::assert_snapshot!(wrong::<On<Update>>(update(&paths)), @"");
    let untitled = pb::UpdateHandoffRequest { title: " ".to_owned(), ..update(&["title"]) };
    insta::assert_snapshot!(wrong::<On<Update>>(untitled), @"");
}

#[test]
fn an_update_changes_what_its_mask_names_and_nothing_else() {
    let parsed = well_formed::<On<Update>>(update(&["fields.contract", "fields.gone", "deliver_by"])).command;
    let contract = Edit::Field("contract".to_owned(), Some(Value::Text("C-1".to_owned())));
    assert_eq!(parsed.edits, [Edit::DeliverBy(None), contract, Edit::Field("gone".to_owned(), None)]);
    assert_eq!(parsed.all_fields, None);
    let parsed = well_formed::<On<Update>>(update(&["fields"])).command;
    assert_eq!(parsed.edits, []);
    assert_eq!(parsed.all_fields.unwrap().len(), 2);
}

#[test]
fn teams_and_routes_are_within_bounds() {
    let members = vec![pb::Member::default(), pb::Member { principal: "cora".to_owned(), role: 5 }];
    let request = pb::CreateTeamRequest { display_name: "n".repeat(201), members, ..Default::default() };
    insta::assert_snapshot!(wrong::<team::Create>(request), @"");
    let mask = Some(prost_types::FieldMask { paths: vec!["id".to_owned(), "display_name".to_owned()] });
    let request = pb::UpdateTeamRequest { update_mask: mask, ..Default::default() };
    insta::assert_snapshot!(wrong::<UpdateTeam>(request), @"");
    let request = pb::CreateRouteRequest {
        request_id: UUID.to_owned(),
        from_team: "sales".to_owned(),
        risks: vec![pb::Risk { kind: 0, note: long() }],
        review_every: Some(prost_types::Duration { seconds: 5, nanos: 0 }),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong::<route::Create>(request), @"");
    let mask = Some(prost_types::FieldMask { paths: vec!["terms".to_owned(), "trigger".to_owned()] });
    let trigger = Some(pb::Trigger { event_type: "t".repeat(201), ..Default::default() });
    let request = pb::UpdateRouteRequest { update_mask: mask, trigger, ..Default::default() };
    insta::assert_snapshot!(wrong::<UpdateRoute>(request), @"");
}

#[test]
fn a_route_without_an_id_is_named_after_its_teams() {
    let request = pb::CreateRouteRequest {
        request_id: UUID.to_owned(),
        from_team: "sales".to_owned(),
        to_team: "delivery".to_owned(),
        ..Default::default()
    };
    assert_eq!(well_formed::<route::Create>(request).id.as_str(), "sales-to-delivery");
}

#[test]
fn terms_name_a_version_of_a_template_or_none() {
    let request = pb::SetTermsRequest {
        request_id: UUID.to_owned(),
        route_id: "sales-to-delivery".to_owned(),
        template_version: 3,
        read_back: 4,
        return_window: Some(prost_types::Duration { seconds: 367 * 86_400, nanos: 0 }),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong::<SetTerms>(request), @"");
}

#[test]
fn a_record_of_history_is_refused_with_everything_that_is_wrong_with_it() {
    let record_of = |events| pb::HistoricHandoff {
        from_team: "2nd Line / EU".to_owned(),
        to_team: "***".to_owned(),
        incident: "i".repeat(201),
        events,
        ..Default::default()
    };
    let refused = |record_of| match record(record_of).unwrap_err() {
        kernel::Error::Refused(refusal) => {
            let violations = refusal.violations.iter();
            violations.map(|wrong| format!("{}: {}", wrong.field, wrong.description)).collect::<Vec<_>>().join("\n")
        }
        error => panic!("{error:?}"),
    };
    insta::assert_snapshot!(refused(record_of(vec![])), @"");
    let event = pb::HistoricEvent { kind: 10, actor: "a".repeat(201), reason: long(), ..Default::default() };
    insta::assert_snapshot!(refused(record_of(vec![event])), @"");
}

#[test]
fn foreign_names_of_teams_become_slugs() {
    let request = pb::HistoricHandoff {
        origin: Some(pb::Origin { system: "vinst".to_owned(), key: "1".to_owned() }),
        from_team: "2nd Line / EU".to_owned(),
        to_team: "v5--3rd-".to_owned(),
        title: "PROD582".to_owned(),
        events: vec![pb::HistoricEvent {
            kind: pb::HistoricEventKind::Submitted.into(),
            at: Some(prost_types::Timestamp::default()),
            ..Default::default()
        }],
        ..Default::default()
    };
    let record = record(request).unwrap();
    assert_eq!((record.from_team.as_str(), record.to_team.as_str()), ("x-2nd-line-eu", "v5--3rd-"));
}
