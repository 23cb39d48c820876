//! The template version that a handoff is judged by.

use criteria::{Content, ContentHash};

kernel::slug_id! {
    /// A template's id.
    TemplateId
}

/// The exact template version that judges a handoff, fixed at its creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The template; none for the empty one, which has no criteria.
    pub template_id: Option<TemplateId>,
    /// Its version, from 1; 0 for the empty one.
    pub version: i32,
    /// What identifies its content.
    pub content_hash: ContentHash,
}

impl Pin {
    /// The empty template: no criteria, any field.
    pub fn empty() -> Self {
        Self { template_id: None, version: 0, content_hash: Content::default().hash() }
    }
}
