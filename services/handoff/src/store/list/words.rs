//! Finding handoffs by their words and links, through the index of `handoff.search`.

use kernel::Result;
use sqlx::{PgPool, Postgres, QueryBuilder};

use super::{Filter, Record};
use crate::domain::HandoffId;

/// What more handoffs than this have in common is common: then those that have it are looked for along the list's order.
const COMMON: usize = 2_000;
/// From so many characters on the beginning of the last word is enough.
const BEGINNING_CHARS: usize = 3;

/// Which handoffs a list looks at.
pub(super) enum Reach {
    /// It does not search.
    All,
    /// Those that match, a few. Whether the viewer may know of them is still to be asked.
    Few(Vec<HandoffId>),
    /// Those that match, and they are many.
    Common(Sought),
}

/// What is searched for.
pub(super) struct Sought {
    text: Option<String>,
    /// A `tsquery` of what is not a word, as text; may be empty.
    marks: String,
}

/// Looks the matching handoffs up, where the filter searches at all.
pub(super) async fn reach(pool: &PgPool, filter: &Filter) -> Result<Reach> {
    let Some(sought) = Sought::by(filter) else { return Ok(Reach::All) };
    let mut query = few(&sought);
    let ids: Vec<HandoffId> = query.build_query_scalar().persistent(false).fetch_all(pool).await?;
    Ok(if ids.len() > COMMON { Reach::Common(sought) } else { Reach::Few(ids) })
}

/// Those that match, one more than are few: in no order, so that no more than these are read.
pub(super) fn few(sought: &Sought) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("SELECT handoff_id FROM handoff.search WHERE ");
    sought.push(&mut query);
    query.push(format_args!(" LIMIT {}", COMMON + 1));
    query
}

impl Reach {
    /// The condition for it.
    pub(super) fn push(&self, query: &mut QueryBuilder<Postgres>) {
        match self {
            Self::All => {}
            Self::Few(ids) => {
                query.push(" AND id = ANY (").push_bind(ids.clone()).push(")");
            }
            Self::Common(sought) => {
                query.push(" AND EXISTS (SELECT FROM handoff.search WHERE handoff_id = handoff.id AND ");
                sought.push(query);
                query.push(")");
            }
        }
    }
}

impl Sought {
    /// None where the filter searches for nothing.
    pub(super) fn by(filter: &Filter) -> Option<Self> {
        if filter.text.is_none() && filter.link.is_none() {
            return None;
        }
        let teams = [&filter.inbox_of, &filter.team].into_iter().flatten().map(|team| format!("@{team}"));
        let link =
            filter.link.as_ref().map(|Record { system, key }| format!("#{system}/{}", key.as_deref().unwrap_or("")));
        let marks: Vec<String> = teams.chain(link).map(|mark| quoted(&mark)).collect();
        Some(Self { text: filter.text.clone(), marks: marks.join(" & ") })
    }

    fn push(&self, query: &mut QueryBuilder<Postgres>) {
        query.push("words @@ ");
        match &self.text {
            None => {
                query.push("CAST(").push_bind(self.marks.clone()).push(" AS tsquery)");
            }
            Some(text) => {
                // What holds no word for PostgreSQL is NULL, and matches nothing.
                query.push("CAST(NULLIF(plainto_tsquery('simple', handoff.plain(").push_bind(text.clone());
                query.push("))::text, '')");
                query.push(if has_beginning(text) { " || ':*'" } else { "" });
                if !self.marks.is_empty() {
                    query.push(" || ' & ' || ").push_bind(self.marks.clone());
                }
                query.push(" AS tsquery)");
            }
        }
    }
}

/// The words of a text, as `handoff.plain` parts them.
pub(crate) fn of(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| c.is_ascii_punctuation() || c.is_whitespace());
    words.filter(|word| word.chars().any(char::is_alphanumeric))
}

fn has_beginning(text: &str) -> bool {
    of(text).last().is_some_and(|word| word.chars().count() >= BEGINNING_CHARS)
}

/// A mark as a `tsquery` writes it.
fn quoted(mark: &str) -> String {
    format!("'{}'", mark.replace('\\', "\\\\").replace('\'', "''"))
}
