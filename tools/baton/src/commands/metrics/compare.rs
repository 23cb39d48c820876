//! `baton compare`: what is different under two versions of the same thing.

use api::metrics::v1::CompareVersionsRequest;
use clap::Args;

use super::{about::About, form::Form, version::Named};
use crate::{
    errors::Result,
    session::Session,
    show::metrics::{compare as show, rows::csv},
};

/// Which versions.
#[derive(Debug, Args)]
#[command(after_help = "\
A version is template:ID@N, policy:ID@N, terms:ROUTE@N, or terms:N with --route; a bare N after --after is of the same \
thing as --before. Verdicts: helped or hurt, where the 95 % interval of the difference lies on one side of 0; not shown, \
where it holds 0; not enough data, below 20 before or after.

Examples:
  baton compare --before template:won-deal@3 --after 4
  baton compare --route sales-to-implementation --before terms:2 --after terms:3 --days 365
  baton compare --before policy:standard@1 --after 2 --team implementation --csv")]
pub(crate) struct Compare {
    /// The version before
    #[arg(long, value_name = "VERSION", value_parser = Named::parse)]
    before: Named,
    /// The version after: of the same template, terms or policy
    #[arg(long, value_name = "VERSION", value_parser = Named::parse)]
    after: Named,
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    form: Form,
}

impl Compare {
    /// Prints it.
    pub(crate) async fn run(self, session: &Session) -> Result<()> {
        self.form.check(session)?;
        let metrics = session.metrics()?;
        let route = self.about.place.route.as_deref();
        let before = self.before.version(route, None)?;
        let after = self.after.version(route, Some(&before))?;
        let query = self.about.query(None, session.screen().now());
        let request = CompareVersionsRequest {
            query: Some(query.clone()),
            before: Some(before.clone()),
            after: Some(after.clone()),
        };
        let answer = metrics.call(request, async |request| metrics.reports().compare_versions(request).await).await?;
        let versions = [&before, &after];
        let page = show::page(&query, versions, &answer);
        self.form.tell(&answer, &page, || csv(&show::rows(versions, &answer.lines)), session)
    }
}
