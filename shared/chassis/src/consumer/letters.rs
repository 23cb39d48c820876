//! Facts that could not be taken in: kept in order, looked at, tried again, or given up.

use std::{collections::BTreeSet, ops::RangeInclusive};

use kernel::{Result, Timestamp};
use sqlx::PgExecutor;

use super::{Heard, Hears, apply};
use crate::{Context, Tx};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A fact that is put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The producer.
    pub package: String,
    /// Its place among all facts of the producer.
    pub position: i64,
    /// What it is about.
    pub aggregate: String,
    /// Its place in the history of the aggregate.
    pub aggregate_seq: i64,
    /// The full name.
    pub r#type: String,
    /// The producer's event message, encoded.
    pub payload: Vec<u8>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Whether an import brought it.
    pub historic: bool,
    /// What went wrong; empty for one that only waits behind another.
    pub error: String,
}

/// Which of the facts' aggregates are parked.
pub(super) async fn parked(tx: &mut Tx, package: &str, facts: &[Heard]) -> Result<BTreeSet<String>> {
    let aggregates: BTreeSet<String> = facts.iter().map(|fact| fact.aggregate.clone()).collect();
    let found = sqlx::query_scalar!(
        "SELECT DISTINCT aggregate FROM dead_letter WHERE package = $1 AND aggregate = ANY ($2)",
        package,
        &aggregates.into_iter().collect::<Vec<_>>(),
    );
    Ok(found.fetch_all(tx.connection()).await?.into_iter().collect())
}

/// Keeps a fact for later; one that is kept already stays as it is: the position may have been put back.
pub(super) async fn put_aside(tx: &mut Tx, package: &str, fact: &Heard, error: &str) -> Result<()> {
    sqlx::query!(
        "INSERT INTO dead_letter (package, position, aggregate, aggregate_seq, type, payload, occurred_at, recorded_at,
                                  historic, error, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT DO NOTHING",
        package,
        fact.position,
        fact.aggregate,
        fact.aggregate_seq,
        fact.r#type,
        fact.payload,
        fact.occurred_at as Timestamp,
        fact.recorded_at as Timestamp,
        fact.historic,
        error,
        VERSION,
    )
    .execute(tx.connection())
    .await?;
    metrics::counter!("baton_consumer_dead_letters_total", "package" => package.to_owned()).increment(1);
    Ok(())
}

/// What is put aside, of one aggregate or of all, in order.
pub async fn letters(store: impl PgExecutor<'_>, package: &str, aggregate: Option<&str>) -> Result<Vec<Letter>> {
    let found = sqlx::query_as!(
        Letter,
        r#"
        SELECT package, position, aggregate, aggregate_seq, type AS "type", payload, occurred_at AS "occurred_at: Timestamp",
               recorded_at AS "recorded_at: Timestamp", historic, error
        FROM dead_letter
        WHERE package = $1 AND ($2::text IS NULL OR aggregate = $2)
        ORDER BY position
        "#,
        package,
        aggregate,
    );
    Ok(found.fetch_all(store).await?)
}

/// Takes in what is put aside of an aggregate, in order, and takes in its later facts again as they come. All of it or, where one
/// still cannot be taken in, nothing. Returns how many facts it was.
pub async fn retry(context: &Context, hears: &Hears, aggregate: &str) -> Result<usize> {
    let work = (hears.clone(), aggregate.to_owned());
    let taken = context.transact("", &work, |tx, (hears, aggregate)| {
        Box::pin(async move {
            apply::lock(tx, hears.package).await?;
            let waiting = letters(tx.connection(), hears.package, Some(aggregate)).await?;
            forget(tx, hears, aggregate, None).await?;
            for letter in &waiting {
                let fact = Heard {
                    position: letter.position,
                    aggregate: letter.aggregate.clone(),
                    aggregate_seq: letter.aggregate_seq,
                    r#type: letter.r#type.clone(),
                    payload: letter.payload.clone(),
                    occurred_at: letter.occurred_at,
                    recorded_at: letter.recorded_at,
                    historic: letter.historic,
                    traceparent: String::new(),
                };
                hears.consumer.apply(tx, &[fact]).await?;
            }
            Ok(waiting.len())
        })
    });
    let taken = taken.await?;
    context.stir();
    Ok(taken)
}

/// Gives up what is put aside of an aggregate; its later facts are taken in again as they come. Returns how many facts it was.
pub async fn discard(context: &Context, hears: &Hears, aggregate: &str) -> Result<usize> {
    let work = (hears.clone(), aggregate.to_owned());
    let given_up = context.transact("", &work, |tx, (hears, aggregate)| {
        Box::pin(async move {
            apply::lock(tx, hears.package).await?;
            let waiting = letters(tx.connection(), hears.package, Some(aggregate)).await?;
            let places =
                waiting.first().zip(waiting.last()).map(|(first, last)| first.aggregate_seq..=last.aggregate_seq);
            forget(tx, hears, aggregate, places).await?;
            Ok(waiting.len())
        })
    });
    given_up.await
}

/// Forgets all that is put aside: it will come again.
pub(super) async fn forget_all(tx: &mut Tx, hears: &Hears) -> Result<()> {
    let aggregates =
        sqlx::query_scalar!("SELECT DISTINCT aggregate FROM dead_letter WHERE package = $1", hears.package);
    for aggregate in aggregates.fetch_all(tx.connection()).await? {
        forget(tx, hears, &aggregate, None).await?;
    }
    Ok(())
}

async fn forget(tx: &mut Tx, hears: &Hears, aggregate: &str, given_up: Option<RangeInclusive<i64>>) -> Result<()> {
    sqlx::query!("DELETE FROM dead_letter WHERE package = $1 AND aggregate = $2", hears.package, aggregate)
        .execute(tx.connection())
        .await?;
    hears.consumer.unpark(tx, aggregate, given_up).await
}

/// What another version could not take in, this one may.
pub(super) async fn retry_those_of_other_versions(context: &Context, hears: &Hears) -> Result<()> {
    let found = sqlx::query_scalar!(
        "SELECT DISTINCT aggregate FROM dead_letter WHERE package = $1 AND error <> '' AND version <> $2",
        hears.package,
        VERSION,
    );
    for aggregate in found.fetch_all(context.pool()).await? {
        match retry(context, hears, &aggregate).await {
            Ok(facts) => tracing::info!(aggregate, facts, "what was put aside is taken in"),
            Err(away @ kernel::Error::Away { .. }) => return Err(away),
            Err(error) => tracing::warn!(aggregate, error = %crate::status::chain(&error), "it stays put aside"),
        }
    }
    Ok(())
}
