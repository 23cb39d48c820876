//! A database for each test: cloned from one that was migrated once for the run.

use chassis::{Service, config::Secret};
use dev::databases;
use sqlx::{Connection, PgConnection};

use crate::{of_run, request_id};

/// A database with a service's migrated schema.
#[derive(Clone, Debug)]
pub struct Database {
    superuser_url: String,
    name: String,
    schema: &'static str,
}

impl Database {
    /// A fresh one on the run's PostgreSQL.
    pub async fn new<S: Service>() -> Self {
        Self::on::<S>(&of_run("BATON_TEST_POSTGRES_URL")).await
    }

    /// A fresh one on another PostgreSQL.
    pub async fn on<S: Service>(superuser_url: &str) -> Self {
        let schema = S::IDENTITY.schema;
        let template = migrated::<S>(superuser_url).await;
        let name = format!("baton_test_{}", request_id().replace('-', ""));
        databases::clone_database(superuser_url, &template, &name).await.expect("the database is cloned");
        Self { superuser_url: superuser_url.to_owned(), name, schema }
    }

    /// A fresh one with the roles and the empty schema, on the run's PostgreSQL: nothing is migrated.
    pub async fn empty<S: Service>() -> Self {
        let superuser_url = of_run("BATON_TEST_POSTGRES_URL");
        let name = format!("baton_test_{}", request_id().replace('-', ""));
        databases::prepare_database(&superuser_url, &name).await.expect("the database is prepared");
        Self { superuser_url, name, schema: S::IDENTITY.schema }
    }

    /// A copy of it as it is now, as a backup is one; nobody may be connected.
    pub async fn copy(&self) -> Self {
        let name = format!("baton_test_{}", request_id().replace('-', ""));
        databases::clone_database(&self.superuser_url, &self.name, &name).await.expect("the database is copied");
        Self { name, ..self.clone() }
    }

    /// As the service's own role.
    pub fn url(&self) -> String {
        databases::role_url(&self.superuser_url, self.schema, &self.name).expect("the run's URL is one")
    }

    /// As the schema's owner.
    pub fn owner_url(&self) -> String {
        let owner = databases::owner_role(self.schema);
        databases::role_url(&self.superuser_url, &owner, &self.name).expect("the run's URL is one")
    }

    /// A connection as the service's own role.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url()).await.expect("the test's database answers")
    }

    /// A connection as the schema's owner, who may do what the service may not.
    pub async fn connect_as_owner(&self) -> PgConnection {
        PgConnection::connect(&self.owner_url()).await.expect("the test's database answers")
    }
}

/// The name of a database with the migrated schema; made once for a server, whoever asks first.
async fn migrated<S: Service>(superuser_url: &str) -> String {
    const LOCK: i64 = 0x6261_746f_6e74;
    let versions: Vec<String> = S::IDENTITY
        .migrations
        .iter()
        .map(|migration| format!("{}{:?}", migration.version, migration.checksum))
        .collect();
    let fingerprint =
        versions.concat().bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    let name = format!("baton_test_template_{}_{fingerprint:016x}", S::IDENTITY.schema);
    let mut server = PgConnection::connect(superuser_url).await.expect("the run's PostgreSQL answers");
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut server).await.expect("the lock is given");
    let is_there: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)")
            .bind(&name)
            .fetch_one(&mut server)
            .await
            .expect("the catalogue answers");
    if !is_there {
        // One that a killed run left half made goes first.
        databases::drop_database(superuser_url, &name).await.expect("it is dropped");
        databases::prepare_database(superuser_url, &name).await.expect("roles and schemas are made");
        let owner = databases::role_url(superuser_url, &databases::owner_role(S::IDENTITY.schema), &name);
        chassis::migrate::<S>(&Secret::from(owner.expect("the run's URL is one"))).await.expect("the migrations run");
        let mark = sqlx::AssertSqlSafe(format!("ALTER DATABASE {name} IS_TEMPLATE true"));
        sqlx::query(mark).execute(&mut server).await.expect("it is marked as a template");
    }
    server.close().await.expect("the connection closes");
    name
}
