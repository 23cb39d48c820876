//! Live watches: nothing is missed however a watcher comes and goes, nobody holds another one up, and tokens go on anywhere.

use std::{
    collections::{BTreeMap, HashMap},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use chassis::{
    Aggregate, Author, Context, Event, Tx,
    feed::{Change, Delivery, Feed, Watched, Watcher},
};
use futures::{Stream, StreamExt, future::join_all};
use kernel::{Actor, Head, Kind, Principal};
use sqlx::PgPool;
use testkit::{Refusal, Served, Setting, refusal};
use tokio::time::timeout;
use tonic::{Code, Request, Status};

use crate::probe::{Config, Probe, say, step};

/// Against hanging.
const HANGING: Duration = Duration::from_secs(30);

/// The sequences that a change tells, and whether one of them hid the counter.
type Told = (String, Vec<i64>, bool);

/// A counter: its name and its facts are all that is shown of it.
#[derive(Debug)]
struct Named(String);

impl Watched for Named {
    const KIND: &'static str = "counter";
    /// The beginning of the names.
    type Filter = String;
    type Told = Told;

    async fn load(pool: &PgPool, names: Vec<String>) -> kernel::Result<HashMap<String, Self>> {
        sqlx::query("SELECT").execute(pool).await?;
        Ok(names.into_iter().map(|name| (name.clone(), Self(name))).collect())
    }

    fn tell(change: &Arc<Change<Self>>, filter: &String) -> Option<Told> {
        let name = &change.state.0;
        let sequences = change.facts.iter().map(|fact| fact.sequence).collect();
        name.starts_with(filter).then(|| (name.clone(), sequences, change.facts.iter().any(|fact| fact.hides)))
    }
}

type Watch = Pin<Box<dyn Stream<Item = Result<Delivery<Told>, Status>> + Send>>;

fn viewer(name: &str) -> Actor {
    let (kind, teams) = (Kind::User, BTreeMap::new());
    Actor::Principal(Principal {
        name: name.into(),
        kind,
        teams,
        is_admin: false,
        is_reader: false,
        is_importer: false,
    })
}

fn feed(served: &Served) -> Feed<Named> {
    Feed::new(served.running.context(), 100)
}

/// What somebody of that name hears, as the driver of a service would hear it.
async fn watch_as(feed: &Feed<Named>, name: &str, filter: &str, token: &str) -> Result<Watch, Refusal> {
    let mut request = Request::new(());
    request.extensions_mut().insert(viewer(name));
    let watcher = Watcher::of(&request).expect("a viewer is there");
    let watch = feed.watch(watcher, filter.to_owned(), filter.as_bytes(), token).await;
    watch.map(|watch| -> Watch { Box::pin(watch) }).map_err(|error| refusal(&chassis::into_status(error)))
}

async fn watch(feed: &Feed<Named>, token: &str) -> Watch {
    watch_as(feed, "sam", "counter/", token).await.expect("a watch")
}

async fn next(watch: &mut Watch) -> Result<Delivery<Told>, Refusal> {
    let next = timeout(HANGING, watch.next()).await.expect("something is told in time");
    next.expect("the watch goes on").map_err(|status| refusal(&status))
}

/// The next that is no bookmark.
async fn told(watch: &mut Watch) -> (String, Told) {
    loop {
        let Delivery { resume_token, told } = next(watch).await.expect("the watch goes on");
        if let Some(told) = told {
            return (resume_token, told);
        }
    }
}

/// Reads on until it has been told of `facts` facts; by counter in the order told.
async fn listen(watch: &mut Watch, heard: &mut BTreeMap<String, Vec<i64>>, facts: usize) -> String {
    loop {
        let (token, (name, sequences, _)) = told(watch).await;
        let known = heard.entry(name).or_default();
        // At least once: what was told before may be told again, but never past something that was not.
        let last = known.last().copied();
        known.extend(sequences.into_iter().filter(|sequence| last.is_none_or(|last| *sequence > last)));
        if heard.values().map(Vec::len).sum::<usize>() >= facts {
            return token;
        }
    }
}

async fn served() -> Served {
    Served::start::<Probe>(Config::default()).await
}

const WRITERS: usize = 6;
const ROUNDS: usize = 40;

/// Many at once: each counts its own counter, some facts at a time.
async fn write(contexts: [Context; 2]) {
    let writers = (0..WRITERS).map(|writer| {
        let context = contexts[writer % 2].clone();
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let steps = vec![step("counted"); 1 + round % 3];
                say(&context, &format!("c{writer}"), &steps).await.expect("the facts are written");
            }
        })
    });
    join_all(writers).await.into_iter().for_each(Result::unwrap);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_watches_from_a_token_amid_writers_at_two_replicas_misses_nothing() {
    let setting = Setting::new::<Probe>().await;
    let replicas = [setting.serve::<Probe>(Config::default()).await, setting.serve::<Probe>(Config::default()).await];
    let feeds = [feed(&replicas[0]), feed(&replicas[1])];
    let all = WRITERS * (0..ROUNDS).map(|round| 1 + round % 3).sum::<usize>();
    let begin = feeds[0].token(&viewer("sam")).await.unwrap();
    let writing = tokio::spawn(write([0, 1].map(|at: usize| replicas[at].running.context().clone())));

    // Each reads a while, goes away, and goes on at the other replica; again and again while facts come in.
    let watchers = (1..=12).map(|watcher| {
        let (feeds, mut token) = (feeds.clone(), begin.clone());
        tokio::spawn(async move {
            let (mut heard, mut at) = (BTreeMap::<String, Vec<i64>>::new(), watcher % 2);
            let mut goal = 0;
            while goal < all {
                // A message may tell more than was waited for.
                let heard_so_far = heard.values().map(Vec::len).sum::<usize>();
                goal = (heard_so_far + watcher * 11).min(all);
                if heard_so_far >= all {
                    break;
                }
                let mut watch = watch(&feeds[at], &token).await;
                token = listen(&mut watch, &mut heard, goal).await;
                at = 1 - at;
            }
            heard
        })
    });
    for heard in join_all(watchers).await {
        let each = (1..=i64::try_from(all / WRITERS).unwrap()).collect::<Vec<_>>();
        for (name, sequences) in heard.unwrap() {
            assert_eq!(sequences, each, "{name}: every fact, in order");
        }
    }
    writing.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_without_a_token_begins_now_and_its_first_message_comes_at_once() {
    let served = served().await;
    let feed = feed(&served);
    say(served.running.context(), "c", &[step("counted")]).await.unwrap();
    let before = feed.token(&viewer("sam")).await.unwrap();
    let mut watch = watch(&feed, "").await;
    let first = next(&mut watch).await.unwrap();
    assert_eq!(first.told, None, "a bookmark");
    say(served.running.context(), "c", &[step("counted")]).await.unwrap();
    let mut resumed = self::watch(&feed, &first.resume_token).await;
    // What was committed but not yet in the order when the watch began, it may tell as well.
    while !told(&mut resumed).await.1.1.contains(&2) {}
    // A list's token is from before what was not in the order yet: it tells of both.
    let mut listed = self::watch(&feed, &before).await;
    let mut heard = BTreeMap::new();
    listen(&mut listed, &mut heard, 1).await;
    assert!(!heard.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_no_further_is_ended_and_resumes_while_all_others_go_on() {
    let served = served().await;
    let (feed, context) = (feed(&served), served.running.context());
    let (mut slow, mut quick) = (watch(&feed, "").await, watch(&feed, "").await);
    say(context, "c", &[step("counted")]).await.unwrap();
    let mut heard = BTreeMap::new();
    for watch in [&mut slow, &mut quick] {
        listen(watch, &mut BTreeMap::new(), 1).await;
    }
    // A transaction each, on two counters in turn, so that they are told one by one.
    for number in 0..400 {
        say(context, if number % 2 == 0 { "a" } else { "b" }, &[step("counted")]).await.unwrap();
        listen(&mut quick, &mut heard, number + 1).await;
    }
    let ended = next(&mut slow).await.unwrap_err();
    assert_eq!((ended.code, ended.reason.as_str()), (Code::ResourceExhausted, "WATCH_TOO_SLOW"));
    assert!(slow.next().await.is_none());
    let mut heard = BTreeMap::new();
    listen(&mut watch(&feed, &ended.metadata["resume_token"]).await, &mut heard, 400).await;
    assert_eq!(heard["counter/a"], (1..=200).collect::<Vec<_>>());
    assert_eq!(heard["counter/b"], (1..=200).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_so_many_places_and_whoever_goes_away_frees_one() {
    let served = served().await;
    let feed = Feed::new(served.running.context(), 2);
    let first = watch(&feed, "").await;
    let _second = watch(&feed, "").await;
    let refused = watch_as(&feed, "sam", "counter/", "").await.map(drop).unwrap_err();
    assert_eq!((refused.code, refused.reason.as_str()), (Code::ResourceExhausted, "TOO_MANY_WATCHES"));
    drop(first);
    let mut third = watch(&feed, "").await;
    assert_eq!(next(&mut third).await.unwrap().told, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_as_the_last_one_goes_is_told_all_the_same() {
    let served = served().await;
    let (feed, context) = (feed(&served), served.running.context());
    for round in 1..=20 {
        let mut watch = watch(&feed, "").await;
        next(&mut watch).await.unwrap();
        say(context, "c", &[step("counted")]).await.unwrap();
        while told(&mut watch).await.1.1.last() != Some(&round) {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_viewer_filter_or_order_opens_nothing() {
    let served = served().await;
    let feed = feed(&served);
    let token = next(&mut watch(&feed, "").await).await.unwrap().resume_token;
    for (name, filter, what) in [("otto", "counter/", "another viewer"), ("sam", "counter/c", "another filter")] {
        let refused = watch_as(&feed, name, filter, &token).await.map(drop).unwrap_err();
        assert_eq!((refused.code, refused.fields), (Code::InvalidArgument, vec!["resume_token".into()]), "{what}");
    }
    let list = feed.token(&viewer("sam")).await.unwrap();
    assert!(watch_as(&feed, "sam", "counter/c", &list).await.is_ok(), "a list's token goes on with any filter");
    assert!(watch_as(&feed, "otto", "counter/c", &list).await.is_err());

    served.setting.clock.advance_seconds(24 * 3600);
    assert!(watch_as(&feed, "sam", "counter/", &token).await.is_ok());
    served.setting.clock.advance_seconds(1);
    let expired = watch_as(&feed, "sam", "counter/", &token).await.map(drop).unwrap_err();
    assert_eq!((expired.code, expired.reason.as_str()), (Code::OutOfRange, "RESUME_TOKEN_EXPIRED"));

    let young = feed.token(&viewer("sam")).await.unwrap();
    let mut owner = served.setting.database.connect_as_owner().await;
    sqlx::query("UPDATE handoff.sequencer SET generation = generation + 1").execute(&mut owner).await.unwrap();
    let expired = watch_as(&feed, "sam", "counter/", &young).await.map(drop).unwrap_err();
    assert_eq!(expired.reason, "RESUME_TOKEN_EXPIRED", "the order was begun anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_every_watch_at_once_and_lets_nobody_in() {
    let served = served().await;
    let feed = feed(&served);
    let mut watches = vec![];
    for _ in 0..20 {
        let mut watch = watch(&feed, "").await;
        watches.push(tokio::spawn(async move {
            loop {
                if let Err(ended) = next(&mut watch).await {
                    return ended;
                }
            }
        }));
    }
    served.stop().await;
    for ended in join_all(watches).await {
        let ended = ended.unwrap();
        assert_eq!((ended.code, ended.reason.as_str()), (Code::Unavailable, "STOPPING"));
        assert!(!ended.metadata["resume_token"].is_empty());
    }
    let refused = watch_as(&feed, "sam", "counter/", "").await.map(drop).unwrap_err();
    assert_eq!(refused.code, Code::Unavailable);
}

/// A counter that hides or shows itself with each fact.
struct Shy {
    head: Head,
    is_hidden: bool,
}

impl Aggregate for Shy {
    type Fact = ();

    fn name(&self) -> String {
        "counter/shy".to_owned()
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn is_confidential(&self) -> bool {
        self.is_hidden
    }

    fn event(&self, (): &(), _: Author<'_>) -> Event {
        Event { name: "counted", routing: "_._".into(), payload: vec![], withheld: None }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_hides_its_aggregate_when_everybody_might_see_it_before_and_only_then() {
    let served = served().await;
    let feed = feed(&served);
    let mut watch = watch(&feed, "").await;
    let op = async |tx: &mut Tx, hidden: &[bool; 7]| {
        let mut shy = Shy { head: Head::default(), is_hidden: false };
        for is_hidden in hidden {
            shy.is_hidden = *is_hidden;
            tx.emit(&mut shy, &Actor::System, &[()])?;
            // What is between keeps each in a message of its own.
            let mut other = Other(Head::default(), shy.head.revision);
            tx.emit(&mut other, &Actor::System, &[()])?;
        }
        Ok(())
    };
    let hidden = [true, true, false, false, true, true, false];
    served.running.context().transact("", &hidden, |tx, hidden| Box::pin(op(tx, hidden))).await.unwrap();
    let mut hides = vec![];
    while hides.len() < hidden.len() {
        let (_, (name, _, hid)) = told(&mut watch).await;
        if name == "counter/shy" {
            hides.push(hid);
        }
    }
    assert_eq!(hides, [false, false, false, false, true, false, false]);
}

/// Something else, a new one each time.
struct Other(Head, i64);

impl Aggregate for Other {
    type Fact = ();

    fn name(&self) -> String {
        format!("counter/other{}", self.1)
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.0
    }

    fn event(&self, (): &(), _: Author<'_>) -> Event {
        Event { name: "counted", routing: "_._".into(), payload: vec![], withheld: None }
    }
}
