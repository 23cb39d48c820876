//! `baton terms`.

use api::{
    handoff::v1::{
        AgreeTermsRequest, DeclineTermsRequest, GetRouteRequest, ProposeTermsRequest, ReadBack, Route, SetTermsRequest,
        TermsProposalState, WithdrawTermsRequest,
    },
    r#type::v1::Side,
};
use clap::{Args, Subcommand};
use prost_types::Duration;

use super::route::card;
use crate::{
    client::{Remote, request_id},
    errors::{Error, Result},
    session::Session,
    show::route as show,
    words::{Word, parse_days},
};

/// What can be done with terms.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the terms in force and what was last proposed
    #[command(after_help = "Example:\n  baton terms show sales-to-implementation")]
    Show {
        /// The route
        route: String,
    },
    /// Propose terms to the other side (a lead of one side); replaces what your side has proposed
    #[command(
        after_help = "Example:\n  baton --as anna terms propose sales-to-implementation --template sales-to-implementation \\\n    --review-rule 'attempt >= 2 || priority == \"URGENT\"' --because 'the last three came back'"
    )]
    Propose {
        #[command(flatten)]
        terms: Terms,
        /// Why, for the other side to read
        #[arg(long, value_name = "REASON", default_value = "", hide_default_value = true)]
        because: String,
        /// For which side: upstream or downstream; needed only by who leads both
        #[arg(long, value_parser = Side::parse)]
        side: Option<Side>,
    },
    /// Agree to proposed terms (a lead of the other side)
    #[command(after_help = "Example:\n  baton --as ivan terms agree sales-to-implementation")]
    Agree(Decide),
    /// Decline proposed terms (a lead of the other side)
    #[command(
        after_help = "Example:\n  baton --as ivan terms decline sales-to-implementation --because 'two days are too few'"
    )]
    Decline {
        #[command(flatten)]
        decide: Decide,
        /// Why, for the other side to read
        #[arg(long, value_name = "REASON")]
        because: String,
    },
    /// Take back what your own side has proposed (a lead of that side)
    #[command(after_help = "Example:\n  baton --as anna terms withdraw sales-to-implementation")]
    Withdraw {
        #[command(flatten)]
        decide: Decide,
        /// Why, for the other side to read
        #[arg(long, value_name = "REASON", default_value = "", hide_default_value = true)]
        because: String,
    },
    /// Set terms without asking anybody (ADMIN)
    #[command(
        after_help = "Example:\n  baton --as admin terms set sales-to-implementation \\\n    --template sales-to-implementation --read-back required --return-window-days 14"
    )]
    Set(Terms),
}

/// New terms, whole: what is not given gets its default.
#[derive(Debug, Args)]
pub(crate) struct Terms {
    /// The route
    route: String,
    /// The template; without it acceptance has no criteria
    #[arg(long, default_value = "", hide_default_value = true)]
    template: String,
    /// The template's version [default: the latest one when a handoff is created]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    template_version: i32,
    /// The SLA policy that measures handoffs
    #[arg(long, value_name = "POLICY", default_value = "", hide_default_value = true)]
    sla_policy: String,
    /// When an attempt needs a review, in CEL over priority, fields, attempt, first_time_pair [default: attempt >= 3]
    #[arg(long, value_name = "CEL", default_value = "", hide_default_value = true)]
    review_rule: String,
    /// Whether downstream restates what was handed over: required or none
    #[arg(long, value_parser = ReadBack::parse, default_value = "none")]
    read_back: ReadBack,
    /// How long completed work can come back [default: 14]
    #[arg(long = "return-window-days", value_name = "DAYS", value_parser = parse_days)]
    return_window: Option<Duration>,
    /// Only if the route still has this revision
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    expected_revision: i64,
}

/// Which proposal.
#[derive(Debug, Args)]
pub(crate) struct Decide {
    /// The route
    route: String,
    /// The proposal as you have read it [default: the open one]
    #[arg(long, value_name = "ID")]
    proposal: Option<String>,
}

/// Does it.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    let handoff = session.handoff()?;
    match command {
        Command::Show { route } => {
            let request = GetRouteRequest { route_id: route };
            let answer = handoff.call(request, async |request| handoff.routes().get_route(request).await).await?;
            session.answer(&answer, |answer, screen| show::terms(&answer.route.clone().unwrap_or_default(), screen))
        }
        Command::Propose { terms, because, side } => {
            let request = ProposeTermsRequest {
                request_id: request_id(),
                route_id: terms.route,
                expected_revision: terms.expected_revision,
                side: side.unwrap_or_default().into(),
                reason: because,
                template_id: terms.template,
                template_version: terms.template_version,
                read_back: terms.read_back.into(),
                return_window: terms.return_window,
                sla_policy_id: terms.sla_policy,
                review_rule: terms.review_rule,
            };
            let answer = handoff.call(request, async |request| handoff.routes().propose_terms(request).await).await?;
            session.answer(&answer, |answer, screen| show::terms(&answer.route.clone().unwrap_or_default(), screen))
        }
        Command::Agree(decide) => {
            let proposal_id = decide.proposal(&handoff).await?;
            let (request_id, route_id) = (request_id(), decide.route);
            let request = AgreeTermsRequest { request_id, route_id, proposal_id, expected_revision: 0 };
            let answer = handoff.call(request, async |request| handoff.routes().agree_terms(request).await).await?;
            session.answer(&answer, |answer, screen| show::terms(&answer.route.clone().unwrap_or_default(), screen))
        }
        Command::Decline { decide, because } => {
            let proposal_id = decide.proposal(&handoff).await?;
            let (request_id, route_id, reason) = (request_id(), decide.route, because);
            let request = DeclineTermsRequest { request_id, route_id, proposal_id, reason, expected_revision: 0 };
            let answer = handoff.call(request, async |request| handoff.routes().decline_terms(request).await).await?;
            session.answer(&answer, |answer, screen| show::terms(&answer.route.clone().unwrap_or_default(), screen))
        }
        Command::Withdraw { decide, because } => {
            let proposal_id = decide.proposal(&handoff).await?;
            let (request_id, route_id, reason) = (request_id(), decide.route, because);
            let request = WithdrawTermsRequest { request_id, route_id, proposal_id, reason, expected_revision: 0 };
            let answer = handoff.call(request, async |request| handoff.routes().withdraw_terms(request).await).await?;
            session.answer(&answer, |answer, screen| show::terms(&answer.route.clone().unwrap_or_default(), screen))
        }
        Command::Set(terms) => set(terms, &handoff, session).await,
    }
}

async fn set(terms: Terms, handoff: &Remote, session: &Session) -> Result<()> {
    let request = SetTermsRequest {
        request_id: request_id(),
        route_id: terms.route,
        expected_revision: terms.expected_revision,
        template_id: terms.template,
        template_version: terms.template_version,
        read_back: terms.read_back.into(),
        return_window: terms.return_window,
        sla_policy_id: terms.sla_policy,
        review_rule: terms.review_rule,
    };
    let answer = handoff.call(request, async |request| handoff.routes().set_terms(request).await).await?;
    session.answer(&answer, |answer, screen| card(answer.route.as_ref(), screen))
}

impl Decide {
    /// The proposal that was named, or the open one.
    async fn proposal(&self, handoff: &Remote) -> Result<String> {
        if let Some(proposal) = &self.proposal {
            return Ok(proposal.clone());
        }
        let request = GetRouteRequest { route_id: self.route.clone() };
        let answer = handoff.call(request, async |request| handoff.routes().get_route(request).await).await?;
        open(&answer.route.unwrap_or_default()).ok_or_else(|| {
            let remedy = format!("`baton terms show {}` tells what was last proposed", self.route);
            Error::usage(format!("no terms of {} wait for an answer", self.route), remedy)
        })
    }
}

fn open(route: &Route) -> Option<String> {
    let proposal = route.proposal.as_ref().filter(|proposal| proposal.state() == TermsProposalState::Open)?;
    Some(proposal.id.clone())
}
