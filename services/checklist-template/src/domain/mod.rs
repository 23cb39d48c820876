//! Templates and the life of their versions.

mod refused;
mod template;

pub use refused::Refused;
pub use template::{Draft, Fact, Published, Template, VersionState};

kernel::slug_id! {
    /// A template.
    TemplateId
}

kernel::slug_id! {
    /// A team, as the handoff service knows it.
    TeamId
}
