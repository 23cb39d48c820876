//! Watching handoffs live: list, then watch, and miss nothing, whoever comes and goes.

use std::{collections::BTreeMap, time::Duration};

use api::{handoff::v1 as pb, r#type::v1::Side};
use futures::future::join_all;
use handoff::HandoffService;
use pb::{HandoffState, ListHandoffsRequest, WatchFilter, WatchHandoffsRequest, watch_handoffs_response::What};
use testkit::{Bearer, People, Refusal, Served, eventually, refusal};
use tokio::time::{Instant, timeout};
use tonic::{Code, Request, Streaming, service::interceptor::InterceptedService, transport::Endpoint};

use crate::{
    person::{Heard, Person},
    requests::{create, inbox, on},
    words::{state, why},
    world::{ROUTE, World},
};

/// Against hanging.
const HANGING: Duration = Duration::from_secs(30);

/// Somebody's watch, and the last token that it brought.
struct Watch {
    stream: Streaming<pb::WatchHandoffsResponse>,
    token: String,
}

impl Watch {
    async fn begin(person: &Person, filter: WatchFilter, token: &str) -> Heard<Self> {
        let request = WatchHandoffsRequest { filter: Some(filter), resume_token: token.into() };
        Self::ask(person, Request::new(request)).await
    }

    async fn ask(person: &Person, request: Request<WatchHandoffsRequest>) -> Heard<Self> {
        let answer = person.handoffs.clone().watch_handoffs(request).await.map_err(|status| refusal(&status))?;
        Ok(Self { stream: answer.into_inner(), token: String::new() })
    }

    /// The next message; none at the end.
    async fn next(&mut self) -> Heard<Option<What>> {
        let next = timeout(HANGING, self.stream.message()).await.expect("something comes in time");
        let Some(message) = next.map_err(|status| refusal(&status))? else { return Ok(None) };
        self.token = message.resume_token;
        Ok(Some(message.what.expect("a message tells something")))
    }

    /// The next that is no bookmark.
    async fn told(&mut self) -> What {
        let told = async {
            loop {
                let next = self.next().await.unwrap().expect("the watch goes on");
                if !matches!(next, What::Bookmark(_)) {
                    return next;
                }
            }
        };
        timeout(HANGING, told).await.expect("something is told in time")
    }

    /// The next in words: "Acme SUBMITTED: handoff_submitted", "gone".
    async fn line(&mut self) -> String {
        match self.told().await {
            What::Changed(changed) => {
                let facts: Vec<_> = changed.facts.iter().map(|fact| fact.r#type.as_str()).collect();
                let line = changed.line.unwrap();
                format!("{} {}: {}", line.title, state(line.state()), facts.join(" "))
            }
            What::Gone(_) => "gone".to_owned(),
            What::Bookmark(_) => unreachable!("bookmarks are passed over"),
        }
    }

    /// Why it ends.
    async fn ended(&mut self) -> Refusal {
        let ended = async {
            loop {
                match self.next().await {
                    Ok(next) => assert!(next.is_some(), "it ends with a refusal"),
                    Err(refused) => return refused,
                }
            }
        };
        timeout(HANGING, ended).await.expect("it ends in time")
    }

    /// Reads on until each handoff was told of up to its revision, in order and without a gap after what is known.
    async fn until(&mut self, known: &mut BTreeMap<String, i64>, revision: i64) {
        while known.values().any(|last| *last < revision) {
            let What::Changed(changed) = self.told().await else { panic!("it matches") };
            let last = known.get_mut(&changed.line.as_ref().unwrap().id).expect("one of them");
            assert!(changed.facts[0].sequence <= *last + 1, "one after the other: {:?} after {last}", changed.facts);
            *last = changed.facts.last().unwrap().sequence.max(*last);
        }
    }
}

async fn watch(person: &Person, filter: WatchFilter, token: &str) -> Watch {
    Watch::begin(person, filter, token).await.unwrap()
}

fn everything() -> WatchFilter {
    WatchFilter::default()
}

fn inbox_of(team: &str) -> WatchFilter {
    WatchFilter { inbox_of: team.into(), ..everything() }
}

async fn list_token(person: &Person, request: ListHandoffsRequest) -> String {
    person.list(request).await.unwrap().resume_token
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_hears_what_happens_who_did_it_and_whose_turn_it_is() {
    let world = World::new().await;
    let mut watched = watch(&world.otto, everything(), "").await;
    assert!(matches!(watched.next().await.unwrap(), Some(What::Bookmark(_))), "the first message comes at once");
    assert!(!watched.token.is_empty());
    let draft = world.sam.draft("Acme").await;
    assert_eq!(watched.line().await, "Acme DRAFT: handoff_created");
    let submitted = world.sam.submit(on(&draft)).await.unwrap();
    let What::Changed(changed) = watched.told().await else { panic!("it has changed") };
    let line = changed.line.unwrap();
    assert_eq!((line.revision, line.waiting_on(), line.id), (2, Side::Downstream, submitted.id));
    let [fact] = changed.facts.as_slice() else { panic!("one fact: {:?}", changed.facts) };
    assert_eq!((fact.sequence, fact.r#type.as_str(), fact.actor.as_str()), (2, "handoff_submitted", "sam"));
    assert_eq!(fact.occurred_at, Some(api::timestamp(world.now())));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_is_watched_in_and_out() {
    let world = World::new().await;
    let mut watched = watch(&world.otto, inbox_of("implementation"), "").await;
    watched.next().await.unwrap();
    let draft = world.sam.draft("Acme").await;
    assert_eq!(watched.line().await, "gone", "a draft waits on sales");
    let submitted = world.sam.submit(on(&draft)).await.unwrap();
    assert_eq!(watched.line().await, "Acme SUBMITTED: handoff_submitted");
    world.ivan.reject(on(&submitted)).await.unwrap();
    assert_eq!(watched.line().await, "gone");

    let named =
        WatchFilter { handoff_ids: vec![draft.id], states: vec![HandoffState::Submitted.into()], ..everything() };
    let mut watched = watch(&world.otto, named, "").await;
    watched.next().await.unwrap();
    world.sam.submitted("Beta").await;
    world.sam.submit(on(&world.sam.get(&submitted.id).await.unwrap())).await.unwrap();
    assert_eq!(watched.line().await, "Acme SUBMITTED: handoff_submitted", "and nothing of Beta");
}

/// What somebody knows who lists, then watches from there, until nothing more is told: revision by id.
async fn listed_then_watched(person: Person, until: i64) -> BTreeMap<String, i64> {
    let request = ListHandoffsRequest { team: "implementation".into(), page_size: 1000, ..Default::default() };
    let page = person.list(request).await.unwrap();
    let mut known: BTreeMap<_, _> = page.handoffs.into_iter().map(|line| (line.id, line.revision)).collect();
    let filter = WatchFilter { team: "implementation".into(), ..everything() };
    let mut watched = watch(&person, filter, &page.resume_token).await;
    while known.values().sum::<i64>() < until {
        let What::Changed(changed) = watched.told().await else { panic!("none leaves the team") };
        let line = changed.line.unwrap();
        let known = known.entry(line.id).or_default();
        *known = line.revision.max(*known);
    }
    known
}

#[tokio::test(flavor = "multi_thread")]
async fn list_then_watch_misses_nothing_while_others_write() {
    let world = World::new().await;
    let (writers, rounds) = (4_i64, 6_i64);
    let facts = writers * rounds * 3;
    let writing = (0..writers).map(|_| {
        let (sam, ivan) = (world.sam.clone(), world.ivan.clone());
        tokio::spawn(async move {
            for _ in 0..rounds {
                let submitted = sam.submitted("Acme").await;
                ivan.accept(on(&submitted)).await.unwrap();
            }
        })
    });
    let writing: Vec<_> = writing.collect();
    let mut watching = vec![];
    for _ in 0..8 {
        watching.push(tokio::spawn(listed_then_watched(world.otto.clone(), facts)));
        // Each begins a little later, amid the writers.
        world.otto.list(inbox("sales")).await.unwrap();
    }
    for known in join_all(watching).await {
        let known = known.unwrap();
        assert_eq!(i64::try_from(known.len()).unwrap(), writers * rounds);
        assert!(known.values().all(|revision| *revision == 3), "{known:?}");
    }
    join_all(writing).await.into_iter().for_each(Result::unwrap);
}

async fn replica(world: &World, config: impl FnOnce(&mut chassis::config::Config<handoff::config::Config>)) -> Served {
    let service = handoff::config::Config { token_file: "unused".into(), sla_url: String::new(), ..Default::default() };
    let mut configured = world.service.setting.config::<HandoffService>(service);
    config(&mut configured);
    world.service.setting.serve_as::<HandoffService>(configured).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_goes_on_at_another_replica_where_it_broke_off() {
    let world = World::new().await;
    let other = replica(&world, |_| ()).await;
    let otto_there = Person::new(&other, People::Otto);
    let mut watched = watch(&world.otto, everything(), "").await;
    watched.next().await.unwrap();
    world.sam.draft("one").await;
    assert_eq!(watched.line().await, "one DRAFT: handoff_created");
    let token = watched.token.clone();
    drop(watched);
    world.sam.draft("two").await;

    let mut resumed = watch(&otto_there, everything(), &token).await;
    assert_eq!(resumed.line().await, "two DRAFT: handoff_created");
    // A change that this replica did not write, it hears of too.
    world.sam.draft("three").await;
    assert_eq!(resumed.line().await, "three DRAFT: handoff_created");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_works_with_the_broker_away() {
    let world = World::new().await;
    let alone = replica(&world, |config| config.nats.url = "nats://127.0.0.1:1".into()).await;
    let sam = Person::new(&alone, People::Sam);
    let mut watched = watch(&sam, everything(), "").await;
    watched.next().await.unwrap();
    sam.draft("Acme").await;
    assert_eq!(watched.line().await, "Acme DRAFT: handoff_created");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stops_reading_is_ended_and_others_are_told_everything() {
    let world = World::new().await;
    let pair = [world.sam.draft("Acme").await.id, world.sam.draft("Beta").await.id];
    // A client that takes no more than this from the wire without being asked for it.
    let endpoint = Endpoint::from_shared(world.service.url()).unwrap().initial_stream_window_size(u32::from(u16::MAX));
    let bearer = People::Otto.bearer(world.service.setting.issuer());
    let otto_stuck = Person::calling(InterceptedService::new(endpoint.connect_lazy(), bearer));
    let mut stuck = watch(&otto_stuck, everything(), "").await;
    stuck.next().await.unwrap();
    let mut lively = watch(&world.otto, everything(), "").await;
    lively.next().await.unwrap();
    // More than the window, the buffers and the queue hold.
    let title = |round: usize| format!("{round:04} {}", "\u{1F4E6}".repeat(190));
    let rounds = 700;
    let writing = tokio::spawn({
        let (sam, pair) = (world.sam.clone(), pair.clone());
        async move {
            // In turn, so that no two facts in a row are of the same handoff: those would be told together.
            for (round, id) in (0..rounds).zip(pair.iter().cycle()) {
                let update = pb::UpdateHandoffRequest {
                    request_id: testkit::request_id(),
                    handoff_id: id.clone(),
                    update_mask: crate::requests::mask(&["title"]),
                    title: title(round),
                    ..Default::default()
                };
                sam.update(update).await.unwrap();
            }
        }
    });
    let revision = 1 + i64::try_from(rounds / 2).unwrap();
    let begun = || pair.iter().map(|id| (id.clone(), 1)).collect::<BTreeMap<_, _>>();
    lively.until(&mut begun(), revision).await;
    writing.await.unwrap();
    let mut given = begun();
    let ended = loop {
        match timeout(HANGING, stuck.next()).await.expect("it ends in time") {
            Ok(Some(What::Changed(changed))) => {
                given.insert(changed.line.unwrap().id, changed.facts.last().unwrap().sequence);
            }
            Ok(next) => assert!(matches!(next, Some(What::Bookmark(_))), "it ends with a refusal"),
            Err(refused) => break refused,
        }
    };
    assert_eq!(why(&ended), (Code::ResourceExhausted, "WATCH_TOO_SLOW"));
    // What it was given before it ended, and the rest from there, is everything.
    let mut resumed = watch(&world.otto, everything(), &ended.metadata["resume_token"]).await;
    resumed.until(&mut given, revision).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_that_dies_frees_its_place() {
    let world = World::new().await;
    let small = replica(&world, |config| config.service.max_watches = 1).await;
    let (otto, sam) = (Person::new(&small, People::Otto), Person::new(&small, People::Sam));
    let mut first = watch(&otto, everything(), "").await;
    first.next().await.unwrap();
    let refused = Watch::begin(&sam, everything(), "").await.map(drop).unwrap_err();
    assert_eq!(why(&refused), (Code::ResourceExhausted, "TOO_MANY_WATCHES"));
    drop(first);
    eventually("the place is free", async || Watch::begin(&sam, everything(), "").await.ok().map(drop)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_for_its_viewer_and_filter_for_a_day() {
    let world = World::new().await;
    let mut watched = watch(&world.otto, inbox_of("sales"), "").await;
    watched.next().await.unwrap();
    let token = watched.token.clone();
    let damaged = token.replace(|c: char| c.is_ascii_digit(), "A");
    let page_token = {
        for title in ["one", "two"] {
            world.sam.draft(title).await;
        }
        world.otto.list(ListHandoffsRequest { page_size: 1, ..inbox("sales") }).await.unwrap().next_page_token
    };
    for (person, filter, token) in [
        (&world.sam, inbox_of("sales"), &token),
        (&world.otto, inbox_of("implementation"), &token),
        (&world.otto, everything(), &token),
        (&world.otto, inbox_of("sales"), &damaged),
        (&world.otto, inbox_of("sales"), &page_token),
    ] {
        let refused = Watch::begin(person, filter, token).await.map(drop).unwrap_err();
        assert_eq!((refused.code, refused.fields), (Code::InvalidArgument, vec!["resume_token".to_owned()]));
    }
    let from_list = list_token(&world.otto, inbox("sales")).await;
    assert!(Watch::begin(&world.otto, everything(), &from_list).await.is_ok(), "a list's token opens any filter");
    assert!(Watch::begin(&world.sam, everything(), &from_list).await.is_err(), "of the same viewer");
    assert!(Watch::begin(&world.otto, inbox_of("sales"), &token).await.is_ok());
    world.pass_seconds(24 * 3600 + 1);
    for token in [token, from_list] {
        let refused = Watch::begin(&world.otto, inbox_of("sales"), &token).await.map(drop).unwrap_err();
        assert_eq!(why(&refused), (Code::OutOfRange, "RESUME_TOKEN_EXPIRED"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_first_page_of_a_list_brings_a_token() {
    let world = World::new().await;
    for title in ["one", "two"] {
        world.sam.draft(title).await;
    }
    let request = ListHandoffsRequest { page_size: 1, ..inbox("sales") };
    let first = world.otto.list(request.clone()).await.unwrap();
    let second = world.otto.list(ListHandoffsRequest { page_token: first.next_page_token, ..request }).await.unwrap();
    assert_eq!((first.resume_token.is_empty(), second.resume_token.as_str()), (false, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_malformed_part_of_a_filter_is_named_at_once() {
    let world = World::empty().await;
    let filter = WatchFilter {
        inbox_of: "No Slug".into(),
        route_id: "-".into(),
        states: vec![99],
        handoff_ids: vec!["7".into()],
        owner: "x".repeat(201),
        ..everything()
    };
    let refused = Watch::begin(&world.otto, filter, &"x".repeat(513)).await.map(drop).unwrap_err();
    assert_eq!(refused.code, Code::InvalidArgument);
    let named = ["resume_token", "filter.inbox_of", "filter.route_id", "filter.states[0]", "filter.handoff_ids[0]"];
    assert_eq!(refused.fields, [&named[..], &["filter.owner"]].concat());
    let side = WatchFilter { side: Side::Upstream.into(), ..everything() };
    let refused = Watch::begin(&world.otto, side, "").await.map(drop).unwrap_err();
    assert_eq!(refused.fields, ["filter.side"]);
    let ids = (0..101).map(|_| testkit::request_id()).collect();
    let refused = Watch::begin(&world.otto, WatchFilter { handoff_ids: ids, ..everything() }, "").await;
    assert_eq!(why(&refused.map(drop).unwrap_err()), (Code::InvalidArgument, "TOO_LARGE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confidential_handoff_is_told_to_its_teams_and_to_nobody_else() {
    let world = World::new().await;
    let filters = || [everything(), WatchFilter { team: "sales".into(), ..everything() }, inbox_of("implementation")];
    let mut outside = vec![];
    for filter in filters() {
        outside.push(watch(&world.otto, filter, "").await);
    }
    let mut inside = watch(&world.ines, everything(), "").await;
    let secret = pb::CreateHandoffRequest { confidential: true, ..create(ROUTE, "secret") };
    let draft = world.sam.create(secret).await.unwrap().0;
    let submitted = world.sam.submit(on(&draft)).await.unwrap();
    world.ivan.accept(on(&submitted)).await.unwrap();
    world.sam.submitted("open").await;
    while !inside.line().await.starts_with("secret ACCEPTED") {}
    for mut watched in outside {
        loop {
            match watched.told().await {
                What::Changed(changed) => {
                    let line = changed.line.unwrap();
                    assert_eq!(line.title, "open");
                    if line.state() == HandoffState::Submitted {
                        break;
                    }
                }
                What::Gone(id) => assert_ne!(id, draft.id, "not even that it is there"),
                What::Bookmark(_) => {}
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_that_is_hidden_is_gone_for_outsiders_once_and_comes_back_when_it_is_shown() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let mut outside = watch(&world.otto, everything(), "").await;
    let mut inside = watch(&world.ines, everything(), "").await;
    for watched in [&mut outside, &mut inside] {
        watched.next().await.unwrap();
    }
    let hidden = world.ivan.set_confidential(on(&submitted)).await.unwrap();
    world.sam.comment(on(&hidden)).await.unwrap();
    let asked = world.ivan.ask(on(&hidden)).await.unwrap();
    world.sam.draft("Beta").await;
    assert_eq!(outside.line().await, "gone");
    assert_eq!(outside.line().await, "Beta DRAFT: handoff_created", "and nothing of Acme between");
    let mut facts = vec![];
    while facts.len() < 3 {
        facts.extend(inside.line().await.split_once(": ").unwrap().1.split(' ').map(str::to_owned));
    }
    assert_eq!(facts, ["confidentiality_changed", "comment_added", "question_asked"]);

    let show = pb::SetConfidentialRequest { confidential: false, ..on(&asked) };
    world.anna.set_confidential(show).await.unwrap();
    assert_eq!(outside.line().await, "Acme SUBMITTED: confidentiality_changed", "from here on again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_watches_at_once_and_does_not_wait_for_them() {
    let world = World::new().await;
    let mut config = world.service.setting.config::<HandoffService>(handoff::config::Config {
        token_file: "unused".into(),
        sla_url: String::new(),
        ..Default::default()
    });
    config.grpc.drain_seconds = 20;
    let other = world.service.setting.serve_as::<HandoffService>(config).await;
    let otto = Person::new(&other, People::Otto);
    let mut watches = vec![];
    for _ in 0..20 {
        let mut watched = watch(&otto, everything(), "").await;
        watched.next().await.unwrap();
        watches.push(watched);
    }
    let began_at = Instant::now();
    let stopping = tokio::spawn(other.stop());
    for mut watched in watches {
        let ended = watched.ended().await;
        assert_eq!(why(&ended), (Code::Unavailable, "STOPPING"));
        let resumed = Watch::begin(&world.otto, everything(), &ended.metadata["resume_token"]).await;
        assert!(resumed.is_ok(), "it goes on elsewhere");
    }
    drop(otto);
    stopping.await.unwrap();
    assert!(began_at.elapsed() < Duration::from_secs(10), "well before the drain time is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_ends_at_the_callers_deadline_and_when_its_bearer_token_does() {
    let world = World::new().await;
    let begin = |seconds| {
        let mut request = Request::new(WatchHandoffsRequest::default());
        request.set_timeout(Duration::from_secs(seconds));
        request
    };
    let mut watched = Watch::ask(&world.otto, begin(1)).await.unwrap();
    let ended = watched.ended().await;
    assert_eq!(ended.code, Code::DeadlineExceeded, "{ended:?}");

    // A token is taken for a minute past its end; this one ends in two seconds.
    let claims = People::Otto.claims();
    let claims = claims.clone().valid(claims.nbf - 120, claims.nbf - 58);
    let bearer = Bearer::token(&world.service.setting.issuer().token(&claims));
    let brief = Person::calling(world.service.caller_with(bearer));
    let mut watched = watch(&brief, everything(), "").await;
    let ended = watched.ended().await;
    assert_eq!(why(&ended), (Code::Unauthenticated, "TOKEN_EXPIRED"));
    let token = &ended.metadata["resume_token"];
    assert!(Watch::begin(&world.otto, everything(), token).await.is_ok(), "the same viewer with a new token goes on");
}
