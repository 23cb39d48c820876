//! Which team works by which calendar. Versions never change: this process keeps those that it has read, made ready.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use calendar::{Calendar, Spec};
use kernel::{Error, Result, Timestamp};
use sqlx::{PgConnection, types::Json};

use crate::domain::{BEGINNING, Book, CalendarId, TeamId, book::Version};

/// Versions that were read, made ready; shared by all drivers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf(Arc<Mutex<Kept>>);

type Kept = HashMap<(CalendarId, i32), Arc<Calendar>>;

impl Shelf {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All calendars, and the history of these teams; of all of them, where none are given.
    pub(crate) async fn book(&self, store: &mut PgConnection, teams: Option<&BTreeSet<TeamId>>) -> Result<Book> {
        let mut book = Book { calendars: self.calendars(store).await?, ..Book::default() };
        let names: Option<Vec<String>> = teams.map(|teams| teams.iter().map(ToString::to_string).collect());
        let rows = sqlx::query!(
            r#"
            SELECT team_id AS "team_id: TeamId", since AS "since: Timestamp", calendar_id AS "calendar_id: CalendarId"
            FROM metrics.team_calendar WHERE $1::text[] IS NULL OR team_id = ANY ($1) ORDER BY team_id, since
            "#,
            names.as_deref(),
        );
        for row in rows.fetch_all(store).await? {
            book.teams.entry(row.team_id).or_default().push((row.since, row.calendar_id));
        }
        Ok(book)
    }

    async fn calendars(&self, store: &mut PgConnection) -> Result<BTreeMap<CalendarId, Vec<Version>>> {
        let rows = sqlx::query!(
            r#"
            SELECT calendar_id AS "id: CalendarId", version, since AS "since: Timestamp"
            FROM metrics.calendar_version ORDER BY calendar_id, version
            "#
        );
        let rows = rows.fetch_all(&mut *store).await?;
        let missing: (Vec<String>, Vec<i32>) = {
            let kept = self.kept();
            let is_missing = |id: &CalendarId, version| !kept.contains_key(&(id.clone(), version));
            let rows = rows.iter().filter(|row| is_missing(&row.id, row.version));
            rows.map(|row| (row.id.to_string(), row.version)).unzip()
        };
        if !missing.0.is_empty() {
            let specs = sqlx::query!(
                r#"
                SELECT calendar_id AS "id: CalendarId", version, spec AS "spec: Json<Spec>" FROM metrics.calendar_version
                WHERE (calendar_id, version) IN (SELECT * FROM unnest($1::text[], $2::integer[]))
                "#,
                &missing.0,
                &missing.1,
            );
            for row in specs.fetch_all(store).await? {
                self.kept().insert((row.id.clone(), row.version), ready(&row.id, row.version, &row.spec.0)?);
            }
        }
        let kept = self.kept();
        let mut calendars: BTreeMap<CalendarId, Vec<Version>> = BTreeMap::new();
        for row in rows {
            if let Some(calendar) = kept.get(&(row.id.clone(), row.version)) {
                let version = Version { number: row.version, since: row.since, calendar: calendar.clone() };
                calendars.entry(row.id).or_default().push(version);
            }
        }
        Ok(calendars)
    }
}

fn ready(id: &CalendarId, version: i32, spec: &Spec) -> Result<Arc<Calendar>> {
    let flawed = |flaws| Error::fault(format!("calendar {id} {version}: {flaws:?}"));
    Calendar::new(spec).map(Arc::new).map_err(flawed)
}

/// Notes by which calendar a team works from then on; tells since when that is news, none where it is none.
pub(crate) async fn save_team(
    store: &mut PgConnection,
    team: &TeamId,
    calendar: Option<&CalendarId>,
    at: Timestamp,
) -> Result<Option<Timestamp>> {
    let before = sqlx::query!(
        r#"
        SELECT count(*) AS "count!", bool_or(since = $2 AND calendar_id IS NOT DISTINCT FROM $3) AS known,
               (array_agg(calendar_id ORDER BY since DESC) FILTER (WHERE since <= $2))[1] AS "calendar_id: CalendarId"
        FROM metrics.team_calendar WHERE team_id = $1
        "#,
        team.as_str(),
        at as Timestamp,
        calendar.map(CalendarId::as_str),
    );
    let before = before.fetch_one(&mut *store).await?;
    if before.known == Some(true) {
        return Ok(None);
    }
    sqlx::query!(
        "INSERT INTO metrics.team_calendar (team_id, since, calendar_id) VALUES ($1, $2, $3)
         ON CONFLICT (team_id, since) DO UPDATE SET calendar_id = excluded.calendar_id",
        team.as_str(),
        at as Timestamp,
        calendar.map(CalendarId::as_str),
    )
    .execute(store)
    .await?;
    // The first counts for what was before, too.
    let is_first = before.count == 0;
    let is_news = if is_first { calendar.is_some() } else { before.calendar_id.as_ref() != calendar };
    Ok(is_news.then_some(if is_first { BEGINNING } else { at }))
}

/// Keeps a version of a calendar; tells since when it is news, none where it is none. One that cannot be computed with is refused.
pub(crate) async fn save_calendar(
    store: &mut PgConnection,
    id: &CalendarId,
    version: i32,
    since: Timestamp,
    spec: &Spec,
) -> Result<Option<Timestamp>> {
    ready(id, version, spec)?;
    let saved = sqlx::query!(
        "INSERT INTO metrics.calendar_version (calendar_id, version, since, spec) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        id.as_str(),
        version,
        since as Timestamp,
        Json(spec) as Json<&Spec>,
    );
    let is_news = saved.execute(store).await?.rows_affected() > 0;
    Ok(is_news.then_some(if version == 1 { BEGINNING } else { since }))
}

/// The teams that have ever worked by a calendar.
pub(crate) async fn teams_of(store: &mut PgConnection, calendar: &CalendarId) -> Result<Vec<String>> {
    let teams = sqlx::query_scalar!(
        "SELECT DISTINCT team_id FROM metrics.team_calendar WHERE calendar_id = $1 ORDER BY team_id",
        calendar.as_str()
    );
    Ok(teams.fetch_all(store).await?)
}
