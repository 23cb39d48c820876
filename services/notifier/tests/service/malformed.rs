//! Bad input: everything that is wrong with it, said at once.

use api::notify::v1::{
    self as notify, Digest, QuietHours, Selection, Subscription, place::Place as In, recipient::Recipient as Who,
};

use crate::{
    person::{email, events, team, webhook},
    world::World,
};

fn wish(who: Option<Who>) -> notify::CreateSubscriptionRequest {
    notify::CreateSubscriptionRequest {
        who: Some(notify::Recipient { recipient: who }),
        r#where: webhook("http://127.0.0.1:9/"),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_is_refused_with_all_that_is_wrong_with_it() {
    let world = World::new().await;
    let ivan = || Some(Who::Person("ivan".into()));
    let hours = |time_zone: &str, start: &str, end: &str| {
        Some(QuietHours { time_zone: time_zone.into(), start: start.into(), end: end.into(), weekends: false })
    };
    let what = Selection {
        events: vec!["handoff_submitted".into(), "no_such_fact".into()],
        teams: vec!["No Slug".into()],
        side: 9,
        filter: "colour == \"red\"".into(),
    };
    let all_wrong = notify::CreateSubscriptionRequest {
        what: Some(what),
        r#where: email("no mailbox"),
        quiet_hours: hours("Mars/Olympus", "22:00", "07:00"),
        digest: Some(Digest { time_zone: "Europe/London".into(), at: vec!["25:00".into()] }),
        ..wish(None)
    };
    let refused = world.ivan.try_subscribe(all_wrong).await.unwrap_err();
    let fields = [
        "who",
        "what.events[1]",
        "what.teams[0]",
        "what.side",
        "what.filter",
        "where.email.address",
        "quiet_hours.time_zone",
        "digest.at[0]",
    ];
    assert_eq!(refused.fields, fields);
    let fields =
        async |wish: notify::CreateSubscriptionRequest| world.ivan.try_subscribe(wish).await.unwrap_err().fields;
    let quiet = |start: &str, end: &str| notify::CreateSubscriptionRequest {
        quiet_hours: hours("Europe/London", start, end),
        ..wish(ivan())
    };
    assert_eq!(fields(quiet("22", "7:00")).await, ["quiet_hours.start", "quiet_hours.end"]);
    assert_eq!(fields(quiet("07:00", "07:00")).await, ["quiet_hours"], "no time is left");
    let no_time = Some(Digest { time_zone: "Europe/London".into(), at: vec![] });
    assert_eq!(fields(notify::CreateSubscriptionRequest { digest: no_time, ..wish(ivan()) }).await, ["digest.at"]);
    for url in ["", "ftp://example.com", "https://user:pw@example.com/", "nonsense"] {
        let place = notify::CreateSubscriptionRequest { r#where: webhook(url), ..wish(ivan()) };
        assert_eq!(fields(place).await, ["where.webhook.url"], "{url}");
    }
    let chat = Some(notify::Place { place: Some(In::Chat(notify::Chat { url: "https://10.0.0.1/T1".into() })) });
    assert_eq!(fields(notify::CreateSubscriptionRequest { r#where: chat, ..wish(ivan()) }).await, ["where.chat.url"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_together_is_refused_by_name() {
    let world = World::new().await;
    let desk = || Some(Who::Service("desk".into()));
    let reason =
        async |wish: notify::CreateSubscriptionRequest| world.desk.try_subscribe(wish).await.unwrap_err().reason;
    assert_eq!(reason(wish(desk())).await, "EVENTS_REQUIRED");
    let side = Selection { side: 1, ..events(&["breached"]) };
    assert_eq!(reason(notify::CreateSubscriptionRequest { what: Some(side), ..wish(desk()) }).await, "SIDE_OF_SERVICE");
    let digest = Some(Digest { time_zone: "Europe/London".into(), at: vec!["09:00".into()] });
    let what = Some(events(&["breached"]));
    let collected = notify::CreateSubscriptionRequest { digest, what: what.clone(), ..wish(desk()) };
    assert_eq!(reason(collected).await, "DIGEST_OF_WEBHOOK");
    let letter = notify::CreateSubscriptionRequest { r#where: email("desk@example.com"), what, ..wish(desk()) };
    assert_eq!(reason(letter).await, "NO_EMAIL");
    let chat = Some(notify::Place { place: Some(In::Chat(notify::Chat { url: "http://127.0.0.1:9/secret".into() })) });
    let subscribed = world.ivan.subscribe(chat).await;
    let Some(In::Chat(shown)) = subscribed.r#where.unwrap().place else { panic!("a chat") };
    assert_eq!(shown.url, "http://127.0.0.1:9/…", "who knows it all may write there");
    let rotate = notify::RotateKeyRequest {
        request_id: testkit::request_id(),
        subscription_id: subscribed.id.clone(),
        ..Default::default()
    };
    let refused = crate::person::hear(world.ivan.subscriptions.clone().rotate_key(rotate).await).unwrap_err();
    assert_eq!(refused.reason, "NO_KEYS");
    let refused = world.ivan.update(&subscribed.id, Subscription::default(), &["who", "state"]).await.unwrap_err();
    assert_eq!(refused.fields, ["update_mask", "subscription.state"]);
    assert_eq!(
        world.ivan.update(&subscribed.id, Subscription::default(), &[]).await.unwrap_err().fields,
        ["update_mask"]
    );
    let of_team = notify::CreateSubscriptionRequest { ..wish(Some(team("implementation"))) };
    assert_eq!(world.ines.try_subscribe(of_team).await.unwrap_err().reason, "NOT_YOURS");
}
