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
        links: vec![
            pb::Link { system: "crm".to_owned(), url: "u".repeat(2_001), ..Default::default() },
            pb::Link {
                system: "crm".to_owned(),
                r#type: "deal".to_owned(),
                key: "D-1".to_owned(),
                url: "javascript:alert(1)".to_owned(),
            },
        ],
        attachments: vec![common::Attachment { size_bytes: -1, ..Default::default() }, common::Attachment::default()],
        side: 7,
        override_reason: long(),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong::<New>(request), @r#"
    request_id: is not a UUID: "x"
    from_team: not a slug: "Sales"; use 1 to 63 of a-z, 0-9 and '-', beginning with a letter
    to_team: is required: a slug, as sales-to-implementation
    title: TOO_LARGE: 201 characters; at most 200 are kept
    summary.situation: TOO_LARGE: 20000 bytes; at most 16384 are kept
    summary.actions[0].text: is required
    summary.contacts[1].name: holds a NUL character, which cannot be stored
    priority: is 9, which this version does not know
    triggered_at: is not an instant between the years 1 and 9999
    fields.none: holds no value
    origin.key: is required
    follows: is not a UUID: "1"
    links[0].type: is required
    links[0].key: is required
    links[0].url: TOO_LARGE: 2001 characters; at most 2000 are kept
    links[1].url: an address begins with https:// or http://
    attachments[0].size_bytes: must not be negative
    attachments[1]: `attachment`: the name is blank
    side: is 7, which this version does not know
    override_reason: TOO_LARGE: 20000 bytes; at most 16384 are kept
    "#);
}

#[test]
fn a_new_handoff_needs_a_route_or_a_pair_and_a_title() {
    let request = pb::CreateHandoffRequest { request_id: UUID.to_owned(), ..Default::default() };
    insta::assert_snapshot!(wrong::<New>(request.clone()), @r"
    route_id: is required, or else both from_team and to_team
    title: is required
    ");
    let request = pb::CreateHandoffRequest {
        route_id: "sales-to-delivery".to_owned(),
        to_team: "delivery".to_owned(),
        fields: [("k".repeat(10_000), text("v"))].into(),
        ..request
    };
    insta::assert_snapshot!(wrong::<New>(request), @r#"
    route_id: is given beside a pair of teams; give the one or the other
    title: is required
    fields: no field has the key "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…"
    "#);
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
    insta::assert_snapshot!(wrong::<On<Reject>>(request.clone()), @r"
    reasons[1].criterion: is required
    reasons[2].text: is required: say what
    reasons[3].criterion: is for the kind CRITERION alone
    reasons[4].kind: UNKNOWN is for imported history; give the reason
    reasons[5].kind: is required
    reasons[6].kind: is 99, which this version does not know
    reasons[6].text: TOO_LARGE: 20000 bytes; at most 16384 are kept
    ");
    let one = pb::RejectHandoffRequest { reasons: request.reasons[..1].to_vec(), ..request.clone() };
    let cited = Reason::Criterion { key: "contract".to_owned(), text: None };
    assert_eq!(well_formed::<On<Reject>>(one).command.reasons, [cited]);
    let none = pb::RejectHandoffRequest { reasons: vec![], attempt: 0, expected_revision: -1, ..request };
    insta::assert_snapshot!(wrong::<On<Reject>>(none), @r"
    expected_revision: must not be negative
    attempt: is required: a number from 1
    reasons: give at least one reason
    ");
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
    insta::assert_snapshot!(wrong::<On<Accepting>>(request.clone()), @r#"
    handoff_id: is not a UUID: "no"
    attempt: is required: a number from 1
    conditions[0].text: is required
    conditions[0].due_at: is required: an instant
    conditions[0].owner: TOO_LARGE: 201 characters; at most 200 are kept
    "#);
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
    insta::assert_snapshot!(wrong::<On<TickItem>>(request.clone()), @"tick: is required: how far the item is");
    let tick = Some(common::Tick { state: 8, evidence: "a\0b".to_owned(), reason: long() });
    insta::assert_snapshot!(wrong::<On<TickItem>>(pb::TickItemRequest { tick, ..request }), @r"
    tick.evidence: holds a NUL character, which cannot be stored
    tick.reason: TOO_LARGE: 20000 bytes; at most 16384 are kept
    tick.state: is 8, which this version does not know
    ");
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
    insta::assert_snapshot!(wrong::<On<Update>>(update(&[])), @"update_mask: is required: name what to change");
    let paths = ["state", "fields.", "fields.Not a key", "summary.severity", "title"];
    insta::assert_snapshot!(wrong::<On<Update>>(update(&paths)), @r#"
    update_mask: "fields." cannot be changed
    update_mask: "fields.Not a key" cannot be changed
    update_mask: "state" cannot be changed
    update_mask: "summary.severity" cannot be changed
    "#);
    let untitled = pb::UpdateHandoffRequest { title: " ".to_owned(), ..update(&["title"]) };
    insta::assert_snapshot!(wrong::<On<Update>>(untitled), @"title: is required");
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
    insta::assert_snapshot!(wrong::<team::Create>(request), @r"
    request_id: is required: a UUID
    team_id: is required: a slug, as sales-to-implementation
    display_name: TOO_LARGE: 201 characters; at most 200 are kept
    members[0].principal: is required
    members[1].role: is 5, which this version does not know
    ");
    let mask = Some(prost_types::FieldMask { paths: vec!["id".to_owned(), "display_name".to_owned()] });
    let request = pb::UpdateTeamRequest { update_mask: mask, ..Default::default() };
    insta::assert_snapshot!(wrong::<UpdateTeam>(request), @r#"
    request_id: is required: a UUID
    team_id: is required: a slug, as sales-to-implementation
    display_name: is required
    update_mask: "id" cannot be changed
    "#);
    let request = pb::CreateRouteRequest {
        request_id: UUID.to_owned(),
        from_team: "sales".to_owned(),
        risks: vec![pb::Risk { kind: 0, note: long() }],
        review_every: Some(prost_types::Duration { seconds: 5, nanos: 0 }),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong::<route::Create>(request), @r"
    to_team: is required: a slug, as sales-to-implementation
    risks[0].kind: is required
    risks[0].note: TOO_LARGE: 20000 bytes; at most 16384 are kept
    review_every: must be 86400 to 316224000 seconds, not 5
    ");
    let mask = Some(prost_types::FieldMask { paths: vec!["terms".to_owned(), "trigger".to_owned()] });
    let trigger = Some(pb::Trigger { event_type: "t".repeat(201), ..Default::default() });
    let request = pb::UpdateRouteRequest { update_mask: mask, trigger, ..Default::default() };
    insta::assert_snapshot!(wrong::<UpdateRoute>(request), @r#"
    request_id: is required: a UUID
    route_id: is required: a slug, as sales-to-implementation
    update_mask: "terms" cannot be changed
    trigger.event_type: TOO_LARGE: 201 characters; at most 200 are kept
    "#);
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
    insta::assert_snapshot!(wrong::<SetTerms>(request), @r"
    template_version: is the version of no template; give its template_id
    read_back: is 4, which this version does not know
    return_window: must be 0 to 31622400 seconds, not 31708800
    ");
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
    insta::assert_snapshot!(refused(record_of(vec![])), @r"
    record.origin: is required: the outside record
    record.incident: TOO_LARGE: 201 characters; at most 200 are kept
    record.to_team: has no letter and no digit to make a slug of
    record.title: is required
    record.events: give at least one event
    ");
    let event = pb::HistoricEvent { kind: 10, actor: "a".repeat(201), reason: long(), ..Default::default() };
    insta::assert_snapshot!(refused(record_of(vec![event])), @r"
    record.origin: is required: the outside record
    record.incident: TOO_LARGE: 201 characters; at most 200 are kept
    record.to_team: has no letter and no digit to make a slug of
    record.title: is required
    record.events[0].kind: is 10, which this version does not know
    record.events[0].at: is required: an instant
    record.events[0].actor: TOO_LARGE: 201 characters; at most 200 are kept
    record.events[0].reason: TOO_LARGE: 20000 bytes; at most 16384 are kept
    ");
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
