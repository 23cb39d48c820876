//! What upstream does to a handoff until it submits it.

use std::collections::BTreeMap;

use api::{
    checklist::v1::TemplateVersion,
    handoff::v1::{
        CreateHandoffRequest, GetRouteRequest, Link, Origin, Priority, Route, SubmitHandoffRequest, Summary,
        TickItemRequest, UpdateHandoffRequest,
    },
    r#type::v1::{self as types, Attachment, FieldValue, Side, TickState},
};
use clap::Args;
use prost_types::{FieldMask, Timestamp};

use super::{Target, get, tell};
use crate::{
    client::{Remote, request_id},
    commands::{answers::Given, route::list_routes, team::mask_of, template::get_version},
    errors::{Error, Result},
    output::note,
    session::Session,
    show::handoff as show,
    values::FieldTypes,
    words::{When, Word as _, parse_attachment, parse_link, parse_origin, parse_time},
};

/// A new handoff.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The route
    #[arg(long, required_unless_present_all = ["from", "to"])]
    route: Option<String>,
    /// The team that hands over; with --to, in place of the route
    #[arg(long, value_name = "TEAM", requires = "to", conflicts_with = "route")]
    from: Option<String>,
    /// The team that receives
    #[arg(long, value_name = "TEAM", requires = "from")]
    to: Option<String>,
    /// The name of the work
    #[arg(long)]
    title: String,
    #[command(flatten)]
    answers: Given,
    #[command(flatten)]
    about: About,
    /// The outside record it is made for
    #[arg(long, value_name = "SYSTEM/KEY", value_parser = parse_origin)]
    origin: Option<Origin>,
    /// Only the two teams and ADMIN may see it
    #[arg(long)]
    confidential: bool,
    /// When the work began to wait for its handoff [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    triggered_at: Option<Timestamp>,
    /// The handoff before this one of the same work
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    follows: String,
    /// For whom you act, where you are in both teams: upstream or downstream
    #[arg(long, value_parser = Side::parse)]
    side: Option<Side>,
    /// Why an ADMIN who is in neither team acts
    #[arg(long, value_name = "REASON", default_value = "", hide_default_value = true)]
    override_reason: String,
}

/// What describes a handoff beside its answers.
#[derive(Debug, Args)]
struct About {
    /// How urgent it is: low, normal, high or urgent
    #[arg(long, value_parser = Priority::parse)]
    priority: Option<Priority>,
    /// By when upstream promises it
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    deliver_by: Option<When>,
    /// What the matter is
    #[arg(long, value_name = "TEXT")]
    situation: Option<String>,
    /// How bad or how big it is, in a few words
    #[arg(long, value_name = "TEXT")]
    severity: Option<String>,
    /// A link to an outside record; again for each; all of them, when they change
    #[arg(long = "link", value_name = "SYSTEM/TYPE/KEY[|URL]", value_parser = parse_link)]
    links: Vec<Link>,
    /// A document; again for each; all of them, when they change
    #[arg(long = "attach", value_name = "NAME|URL", value_parser = parse_attachment)]
    attachments: Vec<Attachment>,
}

/// New answers.
#[derive(Debug, Args)]
pub(crate) struct Set {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    answers: Given,
    /// Take an answer away; again for each
    #[arg(long, value_name = "KEY")]
    unset: Vec<String>,
}

/// Changes beside the answers.
#[derive(Debug, Args)]
pub(crate) struct Update {
    #[command(flatten)]
    target: Target,
    /// The name of the work
    #[arg(long)]
    title: Option<String>,
    #[command(flatten)]
    about: About,
}

/// A tick.
#[derive(Debug, Args)]
pub(crate) struct Tick {
    #[command(flatten)]
    target: Target,
    /// The item's key
    item: String,
    /// What proves it: a text, a link, the URL of a document
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    evidence: String,
    /// It does not apply, and why
    #[arg(long, value_name = "REASON", conflicts_with = "evidence")]
    not_applicable: Option<String>,
    /// Take the tick away
    #[arg(long, conflicts_with_all = ["evidence", "not_applicable"])]
    open: bool,
}

impl Create {
    pub(super) async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let types = if self.answers.is_empty() { FieldTypes::default() } else { self.types(remote, session).await? };
        let answers = self.answers.read(&types)?;
        let request = CreateHandoffRequest {
            request_id: request_id(),
            route_id: self.route.unwrap_or_default(),
            from_team: self.from.unwrap_or_default(),
            to_team: self.to.unwrap_or_default(),
            title: self.title,
            summary: self.about.new_summary(None),
            priority: self.about.priority.unwrap_or_default().into(),
            confidential: self.confidential,
            triggered_at: self.triggered_at,
            deliver_by: self.about.deliver_by.map(|when| session.instant("promised by", when)),
            fields: answers.into_iter().filter_map(|(key, value)| Some((key, value?))).collect(),
            origin: self.origin,
            follows: self.follows,
            links: self.about.links,
            attachments: self.about.attachments,
            side: self.side.unwrap_or_default().into(),
            override_reason: self.override_reason,
        };
        let answer = remote.call(request, async |request| remote.handoffs().create_handoff(request).await).await?;
        let done = if answer.created { "Created" } else { "Already there" };
        session
            .answer(&answer, |answer, screen| show::created(done, &answer.handoff.clone().unwrap_or_default(), screen))
    }

    /// The types that the template of the route's terms gives its fields; none where there is no such route.
    async fn types(&self, remote: &Remote, session: &Session) -> Result<FieldTypes> {
        let terms = match (&self.route, &self.from) {
            (Some(route), _) => {
                let request = GetRouteRequest { route_id: route.clone() };
                let answer = remote.call(request, async |request| remote.routes().get_route(request).await).await?;
                answer.route.and_then(|route| route.terms)
            }
            (None, from) => {
                let routes = list_routes(from.clone(), None, usize::MAX, remote).await?.routes;
                let is_ours =
                    |route: &Route| Some(&route.from_team) == from.as_ref() && Some(&route.to_team) == self.to.as_ref();
                routes.into_iter().find(is_ours).and_then(|route| route.terms)
            }
        };
        let terms = terms.unwrap_or_default();
        types_of_template(terms.template_id, terms.template_version, session).await
    }
}

impl Set {
    pub(super) async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        if self.answers.is_empty() && self.unset.is_empty() {
            return Err(Error::usage("there is nothing to set", "give KEY=VALUE, --file or --unset"));
        }
        let handoff = self.target.handoff.get(remote).await?;
        let pin = handoff.template.unwrap_or_default();
        let types = types_of_template(pin.template_id, pin.version, session).await?;
        let mut answers = self.answers.read(&types)?;
        answers.extend(self.unset.into_iter().map(|key| (key, None)));
        let paths = answers.keys().map(|key| format!("fields.{key}")).collect();
        let fields: BTreeMap<String, FieldValue> =
            answers.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        let request = UpdateHandoffRequest {
            request_id: request_id(),
            handoff_id: handoff.id,
            expected_revision: self.target.expected_revision,
            override_reason: self.target.override_reason,
            update_mask: Some(FieldMask { paths }),
            fields,
            ..UpdateHandoffRequest::default()
        };
        let answer = remote.call(request, async |request| remote.handoffs().update_handoff(request).await).await?;
        tell("Set", &answer, answer.handoff.as_ref(), session)
    }
}

impl Update {
    pub(super) async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let handoff_id = self.target.handoff.id(remote).await?;
        let changes_summary = self.about.situation.is_some() || self.about.severity.is_some();
        let standing = if changes_summary { get(handoff_id.clone(), remote).await?.summary } else { None };
        let changed = [
            ("title", self.title.is_some()),
            ("priority", self.about.priority.is_some()),
            ("deliver_by", self.about.deliver_by.is_some()),
            ("summary", changes_summary),
            ("links", !self.about.links.is_empty()),
            ("attachments", !self.about.attachments.is_empty()),
        ];
        let request = UpdateHandoffRequest {
            request_id: request_id(),
            handoff_id,
            expected_revision: self.target.expected_revision,
            override_reason: self.target.override_reason,
            update_mask: Some(mask_of(&changed)),
            title: self.title.unwrap_or_default(),
            priority: self.about.priority.unwrap_or_default().into(),
            summary: self.about.new_summary(standing),
            fields: BTreeMap::new(),
            links: self.about.links,
            attachments: self.about.attachments,
            deliver_by: self.about.deliver_by.map(|when| session.instant("promised by", when)),
        };
        let answer = remote.call(request, async |request| remote.handoffs().update_handoff(request).await).await?;
        tell("Updated", &answer, answer.handoff.as_ref(), session)
    }
}

impl Tick {
    pub(super) async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let state = match (&self.not_applicable, self.open) {
            (Some(_), _) => TickState::NotApplicable,
            (None, true) => TickState::Open,
            (None, false) => TickState::Done,
        };
        let request = TickItemRequest {
            request_id: request_id(),
            handoff_id: self.target.handoff.id(remote).await?,
            expected_revision: self.target.expected_revision,
            override_reason: self.target.override_reason,
            item: self.item,
            tick: Some(types::Tick {
                state: state.into(),
                evidence: self.evidence,
                reason: self.not_applicable.unwrap_or_default(),
            }),
        };
        let answer = remote.call(request, async |request| remote.handoffs().tick_item(request).await).await?;
        tell("Ticked", &answer, answer.handoff.as_ref(), session)
    }
}

/// Upstream hands over.
pub(super) async fn submit(target: Target, remote: &Remote, session: &Session) -> Result<()> {
    let request = SubmitHandoffRequest {
        request_id: request_id(),
        handoff_id: target.handoff.id(remote).await?,
        expected_revision: target.expected_revision,
        override_reason: target.override_reason,
    };
    let answer = remote.call(request, async |request| remote.handoffs().submit_handoff(request).await).await?;
    tell("Submitted", &answer, answer.handoff.as_ref(), session)
}

impl About {
    /// The summary with what was given; the rest as it stands.
    fn new_summary(&self, standing: Option<Summary>) -> Option<Summary> {
        if self.situation.is_none() && self.severity.is_none() {
            return standing;
        }
        let standing = standing.unwrap_or_default();
        Some(Summary {
            situation: self.situation.clone().unwrap_or(standing.situation),
            severity: self.severity.clone().unwrap_or(standing.severity),
            ..standing
        })
    }
}

/// The types that a template version gives its fields; none where there is no template, or where nobody can tell.
async fn types_of_template(template_id: String, version: i32, session: &Session) -> Result<FieldTypes> {
    if template_id.is_empty() {
        return Ok(FieldTypes::default());
    }
    let asked = match session.checklist() {
        Ok(checklist) => get_version(template_id, Some(version), &checklist).await,
        Err(nobody_said_where) => Err(nobody_said_where),
    };
    match asked {
        Ok(TemplateVersion { content, .. }) => Ok(FieldTypes::of(&content.unwrap_or_default())),
        Err(error) if error.is_away() || matches!(error, Error::Stated { .. }) => {
            note("the template service cannot be asked: types are read off the values (int:40, flag:yes, ...)");
            Ok(FieldTypes::default())
        }
        Err(error) => Err(error),
    }
}
