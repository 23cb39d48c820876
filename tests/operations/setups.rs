//! Set-ups that are wrong: each stops the start with one message that says what to do, and `doctor` tells of it.

use std::{
    io::Write as _,
    net::TcpListener,
    path::{Path, PathBuf},
};

use async_nats::jetstream;
use checklist_template::ChecklistTemplate;
use handoff::HandoffService;
use sqlx::{AssertSqlSafe, Connection as _};
use tempfile::TempDir;
use testkit::{Claims, Database, Options, People, Postgres, Program, Scratch, Served, Setting, Tether};
use url::Url;

use crate::story::Story;

/// The knobs of a handoff service that hears nobody.
fn alone() -> Vec<(&'static str, String)> {
    vec![("SERVICE__SLA_URL", String::new())]
}

/// A start that does not succeed: what it says, in one line, which names the remedy.
async fn refused(setting: &Setting, knobs: &[(&str, String)]) -> String {
    let knobs: Vec<(&str, String)> = alone().into_iter().chain(knobs.iter().cloned()).collect();
    let started = tokio::time::Instant::now();
    let (is_well, said) = Program::once::<HandoffService>(setting, &knobs, &["serve"]).await;
    println!("{:>4} ms  {}", started.elapsed().as_millis(), said.trim_end());
    assert!(!is_well, "it starts: {said}");
    assert!(!said.contains("panicked") && !said.contains("stack backtrace"), "{said}");
    said
}

/// The same, in one line that says what to do.
async fn refused_in_a_line(setting: &Setting, knobs: &[(&str, String)], is: &str, remedy: &str) {
    let said = refused(setting, knobs).await;
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    let (what, to_do) = said.split_once("What to do: ").unwrap_or_else(|| panic!("no remedy: {said}"));
    assert!(what.contains(is) && to_do.contains(remedy), "{said}");
}

fn with(setting: &Setting, change: impl FnOnce(&mut Url)) -> String {
    let mut url: Url = setting.database.url().parse().expect("a URL");
    change(&mut url);
    url.to_string()
}

fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    std::fs::write(&path, text).expect("it is written");
    (folder, path)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

async fn as_owner(database: &Database, statements: &str) {
    let mut owner = database.connect_as_owner().await;
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut owner).await.expect("the statements run");
    owner.close().await.expect("the connection closes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_wrong_is_told_with_what_to_do() {
    let setting = Setting::new::<HandoffService>().await;
    let url = |url: String| [("DATABASE__URL", url)];
    let nobody = with(&setting, |url| url.set_port(Some(1)).expect("a port"));
    refused_in_a_line(&setting, &url(nobody), "nobody answers at 127.0.0.1:1", "right host and port").await;
    let other = with(&setting, |url| url.set_path("/no_such_database"));
    refused_in_a_line(&setting, &url(other), "no_such_database", "CREATE DATABASE no_such_database").await;
    refused_in_a_line(&setting, &url(setting.database.owner_url()), "handoff_owner", "the role handoff").await;
    refused_in_a_line(&setting, &url("handoff@a".into()), "not the address of a PostgreSQL", "postgres://ROLE").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_wrong_is_told_with_what_to_do_and_not_shown() {
    let (tether, scratch) = (Tether::from_env().expect("run: cargo dev test"), Scratch::new().expect("a folder"));
    let folder = scratch.path().join("postgres");
    let server =
        Postgres::start(&tether, &Options { folder: folder.clone(), durable: false }).expect("PostgreSQL starts");
    let setting = Setting::new::<HandoffService>().await;
    let setting = Setting { database: Database::on::<HandoffService>(&server.superuser_url()).await, ..setting };
    // The test's servers ask nobody for a password; this one asks the role.
    let rules = folder.join("data/pg_hba.conf");
    let before = std::fs::read_to_string(&rules).expect("the rules can be read");
    std::fs::write(&rules, format!("host all handoff all scram-sha-256\n{before}")).expect("the rules are written");
    let mut superuser = sqlx::PgConnection::connect(&server.superuser_url()).await.expect("the server answers");
    sqlx::raw_sql("SELECT pg_reload_conf()").execute(&mut superuser).await.expect("the rules are read");
    let wrong = with(&setting, |url| url.set_password(Some("hunter2")).expect("a password"));
    let said = testkit::eventually("the server asks", async || {
        let knobs = [alone(), vec![("DATABASE__URL", wrong.clone())]].concat();
        let (is_well, said) = Program::once::<HandoffService>(&setting, &knobs, &["doctor"]).await;
        (!is_well && said.contains("password authentication failed")).then_some(said)
    })
    .await;
    assert!(!said.contains("hunter2"), "{said}");
    refused_in_a_line(&setting, &[("DATABASE__URL", wrong)], "password authentication failed", "the role handoff")
        .await;
    drop(Program::start::<HandoffService>(&setting, &alone()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_does_not_fit_is_told_with_what_to_do() {
    let setting = Setting::new::<HandoffService>().await;
    as_owner(&setting.database, "DELETE FROM handoff.service_migration WHERE version = 7").await;
    refused_in_a_line(&setting, &[], "lacks migration 7 (sla)", "run `handoff migrate`").await;

    let setting = Setting::new::<HandoffService>().await;
    let later = |version: i64, description: &str| {
        format!(
            "INSERT INTO handoff.service_migration (version, description, success, checksum, execution_time)
             VALUES ({version}, '{description}', true, '', 0)"
        )
    };
    // What a later release has added disturbs nobody, nor what it has taken away and this one does not use.
    as_owner(&setting.database, &later(900, "colours")).await;
    as_owner(&setting.database, &later(901, "contract 3 shapes")).await;
    let program = Program::start::<HandoffService>(&setting, &alone()).await;
    drop(program);
    as_owner(&setting.database, &later(902, "contract 900 sizes")).await;
    refused_in_a_line(&setting, &[], "is newer than this version: migration 902", "run a newer handoff").await;
    let owner = [("DATABASE__OWNER_URL", setting.database.owner_url())];
    let (is_well, said) = Program::once::<HandoffService>(&setting, &owner, &["migrate"]).await;
    assert!(
        !is_well && said.contains("is newer than this version"),
        "an older release cannot migrate it either: {said}"
    );

    let setting = Setting::new::<HandoffService>().await;
    as_owner(&setting.database, "DROP TABLE handoff.chassis_migration").await;
    refused_in_a_line(&setting, &[], "the schema handoff is empty", "run `handoff migrate`").await;
    as_owner(&setting.database, "DROP SCHEMA handoff CASCADE").await;
    refused_in_a_line(&setting, &[], "there is no schema handoff", "deploy/postgres/roles.sql").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_ports_and_brokers_that_are_wrong_are_told_with_what_to_do() {
    let setting = Setting::new::<HandoffService>().await;
    let jwks = |path: &Path| [("AUTH__JWKS_FILE", shown(path))];
    refused_in_a_line(&setting, &jwks(Path::new("/nowhere/jwks.json")), "/nowhere/jwks.json", "JWK set").await;
    let (_kept, garbage) = file("{");
    refused_in_a_line(&setting, &jwks(&garbage), "is not a JWK set", "JWK set").await;

    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("it has one").to_string();
    refused_in_a_line(&setting, &[("GRPC__LISTEN", address.clone())], &address, "take another port in grpc.listen")
        .await;
    refused_in_a_line(&setting, &[("HTTP__LISTEN", address.clone())], &address, "take another port in http.listen")
        .await;

    let authority = [("NATS__TLS_CA_FILE", "/nowhere/ca.pem".to_owned())];
    refused_in_a_line(&setting, &authority, "/nowhere/ca.pem", "PEM files").await;

    // As a server that knows no atomic batches greets, and silently ignores what it does not know.
    let old = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = old.local_addr().expect("it has one");
    std::thread::spawn(move || {
        while let Ok((mut client, _)) = old.accept() {
            let _ = client.write_all(b"INFO {\"version\":\"2.9.10\",\"jetstream\":true}\r\n");
        }
    });
    let nats = [("NATS__URL", format!("nats://{address}"))];
    refused_in_a_line(&setting, &nats, "nats-server 2.9.10, which is too old", "nats-server 2.12 or newer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_wrong_is_told_whole() {
    let setting = Setting::new::<HandoffService>().await;
    let said = refused(&setting, &[("NATS__REPLICASS", "3".into())]).await;
    assert!(said.contains("replicass") && said.contains("replicas"), "it tells those that there are: {said}");
    let wrong = [
        ("NATS__REPLICAS", "9".into()),
        ("SERVICE__MAX_WATCHES", "0".into()),
        ("SERVICE__CHECKLIST_TIMEOUT_MS", "1".into()),
    ];
    let said = refused(&setting, &wrong).await;
    assert!(said.contains("nats.replicas must be 1 to 5"), "{said}");
    let said = refused(&setting, &wrong[1..]).await;
    assert!(
        said.contains("service.max_watches") && said.contains("service.checklist_timeout_ms"),
        "both at once: {said}"
    );
    let (_kept, broken) = file("[nats\nurl = 1");
    let (is_well, said) =
        Program::once::<HandoffService>(&setting, &alone(), &["serve", "--config", &shown(&broken)]).await;
    assert!(!is_well && said.contains("TOML") && said.contains("the configuration cannot be used"), "{said}");
    let (is_well, said) =
        Program::once::<HandoffService>(&setting, &alone(), &["serve", "--config", "/nowhere.toml"]).await;
    assert!(!is_well && said.contains("/nowhere.toml"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_without_a_secret_and_what_would_go_readable_is_refused() {
    let setting = Setting::new::<HandoffService>().await;
    let (_kept, broken) = file("[database]\nurl = \"postgres://handoff:hunter2@db\n");
    let (is_well, said) =
        Program::once::<HandoffService>(&setting, &alone(), &["serve", "--config", &shown(&broken)]).await;
    assert!(!is_well && said.contains("line 2") && !said.contains("hunter2"), "{said}");
    let (_kept, number) = file("[nats]\npassword = 31337\n");
    let (is_well, said) =
        Program::once::<HandoffService>(&setting, &alone(), &["serve", "--config", &shown(&number)]).await;
    assert!(!is_well && said.contains("must be a text") && !said.contains("31337"), "{said}");
    for (knob, value, says) in [
        ("NATS__URL", "nats://handoff:hunter2@127.0.0.1:4222", "nats.user and nats.password"),
        ("DATABASE__URL", "postgres://handoff:hunter2/3@127.0.0.1/baton", "not escaped"),
        ("AUTH__DISCOVERY_URL", "http://idp.example/.well-known/openid-configuration", "write https"),
        ("SERVICE__CHECKLIST_URL", "http://templates.example:7000", "write https"),
    ] {
        let said = refused(&setting, &[(knob, value.to_owned())]).await;
        assert!(said.contains(says) && !said.contains("hunter2"), "{said}");
    }
}

/// All that a handoff service stands on.
struct Deployment {
    story: Story,
    templates: Served,
}

/// What `doctor` says of a deployment.
async fn doctor(of: &Deployment, knobs: &[(&str, String)]) -> (bool, String) {
    let templates = ("SERVICE__CHECKLIST_URL", of.templates.url());
    let knobs: Vec<(&str, String)> =
        of.story.knobs().into_iter().chain([templates]).chain(knobs.iter().cloned()).collect();
    let (is_well, said) = Program::once::<HandoffService>(&of.story.handoff_setting, &knobs, &["doctor"]).await;
    println!("{said}");
    (is_well, said)
}

/// It tells of what is wrong, with what to do.
async fn finds(of: &Deployment, knobs: &[(&str, String)], what: &str, is: &str, remedy: &str) {
    let (is_well, said) = doctor(of, knobs).await;
    assert!(!is_well, "nothing is found: {said}");
    let mut lines = said.lines();
    let found = lines.find(|line| line.starts_with("WRONG") && line.contains(what)).unwrap_or_else(|| panic!("{said}"));
    assert!(found.contains(is), "{found}");
    let to_do = lines.next().unwrap_or_default();
    assert!(to_do.contains("what to do: ") && to_do.contains(remedy), "{to_do}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_nothing_where_all_is_well_and_each_thing_that_is_not() {
    let of = Deployment {
        story: Story::begin().await,
        templates: Served::start::<ChecklistTemplate>(checklist_template::Config {}).await,
    };
    let story = &of.story;
    let (is_well, said) = doctor(&of, &[]).await;
    assert!(is_well && !said.contains("WRONG"), "{said}");
    let away = [("SERVICE__CHECKLIST_URL", "http://127.0.0.1:1".to_owned())];
    finds(&of, &away, "the template service", "does not answer", "at the address in [service]").await;
    for looked_at in
        ["keys of the issuer", "the store", "its rights", "its clock", "its schema", "the broker", "its stream"]
    {
        assert!(said.contains(looked_at), "{looked_at}: {said}");
    }

    let url = with(&story.handoff_setting, |url| url.set_port(Some(1)).expect("a port"));
    finds(&of, &[("DATABASE__URL", url)], "the store", "nobody answers", "right host and port").await;
    let nats = [("NATS__URL", "nats://127.0.0.1:1".to_owned())];
    finds(&of, &nats, "the broker", "does not let nobody in", "look whether nats-server runs there").await;
    let keys = [("AUTH__JWKS_FILE", "/nowhere".to_owned())];
    finds(&of, &keys, "keys of the issuer", "/nowhere", "JWK set").await;

    let issuer = story.handoff_setting.issuer();
    for (token, is) in [
        ("no token".to_owned(), "holds no JWT"),
        (issuer.token(&People::Reader.claims().expired()), "it has expired"),
        (issuer.token(&Claims::service("handoff")), "lacks the role READER"),
    ] {
        let (_kept, path) = file(&token);
        finds(&of, &[("SERVICE__TOKEN_FILE", shown(&path))], "token for baton.sla.v1", is, "service.token_file").await;
    }
    let away = [("SERVICE__SLA_URL", "http://127.0.0.1:1".to_owned())];
    finds(&of, &away, "the SLA monitor", "does not answer", "at the address in [service]").await;

    let grant = "GRANT UPDATE ON handoff.event_log TO handoff";
    as_owner(&story.handoff_setting.database, grant).await;
    finds(&of, &[], "its rights", "may change what was said", "roles.sql").await;
    as_owner(&story.handoff_setting.database, "REVOKE UPDATE ON handoff.event_log FROM handoff").await;

    let copies = [("NATS__MAX_AGE_HOURS", "7".to_owned())];
    finds(&of, &copies, "its stream", "max_age is", "start handoff").await;
    let client = async_nats::connect(&story.handoff_setting.nats_url).await.expect("NATS answers");
    let stream = format!("{}_HANDOFF", story.handoff_setting.prefix.to_uppercase());
    let jetstream = jetstream::new(client);
    let form = jetstream.get_stream(&stream).await.expect("the stream is there").cached_info().config.clone();
    story.stop_handoff().await;
    let plain = jetstream::stream::Config { allow_atomic_publish: false, ..form };
    jetstream.update_stream(plain).await.expect("the flag is taken away");
    finds(&of, &[], "its stream", "allow_atomic is off", "it changes what can be changed").await;
    story.start_handoff().await;
    testkit::eventually("the service mends its stream", async || {
        let stream = jetstream.get_stream(&stream).await.ok()?;
        stream.cached_info().config.allow_atomic_publish.then_some(())
    })
    .await;

    as_owner(&story.handoff_setting.database, "DELETE FROM handoff.service_migration WHERE version = 7").await;
    finds(&of, &[], "its schema", "lacks migration 7", "run `handoff migrate`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_what_the_probes_say_without_a_shell() {
    let story = Story::begin().await;
    let (is_well, said) = story.handoff().await.run(&["health"]).await;
    assert_eq!((is_well, said.trim()), (true, "ready"));
    let (is_well, said) = story.handoff().await.run(&["health", "--live"]).await;
    assert_eq!((is_well, said.trim()), (true, "alive"));
    story.stop_handoff().await;
    let (is_well, said) = story.handoff().await.run(&["health"]).await;
    assert!(!is_well && said.contains("nobody answers at") && said.contains("What to do"), "{said}");
}
