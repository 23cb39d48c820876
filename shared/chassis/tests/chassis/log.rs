//! The event log is append-only for the service itself, and sealed.

use std::borrow::Cow;

use chassis::{log::history, verify::verify};
use sha2::{Digest, Sha256};
use sqlx::AssertSqlSafe;
use testkit::Served;

use crate::{
    mirror::{Logged, must_mirror},
    probe::{Config, Probe, Step, aggregate, say, step},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_services_own_role_can_neither_change_nor_forget_a_fact_nor_look_into_another_schema() {
    let served = Served::start::<Probe>(Config::default()).await;
    say(served.running.context(), "counter", &[step("one")]).await.unwrap();
    must_mirror(&served).await;
    let mut role = served.setting.database.connect().await;
    for (table, column) in
        [("event_log", "actor = 'nobody'"), ("event_order", "position = 9"), ("event_withheld", "payload = ''")]
    {
        for forbidden in [
            format!("UPDATE {table} SET {column}"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
            format!("DROP TABLE {table} CASCADE"),
            format!("ALTER TABLE {table} DISABLE TRIGGER ALL"),
        ] {
            let refused = sqlx::raw_sql(AssertSqlSafe(forbidden.clone())).execute(&mut role).await.unwrap_err();
            let code = refused.as_database_error().and_then(|error| error.code().map(Cow::into_owned));
            assert_eq!(code.as_deref(), Some("42501"), "{forbidden}: {refused}");
        }
    }
    for forbidden in [
        "SELECT FROM checklist.event_log",
        "CREATE TABLE checklist.mine ()",
        "CREATE TABLE mine ()",
        "DELETE FROM sequencer",
        "DELETE FROM chassis_migration",
        "UPDATE request SET response = ''",
        "SET ROLE handoff_owner",
    ] {
        let refused = sqlx::raw_sql(forbidden).execute(&mut role).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{forbidden}: {refused}");
    }
    assert_eq!(must_mirror(&served).await.len(), 1);
}

/// As `chassis::event` documents it, written once more.
fn sealed(fact: &Logged) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(&fact.previous_hash);
    for part in [&fact.aggregate, &fact.r#type, &fact.routing, &fact.actor] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(fact.aggregate_seq.to_be_bytes());
    hash.update(fact.occurred_at.as_micros().to_be_bytes());
    hash.update([u8::from(fact.historic), u8::from(fact.confidential)]);
    hash.update((fact.payload.len() as u64).to_be_bytes());
    hash.update(&fact.payload);
    hash.finalize().to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fact_seals_itself_and_the_one_before_it() {
    let served = Served::start::<Probe>(Config::default()).await;
    for steps in [&[step("one")][..], &[step("two"), step("three")], &[step("four")]] {
        say(served.running.context(), "counter", steps).await.unwrap();
        say(served.running.context(), "another", steps).await.unwrap();
    }
    let logged = must_mirror(&served).await;
    for name in ["counter", "another"].map(aggregate) {
        let mut previous = vec![0; 32];
        for fact in logged.iter().filter(|fact| fact.aggregate == name) {
            assert_eq!(fact.previous_hash, previous, "{} {}", fact.aggregate, fact.aggregate_seq);
            assert_eq!(fact.hash, sealed(fact), "{} {}", fact.aggregate, fact.aggregate_seq);
            previous.clone_from(&fact.hash);
        }
    }
    let mut tampered = logged[2].clone();
    tampered.payload.push(0);
    assert_ne!(tampered.hash, sealed(&tampered));
}

#[tokio::test]
async fn a_history_is_told_in_order_and_in_pages() {
    let served = Served::start::<Probe>(Config::default()).await;
    let context = served.running.context();
    say(context, "counter", &[step("one"), step("two"), step("three")]).await.unwrap();
    say(context, "another", &[step("one")]).await.unwrap();
    let page = async |after, limit| {
        let page = history(context.pool(), &aggregate("counter"), after, limit).await.unwrap();
        let names: Vec<_> = page.facts.iter().map(|fact| fact.r#type.replace("baton.handoff.v1.", "")).collect();
        (names.join(" "), page.has_more)
    };
    assert_eq!(page(0, 2).await, ("one two".into(), true));
    assert_eq!(page(0, 3).await, ("one two three".into(), false));
    assert_eq!(page(2, 2).await, ("three".into(), false));
    assert_eq!(page(3, 2).await, (String::new(), false));
}

#[tokio::test]
async fn a_page_of_a_history_ends_before_it_is_too_large_for_a_message() {
    let served = Served::start::<Probe>(Config::default()).await;
    let context = served.running.context();
    let large = || Step { payload: vec![0; chassis::MAX_PAYLOAD_BYTES], ..step("large") };
    for _ in 0..10 {
        say(context, "counter", &[large()]).await.unwrap();
    }
    let (mut after, mut pages) = (0, vec![]);
    loop {
        let page = history(context.pool(), &aggregate("counter"), after, 1000).await.unwrap();
        assert!(page.facts.iter().map(|fact| fact.payload.len()).sum::<usize>() < 4 * 1024 * 1024);
        pages.push(page.facts.len());
        after = page.facts.last().unwrap().aggregate_seq;
        if !page.has_more {
            break;
        }
    }
    assert_eq!(pages, [6, 4]);
}

#[tokio::test]
async fn what_the_log_withholds_is_read_in_the_history_and_is_not_published() {
    let served = Served::start::<Probe>(Config::default()).await;
    let context = served.running.context();
    let secret = Step { withheld: Some(b"the whole".to_vec()), ..step("short") };
    say(context, "counter", &[step("one"), secret]).await.unwrap();
    let page = history(context.pool(), &aggregate("counter"), 0, 10).await.unwrap();
    assert_eq!(page.facts.iter().map(|fact| &fact.payload[..]).collect::<Vec<_>>(), [&b"one"[..], b"the whole"]);
    let logged = must_mirror(&served).await;
    assert_eq!(logged.iter().map(|fact| &fact.payload[..]).collect::<Vec<_>>(), [&b"one"[..], b"short"]);
}

#[tokio::test]
async fn whatever_is_changed_taken_out_or_put_in_is_found() {
    let served = Served::start::<Probe>(Config::default()).await;
    let context = served.running.context();
    for name in ["counter", "another"] {
        say(context, name, &[step("one"), step("two"), step("three"), step("four")]).await.unwrap();
    }
    must_mirror(&served).await;
    let whole = verify(context.pool()).await.unwrap();
    assert_eq!((whole.facts, whole.aggregates, whole.found), (8, 2, 0), "{:?}", whole.findings);

    let mut owner = served.setting.database.connect_as_owner().await;
    for (harm, finding) in [
        (
            "UPDATE event_log SET payload = 'other' WHERE id = 2",
            "counter, fact 2 (baton.handoff.v1.two): it is not what was written",
        ),
        (
            "UPDATE event_log SET actor = 'nobody' WHERE id = 3",
            "counter, fact 3 (baton.handoff.v1.three): it is not what",
        ),
        (
            "UPDATE event_log SET occurred_at = '2020-01-01' WHERE id = 1",
            "counter, fact 1 (baton.handoff.v1.one): it is not",
        ),
        (
            "UPDATE event_log SET previous_hash = decode(repeat('00', 32), 'hex') WHERE id = 4",
            "counter, fact 4 (baton.handoff.v1.four): it was written after another fact",
        ),
        (
            "DELETE FROM event_order WHERE event_id = 2; DELETE FROM event_log WHERE id = 2",
            "counter, fact 3 (baton.handoff.v1.three): fact 2 should be here",
        ),
        (
            "DELETE FROM event_order WHERE event_id = 5",
            "the order: 6 facts have a place, the last one is 8, and 8 were given",
        ),
    ] {
        sqlx::raw_sql("BEGIN").execute(&mut owner).await.unwrap();
        sqlx::raw_sql(harm).execute(&mut owner).await.unwrap();
        sqlx::raw_sql("COMMIT").execute(&mut owner).await.unwrap();
        let verdict = verify(context.pool()).await.unwrap();
        assert!(verdict.findings.iter().any(|it| it.contains(finding)), "{harm}: {:?}", verdict.findings);
    }
}
