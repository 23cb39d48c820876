//! What is open now: in limbo, at risk, breached, by team and side.

use std::{cmp::Reverse, collections::BTreeMap};

use kernel::Timestamp;

use super::{HandoffId, Life, SECOND, Side, Story, TeamId, heard::State, story::ClockKind};

/// What is open with one team on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Open handoffs of the team on that side.
    pub open: i64,
    /// Of those, it is its turn.
    pub waiting: i64,
    /// Of those, submitted and not decided, or accepted and not begun.
    pub in_limbo: i64,
    /// Of the open ones, a clock that the team is accountable for was warned of, and none is breached.
    pub at_risk: i64,
    /// Of the open ones, a clock that the team is accountable for is breached.
    pub breached: i64,
    /// The age of the oldest in limbo, in seconds.
    pub oldest_limbo_seconds: i64,
}

/// A handoff that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Which.
    pub id: HandoffId,
    /// Its state.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// Whose turn it is.
    pub waiting_on: Side,
    /// How old it is, in seconds.
    pub age_seconds: i64,
    /// Kinds of its clocks that are breached, each once.
    pub breached: Vec<ClockKind>,
    /// Kinds of its clocks that were warned of, each once.
    pub at_risk: Vec<ClockKind>,
}

/// The lines of a board: a team on a side.
pub type Lines = Vec<((TeamId, Side), Line)>;

/// What is open: by team and side, and one by one, what needs a hand first at the front. A hand is needed where a clock is breached,
/// then where one is at risk, then where it is oldest.
pub fn board(stories: &[Story], now: Timestamp) -> (Lines, Vec<Item>) {
    let (mut lines, mut items) = (BTreeMap::<(TeamId, Side), Line>::new(), vec![]);
    for story in stories {
        let Some(life) = Life::of(story).filter(|life| life.ended_at().is_none()) else { continue };
        let item = item(story, &life, now);
        for (side, team) in [(Side::Upstream, &story.about.from_team), (Side::Downstream, &story.about.to_team)] {
            count(lines.entry((team.clone(), side)).or_default(), story, &item, side, now);
        }
        items.push(item);
    }
    let mut lines: Vec<_> = lines.into_iter().collect();
    lines.sort_by_key(|((team, side), line)| {
        (Reverse(line.breached), Reverse(line.at_risk), Reverse(line.in_limbo), Reverse(line.open), team.clone(), *side)
    });
    items.sort_by_key(|item| (item.breached.is_empty(), item.at_risk.is_empty(), Reverse(item.age_seconds), item.id));
    (lines, items)
}

fn item(story: &Story, life: &Life, now: Timestamp) -> Item {
    let (state, since) = life.states.last().copied().unwrap_or((State::Draft, life.created_at));
    let asked = life.rounds.iter().find(|round| round.blocking && round.until.is_none());
    let turn = match state {
        State::Submitted | State::Accepted | State::InProgress => Side::Downstream,
        _ => Side::Upstream,
    };
    let kinds = |wanted: fn(&super::story::ClockState) -> bool| {
        let clocks = story
            .clocks
            .values()
            .filter(|clock| clock.went.last().is_some_and(|fact| fact.state.is_open() && wanted(&fact.state)));
        let mut kinds: Vec<ClockKind> = clocks.map(|clock| clock.promise.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    };
    Item {
        id: story.id,
        state,
        since,
        waiting_on: asked.map_or(turn, |round| round.side.other()),
        age_seconds: (now.as_micros() - life.created_at.as_micros()).div_euclid(SECOND).max(0),
        breached: kinds(|state| state.breached),
        at_risk: kinds(|state| state.warned && !state.breached),
    }
}

fn count(line: &mut Line, story: &Story, item: &Item, side: Side, now: Timestamp) {
    let has = |wanted: fn(&super::story::ClockState) -> bool| {
        story.clocks.values().any(|clock| {
            clock.promise.side == side
                && clock.went.last().is_some_and(|fact| fact.state.is_open() && wanted(&fact.state))
        })
    };
    line.open += 1;
    let is_breached = has(|state| state.breached);
    line.breached += i64::from(is_breached);
    line.at_risk += i64::from(!is_breached && has(|state| state.warned));
    if item.waiting_on != side {
        return;
    }
    line.waiting += 1;
    if matches!(item.state, State::Submitted | State::Accepted) {
        line.in_limbo += 1;
        let seconds = (now.as_micros() - item.since.as_micros()).div_euclid(SECOND);
        line.oldest_limbo_seconds = line.oldest_limbo_seconds.max(seconds);
    }
}
