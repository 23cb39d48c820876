//! The template service through its gRPC face, on a real PostgreSQL and a real NATS.

mod publishing;
mod reading;
mod versions;
mod who_may;

use api::checklist::v1::{
    Content, CreateTemplateRequest, Field, FieldType, ImportTemplateRequest,
    template_service_client::TemplateServiceClient,
};
use checklist_template::{ChecklistTemplate, Config};
use testkit::{Caller, People, Served, request_id};

async fn service() -> Served {
    Served::start::<ChecklistTemplate>(Config {}).await
}

fn client(service: &Served, who: People) -> TemplateServiceClient<Caller> {
    TemplateServiceClient::new(service.caller(who))
}

fn text(key: &str) -> Field {
    Field { key: key.into(), label: key.into(), r#type: FieldType::Text as i32, required: true, ..Default::default() }
}

fn content(fields: &[&str]) -> Content {
    Content { fields: fields.iter().map(|key| text(key)).collect(), ..Default::default() }
}

fn create(id: &str, fields: &[&str]) -> CreateTemplateRequest {
    CreateTemplateRequest {
        request_id: request_id(),
        template_id: id.into(),
        display_name: String::new(),
        owner_team: "sales".into(),
        content: Some(content(fields)),
    }
}

fn import(yaml: &str, publish: bool) -> ImportTemplateRequest {
    ImportTemplateRequest { request_id: request_id(), yaml: yaml.into(), owner_team: "sales".into(), publish }
}
