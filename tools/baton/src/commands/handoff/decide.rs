//! What is decided about a handoff once it was submitted, and what ends it.

use api::handoff::v1::{
    AcceptHandoffRequest, BeginHandoffRequest, CancelHandoffRequest, CompleteHandoffRequest, Reason, ReasonKind,
    RejectHandoffRequest, ReopenHandoffRequest, ReturnHandoffRequest,
};
use clap::Args;

use super::{Target, get, tell};
use crate::{
    client::{Remote, request_id},
    commands::owed::Owed,
    errors::Result,
    session::Session,
};

/// An acceptance.
#[derive(Debug, Args)]
pub(crate) struct Accept {
    #[command(flatten)]
    target: Target,
    /// The attempt that you have read [default: the current one]
    #[arg(long)]
    attempt: Option<i32>,
    /// What was handed over, in your own words
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    read_back: String,
    /// What upstream still owes; again for each
    #[arg(long = "condition", value_name = "TEXT; due=TIME[; owner=NAME]", value_parser = Owed::parse_condition)]
    conditions: Vec<Owed>,
}

/// A rejection or a return.
#[derive(Debug, Args)]
pub(crate) struct SendBack {
    #[command(flatten)]
    target: Target,
    /// The attempt that you have read [default: the current one]
    #[arg(long)]
    attempt: Option<i32>,
    #[command(flatten)]
    reasons: Reasons,
}

/// Why; at least one.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Reasons {
    /// A criterion that is not met, and more on it; again for each
    #[arg(long = "criterion", value_name = "KEY[=TEXT]")]
    criteria: Vec<String>,
    /// Something is missing that no criterion names; again for each
    #[arg(long, value_name = "TEXT")]
    incomplete: Vec<String>,
    /// Another team should have it
    #[arg(long)]
    wrong_team: bool,
    /// It is here already
    #[arg(long)]
    duplicate: bool,
    /// Something else; again for each
    #[arg(long, value_name = "TEXT")]
    other: Vec<String>,
}

/// A handoff and why something is done to it.
#[derive(Debug, Args)]
pub(crate) struct WithReason {
    #[command(flatten)]
    target: Target,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Accept {
    pub(super) async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let handoff_id = self.target.handoff.id(remote).await?;
        let request = AcceptHandoffRequest {
            request_id: request_id(),
            attempt: current_attempt(self.attempt, &handoff_id, remote).await?,
            handoff_id,
            expected_revision: self.target.expected_revision,
            override_reason: self.target.override_reason,
            read_back: self.read_back,
            conditions: self.conditions.into_iter().map(|owed| owed.into_condition(session)).collect(),
        };
        let answer = remote.call(request, async |request| remote.handoffs().accept_handoff(request).await).await?;
        tell("Accepted", &answer, answer.handoff.as_ref(), session)
    }
}

impl SendBack {
    pub(super) async fn reject(self, remote: &Remote, session: &Session) -> Result<()> {
        let handoff_id = self.target.handoff.id(remote).await?;
        let request = RejectHandoffRequest {
            request_id: request_id(),
            attempt: current_attempt(self.attempt, &handoff_id, remote).await?,
            handoff_id,
            expected_revision: self.target.expected_revision,
            override_reason: self.target.override_reason,
            reasons: self.reasons.into_list(),
        };
        let answer = remote.call(request, async |request| remote.handoffs().reject_handoff(request).await).await?;
        tell("Rejected", &answer, answer.handoff.as_ref(), session)
    }

    pub(super) async fn give_back(self, remote: &Remote, session: &Session) -> Result<()> {
        let handoff_id = self.target.handoff.id(remote).await?;
        let request = ReturnHandoffRequest {
            request_id: request_id(),
            attempt: current_attempt(self.attempt, &handoff_id, remote).await?,
            handoff_id,
            expected_revision: self.target.expected_revision,
            override_reason: self.target.override_reason,
            reasons: self.reasons.into_list(),
        };
        let answer = remote.call(request, async |request| remote.handoffs().return_handoff(request).await).await?;
        tell("Returned", &answer, answer.handoff.as_ref(), session)
    }
}

impl WithReason {
    pub(super) async fn reopen(self, remote: &Remote, session: &Session) -> Result<()> {
        let request = ReopenHandoffRequest {
            request_id: request_id(),
            handoff_id: self.target.handoff.id(remote).await?,
            expected_revision: self.target.expected_revision,
            override_reason: self.target.override_reason,
            reason: self.reason,
        };
        let answer = remote.call(request, async |request| remote.handoffs().reopen_handoff(request).await).await?;
        tell("Reopened", &answer, answer.handoff.as_ref(), session)
    }

    pub(super) async fn cancel(self, remote: &Remote, session: &Session) -> Result<()> {
        let request = CancelHandoffRequest {
            request_id: request_id(),
            handoff_id: self.target.handoff.id(remote).await?,
            expected_revision: self.target.expected_revision,
            override_reason: self.target.override_reason,
            reason: self.reason,
        };
        let answer = remote.call(request, async |request| remote.handoffs().cancel_handoff(request).await).await?;
        tell("Cancelled", &answer, answer.handoff.as_ref(), session)
    }
}

/// Downstream begins the work.
pub(super) async fn begin(target: Target, remote: &Remote, session: &Session) -> Result<()> {
    let request = BeginHandoffRequest {
        request_id: request_id(),
        handoff_id: target.handoff.id(remote).await?,
        expected_revision: target.expected_revision,
        override_reason: target.override_reason,
    };
    let answer = remote.call(request, async |request| remote.handoffs().begin_handoff(request).await).await?;
    tell("Begun", &answer, answer.handoff.as_ref(), session)
}

/// Downstream has done the work.
pub(super) async fn complete(target: Target, remote: &Remote, session: &Session) -> Result<()> {
    let request = CompleteHandoffRequest {
        request_id: request_id(),
        handoff_id: target.handoff.id(remote).await?,
        expected_revision: target.expected_revision,
        override_reason: target.override_reason,
    };
    let answer = remote.call(request, async |request| remote.handoffs().complete_handoff(request).await).await?;
    tell("Completed", &answer, answer.handoff.as_ref(), session)
}

pub(super) async fn current_attempt(stated: Option<i32>, handoff_id: &str, remote: &Remote) -> Result<i32> {
    match stated {
        Some(attempt) => Ok(attempt),
        None => Ok(get(handoff_id.to_owned(), remote).await?.attempt),
    }
}

impl Reasons {
    fn into_list(self) -> Vec<Reason> {
        let reason = |kind: ReasonKind, criterion: &str, text: &str| Reason {
            kind: kind.into(),
            criterion: criterion.to_owned(),
            text: text.to_owned(),
        };
        let criteria = self.criteria.iter().map(|given| {
            let (key, text) = given.split_once('=').unwrap_or((given, ""));
            reason(ReasonKind::Criterion, key, text)
        });
        let incomplete = self.incomplete.iter().map(|text| reason(ReasonKind::Incomplete, "", text));
        let wrong_team = self.wrong_team.then(|| reason(ReasonKind::WrongTeam, "", ""));
        let duplicate = self.duplicate.then(|| reason(ReasonKind::Duplicate, "", ""));
        let other = self.other.iter().map(|text| reason(ReasonKind::Other, "", text));
        criteria.chain(incomplete).chain(wrong_team).chain(duplicate).chain(other).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_reasons_are_given_at_once() {
        let reasons = Reasons {
            criteria: vec!["contract".to_owned(), "timeline=no date".to_owned()],
            incomplete: vec!["page 3".to_owned()],
            wrong_team: true,
            duplicate: false,
            other: vec![],
        };
        let told: Vec<String> = reasons.into_list().iter().map(crate::show::handoff::reason).collect();
        assert_eq!(told, ["criterion contract", "criterion timeline: no date", "incomplete: page 3", "wrong team"]);
    }
}
