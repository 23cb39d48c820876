//! What each service's own role and user may do, and that everything else is refused.

use async_nats::jetstream::{self, consumer::pull, stream};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::{Access, Nats, Options, Postgres, Scratch, Tether};

/// The services, by the names of their schemas, which are those of their roles and users too.
const SERVICES: [&str; 5] = ["handoff", "checklist", "sla", "metrics", "notifier"];

/// Whom each of them hears.
fn hears(service: &str) -> &'static [&'static str] {
    match service {
        "handoff" => &["sla"],
        "sla" => &["handoff"],
        "metrics" => &["handoff", "sla", "checklist"],
        "notifier" => &["handoff", "sla", "metrics"],
        _ => &[],
    }
}

fn options(scratch: &Scratch, name: &str) -> Options {
    Options { folder: scratch.path().join(name), durable: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_user_of_nats_writes_its_own_stream_and_reads_what_it_hears_and_everything_else_is_refused() {
    let (tether, scratch) = (Tether::from_env().expect("run: cargo dev test"), Scratch::new().expect("a folder"));
    let server = Nats::start(&tether, &options(&scratch, "nats"), Access::Users).expect("NATS starts");
    let login = async |user: &str| {
        let password = server.password(user).expect("a user").to_owned();
        let options = async_nats::ConnectOptions::with_user_and_password(user.to_owned(), password);
        let mut context = jetstream::new(options.connect(server.address()).await.expect("it is let in"));
        context.set_timeout(std::time::Duration::from_millis(300));
        context
    };
    let (name, subject) =
        (|of: &str| format!("BATON_{}", of.to_uppercase()), |of: &str| format!("baton.{of}.v1.said.a.b"));
    let form =
        |of: &str| stream::Config { name: name(of), subjects: vec![format!("baton.{of}.v1.>")], ..Default::default() };
    for of in SERVICES.into_iter().filter(|of| *of != "notifier") {
        login(of).await.create_stream(form(of)).await.expect("a service makes its stream");
    }
    for who in SERVICES {
        let context = login(who).await;
        for of in SERVICES.into_iter().filter(|of| *of != "notifier") {
            let says = match context.publish(subject(of), "1".into()).await {
                Ok(acknowledged) => acknowledged.await.is_ok(),
                Err(_) => false,
            };
            let reads = context.create_consumer_on_stream(pull::Config::default(), name(of)).await.is_ok();
            let looks = context.get_stream(name(of)).await.is_ok();
            let changes = context.update_stream(stream::Config { max_messages: 9, ..form(of) }).await.is_ok();
            let is_own = who == of;
            let expected = [is_own, hears(who).contains(&of), is_own, is_own];
            assert_eq!(
                [says, reads, looks, changes],
                expected,
                "{who} and the stream of {of}: says, reads, looks, changes"
            );
            println!("{who:<10} {of:<10} says {says:<5} reads {reads:<5} looks {looks:<5} changes {changes}");
        }
        assert!(context.create_stream(form("other")).await.is_err(), "{who} makes a stream that is nobody's");
        assert!(
            context.publish("elsewhere", "1".into()).await.unwrap().await.is_err(),
            "{who} says something elsewhere"
        );
        for of in SERVICES.into_iter().filter(|of| !["notifier", who].contains(of)) {
            assert!(context.delete_stream(name(of)).await.is_err(), "{who} takes away the stream of {of}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_of_the_store_sees_its_own_schema_and_nothing_of_the_others() {
    let (tether, scratch) = (Tether::from_env().expect("run: cargo dev test"), Scratch::new().expect("a folder"));
    let server = Postgres::start(&tether, &options(&scratch, "postgres")).expect("PostgreSQL starts");
    dev::databases::prepare_database(&server.superuser_url(), "baton").await.expect("roles and schemas");
    for of in SERVICES {
        let mut owner = PgConnection::connect(&server.url(&format!("{of}_owner"), "baton")).await.expect("an owner");
        let statements = format!(
            "CREATE TABLE {of}.secret (it text); CREATE FUNCTION {of}.tell() RETURNS int LANGUAGE sql AS 'SELECT 1'"
        );
        sqlx::raw_sql(AssertSqlSafe(statements))
            .execute(&mut owner)
            .await
            .expect("an owner makes what it wants in its schema");
    }
    for who in SERVICES.into_iter().flat_map(|of| [of.to_owned(), format!("{of}_owner")]) {
        let mut role = PgConnection::connect(&server.url(&who, "baton")).await.expect("the role is let in");
        let others = SERVICES.into_iter().filter(|of| who.strip_suffix("_owner").unwrap_or(&who) != *of);
        let of_others = others.flat_map(|of| {
            [
                format!("SELECT * FROM {of}.secret"),
                format!("INSERT INTO {of}.secret VALUES ('x')"),
                format!("DROP TABLE {of}.secret"),
                format!("CREATE TABLE {of}.mine ()"),
                format!("SELECT {of}.tell()"),
                format!("SET ROLE {of}"),
                format!("SET ROLE {of}_owner"),
                format!("ALTER ROLE {of} PASSWORD 'x'"),
            ]
        });
        let of_all = ["CREATE SCHEMA mine", "CREATE TABLE public.mine ()", "CREATE ROLE mine", "SET ROLE postgres"];
        let own = if who.ends_with("_owner") {
            vec![]
        } else {
            vec![format!("CREATE TABLE {who}.mine ()"), format!("SELECT * FROM {who}.secret")]
        };
        for forbidden in of_others.chain(of_all.map(str::to_owned)).chain(own) {
            let refused = sqlx::raw_sql(AssertSqlSafe(forbidden.clone())).execute(&mut role).await;
            let refused = refused.expect_err(&format!("{who}: {forbidden}")).to_string();
            assert!(
                refused.contains("permission denied") || refused.contains("must be"),
                "{who}: {forbidden}: {refused}"
            );
        }
    }
}
