//! What every part of Baton agrees on: identifiers, instants, who acts, how a history ends, and the four kinds of error.
//!
//! No I/O, no clock: `now` is always an argument.

mod actor;
mod error;
mod head;
mod id;
mod named;
mod slug;
mod text;
mod time;

pub use actor::{Actor, Kind, Principal, Role};
pub use error::{Code, Error, Precondition, Refusal, Result, Source, Violation};
pub use head::Head;
pub use id::derived_uuid;
pub use slug::{BadSlug, Slug};
pub use text::shortened;
pub use time::{BadTimestamp, Timestamp};

#[doc(hidden)]
pub mod reexported {
    pub use serde;
    #[cfg(feature = "sqlx")]
    pub use sqlx;
    pub use uuid;
}
