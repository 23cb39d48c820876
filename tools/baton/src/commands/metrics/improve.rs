//! `baton improve`: what could be changed, what was, and whether it helped.

use api::metrics::v1::{
    GetImprovementRequest, ImprovementOutcome, ListImprovementsRequest, ListImprovementsResponse,
    ListReviewsDueRequest, ListSuggestionsRequest, ListSuggestionsResponse, RecordImprovementRequest,
};
use clap::{ArgGroup, Args, Subcommand};
use jiff::civil::Date;

use super::{about::parse_day, version::Named};
use crate::{
    client::{Remote, pages, request_id},
    errors::Result,
    session::Session,
    show::metrics::improve as show,
};

/// What can be done about improvement.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Changes that the figures suggest, those with most behind them first
    #[command(
        after_help = "Examples:\n  baton improve suggestions --team sales\n  baton improve suggestions --route sales-to-implementation --all"
    )]
    Suggestions(Suggestions),
    /// Routes, and effects of improvements, that are to be looked at, with the figures to discuss
    #[command(after_help = "Example:\n  baton improve due --team sales")]
    Due {
        /// Only of routes of this team
        #[arg(long, default_value = "", hide_default_value = true)]
        team: String,
        /// At most so many, the longest due
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i32).range(1..=100))]
        limit: i32,
    },
    /// Record what was decided about a route: closes its suggestion, and its reviews that are due (a LEAD of either side)
    #[command(after_help = "\
The version is the one that the change is in force with: terms:N (of the route), template:ID@N or policy:ID@N. `baton \
improve show` tells afterwards whether it helped.

Examples:
  baton --as anna improve record sales-to-implementation --changed terms:4 \\
    --suggestion 01994f7e-0000-7000-8000-0000000000a1 --by anna --by ivan --review-on 2026-12-24
  baton --as anna improve record sales-to-implementation --kept --by anna --text 'Too few to tell'")]
    Record(Record),
    /// Show what was decided, and what is different under exactly its version
    #[command(after_help = "Example:\n  baton improve show 01994f7e-0000-7000-8000-0000000000b1")]
    Show {
        /// The improvement's id
        improvement: String,
    },
    /// List what was decided, the latest first
    #[command(after_help = "Example:\n  baton improve list --route sales-to-implementation")]
    List {
        /// Only about this route
        #[arg(long, default_value = "", hide_default_value = true)]
        route: String,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
}

/// Which suggestions.
#[derive(Debug, Args)]
pub(crate) struct Suggestions {
    /// Only on this route
    #[arg(long, default_value = "", hide_default_value = true)]
    route: String,
    /// Only on routes of this team
    #[arg(long, default_value = "", hide_default_value = true)]
    team: String,
    /// Also those that are closed
    #[arg(long)]
    all: bool,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// What was decided.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["suggestion", "text"]))]
pub(crate) struct Record {
    /// The route
    route: String,
    #[command(flatten)]
    outcome: Outcome,
    /// The suggestion that it answers; without one, --text says what was decided
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    suggestion: String,
    /// What was decided, in words
    #[arg(long, default_value = "", hide_default_value = true)]
    text: String,
    /// Who decided; again for each
    #[arg(long = "by", value_name = "NAME", required = true)]
    decided_by: Vec<String>,
    /// When to look at it again: 2026-12-24 [default: never]
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    review_on: Option<Date>,
}

/// One of the two.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Outcome {
    /// Something was changed: the version that it is in force with
    #[arg(long, value_name = "VERSION", value_parser = Named::parse)]
    changed: Option<Named>,
    /// All stays as it is
    #[arg(long)]
    kept: bool,
}

/// Does it.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    let metrics = session.metrics()?;
    match command {
        Command::Suggestions(suggestions) => suggestions.run(&metrics, session).await,
        Command::Due { team, limit } => {
            let request = ListReviewsDueRequest { team_id: team, page_size: limit };
            let answer =
                metrics.call(request, async |request| metrics.improvement().list_reviews_due(request).await).await?;
            session.answer(&answer, show::due)
        }
        Command::Record(record) => {
            let request = record.request()?;
            let answer =
                metrics.call(request, async |request| metrics.improvement().record_improvement(request).await).await?;
            session
                .answer(&answer, |answer, screen| show::card(&answer.improvement.clone().unwrap_or_default(), screen))
        }
        Command::Show { improvement } => {
            let request = GetImprovementRequest { improvement_id: improvement };
            let answer =
                metrics.call(request, async |request| metrics.improvement().get_improvement(request).await).await?;
            session.answer(&answer, show::show)
        }
        Command::List { route, limit } => list(&route, limit, &metrics, session).await,
    }
}

impl Suggestions {
    async fn run(self, metrics: &Remote, session: &Session) -> Result<()> {
        let (suggestions, next_page_token) = pages(self.limit, async |page_size, page_token| {
            let request = ListSuggestionsRequest {
                route_id: self.route.clone(),
                team_id: self.team.clone(),
                all: self.all,
                page_size,
                page_token,
            };
            let page =
                metrics.call(request, async |request| metrics.improvement().list_suggestions(request).await).await?;
            Ok((page.suggestions, page.next_page_token))
        })
        .await?;
        session.answer(&ListSuggestionsResponse { suggestions, next_page_token }, show::suggestions)
    }
}

impl Record {
    fn request(self) -> Result<RecordImprovementRequest> {
        let version = self.outcome.changed.map(|named| named.version(Some(&self.route), None)).transpose()?;
        let outcome = if self.outcome.kept { ImprovementOutcome::Kept } else { ImprovementOutcome::Changed };
        Ok(RecordImprovementRequest {
            request_id: request_id(),
            route_id: self.route,
            outcome: outcome.into(),
            suggestion_id: self.suggestion,
            text: self.text,
            version,
            decided_by: self.decided_by,
            review_on: self.review_on.map(|day| day.to_string()).unwrap_or_default(),
        })
    }
}

async fn list(route: &str, limit: usize, metrics: &Remote, session: &Session) -> Result<()> {
    let (improvements, next_page_token) = pages(limit, async |page_size, page_token| {
        let request = ListImprovementsRequest { route_id: route.to_owned(), page_size, page_token };
        let page =
            metrics.call(request, async |request| metrics.improvement().list_improvements(request).await).await?;
        Ok((page.improvements, page.next_page_token))
    })
    .await?;
    session.answer(&ListImprovementsResponse { improvements, next_page_token }, show::list)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::show::metrics::basis;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(subcommand)]
        command: Command,
    }

    fn record(line: &str) -> Result<RecordImprovementRequest, String> {
        let words = ["improve", "record"].into_iter().chain(line.split_whitespace());
        match Line::try_parse_from(words).map_err(|mistake| mistake.to_string())?.command {
            Command::Record(record) => record.request().map_err(|error| format!("{error:?}")),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_change_names_the_version_that_it_is_in_force_with() {
        let changed = record("r --changed terms:4 --by anna --by ivan --text t --review-on 2026-12-24").unwrap();
        assert_eq!(changed.outcome(), ImprovementOutcome::Changed);
        assert_eq!(basis::version(changed.version.as_ref()), "terms of r v4");
        assert_eq!((changed.decided_by.len(), changed.review_on.as_str()), (2, "2026-12-24"));
        let kept = record("r --kept --by anna --suggestion 7").unwrap();
        assert_eq!((kept.outcome(), kept.version, kept.suggestion_id.as_str()), (ImprovementOutcome::Kept, None, "7"));
    }

    #[test]
    fn a_record_without_its_parts_is_refused() {
        for wrong in [
            "r --by anna --text t",
            "r --kept --changed terms:4 --by anna --text t",
            "r --kept --text t",
            "r --kept --by anna",
            "r --changed 4 --by anna --text t",
            "r --kept --by anna --text t --review-on soon",
        ] {
            assert!(record(wrong).is_err(), "{wrong}");
        }
    }
}
