//! Brings a schema to the form that this version of the service knows, and checks that it has it.
//!
//! Each release runs on the schema before and after its own migrations: they add what it needs, and a later release takes away what
//! no release uses any more. A migration that takes away is named `<number>_contract_<least>_<what>`: who knows migration `<least>`
//! may still serve on the schema that it leaves.

use kernel::{Error, Result};
use sqlx::{Connection, Executor, PgConnection, migrate::Migrator};

use crate::{
    config::Secret,
    context::Identity,
    store::{self, Wrong},
};

static CHASSIS: Migrator = sqlx::migrate!("./migrations");

/// The chassis' ledger stands beside the service's own, so that neither disturbs the other's numbers.
const CHASSIS_LEDGER: &str = "chassis_migration";
const SERVICE_LEDGER: &str = "service_migration";

/// Runs what is missing: the chassis' migrations first, then the service's; as the schema's owner. Running it again, or beside
/// another run, changes nothing.
pub(crate) async fn migrate(identity: &Identity, owner_url: &Secret) -> Result<()> {
    let mut owner = store::connect("database.owner_url", owner_url).await?;
    must_own(&mut owner, identity).await??;
    // A lock for this schema alone: the library's would be shared by all services of the database.
    sqlx::query!("SELECT pg_advisory_lock(hashtextextended('baton migrate ' || $1, 0))", identity.schema)
        .fetch_one(&mut owner)
        .await?;
    owner.execute(sqlx::AssertSqlSafe(format!("SET search_path = {}", identity.schema))).await?;
    for (migrator, ledger) in migrators(identity) {
        if let Err(wrong) =
            applied(&mut owner, ledger).await?.map_or(Ok(()), |applied| must_be_known(migrator, &applied, identity))
        {
            return Err(wrong.into());
        }
        migrator_with(migrator, ledger).run(&mut owner).await.map_err(Error::fault)?;
        // `serve` looks at the ledgers before it serves.
        let grant = format!("GRANT SELECT ON {ledger} TO {}", identity.schema);
        owner.execute(sqlx::AssertSqlSafe(grant)).await?;
    }
    owner.close().await?;
    Ok(())
}

/// Whether that role owns the schema.
pub(crate) async fn must_own(owner: &mut PgConnection, identity: &Identity) -> Result<Result<(), Wrong>> {
    let owns = sqlx::query_scalar!(
        r#"SELECT pg_has_role(current_user, nspowner, 'USAGE') AS "owns!" FROM pg_namespace WHERE nspname = $1"#,
        identity.schema
    );
    let schema = identity.schema;
    Ok(match owns.fetch_optional(owner).await? {
        Some(true) => Ok(()),
        Some(false) => Err(Wrong::new(
            format!("database.owner_url names a role that does not own the schema {schema}"),
            format!("name {schema}_owner there"),
        )),
        None => Err(Wrong::new(
            format!("there is no schema {schema} in this database"),
            "run deploy/postgres/roles.sql in it as a superuser",
        )),
    })
}

/// Whether this version can serve on the schema as it is: nothing that it knows is missing, and nothing that it needs was taken away.
pub(crate) async fn check(identity: &Identity, store: &mut PgConnection) -> Result<Result<(), Wrong>> {
    let (schema, program) = (identity.schema, identity.name);
    for (migrator, ledger) in migrators(identity) {
        let remedy = format!("run `{program} migrate` with database.owner_url, as each release does before it serves");
        let Some(applied) = applied(store, ledger).await? else {
            return Ok(Err(Wrong::new(format!("the schema {schema} is empty"), remedy)));
        };
        if let Some(missing) = migrator.iter().find(|known| !applied.iter().any(|it| it.version == known.version)) {
            let is = format!(
                "the schema {schema} is older than this version: it lacks migration {} ({})",
                missing.version, missing.description
            );
            return Ok(Err(Wrong::new(is, remedy)));
        }
        if let Err(wrong) = must_be_known(migrator, &applied, identity) {
            return Ok(Err(wrong));
        }
    }
    Ok(Ok(()))
}

/// A migration as the ledger has it.
struct Applied {
    version: i64,
    description: String,
}

async fn applied(store: &mut PgConnection, ledger: &str) -> Result<Option<Vec<Applied>>> {
    let is_there: bool =
        sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(ledger).fetch_one(&mut *store).await?;
    if !is_there {
        return Ok(None);
    }
    let rows = sqlx::AssertSqlSafe(format!("SELECT version, description FROM {ledger} WHERE success ORDER BY version"));
    let rows: Vec<(i64, String)> = sqlx::query_as(rows).fetch_all(store).await?;
    Ok(Some(rows.into_iter().map(|(version, description)| Applied { version, description }).collect()))
}

/// Whether whoever knows these migrations may work on a schema that may have had more of them.
fn must_be_known(migrator: &Migrator, applied: &[Applied], identity: &Identity) -> Result<(), Wrong> {
    let known = migrator.iter().map(|migration| migration.version).max().unwrap_or_default();
    let beyond = applied.iter().filter(|it| it.version > known);
    let taken_away = beyond.filter_map(|it| contract(&it.description).map(|least| (it, least)));
    match taken_away.into_iter().find(|(_, least)| *least > known) {
        None => Ok(()),
        Some((migration, least)) => Err(Wrong::new(
            format!(
                "the schema {} is newer than this version: migration {} ({}) has taken away what versions before migration {least} \
                 need, and this one knows {known}",
                identity.schema, migration.version, migration.description
            ),
            format!("run a newer {}; rolling back this far needs a backup", identity.name),
        )),
    }
}

/// The migration that a program has to know to serve on what a contract leaves: `contract 13 the old text`.
fn contract(description: &str) -> Option<i64> {
    description.strip_prefix("contract ")?.split(' ').next()?.parse().ok()
}

fn migrators(identity: &Identity) -> [(&'static Migrator, &'static str); 2] {
    [(&CHASSIS, CHASSIS_LEDGER), (identity.migrations, SERVICE_LEDGER)]
}

fn migrator_with(migrator: &Migrator, ledger: &'static str) -> Migrator {
    let mut migrator = Migrator { migrations: migrator.migrations.clone(), ..Migrator::DEFAULT };
    migrator.dangerous_set_table_name(ledger);
    migrator.set_locking(false);
    // A newer release may have been here; what it has added is none of our business.
    migrator.set_ignore_missing(true);
    migrator
}
