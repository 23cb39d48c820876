//! Random handoffs: every way through the states, open ends, rework, recalls, imports, equal times, clocks, calendars.

use std::{collections::BTreeMap, sync::Arc};

use baton_metrics::domain::{
    Book, RouteId, Side, Story,
    book::Version,
    heard::{About, Applied, Reason, ReasonKind, Template, What},
    story::{CalendarVersion, Clock, ClockFact, ClockKind, ClockLife, ClockState, Fact, Policy, Promise},
};
use calendar::{Calendar, Spec, Window};
use kernel::Timestamp;
use proptest::prelude::*;

pub(crate) const DAY: i64 = 86_400;
/// The stories begin within some weeks from here, a Thursday.
pub(crate) const START: i64 = 1_000 * DAY;

const ROUTES: [(&str, &str, &str); 3] = [("a-to-b", "a", "b"), ("a-to-b-2", "a", "b"), ("b-to-c", "b", "c")];
const CRITERIA: [&str; 3] = ["contract", "scope", "contact"];

/// What chance says, one number after the other; nothing more is 0.
struct Dice<'a>(std::slice::Iter<'a, u32>);

impl Dice<'_> {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0.next().map_or(0, |it| it % sides)
    }

    fn is(&mut self, one_in: u32) -> bool {
        self.roll(one_in) == 1
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(u32::try_from(of.len()).expect("few")) as usize]
    }

    /// A while: often none, or one that ends on a day's edge or exactly fourteen days later.
    fn passes(&mut self, at: i64) -> i64 {
        const SECOND: i64 = 1_000_000;
        let some = i64::from(self.roll(86_400));
        at + match self.roll(9) {
            0 | 1 => 0,
            2 => SECOND,
            3 => 400_000,
            4 => some * SECOND / 60,
            5 => some * SECOND + 123_456,
            6 => DAY * SECOND - at.rem_euclid(DAY * SECOND),
            _ => {
                if some % 4 == 0 {
                    14 * DAY * SECOND
                } else {
                    some * SECOND * 3
                }
            }
        }
    }
}

/// Some stories.
pub(crate) fn stories(most: usize) -> impl Strategy<Value = Vec<Story>> {
    let script = prop::collection::vec(any::<u32>(), 20..220);
    prop::collection::vec(script, 1..most)
        .prop_map(|scripts| scripts.iter().enumerate().map(|(n, script)| story(n, &mut Dice(script.iter()))).collect())
}

fn story(n: usize, dice: &mut Dice<'_>) -> Story {
    let (route, from, to) = dice.one(&ROUTES);
    let about = About {
        route_id: route.parse::<RouteId>().expect("a slug"),
        from_team: from.parse().expect("a slug"),
        to_team: to.parse().expect("a slug"),
        title: format!("story {n}"),
        confidential: false,
        upstream_owner: String::new(),
        downstream_owner: String::new(),
    };
    let mut story = Story::new(uuid::Uuid::from_u128(n as u128 + 1).into(), about);
    let mut at = (START + i64::from(dice.roll(40)) * DAY / 2) * 1_000_000;
    let template = dice.one(&[None, Some(1), Some(2)]);
    let template = template.map(|version| Template { id: "intake".parse().expect("a slug"), version });
    let terms_version = i32::try_from(dice.roll(3)).expect("small");
    let mut telling = Telling { historic: dice.is(3), facts: vec![] };
    telling.say(at, What::Created { terms_version, template, ties: [].into() });
    let mut walk = Walk::default();
    for _ in 0..dice.roll(36) {
        at = dice.passes(at);
        if telling.historic && dice.is(12) {
            // What an import left open goes on live.
            telling.historic = false;
        }
        walk.step(dice, |what| telling.say(at, what));
    }
    story.facts = telling.facts;
    for m in 0..dice.roll(4) {
        let id = uuid::Uuid::from_u128((n as u128 + 1) << 32 | u128::from(m));
        let clock = clock(&story, dice);
        story.clocks.insert(id.into(), clock);
    }
    story
}

struct Telling {
    historic: bool,
    facts: Vec<Fact>,
}

impl Telling {
    fn say(&mut self, at: i64, what: What) {
        let late = if self.historic { 50 * DAY * 1_000_000 } else { 2_000 };
        self.facts.push(Fact {
            sequence: i64::try_from(self.facts.len()).expect("few") + 1,
            at: Timestamp::from_micros(at),
            recorded_at: Timestamp::from_micros(at + late),
            historic: self.historic,
            by: "somebody".into(),
            by_service: false,
            what,
        });
    }
}

/// A way through the states.
#[derive(Default)]
struct Walk {
    state: u8,
    is_held: bool,
    /// Open rounds and answered questions: which, whose, in which round, whether it blocks, whether it is open.
    questions: Vec<(u128, Side, i32, bool, bool)>,
}

impl Walk {
    /// One of the things that may happen next; 0 DRAFT, 1 SUBMITTED, 2 ACCEPTED, 3 IN_PROGRESS, 4 COMPLETED, 5 CANCELLED.
    fn step(&mut self, dice: &mut Dice<'_>, mut say: impl FnMut(What)) {
        if self.state < 4 && dice.roll(5) < 2 {
            return self.aside(dice, say);
        }
        let hash = dice.one(&["one", "two", ""]).to_owned();
        let (what, state) = match (self.state, dice.roll(6)) {
            (0 | 2 | 3, 5) => (What::Cancelled, 5),
            (0, _) => (What::Submitted { content_hash: hash, criteria: applied(dice) }, 1),
            (1, 0 | 1) => (What::Rejected(reasons(dice)), 0),
            (1, 2) => (What::Recalled, 0),
            (1, _) => {
                let conditions = i32::try_from(dice.roll(4) / 3).expect("small");
                (What::Accepted { read_back: dice.is(2), conditions }, 2)
            }
            (2..=4, 0) => (What::Returned(reasons(dice)), 0),
            (2, _) => (What::Begun, 3),
            (3, _) => (What::Completed, 4),
            (4, 1) => (What::Reopened, 3),
            _ => return,
        };
        self.state = state;
        if self.is_held && dice.is(2) {
            // Often said, and ended by the change of state in any case.
            say(What::Resumed);
        }
        self.is_held = false;
        say(what);
        if state == 5 {
            for (id, _, _, _, open) in &mut self.questions {
                if std::mem::take(open) {
                    say(What::Closed(uuid::Uuid::from_u128(*id).into()));
                }
            }
        }
    }

    /// What changes no state.
    fn aside(&mut self, dice: &mut Dice<'_>, mut say: impl FnMut(What)) {
        let side = dice.one(&[Side::Upstream, Side::Downstream]);
        let about = dice.one(&["", "contract", "scope"]).to_owned();
        match dice.roll(14) {
            0 => say(What::Claimed),
            1 => say(What::ReviewHeld),
            2 => say(What::Waived),
            3 if self.state == 2 => say(What::ReadBackConfirmed { corrections: side as i32 * 2 }),
            4 if self.is_held => {
                self.is_held = false;
                say(What::Resumed);
            }
            4 => {
                self.is_held = true;
                say(What::Held { agreed: dice.is(2), side });
            }
            5..=8 => {
                let open = self.questions.iter_mut().find(|(_, _, _, _, open)| *open);
                if let Some((id, _, _, _, open)) = open {
                    *open = false;
                    let id = uuid::Uuid::from_u128(*id).into();
                    say(if dice.is(6) { What::Closed(id) } else { What::Answered(id) });
                }
            }
            9..=11 => {
                let answered = self.questions.iter_mut().find(|(_, _, _, _, open)| !*open);
                if let Some((id, side, round, blocking, open)) = answered {
                    (*open, *round) = (true, *round + 1);
                    let question = uuid::Uuid::from_u128(*id).into();
                    say(What::Asked { question, side: *side, blocking: *blocking, round: *round, about });
                }
            }
            _ => {
                let (id, blocking) = (self.questions.len() as u128 + 1, !dice.is(3));
                self.questions.push((id, side, 1, blocking, true));
                let question = uuid::Uuid::from_u128(id).into();
                say(What::Asked { question, side, blocking, round: 1, about });
            }
        }
    }
}

fn applied(dice: &mut Dice<'_>) -> Vec<Applied> {
    let some = CRITERIA.into_iter().take(dice.roll(4) as usize);
    some.map(|key| Applied { key: key.into(), blocking: dice.is(2), unmet: dice.is(3) }).collect()
}

fn reasons(dice: &mut Dice<'_>) -> Vec<Reason> {
    let mut reasons = vec![];
    for _ in 0..=dice.roll(3) {
        let kind = dice.one(ReasonKind::ALL);
        let text = if kind == ReasonKind::Criterion { dice.one(&CRITERIA) } else { "the plan" };
        reasons.push(Reason { kind, text: text.into() });
    }
    reasons
}

/// A clock that ran for a while, was paused, breached, excused, met or given up.
#[expect(clippy::too_many_lines, reason = "one life, from its start to its end")]
fn clock(story: &Story, dice: &mut Dice<'_>) -> Clock {
    let fact = &story.facts[dice.roll(u32::try_from(story.facts.len()).expect("few")) as usize];
    let kind = dice.one(ClockKind::ALL);
    let side = match kind {
        ClockKind::Delivery | ClockKind::Redelivery => Side::Upstream,
        ClockKind::Acceptance | ClockKind::Begin | ClockKind::Completion => Side::Downstream,
        ClockKind::Answer | ClockKind::Action => dice.one(&[Side::Upstream, Side::Downstream]),
    };
    let target = dice.one(&[3_600_i64, 28_800, 28_801]) * 1_000_000;
    let version = dice.roll(3);
    let policy = (version > 0)
        .then(|| Policy { id: "standard".parse().expect("a slug"), version: i32::try_from(version).expect("small") });
    let calendar = if dice.is(2) {
        CalendarVersion { id: Some("office".parse().expect("a slug")), version: 1 }
    } else {
        CalendarVersion::default()
    };
    let start = fact.at.as_micros();
    let mut state = ClockState {
        life: ClockLife::Running,
        policy,
        calendar,
        target_micros: target,
        elapsed_micros: 0,
        due_at: Some(Timestamp::from_micros(start + 2 * target)),
        ended_at: None,
        end_cause: String::new(),
        undone: false,
        breached: false,
        warned: false,
        excused: false,
    };
    let mut clock =
        Clock { promise: Promise { kind, side, started_at: fact.at, historic: fact.historic }, went: vec![] };
    let mut at = start;
    let mut say = |at: i64, state: &ClockState| {
        clock.went.push(ClockFact {
            sequence: i64::try_from(clock.went.len()).expect("few") + 1,
            at: Timestamp::from_micros(at),
            recorded_at: Timestamp::from_micros(at + 2_000),
            state: state.clone(),
        });
    };
    say(at, &state);
    for _ in 0..dice.roll(5) {
        at = dice.passes(at);
        state.elapsed_micros += i64::from(dice.roll(40_000)) * 1_000_000 / 3;
        match dice.roll(6) {
            0 => state.warned = true,
            1 if state.life == ClockLife::Running => {
                state.life = ClockLife::Paused;
                state.due_at = state.due_at.filter(|_| state.breached);
            }
            2 if !state.breached => (state.breached, state.due_at) = (true, Some(Timestamp::from_micros(at - 1))),
            3 => state.excused = state.breached,
            _ => {
                state.life = ClockLife::Running;
                state.due_at = state.due_at.or(Some(Timestamp::from_micros(at + target)));
            }
        }
        say(at, &state);
    }
    if dice.is(2) {
        at = dice.passes(at);
        state.ended_at = Some(Timestamp::from_micros(at));
        state.undone = dice.is(3);
        state.end_cause = dice.one(&["accepted", "recalled"]).into();
        state.life = match (state.breached, state.undone) {
            (true, _) => ClockLife::Late,
            (false, true) => ClockLife::Cancelled,
            (false, false) => ClockLife::Met,
        };
        state.due_at = state.due_at.or(Some(Timestamp::from_micros(at)));
        say(at, &state);
    }
    clock
}

/// The story brought to its completion an hour after the other, with a clock that was met by it; undone and completed again, if so asked.
pub(crate) fn finished(story: &Story, is_undone: bool) -> Story {
    let mut story = story.clone();
    let criteria = vec![Applied { key: "unread".into(), blocking: false, unmet: false }];
    let all = [
        What::Submitted { content_hash: "last".into(), criteria },
        What::Accepted { read_back: true, conditions: 0 },
        What::Begun,
        What::Completed,
    ];
    let done = story.facts.iter().fold(0, |done, fact| match fact.what {
        What::Submitted { .. } => 1,
        What::Accepted { .. } => 2,
        What::Begun | What::Reopened => 3,
        What::Completed | What::Cancelled => 4,
        What::Recalled | What::Rejected(_) | What::Returned(_) => 0,
        _ => done,
    });
    let again = [What::Reopened, What::Completed];
    let rest = all.into_iter().skip(done).chain(again.into_iter().filter(|_| is_undone && done < 4));
    for what in rest.collect::<Vec<_>>() {
        let last = story.facts.last().expect("a story begins").clone();
        let later = |at: Timestamp| at.plus_seconds(3_600);
        let (at, recorded_at) = (later(last.at), later(last.recorded_at));
        if what == What::Completed {
            let id = uuid::Uuid::from_u128(story.id.as_uuid().as_u128() << 32 | story.facts.len() as u128 | 1 << 31);
            story.clocks.insert(id.into(), met(last.at, at));
        }
        story.facts.push(Fact { sequence: last.sequence + 1, at, recorded_at, what, ..last });
    }
    story
}

/// The clock of a completion in time.
fn met(from: Timestamp, until: Timestamp) -> Clock {
    let micros = until.as_micros() - from.as_micros();
    let running = ClockState {
        life: ClockLife::Running,
        policy: None,
        calendar: CalendarVersion::default(),
        target_micros: 2 * micros,
        elapsed_micros: 0,
        due_at: Some(Timestamp::from_micros(from.as_micros() + 2 * micros)),
        ended_at: None,
        end_cause: String::new(),
        undone: false,
        breached: false,
        warned: false,
        excused: false,
    };
    let stopped = ClockState {
        life: ClockLife::Met,
        elapsed_micros: micros,
        ended_at: Some(until),
        end_cause: "completed".into(),
        ..running.clone()
    };
    let promise = Promise { kind: ClockKind::Completion, side: Side::Downstream, started_at: from, historic: false };
    let went = [(1, from, running), (2, until, stopped)];
    Clock { promise, went: went.map(|(sequence, at, state)| ClockFact { sequence, at, recorded_at: at, state }).into() }
}

/// Team a works by hours that change once, b always, c by a calendar that it took on late.
pub(crate) fn book() -> Book {
    let day = |from: i32, until: i32| vec![Window::new((from, 0), (until, 0))];
    let spec = |from: i32, until: i32| Spec {
        time_zone: "Europe/Berlin".into(),
        weekly: std::array::from_fn(|n| if n < 5 { day(from, until) } else { vec![] }),
        holidays: vec![],
        overrides: vec![],
    };
    let version = |number, since: i64, spec: &Spec| Version {
        number,
        since: Timestamp::from_micros(since * 1_000_000),
        calendar: Arc::new(Calendar::new(spec).expect("a calendar")),
    };
    let office = vec![version(1, START, &spec(9, 17)), version(2, START + 10 * DAY, &spec(7, 15))];
    let office_id = "office".parse().expect("a slug");
    let since = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    let teams = BTreeMap::from([
        ("a".parse().expect("a slug"), vec![(since(START), Some("office".parse().expect("a slug")))]),
        ("b".parse().expect("a slug"), vec![(since(START), None)]),
        (
            "c".parse().expect("a slug"),
            vec![(since(START), None), (since(START + 8 * DAY), Some("office".parse().expect("a slug")))],
        ),
    ]);
    Book { teams, calendars: BTreeMap::from([(office_id, office)]) }
}
