//! A change of a handoff that is asked for: what every such request carries, and the outcome that is told.

/// Sends a request with its id, its handoff, the revision seen and the reason to override, all but the first taken from an
/// [`Addressed`](super::handoff::Addressed); then tells in a line what came of it, and gives the answer.
macro_rules! order {
    ($done:expr, $rpc:ident, $request:ident { $($field:ident $(: $value:expr)?),* $(,)? }, $addressed:expr, $remote:expr, $session:expr) => {{
        let addressed: $crate::commands::handoff::Addressed = $addressed;
        let request = $request {
            request_id: $crate::client::request_id(),
            handoff_id: addressed.handoff_id,
            expected_revision: addressed.expected_revision,
            override_reason: addressed.override_reason,
            $($field $(: $value)?),*
        };
        let answer = $remote.call(request, async |request| $remote.handoffs().$rpc(request).await).await?;
        $crate::commands::handoff::tell($done, &answer, answer.handoff.as_ref(), $session)
    }};
}

pub(crate) use order;
