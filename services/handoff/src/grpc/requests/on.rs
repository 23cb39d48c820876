//! What every command on one handoff begins with.

use chassis::Fields;

use super::reading::expected;
use crate::{domain::limits::TEXT_MAX_BYTES, ops::Target};

/// A command on one handoff.
pub(in crate::grpc) struct On<C> {
    pub(in crate::grpc) target: Target,
    pub(in crate::grpc) command: C,
}

pub(super) fn target(
    fields: &mut Fields,
    request_id: &str,
    handoff_id: &str,
    expected_revision: i64,
    override_reason: &str,
) -> Option<Target> {
    fields.request_id(request_id);
    let id = fields.uuid("handoff_id", handoff_id);
    let expected = expected(fields, expected_revision);
    let override_reason = fields.optional_text("override_reason", override_reason, TEXT_MAX_BYTES);
    Some(Target { id: id?.into(), expected: expected?, override_reason: override_reason? })
}

/// The [`target`] of a request of any of these types: their first fields are the same.
macro_rules! target {
    ($fields:expr, $request:expr) => {
        $crate::grpc::requests::on::target(
            $fields,
            &$request.request_id,
            &$request.handoff_id,
            $request.expected_revision,
            &$request.override_reason,
        )
    };
}

/// Commands that say nothing but what they are: each a request without more than its target.
macro_rules! bare {
    ($($(#[$doc:meta])* $name:ident = $request:ident;)+) => {
        $(
            $(#[$doc])*
            pub(in crate::grpc) struct $name;

            impl chassis::Parse for On<$name> {
                type Request = pb::$request;

                fn parse(request: Self::Request, fields: &mut chassis::Fields) -> Option<Self> {
                    Some(Self { target: target!(fields, request)?, command: $name })
                }
            }
        )+
    };
}
