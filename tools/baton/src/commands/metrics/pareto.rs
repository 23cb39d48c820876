//! `baton pareto`: what something is mostly due to.

use api::metrics::v1::{GetParetoRequest, ParetoDimension};
use clap::Args;

use super::{about::About, form::Drawn, version::Cohort};
use crate::{
    chart,
    errors::Result,
    session::Session,
    show::metrics::{pareto as show, rows::csv},
    words::Word as _,
};

/// Of what, by what.
#[derive(Debug, Args)]
#[command(after_help = "\
Dimensions: rejection-criterion, rejection-reason, return-criterion, return-reason, question-about, breach-kind, \
bounces-by-route, attempts-by-route. A rejection that cites two criteria counts under both. In colour: those that make up \
the first 80 %.

Examples:
  baton pareto rejection-criterion --route sales-to-implementation
  baton pareto bounces-by-route --days 365 --limit 10
  baton pareto question-about --team sales --html questions.html")]
pub(crate) struct Pareto {
    /// Of what, by what
    #[arg(value_name = "DIMENSION", value_parser = ParetoDimension::parse)]
    dimension: ParetoDimension,
    /// At most so many lines, the largest
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i32).range(1..=1000))]
    limit: i32,
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    cohort: Cohort,
    #[command(flatten)]
    drawn: Drawn,
}

impl Pareto {
    /// Prints it.
    pub(crate) async fn run(self, session: &Session) -> Result<()> {
        self.drawn.check(session)?;
        let metrics = session.metrics()?;
        let dimension = self.dimension;
        let version = self.cohort.version(self.about.place.route.as_deref());
        let query = self.about.query(version, session.screen().now());
        let request =
            GetParetoRequest { query: Some(query.clone()), dimension: dimension.into(), page_size: self.limit };
        let answer = metrics.call(request, async |request| metrics.reports().get_pareto(request).await).await?;
        let page = show::page(&query, dimension, &answer);
        let rows = || csv(&show::rows(dimension, &answer));
        self.drawn.tell(&answer, &page, rows, || chart::pareto::draw(&page, dimension, &answer), session)
    }
}
