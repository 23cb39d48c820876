//! The same again: by request id, and by the same actor doing what is already done.

use api::handoff::v1 as pb;
use pb::{AcceptHandoffRequest, CreateHandoffRequest, RejectHandoffRequest};
use prost::Message;
use tonic::Code;

use crate::{
    requests::{create, on, terms},
    words::why,
    world::{ROUTE, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_again_gets_the_same_bytes_and_makes_no_second_fact() {
    let world = World::new().await;
    let request = create(ROUTE, "Acme");
    let mut sam = world.sam.handoffs.clone();
    let first = sam.create_handoff(request.clone()).await.unwrap().into_inner();
    let draft = first.handoff.clone().unwrap();
    let submit: pb::SubmitHandoffRequest = on(&draft);
    let submitted = world.sam.submit(submit.clone()).await.unwrap();
    let accept: AcceptHandoffRequest = on(&submitted);
    let accepted = world.ivan.accept(accept.clone()).await.unwrap();
    world.ivan.begin(on(&accepted)).await.unwrap();
    world.pass_seconds(60);

    let again = sam.create_handoff(request).await.unwrap().into_inner();
    assert_eq!(again.encode_to_vec(), first.encode_to_vec(), "as it was then, and `created`");
    assert_eq!(world.sam.submit(submit).await.unwrap(), submitted);
    assert_eq!(world.ivan.accept(accept).await.unwrap(), accepted, "though it has moved on");
    let facts = ["handoff_created", "handoff_submitted", "handoff_accepted", "handoff_begun"];
    assert_eq!(world.sam.facts(&draft).await, facts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_is_for_one_request() {
    let world = World::new().await;
    let request = create(ROUTE, "Acme");
    world.sam.create(request.clone()).await.unwrap();
    let other = CreateHandoffRequest { title: "Bold".into(), ..request.clone() };
    let refused = world.sam.create(other).await.unwrap_err();
    assert_eq!(why(&refused), (Code::InvalidArgument, "REQUEST_ID_REUSED"));
    assert!(world.anna.create(request.clone()).await.unwrap().1, "another principal's ids are its own");
    let draft = world.sam.draft("Bold").await;
    let submit = pb::SubmitHandoffRequest { request_id: request.request_id, ..on(&draft) };
    world.sam.submit(submit).await.expect("and so are another method's");

    let stricter = pb::SetTermsRequest { read_back: pb::ReadBack::Required.into(), ..terms("", 0) };
    world.set_terms(stricter.clone()).await;
    let looser = pb::SetTermsRequest { request_id: stricter.request_id, ..terms("", 0) };
    assert_eq!(world.ada.set_terms(looser).await.unwrap_err().reason, "REQUEST_ID_REUSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_not_kept() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let accept = AcceptHandoffRequest { attempt: 1, ..on(&draft) };
    assert_eq!(world.ivan.accept(accept.clone()).await.unwrap_err().reason, "WRONG_STATE");
    world.sam.submit(on(&draft)).await.unwrap();
    world.ivan.accept(accept).await.expect("the same request goes through by now");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_eight_times_at_once_takes_effect_once() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let submit: pb::SubmitHandoffRequest = on(&draft);
    let calls = (0..8).map(|_| {
        let (sam, submit) = (world.sam.clone(), submit.clone());
        tokio::spawn(async move { sam.submit(submit).await.unwrap() })
    });
    let mut answers = vec![];
    for call in calls.collect::<Vec<_>>() {
        answers.push(call.await.unwrap());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(world.sam.facts(&draft).await, ["handoff_created", "handoff_submitted"]);
}

/// What the same actor has already done for the same attempt is answered, and adds no fact.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_already_done_is_answered_to_whoever_did_it() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let submitted = world.sam.submit(on(&draft)).await.unwrap();
    assert_eq!(world.sam.submit(on(&submitted)).await.unwrap(), submitted);
    assert_eq!(world.anna.submit(on(&submitted)).await.unwrap_err().reason, "WRONG_STATE", "she has not done it");

    let rejected = world.ivan.reject(on(&submitted)).await.unwrap();
    let again = RejectHandoffRequest { reasons: vec![crate::requests::because("another reason")], ..on(&rejected) };
    assert_eq!(world.ivan.reject(again).await.unwrap(), rejected);
    let submitted = world.sam.submit(on(&rejected)).await.unwrap();
    let accepted = world.ivan.accept(on(&submitted)).await.unwrap();
    assert_eq!(world.ivan.accept(on(&accepted)).await.unwrap(), accepted);
    assert_eq!(world.ines.accept(on(&accepted)).await.unwrap_err().reason, "WRONG_STATE");
    let other = AcceptHandoffRequest { attempt: 1, ..on(&accepted) };
    assert_eq!(world.ivan.accept(other).await.unwrap_err().reason, "WRONG_STATE", "that was another attempt");
    let begun = world.ivan.begin(on(&accepted)).await.unwrap();
    assert_eq!(world.ivan.begin(on(&begun)).await.unwrap(), begun);
    let completed = world.ivan.complete(on(&begun)).await.unwrap();
    assert_eq!(world.ivan.complete(on(&completed)).await.unwrap(), completed);
    let reopened = world.sam.reopen(on(&completed)).await.unwrap();
    assert_eq!(world.sam.reopen(on(&reopened)).await.unwrap(), reopened);
    let returned = world.ivan.give_back(on(&reopened)).await.unwrap();
    assert_eq!(world.ivan.give_back(on(&returned)).await.unwrap(), returned);
    let cancelled = world.sam.cancel(on(&returned)).await.unwrap();
    assert_eq!(world.sam.cancel(on(&cancelled)).await.unwrap(), cancelled);
    let revision = i64::try_from(world.sam.facts(&cancelled).await.len()).unwrap();
    assert_eq!((revision, cancelled.revision), (10, 10));
}
