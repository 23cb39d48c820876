//! Who may do what: every RPC, asked by everybody, about a template that sales owns. The table is a snapshot to read; beside it
//! every cell is held against the design's rules, which `allowed` writes down apart from the code.

use std::collections::BTreeSet;

use api::{
    checklist::v1::{
        DiffVersionsRequest, EvaluateSubmissionRequest, ExportTemplateRequest, GetTemplateRequest, GetVersionRequest,
        ListStartersRequest, ListTemplatesRequest, ListVersionsRequest, PublishVersionRequest, RetireVersionRequest,
        UpdateDraftRequest, template_service_client::TemplateServiceClient,
    },
    event::v1::{GetWatermarkRequest, ListEventsRequest, event_log_service_client::EventLogServiceClient},
};
use testkit::{
    Bearer, Caller, People, Served, request_id,
    who::{COLUMNS, Column, Table, rpcs},
};
use tonic::{Code, Status};

use crate::{client, content, create, import, service};

/// The columns that may.
fn allowed(rpc: &str) -> &'static str {
    match rpc {
        // "Templates need a LEAD of the owner team", with administrators.
        "CreateTemplate" | "UpdateDraft" | "PublishVersion" | "RetireVersion" | "ImportTemplate" => "uL bL A- A+",
        // "Tokens with role READER only"; the code lets administrators read it too.
        "ListEvents" | "GetWatermark" => "A- A+ Re",
        // "Everyone signed in may read."
        _ => "uM uL uS dM dL dS bM bL oL nT A- A+ Re Im",
    }
}

/// Two versions, the first of which is published, of a template that nothing else is done to.
async fn template(service: &Served) -> String {
    let id = format!("t{}", request_id());
    let mut anna = client(service, People::Anna);
    anna.create_template(create(&id, &["contract"])).await.expect("the owner may");
    let publish = PublishVersionRequest { request_id: request_id(), template_id: id.clone(), ..Default::default() };
    anna.publish_version(publish).await.expect("the owner may");
    anna.update_draft(draft(&id, "scope")).await.expect("the owner may");
    id
}

fn draft(id: &str, field: &str) -> UpdateDraftRequest {
    UpdateDraftRequest {
        request_id: request_id(),
        template_id: id.into(),
        content: Some(content(&["contract", field])),
        ..Default::default()
    }
}

async fn ask(service: &Served, caller: Caller, rpc: &str) -> Result<(), Status> {
    let id = template(service).await;
    let mut log = EventLogServiceClient::new(caller.clone());
    let mut templates = TemplateServiceClient::new(caller);
    let request_id = request_id();
    let (template_id, version) = (id.clone(), 1);
    match rpc {
        "CreateTemplate" => templates.create_template(create(&format!("n{id}"), &["a"])).await.map(drop),
        "UpdateDraft" => templates.update_draft(draft(&id, "another")).await.map(drop),
        "PublishVersion" => {
            let publish = PublishVersionRequest { request_id, template_id, ..Default::default() };
            templates.publish_version(publish).await.map(drop)
        }
        "RetireVersion" => {
            templates.retire_version(RetireVersionRequest { request_id, template_id, version }).await.map(drop)
        }
        "ImportTemplate" => {
            let yaml = format!("id: {id}\ndisplay_name: T\nfields:\n  - {{key: other, label: Other, type: TEXT}}\n");
            templates.import_template(import(&yaml, true)).await.map(drop)
        }
        "GetTemplate" => templates.get_template(GetTemplateRequest { template_id }).await.map(drop),
        "ListTemplates" => templates.list_templates(ListTemplatesRequest::default()).await.map(drop),
        "GetVersion" => templates.get_version(GetVersionRequest { template_id, version }).await.map(drop),
        "ListVersions" => {
            templates.list_versions(ListVersionsRequest { template_id, ..Default::default() }).await.map(drop)
        }
        "DiffVersions" => {
            let diff = DiffVersionsRequest { template_id, from_version: 1, to_version: 2 };
            templates.diff_versions(diff).await.map(drop)
        }
        "EvaluateSubmission" => {
            let evaluate = EvaluateSubmissionRequest { template_id, version, ..Default::default() };
            templates.evaluate_submission(evaluate).await.map(drop)
        }
        "ExportTemplate" => templates.export_template(ExportTemplateRequest { template_id, version }).await.map(drop),
        "ListStarters" => templates.list_starters(ListStartersRequest {}).await.map(drop),
        "ListEvents" => log.list_events(ListEventsRequest::default()).await.map(drop),
        "GetWatermark" => log.get_watermark(GetWatermarkRequest {}).await.map(drop),
        _ => panic!("{rpc} has no row: say here how it is asked, and in `allowed` who may"),
    }
}

fn calling(service: &Served, column: &Column) -> Caller {
    service.caller_with(column.who.map_or_else(Bearer::nothing, |who| who.bearer(service.setting.issuer())))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_do_what_is_what_the_design_says() {
    let service = service().await;
    let mut table = Table::default();
    let rpcs: BTreeSet<String> = rpcs(api::DESCRIPTORS, &["baton.checklist.v1", "baton.event.v1"]);
    let mut last = "";
    for (of, rpc) in rpcs.iter().filter_map(|rpc| rpc.split_once('/')) {
        if of != last {
            table.heading(of);
            last = of;
        }
        let mut answers = vec![];
        for column in &COLUMNS {
            answers.push(ask(&service, calling(&service, column), rpc).await);
        }
        table.row(rpc, allowed(rpc), &[Code::PermissionDenied], &answers);
    }
    assert!(table.wrong.is_empty(), "of {} cells:\n{}", table.cells, table.wrong.join("\n"));
    insta::assert_snapshot!(table.text());
}
