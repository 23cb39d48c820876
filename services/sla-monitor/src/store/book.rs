//! What clocks are set by, read for a batch. Versions never change: this process keeps those that it has read, made ready.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use calendar::{Calendar, Spec};
use kernel::{Error, Result, Timestamp};
use sqlx::{PgConnection, types::Json};

use crate::domain::{
    Book, CalendarId, Course, PolicyId, RouteId, TeamId,
    calendar::{Pin, Ready},
    policy::{Policy, Target},
};

/// Versions that were read, made ready; shared by all drivers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    calendars: HashMap<(CalendarId, i32), Ready>,
    policies: HashMap<(PolicyId, i32), Arc<Policy>>,
}

impl Shelf {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All calendars and policies, and the history of these teams and routes.
    pub(crate) async fn book(
        &self,
        store: &mut PgConnection,
        teams: &BTreeSet<TeamId>,
        routes: &BTreeSet<RouteId>,
    ) -> Result<Book> {
        let mut book = Book { calendars: self.calendars(store).await?, ..Book::default() };
        book.policies = self.policies(store).await?;
        let names: Vec<String> = teams.iter().map(ToString::to_string).collect();
        let rows = sqlx::query!(
            r#"
            SELECT team_id AS "team_id: TeamId", since AS "since: Timestamp", calendar_id AS "calendar_id: CalendarId"
            FROM sla.team_calendar WHERE team_id = ANY ($1) ORDER BY team_id, since
            "#,
            &names,
        );
        for row in rows.fetch_all(&mut *store).await? {
            book.teams.entry(row.team_id).or_default().push((row.since, row.calendar_id));
        }
        let names: Vec<String> = routes.iter().map(ToString::to_string).collect();
        let rows = sqlx::query!(
            r#"
            SELECT route_id AS "route_id: RouteId", version, policy_id AS "policy_id: PolicyId"
            FROM sla.terms WHERE route_id = ANY ($1)
            "#,
            &names,
        );
        for row in rows.fetch_all(store).await? {
            book.terms.insert((row.route_id, row.version), row.policy_id);
        }
        Ok(book)
    }

    /// The calendars that the clocks of these courses remember; nothing is read where all of them are at hand.
    pub(crate) async fn pinned<'c>(
        &self,
        store: &mut PgConnection,
        courses: impl IntoIterator<Item = &'c Course>,
    ) -> Result<Book> {
        let clocks = courses.into_iter().flat_map(|course| &course.clocks);
        let pins: BTreeSet<&Pin> = clocks
            .flat_map(|clock| clock.ledger.iter().map(|stretch| &stretch.calendar).chain([&clock.calendar]))
            .collect();
        let calendars = match self.at_hand(&pins) {
            Some(calendars) => calendars,
            None => self.calendars(store).await?,
        };
        Ok(Book { calendars, ..Book::default() })
    }

    /// These versions of calendars; None where one of them was not read yet.
    fn at_hand(&self, pins: &BTreeSet<&Pin>) -> Option<BTreeMap<CalendarId, Vec<Ready>>> {
        let kept = self.kept();
        let mut calendars: BTreeMap<CalendarId, Vec<Ready>> = BTreeMap::new();
        for pin in pins {
            // Without an id it is the one that is always open, which needs no reading.
            let Some(id) = pin.id.clone() else { continue };
            let ready = kept.calendars.get(&(id.clone(), pin.version))?;
            calendars.entry(id).or_default().push(ready.clone());
        }
        Some(calendars)
    }

    /// Every version of every calendar.
    async fn calendars(&self, store: &mut PgConnection) -> Result<BTreeMap<CalendarId, Vec<Ready>>> {
        let rows = sqlx::query!(
            r#"
            SELECT calendar_id AS "id: CalendarId", version, in_force_since AS "in_force_since: Timestamp"
            FROM sla.calendar_version ORDER BY calendar_id, version
            "#
        );
        let rows = rows.fetch_all(&mut *store).await?;
        let missing: (Vec<String>, Vec<i32>) = {
            let kept = self.kept();
            let is_missing = |id: &CalendarId, version| !kept.calendars.contains_key(&(id.clone(), version));
            rows.iter()
                .filter(|row| is_missing(&row.id, row.version))
                .map(|row| (row.id.to_string(), row.version))
                .unzip()
        };
        if !missing.0.is_empty() {
            let specs = sqlx::query!(
                r#"
                SELECT calendar_id AS "id: CalendarId", version, spec AS "spec: Json<Spec>",
                       in_force_since AS "in_force_since: Timestamp"
                FROM sla.calendar_version
                WHERE (calendar_id, version) IN (SELECT * FROM unnest($1::text[], $2::integer[]))
                "#,
                &missing.0,
                &missing.1,
            );
            for row in specs.fetch_all(store).await? {
                let flawed = |flaws| Error::fault(format!("calendar {} {}: {flaws:?}", row.id, row.version));
                let calendar = Arc::new(Calendar::new(&row.spec.0).map_err(flawed)?);
                let pin = Pin { id: Some(row.id.clone()), version: row.version };
                let ready = Ready { pin, in_force_since: row.in_force_since, calendar };
                self.kept().calendars.insert((row.id, row.version), ready);
            }
        }
        let kept = self.kept();
        let mut calendars: BTreeMap<CalendarId, Vec<Ready>> = BTreeMap::new();
        for row in rows {
            if let Some(ready) = kept.calendars.get(&(row.id.clone(), row.version)) {
                calendars.entry(row.id).or_default().push(ready.clone());
            }
        }
        Ok(calendars)
    }

    /// Every version of every policy.
    async fn policies(&self, store: &mut PgConnection) -> Result<BTreeMap<PolicyId, Vec<Arc<Policy>>>> {
        let rows = sqlx::query!(
            r#"SELECT policy_id AS "id: PolicyId", version FROM sla.policy_version ORDER BY policy_id, version"#
        );
        let rows = rows.fetch_all(&mut *store).await?;
        let missing: (Vec<String>, Vec<i32>) = {
            let kept = self.kept();
            let is_missing = |id: &PolicyId, version| !kept.policies.contains_key(&(id.clone(), version));
            rows.iter()
                .filter(|row| is_missing(&row.id, row.version))
                .map(|row| (row.id.to_string(), row.version))
                .unzip()
        };
        if !missing.0.is_empty() {
            let versions = sqlx::query!(
                r#"
                SELECT policy_id AS "id: PolicyId", version, display_name, targets AS "targets: Json<Vec<Target>>",
                       in_force_since AS "in_force_since: Timestamp", created_by
                FROM sla.policy_version
                WHERE (policy_id, version) IN (SELECT * FROM unnest($1::text[], $2::integer[]))
                "#,
                &missing.0,
                &missing.1,
            );
            for row in versions.fetch_all(store).await? {
                let policy = Policy {
                    id: row.id.clone(),
                    number: row.version,
                    display_name: row.display_name,
                    targets: row.targets.0,
                    in_force_since: row.in_force_since,
                    created_by: row.created_by,
                };
                self.kept().policies.insert((row.id, row.version), Arc::new(policy));
            }
        }
        let kept = self.kept();
        let mut policies: BTreeMap<PolicyId, Vec<Arc<Policy>>> = BTreeMap::new();
        for row in rows {
            if let Some(policy) = kept.policies.get(&(row.id.clone(), row.version)) {
                policies.entry(row.id).or_default().push(policy.clone());
            }
        }
        Ok(policies)
    }
}

/// By which calendars teams have worked since when.
pub(crate) async fn save_teams(
    store: &mut PgConnection,
    teams: &BTreeMap<(TeamId, Timestamp), Option<CalendarId>>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO sla.team_calendar (team_id, since, calendar_id)
         SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[])
         ON CONFLICT (team_id, since) DO UPDATE SET calendar_id = excluded.calendar_id",
        &teams.keys().map(|(team, _)| team.to_string()).collect::<Vec<_>>(),
        &teams.keys().map(|(_, since)| *since).collect::<Vec<_>>() as &[Timestamp],
        &teams.values().map(|it| it.as_ref().map(ToString::to_string)).collect::<Vec<_>>() as &[Option<String>],
    )
    .execute(store)
    .await?;
    Ok(())
}

/// The policies that versions of terms name.
pub(crate) async fn save_terms(
    store: &mut PgConnection,
    terms: &BTreeMap<(RouteId, i32), Option<PolicyId>>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO sla.terms (route_id, version, policy_id)
         SELECT * FROM unnest($1::text[], $2::integer[], $3::text[])
         ON CONFLICT (route_id, version) DO UPDATE SET policy_id = excluded.policy_id",
        &terms.keys().map(|(route, _)| route.to_string()).collect::<Vec<_>>(),
        &terms.keys().map(|(_, version)| *version).collect::<Vec<_>>(),
        &terms.values().map(|it| it.as_ref().map(ToString::to_string)).collect::<Vec<_>>() as &[Option<String>],
    )
    .execute(store)
    .await?;
    Ok(())
}
