//! The release before and this one, beside each other on one database, under load: no call fails.
//!
//! `cargo dev upgrade` builds the release before and says by `BATON_BEFORE_BIN_DIR` where its programs are; without it there is
//! nothing to come from, and the test says so and passes.

use std::{path::PathBuf, time::Duration};

use handoff::HandoffService;
use nix::sys::signal::Signal;
use testkit::{Database, Program, Setting, eventually, read_stream};

use crate::{
    story::programs,
    under_load::{Client, Fared},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_under_load_fails_no_call_and_can_be_taken_back() {
    let Some(before) = std::env::var_os("BATON_BEFORE_BIN_DIR").map(PathBuf::from) else {
        println!("skipped: no release before is named; run: cargo dev upgrade");
        return;
    };
    let database = Database::empty::<HandoffService>().await;
    let setting =
        Setting::with::<HandoffService>(database, std::env::var("BATON_TEST_NATS_URL").expect("cargo dev test"));
    let knobs = [
        ("SERVICE__SLA_URL", String::new()),
        ("GRPC__DRAIN_SECONDS", "20".to_owned()),
        ("DATABASE__OWNER_URL", setting.database.owner_url()),
    ];
    let migrate = async |programs: &PathBuf| {
        let (is_well, said) = Program::once_from::<HandoffService>(programs, &setting, &knobs, &["migrate"]).await;
        assert!(is_well, "{said}");
    };
    migrate(&before).await;
    let mut replicas = vec![];
    for _ in 0..2 {
        replicas.push(Program::start_from::<HandoffService>(&before, &setting, &knobs).await);
    }
    let ports: Vec<u16> = replicas.iter().map(|replica| replica.grpc_port).collect();
    let mut client = Client::start(&setting, &ports);
    client.goes_on(200);

    let now = programs();
    migrate(&now).await;
    println!("this release's migrations ran under the release before: {} calls", client.goes_on(200).done);
    // Forward, then back to the release before, as an operator who regrets it.
    for (release, programs) in [("this release", &now), ("the release before", &before), ("this release", &now)] {
        for replica in &mut replicas {
            replica.process.signal(Signal::SIGTERM);
            let status = replica.process.wait(Duration::from_secs(25)).expect("it ends within 25 s");
            assert!(status.success(), "{status}: {}", replica.process.last_words());
            replica.start_again_from(programs).await;
            client.goes_on(200);
        }
        let Fared { done, failed, .. } = client.goes_on(200);
        println!("both replicas are of {release}: {done} calls, {failed} failed");
    }
    let Fared { done, failed, failures, .. } = client.end();
    assert!(failed == 0, "{failed} of {done} calls failed: {failures:?}");

    let mut store = setting.database.connect().await;
    let facts: i64 = sqlx::query_scalar("SELECT count(*) FROM event_log").fetch_one(&mut store).await.expect("a count");
    let stream = format!("{}_HANDOFF", setting.prefix.to_uppercase());
    eventually("every fact is in the stream, at its position", async || {
        let told = read_stream(&setting.nats_url, &stream).await?;
        (i64::try_from(told.len()).ok()? == facts)
            .then(|| assert_eq!(told[told.len() - 1].sequence, facts.unsigned_abs()))
    })
    .await;
    let (is_well, said) = replicas[0].run(&["verify"]).await;
    assert!(is_well, "{said}");
}
