//! Running clocks that move to another version of their policy.

use api::sla::v1::{ClockKind, ClockMove, MigrateClocksRequest, MigrateClocksResponse};
use clap::Args;

use super::Named;
use crate::{
    client::{Remote, request_id},
    errors::{Error, Result},
    output::note,
    session::Session,
    show::sla::moves as show,
    words::Word as _,
};

/// A move.
#[derive(Debug, Args)]
#[command(
    after_help = "What has passed is kept. A clock of which more has passed than the new target allows is late from then on.\n\nExamples:\n  baton --as admin sla migrate standard\n  baton --as admin sla migrate standard --to 3 --route sales-to-implementation --kind acceptance --yes"
)]
pub(crate) struct Migrate {
    /// The policy
    policy: String,
    /// The version to move to [default: the latest]
    #[arg(long = "to", value_name = "VERSION", default_value_t = 0, hide_default_value = true)]
    version: i32,
    /// Only clocks of this route
    #[arg(long, default_value = "", hide_default_value = true)]
    route: String,
    /// Only clocks of this kind; again for each
    #[arg(long = "kind", value_name = "KIND", value_parser = ClockKind::parse)]
    kinds: Vec<ClockKind>,
    /// Only this clock: its id, or HANDOFF[:KIND]
    #[arg(long)]
    clock: Option<Named>,
    /// Move them
    #[arg(long)]
    yes: bool,
}

impl Migrate {
    /// Tells what would move; moves it, where that was said.
    pub(super) async fn run(self, sla: &Remote, session: &Session) -> Result<()> {
        let clock_id = match &self.clock {
            Some(clock) => clock.one(sla, session, |_| true).await?.id,
            None => String::new(),
        };
        let request = MigrateClocksRequest {
            request_id: String::new(),
            policy_id: self.policy.clone(),
            to_version: self.version,
            route_id: self.route,
            kinds: self.kinds.into_iter().map(i32::from).collect(),
            dry_run: true,
            clock_id,
        };
        let plan = call(request.clone(), sla).await?;
        if !self.yes || plan.moves.is_empty() {
            session.answer(&plan, |plan, screen| show::planned(&self.policy, plan, screen))?;
            if !self.yes && !plan.moves.is_empty() && !session.is_json() {
                note("--yes moves them");
            }
            return Ok(());
        }
        // To the version that was looked at, also where the policy is changed meanwhile.
        let request = MigrateClocksRequest { to_version: plan.to_version, dry_run: false, ..request };
        let done = all(async || call(request.clone(), sla).await).await?;
        session.answer(&done, |done, screen| show::done(&self.policy, done, screen))
    }
}

async fn call(request: MigrateClocksRequest, sla: &Remote) -> Result<MigrateClocksResponse> {
    let request = MigrateClocksRequest { request_id: request_id(), ..request };
    sla.call(request, async |request| sla.clocks().migrate_clocks(request).await).await
}

/// Moves as long as there is more to move.
async fn all(mut moved: impl AsyncFnMut() -> Result<MigrateClocksResponse>) -> Result<MigrateClocksResponse> {
    let mut moves: Vec<ClockMove> = vec![];
    loop {
        let answer = moved().await?;
        let is_stuck = answer.more && answer.moves.is_empty();
        moves.extend(answer.moves);
        if is_stuck {
            let what =
                format!("the SLA service says that there is more to move, and moves nothing; {} moved", moves.len());
            return Err(Error::unexpected(what));
        }
        if !answer.more {
            return Ok(MigrateClocksResponse { moves, more: false, to_version: answer.to_version });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(moves: usize, more: bool) -> MigrateClocksResponse {
        MigrateClocksResponse { moves: vec![ClockMove::default(); moves], more, to_version: 3 }
    }

    #[tokio::test]
    async fn it_moves_until_there_is_no_more() {
        let mut answers = vec![answer(2, false), answer(3, true), answer(3, true)];
        let done = all(async || Ok(answers.pop().unwrap())).await.unwrap();
        assert_eq!((done.moves.len(), done.more, done.to_version), (8, false, 3));
    }

    #[tokio::test]
    async fn a_service_that_moves_nothing_is_not_asked_without_end() {
        assert!(all(async || Ok(answer(0, true))).await.is_err());
    }
}
