//! The public face of Baton: the generated messages, clients and servers of `proto/`, their descriptors, and the
//! conversions between wire types and the types of the kernel and of the criteria.

pub mod criteria;
mod json;
mod time;

pub use json::{BadJson, facts_of, from_json, to_json};
pub use time::{duration_from_seconds, timestamp};

/// The file descriptors of everything in `proto/`, imports included, with comments: for reflection and for tools.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// `baton.type.v1`: what several packages speak of.
pub mod r#type {
    /// The first version.
    pub mod v1 {
        tonic::include_proto!("baton.r#type.v1");
    }
}

/// `baton.event.v1`: event logs.
pub mod event {
    /// The first version.
    pub mod v1 {
        tonic::include_proto!("baton.event.v1");
    }
}

/// `baton.checklist.v1`: templates.
pub mod checklist {
    /// The first version.
    pub mod v1 {
        tonic::include_proto!("baton.checklist.v1");
    }
}

/// `baton.handoff.v1`: teams, routes, handoffs.
pub mod handoff {
    /// The first version.
    pub mod v1 {
        tonic::include_proto!("baton.handoff.v1");
    }
}

/// `baton.sla.v1`: calendars, policies, clocks.
pub mod sla {
    /// The first version.
    pub mod v1 {
        tonic::include_proto!("baton.sla.v1");
    }
}

/// `baton.metrics.v1`: reports, surveys, improvement.
pub mod metrics {
    /// The first version.
    pub mod v1 {
        tonic::include_proto!("baton.metrics.v1");
    }
}

/// `baton.notify.v1`: subscriptions, deliveries.
pub mod notify {
    /// The first version.
    pub mod v1 {
        tonic::include_proto!("baton.notify.v1");
    }
}
