//! A store that was restored from a backup: it is noticed, told of, and begun anew; whoever hears it hears all of it again.

use std::collections::BTreeMap;

use handoff::HandoffService;
use sqlx::{AssertSqlSafe, Connection as _};
use testkit::{Database, Program, eventually, read_stream};

use crate::story::Story;

async fn numbers<T>(database: &Database, statement: &'static str) -> T
where
    T: Send + Unpin + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
{
    let mut store = database.connect_as_owner().await;
    let row = sqlx::query_as(statement).fetch_one(&mut store).await.expect("a row");
    store.close().await.expect("the connection closes");
    row
}

async fn change(database: &Database, statements: String) {
    let mut owner = database.connect_as_owner().await;
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut owner).await.expect("the statements run");
    owner.close().await.expect("the connection closes");
}

/// The order of another cluster, which was further than this one: what a logical backup brings into a new cluster.
const FROM_ANOTHER_CLUSTER: &str = "
    UPDATE handoff.event_log SET xid = (pg_current_xact_id()::text::bigint + 1000000000)::text::xid8;
    UPDATE handoff.sequencer SET snapshot = '3000000000:3000000000:'";

/// How many connections the handoff service has.
const SESSIONS: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE usename = 'handoff' AND datname = current_database()";

/// How many facts the handoff service's log has.
async fn facts(story: &Story) -> i64 {
    let (facts,): (i64,) = numbers(&story.handoff_setting.database, "SELECT count(*) FROM handoff.event_log").await;
    facts
}

async fn heard(story: &Story, facts: i64) {
    eventually("the monitor hears", async || (story.heard_by_monitor().await? >= facts).then_some(())).await;
}

/// Some handoffs, a backup, and others that are lost when the backup takes the store's place, in another cluster.
async fn restored(story: &mut Story) -> i64 {
    story.map().await;
    for n in 0..3 {
        story.submit(&format!("kept {n}")).await;
    }
    let in_backup = facts(story).await;
    heard(story, in_backup).await;
    story.stop_handoff().await;
    let backup = story.handoff_setting.database.copy().await;
    story.start_handoff().await;
    for n in 0..2 {
        story.submit(&format!("lost {n}")).await;
    }
    heard(story, facts(story).await).await;
    story.stop_handoff().await;
    change(&backup, FROM_ANOTHER_CLUSTER.into()).await;
    story.handoff_setting.database = backup;
    in_backup
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_store_begins_a_new_generation_and_everything_is_heard_again_and_said_once() {
    let mut story = Story::begin().await;
    let in_backup = restored(&mut story).await;
    let backup = story.handoff_setting.database.clone();
    let knobs = [story.knobs(), vec![("DATABASE__OWNER_URL", backup.owner_url())]].concat();
    let run =
        async |arguments: &[&str]| Program::once::<HandoffService>(&story.handoff_setting, &knobs, arguments).await;
    let (is_well, said) = run(&["doctor"]).await;
    assert!(!is_well && said.contains("STREAM_AHEAD") && said.contains("handoff events rebase"), "{said}");

    let serving = Program::start::<HandoffService>(&story.handoff_setting, &knobs).await;
    let (is_well, said) = run(&["events", "rebase"]).await;
    assert!(!is_well && said.contains("the service runs") && said.contains("stop every replica"), "{said}");
    drop(serving);
    eventually("its sessions are gone", async || {
        let (sessions,): (i64,) = numbers(&backup, SESSIONS).await;
        (sessions == 0).then_some(())
    })
    .await;
    let (is_well, said) = run(&["events", "rebase"]).await;
    println!("{said}");
    assert!(is_well && said.contains(&format!("generation 2 begins: {in_backup} facts have their place")), "{said}");

    story.serve_again(&knobs).await;
    let handoff_id = story.submit("new").await;
    assert_eq!(facts(&story).await, in_backup + 2);
    must_be_begun_anew(&story, in_backup + 2).await;
    let (is_well, said) = run(&["verify"]).await;
    assert!(is_well, "every chain holds: {said}");
    must_be_heard_again(&story, in_backup + 2, &handoff_id).await;

    // What is lost was heard: a rebuild forgets it.
    let (is_well, said) = story.monitor().run(&["rebuild"]).await;
    println!("{said}");
    assert!(is_well && said.contains("2 handoffs have lost facts that were heard"), "{said}");
    let (handoffs,): (i64,) =
        numbers(&story.monitor_setting.database, "SELECT count(*) FROM sla.handoff WHERE generation = sla.current()")
            .await;
    assert_eq!(handoffs, 4, "those of the backup, and the new one");
}

/// The stream is all of the restored log, at its positions, and of the second generation.
async fn must_be_begun_anew(story: &Story, facts: i64) {
    let stream = format!("{}_HANDOFF", story.handoff_setting.prefix.to_uppercase());
    let told = eventually("the stream is made anew", async || {
        let told = read_stream(&story.handoff_setting.nats_url, &stream).await?;
        let is_new = told.iter().all(|fact| fact.header("ce-source").ends_with("/handoff/2"));
        (i64::try_from(told.len()).ok()? == facts && is_new).then_some(told)
    })
    .await;
    assert!(told.iter().zip(1..).all(|(fact, position)| fact.sequence == position));
}

async fn must_be_heard_again(story: &Story, facts: i64, handoff_id: &str) {
    const GENERATION: &str = "SELECT generation, position FROM sla.consumer WHERE package = 'baton.handoff.v1'";
    eventually("the monitor has heard all of it again", async || {
        let at: (i64, i64) = numbers(&story.monitor_setting.database, GENERATION).await;
        (at == (2, facts)).then_some(())
    })
    .await;
    let (put_aside,): (i64,) = numbers(&story.monitor_setting.database, "SELECT count(*) FROM sla.dead_letter").await;
    assert_eq!(put_aside, 0);
    let mut store = story.monitor_setting.database.connect_as_owner().await;
    let known = sqlx::query_scalar("SELECT EXISTS (SELECT FROM sla.handoff WHERE id = $1::uuid)").bind(handoff_id);
    let known: bool = known.fetch_one(&mut store).await.expect("an answer");
    assert!(known, "what is new is heard, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_published_from_a_store_of_another_cluster_before_it_is_rebased() {
    let story = Story::begin().await;
    story.map().await;
    let before = testkit::eventually("the map is in the stream", async || {
        let stream = format!("{}_HANDOFF", story.handoff_setting.prefix.to_uppercase());
        read_stream(&story.handoff_setting.nats_url, &stream).await.filter(|facts| facts.len() >= 3)
    })
    .await;
    story.stop_handoff().await;
    change(&story.handoff_setting.database, FROM_ANOTHER_CLUSTER.into()).await;
    story.start_handoff().await;
    story.submit("while nothing is published").await;
    let words = eventually("it says so", async || {
        let words = story.handoff().await.process.last_words();
        words.contains("STORE_RESTORED").then_some(words)
    })
    .await;
    assert!(words.contains("events rebase"), "{words}");
    let stream = format!("{}_HANDOFF", story.handoff_setting.prefix.to_uppercase());
    assert_eq!(read_stream(&story.handoff_setting.nats_url, &stream).await, Some(before));
}

/// A rebase is an act of its own: nothing else raises a generation, and each is above the last.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebase_can_be_repeated_and_each_generation_is_above_the_last() {
    let story = Story::begin().await;
    story.map().await;
    story.stop_handoff().await;
    let knobs = [story.knobs(), vec![("DATABASE__OWNER_URL", story.handoff_setting.database.owner_url())]].concat();
    let mut said = BTreeMap::new();
    for generation in [2, 3, 9] {
        let number = "9".to_owned();
        let arguments: &[&str] =
            if generation == 9 { &["events", "rebase", "--generation", &number] } else { &["events", "rebase"] };
        let (is_well, words) = Program::once::<HandoffService>(&story.handoff_setting, &knobs, arguments).await;
        assert!(is_well, "{words}");
        said.insert(generation, words);
    }
    assert!(
        said.iter().all(|(generation, words)| words.contains(&format!("generation {generation} begins"))),
        "{said:?}"
    );
}
