//! `baton trend`: a figure over time.

use api::metrics::v1::{Bucket, GetTrendRequest, Metric};
use clap::Args;

use super::{about::About, form::Drawn, version::Cohort};
use crate::{
    chart,
    errors::Result,
    session::Session,
    show::metrics::{rows::csv, trend as show},
    words::Word as _,
};

/// Which figure, in which steps.
#[derive(Debug, Args)]
#[command(after_help = "\
Figures: created, completed, bounces, questions (numbers); first-pass-yield, complete-and-accurate, rejection-rate, \
rework-rate, attainment, flow-efficiency (shares); limbo-p50, limbo-p85, cycle-p50, cycle-p85, answer-p50 (durations).

The band holds what a figure does by itself (natural limits of an XmR chart): a value within it tells nothing, one outside \
of it (a signal) is worth asking about.

Examples:
  baton trend first-pass-yield --route sales-to-implementation
  baton trend limbo-p85 --team implementation --side downstream --bucket month --days 365
  baton trend attainment --svg kept.svg")]
pub(crate) struct Trend {
    /// The figure
    #[arg(value_name = "METRIC", value_parser = Metric::parse)]
    metric: Metric,
    /// The steps: day, week (from Monday) or month
    #[arg(long, value_parser = Bucket::parse, default_value = "week")]
    bucket: Bucket,
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    cohort: Cohort,
    #[command(flatten)]
    drawn: Drawn,
}

impl Trend {
    /// Prints it.
    pub(crate) async fn run(self, session: &Session) -> Result<()> {
        self.drawn.check(session)?;
        let metrics = session.metrics()?;
        let (metric, bucket) = (self.metric, self.bucket);
        let version = self.cohort.version(self.about.place.route.as_deref());
        let query = self.about.query(version, session.screen().now());
        let request = GetTrendRequest { query: Some(query.clone()), metric: metric.into(), bucket: bucket.into() };
        let answer = metrics.call(request, async |request| metrics.reports().get_trend(request).await).await?;
        let page = show::page(&query, metric, bucket, &answer);
        let rows = || csv(&show::rows(metric, &answer));
        self.drawn.tell(&answer, &page, rows, || chart::trend::draw(&page, metric, &answer), session)
    }
}
