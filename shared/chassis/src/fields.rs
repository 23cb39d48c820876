//! Reading a request's fields into the domain's types, and noting every violation on the way.

use std::str::FromStr;

use kernel::{Error, Refusal, Result, Slug, Timestamp, Violation};
use uuid::Uuid;

/// The reader of one request. Each method notes what is wrong under the field's path and then answers None.
#[derive(Debug, Default)]
pub struct Fields {
    violations: Vec<Violation>,
    request_id: Option<Uuid>,
}

/// A long text is at most so many bytes.
pub const TEXT_BYTES: usize = 16 * 1024;

impl Fields {
    /// Notes a violation.
    pub fn violation(&mut self, field: impl Into<String>, description: impl Into<String>) {
        self.violations.push(Violation { field: field.into(), description: description.into() });
    }

    /// Notes a violation and answers None.
    pub fn refuse<T>(&mut self, field: impl Into<String>, description: impl Into<String>) -> Option<T> {
        self.violation(field, description);
        None
    }

    /// The notes so far, for readers of parts that several services share.
    pub fn violations(&mut self) -> &mut Vec<Violation> {
        &mut self.violations
    }

    /// The `request_id` of a mutation, a UUID.
    pub fn request_id(&mut self, text: &str) {
        self.request_id = self.uuid("request_id", text);
    }

    pub(crate) fn take_request_id(&mut self) -> Option<Uuid> {
        self.request_id.take()
    }

    /// A UUID in its hyphenated form.
    pub fn uuid(&mut self, field: &str, text: &str) -> Option<Uuid> {
        if text.is_empty() {
            return self.refuse(field, "is required: a UUID");
        }
        match Uuid::try_parse(text) {
            Ok(id) if text.len() == 36 => Some(id),
            _ => self.refuse(field, format!("is not a UUID: {:?}", shortened(text))),
        }
    }

    /// A UUID, or an empty text for none.
    pub fn optional_uuid(&mut self, field: &str, text: &str) -> Option<Option<Uuid>> {
        if text.is_empty() { Some(None) } else { self.uuid(field, text).map(Some) }
    }

    /// A slug of its own type.
    pub fn slug<T: From<Slug>>(&mut self, field: &str, text: &str) -> Option<T> {
        if text.is_empty() {
            return self.refuse(field, "is required: a slug, as sales-to-implementation");
        }
        match Slug::from_str(text) {
            Ok(slug) => Some(slug.into()),
            Err(error) => self.refuse(field, error.to_string()),
        }
    }

    /// A slug, or an empty text for none.
    pub fn optional_slug<T: From<Slug>>(&mut self, field: &str, text: &str) -> Option<Option<T>> {
        if text.is_empty() { Some(None) } else { self.slug(field, text).map(Some) }
    }

    /// A text of at most so many bytes, trimmed; may be empty.
    pub fn text(&mut self, field: &str, text: &str, max_bytes: usize) -> Option<String> {
        let text = text.trim();
        if text.len() > max_bytes {
            return self.refuse(field, format!("TOO_LARGE: {} bytes; at most {max_bytes} are kept", text.len()));
        }
        if text.contains('\0') {
            return self.refuse(field, "holds a NUL character, which cannot be stored");
        }
        Some(text.to_owned())
    }

    /// A text that must not be empty.
    pub fn required_text(&mut self, field: &str, text: &str, max_bytes: usize) -> Option<String> {
        if text.trim().is_empty() { self.refuse(field, "is required") } else { self.text(field, text, max_bytes) }
    }

    /// A text, or None where it is empty.
    pub fn optional_text(&mut self, field: &str, text: &str, max_bytes: usize) -> Option<Option<String>> {
        self.text(field, text, max_bytes).map(|text| (!text.is_empty()).then_some(text))
    }

    /// An instant that must be given.
    pub fn time(&mut self, field: &str, time: Option<prost_types::Timestamp>) -> Option<Timestamp> {
        let Some(time) = time else { return self.refuse(field, "is required: an instant") };
        match Timestamp::from_seconds_and_nanos(time.seconds, time.nanos) {
            Some(instant) => Some(instant),
            None => self.refuse(field, "is not an instant between the years 1 and 9999"),
        }
    }

    /// An instant, or none.
    pub fn optional_time(&mut self, field: &str, time: Option<prost_types::Timestamp>) -> Option<Option<Timestamp>> {
        if time.is_none() { Some(None) } else { self.time(field, time).map(Some) }
    }

    /// A duration of whole seconds within bounds, or the default where none is given.
    pub fn seconds_or(
        &mut self,
        field: &str,
        duration: Option<prost_types::Duration>,
        default: i64,
        bounds: std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        let Some(duration) = duration else { return Some(default) };
        if duration.nanos != 0 {
            return self.refuse(field, "must be whole seconds");
        }
        if !bounds.contains(&duration.seconds) {
            return self.refuse(
                field,
                format!("must be {} to {} seconds, not {}", bounds.start(), bounds.end(), duration.seconds),
            );
        }
        Some(duration.seconds)
    }

    /// A value of an enum that must be given: not zero, and known to this version.
    pub fn choice<E: TryFrom<i32> + Default + PartialEq>(&mut self, field: &str, value: i32) -> Option<E> {
        match E::try_from(value) {
            Ok(choice) if choice != E::default() => Some(choice),
            Ok(_) => self.refuse(field, "is required"),
            Err(_) => self.refuse(field, format!("is {value}, which this version does not know")),
        }
    }

    /// A value of an enum, or None where it is zero.
    pub fn optional_choice<E: TryFrom<i32> + Default + PartialEq>(
        &mut self,
        field: &str,
        value: i32,
    ) -> Option<Option<E>> {
        if value == 0 { Some(None) } else { self.choice(field, value).map(Some) }
    }

    /// A number that must not be negative; 0 is none.
    pub fn optional_revision(&mut self, field: &str, revision: i64) -> Option<Option<i64>> {
        if revision < 0 {
            return self.refuse(field, "must not be negative");
        }
        Some((revision > 0).then_some(revision))
    }

    /// A page size: 0 is 50, more than 1000 is refused.
    pub fn page_size(&mut self, size: i32) -> Option<u32> {
        match u32::try_from(size) {
            Ok(0) => Some(50),
            Ok(size) if size <= 1000 => Some(size),
            _ => self.refuse("page_size", "must be 1 to 1000, or 0 for 50"),
        }
    }

    /// Whether a list is short enough.
    pub fn at_most(&mut self, field: &str, length: usize, max: usize) -> Option<()> {
        if length > max {
            return self.refuse(field, format!("TOO_LARGE: {length} of them; at most {max} are kept"));
        }
        Some(())
    }

    /// The parsed value, or a refusal with every violation noted.
    pub fn settle<T>(self, value: Option<T>) -> Result<T> {
        match value {
            Some(value) if self.violations.is_empty() => Ok(value),
            None if self.violations.is_empty() => Err(Error::fault("a request was refused without a violation")),
            _ => {
                let too_large = self.violations.iter().all(|v| v.description.starts_with("TOO_LARGE"));
                let mut refusal = Refusal::invalid(self.violations);
                if too_large {
                    refusal.reason = "TOO_LARGE";
                }
                Err(refusal.into())
            }
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}
