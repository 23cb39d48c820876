//! Commands that race on one handoff: the first commit wins, and the others learn the state.

use api::handoff::v1 as pb;
use futures::{StreamExt, stream};
use pb::{HistoricEventKind as Kind, ListHandoffsRequest};
use testkit::Refusal;

use crate::{
    history::record,
    person::Person,
    requests::{mask, on},
    words::{outcome, why},
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_accept_at_once_one_has_accepted_and_the_other_learns_it() {
    let world = World::new().await;
    for round in 0..25 {
        let submitted = world.sam.submitted(&format!("round {round}")).await;
        let (ivan, ines) = tokio::join!(world.ivan.accept(on(&submitted)), world.ines.accept(on(&submitted)));
        let (accepted, refused) = match (ivan, ines) {
            (Ok(accepted), Err(refused)) | (Err(refused), Ok(accepted)) => (accepted, refused),
            both => panic!("{both:?}"),
        };
        assert_eq!(why(&refused), (tonic::Code::FailedPrecondition, "WRONG_STATE"));
        assert_eq!(refused.metadata["state"], "ACCEPTED");
        assert_eq!(refused.metadata["revision"], accepted.revision.to_string());
        let facts = world.sam.facts(&accepted).await;
        assert_eq!(facts, ["handoff_created", "handoff_submitted", "handoff_accepted"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_accept_at_once_one_has_accepted() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let calls = (0..16).map(|number| {
        let who = if number % 2 == 0 { world.ivan.clone() } else { world.ines.clone() };
        let accept: pb::AcceptHandoffRequest = on(&submitted);
        tokio::spawn(async move { who.accept(accept).await })
    });
    let mut winners = vec![];
    for call in calls.collect::<Vec<_>>() {
        match call.await.unwrap() {
            Ok(accepted) => winners.push(accepted.downstream_owner),
            Err(refused) => assert_eq!(refused.reason, "WRONG_STATE"),
        }
    }
    winners.dedup();
    assert_eq!(winners.len(), 1, "whoever has accepted is answered at every try");
    assert_eq!(world.sam.facts(&submitted).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_that_race_are_all_kept_unless_their_callers_look_at_the_revision() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let links = |key: usize| {
        vec![pb::Link { system: "crm".into(), r#type: "deal".into(), key: key.to_string(), url: String::new() }]
    };
    let edit = |key, expected_revision| {
        let sam = world.sam.clone();
        let mask = mask(&["links"]);
        let edit = pb::UpdateHandoffRequest { update_mask: mask, links: links(key), expected_revision, ..on(&draft) };
        tokio::spawn(async move { sam.update(edit).await })
    };
    for call in (0..8).map(|key| edit(key, 0)).collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    let revision = world.sam.get(&draft.id).await.unwrap().revision;
    assert_eq!(revision, 9, "each is a fact of its own");
    let mut kept = 0;
    for call in (10..18).map(|key| edit(key, revision)).collect::<Vec<_>>() {
        match call.await.unwrap() {
            Ok(_) => kept += 1,
            Err(refused) => assert_eq!(why(&refused), (tonic::Code::Aborted, "REVISION_MISMATCH")),
        }
    }
    assert_eq!(kept, 1);
}

/// A command of somebody.
type Move = (&'static str, &'static str);

/// What both sides could do to a handoff at the same moment.
const MOVES: [Move; 10] = [
    ("sam", "submit"),
    ("sam", "cancel"),
    ("sam", "edit"),
    ("sam", "reopen"),
    ("ivan", "accept"),
    ("ines", "accept"),
    ("ines", "reject"),
    ("ivan", "begin"),
    ("ivan", "complete"),
    ("ines", "return"),
];

/// How a handoff came to where the race begins.
const STARTS: [&[Kind]; 4] = [
    &[Kind::Submitted],
    &[Kind::Submitted, Kind::Rejected],
    &[Kind::Submitted, Kind::Accepted],
    &[Kind::Submitted, Kind::Accepted, Kind::Began, Kind::Completed],
];

/// Every pair of moves is made three times, each on a handoff of its own: at once, in the one order, in the other.
#[tokio::test(flavor = "multi_thread")]
async fn two_commands_at_once_end_as_one_after_the_other() {
    let world = World::new().await;
    let pairs: Vec<_> =
        (1..MOVES.len()).flat_map(|other| (0..other).map(move |one| (MOVES[one], MOVES[other]))).collect();
    for (start, past) in STARTS.iter().enumerate() {
        let handoffs = imported(&world, start, past, 3 * pairs.len()).await;
        let races = pairs.iter().zip(handoffs.chunks_exact(3)).map(|(pair, handoffs)| race(&world, *pair, handoffs));
        let ends: Vec<_> = stream::iter(races).buffered(8).collect().await;
        for (pair, [at_once, one_first, other_first]) in pairs.iter().zip(ends) {
            let is_as_in_an_order = at_once == one_first || at_once == other_first;
            assert!(is_as_in_an_order, "{pair:?} {past:?}: {at_once:#?} {one_first:#?} {other_first:#?}");
        }
    }
}

/// How the pair ends at once, with the one first, with the other first.
async fn race(world: &World, (one, other): (Move, Move), handoffs: &[pb::Handoff]) -> [End; 3] {
    let [at_once, one_first, other_first] = handoffs else { panic!("three handoffs, not {}", handoffs.len()) };
    let answers = tokio::join!(make(world, one, at_once), make(world, other, at_once));
    let in_order = (make(world, one, one_first).await, make(world, other, one_first).await);
    let second = make(world, other, other_first).await;
    let reversed = (make(world, one, other_first).await, second);
    [end(world, at_once, answers).await, end(world, one_first, in_order).await, end(world, other_first, reversed).await]
}

/// So many handoffs with that past; all of it has just happened, so that what is completed can still come back.
async fn imported(world: &World, start: usize, past: &[Kind], count: usize) -> Vec<pb::Handoff> {
    let records = (0..count).map(|number| {
        let mut record = pb::HistoricHandoff { title: "Acme".into(), ..record(&format!("{start}/{number}"), past) };
        record.events.iter_mut().for_each(|event| event.at = world.after(0));
        record
    });
    let answer = world.importer.import(records.collect()).await.unwrap();
    assert_eq!((answer.created, answer.refusals), (i64::try_from(count).unwrap(), vec![]));
    let newest = ListHandoffsRequest { order: pb::HandoffOrder::Newest.into(), page_size: 1000, ..Default::default() };
    let mut lines = world.sam.list(newest).await.unwrap().handoffs;
    let origin = |line: &pb::HandoffLine| line.origin.clone().unwrap_or_default().key;
    lines.retain(|line| origin(line).starts_with(&format!("{start}/")));
    lines.into_iter().map(|line| pb::Handoff { id: line.id, attempt: line.attempt, ..Default::default() }).collect()
}

async fn make(world: &World, (who, what): Move, handoff: &pb::Handoff) -> Result<pb::Handoff, Refusal> {
    let person: &Person = match who {
        "sam" => &world.sam,
        "ivan" => &world.ivan,
        _ => &world.ines,
    };
    match what {
        "submit" => person.submit(on(handoff)).await,
        "cancel" => person.cancel(on(handoff)).await,
        "edit" => {
            let edit =
                pb::UpdateHandoffRequest { update_mask: mask(&["title"]), title: "edited".into(), ..on(handoff) };
            person.update(edit).await
        }
        "reopen" => person.reopen(on(handoff)).await,
        "accept" => person.accept(on(handoff)).await,
        "reject" => person.reject(on(handoff)).await,
        "begin" => person.begin(on(handoff)).await,
        "complete" => person.complete(on(handoff)).await,
        _ => person.give_back(on(handoff)).await,
    }
}

/// What each was answered, and how the handoff stands.
type End = (String, String, pb::Handoff);

async fn end(
    world: &World,
    handoff: &pb::Handoff,
    (one, other): (Result<pb::Handoff, Refusal>, Result<pb::Handoff, Refusal>),
) -> End {
    let stands = world.sam.get(&handoff.id).await.unwrap();
    (outcome(&one), outcome(&other), pb::Handoff { id: String::new(), origin: None, ..stands })
}
