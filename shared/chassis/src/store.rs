//! The way to the store; and what is wrong where there is none, in words for an operator.

use std::{fmt, time::Duration};

use kernel::{Error, Result};
use sqlx::{
    Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

use crate::{
    config::{Database, Secret},
    context::Identity,
    status::chain,
};

/// The oldest PostgreSQL that will do.
const LEAST_VERSION: i32 = 16;
/// A store that has not let us in by then is taken for away.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Something that an operator has to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// What is wrong, in a sentence.
    pub(crate) is: String,
    /// What to do.
    pub(crate) remedy: String,
}

impl Wrong {
    pub(crate) fn new(is: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { is: is.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. What to do: {}", self.is, self.remedy)
    }
}

impl std::error::Error for Wrong {}

impl From<Wrong> for Error {
    fn from(wrong: Wrong) -> Self {
        Self::fault(wrong)
    }
}

/// A pool of connections to the store; none is made before it is needed.
pub(crate) fn pool(config: &Database) -> Result<PgPool> {
    pool_at("database.url", &config.url, config)
}

/// A pool of connections to the store's read replica; none where there is no replica.
pub(crate) fn read_pool(config: &Database) -> Result<Option<PgPool>> {
    (!config.read_url.is_empty()).then(|| pool_at("database.read_url", &config.read_url, config)).transpose()
}

fn pool_at(knob: &'static str, url: &Secret, config: &Database) -> Result<PgPool> {
    let options = options(knob, url)?.options([
        ("statement_timeout", format!("{}ms", config.statement_timeout_ms)),
        ("idle_in_transaction_session_timeout", format!("{}ms", config.statement_timeout_ms)),
    ]);
    Ok(PgPoolOptions::new()
        .max_connections(config.max_connections)
        .acquire_timeout(Duration::from_secs(3))
        .test_before_acquire(false)
        // The library asks the same of every connection that comes back, but without a bound: one whose peer has fallen
        // silent would keep its place in the pool for ever.
        .after_release(|connection, _| {
            Box::pin(async move {
                let answered = timeout(Duration::from_secs(2), connection.ping()).await;
                answered.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
            })
        })
        .connect_lazy_with(options))
}

fn options(knob: &'static str, url: &Secret) -> Result<PgConnectOptions, Wrong> {
    let wrong = |why: String| {
        let form = "write it as postgres://ROLE:PASSWORD@HOST:PORT/DATABASE, with %-escapes in the password";
        Wrong::new(format!("{knob} is not the address of a PostgreSQL: {why}"), form)
    };
    let text = url.expose();
    // The library takes any scheme, and would look for a host of that name.
    if !["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
        return Err(wrong("it does not begin with postgres://".to_owned()));
    }
    // A password with a bare slash ends the name of the host early, and would be told as what follows it.
    if text.rsplit_once('@').is_some_and(|(before, _)| before.matches('/').count() > 2) {
        return Err(wrong("its password holds a `/` that is not escaped".to_owned()));
    }
    text.parse::<PgConnectOptions>().map_err(|error| wrong(error.to_string()))
}

/// Connects once, and looks whether that server will do.
pub(crate) async fn connect(knob: &'static str, url: &Secret) -> Result<PgConnection, Wrong> {
    let options = options(knob, url)?;
    let place = format!("{}:{}", options.get_host(), options.get_port());
    let role = options.get_username().to_owned();
    let database = options.get_database().unwrap_or(&role).to_owned();
    let away = |why: String| {
        let remedy = format!("look whether PostgreSQL runs there, and whether {knob} names the right host and port");
        Wrong::new(format!("{knob}: nobody answers at {place}: {why}"), remedy)
    };
    let mut connection = match timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&options)).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(sqlx::Error::Database(refusal))) => {
            let remedy = match refusal.code().as_deref() {
                Some("28P01" | "28000") => format!(
                    "put the password of the role {role} into {knob} (or its _FILE); ALTER ROLE {role} PASSWORD ... sets one, \
                     deploy/postgres/roles.sql makes the roles"
                ),
                Some("3D000") => format!("CREATE DATABASE {database}, then run deploy/postgres/roles.sql in it"),
                Some("42501") => format!("run deploy/postgres/roles.sql in {database}: it lets the roles of Baton in"),
                Some("53300") => "raise max_connections of PostgreSQL, or lower database.max_connections".to_owned(),
                _ => "look at the log of PostgreSQL".to_owned(),
            };
            return Err(Wrong::new(format!("{knob}: {place} refuses: {}", refusal.message()), remedy));
        }
        Ok(Err(error)) if is_of_tls(&error, &options) => {
            let remedy =
                format!("look at sslmode, sslrootcert, sslcert and sslkey in {knob}, and at the server's certificate");
            return Err(Wrong::new(format!("{knob}: no TLS with {place}: {}", chain(&error)), remedy));
        }
        Ok(Err(error)) => return Err(away(chain(&error))),
        Err(_late) => return Err(away("no answer in 3 seconds".to_owned())),
    };
    let version = sqlx::query_scalar("SELECT current_setting('server_version_num')::integer / 10000");
    let version: i32 = match timeout(CONNECT_TIMEOUT, version.fetch_one(&mut connection)).await {
        Ok(version) => version.map_err(|error| away(chain(&error)))?,
        Err(_late) => return Err(away("no answer in 3 seconds".to_owned())),
    };
    if version < LEAST_VERSION {
        let remedy = format!("take PostgreSQL {LEAST_VERSION} or newer");
        return Err(Wrong::new(format!("{knob}: {place} is PostgreSQL {version}, which is too old"), remedy));
    }
    Ok(connection)
}

/// Whether there is a server, and no TLS with it: the library says some of that by errors of input and output, as it does of files of
/// certificates that cannot be read.
fn is_of_tls(error: &sqlx::Error, options: &PgConnectOptions) -> bool {
    use std::io::ErrorKind::{InvalidData, NotFound, PermissionDenied};
    let is_socket = options.get_socket().is_some() || options.get_host().starts_with('/');
    match error {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(error) => !is_socket && matches!(error.kind(), InvalidData | NotFound | PermissionDenied),
        _ => false,
    }
}

/// Whether the role that serves is the schema's own, and can see it.
pub(crate) async fn must_be_own(store: &mut PgConnection, identity: &Identity) -> Result<Result<(), Wrong>> {
    let schema = identity.schema;
    let row = sqlx::query!(
        r#"SELECT current_user::text AS "role!", coalesce(current_schema(), '') AS "schema!",
                  EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS "is_there!""#,
        schema
    );
    let row = row.fetch_one(store).await?;
    let roles = "run deploy/postgres/roles.sql in this database as a superuser: it makes schemas and roles, and changes nothing \
                 that is there";
    Ok(if !row.is_there {
        Err(Wrong::new(format!("there is no schema {schema} in this database"), roles))
    } else if row.role != schema {
        let remedy = format!(
            "name the role {schema} in database.url: only that one has the rights that serving needs, and no more"
        );
        Err(Wrong::new(format!("database.url names the role {}, not {schema}", row.role), remedy))
    } else if row.schema != schema {
        Err(Wrong::new(format!("the role {schema} does not find its schema (search_path)"), roles))
    } else {
        Ok(())
    })
}
