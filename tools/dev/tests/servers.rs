//! The servers start, survive what they should, and leave nothing behind.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use async_nats::jetstream;
use dev::databases::{SCHEMAS, clone_database, database_url, drop_database, owner_role, prepare_database, role_url};
use dev::scratch::Scratch;
use dev::servers::{Access, Nats, Options, Postgres, READER};
use dev::tether::Tether;
use futures::StreamExt as _;
use sqlx::{Connection as _, PgConnection};

fn tether() -> Tether {
    Tether::new(env!("CARGO_BIN_EXE_dev").into())
}

fn options(scratch: &Scratch, name: &str) -> Options {
    Options { folder: scratch.path().join(name), durable: false }
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("the server lets us in")
}

async fn run(connection: &mut PgConnection, sql: &'static str) -> Result<(), String> {
    sqlx::raw_sql(sql).execute(connection).await.map(drop).map_err(|error| error.to_string())
}

#[tokio::test]
async fn postgres_keeps_its_data_and_port_through_a_restart_and_a_kill() {
    let scratch = Scratch::new().unwrap();
    let mut server = Postgres::start(&tether(), &options(&scratch, "postgres")).unwrap();
    let url = server.superuser_url();
    run(&mut connect(&url).await, "CREATE TABLE kept (number int); INSERT INTO kept VALUES (7)").await.unwrap();
    server.restart().unwrap();
    run(&mut connect(&url).await, "INSERT INTO kept VALUES (8)").await.unwrap();
    server.kill();
    server.start_again().unwrap();
    let sum: i64 =
        sqlx::query_scalar("SELECT sum(number) FROM kept").fetch_one(&mut connect(&url).await).await.unwrap();
    assert_eq!(sum, 15);
}

#[test]
fn nats_keeps_its_port_through_a_restart_and_a_kill() {
    let scratch = Scratch::new().unwrap();
    let mut server = Nats::start(&tether(), &options(&scratch, "nats"), Access::Open).unwrap();
    let url = server.url();
    server.restart().unwrap();
    server.kill();
    server.start_again().unwrap();
    assert_eq!(server.url(), url);
}

#[tokio::test]
async fn each_user_of_nats_writes_its_own_subjects_and_stream_only() {
    let scratch = Scratch::new().unwrap();
    let server = Nats::start(&tether(), &options(&scratch, "nats"), Access::Users).unwrap();
    assert!(async_nats::connect(server.address()).await.is_err(), "nobody is let in without a name");

    let user = async |name: &str| {
        let password = server.password(name).expect("the user is known").to_owned();
        let login = async_nats::ConnectOptions::with_user_and_password(name.to_owned(), password);
        context(login.connect(server.address()).await.expect("the user is let in"))
    };
    let form = |name: &str, subject: &str| jetstream::stream::Config {
        name: name.to_owned(),
        subjects: vec![subject.to_owned()],
        ..Default::default()
    };
    let handoff = user("handoff").await;
    let checklist = user("checklist").await;
    handoff.create_stream(form("BATON_HANDOFF", "baton.handoff.v1.>")).await.unwrap();
    checklist.create_stream(form("BATON_CHECKLIST", "baton.checklist.v1.>")).await.unwrap();
    handoff.publish("baton.handoff.v1.created.a.b", "1".into()).await.unwrap().await.unwrap();

    assert!(checklist.publish("baton.handoff.v1.created.a.b", "2".into()).await.unwrap().await.is_err());
    assert!(checklist.delete_stream("BATON_HANDOFF").await.is_err());
    assert!(checklist.get_stream("BATON_HANDOFF").await.is_err());

    let reader = user(READER).await;
    assert!(reader.publish("baton.handoff.v1.created.a.b", "3".into()).await.unwrap().await.is_err());
    assert!(reader.delete_stream("BATON_HANDOFF").await.is_err());
    let stream = reader.get_stream("BATON_HANDOFF").await.unwrap();
    assert_eq!(stream.cached_info().state.messages, 1);
    let consumer = stream.create_consumer(jetstream::consumer::pull::Config::default()).await.unwrap();
    let message = consumer.messages().await.unwrap().next().await.unwrap().unwrap();
    assert_eq!(&message.payload[..], b"1");
    message.double_ack().await.unwrap();

    user("sla").await.create_stream(form("BATON_SLA", "baton.sla.v1.>")).await.unwrap();
    let metrics = user("metrics").await;
    metrics.create_stream(form("BATON_METRICS", "baton.metrics.v1.>")).await.unwrap();
    for stream in ["BATON_HANDOFF", "BATON_CHECKLIST", "BATON_SLA"] {
        let consumer = jetstream::consumer::pull::Config::default();
        metrics.create_consumer_on_stream(consumer, stream).await.expect("what a service hears it reads");
        assert!(metrics.delete_stream(stream).await.is_err());
    }
    assert!(metrics.publish("baton.handoff.v1.created.a.b", "4".into()).await.unwrap().await.is_err());
}

/// What is refused is not answered at all: the wait for it is short.
fn context(client: async_nats::Client) -> jetstream::Context {
    let mut context = jetstream::new(client);
    context.set_timeout(Duration::from_millis(500));
    context
}

#[tokio::test]
async fn each_role_reaches_its_own_schema_only() {
    let scratch = Scratch::new().unwrap();
    let server = Postgres::start(&tether(), &options(&scratch, "postgres")).unwrap();
    let superuser = server.superuser_url();
    prepare_database(&superuser, "template").await.unwrap();
    prepare_database(&superuser, "template").await.unwrap();
    clone_database(&superuser, "template", "clone").await.unwrap();

    for schema in SCHEMAS {
        let mut owner = connect(&role_url(&superuser, &owner_role(schema), "clone").unwrap()).await;
        run(&mut owner, "CREATE TABLE thing (); CREATE TABLE log (); GRANT SELECT ON thing TO PUBLIC").await.unwrap();
    }
    for (schema, other) in [("handoff", "checklist"), ("checklist", "handoff")] {
        let mut role = connect(&role_url(&superuser, schema, "clone").unwrap()).await;
        run(&mut role, "SELECT FROM thing").await.unwrap();
        assert!(run(&mut role, "SELECT FROM log").await.unwrap_err().contains("permission denied for table log"));
        assert!(run(&mut role, "CREATE TABLE mine ()").await.unwrap_err().contains("permission denied for schema"));
        for role in [schema.to_owned(), owner_role(schema)] {
            let mut role = connect(&role_url(&superuser, &role, "clone").unwrap()).await;
            let foreign = sqlx::AssertSqlSafe(format!("SELECT FROM {other}.thing"));
            let refused = sqlx::raw_sql(foreign).execute(&mut role).await.unwrap_err().to_string();
            assert!(refused.contains("permission denied for schema"), "{refused}");
        }
    }
    let mut admin = connect(&database_url(&superuser, "clone").unwrap()).await;
    run(&mut admin, "CREATE ROLE stranger LOGIN").await.unwrap();
    assert!(PgConnection::connect(&role_url(&superuser, "stranger", "clone").unwrap()).await.is_err());
    drop_database(&superuser, "clone").await.unwrap();
    drop_database(&superuser, "clone").await.unwrap();
}

#[test]
fn a_child_ends_when_its_parent_is_killed() {
    ends_with_its_parent("");
}

#[test]
fn a_child_ends_when_its_parent_is_killed_where_the_kernel_has_no_signal_for_that() {
    ends_with_its_parent("--watched");
}

fn ends_with_its_parent(how: &str) {
    // The shell stands for a launcher: it starts a tethered child that says so and stays, and is then killed.
    let launcher = tether().launcher().display().to_string();
    let script = format!("'{launcher}' tether {how} --parent $$ -- sh -c 'echo runs; exec sleep 600' & wait");
    let mut parent = Command::new("sh").args(["-c", &script]).stdout(Stdio::piped()).spawn().expect("there is a shell");
    let mut output = BufReader::new(parent.stdout.take().expect("it is piped"));
    let mut said = String::new();
    output.read_line(&mut said).expect("the child runs");
    assert_eq!(said, "runs\n");
    parent.kill().and_then(|()| parent.wait()).expect("the parent is killed");
    // The output ends with the last process that holds it: the child.
    let (ended, ending) = mpsc::channel();
    std::thread::spawn(move || ended.send(output.read_to_end(&mut vec![])));
    ending.recv_timeout(Duration::from_secs(10)).expect("the child has ended").expect("the output ends");
}
