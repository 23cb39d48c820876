//! Answers in few words, for assertions that read well.

use api::handoff::v1 as pb;
use testkit::Refusal;
use tonic::Code;

/// The code and the reason of a refusal.
pub(crate) fn why(refused: &Refusal) -> (Code, &str) {
    (refused.code, refused.reason.as_str())
}

/// The state, as the domain calls it.
pub(crate) fn state(state: pb::HandoffState) -> &'static str {
    state.as_str_name().trim_start_matches("HANDOFF_STATE_")
}

/// What an answer did: the state that it left behind, or the reason why not.
pub(crate) fn outcome(answer: &Result<pb::Handoff, Refusal>) -> String {
    match answer {
        Ok(handoff) => state(handoff.state()).to_owned(),
        Err(refused) => refused.reason.clone(),
    }
}

/// The instant that an answer gives.
pub(crate) fn instant(time: Option<prost_types::Timestamp>) -> Option<String> {
    let time = time?;
    Some(kernel::Timestamp::from_seconds_and_nanos(time.seconds, time.nanos)?.to_string())
}
