//! `baton template`.

use std::path::PathBuf;

use api::{
    checklist::v1::{
        CreateTemplateRequest, DiffVersionsRequest, EvaluateSubmissionRequest, ExportTemplateRequest,
        GetTemplateRequest, GetVersionRequest, GetVersionResponse, ImportTemplateRequest, ImportTemplateResponse,
        ListStartersRequest, ListStartersResponse, ListTemplatesRequest, ListTemplatesResponse, ListVersionsRequest,
        ListVersionsResponse, PublishVersionRequest, RetireVersionRequest, Template, TemplateVersion,
    },
    handoff::v1::Priority,
    r#type::v1::{Submission, Tick, TickState},
};
use clap::{Args, Subcommand};

use super::answers::{Given, read_text};
use crate::{
    client::{Remote, pages, request_id},
    errors::{Error, Result},
    output::print,
    session::Session,
    show::{Screen, evaluation, template as show},
    values::FieldTypes,
    words::Word as _,
};

/// What can be done with templates.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the templates
    #[command(after_help = "Example:\n  baton template list --owner sales")]
    List {
        /// Only those of this team
        #[arg(long, value_name = "TEAM")]
        owner: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Show a version's fields, checklist and rules
    #[command(after_help = "Example:\n  baton template show sales-to-implementation --version 2")]
    Show {
        /// The template
        template: String,
        /// The version [default: the latest published one, or the draft where none is published]
        #[arg(long)]
        version: Option<i32>,
    },
    /// List a template's versions, newest first
    #[command(after_help = "Example:\n  baton template versions sales-to-implementation")]
    Versions {
        /// The template
        template: String,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// What changed from one version to another, and whether it breaks what is under way
    #[command(
        after_help = "Examples:\n  baton template diff sales-to-implementation\n  baton template diff sales-to-implementation 1 3\n  baton template diff sales-to-implementation --json | jq -r .class"
    )]
    Diff {
        /// The template
        template: String,
        /// The version before [default: the latest published one; the one before it, where nothing is being written]
        #[arg(value_parser = clap::value_parser!(i32).range(1..))]
        from: Option<i32>,
        /// The version after [default: the draft, or the latest published one where there is none]
        #[arg(value_parser = clap::value_parser!(i32).range(1..))]
        to: Option<i32>,
    },
    /// Print a version as the YAML that `import` reads; comments of the text that was imported are not kept
    #[command(
        after_help = "Examples:\n  baton template export sales-to-implementation > handover.yaml\n  baton template export sales-to-implementation --version 2 > handover-2.yaml"
    )]
    Export {
        /// The template
        template: String,
        /// The version, a draft too [default: the latest published one, or the draft where none is published]
        #[arg(long)]
        version: Option<i32>,
    },
    /// Bring a template in from YAML: creates it, or replaces its draft (a lead of the owner team, or ADMIN)
    #[command(
        after_help = "Examples:\n  baton --as anna template import handover.yaml --publish\n  baton --as anna template import --starter sales-to-implementation --owner sales --publish"
    )]
    Import(Import),
    /// The templates that Baton ships; with an id, its YAML
    #[command(
        after_help = "Examples:\n  baton template starters\n  baton template starters sales-to-implementation > handover.yaml"
    )]
    Starters {
        /// Print this one's YAML
        starter: Option<String>,
    },
    /// Create a template with an empty draft (a lead of the owner team, or ADMIN)
    #[command(
        after_help = "Example:\n  baton --as anna template create deal-handover --owner sales --name 'Deal handover'"
    )]
    Create {
        /// The id: a-z, 0-9 and '-'
        template: String,
        /// The team whose leads keep it
        #[arg(long, value_name = "TEAM")]
        owner: String,
        /// The name as a person reads it
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
    },
    /// Publish the draft (a lead of the owner team, or ADMIN)
    #[command(after_help = "Example:\n  baton --as anna template publish sales-to-implementation")]
    Publish {
        /// The template
        template: String,
        /// Only if the draft still has this content
        #[arg(long, value_name = "HASH", default_value = "", hide_default_value = true)]
        expected_content_hash: String,
    },
    /// Retire a published version: new handoffs do not pin it, those that did go on (a lead of the owner team, or ADMIN)
    #[command(after_help = "Example:\n  baton --as anna template retire sales-to-implementation 1")]
    Retire {
        /// The template
        template: String,
        /// The version
        version: i32,
    },
    /// Judge answers against a version without storing anything
    #[command(
        after_help = "Example:\n  baton template evaluate sales-to-implementation seats=40 --done contract_reviewed"
    )]
    Evaluate(Evaluate),
}

/// Where a template comes from.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The YAML file; - is stdin
    #[arg(required_unless_present = "starter", conflicts_with = "starter")]
    file: Option<PathBuf>,
    /// A template that Baton ships, in place of a file
    #[arg(long, value_name = "ID")]
    starter: Option<String>,
    /// The team that owns a new template; goes before the file's own `owner_team`
    #[arg(long, value_name = "TEAM", default_value = "", hide_default_value = true)]
    owner: String,
    /// Publish it at once
    #[arg(long)]
    publish: bool,
}

/// What to judge, and by what.
#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// The template
    template: String,
    #[command(flatten)]
    answers: Given,
    /// The version [default: the latest published one]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    version: i32,
    /// An item that is done; again for each
    #[arg(long = "done", value_name = "ITEM[=EVIDENCE]")]
    done: Vec<String>,
    /// What the rules see as priority: low, normal, high or urgent
    #[arg(long, value_parser = Priority::parse, default_value = "normal")]
    priority: Priority,
    /// What the rules see as the attempt
    #[arg(long, default_value_t = 1)]
    attempt: u32,
    /// Let the rules see that no handoff of the route was completed before
    #[arg(long)]
    first_time_pair: bool,
    /// Let the rules see that the handoff is confidential
    #[arg(long)]
    confidential: bool,
}

/// Does it.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    let checklist = session.checklist()?;
    match command {
        Command::List { owner, limit } => list(owner, limit, &checklist, session).await,
        Command::Show { template, version } => {
            let answer = GetVersionResponse { version: Some(get_version(template, version, &checklist).await?) };
            session.answer(&answer, |answer, screen| show::version(&answer.version.clone().unwrap_or_default(), screen))
        }
        Command::Versions { template, limit } => versions(template, limit, &checklist, session).await,
        Command::Diff { template, from, to } => diff(template, from, to, &checklist, session).await,
        Command::Export { template, version } => export(template, version, &checklist, session).await,
        Command::Import(import) => bring_in(import, &checklist, session).await,
        Command::Starters { starter: None } => session.answer(&list_starters(&checklist).await?, show::starters),
        Command::Starters { starter: Some(id) } => print(&starter_yaml(&id, &checklist).await?),
        Command::Create { template, owner, name } => create(template, owner, name, &checklist, session).await,
        Command::Publish { template, expected_content_hash } => {
            let request =
                PublishVersionRequest { request_id: request_id(), template_id: template, expected_content_hash };
            let answer =
                checklist.call(request, async |request| checklist.templates().publish_version(request).await).await?;
            session.answer(&answer, |answer, screen| show::version(&answer.version.clone().unwrap_or_default(), screen))
        }
        Command::Retire { template, version } => {
            let request = RetireVersionRequest { request_id: request_id(), template_id: template, version };
            let answer =
                checklist.call(request, async |request| checklist.templates().retire_version(request).await).await?;
            session.answer(&answer, |answer, screen| show::version(&answer.version.clone().unwrap_or_default(), screen))
        }
        Command::Evaluate(evaluate) => judge(evaluate, &checklist, session).await,
    }
}

/// A version with its content; without a number the latest published one, or else the draft.
pub(crate) async fn get_version(template: String, version: Option<i32>, checklist: &Remote) -> Result<TemplateVersion> {
    let version = match version {
        Some(version) => version,
        None => newest(template.clone(), checklist).await?,
    };
    let request = GetVersionRequest { template_id: template, version };
    let answer = checklist.call(request, async |request| checklist.templates().get_version(request).await).await?;
    answer.version.ok_or_else(|| Error::unexpected("the template service answered without a version"))
}

async fn newest(template_id: String, checklist: &Remote) -> Result<i32> {
    let template = get_template(template_id, checklist).await?;
    Ok(if template.latest_version == 0 { template.draft_version } else { template.latest_version })
}

async fn get_template(template_id: String, checklist: &Remote) -> Result<Template> {
    let request = GetTemplateRequest { template_id };
    let answer = checklist.call(request, async |request| checklist.templates().get_template(request).await).await?;
    answer.template.ok_or_else(|| Error::unexpected("the template service answered without a template"))
}

async fn diff(
    template: String,
    from: Option<i32>,
    to: Option<i32>,
    checklist: &Remote,
    session: &Session,
) -> Result<()> {
    let (from_version, to_version) = match (from, to) {
        (Some(from), Some(to)) => (from, to),
        _ => compared(&get_template(template.clone(), checklist).await?, from)?,
    };
    let request = DiffVersionsRequest { template_id: template, from_version, to_version };
    let answer = checklist.call(request, async |request| checklist.templates().diff_versions(request).await).await?;
    session.answer(&answer, show::changes)
}

/// The two versions to compare where not both are named: what publishing the draft would change, or what the latest
/// version changed.
fn compared(template: &Template, from: Option<i32>) -> Result<(i32, i32)> {
    let to = if template.draft_version == 0 { template.latest_version } else { template.draft_version };
    let from = from.unwrap_or(if template.draft_version == 0 { to - 1 } else { template.latest_version });
    if from < 1 || to < 1 {
        let id = &template.id;
        let remedy = format!("see what there is: baton template versions {id}; then: baton template diff {id} FROM TO");
        return Err(Error::usage(format!("template {id} has no two versions to compare by default"), remedy));
    }
    Ok((from, to))
}

async fn export(template: String, version: Option<i32>, checklist: &Remote, session: &Session) -> Result<()> {
    let version = match version {
        Some(version) => version,
        None => newest(template.clone(), checklist).await?,
    };
    let request = ExportTemplateRequest { template_id: template, version };
    let answer = checklist.call(request, async |request| checklist.templates().export_template(request).await).await?;
    session.answer(&answer, |answer, _| answer.yaml.clone())
}

async fn list(owner: Option<String>, limit: usize, checklist: &Remote, session: &Session) -> Result<()> {
    let owner_team = owner.unwrap_or_default();
    let (templates, next_page_token) = pages(limit, async |page_size, page_token| {
        let request = ListTemplatesRequest { owner_team: owner_team.clone(), page_size, page_token };
        let page = checklist.call(request, async |request| checklist.templates().list_templates(request).await).await?;
        Ok((page.templates, page.next_page_token))
    })
    .await?;
    session.answer(&ListTemplatesResponse { templates, next_page_token }, show::list)
}

async fn versions(template_id: String, limit: usize, checklist: &Remote, session: &Session) -> Result<()> {
    let (versions, next_page_token) = pages(limit, async |page_size, page_token| {
        let request = ListVersionsRequest { template_id: template_id.clone(), page_size, page_token };
        let page = checklist.call(request, async |request| checklist.templates().list_versions(request).await).await?;
        Ok((page.versions, page.next_page_token))
    })
    .await?;
    session.answer(&ListVersionsResponse { versions, next_page_token }, show::versions)
}

async fn create(template: String, owner: String, name: String, checklist: &Remote, session: &Session) -> Result<()> {
    let request = CreateTemplateRequest {
        request_id: request_id(),
        template_id: template,
        display_name: name,
        owner_team: owner,
        content: None,
    };
    let answer = checklist.call(request, async |request| checklist.templates().create_template(request).await).await?;
    session.answer(&answer, |answer, screen| show::card(&answer.template.clone().unwrap_or_default(), screen))
}

async fn bring_in(import: Import, checklist: &Remote, session: &Session) -> Result<()> {
    let yaml = match (import.file, import.starter) {
        (Some(file), _) => read_text(&file)?,
        (None, starter) => starter_yaml(&starter.unwrap_or_default(), checklist).await?,
    };
    let request =
        ImportTemplateRequest { request_id: request_id(), yaml, owner_team: import.owner, publish: import.publish };
    let answer = checklist.call(request, async |request| checklist.templates().import_template(request).await).await?;
    session.answer(&answer, imported)
}

async fn judge(evaluate: Evaluate, checklist: &Remote, session: &Session) -> Result<()> {
    let version = Some(evaluate.version).filter(|version| *version != 0);
    let version = get_version(evaluate.template, version, checklist).await?;
    let types = FieldTypes::of(&version.content.unwrap_or_default());
    let mut submission = Submission::default();
    for (key, value) in evaluate.answers.read(&types)? {
        submission.fields.extend(value.map(|value| (key, value)));
    }
    for item in &evaluate.done {
        let (key, evidence) = item.split_once('=').unwrap_or((item, ""));
        let tick = Tick { state: TickState::Done.into(), evidence: evidence.to_owned(), reason: String::new() };
        submission.items.insert(key.to_owned(), tick);
    }
    let request = EvaluateSubmissionRequest {
        template_id: version.template_id,
        version: version.version,
        submission: Some(submission),
        priority: evaluate.priority.word().to_owned(),
        attempt: evaluate.attempt,
        first_time_pair: evaluate.first_time_pair,
        confidential: evaluate.confidential,
    };
    let answer =
        checklist.call(request, async |request| checklist.templates().evaluate_submission(request).await).await?;
    session.answer(&answer, |answer, screen| evaluation::whole(&answer.evaluation.clone().unwrap_or_default(), screen))
}

async fn list_starters(checklist: &Remote) -> Result<ListStartersResponse> {
    let request = ListStartersRequest {};
    checklist.call(request, async |request| checklist.templates().list_starters(request).await).await
}

async fn starter_yaml(id: &str, checklist: &Remote) -> Result<String> {
    let starters = list_starters(checklist).await?.starters;
    let known: Vec<String> = starters.iter().map(|starter| starter.id.clone()).collect();
    let found = starters.into_iter().find(|starter| starter.id == id);
    found
        .map(|starter| starter.yaml)
        .ok_or_else(|| Error::usage(format!("there is no starter {id:?}"), format!("use one of {}", known.join(", "))))
}

fn imported(answer: &ImportTemplateResponse, screen: &Screen) -> String {
    let done = if answer.changed { "Imported" } else { "Nothing has changed" };
    let version = answer.version.clone().unwrap_or_default();
    let head = format!("{done}: {} version {} is {}", version.template_id, version.version, version.state().word());
    head + &show::findings(&answer.findings, screen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_versions_the_draft_is_compared_or_what_came_before() {
        let of = |latest_version, draft_version| {
            compared(&Template { latest_version, draft_version, ..Template::default() }, None).ok()
        };
        assert_eq!(of(2, 3), Some((2, 3)));
        assert_eq!(of(3, 0), Some((2, 3)));
        assert_eq!(of(1, 0), None);
        assert_eq!(of(0, 1), None);
        let named = compared(&Template { latest_version: 4, ..Template::default() }, Some(1));
        assert_eq!(named.ok(), Some((1, 4)));
    }
}
