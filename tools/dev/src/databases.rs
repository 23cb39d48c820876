//! Databases with Baton's roles and schemas in them: made, cloned, migrated, dropped.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

use crate::Result;
use crate::error::OrSay as _;

/// Roles and schemas, as shipped.
pub const ROLES_SQL: &str = include_str!("../../../deploy/postgres/roles.sql");

/// The schema of each service; its owner role is `<schema>_owner`, its serving role has its name.
pub const SCHEMAS: [&str; 5] = ["handoff", "checklist", "sla", "metrics", "notifier"];

/// Held while roles, which all databases share, are changed: two at once would fail.
const ROLES_LOCK: i64 = 0x0062_6174_6f6e;
const REMEDY: &str = "look whether the server runs and the URL is that of a superuser";

/// The role that migrates a schema.
pub fn owner_role(schema: &str) -> String {
    format!("{schema}_owner")
}

/// URL of another role in another database of the same server, with the password that [`prepare_database`] sets.
pub fn role_url(superuser_url: &str, role: &str, database: &str) -> Result<String> {
    let options = options(superuser_url)?.username(role).password(&password(superuser_url, role)).database(database);
    Ok(options.to_url_lossy().to_string())
}

/// URL of the superuser in another database of the same server.
pub fn database_url(superuser_url: &str, database: &str) -> Result<String> {
    Ok(options(superuser_url)?.database(database).to_url_lossy().to_string())
}

/// Makes the database unless it is there, with every role and schema; safe to repeat and to run at the same time as others.
pub async fn prepare_database(superuser_url: &str, name: &str) -> Result<()> {
    let mut server = connect(superuser_url).await?;
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(ROLES_LOCK)
        .execute(&mut server)
        .await
        .or_say("locking the roles", REMEDY)?;
    let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(name)
        .fetch_one(&mut server)
        .await
        .or_say("looking for the database", REMEDY)?;
    if !there {
        run(&mut server, format!("CREATE DATABASE {}", quoted(name))).await?;
    }
    let mut database = connect(&database_url(superuser_url, name)?).await?;
    run(&mut database, ROLES_SQL.to_owned()).await?;
    for role in roles() {
        run(&mut server, format!("ALTER ROLE {role} PASSWORD '{}'", password(superuser_url, &role))).await?;
    }
    close(database).await;
    close(server).await;
    Ok(())
}

/// Copies a database that nobody is connected to; some 30 ms. A database's own rights are not copied, so they are given anew.
pub async fn clone_database(superuser_url: &str, template: &str, name: &str) -> Result<()> {
    let mut server = connect(superuser_url).await?;
    let (database, roles) = (quoted(name), roles().join(", "));
    run(&mut server, format!("CREATE DATABASE {database} TEMPLATE {}", quoted(template))).await?;
    run(
        &mut server,
        format!("REVOKE ALL ON DATABASE {database} FROM PUBLIC; GRANT CONNECT ON DATABASE {database} TO {roles}"),
    )
    .await?;
    close(server).await;
    Ok(())
}

/// Drops a database and ends the sessions in it; does nothing when there is none.
pub async fn drop_database(superuser_url: &str, name: &str) -> Result<()> {
    let mut server = connect(superuser_url).await?;
    run(&mut server, format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name))).await?;
    close(server).await;
    Ok(())
}

/// Runs every `*.sql` of the folders, in the order of their names, folder by folder, on a schema that is empty.
/// A folder that is not there has no migrations. The running system migrates by itself, with a ledger.
pub async fn run_migrations(owner_url: &str, folders: &[PathBuf]) -> Result<()> {
    let mut owner = connect(owner_url).await?;
    for file in folders.iter().map(|folder| migrations(folder)).collect::<Result<Vec<_>>>()?.concat() {
        let sql =
            std::fs::read_to_string(&file).or_say(format_args!("reading {}", file.display()), "look at the file")?;
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut owner)
            .await
            .or_say(format_args!("running {}", file.display()), "correct that migration")?;
    }
    close(owner).await;
    Ok(())
}

fn migrations(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries =
        std::fs::read_dir(folder).or_say(format_args!("reading {}", folder.display()), "look at the folder")?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "sql"))
        .collect();
    files.sort();
    Ok(files)
}

fn roles() -> Vec<String> {
    SCHEMAS.into_iter().flat_map(|schema| [owner_role(schema), schema.to_owned()]).collect()
}

/// The same for everyone who knows the superuser's URL, so that runs beside each other on one server agree. A server of
/// our own asks for none.
fn password(superuser_url: &str, role: &str) -> String {
    hex::encode(Sha256::digest(format!("{superuser_url} {role}")))
}

fn options(url: &str) -> Result<PgConnectOptions> {
    url.parse().or_say("reading the URL of PostgreSQL", "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE")
}

async fn connect(url: &str) -> Result<PgConnection> {
    PgConnection::connect_with(&options(url)?).await.or_say("connecting to PostgreSQL", REMEDY)
}

async fn run(connection: &mut PgConnection, sql: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.or_say("preparing the database", REMEDY).map(drop)
}

/// Waits until the server has seen the end, so that the database can be cloned or dropped at once.
async fn close(connection: PgConnection) {
    let _ = connection.close().await;
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
