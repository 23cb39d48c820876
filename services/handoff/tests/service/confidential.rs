//! A confidential handoff is known to its two teams and to administrators alone, and nobody reads its words in an event.

use api::{handoff::v1 as pb, r#type::v1::Tick};
use pb::{AcceptHandoffRequest, CreateHandoffRequest, ListHandoffsRequest};
use tonic::Code;

use crate::{
    requests::{answers, because, create, create_for, good_answers, inbox, mask, on, ticked},
    words::why,
    world::{ROUTE, World},
};

/// In every text that anybody writes below.
const SECRET: &str = "Verdigris";

async fn secret(world: &World) -> pb::Handoff {
    let secret = CreateHandoffRequest { confidential: true, title: SECRET.into(), ..create_for("D-1") };
    world.sam.create(secret).await.unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn outsiders_do_not_find_it_whatever_they_try() {
    let world = World::new().await;
    let draft = secret(&world).await;
    let submitted = world.sam.submit(on(&draft)).await.unwrap();
    for outsider in [&world.otto, &world.importer] {
        let heard = [
            outsider.get(&draft.id).await.unwrap_err(),
            outsider.timeline(&draft.id).await.unwrap_err(),
            outsider.evaluate(&draft.id).await.unwrap_err(),
            outsider
                .update(pb::UpdateHandoffRequest { update_mask: mask(&["links"]), ..on(&draft) })
                .await
                .unwrap_err(),
            outsider.tick(ticked(&draft, "customer_told", "")).await.unwrap_err(),
            outsider.submit(on(&draft)).await.unwrap_err(),
            outsider.accept(on(&submitted)).await.unwrap_err(),
            outsider.reject(on(&submitted)).await.unwrap_err(),
            outsider.begin(on(&submitted)).await.unwrap_err(),
            outsider.complete(on(&submitted)).await.unwrap_err(),
            outsider.give_back(on(&submitted)).await.unwrap_err(),
            outsider.reopen(on(&submitted)).await.unwrap_err(),
            outsider.cancel(on(&submitted)).await.unwrap_err(),
            outsider
                .complete_action(pb::CompleteActionRequest { action_id: draft.id.clone(), ..on(&draft) })
                .await
                .unwrap_err(),
        ];
        for refused in heard {
            assert_eq!(why(&refused), (Code::NotFound, "NOT_FOUND"));
        }
        let follows = CreateHandoffRequest { follows: draft.id.clone(), ..create(ROUTE, "the next") };
        assert_eq!(why(&outsider.create(follows).await.unwrap_err()), (Code::NotFound, "NOT_FOUND"));
        let same_record = outsider.create(create_for("D-1")).await.unwrap_err();
        assert_eq!(why(&same_record), (Code::AlreadyExists, "ORIGIN_TAKEN"), "nor by its outside record");
        assert!(!same_record.message.contains(&draft.id), "{}", same_record.message);
        for list in lists() {
            assert_eq!(outsider.titles(list).await, [""; 0]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_teams_and_administrators_see_it_whole() {
    let world = World::new().await;
    let draft = secret(&world).await;
    let submitted = world.sam.submit(on(&draft)).await.unwrap();
    for insider in [&world.sam, &world.ines, &world.bo, &world.crm, &world.ada] {
        assert_eq!(insider.get(&draft.id).await.unwrap(), submitted);
        assert_eq!(insider.facts(&draft).await, ["handoff_created", "handoff_submitted"]);
        for list in lists() {
            assert_eq!(insider.titles(list).await, [SECRET]);
        }
    }
}

/// Every way in which a list could show it, once it is submitted.
fn lists() -> [ListHandoffsRequest; 6] {
    let of = |team: &str| ListHandoffsRequest { team: team.into(), ..Default::default() };
    [
        ListHandoffsRequest::default(),
        of("sales"),
        of("implementation"),
        inbox("implementation"),
        ListHandoffsRequest { route_id: ROUTE.into(), order: pb::HandoffOrder::Newest.into(), ..Default::default() },
        ListHandoffsRequest { origin: crate::requests::origin("D-1"), ..Default::default() },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fact_of_it_carries_a_word_that_anybody_wrote() {
    let world = World::with_template().await;
    let link = pb::Link { url: format!("https://{SECRET}.example.com"), r#type: "deal".into(), ..link() };
    let summary = pb::Summary { situation: SECRET.into(), ..Default::default() };
    let request = CreateHandoffRequest {
        confidential: true,
        summary: Some(summary.clone()),
        links: vec![link],
        fields: good_answers().into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        ..create(ROUTE, SECRET)
    };
    let draft = world.sam.create(request).await.unwrap().0;
    let long = format!("{SECRET} needs all of it by the end of September");
    world.sam.update(answers(&draft, &[("timeline", crate::requests::text(&long))])).await.unwrap();
    world.sam.tick(ticked(&draft, "customer_told", SECRET)).await.unwrap();
    let reason = Tick { state: 3, evidence: String::new(), reason: SECRET.into() };
    let tick = pb::TickItemRequest { item: "scope_fits_product".into(), tick: Some(reason), ..on(&draft) };
    world.sam.tick(tick).await.unwrap();
    let submitted = world.sam.submit(on(&draft)).await.unwrap();
    let reject = pb::RejectHandoffRequest { reasons: vec![because(SECRET)], ..on(&submitted) };
    let rejected = world.ivan.reject(reject).await.unwrap();
    let submitted = world.sam.submit(on(&rejected)).await.unwrap();
    let condition = pb::Condition { text: SECRET.into(), due_at: world.after(60), owner: "sam".into() };
    let accept = AcceptHandoffRequest {
        read_back: SECRET.into(),
        conditions: vec![condition],
        override_reason: SECRET.into(),
        ..on(&submitted)
    };
    let accepted = world.ada.accept(accept).await.unwrap();
    let action_id = accepted.actions[0].id.clone();
    world.sam.complete_action(pb::CompleteActionRequest { action_id, ..on(&accepted) }).await.unwrap();
    let give_back = pb::ReturnHandoffRequest { reasons: vec![because(SECRET)], ..on(&accepted) };
    let returned = world.ivan.give_back(give_back).await.unwrap();
    let cancelled =
        world.sam.cancel(pb::CancelHandoffRequest { reason: SECRET.into(), ..on(&returned) }).await.unwrap();
    assert_eq!(
        (cancelled.title.as_str(), &cancelled.actions[0].text[..]),
        (SECRET, SECRET),
        "its teams read all of it"
    );

    let has_secret = |bytes: &[u8]| bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
    let said = world.said_of(&draft).await;
    assert_eq!(said.len(), 12);
    for fact in said {
        assert!(!has_secret(&fact.payload), "{} says it", fact.subject);
        assert!(!has_secret(format!("{:?}", fact.headers).as_bytes()), "{} says it", fact.subject);
    }
    for entry in world.sam.timeline(&draft.id).await.unwrap() {
        let context = entry.event.unwrap().handoff.unwrap();
        assert!(context.confidential && context.title == SECRET && context.revision == entry.sequence, "its teams do");
    }
}

fn link() -> pb::Link {
    pb::Link { system: "crm".into(), r#type: String::new(), key: "D-1".into(), url: String::new() }
}
