//! The only effect handle that an op gets: a connection in a transaction, one frozen `now`, new ids, and the facts to say.

use std::{collections::BTreeMap, time::Duration};

use kernel::{Actor, Error, Result, Timestamp};
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Row, pool::PoolConnection};
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    Context,
    consumer::Heard,
    event::{Aggregate, Author, Entry},
};

/// One transaction. Dropped without [`commit`](Tx::commit), nothing of it remains.
#[derive(Debug)]
pub struct Tx {
    connection: PoolConnection<Postgres>,
    package: &'static str,
    now: Timestamp,
    /// The trace context of what causes this transaction's facts.
    traceparent: String,
    /// Those of the facts of another service that are taken in here, by their places in the histories of their aggregates.
    heard: BTreeMap<(String, i64), String>,
    entries: Vec<Entry>,
    answer: Option<Answer>,
    is_open: bool,
}

/// How far a transaction had come.
#[derive(Debug)]
pub(crate) struct Mark {
    entries: usize,
}

/// The answer to a request, kept with the effect, so that a repeat gets the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) key: [u8; 32],
    pub(crate) request_hash: [u8; 32],
    pub(crate) response: Vec<u8>,
}

impl Tx {
    /// Begins a transaction that ends within `limit`, whatever happens. In the same round trip it reads the clock and, where a
    /// key is given, the answer that is already there: its request hash and its bytes.
    pub(crate) async fn begin(
        context: &Context,
        limit: Duration,
        traceparent: &str,
        key: Option<&[u8; 32]>,
    ) -> Result<(Self, Option<(Vec<u8>, Vec<u8>)>)> {
        let mut connection = context.pool().acquire().await?;
        // The clock is read by a statement, so after the transaction shows in pg_stat_activity: see `watermark`.
        let opening = format!(
            "BEGIN; SET LOCAL statement_timeout = {limit_ms}; \
             SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now, request_hash, response \
             FROM (VALUES (1)) AS one LEFT JOIN request ON key = '\\x{key}'",
            limit_ms = limit.as_millis().max(1),
            key = key.map(hex::encode).unwrap_or_default(),
        );
        let row = match timeout(limit, sqlx::raw_sql(AssertSqlSafe(opening)).fetch_one(&mut *connection)).await {
            Ok(Ok(row)) => row,
            Ok(Err(error)) => {
                connection.close_on_drop();
                return Err(error.into());
            }
            Err(elapsed) => {
                connection.close_on_drop();
                return Err(Error::Away { what: "the store", source: elapsed.into() });
            }
        };
        let now = context.now_or(Timestamp::from_micros(row.try_get("now")?));
        let answer = match (row.try_get("request_hash")?, row.try_get("response")?) {
            (Some(hash), Some(response)) => Some((hash, response)),
            _ => None,
        };
        let tx = Self {
            connection,
            package: context.identity().package,
            now,
            traceparent: traceparent.to_owned(),
            heard: BTreeMap::new(),
            entries: vec![],
            answer: None,
            is_open: true,
        };
        Ok((tx, answer))
    }

    /// The transaction's instant: the database's clock, read once at its beginning.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A new UUIDv7, dated by [`now`](Tx::now).
    pub fn new_id(&self) -> Uuid {
        let (seconds, nanos) = self.now.to_seconds_and_nanos();
        let since_epoch = (seconds.unsigned_abs(), nanos.unsigned_abs());
        Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, since_epoch.0, since_epoch.1))
    }

    /// The connection, for store functions.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// Says what happened to an aggregate, in order: raises its head and collects the facts; commit writes them all at once.
    /// They are dated [`now`](Tx::now), or by the aggregate's last fact where that is later.
    pub fn emit<A: Aggregate>(&mut self, aggregate: &mut A, by: &Actor, facts: &[A::Fact]) -> Result<()> {
        for fact in facts {
            let occurred_at = aggregate.head_mut().date(self.now);
            let mut entry = Entry::chain(self.package, aggregate, fact, by.into(), occurred_at, false)?;
            entry.traceparent.clone_from(&self.traceparent);
            self.entries.push(entry);
        }
        Ok(())
    }

    /// Says what a record of history says happened: dated and signed as the record has it, and marked `historic`. Whether a
    /// service signed it, no record says: it counts as none.
    pub fn emit_historic<A: Aggregate>(
        &mut self,
        aggregate: &mut A,
        actor: &str,
        occurred_at: Timestamp,
        fact: &A::Fact,
    ) -> Result<()> {
        let author = Author { name: actor, is_service: false };
        let mut entry = Entry::chain(self.package, aggregate, fact, author, occurred_at, true)?;
        entry.traceparent.clone_from(&self.traceparent);
        self.entries.push(entry);
        Ok(())
    }

    /// What is said from here on was caused by that fact of those which are taken in here: it goes on in its trace.
    pub fn caused_by(&mut self, aggregate: &str, aggregate_seq: i64) {
        if !self.heard.is_empty() {
            self.traceparent = self.heard.get(&(aggregate.to_owned(), aggregate_seq)).cloned().unwrap_or_default();
        }
    }

    /// Facts of another service are taken in here.
    pub(crate) fn hears<'f>(&mut self, facts: impl IntoIterator<Item = &'f Heard>) {
        let traced = facts.into_iter().filter(|fact| !fact.traceparent.is_empty());
        let place = |fact: &Heard| (fact.aggregate.clone(), fact.aggregate_seq);
        self.heard = traced.map(|fact| (place(fact), fact.traceparent.clone())).collect();
    }

    /// A mark to go [back to](Tx::back_to); only the last one set is there.
    pub(crate) async fn mark(&mut self) -> Result<Mark> {
        sqlx::raw_sql("SAVEPOINT mark").execute(&mut *self.connection).await?;
        Ok(Mark { entries: self.entries.len() })
    }

    /// Undoes what was done and said since the mark.
    pub(crate) async fn back_to(&mut self, mark: Mark) -> Result<()> {
        sqlx::raw_sql("ROLLBACK TO SAVEPOINT mark").execute(&mut *self.connection).await?;
        self.entries.truncate(mark.entries);
        Ok(())
    }

    pub(crate) fn answer(&mut self, answer: Answer) {
        self.answer = Some(answer);
    }

    /// Writes the collected facts and the answer in one statement, and commits. Returns how many facts were written.
    pub(crate) async fn commit(mut self) -> Result<usize> {
        let entries = std::mem::take(&mut self.entries);
        let facts = entries.len();
        if facts > 0 || self.answer.is_some() {
            let answer = self.answer.take();
            self.write(&entries, answer.as_ref()).await?;
        }
        sqlx::raw_sql("COMMIT").execute(&mut *self.connection).await?;
        self.is_open = false;
        Ok(facts)
    }

    /// Ends the transaction without effect and gives the connection back at once.
    pub(crate) async fn rollback(mut self) {
        if sqlx::raw_sql("ROLLBACK").execute(&mut *self.connection).await.is_ok() {
            self.is_open = false;
        }
    }

    async fn write(&mut self, entries: &[Entry], answer: Option<&Answer>) -> Result<()> {
        fn column<T>(entries: &[Entry], of: impl Fn(&Entry) -> T) -> Vec<T> {
            entries.iter().map(of).collect()
        }
        sqlx::query!(
            r#"
            WITH said AS (
                INSERT INTO event_log (aggregate, aggregate_seq, type, routing, payload, previous_hash, hash, actor,
                                       occurred_at, historic, confidential, recorded_at, traceparent)
                SELECT aggregate, aggregate_seq, type, routing, payload, previous_hash, hash, actor,
                       occurred_at, historic, confidential, $12, traceparent
                FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::bytea[], $7::bytea[],
                            $8::text[], $9::timestamptz[], $10::boolean[], $11::boolean[], $13::text[]) WITH ORDINALITY
                    AS fact (aggregate, aggregate_seq, type, routing, payload, previous_hash, hash, actor,
                             occurred_at, historic, confidential, traceparent, place)
                ORDER BY place
            ), withheld AS (
                INSERT INTO event_withheld (aggregate, aggregate_seq, payload)
                SELECT aggregate, aggregate_seq, payload
                FROM unnest($1::text[], $2::bigint[], $17::bytea[]) AS whole (aggregate, aggregate_seq, payload)
                WHERE payload IS NOT NULL
            )
            INSERT INTO request (key, request_hash, response, recorded_at)
            SELECT $14::bytea, $15::bytea, $16::bytea, $12 WHERE $14::bytea IS NOT NULL
            "#,
            &column(entries, |e| e.aggregate.clone()),
            &column(entries, |e| e.aggregate_seq),
            &column(entries, |e| e.r#type.clone()),
            &column(entries, |e| e.routing.clone()),
            &column(entries, |e| e.payload.clone()),
            &column(entries, |e| e.previous_hash.to_vec()),
            &column(entries, |e| e.hash.to_vec()),
            &column(entries, |e| e.actor.clone()),
            &column(entries, |e| e.occurred_at) as &[Timestamp],
            &column(entries, |e| e.historic),
            &column(entries, |e| e.confidential),
            self.now as Timestamp,
            &column(entries, |e| e.traceparent.clone()),
            answer.map(|answer| &answer.key[..]),
            answer.map(|answer| &answer.request_hash[..]),
            answer.map(|answer| &answer.response[..]),
            &column(entries, |e| e.withheld.clone()) as &[Option<Vec<u8>>],
        )
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if self.is_open {
            // The server rolls back when the connection closes; the pool opens another.
            self.connection.close_on_drop();
        }
    }
}
