//! Answers about the map as a whole.

use std::collections::BTreeSet;

use api::handoff::v1 as pb;
use chassis::{Call, actor, into_status};
use kernel::{Error, Result, Timestamp};
use tonic::{Request, Response, Status};

use super::{
    Routes, found,
    requests::{CheckMap, ExportMap, Format, ImportMap, to_yaml},
    responses::{count, into_finding, into_import},
};
use crate::{
    domain::{
        Refused, TeamId,
        limits::MAP_TEXT_MAX_BYTES,
        map::{self, Code, Finding, Map, Severity, TemplateState, Templates},
        route::TemplateChoice,
    },
    ops, store,
};

pub(super) async fn check(
    routes: &Routes,
    request: Request<pb::CheckMapRequest>,
) -> Result<Response<pb::CheckMapResponse>, Status> {
    let (_, CheckMap { team, page }) = Call::query(request)?;
    must_be_there(routes, team.as_ref()).await?;
    let (map, now) = stored(routes).await?;
    let templates = routes.templates.look(map.templates_in_use()).await.map_err(into_status)?;
    let mut findings = map::check(&map, &templates, now);
    if let Some(team) = &team {
        findings.retain(|finding| finding.teams.contains(team));
    }
    let of = |severity| count(findings.iter().filter(|finding| finding.code.severity() == severity).count());
    let counts = pb::MapFindingCounts {
        errors: of(Severity::Error),
        warnings: of(Severity::Warning),
        infos: of(Severity::Info),
    };
    let templates_away = findings.iter().any(|finding| finding.code == Code::TemplateNotChecked);
    let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
    let follows = |finding: &Finding| page.after().is_none_or(|after| finding.place() > *after);
    let shown = findings.into_iter().filter(follows).take(limit).collect();
    let (findings, next_page_token) = page.cut(shown, Finding::place);
    Ok(Response::new(pb::CheckMapResponse {
        findings: findings.iter().map(into_finding).collect(),
        next_page_token,
        counts: Some(counts),
        templates_away,
    }))
}

pub(super) async fn export(
    routes: &Routes,
    request: Request<pb::ExportMapRequest>,
) -> Result<Response<pb::ExportMapResponse>, Status> {
    let (_, ExportMap { format, team }) = Call::query(request)?;
    must_be_there(routes, team.as_ref()).await?;
    let (map, _) = stored(routes).await?;
    let map = match &team {
        Some(team) => map.around(team),
        None => map,
    };
    let text = match format {
        Format::Yaml => to_yaml(&map),
        Format::Mermaid => map::flowchart(&map),
    };
    if text.len() > MAP_TEXT_MAX_BYTES {
        return Err(into_status(Refused::MapTooLarge { size_bytes: text.len() }.into()));
    }
    Ok(Response::new(pb::ExportMapResponse { text }))
}

pub(super) async fn import(
    routes: &Routes,
    request: Request<pb::ImportMapRequest>,
) -> Result<Response<pb::ImportMapResponse>, Status> {
    // Before a large text is read.
    map::must_be_admin(&actor(&request)?).map_err(|refused| into_status(refused.into()))?;
    let (call, ImportMap { document, dry_run }) = Call::parse(request)?;
    if !dry_run && let Some(answer) = routes.context.answered(&call).await.map_err(into_status)? {
        return Ok(Response::new(answer));
    }
    let (map, now) = stored(routes).await?;
    let planned = map::plan(call.by(), &map, &document, None, now).map_err(|refused| into_status(refused.into()))?;
    let templates = looked_up(routes, planned.templates.clone()).await.map_err(into_status)?;
    if dry_run {
        let plan = map::plan(call.by(), &map, &document, Some(&templates), now);
        let plan = plan.map_err(|refused| into_status(refused.into()))?;
        return Ok(Response::new(into_import(&plan)));
    }
    routes
        .context
        .once(call, (document, templates), |tx, by, (document, templates)| {
            Box::pin(async move { Ok(into_import(&ops::map::import(tx, by, document, templates).await?)) })
        })
        .await
}

/// The templates, found or not; all of them were looked up.
async fn looked_up(routes: &Routes, choices: BTreeSet<TemplateChoice>) -> Result<Templates> {
    let templates = routes.templates.look(choices).await?;
    if templates.values().any(|state| *state == TemplateState::Unknown) {
        return Err(Error::Away {
            what: "the template service",
            source: "it did not answer for every template".into(),
        });
    }
    Ok(templates)
}

/// The map as it is stored, and when it was read.
async fn stored(routes: &Routes) -> Result<(Map, Timestamp), Status> {
    let read =
        routes.context.transact("", &(), |tx, ()| Box::pin(async move { Ok((ops::map::stored(tx).await?, tx.now())) }));
    read.await.map_err(into_status)
}

async fn must_be_there(routes: &Routes, team: Option<&TeamId>) -> Result<(), Status> {
    if let Some(team) = team {
        found(store::team::get(routes.context.pool(), team).await, "team", team)?;
    }
    Ok(())
}
