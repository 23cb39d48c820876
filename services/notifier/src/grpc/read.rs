//! Requests as commands and queries, every violation noted.

use std::{collections::BTreeSet, sync::LazyLock};

use api::{notify::v1 as pb, r#type::v1 as common};
use chassis::{Fields, Parse, page::Page};
use criteria::Filter as Expression;
use kernel::Violation;
use lettre::Address;

use crate::{
    channels::URL_BYTES,
    consumers::Producer,
    domain::{
        DAY_SECONDS, DeliveryId, Digest, Place, QuietHours, Recipient, Selection, Side, SubscriptionId,
        subscription::{Change, FILTER_NUMBERS, FILTER_TEXTS, State},
    },
    ops::subscribe::Wish,
    store::{
        delivery::{self, Again, Filter},
        subscription::Cursor,
    },
};

const NAME_BYTES: usize = 200;
const ADDRESS_BYTES: usize = 254;
const FILTER_BYTES: usize = 1_024;
const REASON_BYTES: usize = 200;
const LIST_MAX: usize = 50;
const OVERLAP_MAX_DAYS: i64 = 30;

/// Every fact that there may be.
static EVENTS: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| Producer::ALL.iter().flat_map(|producer| api::facts_of(producer.event_message())).collect());

pub(super) struct CreateSubscription(pub(super) Wish);

impl Parse for CreateSubscription {
    type Request = pb::CreateSubscriptionRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let who = recipient(fields, "who", request.who);
        let what = selection(fields, "what", request.what.unwrap_or_default());
        let place = place(fields, "where", request.r#where);
        let quiet_hours = optional(request.quiet_hours, |it| quiet_hours(fields, "quiet_hours", it));
        let digest = optional(request.digest, |it| digest(fields, "digest", it));
        Some(Self(Wish { who: who?, what: what?, place: place?, quiet_hours: quiet_hours?, digest: digest? }))
    }
}

/// None only where what is given is wrong.
#[expect(clippy::option_option, reason = "the readers of a request say so: wrong, not given, given")]
fn optional<M, T>(message: Option<M>, read: impl FnOnce(M) -> Option<T>) -> Option<Option<T>> {
    match message {
        None => Some(None),
        Some(message) => read(message).map(Some),
    }
}

fn recipient(fields: &mut Fields, field: &str, given: Option<pb::Recipient>) -> Option<Recipient> {
    use pb::recipient::Recipient as Pb;
    match given.and_then(|it| it.recipient) {
        None => fields.refuse(field, "is required: a team, a person or a service"),
        Some(Pb::Team(id)) => fields.slug(&format!("{field}.team"), &id).map(Recipient::Team),
        Some(Pb::Person(name)) => {
            fields.required_text(&format!("{field}.person"), &name, NAME_BYTES).map(Recipient::Person)
        }
        Some(Pb::Service(name)) => {
            fields.required_text(&format!("{field}.service"), &name, NAME_BYTES).map(Recipient::Service)
        }
    }
}

fn selection(fields: &mut Fields, field: &str, given: pb::Selection) -> Option<Selection> {
    let at = |part: &str| format!("{field}.{part}");
    let few = [("events", given.events.len()), ("teams", given.teams.len())];
    let few = few.map(|(part, count)| fields.at_most(&at(part), count, LIST_MAX)).iter().all(Option::is_some);
    let event = |(place, name): (usize, &String)| match name.rsplit('.').next() {
        Some(event) if EVENTS.contains(event) => Some(event.to_owned()),
        _ => fields.refuse(
            format!("{}[{place}]", at("events")),
            format!("is no fact: {:?}; facts are handoff_submitted, breached, ...", kernel::shortened(name, 64)),
        ),
    };
    let events: Option<Vec<String>> =
        given.events.iter().enumerate().map(event).collect::<Vec<_>>().into_iter().collect();
    let teams = given.teams.iter().enumerate().map(|(place, id)| fields.slug(&format!("{}[{place}]", at("teams")), id));
    let teams: Option<Vec<_>> = teams.collect::<Vec<_>>().into_iter().collect();
    let side = match common::Side::try_from(given.side) {
        Ok(common::Side::Unspecified) => Some(None),
        Ok(common::Side::Upstream) => Some(Some(Side::Upstream)),
        Ok(common::Side::Downstream) => Some(Some(Side::Downstream)),
        Err(_) => fields.refuse(at("side"), "is not a side that this version knows"),
    };
    let filter = fields.optional_text(&at("filter"), &given.filter, FILTER_BYTES).and_then(|text| {
        let Some(text) = text else { return Some(None) };
        match Expression::compile(&text, &FILTER_TEXTS, &FILTER_NUMBERS) {
            Ok(filter) => Some(Some(filter)),
            Err(wrong) => fields.refuse(at("filter"), wrong.to_string()),
        }
    });
    few.then_some(Selection { events: events?, teams: teams?, side: side?, filter: filter? })
}

/// Whether an address may be sent to, and whether letters can be sent, is not for the reader to say.
fn place(fields: &mut Fields, field: &str, given: Option<pb::Place>) -> Option<Place> {
    use pb::place::Place as Pb;
    match given.and_then(|it| it.place) {
        None => fields.refuse(field, "is required: a webhook, a chat or an email"),
        Some(Pb::Webhook(it)) => {
            let url = fields.required_text(&format!("{field}.webhook.url"), &it.url, URL_BYTES)?;
            Some(Place::Webhook { url, keys: vec![] })
        }
        Some(Pb::Chat(it)) => {
            let url = fields.required_text(&format!("{field}.chat.url"), &it.url, URL_BYTES)?;
            Some(Place::Chat { url })
        }
        Some(Pb::Email(it)) => {
            let field = format!("{field}.email.address");
            let address = fields.required_text(&field, &it.address, ADDRESS_BYTES)?;
            match address.parse::<Address>() {
                Ok(_) => Some(Place::Email { address }),
                Err(error) => fields.refuse(field, format!("is no mailbox, as mia@example.com is: {error}")),
            }
        }
    }
}

fn quiet_hours(fields: &mut Fields, field: &str, given: pb::QuietHours) -> Option<QuietHours> {
    let start = time_of_day(fields, &format!("{field}.start"), &given.start);
    let end = time_of_day(fields, &format!("{field}.end"), &given.end);
    let hours =
        QuietHours { time_zone: given.time_zone, start_seconds: start?, end_seconds: end?, weekends: given.weekends };
    match hours.check() {
        Ok(()) => Some(hours),
        Err(wrong) => noted(fields, field, &wrong),
    }
}

fn digest(fields: &mut Fields, field: &str, given: pb::Digest) -> Option<Digest> {
    let times = given.at.iter().enumerate().map(|(place, at)| time_of_day(fields, &format!("{field}.at[{place}]"), at));
    let times: Option<BTreeSet<i32>> = times.collect::<Vec<_>>().into_iter().collect();
    let digest = Digest { time_zone: given.time_zone, at_seconds: times?.into_iter().collect() };
    match digest.check() {
        Ok(()) => Some(digest),
        Err(wrong) => noted(fields, field, &wrong),
    }
}

/// What a calendar finds wrong, in the words of who gave hours: it names days and windows, which they did not.
fn noted<T>(fields: &mut Fields, field: &str, wrong: &[Violation]) -> Option<T> {
    let zone = wrong.iter().find(|it| it.field == "time_zone");
    match (zone, wrong.first()) {
        (Some(zone), _) => fields.refuse(format!("{field}.time_zone"), zone.description.clone()),
        (None, Some(at)) if at.field == "at" => fields.refuse(format!("{field}.at"), at.description.clone()),
        _ => fields.refuse(field, "leaves no time of the day, or lies out of it: as from 22:00 to 07:00"),
    }
}

/// `22:00`, in seconds.
fn time_of_day(fields: &mut Fields, field: &str, text: &str) -> Option<i32> {
    let parts = text.split_once(':').and_then(|(hours, minutes)| {
        let two = |part: &str| (part.len() == 2).then(|| part.parse::<i32>().ok()).flatten();
        Some((two(hours)?, two(minutes)?))
    });
    match parts {
        Some((hours @ 0..=23, minutes @ 0..=59)) => Some(hours * 3_600 + minutes * 60),
        _ => fields.refuse(field, "must be a time of the day, as 22:00"),
    }
}

pub(super) struct GetSubscription(pub(super) SubscriptionId);

impl Parse for GetSubscription {
    type Request = pb::GetSubscriptionRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.uuid("subscription_id", &request.subscription_id).map(|id| Self(id.into()))
    }
}

pub(super) struct ListSubscriptions {
    pub(super) who: Option<Recipient>,
    pub(super) page: Page<Cursor>,
}

impl Parse for ListSubscriptions {
    type Request = pb::ListSubscriptionsRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let (size, token) = (std::mem::take(&mut request.page_size), std::mem::take(&mut request.page_token));
        let page = Page::read(fields, size, &token, &request);
        let who = optional(request.who, |who| recipient(fields, "who", Some(who)));
        Some(Self { who: who?, page: page? })
    }
}

pub(super) struct UpdateSubscription {
    pub(super) which: (SubscriptionId, i64),
    pub(super) change: Change,
}

impl Parse for UpdateSubscription {
    type Request = pb::UpdateSubscriptionRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.uuid("subscription_id", &request.subscription_id);
        let given = request.subscription.unwrap_or_default();
        let paths = request.update_mask.map(|mask| mask.paths).unwrap_or_default();
        if paths.is_empty() {
            fields
                .violation("update_mask", "is required: name what to change: what, where, quiet_hours, digest, state");
        }
        let mut change = Change::default();
        for path in &paths {
            match path.as_str() {
                "what" => change.what = selection(fields, "subscription.what", given.what.clone().unwrap_or_default()),
                "where" => change.place = place(fields, "subscription.where", given.r#where.clone()),
                "quiet_hours" => {
                    let field = "subscription.quiet_hours";
                    change.quiet_hours = optional(given.quiet_hours.clone(), |it| quiet_hours(fields, field, it));
                }
                "digest" => {
                    change.digest = optional(given.digest.clone(), |it| digest(fields, "subscription.digest", it));
                }
                "state" => change.state = state(fields, &given),
                other => {
                    let other = kernel::shortened(other, 64);
                    fields.violation(
                        "update_mask",
                        format!("{other:?} cannot be changed: name what, where, quiet_hours, digest, state"),
                    );
                }
            }
        }
        Some(Self { which: (id?.into(), request.expected_revision), change })
    }
}

fn state(fields: &mut Fields, given: &pb::Subscription) -> Option<State> {
    match given.state() {
        pb::SubscriptionState::Enabled => Some(State::Enabled),
        pb::SubscriptionState::Disabled => {
            fields.text("subscription.disabled_reason", &given.disabled_reason, REASON_BYTES).map(State::Disabled)
        }
        pb::SubscriptionState::Unspecified => fields.refuse("subscription.state", "must be ENABLED or DISABLED"),
    }
}

pub(super) struct DeleteSubscription(pub(super) SubscriptionId);

impl Parse for DeleteSubscription {
    type Request = pb::DeleteSubscriptionRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        fields.uuid("subscription_id", &request.subscription_id).map(|id| Self(id.into()))
    }
}

pub(super) struct RotateKey {
    pub(super) id: SubscriptionId,
    pub(super) overlap_seconds: i64,
}

impl Parse for RotateKey {
    type Request = pb::RotateKeyRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.uuid("subscription_id", &request.subscription_id);
        let longest = OVERLAP_MAX_DAYS * DAY_SECONDS;
        let overlap_seconds = fields.seconds_or("overlap", request.overlap, DAY_SECONDS, 0..=longest);
        Some(Self { id: id?.into(), overlap_seconds: overlap_seconds? })
    }
}

pub(super) struct TestSubscription(pub(super) SubscriptionId);

impl Parse for TestSubscription {
    type Request = pb::TestSubscriptionRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        fields.uuid("subscription_id", &request.subscription_id).map(|id| Self(id.into()))
    }
}

pub(super) struct ListDeliveries {
    pub(super) filter: Filter,
    pub(super) page: Page<delivery::Cursor>,
}

impl Parse for ListDeliveries {
    type Request = pb::ListDeliveriesRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let (size, token) = (std::mem::take(&mut request.page_size), std::mem::take(&mut request.page_token));
        let page = Page::read(fields, size, &token, &request);
        let subscription_id = fields.optional_uuid("subscription_id", &request.subscription_id);
        let state = match pb::DeliveryState::try_from(request.state) {
            Ok(pb::DeliveryState::Unspecified) => Some(None),
            Ok(state) => Some(state.as_str_name().strip_prefix("DELIVERY_STATE_")),
            Err(_) => fields.refuse("state", "is not a state that this version knows"),
        };
        let subscription_id = subscription_id?.map(Into::into);
        Some(Self { filter: Filter { id: None, subscription_id, state: state? }, page: page? })
    }
}

pub(super) struct GetDelivery(pub(super) DeliveryId);

impl Parse for GetDelivery {
    type Request = pb::GetDeliveryRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.uuid("delivery_id", &request.delivery_id).map(|id| Self(id.into()))
    }
}

pub(super) struct Redeliver(pub(super) Again);

impl Parse for Redeliver {
    type Request = pb::RedeliverRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let subscription_id = fields.uuid("subscription_id", &request.subscription_id);
        let delivery_id = fields.optional_uuid("delivery_id", &request.delivery_id);
        let from = fields.optional_time("from", request.from);
        let until = fields.optional_time("until", request.until);
        let (from, until) = (from?, until?);
        if from.zip(until).is_some_and(|(from, until)| until <= from) {
            return fields.refuse("until", "must be after `from`");
        }
        Some(Self(Again {
            subscription_id: subscription_id?.into(),
            delivery_id: delivery_id?.map(Into::into),
            from,
            until,
            delivered_too: request.delivered_too,
        }))
    }
}
