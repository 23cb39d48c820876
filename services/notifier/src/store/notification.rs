//! Facts that people are told, and who is told them.

use chassis::Tx;
use kernel::{Result, Timestamp};
use uuid::Uuid;

use crate::domain::{
    DeliveryId, FactId, Notice, SubscriptionId,
    notice::{CONFIDENTIAL, Opens},
};

/// Somebody who is told a fact.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) subscription_id: SubscriptionId,
    pub(crate) fact_id: FactId,
    /// The message of its own that tells it; none where it waits for a digest.
    pub(crate) delivery_id: Option<DeliveryId>,
    /// When it is collected.
    pub(crate) gather_at: Timestamp,
    /// The same for the same address and moment of a clock.
    pub(crate) moment: Option<Uuid>,
}

/// Keeps facts, each with its body; what is kept already stays as it is.
pub(crate) async fn insert_facts(tx: &mut Tx, notices: &[&Notice], bodies: &[String]) -> Result<()> {
    let column = |of: fn(&Notice) -> &str| notices.iter().map(|it| of(it).to_owned()).collect::<Vec<_>>();
    let opens = |notice: &&Notice| match &notice.opens {
        Opens::Handoff(id) => ("HANDOFF", id.clone()),
        Opens::Survey(token) => ("SURVEY", token.clone()),
        Opens::Nothing => ("NOTHING", String::new()),
    };
    let (opens, opens_with): (Vec<&str>, Vec<String>) = notices.iter().map(opens).unzip();
    let events: Vec<String> = notices.iter().map(|it| it.full_name()).collect();
    let confidential: Vec<bool> = notices.iter().map(|it| it.is_confidential()).collect();
    let now = tx.now();
    sqlx::query!(
        "INSERT INTO notifier.fact (id, event, subject, occurred_at, confidential, headline, opens, opens_with, body, recorded_at)
         SELECT id, event, subject, occurred_at, confidential, headline, opens, opens_with, body, $10
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::boolean[], $6::text[], $7::text[], $8::text[],
                     $9::text[]) WITH ORDINALITY
             AS it (id, event, subject, occurred_at, confidential, headline, opens, opens_with, body, nth)
         ORDER BY nth
         ON CONFLICT DO NOTHING",
        &notices.iter().map(|it| it.id).collect::<Vec<_>>() as &[FactId],
        &events,
        &column(|it| &it.subject),
        &notices.iter().map(|it| it.occurred_at).collect::<Vec<_>>() as &[Timestamp],
        &confidential,
        &&notices.iter().map(|it| it.line().to_owned()).collect::<Vec<_>>(),
        &opens as &[&str],
        &opens_with,
        bodies,
        now as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Takes the words out of what was kept of handoffs that have become confidential, also of what is not sent yet.
pub(crate) async fn hide(tx: &mut Tx, handoffs: &[String]) -> Result<()> {
    sqlx::query!(
        "UPDATE notifier.fact SET confidential = true, headline = $2,
                body = jsonb_set(body::jsonb, '{data}', jsonb_build_object('handoff_id', opens_with))::text
         WHERE opens = 'HANDOFF' AND NOT confidential AND opens_with = ANY ($1)",
        handoffs,
        CONFIDENTIAL,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Notes who is told what, and makes the messages that are sent by themselves; whoever is told already is not told again. Returns how
/// many are.
pub(crate) async fn insert(tx: &mut Tx, told: &[Told]) -> Result<u64> {
    let now = tx.now();
    let made = sqlx::query!(
        "WITH told AS (
             INSERT INTO notifier.notification (subscription_id, fact_id, delivery_id, gather_at, moment)
             SELECT subscription_id, fact_id, delivery_id, gather_at, moment
             FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::uuid[]) WITH ORDINALITY
                 AS it (subscription_id, fact_id, delivery_id, gather_at, moment, nth)
             WHERE EXISTS (SELECT FROM notifier.subscription WHERE id = subscription_id AND state <> 'ENDED')
             ORDER BY nth
             ON CONFLICT DO NOTHING
             RETURNING subscription_id, delivery_id
         ), made AS (
             INSERT INTO notifier.delivery (id, subscription_id, state, is_test, attempts, failures, next_at, problem, created_at)
             SELECT delivery_id, subscription_id, 'PENDING', false, 0, 0, $6, '', $6 FROM told WHERE delivery_id IS NOT NULL
         )
         SELECT FROM told",
        &told.iter().map(|it| it.subscription_id).collect::<Vec<_>>() as &[SubscriptionId],
        &told.iter().map(|it| it.fact_id).collect::<Vec<_>>() as &[FactId],
        &told.iter().map(|it| it.delivery_id).collect::<Vec<_>>() as &[Option<DeliveryId>],
        &told.iter().map(|it| it.gather_at).collect::<Vec<_>>() as &[Timestamp],
        &told.iter().map(|it| it.moment).collect::<Vec<_>>() as &[Option<Uuid>],
        now as Timestamp,
    );
    Ok(made.execute(tx.connection()).await?.rows_affected())
}

/// Subscriptions whose digest is due, locked; those that another replica is at are left out.
pub(crate) async fn lock_due(tx: &mut Tx) -> Result<Vec<SubscriptionId>> {
    const AT_ONCE: i64 = 50;
    let now = tx.now();
    let due = sqlx::query_scalar!(
        r#"
        SELECT id AS "id: SubscriptionId" FROM notifier.subscription
        WHERE id IN (SELECT subscription_id FROM notifier.notification WHERE delivery_id IS NULL AND gather_at <= $1)
        ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
        "#,
        now as Timestamp,
        AT_ONCE,
    );
    Ok(due.fetch_all(tx.connection()).await?)
}

/// Puts what waits for a digest that is due into one message, the oldest first; what does not fit goes into the next one.
pub(crate) async fn gather(tx: &mut Tx, subscription: SubscriptionId) -> Result<()> {
    const IN_ONE: i64 = 200;
    let (now, id) = (tx.now(), tx.new_id());
    sqlx::query!(
        "WITH due AS (
             SELECT fact_id FROM notifier.notification JOIN notifier.fact ON fact.id = fact_id
             WHERE subscription_id = $1 AND delivery_id IS NULL AND gather_at <= $2 ORDER BY occurred_at, place LIMIT $3
         ), made AS (
             INSERT INTO notifier.delivery (id, subscription_id, state, is_test, attempts, failures, next_at, problem, created_at)
             SELECT $4, $1, 'PENDING', false, 0, 0, $2, '', $2 WHERE EXISTS (SELECT FROM due)
         )
         UPDATE notifier.notification SET delivery_id = $4 FROM due WHERE subscription_id = $1 AND notification.fact_id = due.fact_id",
        subscription as SubscriptionId,
        now as Timestamp,
        IN_ONE,
        id,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// What waits for a digest is collected now: its times have changed, or there is none any more.
pub(crate) async fn gather_now(tx: &mut Tx, subscription: SubscriptionId) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "UPDATE notifier.notification SET gather_at = $2 WHERE subscription_id = $1 AND delivery_id IS NULL",
        subscription as SubscriptionId,
        now as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Forgets some facts and messages that were made before an instant, with all that is kept of them; returns how many.
pub(crate) async fn forget(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    const AT_ONCE: i64 = 1_000;
    let forgotten = sqlx::query!(
        "WITH messages AS (
             DELETE FROM notifier.delivery WHERE id IN (SELECT id FROM notifier.delivery WHERE created_at < $1 ORDER BY created_at LIMIT $2)
             RETURNING id
         ), facts AS (
             DELETE FROM notifier.fact
             WHERE id IN (SELECT id FROM notifier.fact WHERE recorded_at < $1
                          AND NOT EXISTS (SELECT FROM notifier.notification n JOIN notifier.delivery d ON d.id = n.delivery_id
                                          WHERE n.fact_id = fact.id AND d.created_at >= $1)
                          ORDER BY recorded_at LIMIT $2)
             RETURNING id
         )
         SELECT FROM messages UNION ALL SELECT FROM facts",
        before as Timestamp,
        AT_ONCE,
    );
    Ok(forgotten.execute(tx.connection()).await?.rows_affected())
}
