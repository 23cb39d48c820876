//! Malformed requests, pages, evaluation.

use api::checklist::v1::{
    EvaluateSubmissionRequest, GetTemplateRequest, ListTemplatesRequest, ListVersionsRequest, UpdateDraftRequest,
};
use api::r#type::v1::{FieldValue, Outcome, Submission, field_value::Kind};
use testkit::{People, refusal, request_id};
use tonic::Code;

use crate::{client, content, create, import, service};

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_request_names_every_bad_field() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    let mut bad = create("Not A Slug", &["a"]);
    bad.request_id = "7".into();
    bad.display_name = "x".repeat(201);
    bad.owner_team = String::new();
    bad.content.as_mut().unwrap().fields[0].r#type = 99;
    let refused = refusal(&anna.create_template(bad).await.unwrap_err());
    assert_eq!(refused.code, Code::InvalidArgument);
    assert_eq!(refused.fields, ["request_id", "template_id", "display_name", "owner_team", "content.fields[0].type"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_yaml_is_refused_with_its_place() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    let refused = refusal(&anna.import_template(import("id: t\nfields: [", true)).await.unwrap_err());
    assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "BAD_YAML"));
    assert!(refused.message.contains("line"), "{}", refused.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_and_belong_to_their_filter() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    for id in ["a", "b", "c"] {
        anna.create_template(create(id, &["x"])).await.unwrap();
    }
    let mut request = ListTemplatesRequest { owner_team: "sales".into(), page_size: 2, page_token: String::new() };
    let first = anna.list_templates(request.clone()).await.unwrap().into_inner();
    request.page_token.clone_from(&first.next_page_token);
    let second = anna.list_templates(request.clone()).await.unwrap().into_inner();
    let ids: Vec<_> = first.templates.iter().chain(&second.templates).map(|template| template.id.as_str()).collect();
    assert_eq!((ids, second.next_page_token.as_str()), (vec!["a", "b", "c"], ""));

    for (owner_team, page_token) in [("legal", first.next_page_token.as_str()), ("sales", "garbage!")] {
        let request =
            ListTemplatesRequest { owner_team: owner_team.into(), page_size: 2, page_token: page_token.into() };
        let refused = refusal(&anna.list_templates(request).await.unwrap_err());
        assert_eq!((refused.code, refused.fields), (Code::InvalidArgument, vec!["page_token".to_owned()]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_listed_newest_first_without_content() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    anna.create_template(create("t", &["a"])).await.unwrap();
    let publish = api::checklist::v1::PublishVersionRequest {
        request_id: request_id(),
        template_id: "t".into(),
        expected_content_hash: String::new(),
    };
    anna.publish_version(publish).await.unwrap();
    let update = UpdateDraftRequest {
        request_id: request_id(),
        template_id: "t".into(),
        content: Some(content(&["b"])),
        expected_content_hash: String::new(),
    };
    anna.update_draft(update).await.unwrap();
    let request = ListVersionsRequest { template_id: "t".into(), page_size: 0, page_token: String::new() };
    let versions = anna.list_versions(request).await.unwrap().into_inner().versions;
    assert_eq!(versions.iter().map(|version| version.version).collect::<Vec<_>>(), [2, 1]);
    assert!(versions.iter().all(|version| version.content.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn evaluation_answers_for_every_criterion() {
    let service = service().await;
    let mut anna = client(&service, People::Anna);
    anna.create_template(create("t", &["a", "b"])).await.unwrap();
    let given = FieldValue { kind: Some(Kind::Text("given".into())) };
    let request = EvaluateSubmissionRequest {
        template_id: "t".into(),
        version: 1,
        submission: Some(Submission { fields: [("a".to_owned(), given)].into(), ..Default::default() }),
        ..Default::default()
    };
    let evaluation = anna.evaluate_submission(request).await.unwrap().into_inner().evaluation.unwrap();
    let outcomes: Vec<_> = evaluation.results.iter().map(|result| (result.key.as_str(), result.outcome())).collect();
    assert_eq!(outcomes, [("a", Outcome::Met), ("b", Outcome::Unmet)]);
    assert!(!evaluation.ready);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_template_is_not_found() {
    let service = service().await;
    let request = GetTemplateRequest { template_id: "nobody".into() };
    let refused = refusal(&client(&service, People::Otto).get_template(request).await.unwrap_err());
    assert_eq!((refused.code, refused.reason.as_str()), (Code::NotFound, "TEMPLATE_NOT_FOUND"));
}
