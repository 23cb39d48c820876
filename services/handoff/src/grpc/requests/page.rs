//! The pages of a list.

use chassis::{Fields, page};
use prost::Message;
use serde::{Serialize, de::DeserializeOwned};

/// Which page of a list is asked for.
pub(in crate::grpc) struct Page<C> {
    after: Option<C>,
    size: u32,
    filter: Vec<u8>,
}

impl<C: Serialize + DeserializeOwned> Page<C> {
    /// Reads it. `filter` is the rest of the request: a token continues the list of the same filter alone.
    pub(super) fn read(fields: &mut Fields, size: i32, token: &str, filter: &impl Message) -> Option<Self> {
        let filter = filter.encode_to_vec();
        let size = fields.page_size(size);
        let after = page::cursor(fields, &filter, token);
        Some(Self { after: after?, size: size?, filter })
    }

    /// The last line of the page before; none for the first page.
    pub(in crate::grpc) fn after(&self) -> Option<&C> {
        self.after.as_ref()
    }

    /// How many lines the page shows at most.
    pub(in crate::grpc) fn size(&self) -> u32 {
        self.size
    }

    /// How many lines to read: one more than the page shows tells whether another page follows.
    pub(in crate::grpc) fn limit(&self) -> i64 {
        i64::from(self.size) + 1
    }

    /// The lines that the page shows, and the token of the next page; empty at the end.
    pub(in crate::grpc) fn cut<T>(&self, mut lines: Vec<T>, cursor: impl Fn(&T) -> C) -> (Vec<T>, String) {
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
    pub(in crate::grpc) fn token(&self, last: &C) -> String {
        page::token(&self.filter, last)
    }
}

#[cfg(test)]
mod tests {
    use api::handoff::v1::ListTeamsRequest;

    use super::*;

    #[test]
    fn pages_follow_each_other_without_gap_or_double() {
        let (mut seen, mut token) = (vec![], String::new());
        loop {
            let mut fields = Fields::default();
            let page: Page<i64> = Page::read(&mut fields, 2, &token, &ListTeamsRequest::default()).unwrap();
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
}
