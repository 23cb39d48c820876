//! Whoever has to act is told, and whoever acted is told what became of it: once.

use api::notify::v1::{Chat, Place, Selection, place::Place as In, recipient::Recipient as Who};
use serde_json::json;

use crate::{
    person::{events, team, webhook},
    receiver::{Answer, Receiver},
    world::{ROUTE, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn each_side_is_told_when_it_is_its_turn_and_what_became_of_what_it_did() {
    let world = World::new().await;
    let (upstream, downstream) = (Receiver::start().await, Receiver::start().await);
    world.anna.subscribe_to(team("sales"), Selection::default(), webhook(&upstream.url())).await;
    world.ivan.subscribe_to(team("implementation"), Selection::default(), webhook(&downstream.url())).await;

    let handoff = world.sam.submitted("Acme").await;
    let handoff = world.ines.ask(&handoff).await;
    let handoff = world.sam.answer(&handoff).await;
    let handoff = world.ines.reject(&handoff).await;
    let handoff = world.sam.submit(&handoff).await;
    let handoff = world.ines.accept(&handoff).await;
    let handoff = world.ines.begin(&handoff).await;
    world.ines.give_back(&handoff).await;
    let other = world.sam.submitted("Bolt").await;
    let other = world.sam.recall(&other).await;
    let other = world.sam.submit(&other).await;
    let other = world.ines.accept(&other).await;
    let other = world.ines.begin(&other).await;
    world.ines.complete(&other).await;
    world.settled().await;

    let told = |receiver: &Receiver| {
        let mut told = receiver.events();
        told.sort();
        told
    };
    assert_eq!(
        told(&upstream),
        [
            "handoff_accepted",
            "handoff_accepted",
            "handoff_completed",
            "handoff_rejected",
            "handoff_returned",
            "question_asked",
        ]
    );
    assert_eq!(
        told(&downstream),
        [
            "handoff_recalled",
            "handoff_submitted",
            "handoff_submitted",
            "handoff_submitted",
            "handoff_submitted",
            "question_answered",
        ]
    );
    let event = upstream.got().iter().find(|got| got.event() == "handoff_rejected").unwrap().json();
    assert_eq!(event["specversion"], json!("1.0"));
    assert_eq!(event["type"], json!("baton.handoff.v1.handoff_rejected"));
    assert_eq!(event["source"], json!("/baton/handoff/v1"));
    assert_eq!(event["subject"], json!(format!("handoff/{}", handoff.id)));
    assert_eq!(event["data"]["handoff"]["title"], json!("Acme"));
    assert_eq!(event["data"]["handoff_rejected"]["reasons"][0]["text"], json!("it is not ready"));
    assert_eq!(upstream.got()[0].headers["content-type"], "application/cloudevents+json");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_is_told_else_the_leads_and_nobody_of_what_they_did_themselves() {
    let world = World::new().await;
    let (ivan, ines, sam) = (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    world.ivan.subscribe(webhook(&ivan.url())).await;
    world.ines.subscribe(webhook(&ines.url())).await;
    let of_sam = world.sam.subscribe(webhook(&sam.url())).await;

    let handoff = world.sam.submitted("Acme").await;
    let handoff = world.ines.accept(&handoff).await;
    world.settled().await;
    assert_eq!(ivan.events(), ["handoff_submitted"], "nobody owned the side: its lead");
    assert_eq!(sam.events(), ["handoff_accepted"], "the owner of upstream");
    assert!(ines.events().is_empty(), "she owns downstream since she accepted, which she did herself");

    let handoff = world.ines.begin(&handoff).await;
    world.sam.ask(&handoff).await;
    world.settled().await;
    assert_eq!(ines.events(), ["question_asked"]);
    assert_eq!(ivan.events(), ["handoff_submitted"]);
    let [delivery] = &world.sam.deliveries_of(&of_sam.id).await[..] else { panic!("one delivery") };
    assert_eq!(delivery.notifications[0].headline, "Acme (sales to implementation): accepted by ines");
    assert_eq!(delivery.attempts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_names_facts_teams_a_side_or_a_condition_is_told_just_those() {
    let world = World::new().await;
    let receivers = [(); 5].map(|()| Receiver::start());
    let [system, urgent, other_team, as_upstream, begun] =
        futures::future::join_all(receivers).await.try_into().unwrap();
    let subscribe = async |who: Who, what: Selection, receiver: &Receiver| {
        world.ada.subscribe_to(who, what, webhook(&receiver.url())).await
    };
    let service = || Who::Service("desk".into());
    subscribe(service(), events(&["handoff_submitted", "handoff_created"]), &system).await;
    let what = Selection { filter: "priority == \"URGENT\"".into(), ..events(&["handoff_submitted"]) };
    subscribe(service(), what, &urgent).await;
    subscribe(service(), Selection { teams: vec!["legal".into()], ..events(&["handoff_submitted"]) }, &other_team)
        .await;
    let what =
        Selection { side: api::r#type::v1::Side::Upstream.into(), ..events(&["handoff_begun", "handoff_submitted"]) };
    subscribe(team("implementation"), what, &as_upstream).await;
    subscribe(team("sales"), events(&["baton.handoff.v1.handoff_begun"]), &begun).await;

    let handoff = world.sam.submitted("Acme").await;
    let handoff = world.ines.accept(&handoff).await;
    world.ines.begin(&handoff).await;
    world.settled().await;
    let mut heard = system.events();
    heard.sort();
    assert_eq!(heard, ["handoff_created", "handoff_submitted"]);
    assert!(urgent.events().is_empty() && other_team.events().is_empty() && as_upstream.events().is_empty());
    assert_eq!(begun.events(), ["handoff_begun"], "asked for, though it is addressed to nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_confidential_handoff_nothing_is_told_but_that_it_is_there() {
    let world = World::new().await;
    let (mail, _folder) = World::mail();
    let world = {
        let (url, from) = (mail.url().into(), "Baton <baton@example.com>".to_owned());
        drop(world);
        World::with(|config| {
            config.smtp_url = url;
            config.smtp_from = from;
            config.open_handoff = "https://baton.example/handoffs/{id}".into();
        })
        .await
    };
    let receiver = Receiver::start().await;
    world.ivan.subscribe(webhook(&receiver.url())).await;
    world.ivan.subscribe(crate::person::email("ivan@example.com")).await;
    let draft = world.anna.draft("The merger").await;
    let hidden = world.anna.hide(&draft).await;
    world.anna.submit(&hidden).await;
    world.settled().await;
    let got = receiver.has(1).await;
    assert_eq!(got[0].json()["data"], json!({ "handoff_id": hidden.id }));
    let letters = testkit::eventually("the letter", async || Some(mail.letters()).filter(|it| !it.is_empty())).await;
    let letter = &letters[0];
    assert!(letter.contains("A confidential handoff needs you"), "{letter}");
    assert!(letter.contains(&format!("https://baton.example/handoffs/{}", hidden.id)), "{letter}");
    for secret in ["merger", "sales", "implementation", ROUTE] {
        assert!(!letter.contains(secret) && !got[0].body.contains(secret), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_to_be_told_of_a_handoff_that_is_hidden_since_is_told_without_its_words() {
    let world = World::new().await;
    let receiver = Receiver::answering(Answer::Status(503)).await;
    let subscribed = world.ivan.subscribe(webhook(&receiver.url())).await;
    let handoff = world.anna.submitted("The merger").await;
    world.settled().await;
    assert!(receiver.has(1).await[0].body.contains("merger"), "it was no secret then");
    let hidden = world.anna.hide(&handoff).await;
    world.heard().await;
    receiver.answers(Answer::Status(204));
    world.pass(60).await;
    let got = receiver.has(2).await;
    assert_eq!(got[1].json()["data"], json!({ "handoff_id": hidden.id }));
    let delivery = world.ivan.deliveries_of(&subscribed.id).await.remove(0);
    assert_eq!(delivery.notifications[0].headline, "A confidential handoff needs you: open it here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_is_told_in_its_own_form_without_markup_of_others() {
    let world = World::new().await;
    let receiver = Receiver::start().await;
    let place = Some(Place { place: Some(In::Chat(Chat { url: receiver.url() })) });
    world.ivan.subscribe(place).await;
    let handoff = world.sam.submitted("Acme <!channel> & sons").await;
    let got = receiver.has(1).await;
    let text = "Acme &lt;!channel&gt; &amp; sons (sales to implementation): handed over by sam, attempt 1";
    let command = format!("`baton handoff show {}`", handoff.id);
    assert_eq!(got[0].json(), json!({ "text": format!("{text}\n{command}") }));
    assert_eq!(got[0].headers["content-type"], "application/json");
    assert!(!got[0].headers.contains_key("webhook-signature"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_before_somebody_subscribed_and_history_is_told_to_nobody() {
    let world = World::new().await;
    world.sam.submitted("before").await;
    world.heard().await;
    world.pass(60).await;
    let receiver = Receiver::start().await;
    world.ivan.subscribe(webhook(&receiver.url())).await;
    let event = |kind: api::handoff::v1::HistoricEventKind, seconds: i64| api::handoff::v1::HistoricEvent {
        kind: kind.into(),
        at: Some(api::timestamp(world.now().plus_seconds(seconds - 600))),
        actor: "fred".into(),
        ..Default::default()
    };
    let record = api::handoff::v1::HistoricHandoff {
        origin: Some(api::handoff::v1::Origin { system: "old".into(), key: "1".into() }),
        from_team: "sales".into(),
        to_team: "implementation".into(),
        title: "long ago".into(),
        events: vec![event(api::handoff::v1::HistoricEventKind::Submitted, 0)],
        ..Default::default()
    };
    let request = api::handoff::v1::ImportHandoffsRequest { record: Some(record) };
    world.ada.handoffs.clone().import_handoffs(tokio_stream::iter([request])).await.unwrap();
    world.pass(60).await;
    world.sam.submitted("after").await;
    world.settled().await;
    let told = receiver.has(1).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].json()["data"]["handoff"]["title"], json!("after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_is_told_to_the_person_who_is_asked_and_to_nobody_else() {
    let world = World::new().await;
    let (sam, sales, system) = (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    world.sam.subscribe(webhook(&sam.url())).await;
    world.anna.subscribe_to(team("sales"), events(&["survey_invited"]), webhook(&sales.url())).await;
    let what = events(&["survey_invited"]);
    world.ada.subscribe_to(Who::Service("sam".into()), what, webhook(&system.url())).await;
    let handoff = world.sam.submitted("Acme").await;
    let handoff = world.ines.accept(&handoff).await;
    let handoff = world.ines.begin(&handoff).await;
    world.ines.complete(&handoff).await;
    world.settled().await;
    let told = sam.got();
    let [invited] = &told.iter().filter(|got| got.event() == "survey_invited").collect::<Vec<_>>()[..] else {
        panic!("one invitation: {:?}", sam.events())
    };
    let invitation = &invited.json()["data"]["survey_invited"]["invitation"];
    assert_eq!(invitation["person"], json!("sam"));
    assert!(invitation["link_token"].as_str().is_some_and(|token| !token.is_empty()));
    assert!(sales.got().is_empty() && system.got().is_empty());
}
