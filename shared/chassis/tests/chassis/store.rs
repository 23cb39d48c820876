//! PostgreSQL away: calls say so, nothing hangs, and all goes on by itself when it is back.

use std::{collections::BTreeSet, time::Duration};

use api::handoff::v1::GetTeamRequest;
use chassis::config::Secret;
use futures::future::join_all;
use sqlx::ConnectOptions;
use testkit::{Database, Setting, eventually};
use tokio::time::timeout;
use tonic::Code;

use crate::{
    mirror::must_mirror,
    probe::{Config, Deed, Probe, client, request},
    servers::{Broker, Store, Wire, probe},
};

/// Against hanging: far longer than any call should take.
const HANGING: Duration = Duration::from_secs(20);
const CALLERS: usize = 6;

/// Callers count, each repeating a request until it is answered, while the store is broken and mended.
async fn counts_through(store: &mut Store, break_it: impl FnOnce(&mut Store)) {
    let broker = Broker::start();
    let database = Database::on::<Probe>(&store.postgres.superuser_url()).await;
    let served = Setting::with::<Probe>(database, broker.nats.url()).serve::<Probe>(Config::default()).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let caller = |number: usize| {
        let (stop, mut client) = (stop.clone(), client(&served));
        tokio::spawn(async move {
            let (mut counted, mut codes) = (0, BTreeSet::new());
            while !stop.is_cancelled() {
                let request = request(&format!("c{}", number % 4), Deed::Count);
                loop {
                    let call = timeout(HANGING, client.create_team(request.clone())).await.expect("no call hangs");
                    match call {
                        Ok(_) => break,
                        Err(status) => codes.insert(format!("{:?} {}", status.code(), status.message())),
                    };
                }
                counted += 1;
            }
            (counted, codes)
        })
    };
    let callers: Vec<_> = (0..CALLERS).map(caller).collect();
    let ready = async || probe(served.running.http(), "/readyz").await;
    eventually("facts flow", async || (served.facts().await > 30).then_some(())).await;
    assert_eq!(ready().await, Some(200));

    break_it(store);
    // Backends of a server that was killed may answer until each has noticed it.
    eventually("the store is away", async || {
        let look = GetTeamRequest { team_id: "fresh".into() };
        let look = timeout(HANGING, client(&served).get_team(look)).await.expect("no call hangs");
        look.is_err_and(|status| status.code() == Code::Unavailable).then_some(())
    })
    .await;
    let call = timeout(HANGING, client(&served).create_team(request("fresh", Deed::Count))).await;
    assert_eq!(call.expect("no call hangs").expect_err("the store is away").code(), Code::Unavailable);
    assert_eq!(ready().await, Some(503));
    assert_eq!(probe(served.running.http(), "/livez").await, Some(200));

    store.postgres.start_again().expect("PostgreSQL starts again");
    eventually("it is ready again", async || (ready().await == Some(200)).then_some(())).await;
    let mended = served.facts().await;
    eventually("facts flow again", async || (served.facts().await > mended + 30).then_some(())).await;
    stop.cancel();

    let mut counted = 0;
    for caller in callers {
        let (answered, codes) = caller.await.expect("the caller ends");
        counted += answered;
        assert!(codes.iter().all(|code| code.starts_with("Unavailable")), "{codes:?}");
    }
    assert_eq!(must_mirror(&served).await.len(), counted, "what was answered is there, once");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_a_stop_of_postgres_nothing_is_lost_or_doubled() {
    counts_through(&mut Store::start(), |store| store.postgres.stop()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_a_kill_of_postgres_nothing_is_lost_or_doubled() {
    counts_through(&mut Store::start(), |store| store.postgres.kill()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_falls_silent_holds_no_call_for_ever_and_all_goes_on_when_it_answers() {
    let setting = Setting::new::<Probe>().await;
    let mut config = setting.config::<Probe>(Config::default());
    let options: sqlx::postgres::PgConnectOptions = config.database.url.expose().parse().unwrap();
    let wire = Wire::to(format!("{}:{}", options.get_host(), options.get_port())).await;
    let url = options.host("127.0.0.1").port(wire.address.port()).to_url_lossy().to_string();
    config.database.url = Secret::from(url);
    config.grpc.default_deadline_ms = 1_000;
    let served = setting.serve_as::<Probe>(config).await;
    let ready = async || probe(served.running.http(), "/readyz").await;
    client(&served).create_team(request("counter", Deed::Count)).await.unwrap();
    assert_eq!(ready().await, Some(200));

    wire.cut();
    // More often than there are connections: one that leaked would be missed.
    let calls = (0..12).map(|_| async {
        let mut client = client(&served);
        let (call, ready) = tokio::join!(client.create_team(request("counter", Deed::Count)), ready());
        (call.map(|_| ()).map_err(|status| status.code()), ready)
    });
    for answers in timeout(HANGING, join_all(calls)).await.expect("neither call nor probe hangs") {
        assert_eq!(answers, (Err(Code::Unavailable), Some(503)));
    }
    assert_eq!(probe(served.running.http(), "/livez").await, Some(200));
    wire.mend();
    eventually("it is ready again", async || (ready().await == Some(200)).then_some(())).await;
    client(&served).create_team(request("counter", Deed::Count)).await.unwrap();
    assert_eq!(must_mirror(&served).await.len(), 2);
}

#[tokio::test]
async fn a_service_refuses_a_schema_that_was_not_migrated_and_says_what_to_run() {
    let setting = Setting::new::<Probe>().await;
    let mut owner = setting.database.connect_as_owner().await;
    sqlx::raw_sql("DROP TABLE service_migration").execute(&mut owner).await.unwrap();
    let config = setting.config::<Probe>(Config::default());
    let refused = chassis::Running::start::<Probe>(config, chassis::Clock::Database, None).await.unwrap_err();
    let kernel::Error::Fault(source) = refused else { panic!("{refused:?}") };
    assert!(source.to_string().contains("run `probe migrate`"), "{source}");
}

#[tokio::test]
async fn migrating_again_and_at_the_same_time_changes_nothing() {
    let setting = Setting::new::<Probe>().await;
    let url = chassis::config::Secret::from(setting.database.owner_url());
    for migrated in join_all((0..4).map(|_| chassis::migrate::<Probe>(&url))).await {
        migrated.unwrap();
    }
    setting.serve::<Probe>(Config::default()).await.stop().await;
}
