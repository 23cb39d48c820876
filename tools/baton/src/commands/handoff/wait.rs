//! Who looks at a handoff, who speaks for a side, what is waited for, and what was understood.

use api::handoff::v1::{
    ClaimHandoffRequest, ConfirmReadBackRequest, HoldHandoffRequest, ReassignHandoffRequest, RecallHandoffRequest,
    ResumeHandoffRequest, UnclaimHandoffRequest,
};
use clap::Args;

use super::{Acting, Target, decide::current_attempt};
use crate::{client::Remote, commands::order::order, errors::Result, session::Session, words::When};

/// Another voice of a side.
#[derive(Debug, Args)]
pub(crate) struct Reassign {
    #[command(flatten)]
    acting: Acting,
    /// Who speaks for the side from now on
    owner: String,
}

/// A declared wait.
#[derive(Debug, Args)]
pub(crate) struct Hold {
    #[command(flatten)]
    acting: Acting,
    /// Until when, at most 90 days ahead; then it ends by itself
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    until: When,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// What upstream says to a read-back.
#[derive(Debug, Args)]
pub(crate) struct ConfirmReadBack {
    #[command(flatten)]
    target: Target,
    /// The attempt that you have read [default: the current one]
    #[arg(long)]
    attempt: Option<i32>,
    /// What was misunderstood; again for each
    #[arg(long = "correction", value_name = "TEXT")]
    corrections: Vec<String>,
}

impl Reassign {
    pub(super) async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let (at, side) = self.acting.address(remote).await?;
        let owner = self.owner;
        order!("Reassigned", reassign_handoff, ReassignHandoffRequest { side, owner }, at, remote, session)
    }
}

impl Hold {
    pub(super) async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let (at, side) = self.acting.address(remote).await?;
        let until = Some(session.instant("until", self.until));
        let reason = self.reason;
        order!("On hold", hold_handoff, HoldHandoffRequest { side, reason, until }, at, remote, session)
    }
}

impl ConfirmReadBack {
    pub(super) async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let at = self.target.address(remote).await?;
        let attempt = current_attempt(self.attempt, &at.handoff_id, remote).await?;
        let corrections = self.corrections;
        let done = if corrections.is_empty() { "Read-back confirmed" } else { "Read-back corrected" };
        order!(done, confirm_read_back, ConfirmReadBackRequest { attempt, corrections }, at, remote, session)
    }
}

/// Ends a hold.
pub(super) async fn resume(acting: Acting, remote: &Remote, session: &Session) -> Result<()> {
    let (at, side) = acting.address(remote).await?;
    order!("Resumed", resume_handoff, ResumeHandoffRequest { side }, at, remote, session)
}

/// Upstream takes back what downstream has not decided.
pub(super) async fn recall(target: Target, remote: &Remote, session: &Session) -> Result<()> {
    let at = target.address(remote).await?;
    order!("Recalled", recall_handoff, RecallHandoffRequest {}, at, remote, session)
}

/// The caller looks at it.
pub(super) async fn claim(target: Target, remote: &Remote, session: &Session) -> Result<()> {
    let at = target.address(remote).await?;
    order!("Claimed", claim_handoff, ClaimHandoffRequest {}, at, remote, session)
}

/// Nobody looks at it any more.
pub(super) async fn unclaim(target: Target, remote: &Remote, session: &Session) -> Result<()> {
    let at = target.address(remote).await?;
    order!("Let go", unclaim_handoff, UnclaimHandoffRequest {}, at, remote, session)
}
