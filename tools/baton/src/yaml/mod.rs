//! Calendars and policies as YAML files: what was exported is read back exactly, and a mistake is told with its place.

pub(crate) mod calendar;
mod ordered;
pub(crate) mod policy;
mod target;

use serde::{Serialize, de::DeserializeOwned};

const MAX_BYTES: usize = 1 << 20;
/// What the library's caller could do about a mistake is nothing to whoever wrote the file.
const FOR_PROGRAMMERS: &str = ", set DuplicateKeyPolicy in Options if acceptable";

/// Reads one document; the first mistake is told with its line and column.
fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_documents: 1,
            max_depth: 16,
            flow_nesting_limit: 16,
            max_total_scalar_bytes: MAX_BYTES,
        },
        strict_booleans: true,
        with_snippet: false,
    };
    let told = |error: serde_saphyr::Error| error.to_string().replace(FOR_PROGRAMMERS, "");
    serde_saphyr::from_str_with_options(text, options).map_err(told)
}

fn write(document: &impl Serialize) -> String {
    serde_saphyr::to_string(document).expect("a document has text keys and no fallible parts")
}

/// Whether a field is left out of what is written: it has what it has where nobody says it.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
