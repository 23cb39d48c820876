//! Reading a request's fields into the domain's types, and noting every violation on the way.

use std::str::FromStr;

use kernel::{Error, Refusal, Result, Slug, Timestamp, Violation, shortened};
use uuid::Uuid;

/// So much of a foreign text is quoted.
const QUOTED_CHARS: usize = 64;

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
            _ => self.refuse(field, format!("is not a UUID: {:?}", shortened(text, QUOTED_CHARS))),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The reason and the named fields of a request of which those were read.
    fn refused(read: impl FnOnce(&mut Fields) -> Option<()>) -> (&'static str, Vec<String>) {
        let mut fields = Fields::default();
        let value = read(&mut fields);
        match fields.settle(value) {
            Err(Error::Refused(refusal)) => {
                (refusal.reason, refusal.violations.into_iter().map(|violation| violation.field).collect())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_violation_is_named_at_once() {
        let (reason, named) = refused(|fields| {
            fields.request_id("not-a-uuid");
            let (slug, time) = (fields.slug::<Slug>("team", "Sales!"), fields.time("at", None));
            let (size, list) = (fields.page_size(-1), fields.at_most("items", 501, 500));
            let _read: (Slug, _, _, ()) = (slug?, time?, size?, list?);
            Some(())
        });
        assert_eq!(reason, "INVALID_REQUEST");
        assert_eq!(named, ["request_id", "team", "at", "page_size", "items"]);
    }

    #[test]
    fn what_is_only_too_large_says_so() {
        let (reason, _) = refused(|fields| fields.text("text", &"x".repeat(TEXT_BYTES + 1), TEXT_BYTES).map(drop));
        assert_eq!(reason, "TOO_LARGE");
    }

    #[test]
    fn a_value_with_a_violation_beside_it_is_refused() {
        let (_, named) = refused(|fields| {
            fields.violation("other", "is wrong");
            Some(())
        });
        assert_eq!(named, ["other"]);
    }

    #[test]
    fn a_parser_that_refuses_without_a_reason_is_a_defect() {
        assert!(matches!(Fields::default().settle(None::<()>), Err(Error::Fault(_))));
    }

    #[test]
    fn a_uuid_is_read_in_its_hyphenated_form_only() {
        let mut fields = Fields::default();
        let text = "0190c6f0-0000-7000-8000-000000000000";
        assert_eq!(fields.uuid("id", text).map(|id| id.to_string()).as_deref(), Some(text));
        for other in ["", "0190c6f0000070008000000000000000", "{0190c6f0-0000-7000-8000-000000000000}", "é"] {
            assert_eq!(fields.uuid("id", other), None, "{other}");
        }
    }

    #[test]
    fn a_text_is_trimmed_and_bounded_in_bytes_and_holds_no_nul() {
        let mut fields = Fields::default();
        assert_eq!(fields.text("text", "  a b \n", 3).as_deref(), Some("a b"));
        assert_eq!(fields.text("text", "éé", 3), None);
        assert_eq!(fields.text("text", "a\0b", 9), None);
        assert_eq!(fields.required_text("text", " \t ", 9), None);
        assert_eq!(fields.optional_text("text", "  ", 9), Some(None));
    }

    #[test]
    fn page_sizes_and_durations_keep_their_bounds() {
        let mut fields = Fields::default();
        assert_eq!([0, 1, 1000].map(|size| fields.page_size(size)), [Some(50), Some(1), Some(1000)]);
        assert_eq!([-1, 1001, i32::MIN].map(|size| fields.page_size(size)), [None; 3]);
        let mut seconds =
            |seconds, nanos| fields.seconds_or("wait", Some(prost_types::Duration { seconds, nanos }), 7, 1..=10);
        assert_eq!([seconds(1, 0), seconds(10, 0)], [Some(1), Some(10)]);
        assert_eq!([seconds(0, 0), seconds(11, 0), seconds(5, 1), seconds(i64::MIN, 0)], [None; 4]);
        assert_eq!(fields.seconds_or("wait", None, 7, 1..=10), Some(7));
    }
}
