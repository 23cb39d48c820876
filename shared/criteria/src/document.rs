//! A template as one YAML text: how people write, review and carry it.

use kernel::Slug;
use serde::{Deserialize, Serialize};

use crate::{
    LEVEL,
    content::{Content, Field, Item, Rule},
    limits,
};

/// A template with the content of one version. Reading what was written gives the same again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateDocument {
    /// The template's id.
    pub id: Slug,
    /// Its name for people.
    pub display_name: String,
    /// The team that owns it; whoever imports it says so where absent.
    pub owner_team: Option<Slug>,
    /// The content.
    pub content: Content,
}

/// Why a text is no template document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct YamlError {
    /// Counted from 1; 0 where the text as a whole is meant.
    pub line: u64,
    /// Counted from 1; 0 where the text as a whole is meant.
    pub column: u64,
    /// What is wrong.
    pub message: String,
}

/// The document as written: the content's parts stand beside the template's.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: Slug,
    display_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner_team: Option<Slug>,
    #[serde(default = "current_level", skip_serializing_if = "is_current_level")]
    criteria_level: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    items: Vec<Item>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rules: Vec<Rule>,
}

const fn current_level() -> u32 {
    LEVEL
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field by reference")]
const fn is_current_level(level: &u32) -> bool {
    *level == LEVEL
}

impl TemplateDocument {
    /// Reads a YAML text. The first mistake is told with its place; what the content means is judged by
    /// [`Content::findings`].
    pub fn from_yaml(text: &str) -> Result<Self, YamlError> {
        if text.len() > limits::DOCUMENT_MAX_BYTES {
            let message = format!("{} bytes, at most {} are allowed", text.len(), limits::DOCUMENT_MAX_BYTES);
            return Err(YamlError { line: 0, column: 0, message });
        }
        let written: Written = serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
            let (line, column) = error.location().map_or((0, 0), |place| (place.line(), place.column()));
            YamlError { line, column, message: error.to_string() }
        })?;
        let Written { id, display_name, owner_team, criteria_level, fields, items, rules } = written;
        let content = Content { criteria_level, fields, items, rules };
        Ok(Self { id, display_name, owner_team, content })
    }

    /// Writes the YAML text.
    pub fn to_yaml(&self) -> String {
        let Self { id, display_name, owner_team, content } = self.clone();
        let Content { criteria_level, fields, items, rules } = content;
        let written = Written { id, display_name, owner_team, criteria_level, fields, items, rules };
        serde_saphyr::to_string(&written).expect("a document has string keys and no fallible parts")
    }
}

/// A template needs no aliases to speak of and little depth; whatever asks for more is refused before it is expanded.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_documents: 1,
            max_depth: 16,
            flow_nesting_limit: 16,
            max_nodes: 100_000,
            max_events: 250_000,
            max_aliases: 100,
            max_anchors: 100,
            max_recorded_anchor_events: 10_000,
            max_recorded_anchor_bytes: limits::DOCUMENT_MAX_BYTES,
            max_total_scalar_bytes: limits::DOCUMENT_MAX_BYTES,
            max_merge_keys: 100,
        },
        strict_booleans: true,
        with_snippet: false,
    }
}
