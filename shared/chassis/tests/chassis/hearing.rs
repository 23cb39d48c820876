//! A service hears another one: every fact once, in order, whatever happens to NATS, to its stream, or to a transaction; and what
//! cannot be taken in holds up nothing but its own aggregate.
#![expect(
    clippy::unwrap_used,
    reason = "what a test is told it compares; another answer than the expected one fails it"
)]

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_nats::jetstream;
use chassis::{
    Context, Identity, Mount, Peer, Service, Tx,
    consumer::{self, Consumer, Heard, Hears, Letter},
};
use futures::future::BoxFuture;
use kernel::{Actor, Error, Head, Result};
use serde::{Deserialize, Serialize};
use sqlx::{Connection, migrate::Migrator};
use tempfile::TempDir;
use testkit::{Database, People, Served, Setting, eventually};

use crate::{
    mirror,
    probe::{self, Counter, Probe, say, step},
    servers::Broker,
};

/// Whom the listener hears.
const PRODUCER: &str = "baton.handoff.v1";

/// Fails with whatever its ears do not like.
#[derive(Debug)]
pub(crate) struct Listener;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Config {
    pub(crate) producer_url: String,
    pub(crate) token_file: PathBuf,
}

static NO_MIGRATIONS: Migrator = Migrator::DEFAULT;

impl Service for Listener {
    const IDENTITY: Identity = Identity {
        name: "listener",
        package: "baton.sla.v1",
        event_message: Some("baton.sla.v1.SlaEvent"),
        schema: "handoff",
        migrations: &NO_MIGRATIONS,
    };

    type Config = Config;

    async fn mount(context: &Context, config: Config) -> Result<Mount> {
        Ok(Mount::default().hears(hears(context, &config)))
    }
}

fn hears(context: &Context, config: &Config) -> Hears {
    let peer = Peer::new(context, "the producer", &config.producer_url, &config.token_file, Duration::from_secs(2));
    Hears { package: PRODUCER, producer: peer.expect("an address"), consumer: Arc::new(Ears) }
}

/// Writes down what it hears, and says so, before it fails with what is in `disliked`.
struct Ears;

impl Consumer for Ears {
    fn apply<'t>(&'t self, tx: &'t mut Tx, facts: &'t [Heard]) -> BoxFuture<'t, Result<()>> {
        Box::pin(async move {
            assert!(!facts.is_empty(), "nothing is not heard");
            for fact in facts {
                let (_, name) = fact.r#type.rsplit_once('.').unwrap();
                sqlx::query("INSERT INTO heard (position, aggregate, aggregate_seq, name) VALUES ($1, $2, $3, $4)")
                    .bind(fact.position)
                    .bind(&fact.aggregate)
                    .bind(fact.aggregate_seq)
                    .bind(name)
                    .execute(tx.connection())
                    .await?;
                let mut echo = Counter { name: format!("echo-{}", fact.position), head: Head::default() };
                tx.emit(&mut echo, &Actor::System, &[step("echoed")])?;
                let disliked: Option<String> =
                    sqlx::query_scalar("SELECT name FROM disliked WHERE name IN ($1, 'everything')")
                        .bind(name)
                        .fetch_optional(tx.connection())
                        .await?;
                match disliked.as_deref() {
                    None => {}
                    Some("everything") => {
                        return Err(Error::Away { what: "a store of its own", source: "it sleeps".into() });
                    }
                    // A statement that fails, so that the transaction as it is can do nothing more.
                    Some(_) => {
                        sqlx::raw_sql("SELECT 1 / 0").execute(tx.connection()).await?;
                    }
                }
            }
            Ok(())
        })
    }

    fn park<'t>(&'t self, tx: &'t mut Tx, aggregate: &'t str) -> BoxFuture<'t, Result<()>> {
        Box::pin(async move {
            sqlx::query("INSERT INTO parked VALUES ($1)").bind(aggregate).execute(tx.connection()).await?;
            Ok(())
        })
    }

    fn unpark<'t>(
        &'t self,
        tx: &'t mut Tx,
        aggregate: &'t str,
        given_up: Option<std::ops::RangeInclusive<i64>>,
    ) -> BoxFuture<'t, Result<()>> {
        Box::pin(async move {
            sqlx::query("DELETE FROM parked WHERE aggregate = $1").bind(aggregate).execute(tx.connection()).await?;
            if let Some(places) = given_up {
                let note = "INSERT INTO given_up VALUES ($1, $2, $3)";
                sqlx::query(note)
                    .bind(aggregate)
                    .bind(places.start())
                    .bind(places.end())
                    .execute(tx.connection())
                    .await?;
            }
            Ok(())
        })
    }
}

/// A fact as the listener wrote it down: position, aggregate, place in its history, name.
pub(crate) type Note = (i64, String, i64, String);

/// A producer, and where a listener hears it.
pub(crate) struct Pair {
    pub(crate) producer: Served,
    /// Where the listener listens.
    pub(crate) setting: Setting,
    /// Holds the listener's own token.
    folder: TempDir,
}

impl Pair {
    async fn new() -> Self {
        Self::within(Setting::new::<Probe>().await).await
    }

    async fn within(setting: Setting) -> Self {
        Self::of(setting.serve::<Probe>(probe::Config::default()).await).await
    }

    /// Of a producer that runs, and a listener with a database of its own.
    pub(crate) async fn of(producer: Served) -> Self {
        const TABLES: &str = "
            CREATE TABLE heard (place bigint GENERATED ALWAYS AS IDENTITY, position bigint, aggregate text,
                                aggregate_seq bigint, name text);
            CREATE TABLE parked (aggregate text PRIMARY KEY);
            CREATE TABLE given_up (aggregate text PRIMARY KEY, first bigint, last bigint);
            CREATE TABLE disliked (name text PRIMARY KEY);
            GRANT ALL ON heard, parked, given_up, disliked TO handoff;
            GRANT ALL ON SEQUENCE heard_place_seq TO handoff";
        let database = Database::new::<Listener>().await;
        let mut owner = database.connect_as_owner().await;
        sqlx::raw_sql(TABLES).execute(&mut owner).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let setting = Setting { database, ..producer.setting.clone() };
        std::fs::write(folder.path().join("token"), setting.issuer().token(&People::Reader.claims())).unwrap();
        Self { producer, setting, folder }
    }

    pub(crate) fn config(&self) -> Config {
        Config { producer_url: self.producer.url(), token_file: self.folder.path().join("token") }
    }

    async fn listen(&self) -> Served {
        self.setting.serve::<Listener>(self.config()).await
    }

    pub(crate) async fn say(&self, counter: &str, name: &'static str) {
        say(self.producer.running.context(), counter, &[step(name)]).await.unwrap();
    }

    /// Changes the tables of the listener.
    async fn change(&self, sql: &'static str) {
        let mut owner = self.setting.database.connect_as_owner().await;
        sqlx::raw_sql(sql).execute(&mut owner).await.unwrap();
        owner.close().await.unwrap();
    }

    /// What the listener wrote down so far, in its order.
    pub(crate) async fn notes(&self) -> Vec<Note> {
        const HEARD: &str = "SELECT position, aggregate, aggregate_seq, name FROM heard ORDER BY place";
        let mut connection = self.setting.database.connect().await;
        let notes = sqlx::query_as(HEARD).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        notes
    }

    async fn parked(&self) -> Vec<String> {
        let mut connection = self.setting.database.connect().await;
        sqlx::query_scalar("SELECT aggregate FROM parked ORDER BY aggregate").fetch_all(&mut connection).await.unwrap()
    }

    /// What is put aside: what it is about, and whether it failed itself.
    async fn aside(&self) -> Vec<(String, bool)> {
        let mut connection = self.setting.database.connect().await;
        let letters: Vec<Letter> = consumer::letters(&mut connection, PRODUCER, None).await.unwrap();
        letters.into_iter().map(|letter| (letter.aggregate, !letter.error.is_empty())).collect()
    }

    /// Waits until all that the producer has said was heard, or put aside.
    async fn settle(&self) {
        let said = self.producer.facts().await;
        let mut connection = self.setting.database.connect().await;
        eventually("all is heard", async || {
            (consumer::position(&mut connection, PRODUCER).await.unwrap() == said).then_some(())
        })
        .await;
    }

    /// Waits for it, and proves that the listener has written down exactly the producer's log, and said so of every fact.
    pub(crate) async fn must_have_heard_all(&self) -> usize {
        self.settle().await;
        let logged = mirror::log(&self.producer).await;
        let name = |full: &str| full.rsplit('.').next().unwrap().to_owned();
        let expected: Vec<Note> =
            logged.into_iter().map(|it| (it.position, it.aggregate, it.aggregate_seq, name(&it.r#type))).collect();
        assert_eq!(self.notes().await, expected);
        let mut connection = self.setting.database.connect().await;
        let echoes: i64 =
            sqlx::query_scalar("SELECT count(*) FROM event_log").fetch_one(&mut connection).await.unwrap();
        assert_eq!(usize::try_from(echoes).unwrap(), expected.len());
        expected.len()
    }

    async fn jetstream(&self) -> jetstream::Context {
        jetstream::new(async_nats::connect(&self.setting.nats_url).await.expect("NATS answers"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fact_is_heard_once_and_in_order_by_two_replicas() {
    let pair = Pair::new().await;
    pair.say("early", "before_anybody_listens").await;
    let _replicas = [pair.listen().await, pair.listen().await];
    let flood = async |writer: usize| {
        for round in 0..60 {
            let counter = if round % 3 == 0 { "shared".to_owned() } else { format!("own-{writer}") };
            say(pair.producer.running.context(), &counter, &[step("one"), step("two")]).await.unwrap();
        }
    };
    tokio::join!(flood(0), flood(1), flood(2));
    assert_eq!(pair.must_have_heard_all().await, 361);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_stops_in_the_flood_and_one_that_comes_lose_and_double_nothing() {
    let pair = Pair::new().await;
    let flood = async {
        for _ in 0..80 {
            pair.say("counter", "one").await;
        }
    };
    let changing = async {
        for _ in 0..3 {
            let before = pair.notes().await.len();
            let listener = pair.listen().await;
            eventually("it hears", async || (pair.notes().await.len() >= before.max(1)).then_some(())).await;
            listener.stop().await;
        }
    };
    tokio::join!(flood, changing);
    let _last = pair.listen().await;
    assert_eq!(pair.must_have_heard_all().await, 80);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_that_cannot_be_taken_in_holds_up_its_aggregate_and_nothing_else() {
    let pair = Pair::new().await;
    pair.change("INSERT INTO disliked VALUES ('disliked')").await;
    // Before anybody listens: it is one batch.
    for (counter, name) in [("a", "one"), ("b", "one"), ("a", "disliked"), ("b", "two"), ("a", "three")] {
        pair.say(counter, name).await;
    }
    let listener = pair.listen().await;
    pair.settle().await;
    let heard = async || {
        let notes = pair.notes().await.into_iter();
        notes.map(|(position, aggregate, _, name)| format!("{position} {aggregate} {name}")).collect::<Vec<_>>()
    };
    assert_eq!(heard().await, ["1 counter/a one", "2 counter/b one", "4 counter/b two"]);
    let of_a = |failed| ("counter/a".to_owned(), failed);
    assert_eq!(pair.aside().await, [of_a(true), of_a(false)]);
    assert_eq!(pair.parked().await, ["counter/a"]);

    pair.say("a", "four").await;
    pair.say("b", "three").await;
    pair.settle().await;
    assert_eq!(pair.aside().await, [of_a(true), of_a(false), of_a(false)], "what comes later waits behind it");

    let context = listener.running.context();
    let hears = hears(context, &pair.config());
    consumer::retry(context, &hears, "counter/a").await.expect_err("it is still disliked");
    assert_eq!((pair.aside().await.len(), pair.parked().await.len()), (3, 1), "all of it or nothing");
    pair.change("DELETE FROM disliked").await;
    assert_eq!(consumer::retry(context, &hears, "counter/a").await.unwrap(), 3);
    assert_eq!((pair.aside().await, pair.parked().await), (vec![], vec![]));
    pair.say("a", "five").await;
    pair.settle().await;
    let expected = ["3 counter/a disliked", "5 counter/a three", "6 counter/a four", "8 counter/a five"];
    assert_eq!(heard().await[4..], expected, "in their order");
    assert_eq!(consumer::retry(context, &hears, "counter/a").await.unwrap(), 0, "there is no more of it");
    assert_eq!(listener.facts().await, 8, "and each was answered once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_up_is_never_heard_and_what_comes_later_is() {
    let pair = Pair::new().await;
    pair.change("INSERT INTO disliked VALUES ('disliked')").await;
    let listener = pair.listen().await;
    for name in ["one", "disliked", "three"] {
        pair.say("a", name).await;
    }
    pair.settle().await;
    let hears = hears(listener.running.context(), &pair.config());
    assert_eq!(consumer::discard(listener.running.context(), &hears, "counter/a").await.unwrap(), 2);
    assert_eq!((pair.aside().await, pair.parked().await), (vec![], vec![]));
    let mut connection = pair.setting.database.connect().await;
    let places: (i64, i64) =
        sqlx::query_as("SELECT first, last FROM given_up").fetch_one(&mut connection).await.unwrap();
    assert_eq!(places, (2, 3), "the consumer is told what is missing");
    pair.say("a", "four").await;
    pair.settle().await;
    let names: Vec<_> = pair.notes().await.into_iter().map(|(.., name)| name).collect();
    assert_eq!(names, ["one", "four"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_can_be_looked_at_at_once_is_put_aside_in_parts() {
    let pair = Pair::new().await;
    pair.change("INSERT INTO disliked VALUES ('disliked')").await;
    let context = pair.producer.running.context();
    for counter in ["a", "b", "c"] {
        say(context, counter, &vec![step("one"); 60]).await.unwrap();
        say(context, counter, &[step("disliked"), step("two")]).await.unwrap();
    }
    let _listener = pair.listen().await;
    pair.settle().await;
    assert_eq!((pair.notes().await.len(), pair.aside().await.len()), (180, 6));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_version_could_not_take_in_this_one_tries_when_it_starts() {
    let pair = Pair::new().await;
    pair.change("INSERT INTO disliked VALUES ('disliked')").await;
    let listener = pair.listen().await;
    pair.say("a", "disliked").await;
    pair.say("a", "two").await;
    pair.settle().await;
    listener.stop().await;
    pair.change("DELETE FROM disliked; UPDATE dead_letter SET version = '0.0.0-before'").await;
    let _listener = pair.listen().await;
    eventually("nothing is put aside", async || pair.aside().await.is_empty().then_some(())).await;
    assert_eq!(pair.must_have_heard_all().await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_fails_is_tried_again_and_loses_nothing() {
    let pair = Pair::new().await;
    pair.change("INSERT INTO disliked VALUES ('everything')").await;
    let _replicas = [pair.listen().await, pair.listen().await];
    pair.say("a", "one").await;
    pair.say("b", "one").await;
    // What a transaction took of a sequence is gone, also where it failed.
    let mut owner = pair.setting.database.connect_as_owner().await;
    eventually("it was tried several times", async || {
        let taken: i64 =
            sqlx::query_scalar("SELECT last_value FROM heard_place_seq").fetch_one(&mut owner).await.unwrap();
        (taken >= 4).then_some(())
    })
    .await;
    assert_eq!((pair.notes().await, pair.aside().await), (vec![], vec![]), "nothing is put aside for that");
    pair.change("DELETE FROM disliked").await;
    assert_eq!(pair.must_have_heard_all().await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_nats_away_facts_come_by_the_log_and_are_not_heard_again_when_it_is_back() {
    let mut broker = Broker::start();
    let pair = Pair::within(broker.setting().await).await;
    let _listener = pair.listen().await;
    pair.say("a", "one").await;
    pair.must_have_heard_all().await;
    broker.nats.stop();
    pair.say("a", "two").await;
    pair.say("b", "one").await;
    assert_eq!(pair.must_have_heard_all().await, 3);
    broker.nats.start_again().unwrap();
    pair.producer.settle().await;
    pair.say("b", "two").await;
    assert_eq!(pair.must_have_heard_all().await, 4);
    broker.wipe();
    pair.say("a", "three").await;
    assert_eq!(pair.must_have_heard_all().await, 5);
    pair.producer.settle().await;
    pair.say("a", "four").await;
    assert_eq!(pair.must_have_heard_all().await, 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_deleted_while_it_is_read_costs_nothing() {
    let pair = Pair::new().await;
    let _listener = pair.listen().await;
    for round in 1..=3 {
        pair.say("a", "one").await;
        assert_eq!(pair.must_have_heard_all().await, 2 * round - 1);
        pair.producer.settle().await;
        pair.jetstream().await.delete_stream(pair.producer.stream()).await.unwrap();
        pair.say("b", "one").await;
        assert_eq!(pair.must_have_heard_all().await, 2 * round);
    }
}

/// The producer keeps in its stream what is an hour old; the listener was away for longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_stream_holds_no_longer_comes_from_the_log() {
    let setting = Setting::new::<Probe>().await;
    let pair = Pair::within(setting.clone()).await;
    let listener = pair.listen().await;
    pair.say("a", "one").await;
    pair.must_have_heard_all().await;
    listener.stop().await;
    for name in ["two", "three", "four"] {
        pair.say("a", name).await;
    }
    pair.producer.settle().await;

    // Made anew, the stream begins with the next fact.
    let Pair { producer, setting: listening, folder } = pair;
    let jetstream = jetstream::new(async_nats::connect(&setting.nats_url).await.unwrap());
    let stream = producer.stream().to_owned();
    producer.stop().await;
    jetstream.delete_stream(&stream).await.unwrap();
    setting.clock.advance_seconds(2 * 3_600);
    let mut producing = setting.config::<Probe>(probe::Config::default());
    producing.nats.max_age_hours = 1;
    let producer = setting.serve_as::<Probe>(producing).await;
    let pair = Pair { producer, setting: listening, folder };
    pair.say("a", "five").await;
    eventually("the stream begins with the last fact", async || {
        let first = jetstream.get_stream(&stream).await.ok()?.cached_info().state.first_sequence;
        (first == 5).then_some(())
    })
    .await;
    let _listener = pair.listen().await;
    assert_eq!(pair.must_have_heard_all().await, 5);
}

/// The listener's store was restored from before: it hears again what it has forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_was_set_back_hears_from_there_again() {
    let pair = Pair::new().await;
    pair.change("INSERT INTO disliked VALUES ('disliked')").await;
    let listener = pair.listen().await;
    for (counter, name) in [("a", "one"), ("b", "disliked"), ("b", "two"), ("c", "one")] {
        pair.say(counter, name).await;
    }
    pair.settle().await;
    listener.stop().await;
    // What was put aside is still there.
    pair.change("UPDATE consumer SET position = 1; DELETE FROM heard WHERE position > 1; TRUNCATE event_log CASCADE")
        .await;
    let _listener = pair.listen().await;
    pair.settle().await;
    let positions: Vec<_> = pair.notes().await.into_iter().map(|(position, ..)| position).collect();
    assert_eq!((positions, pair.aside().await.len()), (vec![1, 4], 2));
}
