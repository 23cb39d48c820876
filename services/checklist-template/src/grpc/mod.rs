//! The gRPC face: read, act, write.

mod requests;
mod responses;

use api::checklist::v1 as pb;
use chassis::{Call, Context, actor, into_status, page};
use criteria::{ChangeClass, Circumstances, CompileError, Criteria, TemplateDocument};
use kernel::Result;
use tonic::{Request, Response, Status};

use crate::{
    domain::{Refused, Template, TemplateId},
    ops, starters, store,
};
use requests::{
    CreateTemplate, DiffVersions, EvaluateSubmission, ExportTemplate, GetTemplate, GetVersion, ImportTemplate,
    ListTemplates, ListVersions, PublishVersion, RetireVersion, UpdateDraft,
};
use responses::{draft, into_line, into_template, latest, version, without_content};

pub(crate) struct Templates(pub(crate) Context);

impl Templates {
    async fn template(&self, id: &TemplateId) -> Result<Template, Status> {
        let found = store::get(self.0.pool(), id).await.map_err(into_status)?;
        found.ok_or_else(|| refused(Refused::NotFound(id.clone())))
    }
}

#[tonic::async_trait]
impl pb::template_service_server::TemplateService for Templates {
    async fn create_template(
        &self,
        request: Request<pb::CreateTemplateRequest>,
    ) -> Result<Response<pb::CreateTemplateResponse>, Status> {
        let (call, command) = Call::parse::<CreateTemplate>(request)?;
        self.0
            .once(call, command, |tx, by, c| {
                Box::pin(async move {
                    let (id, name, owner) = (c.id.clone(), c.display_name.clone(), c.owner_team.clone());
                    let template = ops::create(tx, by, id, name, owner, c.content.clone()).await?;
                    Ok(pb::CreateTemplateResponse { template: Some(into_template(&template)) })
                })
            })
            .await
    }

    async fn get_template(
        &self,
        request: Request<pb::GetTemplateRequest>,
    ) -> Result<Response<pb::GetTemplateResponse>, Status> {
        let (_, query) = Call::query::<GetTemplate>(request)?;
        let template = self.template(&query.id).await?;
        Ok(Response::new(pb::GetTemplateResponse { template: Some(into_template(&template)) }))
    }

    async fn list_templates(
        &self,
        request: Request<pb::ListTemplatesRequest>,
    ) -> Result<Response<pb::ListTemplatesResponse>, Status> {
        let (_, query) = Call::query::<ListTemplates>(request)?;
        let after = query.after.as_deref().unwrap_or_default();
        let mut lines = store::list(self.0.pool(), query.owner_team.as_ref(), after, i64::from(query.page_size) + 1)
            .await
            .map_err(into_status)?;
        let has_more = lines.len() > query.page_size as usize;
        lines.truncate(query.page_size as usize);
        let next_page_token = match lines.last() {
            Some(last) if has_more => page::token(&query.filter, &last.id.as_str()),
            _ => String::new(),
        };
        let templates = lines.into_iter().map(into_line).collect();
        Ok(Response::new(pb::ListTemplatesResponse { templates, next_page_token }))
    }

    async fn update_draft(
        &self,
        request: Request<pb::UpdateDraftRequest>,
    ) -> Result<Response<pb::UpdateDraftResponse>, Status> {
        let (call, command) = Call::parse::<UpdateDraft>(request)?;
        self.0
            .once(call, command, |tx, by, c| {
                Box::pin(async move {
                    let seen = c.expected_hash.as_deref();
                    let template = ops::write_draft(tx, by, &c.id, c.content.clone(), seen).await?;
                    let findings = template.findings().into_iter().map(api::criteria::finding).collect();
                    Ok(pb::UpdateDraftResponse { version: draft(&template), findings })
                })
            })
            .await
    }

    async fn publish_version(
        &self,
        request: Request<pb::PublishVersionRequest>,
    ) -> Result<Response<pb::PublishVersionResponse>, Status> {
        let (call, command) = Call::parse::<PublishVersion>(request)?;
        self.0
            .once(call, command, |tx, by, c| {
                Box::pin(async move {
                    let template = ops::publish(tx, by, &c.id, c.expected_hash.as_deref()).await?;
                    Ok(pb::PublishVersionResponse { version: latest(&template) })
                })
            })
            .await
    }

    async fn retire_version(
        &self,
        request: Request<pb::RetireVersionRequest>,
    ) -> Result<Response<pb::RetireVersionResponse>, Status> {
        let (call, command) = Call::parse::<RetireVersion>(request)?;
        self.0
            .once(call, command, |tx, by, c| {
                Box::pin(async move {
                    let template = ops::retire(tx, by, &c.id, c.version).await?;
                    Ok(pb::RetireVersionResponse { version: version(&template, c.version) })
                })
            })
            .await
    }

    async fn get_version(
        &self,
        request: Request<pb::GetVersionRequest>,
    ) -> Result<Response<pb::GetVersionResponse>, Status> {
        let (_, query) = Call::query::<GetVersion>(request)?;
        let template = self.template(&query.id).await?;
        template.content(query.version).map_err(refused)?;
        Ok(Response::new(pb::GetVersionResponse { version: version(&template, query.version) }))
    }

    async fn list_versions(
        &self,
        request: Request<pb::ListVersionsRequest>,
    ) -> Result<Response<pb::ListVersionsResponse>, Status> {
        let (_, query) = Call::query::<ListVersions>(request)?;
        let template = self.template(&query.id).await?;
        let newest_first = draft(&template)
            .into_iter()
            .chain(template.published.iter().rev().filter_map(|published| version(&template, published.version)));
        let mut versions: Vec<_> = newest_first
            .filter(|version| query.before.is_none_or(|before| version.version < before))
            .map(without_content)
            .take(query.page_size as usize + 1)
            .collect();
        let has_more = versions.len() > query.page_size as usize;
        versions.truncate(query.page_size as usize);
        let next_page_token = match versions.last() {
            Some(last) if has_more => page::token(&query.filter, &last.version),
            _ => String::new(),
        };
        Ok(Response::new(pb::ListVersionsResponse { versions, next_page_token }))
    }

    async fn diff_versions(
        &self,
        request: Request<pb::DiffVersionsRequest>,
    ) -> Result<Response<pb::DiffVersionsResponse>, Status> {
        let (_, query) = Call::query::<DiffVersions>(request)?;
        let template = self.template(&query.id).await?;
        let (from, to) = (template.content(query.from).map_err(refused)?, template.content(query.to).map_err(refused)?);
        let changes = criteria::diff(from, to);
        Ok(Response::new(pb::DiffVersionsResponse {
            from: version(&template, query.from).map(without_content),
            to: version(&template, query.to).map(without_content),
            class: ChangeClass::of(&changes).map(api::criteria::change_class).unwrap_or_default(),
            changes: changes.into_iter().map(api::criteria::change).collect(),
        }))
    }

    async fn evaluate_submission(
        &self,
        request: Request<pb::EvaluateSubmissionRequest>,
    ) -> Result<Response<pb::EvaluateSubmissionResponse>, Status> {
        let (_, query) = Call::query::<EvaluateSubmission>(request)?;
        let template = self.template(&query.id).await?;
        let content = template.content(query.version).map_err(refused)?;
        let criteria = match Criteria::compile(content) {
            Ok(criteria) => criteria,
            Err(CompileError::Flawed(findings)) => return Err(refused(Refused::Findings(findings))),
            Err(CompileError::EvaluatorTooOld { needed }) => return Err(refused(Refused::EvaluatorTooOld { needed })),
        };
        let circumstances = Circumstances {
            priority: &query.priority,
            attempt: query.attempt,
            first_time_pair: query.first_time_pair,
            confidential: query.confidential,
        };
        let evaluation = criteria.evaluate(&query.submission, &circumstances, &std::collections::BTreeSet::new());
        Ok(Response::new(pb::EvaluateSubmissionResponse { evaluation: Some(api::criteria::evaluation(evaluation)) }))
    }

    async fn import_template(
        &self,
        request: Request<pb::ImportTemplateRequest>,
    ) -> Result<Response<pb::ImportTemplateResponse>, Status> {
        let (call, command) = Call::parse::<ImportTemplate>(request)?;
        self.0
            .once(call, command, |tx, by, c| {
                Box::pin(async move {
                    let document = TemplateDocument::from_yaml(&c.yaml).map_err(|e| Refused::Yaml(e.to_string()))?;
                    let (template, number, changed) =
                        ops::import(tx, by, document, c.owner_team.clone(), c.publish).await?;
                    Ok(pb::ImportTemplateResponse {
                        version: version(&template, number),
                        findings: template.findings().into_iter().map(api::criteria::finding).collect(),
                        template: Some(into_template(&template)),
                        changed,
                    })
                })
            })
            .await
    }

    async fn export_template(
        &self,
        request: Request<pb::ExportTemplateRequest>,
    ) -> Result<Response<pb::ExportTemplateResponse>, Status> {
        let (_, query) = Call::query::<ExportTemplate>(request)?;
        let template = self.template(&query.id).await?;
        let document = template.document(query.version).map_err(refused)?;
        let version = version(&template, query.version).map(without_content);
        Ok(Response::new(pb::ExportTemplateResponse { yaml: document.to_yaml(), version }))
    }

    async fn list_starters(
        &self,
        request: Request<pb::ListStartersRequest>,
    ) -> Result<Response<pb::ListStartersResponse>, Status> {
        actor(&request)?;
        let starters = starters::all()
            .map(|(yaml, document)| pb::Starter {
                id: document.id.to_string(),
                display_name: document.display_name,
                yaml: yaml.to_owned(),
            })
            .collect();
        Ok(Response::new(pb::ListStartersResponse { starters }))
    }
}

fn refused(refused: Refused) -> Status {
    into_status(refused.into())
}
