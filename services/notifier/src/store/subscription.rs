//! Subscriptions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chassis::{Tx, page::Page};
use criteria::Filter;
use kernel::{Result, Timestamp};
use sqlx::{PgExecutor, PgPool, types::Json};
use uuid::Uuid;

use super::{Viewer, broken};
use crate::domain::{
    Digest, Place, QuietHours, Recipient, Selection, Side, Subscription, SubscriptionId, TeamId,
    place::KeyBytes,
    subscription::{FILTER_NUMBERS, FILTER_TEXTS, State},
};

/// Where a page of subscriptions goes on: when the last one was made, and its id.
pub(crate) type Cursor = (Timestamp, Uuid);

/// Filters by their texts: reading one takes longer than all else of a subscription. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filters(Arc<Mutex<HashMap<String, Option<Filter>>>>);

impl Filters {
    /// So many are kept; then it begins anew.
    const KEPT: usize = 10_000;

    /// The filter. None where this version reads it no more: then all passes, since nothing that somebody may want is kept back.
    fn read(&self, text: &str) -> Option<Filter> {
        if let Some(known) = self.known().get(text) {
            return known.clone();
        }
        let read = Filter::compile(text, &FILTER_TEXTS, &FILTER_NUMBERS);
        let filter =
            read.inspect_err(|error| tracing::error!(text, %error, "a filter cannot be read: all passes")).ok();
        let mut known = self.known();
        if known.len() >= Self::KEPT {
            known.clear();
        }
        known.insert(text.to_owned(), filter.clone());
        filter
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Option<Filter>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Row {
    id: SubscriptionId,
    who_kind: String,
    who: String,
    events: Vec<String>,
    teams: Vec<TeamId>,
    side: Option<String>,
    filter: Option<String>,
    place: Json<Place>,
    quiet_hours: Option<Json<QuietHours>>,
    digest: Option<Json<Digest>>,
    state: String,
    disabled_reason: String,
    revision: i64,
    created_by: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Row {
    fn subscription(self, filters: &Filters) -> Result<Subscription> {
        Ok(Subscription {
            id: self.id,
            who: recipient(&self.who_kind, self.who)?,
            what: Selection {
                events: self.events,
                teams: self.teams,
                side: match self.side {
                    Some(side) => Some(Side::from_name(&side).ok_or_else(|| broken("side"))?),
                    None => None,
                },
                filter: self.filter.and_then(|text| filters.read(&text)),
            },
            place: self.place.0,
            quiet_hours: self.quiet_hours.map(|it| it.0),
            digest: self.digest.map(|it| it.0),
            state: match self.state.as_str() {
                "ENABLED" => State::Enabled,
                "DISABLED" => State::Disabled(self.disabled_reason),
                "ENDED" => State::Ended,
                _ => return Err(broken("state")),
            },
            revision: self.revision,
            created_by: self.created_by,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

fn recipient(kind: &str, name: String) -> Result<Recipient> {
    Ok(match kind {
        "TEAM" => Recipient::Team(name.parse().map_err(|_| broken("who"))?),
        "PERSON" => Recipient::Person(name),
        "SERVICE" => Recipient::Service(name),
        _ => return Err(broken("who_kind")),
    })
}

fn state(state: &State) -> (&'static str, &str) {
    match state {
        State::Enabled => ("ENABLED", ""),
        State::Disabled(why) => ("DISABLED", why),
        State::Ended => ("ENDED", ""),
    }
}

/// A key that nobody can guess: 244 bits of the database's strong source, as `token_key` has them.
pub(crate) async fn new_key(tx: &mut Tx) -> Result<KeyBytes> {
    let key = sqlx::query_scalar!(
        r#"SELECT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex') AS "key!""#
    );
    Ok(KeyBytes(key.fetch_one(tx.connection()).await?))
}

/// How many subscriptions of a recipient there are.
pub(crate) async fn count(tx: &mut Tx, who: &Recipient) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM notifier.subscription WHERE who = $1 AND who_kind = $2 AND state <> 'ENDED'"#,
        who.name(),
        who.kind(),
    );
    Ok(count.fetch_one(tx.connection()).await?)
}

/// Keeps a new subscription.
pub(crate) async fn insert(tx: &mut Tx, it: &Subscription) -> Result<()> {
    let (state, disabled_reason) = state(&it.state);
    sqlx::query!(
        "INSERT INTO notifier.subscription (id, who_kind, who, events, teams, side, filter, place, quiet_hours, digest, state,
                                            disabled_reason, revision, created_by, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        it.id as SubscriptionId,
        it.who.kind(),
        it.who.name(),
        &it.what.events,
        &it.what.teams as &[TeamId],
        it.what.side.map(Side::name),
        it.what.filter.as_ref().map(Filter::text),
        Json(&it.place) as _,
        it.quiet_hours.as_ref().map(Json) as _,
        it.digest.as_ref().map(Json) as _,
        state,
        disabled_reason,
        it.revision,
        it.created_by,
        it.created_at as Timestamp,
        it.updated_at as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Keeps what was changed.
pub(crate) async fn update(tx: &mut Tx, it: &Subscription) -> Result<()> {
    let (state, disabled_reason) = state(&it.state);
    sqlx::query!(
        "UPDATE notifier.subscription SET events = $2, teams = $3, side = $4, filter = $5, place = $6, quiet_hours = $7, digest = $8,
                                          state = $9, disabled_reason = $10, revision = $11, updated_at = $12
         WHERE id = $1",
        it.id as SubscriptionId,
        &it.what.events,
        &it.what.teams as &[TeamId],
        it.what.side.map(Side::name),
        it.what.filter.as_ref().map(Filter::text),
        Json(&it.place) as _,
        it.quiet_hours.as_ref().map(Json) as _,
        it.digest.as_ref().map(Json) as _,
        state,
        disabled_reason,
        it.revision,
        it.updated_at as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// A subscription, locked, also one that is ended; none where there never was one.
pub(crate) async fn lock(tx: &mut Tx, filters: &Filters, id: SubscriptionId) -> Result<Option<Subscription>> {
    let row = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: SubscriptionId", who_kind, who, events, teams AS "teams: Vec<TeamId>", side, filter,
               place AS "place: Json<Place>", quiet_hours AS "quiet_hours: Json<QuietHours>", digest AS "digest: Json<Digest>",
               state, disabled_reason, revision, created_by, created_at AS "created_at: Timestamp",
               updated_at AS "updated_at: Timestamp"
        FROM notifier.subscription WHERE id = $1 FOR UPDATE
        "#,
        id as SubscriptionId,
    );
    row.fetch_optional(tx.connection()).await?.map(|row| row.subscription(filters)).transpose()
}

/// A subscription that is not ended.
pub(crate) async fn find(
    store: impl PgExecutor<'_>,
    filters: &Filters,
    id: SubscriptionId,
) -> Result<Option<Subscription>> {
    let row = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: SubscriptionId", who_kind, who, events, teams AS "teams: Vec<TeamId>", side, filter,
               place AS "place: Json<Place>", quiet_hours AS "quiet_hours: Json<QuietHours>", digest AS "digest: Json<Digest>",
               state, disabled_reason, revision, created_by, created_at AS "created_at: Timestamp",
               updated_at AS "updated_at: Timestamp"
        FROM notifier.subscription WHERE id = $1 AND state <> 'ENDED'
        "#,
        id as SubscriptionId,
    );
    row.fetch_optional(store).await?.map(|row| row.subscription(filters)).transpose()
}

/// Subscriptions that the viewer may see, of one recipient or of all, the latest first.
pub(crate) async fn list(
    pool: &PgPool,
    filters: &Filters,
    viewer: &Viewer,
    who: Option<&Recipient>,
    page: &Page<Cursor>,
) -> Result<Vec<Subscription>> {
    let (at, id) = page.after().copied().unzip();
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: SubscriptionId", who_kind, who, events, teams AS "teams: Vec<TeamId>", side, filter,
               place AS "place: Json<Place>", quiet_hours AS "quiet_hours: Json<QuietHours>", digest AS "digest: Json<Digest>",
               state, disabled_reason, revision, created_by, created_at AS "created_at: Timestamp",
               updated_at AS "updated_at: Timestamp"
        FROM notifier.subscription
        WHERE state <> 'ENDED'
          AND ($1 OR (who_kind = $2 AND who = $3) OR (who_kind = 'TEAM' AND who = ANY ($4)))
          AND ($5::text IS NULL OR (who_kind = $5 AND who = $6))
          AND ($7::timestamptz IS NULL OR (created_at, id) < ($7, $8))
        ORDER BY created_at DESC, id DESC LIMIT $9
        "#,
        viewer.sees_all,
        viewer.own_kind(),
        viewer.name,
        &viewer.teams,
        who.map(Recipient::kind),
        who.map(Recipient::name),
        at as Option<Timestamp>,
        id,
        page.limit(),
    );
    rows.fetch_all(pool).await?.into_iter().map(|row| row.subscription(filters)).collect()
}

/// Subscriptions that may want facts of these names about these recipients: of whoever is named, and of systems that ask for them.
pub(crate) async fn that_may_want(
    tx: &mut Tx,
    filters: &Filters,
    names: &[String],
    events: &[String],
) -> Result<Vec<Subscription>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id!: SubscriptionId", who_kind AS "who_kind!", who AS "who!", events AS "events!",
               teams AS "teams!: Vec<TeamId>", side, filter, place AS "place!: Json<Place>",
               quiet_hours AS "quiet_hours: Json<QuietHours>", digest AS "digest: Json<Digest>", state AS "state!",
               disabled_reason AS "disabled_reason!", revision AS "revision!", created_by AS "created_by!",
               created_at AS "created_at!: Timestamp", updated_at AS "updated_at!: Timestamp"
        FROM (
            SELECT * FROM notifier.subscription WHERE who = ANY ($1) AND who_kind <> 'SERVICE' AND state <> 'ENDED'
            UNION ALL
            SELECT * FROM notifier.subscription WHERE events && $2 AND who_kind = 'SERVICE' AND state <> 'ENDED'
        ) AS it ORDER BY id
        "#,
        names,
        events,
    );
    rows.fetch_all(tx.connection()).await?.into_iter().map(|row| row.subscription(filters)).collect()
}
