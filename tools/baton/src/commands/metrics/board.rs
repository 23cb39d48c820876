//! `baton board`: what is open now.

use api::metrics::v1::GetBoardRequest;
use clap::Args;

use super::{about::Place, form::Form};
use crate::{
    errors::Result,
    session::Session,
    show::metrics::{board as show, rows::csv},
};

/// Where.
#[derive(Debug, Args)]
#[command(after_help = "\
In limbo: submitted and not decided, or accepted and not begun. At risk: warned of, and nothing breached yet; breached: late. \
First to be seen to: what is breached, then what is at risk, then the oldest.

Examples:
  baton board
  baton board --team implementation --limit 10
  baton board --workflow deal-to-live --csv --items > open.csv")]
pub(crate) struct Board {
    /// At most so many handoffs
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i32).range(1..=1000))]
    limit: i32,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    form: Form,
    /// With --csv, a line for each handoff instead of each figure
    #[arg(long, requires = "csv", help_heading = "Form of the answer")]
    items: bool,
}

impl Board {
    /// Prints it.
    pub(crate) async fn run(self, session: &Session) -> Result<()> {
        self.form.check(session)?;
        let metrics = session.metrics()?;
        let scope = self.place.scope();
        let request = GetBoardRequest { scope: scope.clone(), page_size: self.limit };
        let answer = metrics.call(request, async |request| metrics.reports().get_board(request).await).await?;
        let page = show::page(scope.as_ref(), &answer, session.screen().now());
        let rows = || if self.items { csv(&show::item_rows(&answer)) } else { csv(&show::rows(&answer)) };
        self.form.tell(&answer, &page, rows, session)
    }
}
