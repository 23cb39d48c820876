//! What changed between versions, what goes out as YAML, what is retired, and what a later service wrote.

use api::{
    checklist::v1::{
        ChangeClass, ChangeKind, Content, DiffVersionsRequest, DiffVersionsResponse, EvaluateSubmissionRequest,
        ExportTemplateRequest, GetVersionRequest, ImportTemplateRequest, ListVersionsRequest, PublishVersionRequest,
        RetireVersionRequest, Rule, TemplateEvent, UpdateDraftRequest, VersionState, template_event::Kind,
        template_service_client::TemplateServiceClient,
    },
    r#type::v1::Submission,
};
use prost::Message;
use testkit::{Caller, People, refusal, request_id};
use tonic::Code;

use crate::{client, content, create, import, service};

type Client = TemplateServiceClient<Caller>;

async fn publish(client: &mut Client) {
    let (request_id, template_id) = (request_id(), "t".into());
    let request = PublishVersionRequest { request_id, template_id, expected_content_hash: String::new() };
    client.publish_version(request).await.expect("a lead publishes a draft without findings");
}

async fn write(client: &mut Client, content: Content) {
    let update = UpdateDraftRequest {
        request_id: request_id(),
        template_id: "t".into(),
        content: Some(content),
        expected_content_hash: String::new(),
    };
    client.update_draft(update).await.expect("a lead writes the draft");
}

fn retire(version: i32) -> RetireVersionRequest {
    RetireVersionRequest { request_id: request_id(), template_id: "t".into(), version }
}

fn get(version: i32) -> GetVersionRequest {
    GetVersionRequest { template_id: "t".into(), version }
}

fn versions(from_version: i32, to_version: i32) -> DiffVersionsRequest {
    DiffVersionsRequest { template_id: "t".into(), from_version, to_version }
}

fn told(answer: &DiffVersionsResponse) -> Vec<(&str, ChangeKind, ChangeClass)> {
    answer.changes.iter().map(|change| (change.key.as_str(), change.kind(), change.class())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_names_each_change_with_its_class() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    anna.create_template(create("t", &["a", "b"])).await.unwrap();
    publish(&mut anna).await;
    let mut draft = content(&["b", "c"]);
    draft.fields[0].required = false;
    draft.fields[1].label = "See".into();
    write(&mut anna, draft).await;

    let mut otto = client(&service, People::Otto);
    let answer = otto.diff_versions(versions(0, 2)).await.unwrap().into_inner();
    assert_eq!(
        told(&answer),
        [
            ("b", ChangeKind::Required, ChangeClass::Compatible),
            ("c", ChangeKind::Added, ChangeClass::Breaking),
            ("a", ChangeKind::Removed, ChangeClass::Breaking),
        ]
    );
    assert_eq!(answer.class(), ChangeClass::Breaking);
    let (from, to) = (answer.from.unwrap(), answer.to.unwrap());
    assert_eq!((from.version, from.state(), from.content), (1, VersionState::Published, None));
    assert_eq!((to.version, to.state(), to.content), (2, VersionState::Draft, None));

    let backwards = otto.diff_versions(versions(2, 1)).await.unwrap().into_inner();
    assert_eq!(told(&backwards)[1], ("b", ChangeKind::Required, ChangeClass::Breaking));
    let same = otto.diff_versions(versions(1, 0)).await.unwrap().into_inner();
    assert_eq!((same.changes.len(), same.class()), (0, ChangeClass::Unspecified));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_of_what_is_not_there_is_refused() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    anna.create_template(create("t", &["a"])).await.unwrap();
    for (request, reason) in [(versions(0, 1), "VERSION_NOT_FOUND"), (versions(1, 9), "VERSION_NOT_FOUND")] {
        let refused = refusal(&anna.diff_versions(request).await.unwrap_err());
        assert_eq!((refused.code, refused.reason.as_str()), (Code::NotFound, reason));
    }
    let bad = DiffVersionsRequest { template_id: "No".into(), from_version: -1, to_version: -2 };
    let refused = refusal(&anna.diff_versions(bad).await.unwrap_err());
    assert_eq!(
        (refused.code, refused.fields.join(" ").as_str()),
        (Code::InvalidArgument, "template_id from_version to_version")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn importing_an_export_changes_nothing() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    let starters = anna.list_starters(api::checklist::v1::ListStartersRequest {}).await.unwrap().into_inner().starters;
    for starter in &starters {
        for publish in [false, true] {
            let before = anna.import_template(import(&starter.yaml, publish)).await.unwrap().into_inner();
            let version = before.version.unwrap();
            let export = ExportTemplateRequest { template_id: starter.id.clone(), version: version.version };
            let exported = anna.export_template(export).await.unwrap().into_inner();
            assert_eq!(exported.version.unwrap().content_hash, version.content_hash);
            let again = anna.import_template(import(&exported.yaml, publish)).await.unwrap().into_inner();
            assert!(!again.changed, "{} published: {publish}", starter.id);
            assert_eq!(again.version.unwrap(), version);
        }
    }
    let facts = service.settle().await;
    assert_eq!(facts.len(), 8, "one creation and one publication each");

    // Under another name it is another template with the same content.
    let export = ExportTemplateRequest { template_id: starters[0].id.clone(), version: 0 };
    let yaml = anna.export_template(export).await.unwrap().into_inner().yaml;
    let renamed = yaml.replace(&format!("id: {}", starters[0].id), "id: copy");
    let copy = anna.import_template(import(&renamed, true)).await.unwrap().into_inner();
    let request = GetVersionRequest { template_id: starters[0].id.clone(), version: 0 };
    let original = anna.get_version(request).await.unwrap().into_inner().version.unwrap();
    let copied = copy.version.unwrap();
    assert_eq!((copied.template_id.as_str(), copied.content_hash), ("copy", original.content_hash));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_content_can_be_exported_and_imported() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    let mut large = create("t", &[]);
    let content = large.content.as_mut().unwrap();
    for n in 0..28 {
        let mut field = crate::text(&format!("field_{n}"));
        field.help = "\"so\": 'it' # is\n".repeat(900);
        content.fields.push(field);
    }
    anna.create_template(large).await.unwrap();
    let export = ExportTemplateRequest { template_id: "t".into(), version: 1 };
    let yaml = anna.export_template(export).await.unwrap().into_inner().yaml;
    assert!(yaml.len() > 256 * 1024, "{}", yaml.len());
    let again = anna.import_template(import(&yaml, false)).await.unwrap().into_inner();
    assert!(!again.changed);
}

#[tokio::test(flavor = "multi_thread")]
async fn retiring_is_said_once_and_what_was_pinned_can_still_be_read() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    anna.create_template(create("t", &["a"])).await.unwrap();
    publish(&mut anna).await;
    write(&mut anna, content(&["a", "b"])).await;
    publish(&mut anna).await;

    let refused = refusal(&client(&service, People::Sam).retire_version(retire(2)).await.unwrap_err());
    assert_eq!((refused.code, refused.reason.as_str()), (Code::PermissionDenied, "LEAD_ONLY"));
    let first = anna.retire_version(retire(2)).await.unwrap().into_inner().version.unwrap();
    let again = client(&service, People::Admin).retire_version(retire(2)).await.unwrap().into_inner().version.unwrap();
    assert_eq!(again, first, "retiring again changes nothing");
    assert_eq!(anna.get_version(get(0)).await.unwrap().into_inner().version.unwrap().version, 1);
    let pinned = anna.get_version(get(2)).await.unwrap().into_inner().version.unwrap();
    assert_eq!((pinned.state(), pinned.content.is_some()), (VersionState::Retired, true));

    write(&mut anna, content(&["a"])).await;
    let refused = refusal(&anna.retire_version(retire(3)).await.unwrap_err());
    assert_eq!((refused.code, refused.reason.as_str()), (Code::FailedPrecondition, "WRONG_STATE"));

    let facts = service.settle().await;
    let retired: Vec<_> = facts.iter().filter(|fact| fact.name() == "version_retired").collect();
    assert_eq!(retired.len(), 1);
    let Some(Kind::VersionRetired(fact)) = TemplateEvent::decode(&*retired[0].payload).unwrap().kind else { panic!() };
    assert_eq!(fact.version, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_of_a_later_level_is_refused_wherever_it_is_met() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    let refused = |status: &tonic::Status| {
        let refused = refusal(status);
        (refused.code, refused.reason)
    };
    let too_old = (Code::FailedPrecondition, "EVALUATOR_TOO_OLD".to_owned());

    let mut newer = create("t", &["a"]);
    newer.content.as_mut().unwrap().criteria_level = 99;
    assert_eq!(refused(&anna.create_template(newer).await.unwrap_err()), too_old);
    let yaml = "id: t\ndisplay_name: T\ncriteria_level: 99\n";
    assert_eq!(refused(&anna.import_template(import(yaml, false)).await.unwrap_err()), too_old);
    anna.create_template(create("t", &["a"])).await.unwrap();
    let update = UpdateDraftRequest {
        request_id: request_id(),
        template_id: "t".into(),
        content: Some(Content { criteria_level: 99, ..content(&["a"]) }),
        expected_content_hash: String::new(),
    };
    assert_eq!(refused(&anna.update_draft(update).await.unwrap_err()), too_old);

    // A later service, beside this one during an upgrade, wrote it.
    let mut owner = service.setting.database.connect_as_owner().await;
    let later = "UPDATE checklist.template_version SET content = '{\"criteria_level\": 99, \"new\": []}'";
    sqlx::query(later).execute(&mut owner).await.unwrap();
    let evaluate = EvaluateSubmissionRequest {
        template_id: "t".into(),
        version: 1,
        submission: Some(Submission::default()),
        ..Default::default()
    };
    assert_eq!(refused(&anna.get_version(get(1)).await.unwrap_err()), too_old);
    assert_eq!(refused(&anna.evaluate_submission(evaluate).await.unwrap_err()), too_old);
    assert_eq!(refused(&anna.diff_versions(versions(1, 1)).await.unwrap_err()), too_old);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_write_is_told_so_though_nothing_would_change() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    anna.create_template(create("t", &["a"])).await.unwrap();
    publish(&mut anna).await;
    let export = ExportTemplateRequest { template_id: "t".into(), version: 0 };
    let mut sam = client(&service, People::Sam);
    let yaml = sam.export_template(export).await.unwrap().into_inner().yaml;
    let request = ImportTemplateRequest { request_id: request_id(), yaml, owner_team: String::new(), publish: false };
    let refused = refusal(&sam.import_template(request).await.unwrap_err());
    assert_eq!((refused.code, refused.reason.as_str()), (Code::PermissionDenied, "LEAD_ONLY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_sees_whether_the_handoff_is_confidential() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    let mut template = create("t", &[]);
    let rule =
        Rule { key: "open".into(), message: "M".into(), expression: "!confidential".into(), ..Default::default() };
    template.content.as_mut().unwrap().rules = vec![rule];
    anna.create_template(template).await.unwrap();
    for confidential in [false, true] {
        let request =
            EvaluateSubmissionRequest { template_id: "t".into(), version: 1, confidential, ..Default::default() };
        let evaluation = anna.evaluate_submission(request).await.unwrap().into_inner().evaluation.unwrap();
        assert_eq!(evaluation.ready, !confidential);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_versions_tells_the_state_of_each() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    anna.create_template(create("t", &["a"])).await.unwrap();
    for fields in [&["a", "b"][..], &["a", "c"]] {
        publish(&mut anna).await;
        write(&mut anna, content(fields)).await;
    }
    anna.retire_version(retire(1)).await.unwrap();
    let request = ListVersionsRequest { template_id: "t".into(), page_size: 0, page_token: String::new() };
    let versions = anna.list_versions(request).await.unwrap().into_inner().versions;
    let states: Vec<_> = versions.iter().map(|version| (version.version, version.state())).collect();
    assert_eq!(states, [(3, VersionState::Draft), (2, VersionState::Published), (1, VersionState::Retired)]);
}
