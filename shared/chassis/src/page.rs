//! Page tokens: opaque, and bound to the filter that they continue.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use prost::Message;
use serde::{Serialize, de::DeserializeOwned};

use crate::{event::digest, fields::Fields};

const SEAL_BYTES: usize = 8;

/// A token that continues a list after `cursor`, for that filter (any bytes that identify it) alone.
pub fn token(filter: &[u8], cursor: &impl Serialize) -> String {
    let mut bytes = digest(&[filter])[..SEAL_BYTES].to_vec();
    bytes.extend(serde_json::to_vec(cursor).expect("a cursor of plain values is JSON"));
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The cursor of a token; an empty token is the beginning. A token that is damaged or belongs to another filter is a violation
/// of `page_token`.
pub fn cursor<C: DeserializeOwned>(fields: &mut Fields, filter: &[u8], token: &str) -> Option<Option<C>> {
    if token.is_empty() {
        return Some(None);
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
    let Some((seal, cursor)) = bytes.split_at_checked(SEAL_BYTES) else {
        return fields.refuse("page_token", "is damaged: begin the list anew");
    };
    if seal != &digest(&[filter])[..SEAL_BYTES] {
        return fields.refuse("page_token", "belongs to another filter or order: begin the list anew");
    }
    match serde_json::from_slice(cursor) {
        Ok(cursor) => Some(Some(cursor)),
        Err(_) => fields.refuse("page_token", "is damaged: begin the list anew"),
    }
}

/// Which page of a list is asked for.
#[derive(Debug)]
pub struct Page<C> {
    after: Option<C>,
    size: u32,
    filter: Vec<u8>,
}

impl<C: Serialize + DeserializeOwned> Page<C> {
    /// Reads it. `filter` is the rest of the request: a token continues the list of the same filter alone.
    pub fn read(fields: &mut Fields, size: i32, token: &str, filter: &impl Message) -> Option<Self> {
        let filter = filter.encode_to_vec();
        let size = fields.page_size(size);
        let after = cursor(fields, &filter, token);
        Some(Self { after: after?, size: size?, filter })
    }

    /// The last line of the page before; none for the first page.
    pub fn after(&self) -> Option<&C> {
        self.after.as_ref()
    }

    /// How many lines the page shows at most.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// How many lines to read: one more than the page shows tells whether another page follows.
    pub fn limit(&self) -> i64 {
        i64::from(self.size) + 1
    }

    /// The lines that the page shows, and the token of the next page; empty at the end.
    pub fn cut<T>(&self, mut lines: Vec<T>, cursor: impl Fn(&T) -> C) -> (Vec<T>, String) {
        let size = self.size as usize;
        let has_more = lines.len() > size;
        lines.truncate(size);
        let next_page_token = match lines.last() {
            Some(last) if has_more => self.token(&cursor(last)),
            _ => String::new(),
        };
        (lines, next_page_token)
    }

    /// The token of the page that follows a line.
    pub fn token(&self, last: &C) -> String {
        token(&self.filter, last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_gap_or_double() {
        let (mut seen, mut token) = (vec![], String::new());
        loop {
            let mut fields = Fields::default();
            let page: Page<i64> = Page::read(&mut fields, 2, &token, &()).unwrap();
            let after = page.after().copied().unwrap_or_default();
            let lines = (after + 1..=5).take(usize::try_from(page.limit()).unwrap()).collect();
            let (shown, next_page_token) = page.cut(lines, |line| *line);
            seen.push(shown);
            token = next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, [vec![1, 2], vec![3, 4], vec![5]]);
    }

    type Cursor = (i64, String);

    fn read(filter: &[u8], token: &str) -> Result<Option<Cursor>, Vec<String>> {
        let mut fields = Fields::default();
        let read = cursor(&mut fields, filter, token);
        read.ok_or_else(|| fields.violations().iter().map(|it| format!("{} {}", it.field, it.description)).collect())
    }

    #[test]
    fn a_token_continues_the_list_that_it_was_made_for() {
        let place: Cursor = (i64::MIN, "naïve \0 \u{1F600}".into());
        assert_eq!(read(b"filter", &token(b"filter", &place)), Ok(Some(place)));
        assert_eq!(read(b"filter", ""), Ok(None));
    }

    #[test]
    fn a_token_of_another_filter_is_refused_and_says_so() {
        let refused = read(b"other", &token(b"filter", &(1, "a"))).unwrap_err();
        assert_eq!(refused.len(), 1);
        assert!(refused[0].starts_with("page_token belongs to another filter"), "{refused:?}");
    }

    #[test]
    fn a_damaged_token_is_refused_whatever_the_damage() {
        let good = token(b"filter", &(1, "a"));
        let of_another_kind = token(b"filter", &"text");
        for damaged in ["*", "AA", &good[..good.len() - 3], &of_another_kind, "\u{1F600}"] {
            let refused = read(b"filter", damaged).unwrap_err();
            assert_eq!(refused, ["page_token is damaged: begin the list anew"], "{damaged}");
        }
    }
}
