//! A draft moves to a newer version of its template: looked at first, then done, and nothing of it is lost.

use api::{
    handoff::v1 as pb,
    r#type::v1::{FieldValue, field_value::Kind as Value},
};
use pb::{MigrateDraftRequest, handoff_event::Kind};
use tonic::Code;

use crate::{
    requests::{answers, on, prepare, terms},
    words::{outcome, why},
    world::{ROUTE, World},
};

/// The starter without one field and one item, with one field narrowed, one new, and one rule more.
async fn second(world: &World) -> String {
    let yaml = world.starter().await;
    let field = |key: &str| {
        let begin = yaml.find(&format!("  - key: {key}\n")).unwrap();
        let end = begin + 3 + yaml[begin + 3..].find("  - key: ").unwrap();
        yaml[begin..end].to_owned()
    };
    let yaml = yaml.replace(&field("decision_maker"), "").replace(&field("data_agreement_signed"), "");
    let yaml = yaml.replace("constraints: {min_length: 30}", "constraints: {min_length: 60}");
    yaml.replace(
        "  - key: kickoff_on\n",
        "  - key: budget_code\n    label: Budget code\n    type: TEXT\n    required: true\n  - key: kickoff_on\n",
    )
}

/// A draft that was ready under version 1, with an answer and a tick that version 2 has no place for; version 2 is out.
async fn world() -> (World, pb::Handoff) {
    let world = World::with_template().await;
    let draft = prepare(&world.sam, &world.sam.draft("Acme").await).await;
    let boss = FieldValue { kind: Some(Value::Text("Dora Boss".into())) };
    let draft = world.sam.update(answers(&draft, &[("decision_maker", boss)])).await.unwrap();
    let draft = world.sam.tick(crate::requests::ticked(&draft, "data_agreement_signed", "")).await.unwrap();
    assert!(world.sam.evaluate(&draft.id).await.unwrap().ready);
    let yaml = second(&world).await;
    assert_eq!(world.publish(&yaml).await.version, 2);
    (world, draft)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_is_looked_at_and_then_does_what_was_seen() {
    let (world, draft) = Box::pin(world()).await;
    let seen = world.sam.preview_migration(&draft.id, 0).await.unwrap();
    assert_eq!(world.sam.get(&draft.id).await.unwrap(), draft, "a look changes nothing");
    let seen_migration = seen.migration.clone().unwrap();
    assert_eq!((seen_migration.from.clone(), seen_migration.to.as_ref().unwrap().version), (draft.template.clone(), 2));
    assert_eq!(seen_migration.archived, ["decision_maker", "data_agreement_signed"]);
    let flagged: Vec<_> = seen_migration.flagged.iter().map(|flag| flag.key.as_str()).collect();
    assert_eq!(flagged, ["timeline"], "it is too short now");
    assert!(seen_migration.kept.contains(&"technical_requirements".to_owned()));
    assert!(seen_migration.kept.contains(&"customer_told".to_owned()));
    let evaluation = seen.evaluation.clone().unwrap();
    let unmet = |key: &str| {
        let is_unmet = |result: &&api::r#type::v1::CriterionResult| {
            result.key == key && result.outcome() == api::r#type::v1::Outcome::Unmet
        };
        evaluation.results.iter().any(|result| is_unmet(&result))
    };
    assert!(!evaluation.ready && unmet("budget_code") && unmet("timeline"));
    assert_eq!(world.otto.preview_migration(&draft.id, 2).await.unwrap(), seen, "everybody may look");

    let moved = world.sam.migrate_draft(on(&draft)).await.unwrap();
    assert_eq!(moved.migration, seen.migration);
    let after = moved.handoff.unwrap();
    assert_eq!(after.template, seen_migration.to);
    let archived = after.archived.clone().unwrap();
    assert_eq!(archived.fields.keys().collect::<Vec<_>>(), ["decision_maker"]);
    assert_eq!(archived.items.keys().collect::<Vec<_>>(), ["data_agreement_signed"]);
    let before = draft.submission.clone().unwrap();
    let now = after.submission.clone().unwrap();
    assert!(now.fields.iter().all(|(key, value)| before.fields[key] == *value));
    assert_eq!(now.fields.len() + 1, before.fields.len());
    assert_eq!(world.otto.get(&draft.id).await.unwrap(), after);
    let evaluated = world.sam.evaluate(&draft.id).await.unwrap();
    assert_eq!(evaluated, evaluation, "judged by the new version");
    assert_eq!(outcome(&world.sam.submit(on(&after)).await), "CRITERIA_UNMET");
    let mend = [
        ("budget_code", crate::requests::text("4711")),
        ("timeline", crate::requests::text("Kick-off in May, live before the audit in September, at night only")),
    ];
    let mended = world.sam.update(answers(&after, &mend)).await.unwrap();
    let submitted = world.sam.submit(on(&mended)).await.unwrap();
    assert_eq!(submitted.archived, Some(archived), "it stays with the handoff");
    let told = world.sam.timeline(&draft.id).await.unwrap();
    let told = told.into_iter().find(|entry| entry.r#type == "handoff_migrated").unwrap();
    let Some(Kind::HandoffMigrated(told)) = told.event.unwrap().kind else { panic!("it is told") };
    assert_eq!((told.from, told.to), (draft.template, seen_migration.to));
    assert_eq!(told.flagged, ["timeline"]);
    assert_eq!(told.archived, ["decision_maker", "data_agreement_signed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_again_changes_nothing_and_there_is_no_way_back() {
    let (world, draft) = Box::pin(world()).await;
    let request: MigrateDraftRequest = on(&draft);
    let moved = world.sam.migrate_draft(request.clone()).await.unwrap();
    assert_eq!(world.sam.migrate_draft(request).await.unwrap(), moved, "the same request");
    let again = world.sam.migrate_draft(on(&draft)).await.unwrap();
    assert_eq!(again.handoff, moved.handoff);
    let migration = again.migration.unwrap();
    assert_eq!((migration.from, migration.flagged, migration.archived), (migration.to, vec![], vec![]));
    let back = MigrateDraftRequest { version: 1, ..on(&draft) };
    let refused = world.sam.migrate_draft(back).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "NOT_NEWER"));
    assert_eq!(why(&world.sam.preview_migration(&draft.id, 1).await.unwrap_err()).1, "NOT_NEWER");
    let unknown = MigrateDraftRequest { version: 9, ..on(&draft) };
    assert_eq!(world.sam.migrate_draft(unknown).await.unwrap_err().reason, "TEMPLATE_NOT_FOUND");
    let bad = MigrateDraftRequest { request_id: "1".into(), version: -1, ..on(&draft) };
    assert_eq!(world.sam.migrate_draft(bad).await.unwrap_err().fields, ["request_id", "version"]);
    let facts = world.sam.facts(&draft).await;
    assert_eq!(facts.iter().filter(|fact| *fact == "handoff_migrated").count(), 1);
    let stale = MigrateDraftRequest { expected_revision: draft.revision, ..on(&draft) };
    assert_eq!(world.sam.migrate_draft(stale).await.unwrap_err().reason, "REVISION_MISMATCH");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_upstream_moves_and_only_a_draft() {
    let (world, draft) = Box::pin(world()).await;
    for other in [&world.ivan, &world.otto] {
        let refused = other.migrate_draft(on(&draft)).await.unwrap_err();
        assert_eq!(why(&refused), (Code::PermissionDenied, "WRONG_SIDE"));
    }
    let submitted = world.sam.submit(on(&draft)).await.expect("what pinned version 1 is judged by it");
    let refused = world.sam.migrate_draft(on(&submitted)).await.unwrap_err();
    assert_eq!((refused.reason.as_str(), refused.metadata["state"].as_str()), ("WRONG_STATE", "SUBMITTED"));
    assert_eq!(world.sam.preview_migration(&draft.id, 0).await.unwrap_err().reason, "WRONG_STATE");
    let rejected = world.ivan.reject(on(&submitted)).await.unwrap();
    assert_eq!(world.sam.migrate_draft(on(&rejected)).await.unwrap_err().reason, "WRONG_STATE");

    world.set_terms(terms("", 0)).await;
    let none = world.sam.draft("without").await;
    assert_eq!(world.sam.migrate_draft(on(&none)).await.unwrap_err().reason, "NOTHING_TO_MIGRATE");
    let unknown = MigrateDraftRequest { handoff_id: testkit::request_id(), ..on(&none) };
    assert_eq!(world.sam.migrate_draft(unknown).await.unwrap_err().reason, "NOT_FOUND");
    world.set_terms(terms(ROUTE, 1)).await;
    let secret = pb::CreateHandoffRequest { confidential: true, ..crate::requests::create(ROUTE, "secret") };
    let secret = world.sam.create(secret).await.unwrap().0;
    assert_eq!(world.otto.migrate_draft(on(&secret)).await.unwrap_err().reason, "NOT_FOUND");
    assert_eq!(world.otto.preview_migration(&secret.id, 0).await.unwrap_err().reason, "NOT_FOUND");
    world.sam.migrate_draft(on(&secret)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_template_service_away_a_move_waits_and_can_be_tried_again() {
    let (mut world, draft) = Box::pin(world()).await;
    let place = world.stop_templates().await;
    let request: MigrateDraftRequest = on(&draft);
    let refused = world.sam.migrate_draft(request.clone()).await.unwrap_err();
    assert_eq!(why(&refused), (Code::Unavailable, "AWAY"));
    assert_eq!(world.sam.preview_migration(&draft.id, 0).await.unwrap_err().reason, "AWAY");
    assert_eq!(world.sam.get(&draft.id).await.unwrap(), draft);
    world.start_templates(place).await;
    let moved = testkit::eventually("it moves", async || world.sam.migrate_draft(request.clone()).await.ok()).await;
    assert_eq!(moved.handoff.unwrap().template.unwrap().version, 2);
}
