//! Promises: each clock as it stood, by itself.

use std::collections::BTreeMap;

use baton_metrics::domain::{
    Book, Day, Query, Side, Story,
    heard::What,
    query::Scope,
    report::{Attainment, Promise},
    story::{Clock, ClockFact, ClockKind, ClockLife},
};

use super::{as_it_stood, durations::Lasted, is_asked};

/// The clocks that are asked for, as they stood, with their handoffs.
fn asked(stories: &[Story], query: &Query) -> Vec<(Story, Clock, ClockFact)> {
    let mut asked = vec![];
    for story in stories {
        let story = as_it_stood(story, query.as_of);
        if story.facts.is_empty() {
            continue;
        }
        for clock in story.clocks.values() {
            let last = clock.went.last().expect("a clock that started").clone();
            let team = if clock.promise.side == Side::Upstream { &story.about.from_team } else { &story.about.to_team };
            let is_accountable = match &query.scope {
                Scope::Team(asked, _) => team == asked,
                _ => true,
            };
            if is_accountable && is_asked(&story, query, last.state.policy.as_ref()) {
                asked.push((story.clone(), clock.clone(), last));
            }
        }
    }
    asked
}

pub(super) fn attainment(stories: &[Story], book: &Book, query: &Query) -> Vec<Attainment> {
    let mut kinds = BTreeMap::from([(String::new(), Attainment::default())]);
    let mut causes = BTreeMap::<(String, String), i64>::new();
    for (story, clock, last) in asked(stories, query) {
        let state = &last.state;
        if !state.due_at.is_some_and(|due_at| query.has_day(Day::of(due_at))) {
            continue;
        }
        for kind in [String::new(), clock.promise.kind.to_string()] {
            let it = kinds.entry(kind.clone()).or_default();
            match state.life {
                ClockLife::Met => it.met += 1,
                ClockLife::Late => it.late += 1,
                ClockLife::Running | ClockLife::Paused if state.breached => it.open_breached += 1,
                ClockLife::Running | ClockLife::Paused => it.open += 1,
                ClockLife::Cancelled => *causes.entry((kind, state.end_cause.clone())).or_default() += 1,
            }
            let is_open = matches!(state.life, ClockLife::Running | ClockLife::Paused);
            let is_late = state.life == ClockLife::Late || is_open && state.breached;
            it.excused += i64::from(is_late && state.excused);
            if state.life == ClockLife::Met {
                let ended_at = state.ended_at.expect("what is met has ended");
                let undone = clock.promise.kind == ClockKind::Completion && is_undone(&story, ended_at);
                it.undone += i64::from(undone);
                let open = book.calendar(&state.calendar).between(clock.promise.started_at, ended_at);
                it.met_by_pause += i64::from(open > state.target_micros);
            }
        }
    }
    for ((kind, cause), count) in causes {
        kinds.entry(kind).or_default().cancelled.push((cause, count));
    }
    for (kind, it) in &mut kinds {
        it.kind.clone_from(kind);
        it.cancelled.sort_by_key(|(cause, count)| (std::cmp::Reverse(*count), cause.clone()));
    }
    kinds.into_values().collect()
}

/// Whether a completion at that instant was undone.
fn is_undone(story: &Story, at: kernel::Timestamp) -> bool {
    let completions = story.facts.iter().enumerate().filter(|(_, fact)| fact.what == What::Completed && fact.at == at);
    completions
        .into_iter()
        .any(|(n, _)| story.facts[n + 1..].iter().any(|fact| matches!(fact.what, What::Returned(_) | What::Reopened)))
}

pub(super) fn promises(stories: &[Story], book: &Book, query: &Query) -> Vec<Promise> {
    let mut kinds = BTreeMap::<String, (BTreeMap<i64, i64>, Lasted)>::new();
    for (_, clock, last) in asked(stories, query) {
        if !query.has_day(Day::of(clock.promise.started_at)) {
            continue;
        }
        let state = &last.state;
        let (targets, lasted) = kinds.entry(clock.promise.kind.to_string()).or_default();
        *targets.entry(state.target_micros.div_euclid(1_000_000)).or_default() += 1;
        let mut one = Lasted::default();
        match state.life {
            ClockLife::Running => {
                let since = book.calendar(&state.calendar).between(last.at, query.as_of);
                one.note(state.elapsed_micros + since, false);
            }
            ClockLife::Paused => one.note(state.elapsed_micros, false),
            _ if state.undone => {}
            _ => one.note(state.elapsed_micros, true),
        }
        lasted.extend(&one);
    }
    let promise = |(kind, (targets, lasted)): (String, (BTreeMap<i64, i64>, Lasted))| {
        let most = targets.values().max().copied().unwrap_or_default();
        let (target_seconds, with_target) =
            targets.into_iter().find(|(_, count)| *count == most).expect("a clock has a target");
        Promise { kind, target_seconds, with_target, delivered: lasted.durations() }
    };
    kinds.into_iter().map(promise).collect()
}
