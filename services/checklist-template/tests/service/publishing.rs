//! Drafts become versions that never change.

use api::checklist::v1::{
    GetVersionRequest, ListStartersRequest, PublishVersionRequest, RetireVersionRequest, TemplateEvent,
    UpdateDraftRequest, VersionState, template_event::Kind,
};
use prost::Message;
use testkit::{People, refusal, request_id};
use tonic::Code;

use crate::{client, content, create, import, service};

fn publish(id: &str) -> PublishVersionRequest {
    PublishVersionRequest { request_id: request_id(), template_id: id.into(), expected_content_hash: String::new() }
}

fn latest(id: &str) -> GetVersionRequest {
    GetVersionRequest { template_id: id.into(), version: 0 }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_starter_is_imported_published_and_said() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    let starters = anna.list_starters(ListStartersRequest {}).await.unwrap().into_inner().starters;
    assert_eq!(starters.len(), 4);
    for starter in &starters {
        let answer = anna.import_template(import(&starter.yaml, true)).await.unwrap().into_inner();
        assert!(answer.changed && answer.findings.is_empty());
        assert_eq!(answer.version.unwrap().state(), VersionState::Published);
        let again = anna.import_template(import(&starter.yaml, true)).await.unwrap().into_inner();
        assert!(!again.changed, "the same content again changes nothing");
    }
    let facts = service.settle().await;
    let names: Vec<_> = facts.iter().map(testkit::Fact::name).collect();
    assert_eq!(names, ["template_created", "version_published"].repeat(4));
    let sequences: Vec<_> = facts.iter().map(|fact| fact.sequence).collect();
    assert_eq!(sequences, (1..=8).collect::<Vec<_>>());
    let event = TemplateEvent::decode(&*facts[7].payload).unwrap();
    let Some(Kind::VersionPublished(published)) = event.kind else { panic!("{event:?}") };
    assert!(published.criteria.contains(&"signed_contract".to_owned()));
    assert_eq!(facts[7].subject, "checklist.v1.version_published.sales._");
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_says_everything_that_is_wrong_at_once() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    let mut flawed = create("flawed", &["a", "a", "b"]);
    let fields = &mut flawed.content.as_mut().unwrap().fields;
    fields[1].required_if = "fields.nobody == 'x'".into();
    fields[2].visible_if = "fields.b == 'x'".into();
    anna.create_template(flawed).await.unwrap();
    let refused = refusal(&anna.publish_version(publish("flawed")).await.unwrap_err());
    assert_eq!((refused.code, refused.reason.as_str()), (Code::FailedPrecondition, "NOT_PUBLISHABLE"));
    insta::assert_debug_snapshot!(refused.subjects, @r#"
    [
        "fields[1].key",
        "fields[1].required_if",
        "fields[2].visible_if",
    ]
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_never_changes() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    anna.create_template(create("t", &["a"])).await.unwrap();
    let first = anna.publish_version(publish("t")).await.unwrap().into_inner().version.unwrap();
    let update = UpdateDraftRequest {
        request_id: request_id(),
        template_id: "t".into(),
        content: Some(content(&["a", "b"])),
        expected_content_hash: String::new(),
    };
    let draft = anna.update_draft(update).await.unwrap().into_inner().version.unwrap();
    assert_eq!((draft.version, draft.state()), (2, VersionState::Draft));
    let kept = anna.get_version(latest("t")).await.unwrap().into_inner().version.unwrap();
    assert_eq!(kept, first, "the draft is not seen by those who pin the latest");

    let mut owner = service.setting.database.connect_as_owner().await;
    let forced = sqlx::query("UPDATE checklist.template_version SET content = '{}' WHERE version = 1");
    let error = forced.execute(&mut owner).await.unwrap_err().to_string();
    assert!(error.contains("never changes"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_version_is_not_the_latest() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    anna.create_template(create("t", &["a"])).await.unwrap();
    anna.publish_version(publish("t")).await.unwrap();
    let retire = RetireVersionRequest { request_id: request_id(), template_id: "t".into(), version: 1 };
    let retired = anna.retire_version(retire).await.unwrap().into_inner().version.unwrap();
    assert_eq!(retired.state(), VersionState::Retired);
    let refused = refusal(&anna.get_version(latest("t")).await.unwrap_err());
    assert_eq!((refused.code, refused.reason.as_str()), (Code::NotFound, "VERSION_NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_leads_of_the_owner_team_and_administrators_write() {
    let service = service().await;
    for who in [People::Sam, People::Ivan, People::Reader] {
        let refused = refusal(&client(&service, who).create_template(create("t", &["a"])).await.unwrap_err());
        assert_eq!((refused.code, refused.reason.as_str()), (Code::PermissionDenied, "LEAD_ONLY"), "{who:?}");
    }
    client(&service, People::Admin).create_template(create("t", &["a"])).await.unwrap();
    let refused = refusal(&client(&service, People::Ivan).publish_version(publish("t")).await.unwrap_err());
    assert_eq!(refused.code, Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_moved_is_not_overwritten() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    anna.create_template(create("t", &["a"])).await.unwrap();
    let stale = UpdateDraftRequest {
        request_id: request_id(),
        template_id: "t".into(),
        content: Some(content(&["b"])),
        expected_content_hash: "0".repeat(64),
    };
    let refused = refusal(&anna.update_draft(stale).await.unwrap_err());
    assert_eq!((refused.code, refused.reason.as_str()), (Code::Aborted, "REVISION_MISMATCH"));
}
