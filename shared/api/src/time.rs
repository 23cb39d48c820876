//! Instants and durations on the wire.

use kernel::Timestamp;

/// An instant as protobuf writes it.
pub fn timestamp(instant: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = instant.to_seconds_and_nanos();
    prost_types::Timestamp { seconds, nanos }
}

/// A duration of whole seconds as protobuf writes it.
pub fn duration_from_seconds(seconds: i64) -> prost_types::Duration {
    prost_types::Duration { seconds, nanos: 0 }
}
