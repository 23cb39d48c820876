//! Messages on their way.

use std::collections::BTreeMap;

use chassis::Tx;
use kernel::{Result, Timestamp};
use sqlx::{PgExecutor, PgPool, types::Json};
use uuid::Uuid;

use super::{Viewer, broken};
use crate::domain::{Delivery, DeliveryId, Place, QuietHours, SubscriptionId, delivery::Left, notice::Opens};

/// Where a page of deliveries goes on: when the last one was made, and its id.
pub(crate) type Cursor = (Timestamp, Uuid);

/// A message that is to be sent now.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub(crate) delivery: Delivery,
    pub(crate) is_test: bool,
    pub(crate) place: Place,
    pub(crate) quiet_hours: Option<QuietHours>,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// What it tells, the oldest first; nothing where it is a test.
    pub(crate) facts: Vec<Fact>,
}

/// A fact as it is told.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    pub(crate) headline: String,
    pub(crate) opens: Opens,
    /// The CloudEvent as JSON; empty where it is not sent.
    pub(crate) body: String,
}

/// How many messages to claim, and of whom.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    /// At most so many in all.
    pub(crate) limit: i64,
    /// At most so many of one subscription,
    pub(crate) each: i64,
    /// but for these, of which so many.
    pub(crate) of: Vec<(SubscriptionId, i64)>,
    /// Until when an attempt is taken to be under way.
    pub(crate) lease_seconds: i64,
}

/// Claims messages that are due, those that have waited longest first: until its lease ends, nobody else sends them. No more of one
/// subscription than it may have, so that one with many keeps no other waiting; what is disabled waits.
pub(crate) async fn claim(tx: &mut Tx, claim: &Claim) -> Result<Vec<Claimed>> {
    let now = tx.now();
    let (ids, frees): (Vec<SubscriptionId>, Vec<i64>) = claim.of.iter().copied().unzip();
    let rows = sqlx::query!(
        r#"
        WITH RECURSIVE waiting AS (
            (SELECT subscription_id AS id FROM notifier.delivery WHERE state = 'PENDING' ORDER BY subscription_id LIMIT 1)
            UNION ALL
            SELECT (SELECT d.subscription_id FROM notifier.delivery d WHERE d.state = 'PENDING' AND d.subscription_id > waiting.id
                    ORDER BY d.subscription_id LIMIT 1)
            FROM waiting WHERE waiting.id IS NOT NULL
        ), due AS (
            SELECT d.id, s.place, s.quiet_hours
            FROM waiting
            JOIN notifier.subscription s ON s.id = waiting.id AND s.state = 'ENABLED'
            LEFT JOIN unnest($2::uuid[], $3::bigint[]) AS known (id, free) ON known.id = waiting.id
            CROSS JOIN LATERAL (
                SELECT id, next_at FROM notifier.delivery
                WHERE subscription_id = waiting.id AND state = 'PENDING' AND next_at <= $1
                ORDER BY next_at, id LIMIT coalesce(known.free, $4)
            ) AS d
            ORDER BY d.next_at, d.id LIMIT $5
        ), locked AS (
            -- Those that another replica has taken since are due no more.
            SELECT id FROM notifier.delivery
            WHERE id IN (SELECT id FROM due) AND state = 'PENDING' AND next_at <= $1
            FOR UPDATE SKIP LOCKED
        )
        UPDATE notifier.delivery SET next_at = $6, attempts = attempts + 1
        FROM locked JOIN due USING (id) WHERE delivery.id = locked.id
        RETURNING delivery.id AS "id: DeliveryId", subscription_id AS "subscription_id: SubscriptionId", attempts, failures,
                  is_test, created_at AS "created_at: Timestamp", due.place AS "place: Json<Place>",
                  due.quiet_hours AS "quiet_hours?: Json<QuietHours>"
        "#,
        now as Timestamp,
        &ids as &[SubscriptionId],
        &frees,
        claim.each,
        claim.limit,
        now.plus_seconds(claim.lease_seconds) as Timestamp,
    );
    let rows = rows.fetch_all(tx.connection()).await?;
    if rows.is_empty() {
        return Ok(vec![]);
    }
    let claimed: Vec<DeliveryId> = rows.iter().map(|row| row.id).collect();
    let of_programs = rows.iter().filter(|row| matches!(row.place.0, Place::Webhook { .. })).map(|row| row.id);
    let mut facts = facts(tx, &claimed, &of_programs.collect::<Vec<_>>()).await?;
    let read = rows.into_iter().map(|row| Claimed {
        facts: facts.remove(&row.id).unwrap_or_default(),
        delivery: Delivery {
            id: row.id,
            subscription_id: row.subscription_id,
            attempts: row.attempts,
            failures: row.failures,
        },
        is_test: row.is_test,
        place: row.place.0,
        quiet_hours: row.quiet_hours.map(|it| it.0),
        created_at: row.created_at,
    });
    Ok(read.collect())
}

/// What messages tell; with the event itself for those that go to programs.
async fn facts(
    tx: &mut Tx,
    deliveries: &[DeliveryId],
    with_body: &[DeliveryId],
) -> Result<BTreeMap<DeliveryId, Vec<Fact>>> {
    let rows = sqlx::query!(
        r#"
        SELECT delivery_id AS "delivery_id!: DeliveryId", headline, opens, opens_with,
               CASE WHEN delivery_id = ANY ($2) THEN body ELSE '' END AS "body!"
        FROM notifier.notification JOIN notifier.fact ON fact.id = fact_id
        WHERE delivery_id = ANY ($1) ORDER BY occurred_at, place
        "#,
        deliveries as &[DeliveryId],
        with_body as &[DeliveryId],
    );
    let mut facts = BTreeMap::<DeliveryId, Vec<Fact>>::new();
    for row in rows.fetch_all(tx.connection()).await? {
        let opens = match row.opens.as_str() {
            "HANDOFF" => Opens::Handoff(row.opens_with),
            "SURVEY" => Opens::Survey(row.opens_with),
            "NOTHING" => Opens::Nothing,
            _ => return Err(broken("opens")),
        };
        let fact = Fact { headline: row.headline, opens, body: row.body };
        facts.entry(row.delivery_id).or_default().push(fact);
    }
    Ok(facts)
}

/// Puts a message off that was claimed and not tried.
pub(crate) async fn put_off(tx: &mut Tx, it: &Delivery, until: Timestamp) -> Result<()> {
    sqlx::query!(
        "UPDATE notifier.delivery SET next_at = $3, attempts = attempts - 1 WHERE id = $1 AND attempts = $2 AND state = 'PENDING'",
        it.id as DeliveryId,
        it.attempts,
        until as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// An attempt that has ended.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) started_at: Timestamp,
    pub(crate) millis: i32,
    pub(crate) status: i32,
    pub(crate) problem: String,
}

/// Notes how an attempt ended, and where it leaves the message. One whose lease had ended meanwhile leaves the message to whoever tries
/// it now, unless it has arrived.
pub(crate) async fn settle(tx: &mut Tx, it: &Delivery, ended: &Ended, left: &Left) -> Result<()> {
    let now = tx.now();
    let (state, next_at, ended_at) = match left {
        Left::Delivered => ("DELIVERED", None, Some(now)),
        Left::Dead => ("DEAD", None, Some(now)),
        Left::Pending(next) => ("PENDING", Some(*next), None),
    };
    sqlx::query!(
        "WITH settled AS (
             UPDATE notifier.delivery SET state = $3, next_at = coalesce($4, next_at), ended_at = $5, problem = $6,
                                          failures = failures + CASE WHEN $6 = '' THEN 0 ELSE 1 END
             WHERE id = $1 AND state = 'PENDING' AND (attempts = $2 OR $3 = 'DELIVERED')
         )
         INSERT INTO notifier.attempt (delivery_id, number, started_at, millis, status, problem)
         SELECT id, $2, $7, $8, $9, $6 FROM notifier.delivery WHERE id = $1
         ON CONFLICT DO NOTHING",
        it.id as DeliveryId,
        it.attempts,
        state,
        next_at as Option<Timestamp>,
        ended_at as Option<Timestamp>,
        ended.problem,
        ended.started_at as Timestamp,
        ended.millis,
        ended.status,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Makes a message that tests a place.
pub(crate) async fn insert_test(tx: &mut Tx, id: DeliveryId, subscription: SubscriptionId) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "INSERT INTO notifier.delivery (id, subscription_id, state, is_test, attempts, failures, next_at, problem, created_at)
         VALUES ($1, $2, 'PENDING', true, 0, 0, $3, '', $3)",
        id as DeliveryId,
        subscription as SubscriptionId,
        now as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Whether a place was tested after an instant.
pub(crate) async fn is_tested_since(tx: &mut Tx, subscription: SubscriptionId, since: Timestamp) -> Result<bool> {
    let tested = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM notifier.delivery WHERE subscription_id = $1 AND is_test AND created_at > $2) AS "tested!""#,
        subscription as SubscriptionId,
        since as Timestamp,
    );
    Ok(tested.fetch_one(tx.connection()).await?)
}

/// What was put off and never tried is due now: the hours have changed.
pub(crate) async fn put_off_no_more(tx: &mut Tx, subscription: SubscriptionId) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "UPDATE notifier.delivery SET next_at = $2 WHERE subscription_id = $1 AND state = 'PENDING' AND attempts = 0",
        subscription as SubscriptionId,
        now as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Whether a subscription has that message.
pub(crate) async fn has(tx: &mut Tx, subscription: SubscriptionId, id: DeliveryId) -> Result<bool> {
    let has = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM notifier.delivery WHERE subscription_id = $1 AND id = $2) AS "has!""#,
        subscription as SubscriptionId,
        id as DeliveryId,
    );
    Ok(has.fetch_one(tx.connection()).await?)
}

/// Gives up all that a subscription has not sent yet; returns how many messages.
pub(crate) async fn give_up(tx: &mut Tx, subscription: SubscriptionId, why: &str) -> Result<u64> {
    let now = tx.now();
    sqlx::query!(
        "DELETE FROM notifier.notification WHERE subscription_id = $1 AND delivery_id IS NULL",
        subscription as SubscriptionId
    )
    .execute(tx.connection())
    .await?;
    let given_up = sqlx::query!(
        "UPDATE notifier.delivery SET state = 'DEAD', ended_at = $2, problem = $3 WHERE subscription_id = $1 AND state = 'PENDING'",
        subscription as SubscriptionId,
        now as Timestamp,
        why,
    );
    Ok(given_up.execute(tx.connection()).await?.rows_affected())
}

/// What of a subscription is sent again.
#[derive(Debug, Clone)]
pub(crate) struct Again {
    pub(crate) subscription_id: SubscriptionId,
    pub(crate) delivery_id: Option<DeliveryId>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) delivered_too: bool,
}

/// Sends again what has ended, each under its own id; returns how many.
pub(crate) async fn send_again(tx: &mut Tx, again: &Again) -> Result<u64> {
    let now = tx.now();
    let sent = sqlx::query!(
        "UPDATE notifier.delivery SET state = 'PENDING', ended_at = NULL, next_at = $2, failures = 0
         WHERE subscription_id = $1 AND (state = 'DEAD' OR ($3 AND state = 'DELIVERED'))
           AND ($4::uuid IS NULL OR id = $4) AND ($5::timestamptz IS NULL OR created_at >= $5)
           AND ($6::timestamptz IS NULL OR created_at < $6)",
        again.subscription_id as SubscriptionId,
        now as Timestamp,
        again.delivered_too,
        again.delivery_id as Option<DeliveryId>,
        again.from as Option<Timestamp>,
        again.until as Option<Timestamp>,
    );
    Ok(sent.execute(tx.connection()).await?.rows_affected())
}

/// A message as it is shown.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) id: DeliveryId,
    pub(crate) subscription_id: SubscriptionId,
    pub(crate) state: String,
    pub(crate) attempts: i32,
    pub(crate) next_at: Timestamp,
    pub(crate) created_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) problem: String,
}

/// A fact of a message as it is shown.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) event: String,
    pub(crate) subject: String,
    pub(crate) occurred_at: Timestamp,
    pub(crate) headline: String,
}

/// Which messages a list shows.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    pub(crate) id: Option<DeliveryId>,
    pub(crate) subscription_id: Option<SubscriptionId>,
    pub(crate) state: Option<&'static str>,
}

/// Messages of subscriptions that the viewer may see, the latest first.
pub(crate) async fn list(
    pool: &PgPool,
    viewer: &Viewer,
    filter: &Filter,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Line>> {
    let (at, id) = after.unzip();
    let rows = sqlx::query_as!(
        Line,
        r#"
        SELECT d.id AS "id: DeliveryId", subscription_id AS "subscription_id: SubscriptionId", d.state, attempts,
               next_at AS "next_at: Timestamp", d.created_at AS "created_at: Timestamp", ended_at AS "ended_at: Timestamp", problem
        FROM notifier.delivery d JOIN notifier.subscription s ON s.id = subscription_id
        WHERE ($1 OR (who_kind = $2 AND who = $3) OR (who_kind = 'TEAM' AND who = ANY ($4)))
          AND ($5::uuid IS NULL OR d.id = $5) AND ($6::uuid IS NULL OR subscription_id = $6)
          AND ($7::text IS NULL OR d.state = $7)
          AND ($8::timestamptz IS NULL OR (d.created_at, d.id) < ($8, $9))
        ORDER BY d.created_at DESC, d.id DESC LIMIT $10
        "#,
        viewer.sees_all,
        viewer.own_kind(),
        viewer.name,
        &viewer.teams,
        filter.id as Option<DeliveryId>,
        filter.subscription_id as Option<SubscriptionId>,
        filter.state,
        at as Option<Timestamp>,
        id,
        limit,
    );
    Ok(rows.fetch_all(pool).await?)
}

/// What messages tell, the oldest first.
pub(crate) async fn told(
    store: impl PgExecutor<'_>,
    deliveries: &[DeliveryId],
) -> Result<BTreeMap<DeliveryId, Vec<Shown>>> {
    let rows = sqlx::query!(
        r#"
        SELECT delivery_id AS "delivery_id!: DeliveryId", event, subject, occurred_at AS "occurred_at: Timestamp", headline
        FROM notifier.notification JOIN notifier.fact ON fact.id = fact_id
        WHERE delivery_id = ANY ($1) ORDER BY occurred_at, place
        "#,
        deliveries as &[DeliveryId],
    );
    let mut told = BTreeMap::<DeliveryId, Vec<Shown>>::new();
    for row in rows.fetch_all(store).await? {
        let shown =
            Shown { event: row.event, subject: row.subject, occurred_at: row.occurred_at, headline: row.headline };
        told.entry(row.delivery_id).or_default().push(shown);
    }
    Ok(told)
}

/// How many messages are on their way, and how many were given up.
pub(crate) async fn count(pool: &PgPool) -> Result<(i64, i64)> {
    let row = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM notifier.delivery WHERE state = 'PENDING') AS "pending!",
                  (SELECT count(*) FROM notifier.delivery WHERE state = 'DEAD') AS "dead!""#
    );
    let row = row.fetch_one(pool).await?;
    Ok((row.pending, row.dead))
}
