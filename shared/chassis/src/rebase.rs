//! `events rebase`: after the store was restored from a backup, a new generation of the order and of the stream.
//!
//! The restored log is the truth from then on. Facts that the backup brought without a place get one; the sequencer begins with this
//! cluster's transactions; the publisher makes the stream anew, and whoever hears it learns by the generation that positions may mean
//! other facts than those that were heard.

use kernel::Result;
use sqlx::{Connection as _, PgConnection};

use crate::{
    broker,
    config::{Config, Nats},
    context::Identity,
    migrate,
    store::{self, Wrong},
    stream::Stream,
};

/// What can be done with the order of events.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Events {
    /// Begin a new generation of the order and of the stream, after the store was restored from a backup
    ///
    /// Runs as the schema's owner (database.owner_url), while no replica of the service runs, and takes the old stream away. Afterwards
    /// start the service: it makes its stream anew, and services that hear it take in everything again by themselves.
    #[command(after_help = "Example:\n  <service> events rebase --config service.toml")]
    Rebase {
        /// The generation to begin, higher than any before; without it, one above the log's and the stream's
        #[arg(long, value_parser = clap::value_parser!(i64).range(2..))]
        generation: Option<i64>,
    },
}

/// What a rebase has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rebased {
    /// The generation that begins.
    pub(crate) generation: i64,
    /// The last position in it so far.
    pub(crate) position: i64,
    /// Facts that had no place and have one now.
    pub(crate) placed: i64,
}

pub(crate) async fn run<C>(identity: &Identity, config: &Config<C>, generation: Option<i64>) -> Result<()> {
    let mut owner = store::connect("database.owner_url", &config.database.owner_url).await?;
    migrate::must_own(&mut owner, identity).await??;
    must_be_alone(&mut owner, identity).await?;
    let stream = stream(identity, &config.nats).await;
    let known = match (generation, &stream) {
        (Some(generation), Ok(Some((_, of)))) if generation <= *of => {
            let is = format!("generation {generation} is not above that of the stream, which is {of}");
            return Err(Wrong::new(is, "leave --generation out, or name a higher one").into());
        }
        (Some(generation), _) => generation - 1,
        (None, Ok(None)) => 0,
        (None, Ok(Some((_, of)))) => *of,
        (None, Err(away)) => return Err(away.clone().into()),
    };
    let Rebased { generation, position, placed } = rebase(&mut owner, identity.schema, known).await?;
    owner.close().await?;
    // Whoever hears it must not go on in what the log has lost.
    if let Ok(Some((stream, _))) = stream {
        stream.delete().await?;
    }
    println!(
        "generation {generation} begins: {position} facts have their place, {placed} of them got it now. Start {} again: it makes \
         its stream anew.",
        identity.name
    );
    Ok(())
}

/// A replica that runs knows the order as it was, and could go on with it.
async fn must_be_alone(owner: &mut PgConnection, identity: &Identity) -> Result<()> {
    let sessions = sqlx::query_scalar!(
        r#"SELECT count(*) AS "sessions!" FROM pg_stat_activity WHERE usename = $1 AND datname = current_database()"#,
        identity.schema
    );
    match sessions.fetch_one(owner).await? {
        0 => Ok(()),
        sessions => Err(Wrong::new(
            format!("{sessions} sessions of the role {} are in the store: the service runs", identity.schema),
            format!("stop every replica of {} first, and run it again", identity.name),
        )
        .into()),
    }
}

/// The stream, and the generation that it is of, which may be higher than what the backup knows; None where there is none.
async fn stream(identity: &Identity, config: &Nats) -> Result<Option<(Stream, i64)>, Wrong> {
    let away = |error: &dyn std::fmt::Display| {
        let remedy = "start NATS, or name the generation: `events rebase --generation N`, higher than any before; then the service \
                      takes the old stream away when it starts, before which nobody should hear it";
        Wrong::new(format!("the stream cannot be looked at: {error}"), remedy)
    };
    let connecting = broker::options(config)?.connect(broker::addresses(config)?);
    let client = connecting.await.map_err(|error| away(&error))?;
    let Some(stream) = Stream::of(client, identity, config) else { return Ok(None) };
    let there = stream.look().await.map_err(|error| away(&crate::status::chain(&error)))?;
    Ok(there.map(|(end, _)| (stream, end.generation)))
}

/// Nobody gives positions meanwhile. Transaction ids of another cluster mean nothing here, and must not begin to mean something when
/// this cluster's ids have grown so far: facts with such are given the oldest id there is, which no snapshot waits for. As the owner:
/// the service's role may do none of it, which is why its statements are not checked when this is built.
const CLEAR: &str = "
    SELECT FROM sequencer FOR UPDATE;
    UPDATE event_log SET xid = '3' WHERE NOT pg_visible_in_snapshot(xid, pg_current_snapshot())";

/// What has no place gets one, and the next generation begins with this cluster's transactions.
const BEGIN: &str = "
    WITH last AS MATERIALIZED (
        SELECT coalesce(max(position), 0) AS position FROM event_order
    ), placed AS (
        INSERT INTO event_order (position, event_id)
        SELECT last.position + row_number() OVER (ORDER BY id), id
        FROM last, event_log
        WHERE NOT EXISTS (SELECT FROM event_order WHERE event_id = id)
        RETURNING position
    )
    UPDATE sequencer
    SET snapshot = pg_current_snapshot(), generation = greatest(generation, $1) + 1,
        position = last.position + (SELECT count(*) FROM placed)
    FROM last
    RETURNING generation, sequencer.position, (SELECT count(*) FROM placed)";

/// Begins the generation after those that are known, in one transaction.
pub(crate) async fn rebase(owner: &mut PgConnection, schema: &str, known: i64) -> Result<Rebased> {
    let mut tx = owner.begin().await?;
    let path = format!("SET LOCAL search_path = {schema}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(path)).execute(&mut *tx).await?;
    sqlx::raw_sql(CLEAR).execute(&mut *tx).await?;
    let begun: (i64, i64, i64) = sqlx::query_as(BEGIN).bind(known).fetch_one(&mut *tx).await?;
    tx.commit().await?;
    let (generation, position, placed) = begun;
    Ok(Rebased { generation, position, placed })
}
