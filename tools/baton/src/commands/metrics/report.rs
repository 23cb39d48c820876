//! `baton report`: all figures of a scope, and the facts behind them.

use api::{
    metrics::v1::{ExportFactsRequest, ExportFactsResponse, GetReportRequest, GetWorkflowReportRequest},
    to_json,
};
use clap::{Args, Subcommand};
use serde_json::Value;
use tonic::Request;

use super::{about::About, form::Drawn, version::Cohort};
use crate::{
    chart,
    client::Remote,
    errors::Result,
    output::print,
    session::Session,
    show::metrics::{
        report as show,
        rows::{self, csv},
        workflow,
    },
};

/// About what, and how it is told.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Every share comes with a 95 % interval (Wilson) and says of how many it is; what rests on fewer than 20 is marked few. A \
percentile counts what is still open (Kaplan-Meier), so it may be `not reached (> 3d 4h)`: that is how long the longest \
has lasted so far. Of a workflow it tells each route, and the whole chain.

Examples:
  baton report --route sales-to-implementation
  baton report --team implementation --side downstream --days 30
  baton report --route sales-to-implementation --terms 3 --html report.html
  baton report --workflow deal-to-live --csv > figures.csv
  baton --as admin report facts --route sales-to-implementation --days 7"
)]
pub(crate) struct Report {
    #[command(subcommand)]
    below: Option<Below>,
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    cohort: Cohort,
    #[command(flatten)]
    drawn: Drawn,
}

/// What lies below a report.
#[derive(Debug, Subcommand)]
enum Below {
    /// The facts that all figures are computed from, as JSON, one a line (ADMIN)
    #[command(after_help = "\
Of each handoff created on the days of the window, all of its facts, and its clocks': handoff_id, route_id, package, \
sequence, occurred_at, recorded_at, historic, fact. Without --timeout it takes as long as it takes.

Examples:
  baton --as admin report facts --route sales-to-implementation --days 7
  baton --as admin report facts --from 2026-08-01 --until 2026-09-01 | jq -c 'select(.fact.Rejected)'")]
    Facts {
        #[command(flatten)]
        about: Box<About>,
        #[command(flatten)]
        cohort: Cohort,
    },
}

impl Report {
    /// Prints it.
    pub(crate) async fn run(self, session: &Session) -> Result<()> {
        self.drawn.check(session)?;
        let metrics = session.metrics()?;
        match &self.below {
            Some(Below::Facts { about, cohort }) => facts(about, cohort, &metrics, session).await,
            None if self.about.place.workflow.is_some() => self.workflow(&metrics, session).await,
            None => self.one(&metrics, session).await,
        }
    }

    async fn one(&self, metrics: &Remote, session: &Session) -> Result<()> {
        let query = query(&self.about, &self.cohort, session);
        let request = GetReportRequest { query: Some(query.clone()) };
        let answer = metrics.call(request, async |request| metrics.reports().get_report(request).await).await?;
        let page = show::page(&query, &answer);
        let report = answer.report.clone().unwrap_or_default();
        let rows = || csv(&rows::of_report(&report));
        self.drawn.tell(&answer, &page, rows, || chart::report::draw(&page, &report), session)
    }

    async fn workflow(&self, metrics: &Remote, session: &Session) -> Result<()> {
        let query = query(&self.about, &self.cohort, session);
        let request = GetWorkflowReportRequest { query: Some(query.clone()) };
        let answer =
            metrics.call(request, async |request| metrics.reports().get_workflow_report(request).await).await?;
        let page = workflow::page(&query, &answer);
        let rows = || csv(&workflow::rows(&answer));
        self.drawn.tell(&answer, &page, rows, || chart::report::draw_workflow(&page, &answer), session)
    }
}

fn query(about: &About, cohort: &Cohort, session: &Session) -> api::metrics::v1::Query {
    let version = cohort.version(about.place.route.as_deref());
    about.query(version, session.screen().now())
}

async fn facts(about: &About, cohort: &Cohort, metrics: &Remote, session: &Session) -> Result<()> {
    let mut request = Request::new(ExportFactsRequest { query: Some(query(about, cohort, session)) });
    if let Some(timeout) = session.stated_timeout() {
        request.set_timeout(timeout);
    }
    let away = |status| metrics.error(status);
    let mut facts = metrics.reports().export_facts(request).await.map_err(away)?.into_inner();
    while let Some(fact) = facts.message().await.map_err(away)? {
        print(&line(&fact))?;
    }
    Ok(())
}

/// A fact as one line; what happened stands in it as JSON, not as a text that holds JSON.
fn line(fact: &ExportFactsResponse) -> String {
    let mut line = to_json(fact);
    if let (Some(line), Ok(what)) = (line.as_object_mut(), serde_json::from_str::<Value>(&fact.fact)) {
        line.insert("fact".to_owned(), what);
    }
    line.to_string()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use insta::assert_snapshot;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        report: Report,
    }

    fn parse(line: &str) -> Result<Report, String> {
        let words = std::iter::once("report").chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.report).map_err(|mistake| mistake.to_string())
    }

    #[test]
    fn a_version_is_one_of_three() {
        let version = |line: &str| {
            let report = parse(line).unwrap();
            crate::show::metrics::basis::version(report.cohort.version(report.about.place.route.as_deref()).as_ref())
        };
        assert_eq!(version("--route r --terms 3"), "terms of r v3");
        assert_eq!(version("--template won-deal@2"), "template won-deal v2");
        assert_eq!(version("--team sales --policy standard@1"), "policy standard v1");
        assert_eq!(version("--route r"), "");
        for wrong in
            ["--terms 3", "--template won-deal", "--template a@1 --policy b@1", "--route r --terms 1 --policy b@1"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn facts_have_a_scope_of_their_own() {
        let report = parse("facts --route r --days 7").unwrap();
        assert!(matches!(report.below, Some(Below::Facts { about, .. }) if about.place.route.as_deref() == Some("r")));
        assert!(parse("--route r facts").is_err());
    }

    #[test]
    fn a_fact_is_one_line_of_json() {
        let fact = ExportFactsResponse {
            handoff_id: "01994f7e".to_owned(),
            package: "baton.handoff.v1".to_owned(),
            sequence: 4,
            fact: r#"{"Submitted": {"attempt": 1}}"#.to_owned(),
            ..ExportFactsResponse::default()
        };
        assert_snapshot!(line(&fact), @r#"{"fact":{"Submitted":{"attempt":1}},"handoff_id":"01994f7e","package":"baton.handoff.v1","sequence":4}"#);
        let unread = ExportFactsResponse { fact: "no JSON".to_owned(), ..ExportFactsResponse::default() };
        assert_snapshot!(line(&unread), @r#"{"fact":"no JSON"}"#);
    }
}
