//! A small world: sales hands over to implementation, which works from nine to five in Berlin.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use calendar::{Calendar, Duration, Spec, Window};
use kernel::Timestamp;

use crate::domain::{
    Book, CalendarId, Clock, Course, HandoffId, Priority, Said, SubjectId, TeamId,
    calendar::{Pin, Ready},
    clock::Evidence,
    heard::{About, Fact, State, What},
    policy::{Escalation, Kind, Match, PAUSE_ON, Policy, Target, WarnAt},
};

pub(super) const HOUR: i64 = 3_600;

/// Monday, nine in the morning in Berlin.
pub(super) const MONDAY: &str = "2026-03-02T08:00:00Z";

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// So many hours and minutes after Monday nine o'clock.
pub(super) fn after(hours: i64, minutes: i64) -> Timestamp {
    at(MONDAY).plus_seconds(hours * HOUR + minutes * 60)
}

pub(super) fn office() -> Spec {
    let day = vec![Window::new((9, 0), (17, 0))];
    Spec {
        time_zone: "Europe/Berlin".to_owned(),
        weekly: [day.clone(), day.clone(), day.clone(), day.clone(), day, vec![], vec![]],
        holidays: vec![],
        overrides: vec![],
    }
}

pub(super) fn target(kind: Kind, duration: Duration) -> Target {
    Target {
        kind,
        when: vec![],
        duration,
        calendar: None,
        warn_at: vec![WarnAt::Percent(75)],
        pause_on: PAUSE_ON.into(),
        escalations: vec![
            Escalation { after_seconds: HOUR, notify: "lead".to_owned() },
            Escalation { after_seconds: 2 * HOUR, notify: "head".to_owned() },
        ],
    }
}

pub(super) fn working(hours: i64) -> Duration {
    Duration::Working(hours * HOUR)
}

/// Every kind of clock with eight working hours, answers with two.
pub(super) fn targets() -> Vec<Target> {
    Kind::ALL.iter().map(|kind| target(*kind, working(if *kind == Kind::Answer { 2 } else { 8 }))).collect()
}

pub(super) fn policy(number: i32, targets: Vec<Target>, since: Timestamp) -> Arc<Policy> {
    Arc::new(Policy {
        id: "standard".parse().unwrap(),
        number,
        display_name: "Standard".to_owned(),
        targets,
        in_force_since: since,
        created_by: "ada".to_owned(),
    })
}

pub(super) fn ready(spec: &Spec, version: i32, since: Timestamp) -> (CalendarId, Ready) {
    let id: CalendarId = "office".parse().unwrap();
    let calendar = Arc::new(Calendar::new(spec).unwrap());
    (id.clone(), Ready { pin: Pin { id: Some(id), version }, in_force_since: since, calendar })
}

/// Both teams work by the office's hours, and the route's terms name the policy.
pub(super) fn book(targets: Vec<Target>) -> Book {
    let (id, office) = ready(&office(), 1, at(MONDAY));
    let mut book = Book::default();
    for team in ["sales", "implementation"] {
        book.team_works_by(team.parse::<TeamId>().unwrap(), at(MONDAY), Some(id.clone()));
    }
    book.calendars.insert(id, vec![office]);
    book.terms.insert(("r".parse().unwrap(), 1), Some("standard".parse().unwrap()));
    book.policies.insert("standard".parse().unwrap(), vec![policy(1, targets, at(MONDAY))]);
    book
}

pub(super) fn subject(n: u8) -> SubjectId {
    SubjectId::from(kernel::derived_uuid(&[&[n]]))
}

/// A course as facts come in.
#[derive(Clone)]
pub(super) struct Play {
    pub(super) course: Course,
    pub(super) book: Book,
    pub(super) said: Vec<Said>,
}

impl Play {
    pub(super) fn new(book: Book) -> Self {
        Self { course: Course::new(&fact(1, at(MONDAY), State::Draft, What::Submitted)), book, said: vec![] }
    }

    /// With a draft made on Monday at nine.
    pub(super) fn created(book: Book) -> Self {
        let mut play = Self::new(book);
        play.hear(at(MONDAY), State::Draft, created(None));
        play
    }

    pub(super) fn hear(&mut self, at: Timestamp, state: State, what: What) -> Vec<Said> {
        let fact = fact(self.course.revision + 1, at, state, what);
        self.hear_fact(&fact)
    }

    pub(super) fn hear_fact(&mut self, fact: &Fact) -> Vec<Said> {
        let said = self.course.hear(fact, &self.book, fact.at).unwrap();
        self.said.extend(said.clone());
        said
    }

    pub(super) fn fire(&mut self, until: Timestamp) -> Vec<Said> {
        let said = self.course.fire(until, until, Evidence::Complete, &self.book);
        self.said.extend(said.clone());
        said
    }

    /// The last clock of a kind.
    pub(super) fn clock(&self, kind: Kind) -> &Clock {
        self.course.clocks.iter().rfind(|clock| clock.kind == kind).unwrap()
    }
}

pub(super) fn created(deliver_by: Option<Timestamp>) -> What {
    What::Created { terms_version: 1, triggered_at: None, deliver_by, fields: BTreeMap::new(), links: vec![] }
}

pub(super) fn fact(revision: i64, at: Timestamp, state: State, what: What) -> Fact {
    Fact {
        id: HandoffId::from(kernel::derived_uuid(&[b"handoff"])),
        revision,
        position: revision,
        at,
        recorded_at: at,
        historic: false,
        about: About {
            route_id: "r".parse().unwrap(),
            from_team: "sales".parse().unwrap(),
            to_team: "implementation".parse().unwrap(),
            title: "Contract 7".to_owned(),
            priority: Priority::Normal,
            confidential: false,
            state,
            upstream_owner: String::new(),
            downstream_owner: String::new(),
            origin: None,
        },
        what,
    }
}

pub(super) fn when(priorities: &[Priority], confidential: Option<bool>, fields: &[(&str, &[&str])]) -> Match {
    let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<BTreeSet<_>>();
    Match {
        priorities: priorities.iter().copied().collect(),
        confidential,
        fields: fields.iter().map(|(key, of_key)| ((*key).to_owned(), values(of_key))).collect(),
    }
}

/// What was said, by name.
pub(super) fn names(said: &[Said]) -> Vec<String> {
    said.iter().map(|one| format!("{} {}", one.view.clock.kind, name(one))).collect()
}

pub(super) fn name(said: &Said) -> String {
    let full = format!("{:?}", said.fact);
    full.split([' ', '{', '(']).next().unwrap_or_default().to_lowercase()
}
