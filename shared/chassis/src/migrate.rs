//! Brings a schema to the form that this version of the service knows, and checks that it has it.

use kernel::{Error, Result};
use sqlx::{Connection, Executor, PgConnection, PgPool, migrate::Migrator};

use crate::context::Identity;

static CHASSIS: Migrator = sqlx::migrate!("./migrations");

/// The chassis' ledger stands beside the service's own, so that neither disturbs the other's numbers.
const CHASSIS_LEDGER: &str = "chassis_migration";
const SERVICE_LEDGER: &str = "service_migration";

/// Runs what is missing: the chassis' migrations first, then the service's; as the schema's owner. Running it again, or beside
/// another run, changes nothing.
pub(crate) async fn migrate(identity: &Identity, owner_url: &str) -> Result<()> {
    let mut owner = PgConnection::connect(owner_url).await?;
    // A lock for this schema alone: the library's would be shared by all services of the database.
    sqlx::query!("SELECT pg_advisory_lock(hashtextextended('baton migrate ' || $1, 0))", identity.schema)
        .fetch_one(&mut owner)
        .await?;
    owner.execute(sqlx::AssertSqlSafe(format!("SET search_path = {}", identity.schema))).await?;
    for (migrator, ledger) in migrators(identity) {
        migrator_with(migrator, ledger).run(&mut owner).await.map_err(Error::fault)?;
        // `serve` looks at the ledgers before it serves.
        let grant = format!("GRANT SELECT ON {ledger} TO {}", identity.schema);
        owner.execute(sqlx::AssertSqlSafe(grant)).await?;
    }
    owner.close().await?;
    Ok(())
}

/// Whether the schema has exactly the migrations that this version knows; says what to do if not.
pub(crate) async fn check(identity: &Identity, pool: &PgPool) -> Result<std::result::Result<(), String>> {
    for (migrator, ledger) in migrators(identity) {
        let is_there: bool =
            sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(ledger).fetch_one(pool).await?;
        if !is_there {
            return Ok(Err(format!("schema {} is empty: run `{} migrate`", identity.schema, identity.name)));
        }
        let rows = sqlx::AssertSqlSafe(format!("SELECT version FROM {ledger} WHERE success ORDER BY version"));
        let applied: Vec<i64> = sqlx::query_scalar(rows).fetch_all(pool).await?;
        let known: Vec<i64> = migrator.iter().map(|migration| migration.version).collect();
        if known.iter().any(|version| !applied.contains(version)) {
            return Ok(Err(format!(
                "schema {} is older than this version: run `{} migrate`",
                identity.schema, identity.name
            )));
        }
    }
    Ok(Ok(()))
}

fn migrators(identity: &Identity) -> [(&'static Migrator, &'static str); 2] {
    [(&CHASSIS, CHASSIS_LEDGER), (identity.migrations, SERVICE_LEDGER)]
}

fn migrator_with(migrator: &Migrator, ledger: &'static str) -> Migrator {
    let mut migrator = Migrator { migrations: migrator.migrations.clone(), ..Migrator::DEFAULT };
    migrator.dangerous_set_table_name(ledger);
    migrator.set_locking(false);
    migrator
}
