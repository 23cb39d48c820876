//! Where time went: between each two facts the handoff is looked at anew, by going through all facts before.

use baton_metrics::domain::{
    Book, Day, Query, QuestionId, Side, Story,
    heard::What,
    report::{Flow, Holds, Ledger},
    story::Fact,
};
use kernel::Timestamp;

/// The last completion that was not undone, or the cancellation.
pub(super) fn end(facts: &[Fact]) -> Option<&Fact> {
    let mut end = None;
    for fact in facts {
        match fact.what {
            What::Completed | What::Cancelled => end = Some(fact),
            What::Returned(_) | What::Reopened => end = None,
            _ => {}
        }
    }
    end
}

/// How a handoff stands after some facts.
#[derive(Default)]
struct Stands {
    upstream: bool,
    in_progress: bool,
    completed: bool,
    hold: Option<(bool, Side)>,
    asked: Vec<(QuestionId, Side)>,
}

fn after(facts: &[Fact]) -> Stands {
    let mut it = Stands { upstream: true, ..Stands::default() };
    for fact in facts {
        let turn = match &fact.what {
            What::Submitted { .. } | What::Accepted { .. } => Some((false, false, false)),
            What::Begun | What::Reopened => Some((false, true, false)),
            What::Completed => Some((false, false, true)),
            What::Recalled | What::Rejected(_) | What::Returned(_) | What::Cancelled => Some((true, false, false)),
            _ => None,
        };
        if let Some(turn) = turn {
            (it.upstream, it.in_progress, it.completed) = turn;
            it.hold = None;
        }
        match &fact.what {
            What::Held { agreed, side } => it.hold = Some((*agreed, *side)),
            What::Resumed => it.hold = None,
            What::Asked { question, side, blocking, round, .. } => {
                it.asked.retain(|(id, _)| id != question);
                if *blocking && *round <= 2 {
                    it.asked.push((*question, side.other()));
                }
            }
            What::Answered(question) | What::Closed(question) => it.asked.retain(|(id, _)| id != question),
            _ => {}
        }
    }
    it
}

/// Whether a fact may begin another stretch of time.
fn is_edge(what: &What) -> bool {
    !matches!(
        what,
        What::Migrated(_)
            | What::Tied(_)
            | What::TieAdded(_)
            | What::TieRemoved(_)
            | What::Claimed
            | What::ReviewHeld
            | What::Waived
            | What::ReadBackConfirmed { .. }
            | What::Other
    )
}

/// The times between facts, with how the handoff stands between; those of equal times stand together.
fn between(story: &Story, until: Timestamp) -> Vec<(Timestamp, Timestamp, Stands)> {
    let edges = story.facts.iter().filter(|fact| is_edge(&fact.what));
    let mut times: Vec<Timestamp> = edges.map(|fact| fact.at).collect();
    times.push(until);
    times.sort_unstable();
    times.dedup();
    let pairs = times.windows(2).filter(|pair| pair[1] <= until);
    pairs
        .map(|pair| {
            let so_far: Vec<Fact> = story.facts.iter().filter(|fact| fact.at <= pair[0]).cloned().collect();
            (pair[0], pair[1], after(&so_far))
        })
        .collect()
}

fn wall(from: Timestamp, until: Timestamp) -> i64 {
    until.as_micros() - from.as_micros()
}

pub(super) fn ledger(created: &[&Story], book: &Book, query: &Query) -> Ledger {
    let mut ledger = Ledger { handoffs: i64::try_from(created.len()).expect("few"), ..Ledger::default() };
    for story in created {
        let until = end(&story.facts).map_or(query.as_of, |fact| fact.at);
        ledger.total += wall(story.facts[0].at, until);
        for (from, until, stands) in between(story, until) {
            if stands.completed {
                ledger.done += wall(from, until);
                continue;
            }
            if matches!(stands.hold, Some((true, _))) {
                ledger.hold += wall(from, until);
                continue;
            }
            let asked = stands.asked.first().map(|(_, side)| *side);
            let side = asked.unwrap_or(if stands.upstream { Side::Upstream } else { Side::Downstream });
            let team = if side == Side::Upstream { &story.about.from_team } else { &story.about.to_team };
            let open = book.calendar(&book.calendar_of(team, from)).between(from, until);
            ledger.closed += wall(from, until) - open;
            let place = match (asked.is_some(), side) {
                (true, Side::Upstream) => &mut ledger.asked_upstream,
                (true, Side::Downstream) => &mut ledger.asked_downstream,
                (false, Side::Upstream) => &mut ledger.upstream,
                (false, Side::Downstream) => &mut ledger.downstream,
            };
            *place += open;
        }
    }
    ledger
}

pub(super) fn holds(created: &[&Story], query: &Query) -> Holds {
    let mut holds = Holds::default();
    for story in created {
        holds.holds +=
            i64::try_from(story.facts.iter().filter(|it| matches!(it.what, What::Held { .. })).count()).expect("few");
        for (from, until, stands) in between(story, query.as_of) {
            let place = match stands.hold {
                Some((true, Side::Upstream)) => &mut holds.agreed_upstream,
                Some((true, Side::Downstream)) => &mut holds.agreed_downstream,
                Some((false, Side::Upstream)) => &mut holds.lone_upstream,
                Some((false, Side::Downstream)) => &mut holds.lone_downstream,
                None => continue,
            };
            *place += wall(from, until);
        }
    }
    holds
}

pub(super) fn flow(asked: &[Story], book: &Book, query: &Query) -> Flow {
    let mut flow = Flow::default();
    for story in asked {
        let Some(end) = end(&story.facts).filter(|it| it.what == What::Completed) else { continue };
        if !query.has_day(Day::of(end.at)) {
            continue;
        }
        let created = story.facts[0].at;
        let calendar = book.calendar(&book.calendar_of(&story.about.to_team, created));
        flow.handoffs += 1;
        flow.elapsed_total += wall(created, end.at);
        flow.working_total += calendar.between(created, end.at);
        for (from, until, stands) in between(story, end.at) {
            if stands.in_progress {
                flow.elapsed_progress += wall(from, until);
                flow.working_progress += calendar.between(from, until);
            }
        }
    }
    flow
}
