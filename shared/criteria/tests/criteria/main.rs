//! The library as its users see it: templates in, judgements out.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod change;
mod findings;
mod golden;
mod judgement;
mod laws;
mod migration;
mod review;
mod starters;

use criteria::{Content, TemplateDocument};

/// The content of a template written as YAML, less its head.
fn content(yaml: &str) -> Content {
    TemplateDocument::from_yaml(&format!("id: t\ndisplay_name: T\n{yaml}")).unwrap().content
}
