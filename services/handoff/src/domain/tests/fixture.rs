//! One small world: sales hands over to delivery, judged by a template with a field and an item for each side.

use std::sync::{Arc, LazyLock};

use criteria::{Content, Criteria, Tick, TickState, Value};
use kernel::{Actor, Kind, Principal, Role, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::domain::{
    Acting, ActionId, Handoff, HandoffId, Happened, NewAction, Pin, Priority, Reason, Refused, Route, Side, State,
    Summary, TeamId,
    handoff::{
        Accept, Ask, Binding, Cancel, Create, Edit, Propose, RecordHeld, Reject, Return, Schedule, TickItem, Update,
    },
    proposal::Change,
    review::{Attendee, Held, Meeting, Outcome},
    route::{self, ReadBack, SetTerms},
};

pub(super) const RETURN_WINDOW_SECONDS: i64 = 3_600;

/// So many seconds after the world began.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000).plus_seconds(seconds)
}

pub(super) fn principal(name: &str, teams: &[(&str, Role)]) -> Principal {
    Principal {
        name: name.to_owned(),
        kind: Kind::User,
        teams: teams.iter().map(|(team, role)| (team.parse().unwrap(), *role)).collect(),
        is_admin: false,
        is_reader: false,
        is_importer: false,
    }
}

pub(super) fn person(name: &str, teams: &[(&str, Role)]) -> Actor {
    Actor::Principal(principal(name, teams))
}

pub(super) fn service(name: &str, teams: &[(&str, Role)]) -> Actor {
    Actor::Principal(Principal { kind: Kind::Service, ..principal(name, teams) })
}

pub(super) fn admin() -> Actor {
    Actor::Principal(Principal { is_admin: true, ..principal("ada", &[]) })
}

/// A member of the team that hands over.
pub(super) fn ursula() -> Actor {
    person("ursula", &[("sales", Role::Member)])
}

/// A member of the team that receives.
pub(super) fn dora() -> Actor {
    person("dora", &[("delivery", Role::Member)])
}

pub(super) fn of(actor: &Actor) -> Acting<'_> {
    Acting { actor, override_reason: None }
}

pub(super) fn because(actor: &Actor) -> Acting<'_> {
    Acting { actor, override_reason: Some("they are on strike") }
}

pub(super) fn team(id: &str) -> TeamId {
    id.parse().unwrap()
}

pub(super) fn action_id(n: u128) -> ActionId {
    Uuid::from_u128(n).into()
}

pub(super) fn handoff_id(n: u128) -> HandoffId {
    Uuid::from_u128(n).into()
}

pub(super) fn criteria() -> Arc<Criteria> {
    static JUDGED: LazyLock<Arc<Criteria>> = LazyLock::new(|| compiled(&asked()));
    JUDGED.clone()
}

pub(super) fn no_criteria() -> Arc<Criteria> {
    static EMPTY: LazyLock<Arc<Criteria>> = LazyLock::new(|| compiled(&Content::default()));
    EMPTY.clone()
}

fn compiled(content: &Content) -> Arc<Criteria> {
    Arc::new(Criteria::compile(content).unwrap())
}

fn asked() -> Content {
    let content = json!({
        "criteria_level": 1,
        "fields": [
            {"key": "contract", "label": "Contract", "type": "TEXT", "required": true},
            {"key": "seats", "label": "Seats", "type": "INTEGER"},
        ],
        "items": [
            {"key": "customer_told", "text": "The customer knows", "side": "UPSTREAM"},
            {"key": "access_given", "text": "Everybody has access", "side": "DOWNSTREAM"},
        ],
    });
    Content::from_json(content).unwrap()
}

pub(super) fn sales_to_delivery() -> Route {
    let create = route::Create {
        id: "sales-to-delivery".parse().unwrap(),
        from_team: team("sales"),
        to_team: team("delivery"),
        about: route::About::default(),
    };
    let (mut route, _) = Route::create(&admin(), create, at(0)).unwrap();
    let set =
        SetTerms { read_back: ReadBack::Required, return_window_seconds: RETURN_WINDOW_SECONDS, ..SetTerms::default() };
    route.set_terms(&admin(), set, at(0)).unwrap();
    route
}

pub(super) fn new_handoff() -> Create {
    Create {
        id: handoff_id(1),
        side: None,
        title: "Acme".to_owned(),
        summary: Summary::default(),
        priority: Priority::Normal,
        confidential: false,
        triggered_at: None,
        deliver_by: None,
        fields: [("contract".to_owned(), Value::Text("C-1".to_owned()))].into(),
        origin: None,
        follows: None,
        links: vec![],
        attachments: vec![],
    }
}

pub(super) fn create(by: Acting<'_>, create: Create) -> Result<(Handoff, Happened), Refused> {
    let template = Pin { version: 1, content_hash: criteria().content().hash(), ..Pin::empty() };
    let binding = Binding::to(&sales_to_delivery(), template, criteria())?;
    Handoff::create(by, binding, create, at(0))
}

pub(super) fn done() -> Tick {
    Tick { state: TickState::Done, ..Tick::default() }
}

pub(super) fn tick(item: &str) -> TickItem {
    TickItem { item: item.to_owned(), tick: done() }
}

pub(super) fn retitle(title: &str) -> Update {
    Update { edits: vec![Edit::Title(title.to_owned())], ..Update::default() }
}

/// With a read-back and one condition, which becomes action 1.
pub(super) fn accept(attempt: i32) -> Accept {
    let text = "send the price list".to_owned();
    let condition = NewAction { text, ..duty(1, Side::Upstream) };
    Accept { attempt, read_back: Some("a new customer".to_owned()), conditions: vec![condition] }
}

/// A small duty of a side, with a million seconds to do it.
pub(super) fn duty(id: u128, side: Side) -> NewAction {
    NewAction { id: action_id(id), text: "send the plan".to_owned(), side, owner: None, due_at: at(1_000_000) }
}

/// Any id of a part, by number.
pub(super) fn part_id<I: From<Uuid>>(n: usize) -> I {
    Uuid::from_u128(u128::try_from(n).unwrap()).into()
}

pub(super) fn ask(side: Option<Side>, blocking: bool) -> Ask {
    Ask { side, text: "which contract?".to_owned(), blocking, about: Some("contract".to_owned()) }
}

/// A meeting of an hour that begins at so many seconds, with somebody of each side.
pub(super) fn meeting(starts_at_seconds: i64) -> Meeting {
    let (starts_at, ends_at) = (at(starts_at_seconds), at(starts_at_seconds + 3_600));
    Meeting { starts_at, ends_at, place: Some("room 1".to_owned()), url: None, attendees: both_sides() }
}

pub(super) fn schedule(side: Option<Side>, starts_at_seconds: i64) -> Schedule {
    Schedule { side, meeting: meeting(starts_at_seconds) }
}

/// A review took place, with somebody of each side.
pub(super) fn held<I: Into<crate::domain::ReviewId>>(id: I, outcome: Outcome) -> RecordHeld {
    let held = Held { attended: both_sides(), notes: "all clear".to_owned(), decisions: vec![], outcome };
    RecordHeld { id: id.into(), held, actions: vec![] }
}

fn both_sides() -> Vec<Attendee> {
    let attendee = |name: &str, side| Attendee { name: name.to_owned(), side, email: None };
    vec![attendee("ursula", Side::Upstream), attendee("dora", Side::Downstream)]
}

pub(super) fn propose(side: Option<Side>, change: Change) -> Propose {
    Propose { side, change, reason: "the customer asks for it".to_owned() }
}

pub(super) fn reject(attempt: i32) -> Reject {
    Reject { attempt, reasons: cited() }
}

pub(super) fn give_back(attempt: i32) -> Return {
    Return { attempt, reasons: cited() }
}

pub(super) fn cancel() -> Cancel {
    Cancel { reason: "the deal is off".to_owned() }
}

fn cited() -> Vec<Reason> {
    vec![Reason::Criterion { key: "contract".to_owned(), text: None }]
}

/// A handoff that `upstream` and `downstream` have brought into a state by commands alone, ready for the next one.
pub(super) fn in_state_by(state: State, upstream: &Actor, downstream: &Actor) -> Handoff {
    let (up, down) = (of(upstream), of(downstream));
    let (mut handoff, _) = create(up, new_handoff()).unwrap();
    handoff.tick(up, tick("customer_told"), at(1)).unwrap();
    let submitted = |mut handoff: Handoff| {
        handoff.submit(up, false, at(2)).unwrap();
        handoff
    };
    let accepted = |handoff: Handoff| {
        let mut handoff = submitted(handoff);
        handoff.accept(down, accept(1), at(3)).unwrap();
        handoff.tick(down, tick("access_given"), at(3)).unwrap();
        handoff
    };
    let begun = |handoff: Handoff| {
        let mut handoff = accepted(handoff);
        handoff.begin(down, at(4)).unwrap();
        handoff
    };
    let mut handoff = match state {
        State::Draft | State::Cancelled => handoff,
        State::Submitted | State::Rejected => submitted(handoff),
        State::Accepted => accepted(handoff),
        State::InProgress | State::Completed | State::Returned => begun(handoff),
    };
    match state {
        State::Rejected => handoff.reject(down, reject(1), at(5)).map(drop).unwrap(),
        State::Completed => handoff.complete(down, at(5)).map(drop).unwrap(),
        State::Returned => handoff.give_back(down, give_back(1), at(5)).map(drop).unwrap(),
        State::Cancelled => handoff.cancel(up, cancel(), at(5)).map(drop).unwrap(),
        _ => {}
    }
    assert_eq!(handoff.state, state);
    handoff
}

/// The same, by ursula of sales and dora of delivery.
pub(super) fn in_state(state: State) -> Handoff {
    in_state_by(state, &ursula(), &dora())
}

/// All of a handoff but what judges it, to compare with.
pub(super) fn shown(handoff: &Handoff) -> String {
    format!("{:?}", Handoff { criteria: no_criteria(), ..handoff.clone() })
}
