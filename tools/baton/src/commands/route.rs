//! `baton route`.

use std::collections::BTreeMap;

use api::handoff::v1::{
    CreateRouteRequest, GetRouteRequest, HandoffLine, HandoffOrder, HandoffState, ListHandoffsRequest,
    ListRoutesRequest, ListRoutesResponse, PromoteRouteRequest, RetireRouteRequest, Risk, RiskKind, Route, RouteStatus,
    Trigger, UpdateRouteRequest,
};
use clap::{Args, Subcommand};
use prost_types::Duration;
use serde::Serialize;

use super::team::mask_of;
use crate::{
    client::{Remote, pages, request_id},
    errors::Result,
    session::Session,
    show::{Screen, route as show},
    words::{Word, parse_days},
};

/// What can be done with routes.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a route (a lead of either side, or ADMIN)
    #[command(
        after_help = "Example:\n  baton --as anna route create --from sales --to implementation \\\n    --name 'Won deal to project' --risk information-loss='promises made on the phone'"
    )]
    Create {
        /// The team that hands over
        #[arg(long, value_name = "TEAM")]
        from: String,
        /// The team that receives
        #[arg(long, value_name = "TEAM")]
        to: String,
        /// The id [default: <from>-to-<to>]
        #[arg(long)]
        id: Option<String>,
        #[command(flatten)]
        about: About,
    },
    /// List the routes
    #[command(after_help = "Example:\n  baton route list --team sales --status active")]
    List {
        /// Only those that this team is a side of
        #[arg(long)]
        team: Option<String>,
        /// Only discovered, active or retired ones
        #[arg(long, value_parser = RouteStatus::parse)]
        status: Option<RouteStatus>,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show one route with its terms
    #[command(after_help = "Example:\n  baton route show sales-to-implementation")]
    Show {
        /// The route
        route: String,
    },
    /// Change what describes a route (a lead of either side, or ADMIN)
    #[command(after_help = "Example:\n  baton --as anna route update sales-to-implementation --owner anna")]
    Update {
        /// The route
        route: String,
        #[command(flatten)]
        about: About,
        /// Only if the route still has this revision
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        expected_revision: i64,
    },
    /// Make a route that was discovered in traffic an active one (a lead of either side, or ADMIN)
    #[command(after_help = "Example:\n  baton --as anna route promote sales-to-implementation")]
    Promote {
        /// The route
        route: String,
        /// Only if the route still has this revision
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        expected_revision: i64,
    },
    /// Retire a route: no new handoffs, those under way go on
    #[command(after_help = "Example:\n  baton --as anna route retire sales-to-implementation")]
    Retire {
        /// The route
        route: String,
    },
    /// The busiest routes, with what was rejected and returned
    #[command(after_help = "Example:\n  baton route traffic --limit 10")]
    Traffic {
        /// Only handoffs of this team
        #[arg(long)]
        team: Option<String>,
        /// At most so many routes
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
}

/// What describes a route.
#[derive(Debug, Args)]
pub(crate) struct About {
    /// The name as a person reads it
    #[arg(long)]
    name: Option<String>,
    /// Who answers for the route
    #[arg(long)]
    owner: Option<String>,
    /// What transfers, in words
    #[arg(long)]
    information: Option<String>,
    /// What starts a handoff, in words
    #[arg(long, value_name = "WORDS")]
    trigger: Option<String>,
    /// The type of the outside event that starts a handoff
    #[arg(long, value_name = "TYPE")]
    trigger_event: Option<String>,
    /// A known risk; KIND is information-loss, delay, quality or finger-pointing; again for each; all, when they change
    #[arg(long = "risk", value_name = "KIND=NOTE", value_parser = parse_risk)]
    risks: Vec<Risk>,
    /// How often both sides look at the route [default: 90]
    #[arg(long = "review-every-days", value_name = "DAYS", value_parser = parse_days)]
    review_every: Option<Duration>,
}

/// How much work the routes carry.
#[derive(Debug, Serialize, PartialEq)]
pub(crate) struct Traffic {
    /// The busiest first.
    pub(crate) routes: Vec<RouteTraffic>,
    /// How many routes carry any.
    pub(crate) total_routes: i64,
    /// How many handoffs they carry.
    pub(crate) total_handoffs: i64,
}

/// How much work one route carries.
#[derive(Debug, Default, Clone, Serialize, PartialEq)]
pub(crate) struct RouteTraffic {
    /// The route.
    pub(crate) route_id: String,
    /// Its handoffs.
    pub(crate) handoffs: i64,
    /// Those that have not ended.
    pub(crate) open: i64,
    /// How often one was rejected.
    pub(crate) rejections: i64,
    /// How often one was returned.
    pub(crate) returns: i64,
    /// The share of handoffs that were rejected at least once, 0 to 1.
    pub(crate) rejected_share: f64,
    /// The share of handoffs that were returned at least once, 0 to 1.
    pub(crate) returned_share: f64,
}

/// Does it.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    match command {
        Command::Create { from, to, id, about } => create(from, to, id, about, session).await,
        Command::List { team, status, limit } => {
            let answer = list_routes(team, status, limit, &session.handoff()?).await?;
            session.answer(&answer, show::list)
        }
        Command::Show { route } => {
            let handoff = session.handoff()?;
            let request = GetRouteRequest { route_id: route };
            let answer = handoff.call(request, async |request| handoff.routes().get_route(request).await).await?;
            session.answer(&answer, |answer, screen| card(answer.route.as_ref(), screen))
        }
        Command::Update { route, about, expected_revision } => update(route, about, expected_revision, session).await,
        Command::Retire { route } => {
            let handoff = session.handoff()?;
            let request = RetireRouteRequest { request_id: request_id(), route_id: route };
            let answer = handoff.call(request, async |request| handoff.routes().retire_route(request).await).await?;
            session.answer(&answer, |answer, screen| card(answer.route.as_ref(), screen))
        }
        Command::Promote { route, expected_revision } => {
            let handoff = session.handoff()?;
            let request = PromoteRouteRequest { request_id: request_id(), route_id: route, expected_revision };
            let answer = handoff.call(request, async |request| handoff.routes().promote_route(request).await).await?;
            session.answer(&answer, |answer, screen| card(answer.route.as_ref(), screen))
        }
        Command::Traffic { team, limit } => traffic(team, limit, session).await,
    }
}

async fn create(from: String, to: String, id: Option<String>, about: About, session: &Session) -> Result<()> {
    let handoff = session.handoff()?;
    let request = CreateRouteRequest {
        request_id: request_id(),
        route_id: id.unwrap_or_default(),
        from_team: from,
        to_team: to,
        trigger: about.new_trigger(None),
        name: about.name.unwrap_or_default(),
        owner: about.owner.unwrap_or_default(),
        information: about.information.unwrap_or_default(),
        risks: about.risks,
        review_every: about.review_every,
    };
    let answer = handoff.call(request, async |request| handoff.routes().create_route(request).await).await?;
    session.answer(&answer, |answer, screen| card(answer.route.as_ref(), screen))
}

/// The routes by id.
pub(crate) async fn list_routes(
    team: Option<String>,
    status: Option<RouteStatus>,
    limit: usize,
    handoff: &Remote,
) -> Result<ListRoutesResponse> {
    let filter = ListRoutesRequest {
        team: team.unwrap_or_default(),
        status: status.unwrap_or_default().into(),
        ..ListRoutesRequest::default()
    };
    let (routes, next_page_token) = pages(limit, async |page_size, page_token| {
        let request = ListRoutesRequest { page_size, page_token, ..filter.clone() };
        let page = handoff.call(request, async |request| handoff.routes().list_routes(request).await).await?;
        Ok((page.routes, page.next_page_token))
    })
    .await?;
    Ok(ListRoutesResponse { routes, next_page_token })
}

async fn update(route: String, about: About, expected_revision: i64, session: &Session) -> Result<()> {
    let handoff = session.handoff()?;
    let is_half_a_trigger = about.trigger.is_some() != about.trigger_event.is_some();
    let standing = if is_half_a_trigger {
        let request = GetRouteRequest { route_id: route.clone() };
        let answer = handoff.call(request, async |request| handoff.routes().get_route(request).await).await?;
        answer.route.and_then(|route| route.trigger)
    } else {
        None
    };
    let changed = [
        ("name", about.name.is_some()),
        ("owner", about.owner.is_some()),
        ("information", about.information.is_some()),
        ("trigger", about.trigger.is_some() || about.trigger_event.is_some()),
        ("risks", !about.risks.is_empty()),
        ("review_every", about.review_every.is_some()),
    ];
    let request = UpdateRouteRequest {
        request_id: request_id(),
        route_id: route,
        expected_revision,
        update_mask: Some(mask_of(&changed)),
        trigger: about.new_trigger(standing),
        name: about.name.unwrap_or_default(),
        owner: about.owner.unwrap_or_default(),
        information: about.information.unwrap_or_default(),
        risks: about.risks,
        review_every: about.review_every,
    };
    let answer = handoff.call(request, async |request| handoff.routes().update_route(request).await).await?;
    session.answer(&answer, |answer, screen| card(answer.route.as_ref(), screen))
}

async fn traffic(team: Option<String>, limit: usize, session: &Session) -> Result<()> {
    let handoff = session.handoff()?;
    let filter = ListHandoffsRequest {
        team: team.unwrap_or_default(),
        order: HandoffOrder::Newest.into(),
        ..ListHandoffsRequest::default()
    };
    let (lines, _) = pages(usize::MAX, async |page_size, page_token| {
        let request = ListHandoffsRequest { page_size, page_token, ..filter.clone() };
        let page = handoff.call(request, async |request| handoff.handoffs().list_handoffs(request).await).await?;
        Ok((page.handoffs, page.next_page_token))
    })
    .await?;
    let traffic = count_traffic(&lines, limit);
    session.answer_own(&traffic, show::traffic)
}

impl About {
    /// The trigger with what was given; the rest as it stands.
    fn new_trigger(&self, standing: Option<Trigger>) -> Option<Trigger> {
        if self.trigger.is_none() && self.trigger_event.is_none() {
            return None;
        }
        let standing = standing.unwrap_or_default();
        Some(Trigger {
            description: self.trigger.clone().unwrap_or(standing.description),
            event_type: self.trigger_event.clone().unwrap_or(standing.event_type),
        })
    }
}

fn count_traffic(lines: &[HandoffLine], limit: usize) -> Traffic {
    let mut by_route: BTreeMap<&str, Vec<&HandoffLine>> = BTreeMap::new();
    for line in lines {
        by_route.entry(&line.route_id).or_default().push(line);
    }
    let mut routes: Vec<RouteTraffic> = by_route.iter().map(|(id, lines)| count_route(id, lines)).collect();
    routes.sort_by(|a, b| b.handoffs.cmp(&a.handoffs).then_with(|| a.route_id.cmp(&b.route_id)));
    routes.truncate(limit);
    Traffic { routes, total_routes: counted(by_route.len()), total_handoffs: counted(lines.len()) }
}

fn count_route(route_id: &str, lines: &[&HandoffLine]) -> RouteTraffic {
    let count = |is_so: &dyn Fn(&HandoffLine) -> bool| counted(lines.iter().filter(|line| is_so(line)).count());
    RouteTraffic {
        route_id: route_id.to_owned(),
        handoffs: counted(lines.len()),
        open: count(&|line| !matches!(line.state(), HandoffState::Completed | HandoffState::Cancelled)),
        rejections: lines.iter().map(|line| i64::from(line.rejections)).sum(),
        returns: lines.iter().map(|line| i64::from(line.returns)).sum(),
        rejected_share: share(count(&|line| line.rejections > 0), lines.len()),
        returned_share: share(count(&|line| line.returns > 0), lines.len()),
    }
}

fn counted(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below the 2^52 where it begins")]
fn share(part: i64, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// One route, as every command on it answers.
pub(crate) fn card(route: Option<&Route>, screen: &Screen) -> String {
    show::card(&route.cloned().unwrap_or_default(), screen)
}

fn parse_risk(text: &str) -> Result<Risk, String> {
    let (kind, note) = text.split_once('=').unwrap_or((text, ""));
    Ok(Risk { kind: RiskKind::parse(kind)?.into(), note: note.to_owned() })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn line(route: &str, state: HandoffState, rejections: i32, returns: i32) -> HandoffLine {
        HandoffLine { route_id: route.to_owned(), state: state.into(), rejections, returns, ..HandoffLine::default() }
    }

    #[test]
    fn traffic_names_the_busiest_routes_first() {
        let lines = [
            line("a-to-b", HandoffState::Completed, 0, 0),
            line("b-to-c", HandoffState::Completed, 2, 1),
            line("b-to-c", HandoffState::Submitted, 0, 0),
            line("b-to-c", HandoffState::Cancelled, 1, 0),
            line("c-to-a", HandoffState::Draft, 0, 0),
        ];
        let traffic = count_traffic(&lines, 2);
        assert_snapshot!(show::traffic(&traffic, &Screen::of_test()), @"
         ROUTE    Handoffs   Open   Rejections   Returns   Ever rejected   Ever returned
        ─────────────────────────────────────────────────────────────────────────────────
         b-to-c   3          1      3            1         66.7 %          33.3 %
         a-to-b   1          0      0            0         0.0 %           0.0 %

        5 handoffs on 3 routes
        ");
    }
}
