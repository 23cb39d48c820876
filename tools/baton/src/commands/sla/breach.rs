//! What is said to a breach.

use api::sla::v1::{AcknowledgeBreachRequest, Clock, ExcuseBreachRequest};
use clap::Args;
use prost_types::Duration;

use super::Named;
use crate::{
    client::{Remote, request_id},
    errors::Result,
    session::Session,
    show::sla::clock as show,
    spans::parse_working,
};

/// What the accountable side says.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  baton --as ivan sla acknowledge crm/D-1042:acceptance --note 'ines is ill, I decide today' --cause illness --delay 2h"
)]
pub(crate) struct Acknowledge {
    /// The clock's id; or HANDOFF[:KIND]: the late one that is open, or else the latest
    #[arg(value_name = "CLOCK")]
    clock: Named,
    /// What both sides are to know
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    note: String,
    /// Why it is late, in a few words
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    cause: String,
    /// By how much to put the next escalation off, counted as the target is [default: the target]
    #[arg(long, value_name = "SPAN", value_parser = parse_working)]
    delay: Option<Duration>,
}

/// What the other side says.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  baton --as anna sla excuse crm/D-1042:acceptance --reason 'our question came late'"
)]
pub(crate) struct Excuse {
    /// The clock's id; or HANDOFF[:KIND]: the late one that is open, or else the latest
    #[arg(value_name = "CLOCK")]
    clock: Named,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Acknowledge {
    /// Says it.
    pub(super) async fn run(self, sla: &Remote, session: &Session) -> Result<()> {
        let clock = self.clock.one(sla, session, is_breached).await?;
        let request = AcknowledgeBreachRequest {
            request_id: request_id(),
            clock_id: clock.id,
            note: self.note,
            cause: self.cause,
            delay: self.delay,
        };
        let answer = sla.call(request, async |request| sla.clocks().acknowledge_breach(request).await).await?;
        session.answer(&answer, |answer, screen| {
            show::outcome("Acknowledged", &answer.clock.clone().unwrap_or_default(), screen)
        })
    }
}

impl Excuse {
    /// Says it.
    pub(super) async fn run(self, sla: &Remote, session: &Session) -> Result<()> {
        let clock = self.clock.one(sla, session, is_breached).await?;
        let request = ExcuseBreachRequest { request_id: request_id(), clock_id: clock.id, reason: self.reason };
        let answer = sla.call(request, async |request| sla.clocks().excuse_breach(request).await).await?;
        session.answer(&answer, |answer, screen| {
            show::outcome("Excused", &answer.clock.clone().unwrap_or_default(), screen)
        })
    }
}

fn is_breached(clock: &Clock) -> bool {
    clock.breach.is_some()
}
