//! Cohorts, and the sums of their days.

use std::collections::{BTreeMap, BTreeSet};

use chassis::Tx;
use kernel::Result;
use sqlx::PgConnection;

use super::{Generation, decode, encode};
use crate::domain::{
    Day, PolicyId, RouteId, Sums, TeamId, TemplateId, heard::Template, query::Scope, story::Policy, sums::Cohort,
};

struct Row {
    id: i64,
    route_id: RouteId,
    from_team: TeamId,
    to_team: TeamId,
    template_id: String,
    template_version: i32,
    terms_version: i32,
    policy_id: String,
    policy_version: i32,
    historic: bool,
}

impl Row {
    fn cohort(self) -> Result<(i64, Cohort)> {
        let template: Option<TemplateId> = named(&self.template_id)?;
        let policy: Option<PolicyId> = named(&self.policy_id)?;
        let cohort = Cohort {
            route_id: self.route_id,
            from_team: self.from_team,
            to_team: self.to_team,
            template: template.map(|id| Template { id, version: self.template_version }),
            terms_version: self.terms_version,
            policy: policy.map(|id| Policy { id, version: self.policy_version }),
            historic: self.historic,
        };
        Ok((self.id, cohort))
    }
}

/// A name; the empty one stands for none.
fn named<T: std::str::FromStr>(text: &str) -> Result<Option<T>> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| super::broken("template_id or policy_id"))
}

/// The ids of cohorts; those that are new get one.
pub(crate) async fn cohorts(tx: &mut Tx, wanted: &BTreeSet<Cohort>) -> Result<BTreeMap<Cohort, i64>> {
    let all = || wanted.iter();
    let template = |it: &Cohort| it.template.as_ref().map_or((String::new(), 0), |it| (it.id.to_string(), it.version));
    let policy = |it: &Cohort| it.policy.as_ref().map_or((String::new(), 0), |it| (it.id.to_string(), it.version));
    let rows = sqlx::query_as!(
        Row,
        r#"
        WITH wanted AS (
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::text[],
                                 $8::integer[], $9::boolean[])
                AS wanted (route_id, from_team, to_team, template_id, template_version, terms_version, policy_id,
                           policy_version, historic)
        ), known AS (
            SELECT id, route_id, from_team, to_team, template_id, template_version, terms_version, policy_id, policy_version,
                   historic
            FROM metrics.cohort JOIN wanted USING (route_id, from_team, to_team, template_id, template_version,
                                                   terms_version, policy_id, policy_version, historic)
        ), made AS (
            INSERT INTO metrics.cohort (route_id, from_team, to_team, template_id, template_version, terms_version, policy_id,
                                        policy_version, historic)
            SELECT route_id, from_team, to_team, template_id, template_version, terms_version, policy_id, policy_version,
                   historic
            FROM wanted
            EXCEPT
            SELECT route_id, from_team, to_team, template_id, template_version, terms_version, policy_id, policy_version,
                   historic
            FROM known
            RETURNING id, route_id, from_team, to_team, template_id, template_version, terms_version, policy_id,
                      policy_version, historic
        )
        SELECT id AS "id!", route_id AS "route_id!: RouteId", from_team AS "from_team!: TeamId",
               to_team AS "to_team!: TeamId", template_id AS "template_id!", template_version AS "template_version!",
               terms_version AS "terms_version!", policy_id AS "policy_id!", policy_version AS "policy_version!",
               historic AS "historic!"
        FROM (SELECT * FROM known UNION ALL SELECT * FROM made) AS found
        "#,
        &all().map(|it| it.route_id.to_string()).collect::<Vec<_>>(),
        &all().map(|it| it.from_team.to_string()).collect::<Vec<_>>(),
        &all().map(|it| it.to_team.to_string()).collect::<Vec<_>>(),
        &all().map(|it| template(it).0).collect::<Vec<_>>(),
        &all().map(|it| template(it).1).collect::<Vec<_>>(),
        &all().map(|it| it.terms_version).collect::<Vec<_>>(),
        &all().map(|it| policy(it).0).collect::<Vec<_>>(),
        &all().map(|it| policy(it).1).collect::<Vec<_>>(),
        &all().map(|it| it.historic).collect::<Vec<_>>(),
    );
    let rows = rows.fetch_all(tx.connection()).await?;
    rows.into_iter().map(|row| row.cohort().map(|(id, cohort)| (cohort, id))).collect()
}

/// The cohorts of a scope, by their ids.
pub(crate) async fn cohorts_of(store: &mut PgConnection, scope: &Scope) -> Result<BTreeMap<i64, Cohort>> {
    let (routes, from, to, either) = super::report::parts(scope);
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT id, route_id AS "route_id: RouteId", from_team AS "from_team: TeamId", to_team AS "to_team: TeamId",
               template_id, template_version, terms_version, policy_id, policy_version, historic
        FROM metrics.cohort
        WHERE ($1::text[] IS NULL OR route_id = ANY ($1)) AND ($2::text IS NULL OR from_team = $2)
          AND ($3::text IS NULL OR to_team = $3) AND ($4::text IS NULL OR from_team = $4 OR to_team = $4)
        "#,
        routes.as_deref(),
        from,
        to,
        either,
    );
    rows.fetch_all(store).await?.into_iter().map(Row::cohort).collect()
}

/// Adds differences to the sums of days; a day of which nothing remains goes.
pub(crate) async fn add(tx: &mut Tx, generation: Generation, differences: &BTreeMap<(i64, Day), Sums>) -> Result<()> {
    let keys: (Vec<i64>, Vec<i32>) = differences.keys().map(|(cohort, day)| (*cohort, day.0)).unzip();
    let rows = sqlx::query!(
        "SELECT cohort_id, day, sums FROM metrics.day
         WHERE generation = $1 AND (cohort_id, day) IN (SELECT * FROM unnest($2::bigint[], $3::integer[]))",
        generation.0,
        &keys.0,
        &keys.1,
    );
    let mut days = differences.clone();
    for row in rows.fetch_all(tx.connection()).await? {
        let sums: Sums = decode("sums", &row.sums)?;
        if let Some(day) = days.get_mut(&(row.cohort_id, Day(row.day))) {
            day.merge(&sums, 1);
        }
    }
    let (gone, kept): (Vec<_>, Vec<_>) = days.into_iter().partition(|(_, sums)| sums.is_empty());
    let bytes = kept.iter().map(|(_, sums)| encode(sums)).collect::<Result<Vec<_>>>()?;
    let keys: (Vec<i64>, Vec<i32>) = kept.iter().map(|((cohort, day), _)| (*cohort, day.0)).unzip();
    let months: Vec<i32> = kept.iter().map(|((_, day), _)| day.month().0).collect();
    sqlx::query!(
        "INSERT INTO metrics.day (generation, cohort_id, day, month, sums)
         SELECT $1, * FROM unnest($2::bigint[], $3::integer[], $4::integer[], $5::bytea[])
         ON CONFLICT (generation, cohort_id, day) DO UPDATE SET sums = excluded.sums",
        generation.0,
        &keys.0,
        &keys.1,
        &months,
        &bytes,
    )
    .execute(tx.connection())
    .await?;
    change_months(tx, generation, differences.keys()).await?;
    if !gone.is_empty() {
        let keys: (Vec<i64>, Vec<i32>) = gone.iter().map(|((cohort, day), _)| (*cohort, day.0)).unzip();
        sqlx::query!(
            "DELETE FROM metrics.day
             WHERE generation = $1 AND (cohort_id, day) IN (SELECT * FROM unnest($2::bigint[], $3::integer[]))",
            generation.0,
            &keys.0,
            &keys.1,
        )
        .execute(tx.connection())
        .await?;
    }
    Ok(())
}

/// Notes that days of months have changed.
async fn change_months<'k>(
    tx: &mut Tx,
    generation: Generation,
    days: impl Iterator<Item = &'k (i64, Day)>,
) -> Result<()> {
    let months: BTreeSet<(i64, i32)> = days.map(|(cohort, day)| (*cohort, day.month().0)).collect();
    let (cohorts, months): (Vec<i64>, Vec<i32>) = months.into_iter().unzip();
    sqlx::query!(
        "INSERT INTO metrics.month_changed (generation, cohort_id, month)
         SELECT $1, * FROM unnest($2::bigint[], $3::integer[]) ON CONFLICT DO NOTHING",
        generation.0,
        &cohorts,
        &months,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Adds up some months that have passed and of which a day has changed; returns how many.
pub(crate) async fn add_up_months(tx: &mut Tx, generation: Generation) -> Result<usize> {
    const BATCH: i64 = 100;
    let this_month = Day::of(tx.now()).month();
    let changed = sqlx::query!(
        "DELETE FROM metrics.month_changed
         WHERE generation = $1 AND (cohort_id, month) IN (
             SELECT cohort_id, month FROM metrics.month_changed WHERE generation = $1 AND month < $2 LIMIT $3
         )
         RETURNING cohort_id, month",
        generation.0,
        this_month.0,
        BATCH,
    );
    let changed = changed.fetch_all(tx.connection()).await?;
    if changed.is_empty() {
        return Ok(0);
    }
    let (cohorts, months): (Vec<i64>, Vec<i32>) = changed.iter().map(|it| (it.cohort_id, it.month)).unzip();
    let days = sqlx::query!(
        "SELECT cohort_id, month, sums FROM metrics.day
         WHERE generation = $1 AND cohort_id = ANY ($2)
           AND (cohort_id, month) IN (SELECT * FROM unnest($2::bigint[], $3::integer[]))",
        generation.0,
        &cohorts,
        &months,
    );
    let mut added: BTreeMap<(i64, i32), Sums> =
        changed.iter().map(|it| ((it.cohort_id, it.month), Sums::default())).collect();
    for row in days.fetch_all(tx.connection()).await? {
        let sums: Sums = decode("sums", &row.sums)?;
        added.entry((row.cohort_id, row.month)).or_default().merge(&sums, 1);
    }
    let bytes = added.values().map(encode).collect::<Result<Vec<_>>>()?;
    let (cohorts, months): (Vec<i64>, Vec<i32>) = added.into_keys().unzip();
    sqlx::query!(
        "INSERT INTO metrics.month (generation, cohort_id, month, sums)
         SELECT $1, * FROM unnest($2::bigint[], $3::integer[], $4::bytea[])
         ON CONFLICT (generation, cohort_id, month) DO UPDATE SET sums = excluded.sums",
        generation.0,
        &cohorts,
        &months,
        &bytes,
    )
    .execute(tx.connection())
    .await?;
    Ok(changed.len())
}
