//! What is kept, as messages.

use api::{notify::v1 as pb, r#type::v1 as common};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use criteria::Filter;

use crate::{
    domain::{Digest, Key, Place, QuietHours, Recipient, Selection, Side, Subscription, subscription::State},
    store::{
        attempt,
        delivery::{Line, Shown},
    },
};

/// Which keys an answer shows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keys {
    /// None: only that there are some.
    None,
    /// The newest.
    Newest,
}

pub(super) fn subscription(it: &Subscription, keys: Keys) -> pb::Subscription {
    let (state, disabled_reason) = match &it.state {
        State::Enabled => (pb::SubscriptionState::Enabled, ""),
        State::Disabled(why) => (pb::SubscriptionState::Disabled, why.as_str()),
        State::Ended => (pb::SubscriptionState::Unspecified, ""),
    };
    pb::Subscription {
        id: it.id.to_string(),
        who: Some(recipient(&it.who)),
        what: Some(selection(&it.what)),
        r#where: Some(place(&it.place, keys)),
        quiet_hours: it.quiet_hours.as_ref().map(quiet_hours),
        digest: it.digest.as_ref().map(digest),
        state: state.into(),
        disabled_reason: disabled_reason.to_owned(),
        revision: it.revision,
        created_by: it.created_by.clone(),
        created_at: Some(api::timestamp(it.created_at)),
        updated_at: Some(api::timestamp(it.updated_at)),
    }
}

fn recipient(who: &Recipient) -> pb::Recipient {
    use pb::recipient::Recipient as Pb;
    let recipient = match who {
        Recipient::Team(team) => Pb::Team(team.to_string()),
        Recipient::Person(name) => Pb::Person(name.clone()),
        Recipient::Service(name) => Pb::Service(name.clone()),
    };
    pb::Recipient { recipient: Some(recipient) }
}

fn selection(what: &Selection) -> pb::Selection {
    let side = match what.side {
        None => common::Side::Unspecified,
        Some(Side::Upstream) => common::Side::Upstream,
        Some(Side::Downstream) => common::Side::Downstream,
    };
    pb::Selection {
        events: what.events.clone(),
        teams: what.teams.iter().map(ToString::to_string).collect(),
        side: side.into(),
        filter: what.filter.as_ref().map(Filter::text).unwrap_or_default().to_owned(),
    }
}

fn place(place: &Place, keys: Keys) -> pb::Place {
    use pb::place::Place as Pb;
    let place = match place {
        Place::Webhook { url, keys: all } => {
            let keys =
                all.iter().enumerate().map(|(place, key)| signing_key(key, place == 0 && matches!(keys, Keys::Newest)));
            Pb::Webhook(pb::Webhook { url: url.clone(), keys: keys.collect() })
        }
        Place::Chat { url } => Pb::Chat(pb::Chat { url: with_host_alone(url) }),
        Place::Email { address } => Pb::Email(pb::Email { address: address.clone() }),
    };
    pb::Place { place: Some(place) }
}

fn signing_key(key: &Key, is_shown: bool) -> pb::SigningKey {
    let secret = if is_shown { format!("whsec_{}", BASE64_STANDARD.encode(&key.secret.0)) } else { String::new() };
    pb::SigningKey { secret, created_at: Some(api::timestamp(key.created_at)), until: key.until.map(api::timestamp) }
}

/// Who knows the whole address of a chat may write to it.
fn with_host_alone(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}/…")
}

fn quiet_hours(it: &QuietHours) -> pb::QuietHours {
    pb::QuietHours {
        time_zone: it.time_zone.clone(),
        start: time_of_day(it.start_seconds),
        end: time_of_day(it.end_seconds),
        weekends: it.weekends,
    }
}

fn digest(it: &Digest) -> pb::Digest {
    pb::Digest {
        time_zone: it.time_zone.clone(),
        at: it.at_seconds.iter().map(|seconds| time_of_day(*seconds)).collect(),
    }
}

/// `09:00`.
fn time_of_day(seconds: i32) -> String {
    format!("{:02}:{:02}", seconds / 3_600, seconds / 60 % 60)
}

pub(super) fn delivery(line: &Line, told: Vec<Shown>) -> pb::Delivery {
    let state = pb::DeliveryState::from_str_name(&format!("DELIVERY_STATE_{}", line.state));
    let state = state.unwrap_or(pb::DeliveryState::Unspecified);
    let notification = |it: Shown| pb::Notification {
        event: it.event,
        subject: it.subject,
        occurred_at: Some(api::timestamp(it.occurred_at)),
        headline: it.headline,
    };
    pb::Delivery {
        id: line.id.to_string(),
        subscription_id: line.subscription_id.to_string(),
        notifications: told.into_iter().map(notification).collect(),
        state: state.into(),
        attempts: line.attempts,
        next_at: (state == pb::DeliveryState::Pending).then(|| api::timestamp(line.next_at)),
        created_at: Some(api::timestamp(line.created_at)),
        ended_at: line.ended_at.map(api::timestamp),
        problem: line.problem.clone(),
        log: vec![],
    }
}

pub(super) fn attempt(it: &attempt::Line) -> pb::Attempt {
    pb::Attempt {
        number: it.number,
        started_at: Some(api::timestamp(it.started_at)),
        millis: it.millis,
        status: it.status,
        problem: it.problem.clone(),
    }
}
