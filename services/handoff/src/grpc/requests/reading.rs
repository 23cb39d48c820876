//! What every request is read with: texts bounded in characters, lists read entry by entry, masks.

use std::collections::BTreeSet;

use chassis::Fields;
use kernel::shortened;

use crate::domain::{
    Expected,
    limits::{NAME_MAX_CHARS, QUOTED_MAX_CHARS, TEXT_MAX_BYTES},
};

/// A text of at most so many characters, trimmed; may be empty.
pub(super) fn short(fields: &mut Fields, path: &str, text: &str, max_chars: usize) -> Option<String> {
    let text = fields.text(path, text, usize::MAX)?;
    match text.chars().count() {
        chars if chars > max_chars => {
            fields.refuse(path, format!("TOO_LARGE: {chars} characters; at most {max_chars} are kept"))
        }
        _ => Some(text),
    }
}

/// A text of at most so many characters that must not be empty.
pub(super) fn required_short(fields: &mut Fields, path: &str, text: &str, max_chars: usize) -> Option<String> {
    if text.trim().is_empty() { fields.refuse(path, "is required") } else { short(fields, path, text, max_chars) }
}

/// A name that must not be empty.
pub(super) fn name(fields: &mut Fields, path: &str, text: &str) -> Option<String> {
    required_short(fields, path, text, NAME_MAX_CHARS)
}

/// A name, or none where it is empty.
pub(super) fn optional_name(fields: &mut Fields, path: &str, text: &str) -> Option<Option<String>> {
    short(fields, path, text, NAME_MAX_CHARS).map(|text| (!text.is_empty()).then_some(text))
}

/// A list of at most so many entries, each read under its own path.
pub(super) fn each<P, T>(
    fields: &mut Fields,
    path: &str,
    entries: Vec<P>,
    max: usize,
    read: impl Fn(&mut Fields, &str, P) -> Option<T>,
) -> Option<Vec<T>> {
    fields.at_most(path, entries.len(), max)?;
    let entries = entries.into_iter().enumerate();
    // All are read before the first failure counts, so that every violation is noted.
    let read: Vec<_> = entries.map(|(index, entry)| read(fields, &format!("{path}[{index}]"), entry)).collect();
    read.into_iter().collect()
}

/// A list of texts, none of them empty.
pub(super) fn texts(fields: &mut Fields, path: &str, texts: Vec<String>, max: usize) -> Option<Vec<String>> {
    each(fields, path, texts, max, |fields, path, text| fields.required_text(path, &text, TEXT_MAX_BYTES))
}

/// The revision that the caller has seen.
pub(super) fn expected(fields: &mut Fields, revision: i64) -> Option<Expected> {
    fields.optional_revision("expected_revision", revision).map(|_| Expected::of(revision))
}

/// The edits of an update, one for each path of its mask.
pub(super) fn edits<T>(
    fields: &mut Fields,
    mask: Option<prost_types::FieldMask>,
    mut read: impl FnMut(&mut Fields, &str) -> Masked<T>,
) -> Option<Vec<T>> {
    let paths: BTreeSet<String> = mask.unwrap_or_default().paths.into_iter().collect();
    if paths.is_empty() {
        return fields.refuse("update_mask", "is required: name what to change");
    }
    let edits: Vec<_> = paths
        .iter()
        .map(|path| match read(fields, path) {
            Masked::Edit(edit) => edit,
            Masked::Unknown => {
                fields.refuse("update_mask", format!("{:?} cannot be changed", shortened(path, QUOTED_MAX_CHARS)))
            }
        })
        .collect();
    edits.into_iter().collect()
}

/// What a path of a mask stands for.
pub(super) enum Masked<T> {
    /// An edit; none where its value is refused.
    Edit(Option<T>),
    /// Nothing that can be changed.
    Unknown,
}
