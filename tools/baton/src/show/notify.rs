//! Subscriptions and deliveries, for people.

use api::{
    notify::v1::{
        Delivery, DeliveryState, ListDeliveriesResponse, ListSubscriptionsResponse, Place, Recipient, Selection,
        SigningKey, Subscription, SubscriptionState, place::Place as In, recipient::Recipient as Who,
    },
    r#type::v1::Side,
};
use comfy_table::Cell;

use super::{Screen, Tone, cut, more};
use crate::words::{self, Word as _};

const HEADLINE_CHARS: usize = 70;

/// Who is told what, where, a line each.
pub(crate) fn subscriptions(answer: &ListSubscriptionsResponse, screen: &Screen) -> String {
    let rows = answer.subscriptions.iter().map(|it| {
        [
            Cell::new(&it.id),
            Cell::new(who(it.who.as_ref())),
            Cell::new(what(it.what.as_ref())),
            Cell::new(place(it.r#where.as_ref())),
            state(it, screen),
        ]
    });
    screen.table(&["SUBSCRIPTION", "Who", "What", "Where", "State"], rows) + more(&answer.next_page_token)
}

/// A subscription; with the key that signs, where the answer shows one.
pub(crate) fn subscription(it: &Subscription, screen: &Screen) -> String {
    let quiet = it.quiet_hours.as_ref().map(|quiet| {
        let weekends = if quiet.weekends { ", and on weekends" } else { "" };
        format!("{} to {} ({}){weekends}", quiet.start, quiet.end, quiet.time_zone)
    });
    let digest = it.digest.as_ref().map(|digest| format!("at {} ({})", digest.at.join(", "), digest.time_zone));
    let is_enabled = it.state() == SubscriptionState::Enabled;
    let facts = screen.facts(&[
        ("who", who(it.who.as_ref())),
        ("what", what(it.what.as_ref())),
        ("where", place(it.r#where.as_ref())),
        ("quiet", quiet.unwrap_or_default()),
        ("digest", digest.unwrap_or_default()),
        ("disabled", if is_enabled { String::new() } else { reason(it) }),
        ("since", words::time(it.created_at.as_ref())),
        ("by", it.created_by.clone()),
    ]);
    format!("{}\n{facts}{}", screen.heading(&it.id), keys(it, screen))
}

fn reason(it: &Subscription) -> String {
    if it.disabled_reason.is_empty() { "yes".to_owned() } else { it.disabled_reason.clone() }
}

fn keys(it: &Subscription, screen: &Screen) -> String {
    let Some(In::Webhook(webhook)) = it.r#where.as_ref().and_then(|it| it.place.as_ref()) else { return String::new() };
    let line = |key: &SigningKey| {
        let secret = if key.secret.is_empty() { "(not shown again)" } else { &key.secret };
        let until = match &key.until {
            Some(until) => format!("until {}", words::time(Some(until))),
            None => "in force".to_owned(),
        };
        format!("  {secret}  {until}")
    };
    let lines: Vec<String> = webhook.keys.iter().map(line).collect();
    let is_shown = webhook.keys.iter().any(|key| !key.secret.is_empty());
    let hint = if is_shown { "\n  Keep the key: it is shown this once. It verifies `webhook-signature`." } else { "" };
    screen.section("Keys that sign", &(lines.join("\n") + hint))
}

fn who(who: Option<&Recipient>) -> String {
    match who.and_then(|it| it.recipient.as_ref()) {
        None => String::new(),
        Some(Who::Team(name)) => format!("team {name}"),
        Some(Who::Person(name)) => name.clone(),
        Some(Who::Service(name)) => format!("system {name}"),
    }
}

fn what(what: Option<&Selection>) -> String {
    let Some(what) = what else { return String::new() };
    let mut parts = vec![];
    parts.push(if what.events.is_empty() { "what is addressed to it".to_owned() } else { what.events.join(", ") });
    if !what.teams.is_empty() {
        parts.push(format!("of {}", what.teams.join(", ")));
    }
    if what.side() != Side::Unspecified {
        parts.push(format!("as {}", what.side().word().to_lowercase()));
    }
    if !what.filter.is_empty() {
        parts.push(format!("where {}", what.filter));
    }
    parts.join("; ")
}

fn place(place: Option<&Place>) -> String {
    match place.and_then(|it| it.place.as_ref()) {
        None => String::new(),
        Some(In::Webhook(it)) => format!("webhook {}", it.url),
        Some(In::Chat(it)) => format!("chat {}", it.url),
        Some(In::Email(it)) => it.address.clone(),
    }
}

fn state(it: &Subscription, screen: &Screen) -> Cell {
    match it.state() {
        SubscriptionState::Enabled => screen.cell(Tone::Good, "enabled"),
        SubscriptionState::Disabled => screen.cell(Tone::Bad, format!("disabled: {}", reason(it))),
        SubscriptionState::Unspecified => Cell::new(""),
    }
}

/// That it is over.
pub(crate) fn ended(given_up: i64) -> String {
    format!("ended; {} not sent any more", messages(given_up))
}

/// How many are on their way again.
pub(crate) fn redelivered(deliveries: i64) -> String {
    format!("{} on the way again", messages(deliveries))
}

fn messages(number: i64) -> String {
    words::count(number, "message")
}

/// What was sent, a line each.
pub(crate) fn deliveries(answer: &ListDeliveriesResponse, screen: &Screen) -> String {
    let rows = answer.deliveries.iter().map(|it| {
        [
            Cell::new(&it.id),
            Cell::new(words::time(it.created_at.as_ref())),
            Cell::new(cut(&headline(it), HEADLINE_CHARS)),
            how(it, screen),
        ]
    });
    screen.table(&["DELIVERY", "Made", "Says", "State"], rows) + more(&answer.next_page_token)
}

fn headline(it: &Delivery) -> String {
    match &it.notifications[..] {
        [] => "a test".to_owned(),
        [one] => one.headline.clone(),
        [first, rest @ ..] => format!("{}, and {} more", first.headline, rest.len()),
    }
}

fn how(it: &Delivery, screen: &Screen) -> Cell {
    match it.state() {
        DeliveryState::Delivered => screen.cell(Tone::Good, "delivered"),
        DeliveryState::Dead => screen.cell(Tone::Bad, format!("dead: {}", it.problem)),
        DeliveryState::Pending if it.problem.is_empty() => screen.cell(Tone::Waiting, "on its way"),
        DeliveryState::Pending => {
            let next = words::age(it.next_at.as_ref(), screen.now());
            screen.cell(Tone::Waiting, format!("again {next}: {}", it.problem))
        }
        DeliveryState::Unspecified => Cell::new(""),
    }
}

/// A delivery with its attempts.
pub(crate) fn delivery(it: &Delivery, screen: &Screen) -> String {
    let facts = screen.facts(&[
        ("state", it.state().word().to_lowercase()),
        ("attempts", it.attempts.to_string()),
        ("made", words::time(it.created_at.as_ref())),
        ("next", words::time(it.next_at.as_ref())),
        ("ended", words::time(it.ended_at.as_ref())),
        ("problem", it.problem.clone()),
        ("of", it.subscription_id.clone()),
    ]);
    let told: Vec<String> = it
        .notifications
        .iter()
        .map(|told| format!("  {}  {}", words::time(told.occurred_at.as_ref()), told.headline))
        .collect();
    let log: Vec<String> = it
        .log
        .iter()
        .map(|attempt| {
            let answer = if attempt.status == 0 { "no answer".to_owned() } else { attempt.status.to_string() };
            let colon = if attempt.problem.is_empty() { "" } else { ": " };
            let at = words::time(attempt.started_at.as_ref());
            format!("  {}  {at}  {answer} after {} ms{colon}{}", attempt.number, attempt.millis, attempt.problem)
        })
        .collect();
    let told = screen.section("Tells", &told.join("\n"));
    format!("{}\n{facts}{told}{}", screen.heading(&it.id), screen.section("Attempts", &log.join("\n")))
}

#[cfg(test)]
mod tests {
    use api::notify::v1::{Attempt, Chat, Digest, Notification, QuietHours, Webhook};
    use insta::assert_snapshot;
    use prost_types::Timestamp;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp { seconds: 1_795_400_000 + seconds, nanos: 0 }
    }

    fn of_team() -> Subscription {
        let key = |secret: &str, until| SigningKey { secret: secret.to_owned(), created_at: Some(at(0)), until };
        let webhook = Webhook {
            url: "https://pager.example/baton".to_owned(),
            keys: vec![key("whsec_QUJD", None), key("", Some(at(7_200)))],
        };
        Subscription {
            id: "01994f7e-0000-7000-8000-000000000001".to_owned(),
            who: Some(Recipient { recipient: Some(Who::Team("implementation".to_owned())) }),
            what: Some(Selection {
                events: vec!["breached".to_owned(), "escalated".to_owned()],
                filter: "priority == \"URGENT\"".to_owned(),
                ..Selection::default()
            }),
            r#where: Some(Place { place: Some(In::Webhook(webhook)) }),
            state: SubscriptionState::Enabled.into(),
            created_by: "ivan".to_owned(),
            created_at: Some(at(0)),
            ..Subscription::default()
        }
    }

    fn of_person() -> Subscription {
        Subscription {
            id: "01994f7e-0000-7000-8000-000000000002".to_owned(),
            who: Some(Recipient { recipient: Some(Who::Person("ivan".to_owned())) }),
            what: Some(Selection::default()),
            r#where: Some(Place { place: Some(In::Chat(Chat { url: "https://chat.example/…".to_owned() })) }),
            quiet_hours: Some(QuietHours {
                time_zone: "Europe/Zurich".to_owned(),
                start: "22:00".to_owned(),
                end: "07:00".to_owned(),
                weekends: true,
            }),
            digest: Some(Digest { time_zone: "Europe/Zurich".to_owned(), at: vec!["09:00".to_owned()] }),
            state: SubscriptionState::Disabled.into(),
            disabled_reason: "on leave".to_owned(),
            ..Subscription::default()
        }
    }

    fn failing() -> Delivery {
        let told = Notification {
            occurred_at: Some(at(0)),
            headline: "Acme (sales to implementation): accepted by ivan".to_owned(),
            ..Notification::default()
        };
        let attempt = |number, status, problem: &str| Attempt {
            number,
            started_at: Some(at(0)),
            millis: 12,
            status,
            problem: problem.to_owned(),
        };
        let problem = "the receiver answered 503 Service Unavailable";
        Delivery {
            id: "01994f7e-0000-7000-8000-000000000003".to_owned(),
            subscription_id: "01994f7e-0000-7000-8000-000000000001".to_owned(),
            notifications: vec![told],
            state: DeliveryState::Pending.into(),
            attempts: 2,
            next_at: Some(at(27_700)),
            created_at: Some(at(0)),
            problem: problem.to_owned(),
            log: vec![attempt(1, 0, "the receiver did not answer within 10000 ms"), attempt(2, 503, problem)],
            ..Delivery::default()
        }
    }

    #[test]
    fn a_subscription_shows_its_key_where_the_answer_does() {
        let screen = Screen::of_test();
        assert_snapshot!(subscription(&of_team(), &screen));
        assert_snapshot!(subscription(&of_person(), &screen));
        let both = ListSubscriptionsResponse { subscriptions: vec![of_team(), of_person()], ..Default::default() };
        assert_snapshot!(subscriptions(&both, &screen.wide()));
    }

    #[test]
    fn a_delivery_shows_what_it_tells_and_how_it_went() {
        let screen = Screen::of_test();
        assert_snapshot!(delivery(&failing(), &screen));
        let arrived = Delivery { state: DeliveryState::Delivered.into(), notifications: vec![], ..failing() };
        let all = ListDeliveriesResponse { deliveries: vec![failing(), arrived], ..Default::default() };
        assert_snapshot!(deliveries(&all, &screen.wide()));
    }
}
