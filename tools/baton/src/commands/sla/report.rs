//! How well promises were kept.

use api::sla::v1::{AttainmentGroup, ClockKind, GetAttainmentRequest};
use clap::Args;
use prost_types::Timestamp;

use crate::{
    client::Remote,
    errors::Result,
    session::Session,
    show::sla::attainment as show,
    words::{Word as _, parse_time},
};

/// Which promises.
#[derive(Debug, Args)]
#[command(
    after_help = "Kept: met, of all that were due: met, late, and open and late. What was cancelled in time does not count; what was \
excused counts as late.\n\nExamples:\n  baton sla report\n  baton sla report --by route --from 2026-11-01 --until 2026-12-01\n  baton sla report --by kind --team implementation --live"
)]
pub(crate) struct Report {
    /// A line for each team, route or kind
    #[arg(long, value_name = "GROUP", value_parser = AttainmentGroup::parse, default_value = "team")]
    by: AttainmentGroup,
    /// Only what was due then or later
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    from: Option<Timestamp>,
    /// Only what was due earlier [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Timestamp>,
    /// Only clocks of this kind; again for each
    #[arg(long = "kind", value_name = "KIND", value_parser = ClockKind::parse)]
    kinds: Vec<ClockKind>,
    /// Only those that this team is accountable for
    #[arg(long, default_value = "", hide_default_value = true)]
    team: String,
    /// Only those on this route
    #[arg(long, default_value = "", hide_default_value = true)]
    route: String,
    /// Only those that an import of history started
    #[arg(long, conflicts_with = "live")]
    historic: bool,
    /// Only those that no import started
    #[arg(long)]
    live: bool,
    /// At most so many lines, those with most clocks
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i32).range(1..=1000))]
    limit: i32,
}

impl Report {
    /// Prints it.
    pub(super) async fn run(self, sla: &Remote, session: &Session) -> Result<()> {
        let request = GetAttainmentRequest {
            group: self.by.into(),
            due_from: self.from,
            due_until: self.until,
            kinds: self.kinds.into_iter().map(i32::from).collect(),
            team: self.team,
            route_id: self.route,
            historic: (self.historic || self.live).then_some(self.historic),
            page_size: self.limit,
        };
        let answer = sla.call(request, async |request| sla.clocks().get_attainment(request).await).await?;
        session.answer(&answer, |answer, screen| show::report(self.by, answer, screen))
    }
}
