//! `doctor`: looks at everything that a deployment of the service stands on, and says of each finding what to do.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use async_nats::Client;
use base64::Engine as _;
use kernel::{Error, Result};
use serde::Deserialize;
use sqlx::PgConnection;
use tokio::time::timeout;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::{
    Context, Peer, Service,
    auth::Verifier,
    broker,
    clock::Clock,
    config::Config,
    consumer::{self, Hears},
    context::bounded,
    migrate,
    publisher::compare,
    sequencer,
    server::{open, without_keys},
    status::{cause, chain},
    store::{self, Wrong},
    stream::{self, End, Stream},
};

/// How long anything that is asked may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Clocks may differ by so much: tokens are given a minute, deadlines and logs less.
const CLOCKS_APART: Duration = Duration::from_secs(2);
/// A certificate that ends within so many days is told of as a finding.
const CERTIFICATE_DAYS: i64 = 14;
const DAY_SECONDS: i64 = 24 * 3600;

/// What was looked at, and how it is.
#[derive(Debug)]
struct Finding {
    what: String,
    is: Result<String, Wrong>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.is {
            Ok(is) => write!(f, "ok     {:<22} {is}", self.what),
            Err(Wrong { is, remedy }) => {
                write!(f, "WRONG  {:<22} {is}\n{:<7}{:<22} what to do: {remedy}", self.what, "", "")
            }
        }
    }
}

/// What is found, told as soon as it is.
#[derive(Debug, Default)]
struct Findings {
    looked_at: usize,
    wrong: usize,
}

impl Findings {
    fn tell(&mut self, what: impl Into<String>, is: Result<String, Wrong>) {
        self.looked_at += 1;
        self.wrong += usize::from(is.is_err());
        println!("{}", Finding { what: what.into(), is });
    }
}

/// Looks at everything, and fails where anything is wrong.
pub(crate) async fn run<S: Service>(config: Config<S::Config>) -> Result<()> {
    let mut findings = Findings::default();
    let name = S::IDENTITY.name;
    certificates(&mut findings, &config);
    keys(&mut findings, &config).await;
    let is_stored = look_at_store::<S>(&mut findings, &config).await;
    let client = look_at_broker(&mut findings, &config).await;
    if is_stored {
        let context = open::<S>(&config, Clock::Database, PATIENCE).await?;
        if let Some(client) = &client {
            look_at_stream(&mut findings, &context, client, &config).await;
        }
        let prefix = config.nats.prefix.clone();
        let mount = S::mount(&context, config.service).await?;
        for hears in mount.heard() {
            look_at_producer(&mut findings, hears).await;
            if let Some(client) = &client {
                look_at_heard_stream(&mut findings, client, &prefix, hears).await;
            }
        }
        for peer in mount.called() {
            look_at_peer(&mut findings, peer).await;
        }
    }
    let Findings { looked_at, wrong } = findings;
    if wrong > 0 {
        return Err(Error::fault(format!("{wrong} of {looked_at} findings are wrong; each says above what to do")));
    }
    println!("{name}: all {looked_at} findings are well");
    Ok(())
}

fn certificates<C>(findings: &mut Findings, config: &Config<C>) {
    let valid = |seconds_left: i64, knob: &str| {
        let days = seconds_left / DAY_SECONDS;
        if days < CERTIFICATE_DAYS {
            let remedy = format!("have a new one put into {knob}; it is taken without a restart");
            return Err(Wrong::new(format!("it ends in {days} days"), remedy));
        }
        Ok(format!("valid for {days} days"))
    };
    let shown = config.grpc.shown().map(|shown| shown.map(|shown| shown.validity().seconds_left()));
    let called_with = config.peers.trusted().map(|trusted| trusted.shown().map(|it| it.seconds_left()));
    for (what, knob, read) in
        [("TLS of this service", "grpc.tls_cert_file", shown), ("TLS with the others", "peers.cert_file", called_with)]
    {
        match read {
            Ok(Some(seconds_left)) => findings.tell(what, valid(seconds_left, knob)),
            Ok(None) => {}
            Err(wrong) => findings.tell(what, Err(wrong)),
        }
    }
}

async fn keys<C>(findings: &mut Findings, config: &Config<C>) {
    let load = async { Verifier::new(&config.auth)?.load().await };
    let found = match load.await {
        Ok(0) => Err(Wrong::new("the issuer has no keys", "look at its JWK set: nobody can be let in without one")),
        Ok(number) => Ok(format!("{number} of {}", config.auth.issuer)),
        Err(error) => Err(explained(&without_keys(error))),
    };
    findings.tell("keys of the issuer", found);
}

/// Looks at the store; whether the service could work on it.
async fn look_at_store<S: Service>(findings: &mut Findings, config: &Config<S::Config>) -> bool {
    let identity = S::IDENTITY;
    let before = findings.wrong;
    match store::connect("database.url", &config.database.url).await {
        Err(wrong) => findings.tell("the store", Err(wrong)),
        Ok(mut store) => {
            for (what, found) in [
                ("the store", in_time(version(&mut store)).await),
                (
                    "its role",
                    unfailing(
                        bounded(PATIENCE, store::must_be_own(&mut store, &identity)).await,
                        "serves its own schema",
                    ),
                ),
                (
                    "its schema",
                    unfailing(
                        bounded(PATIENCE, migrate::check(&identity, &mut store)).await,
                        "this version can serve on it",
                    ),
                ),
                ("its rights", in_time(rights(&mut store, identity.event_message.is_some())).await),
                ("its clock", in_time(clock(&mut store)).await),
            ] {
                let is_wrong = found.is_err();
                findings.tell(what, found);
                if is_wrong && what == "its role" {
                    break;
                }
            }
        }
    }
    let is_well = findings.wrong == before;
    if !config.database.read_url.is_empty() {
        let found = match store::connect("database.read_url", &config.database.read_url).await {
            Ok(mut replica) => in_time(behind(&mut replica)).await,
            Err(wrong) => Err(wrong),
        };
        findings.tell("its read replica", found);
    }
    if !config.database.owner_url.is_empty() {
        let found = match store::connect("database.owner_url", &config.database.owner_url).await {
            Ok(mut owner) => {
                unfailing(bounded(PATIENCE, migrate::must_own(&mut owner, &identity)).await, "owns the schema")
            }
            Err(wrong) => Err(wrong),
        };
        findings.tell("the schema's owner", found);
    }
    is_well
}

async fn version(store: &mut PgConnection) -> Result<String, Wrong> {
    let row = sqlx::query!(
        r#"SELECT current_setting('server_version') AS "version!", current_database()::text AS "database!",
                  current_user::text AS "role!""#
    );
    let row = row.fetch_one(store).await.map_err(|error| asking(&error))?;
    Ok(format!("PostgreSQL {}, database {}, as {}", row.version, row.database, row.role))
}

/// The serving role may do what serving needs, and nothing that could change what was said.
async fn rights(store: &mut PgConnection, says: bool) -> Result<String, Wrong> {
    let row = sqlx::query!(
        r#"
        SELECT (
                   SELECT bool_and(has_table_privilege(needed, may))
                   FROM (VALUES ('event_log', 'SELECT'), ('event_log', 'INSERT'), ('event_order', 'SELECT'),
                                ('event_order', 'INSERT'), ('event_withheld', 'SELECT'), ('event_withheld', 'INSERT'),
                                ('request', 'SELECT'), ('request', 'INSERT'), ('request', 'DELETE'), ('sequencer', 'SELECT'),
                                ('token_key', 'SELECT'), ('consumer', 'SELECT'), ('consumer', 'INSERT'), ('consumer', 'UPDATE'),
                                ('dead_letter', 'SELECT'), ('dead_letter', 'INSERT'), ('dead_letter', 'DELETE'))
                        AS needs (needed, may)
               ) AND has_column_privilege('sequencer', 'position', 'UPDATE') AS "may!",
               has_any_column_privilege('event_log', 'UPDATE') OR has_any_column_privilege('event_order', 'UPDATE')
                   OR has_table_privilege('event_log', 'DELETE, TRUNCATE') OR has_table_privilege('event_order', 'DELETE, TRUNCATE')
                   OR has_schema_privilege(current_schema(), 'CREATE')
                   OR (SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user)
                   AS "may_too_much!",
               ARRAY(
                   SELECT nspname::text FROM pg_namespace
                   WHERE nspname NOT IN (current_schema(), 'public', 'information_schema') AND nspname NOT LIKE 'pg\_%'
                     AND has_schema_privilege(oid, 'USAGE')
                   ORDER BY nspname
               ) AS "others!"
        "#
    );
    let row = row.fetch_one(store).await.map_err(|error| asking(&error))?;
    let roles = "run deploy/postgres/roles.sql and `migrate` again; revoke by hand what was granted beside them";
    if !row.may {
        Err(Wrong::new("it lacks rights on the tables of its schema", roles))
    } else if row.may_too_much {
        Err(Wrong::new("it may change what was said (the event log), the schema, or the server", roles))
    } else if !row.others.is_empty() {
        Err(Wrong::new(format!("it may look into schemas that are not its own: {}", row.others.join(", ")), roles))
    } else if says {
        Ok("as needed; the event log can be added to, and not changed".to_owned())
    } else {
        Ok("as needed".to_owned())
    }
}

/// How far a read replica is behind.
async fn behind(replica: &mut PgConnection) -> Result<String, Wrong> {
    let row = sqlx::query!(
        r#"SELECT pg_is_in_recovery() AS "replays!",
                  coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)::bigint AS "seconds!""#
    );
    let row = row.fetch_one(replica).await.map_err(|error| asking(&error))?;
    match (row.replays, row.seconds) {
        (false, _) => Ok("is no replica: it takes writes itself".to_owned()),
        (true, seconds) => Ok(format!("answers; the last change that it has is {seconds} s old")),
    }
}

/// Whether the store's clock and this machine's are together: facts are dated by the one, tokens checked by the other.
async fn clock(store: &mut PgConnection) -> Result<String, Wrong> {
    let there = sqlx::query_scalar!(r#"SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS "now!""#);
    let there = there.fetch_one(store).await.map_err(|error| asking(&error))?;
    let apart = now_millis().abs_diff(there);
    let text = format!("{apart} ms apart from this machine's");
    if Duration::from_millis(apart) > CLOCKS_APART {
        return Err(Wrong::new(text, "let NTP (chrony, systemd-timesyncd) keep the clocks of both machines"));
    }
    Ok(text)
}

#[expect(clippy::disallowed_methods, reason = "this machine's clock is what is looked at")]
fn now_millis() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

async fn look_at_broker<C>(findings: &mut Findings, config: &Config<C>) -> Option<Client> {
    let user = if config.nats.user.is_empty() { "nobody" } else { &config.nats.user };
    let connecting = async {
        let addresses = broker::addresses(&config.nats)?;
        let connecting = broker::options(&config.nats)?.connect(addresses);
        let client = timeout(PATIENCE, connecting).await.map_err(|_| "no answer in 5 seconds".to_owned());
        client.and_then(|client| client.map_err(|error| chain(&error))).map_err(|why| {
            let remedy = "look whether nats-server runs there with JetStream, at nats.url, and at nats.user with its password in the \
                          server's users.conf; with TLS at nats.tls_ca_file";
            Wrong::new(format!("nats.url: {} does not let {user} in: {why}", config.nats.url), remedy)
        })
    };
    let client = match connecting.await {
        Ok(client) => client,
        Err(wrong) => {
            findings.tell("the broker", Err(wrong));
            return None;
        }
    };
    let info = client.server_info();
    let found = match stream::too_old(&info.version) {
        Some(wrong) => Err(wrong),
        None => Ok(format!("nats-server {} at {}:{}, as {user}", info.version, info.host, info.port)),
    };
    let is_well = found.is_ok();
    findings.tell("the broker", found);
    is_well.then_some(client)
}

async fn look_at_stream<C>(findings: &mut Findings, context: &Context, client: &Client, config: &Config<C>) {
    let identity = context.identity();
    let Some(stream) = Stream::of(client.clone(), identity, &config.nats) else { return };
    let (name, program) = (stream.name().to_owned(), identity.name);
    let looked = stream.look().await;
    let found = match &looked {
        Err(error) => Err(Wrong::new(
            format!("{name} cannot be looked at: {}", chain(error)),
            "look whether JetStream is on, and whether users.conf gives this user the API of its own stream",
        )),
        Ok(None) => Ok(format!("{name} is not there yet; the service makes it")),
        Ok(Some((_, differences))) if !differences.is_empty() => Err(Wrong::new(
            format!("{name} is not as it should be: {}", differences.join("; ")),
            format!(
                "start {program}: it changes what can be changed; what stays (retention, storage) needs the stream deleted, and \
                     {program} makes it anew from its log"
            ),
        )),
        Ok(Some((end, _))) => Ok(format!("{name} is as it should be, and ends at {}", end.position)),
    };
    findings.tell("its stream", found);
    if let Ok(Some((end, _))) = looked {
        findings.tell("log and stream", together(context, &stream, end).await);
    }
}

/// Whether the stream is the log's, and how much of the log it lacks. Whoever serves mends what can be mended; here nothing is changed.
async fn together(context: &Context, stream: &Stream, end: End) -> Result<String, Wrong> {
    let program = context.identity().name;
    let standing = bounded(PATIENCE, sequencer::standing(context.pool())).await.map_err(|error| explained(&error))?;
    if end.generation < standing.generation {
        return Ok(format!("the stream is of generation {}; {program} makes it anew when it serves", end.generation));
    }
    match compare(context, stream, end, standing).await {
        Ok(None) => Ok(format!("{} facts wait to be published", standing.position - end.position)),
        Ok(Some(reverse)) => {
            let remedy = format!(
                "if the store was restored from a backup: stop {program}, run `{program} events rebase`, start it"
            );
            Err(Wrong::new(reverse, remedy))
        }
        Err(error) => Err(explained(&error)),
    }
}

/// Whether another service can be heard: its log answers to this service's token.
async fn look_at_producer(findings: &mut Findings, hears: &Hears) {
    let what = hears.producer.what();
    findings.tell(format!("token for {}", hears.package), token(hears).await);
    let found = match hears.ask_log(0).await {
        Ok(_) => Ok("its event log answers".to_owned()),
        Err(error) => Err(Wrong::new(
            format!("its event log does not answer: {}", cause(&error)),
            "look whether it runs at the address in [service], at TLS in [peers], and whether this service's token has the role READER",
        )),
    };
    findings.tell(what, found);
}

async fn look_at_heard_stream(findings: &mut Findings, client: &Client, prefix: &str, hears: &Hears) {
    let found = match consumer::may_read(client, prefix, hears.package).await {
        Ok(()) => Ok("can be read".to_owned()),
        Err(error) => Err(Wrong::new(
            format!("cannot be read, so that all is asked of its event log: {}", cause(&error)),
            "look whether users.conf gives this user the API of consumers on that stream",
        )),
    };
    findings.tell(format!("stream of {}", hears.package), found);
}

/// Whether another service that is called answers.
async fn look_at_peer(findings: &mut Findings, peer: &Peer) {
    let mut health = HealthClient::new(peer.channel());
    let asked = health.check(HealthCheckRequest { service: String::new() });
    let found = match timeout(PATIENCE, asked).await {
        Ok(Ok(_)) => Ok("answers".to_owned()),
        Ok(Err(status)) => Err(status.message().to_owned()),
        Err(_late) => Err("no answer in 5 seconds".to_owned()),
    };
    let remedy = "look whether it runs at the address in [service], and at TLS in [peers]";
    findings.tell(peer.what(), found.map_err(|why| Wrong::new(format!("does not answer: {why}"), remedy)));
}

/// What of a token can be read without knowing its issuer.
#[derive(Debug, Deserialize)]
struct Claims {
    exp: i64,
    #[serde(default)]
    roles: Vec<String>,
}

async fn token(hears: &Hears) -> Result<String, Wrong> {
    let remedy = "have the issuer make a token of kind service with the role READER, and put it into service.token_file; it is read \
                  at every call";
    let wrong = |is: String| Wrong::new(is, remedy);
    let token = hears.producer.token().await.map_err(|error| wrong(cause(&error)))?;
    let claims = token.split('.').nth(1).and_then(|claims| base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(claims).ok());
    let claims = claims.and_then(|claims| serde_json::from_slice::<Claims>(&claims).ok());
    let claims = claims.ok_or_else(|| wrong("service.token_file holds no JWT".to_owned()))?;
    let minutes_left = (claims.exp - now_millis() / 1000) / 60;
    if minutes_left < 0 {
        Err(wrong(format!("it has expired {} minutes ago", -minutes_left)))
    } else if !claims.roles.iter().any(|role| role == "READER") {
        Err(wrong("it lacks the role READER".to_owned()))
    } else {
        Ok(format!("has the role READER for {minutes_left} minutes more"))
    }
}

/// What is found, unless that takes too long.
async fn in_time(looking: impl Future<Output = Result<String, Wrong>>) -> Result<String, Wrong> {
    timeout(PATIENCE, looking).await.unwrap_or_else(|_late| {
        Err(Wrong::new("no answer in 5 seconds", "look whether the server is overloaded, or hangs"))
    })
}

fn unfailing(found: Result<Result<(), Wrong>>, well: &str) -> Result<String, Wrong> {
    match found {
        Ok(found) => found.map(|()| well.to_owned()),
        Err(error) => Err(explained(&error)),
    }
}

fn asking(error: &sqlx::Error) -> Wrong {
    Wrong::new(
        format!("it cannot be asked: {}", chain(error)),
        "look at its schema above, and at the log of PostgreSQL",
    )
}

/// What an error says itself to do, where it is one that does.
fn explained(error: &Error) -> Wrong {
    if let Error::Fault(source) = error
        && let Some(wrong) = source.downcast_ref::<Wrong>()
    {
        return wrong.clone();
    }
    Wrong::new(cause(error), "look at the log of the service and of the servers")
}
