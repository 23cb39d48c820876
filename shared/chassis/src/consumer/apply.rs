//! Taking a batch in: the position locked, the facts applied, what cannot be applied put aside, the position moved.

use kernel::{Error, Result, Timestamp};
use sqlx::PgExecutor;

use super::{Heard, Hears, letters};
use crate::{Context, Tx, status::cause, trace};

/// How far a producer's facts are taken in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) position: i64,
    pub(super) generation: i64,
}

/// How far a producer's facts are taken in; 0 before the first.
pub async fn position(store: impl PgExecutor<'_>, package: &str) -> Result<i64> {
    let position = sqlx::query_scalar!("SELECT position FROM consumer WHERE package = $1", package);
    Ok(position.fetch_optional(store).await?.unwrap_or_default())
}

/// Whether so much of that generation of a producer's order is taken in.
pub async fn has_heard(store: impl PgExecutor<'_>, package: &str, position: i64, generation: i64) -> Result<bool> {
    let heard = sqlx::query_scalar!(
        r#"SELECT position >= $2 AND generation = $3 AS "heard!" FROM consumer WHERE package = $1"#,
        package,
        position,
        generation,
    );
    Ok(heard.fetch_optional(store).await?.unwrap_or_default())
}

/// How far a producer was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Through {
    /// The producer's package.
    pub package: String,
    /// The position of the last fact that was taken in, or put aside.
    pub position: i64,
    /// The latest instant at which a live fact among them happened; none where there was none.
    pub latest_at: Option<Timestamp>,
    /// Facts of it that are put aside.
    pub put_aside: i64,
}

/// How far every producer was heard.
pub async fn through(store: impl PgExecutor<'_>) -> Result<Vec<Through>> {
    let rows = sqlx::query_as!(
        Through,
        r#"
        SELECT package, position, nullif(latest_at, '-infinity') AS "latest_at: Timestamp",
               (SELECT count(*) FROM dead_letter WHERE dead_letter.package = consumer.package) AS "put_aside!"
        FROM consumer ORDER BY package
        "#
    );
    Ok(rows.fetch_all(store).await?)
}

/// The instant after every live fact of a producer that was taken in. Until the transaction ends nothing more is: what takes
/// effect then has so for all that comes, and for nothing that was.
pub async fn after_all_heard(tx: &mut Tx, package: &str) -> Result<Timestamp> {
    let now = tx.now();
    let row = sqlx::query!(
        r#"SELECT nullif(latest_at, '-infinity') AS "latest_at: Timestamp" FROM consumer WHERE package = $1 FOR UPDATE"#,
        package
    );
    let latest_at = row.fetch_optional(tx.connection()).await?.and_then(|row| row.latest_at);
    Ok(latest_at.map_or(now, |latest_at| now.max(Timestamp::from_micros(latest_at.as_micros() + 1))))
}

/// The row of a producer that is heard for the first time.
pub(super) async fn begin(context: &Context, package: &str) -> Result<()> {
    sqlx::query!("INSERT INTO consumer (package) VALUES ($1) ON CONFLICT DO NOTHING", package)
        .execute(context.pool())
        .await?;
    Ok(())
}

pub(super) async fn place(context: &Context, package: &str) -> Result<Place> {
    let place = sqlx::query_as!(Place, "SELECT position, generation FROM consumer WHERE package = $1", package);
    Ok(place.fetch_one(context.pool()).await?)
}

/// The producer's store was restored, and its order begins anew: positions may mean other facts than those that were heard, so all of
/// it is heard again from the first on. What was put aside comes again, too.
pub(super) async fn begin_anew(context: &Context, hears: &Hears, known: i64, generation: i64) -> Result<()> {
    let package = hears.package;
    let work = (hears.clone(), known, generation);
    let begun = context.transact("", &work, |tx, (hears, known, generation)| {
        Box::pin(async move {
            lock(tx, package).await?;
            let begun = sqlx::query!(
                "UPDATE consumer SET generation = $3, position = 0 WHERE package = $1 AND generation = $2",
                package,
                known,
                generation
            );
            let is_first = begun.execute(tx.connection()).await?.rows_affected() > 0;
            if is_first {
                letters::forget_all(tx, hears).await?;
            }
            Ok(is_first)
        })
    });
    if begun.await? {
        tracing::warn!(package, known, generation, "the producer has begun its order anew: all of it is heard again");
    }
    Ok(())
}

/// All that the producer has said is taken in.
pub(super) fn nothing_waits(package: &'static str) {
    metrics::gauge!("baton_consumer_lag", "package" => package).set(0.0);
    metrics::gauge!("baton_consumer_age_seconds", "package" => package).set(0.0);
}

/// So many facts wait behind one that was written down then.
#[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
pub(super) async fn wait(context: &Context, package: &'static str, facts: u64, recorded_at: Timestamp) -> Result<()> {
    if facts == 0 {
        nothing_waits(package);
        return Ok(());
    }
    let age_micros = context.now().await?.as_micros() - recorded_at.as_micros();
    metrics::gauge!("baton_consumer_lag", "package" => package).set(facts as f64);
    metrics::gauge!("baton_consumer_age_seconds", "package" => package).set(age_micros as f64 / 1e6);
    Ok(())
}

/// So many facts are looked at one by one in one transaction, which must end in time.
const FEW: usize = 50;

/// Takes in what of the batch is not taken in yet; false where it does not follow what is.
pub(super) async fn take_in(context: &Context, hears: &Hears, generation: i64, batch: &[Heard]) -> Result<bool> {
    let mut batch = batch.to_vec();
    // They last until the batch is taken in; what it causes goes on in their trace.
    let spans: Vec<_> = batch.iter_mut().filter_map(|fact| follow(hears.package, fact)).collect();
    let work =
        |batch: &[Heard], one_by_one| Work { hears: hears.clone(), generation, batch: batch.to_vec(), one_by_one };
    let taken = context.transact("", &work(&batch, false), |tx, work| Box::pin(take(tx, work))).await;
    let is_taken = match taken {
        // Something in it cannot be taken in: it is found by looking at each on its own.
        Err(Error::Refused(_) | Error::Fault(_)) => {
            let mut is_taken = true;
            for few in batch.chunks(FEW) {
                is_taken &= context.transact("", &work(few, true), |tx, work| Box::pin(take(tx, work))).await?;
            }
            is_taken
        }
        taken => taken?,
    };
    drop(spans);
    context.stir();
    if let Some(last) = batch.last().filter(|_| is_taken) {
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; 2^53 facts are far away")]
        metrics::gauge!("baton_consumer_position", "package" => hears.package).set(last.position as f64);
    }
    Ok(is_taken)
}

/// A span for a fact that somebody follows; what it causes here is of that span.
fn follow(package: &str, fact: &mut Heard) -> Option<tracing::Span> {
    let name = fact.r#type.rsplit('.').next().unwrap_or_default();
    let span = trace::process(package, name, &fact.traceparent)?;
    fact.traceparent = trace::traceparent(&span, &fact.traceparent);
    Some(span)
}

struct Work {
    hears: Hears,
    /// Which generation of the producer's order the batch is of.
    generation: i64,
    batch: Vec<Heard>,
    one_by_one: bool,
}

async fn take(tx: &mut Tx, Work { hears, generation, batch, one_by_one }: &Work) -> Result<bool> {
    let package = hears.package;
    let Place { position: stands_at, generation: stands_in } = lock(tx, package).await?;
    if stands_in != *generation {
        // Another replica has begun anew, and this batch is of what was before.
        return Ok(false);
    }
    let fresh = &batch[batch.partition_point(|fact| fact.position <= stands_at)..];
    let Some(last) = fresh.last() else { return Ok(true) };
    let follows = (stands_at + 1..).zip(fresh).all(|(expected, fact)| fact.position == expected);
    if !follows {
        return Ok(false);
    }
    tx.hears(fresh);
    let mut parked = letters::parked(tx, package, fresh).await?;
    if *one_by_one {
        for fact in fresh {
            if parked.contains(&fact.aggregate) {
                letters::put_aside(tx, package, fact, "").await?;
                continue;
            }
            let before = tx.mark().await?;
            match hears.consumer.apply(tx, std::slice::from_ref(fact)).await {
                Ok(()) => {}
                Err(error @ (Error::Refused(_) | Error::Fault(_))) => {
                    let error = cause(&error);
                    tx.back_to(before).await?;
                    tracing::error!(aggregate = fact.aggregate, position = fact.position, error, "a fact is put aside");
                    letters::put_aside(tx, package, fact, &error).await?;
                    hears.consumer.park(tx, &fact.aggregate).await?;
                    parked.insert(fact.aggregate.clone());
                }
                Err(error) => return Err(error),
            }
        }
    } else if parked.is_empty() {
        hears.consumer.apply(tx, fresh).await?;
    } else {
        let (aside, taken): (Vec<_>, Vec<_>) = fresh.iter().cloned().partition(|it| parked.contains(&it.aggregate));
        for fact in &aside {
            letters::put_aside(tx, package, fact, "").await?;
        }
        if !taken.is_empty() {
            hears.consumer.apply(tx, &taken).await?;
        }
    }
    let latest_at = fresh.iter().filter(|fact| !fact.historic).map(|fact| fact.occurred_at).max();
    sqlx::query!(
        "UPDATE consumer SET position = $2, latest_at = greatest(latest_at, $3) WHERE package = $1",
        package,
        last.position,
        latest_at as Option<Timestamp>,
    )
    .execute(tx.connection())
    .await?;
    Ok(true)
}

/// The position, locked until the transaction ends: of several replicas one takes a batch in, the others see that it has.
pub(super) async fn lock(tx: &mut Tx, package: &str) -> Result<Place> {
    let place =
        sqlx::query_as!(Place, "SELECT position, generation FROM consumer WHERE package = $1 FOR UPDATE", package);
    Ok(place.fetch_one(tx.connection()).await?)
}
