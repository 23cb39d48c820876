//! Every figure once more, naively: loops over the raw facts of all handoffs, without sums, days or histograms. Slow, and plain enough to
//! be held beside the definitions.

mod clocks;
mod durations;
mod time;
mod trend;

use std::{cmp::Reverse, collections::BTreeMap};

use baton_metrics::domain::{
    Book, Day, Query, RouteId, Side, Story,
    heard::{Reason, ReasonKind, What},
    interval::{Proportion, Rate},
    query::{Historic, Scope, Version},
    report::{Ageing, Both, Criterion, Dimension, Limbo, Line, Quality, Questions, ReadBacks, Report, Rework, Volume},
    story::{Fact, Policy},
};
use kernel::Timestamp;

use self::durations::Lasted;
pub(crate) use self::trend::point;

const SECOND: i64 = 1_000_000;

/// The figures of stories.
pub(crate) fn report(stories: &[Story], book: &Book, query: &Query) -> Report {
    let asked = asked(stories, query);
    let events: Vec<(&Story, usize, &Fact)> =
        asked.iter().flat_map(|it| it.facts.iter().enumerate().map(move |(n, fact)| (it, n, fact))).collect();
    let on_day =
        |is: fn(&What) -> bool| count(events.iter().filter(|(_, _, it)| is(&it.what) && query.has_day(Day::of(it.at))));
    let created: Vec<&Story> = asked.iter().filter(|it| query.has_day(Day::of(it.facts[0].at))).collect();
    let rejected = on_day(|it| matches!(it, What::Rejected(_)));
    let returned = on_day(|it| matches!(it, What::Returned(_)));
    let accepted = on_day(|it| matches!(it, What::Accepted { .. }));
    let of_created =
        |is: fn(&What) -> bool| count(created.iter().flat_map(|story| &story.facts).filter(|fact| is(&fact.what)));
    let handoffs = count(created.iter());
    let returns = of_created(|it| matches!(it, What::Returned(_)));
    Report {
        volume: Volume {
            created: handoffs,
            submitted: on_day(|it| matches!(it, What::Submitted { .. })),
            recalled: on_day(|it| matches!(it, What::Recalled)),
            accepted,
            rejected,
            returned,
            completed: on_day(|it| matches!(it, What::Completed)),
            cancelled: on_day(|it| matches!(it, What::Cancelled)),
            open: count(asked.iter().filter(|it| time::end(&it.facts).is_none())),
        },
        limbo: limbo(&asked, book, query),
        ledger: time::ledger(&created, book, query),
        quality: quality(&asked, &events, query, (accepted, rejected, returned)),
        rework: rework(&asked, query, Rate::new(returns, handoffs)),
        attainment: clocks::attainment(stories, book, query),
        promises: clocks::promises(stories, book, query),
        ageing: ageing(&asked, query),
        bounces: Rate::new(of_created(|it| matches!(it, What::Rejected(_))) + returns, handoffs),
        questions: questions(&asked, &created, query),
        holds: time::holds(&created, query),
        flow: time::flow(&asked, book, query),
        read_backs: read_backs(&asked, query, accepted),
        criteria: criteria(&events, query),
    }
}

/// The lines of a Pareto.
pub(crate) fn pareto(stories: &[Story], book: &Book, query: &Query, dimension: Dimension) -> Vec<Line> {
    let mut lines = BTreeMap::<String, i64>::new();
    if dimension == Dimension::BreachKind {
        let kinds = clocks::attainment(stories, book, query).into_iter().filter(|it| !it.kind.is_empty());
        let breached = kinds.map(|it| (it.kind, it.late + it.open_breached));
        return most(breached.filter(|(_, count)| *count > 0).collect());
    }
    for story in asked(stories, query) {
        for fact in story.facts.iter().filter(|fact| query.has_day(Day::of(fact.at))) {
            let route = story.about.route_id.to_string();
            let names: Vec<String> = match (&fact.what, dimension) {
                (What::Rejected(reasons), Dimension::RejectionCriterion)
                | (What::Returned(reasons), Dimension::ReturnCriterion) => criteria_of(reasons),
                (What::Rejected(reasons), Dimension::RejectionReason)
                | (What::Returned(reasons), Dimension::ReturnReason) => {
                    distinct(reasons.iter().map(|reason| reason.kind.name().to_owned()))
                }
                (What::Asked { about, .. }, Dimension::QuestionAbout) if !about.is_empty() => vec![about.clone()],
                (What::Rejected(_) | What::Returned(_), Dimension::BouncesByRoute)
                | (What::Submitted { .. }, Dimension::AttemptsByRoute) => vec![route],
                _ => vec![],
            };
            for name in names {
                *lines.entry(name).or_default() += 1;
            }
        }
    }
    most(lines)
}

fn most(lines: BTreeMap<String, i64>) -> Vec<Line> {
    let mut lines: Vec<Line> = lines.into_iter().collect();
    lines.sort_by_key(|(name, count)| (Reverse(*count), name.clone()));
    lines
}

fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.dedup();
    names
}

fn criteria_of(reasons: &[Reason]) -> Vec<String> {
    distinct(reasons.iter().filter(|it| it.kind == ReasonKind::Criterion).map(|it| it.text.clone()))
}

fn count<T>(all: impl Iterator<Item = T>) -> i64 {
    i64::try_from(all.count()).expect("few")
}

/// The stories that are asked for, as they stood.
fn asked(stories: &[Story], query: &Query) -> Vec<Story> {
    let stood = stories.iter().map(|story| as_it_stood(story, query.as_of));
    stood.filter(|story| !story.facts.is_empty() && is_asked(story, query, policy_of(story).as_ref())).collect()
}

fn as_it_stood(story: &Story, as_of: Timestamp) -> Story {
    let mut story = story.clone();
    story.facts.retain(|fact| fact.at <= as_of);
    for clock in story.clocks.values_mut() {
        clock.went.retain(|went| went.at <= as_of);
    }
    story.clocks.retain(|_, clock| !clock.went.is_empty());
    story
}

/// The policy of the first clock that has one.
fn policy_of(story: &Story) -> Option<Policy> {
    let mut clocks: Vec<_> = story.clocks.iter().collect();
    clocks.sort_by_key(|(id, clock)| (clock.promise.started_at, **id));
    clocks.into_iter().find_map(|(_, clock)| clock.went[0].state.policy.clone())
}

fn is_asked(story: &Story, query: &Query, policy: Option<&Policy>) -> bool {
    let about = &story.about;
    let in_scope = match &query.scope {
        Scope::All => true,
        Scope::Routes(routes) => routes.contains(&about.route_id),
        Scope::Pair(from, to) => about.from_team == *from && about.to_team == *to,
        Scope::Team(team, Some(Side::Upstream)) => about.from_team == *team,
        Scope::Team(team, Some(Side::Downstream)) => about.to_team == *team,
        Scope::Team(team, None) => about.from_team == *team || about.to_team == *team,
    };
    let (mut terms, mut template) = (0, None);
    for fact in &story.facts {
        match &fact.what {
            What::Created { terms_version, template: pin, .. } => (terms, template) = (*terms_version, pin.clone()),
            What::Migrated(pin) => template.clone_from(pin),
            _ => {}
        }
    }
    let of_version = match &query.version {
        None => true,
        Some(Version::Template(wanted)) => template.as_ref() == Some(wanted),
        Some(Version::Terms(route, wanted)) => about.route_id == *route && terms == *wanted,
        Some(Version::Policy(wanted)) => policy == Some(wanted),
    };
    let historic = story.facts[0].historic;
    let is_wanted = match query.historic {
        Historic::Include => true,
        Historic::Exclude => !historic,
        Historic::Only => historic,
    };
    in_scope && of_version && is_wanted
}

/// What happened next after the n-th fact, of some kinds.
fn next(facts: &[Fact], n: usize, is: fn(&What) -> bool) -> Option<&Fact> {
    facts[n + 1..].iter().find(|fact| is(&fact.what))
}

fn limbo(asked: &[Story], book: &Book, query: &Query) -> Limbo {
    let mut limbo: [(Lasted, Lasted); 4] = Default::default();
    for story in asked {
        for (n, fact) in story.facts.iter().enumerate().filter(|(_, fact)| query.has_day(Day::of(fact.at))) {
            let (end, is_done, done, beside) = match &fact.what {
                What::Submitted { .. } => {
                    let end = next(&story.facts, n, |it| {
                        matches!(it, What::Accepted { .. } | What::Rejected(_) | What::Recalled | What::Cancelled)
                    });
                    let is_done = end.is_none_or(|it| matches!(it.what, What::Accepted { .. } | What::Rejected(_)));
                    (end, is_done, 0, 1)
                }
                What::Accepted { .. } => {
                    let end =
                        next(&story.facts, n, |it| matches!(it, What::Begun | What::Returned(_) | What::Cancelled));
                    (end, end.is_none_or(|it| it.what == What::Begun), 2, 3)
                }
                _ => continue,
            };
            let place = &mut limbo[if is_done { done } else { beside }];
            let until = end.map_or(query.as_of, |fact| fact.at);
            let calendar = book.calendar_of(&story.about.to_team, fact.at);
            place.0.note(until.as_micros() - fact.at.as_micros(), end.is_some());
            place.1.note(book.calendar(&calendar).between(fact.at, until), end.is_some());
        }
    }
    let both =
        |(elapsed, working): &(Lasted, Lasted)| Both { elapsed: elapsed.durations(), working: working.durations() };
    Limbo {
        decision: both(&limbo[0]),
        withdrawn: both(&limbo[1]),
        begin: both(&limbo[2]),
        never_begun: both(&limbo[3]),
    }
}

fn is_decision(what: &What) -> bool {
    matches!(what, What::Accepted { .. } | What::Rejected(_))
}

/// The place of the first decision.
fn first_decision(story: &Story) -> Option<usize> {
    story.facts.iter().position(|fact| is_decision(&fact.what))
}

fn hash_before(facts: &[Fact], n: usize) -> Option<&String> {
    facts[..n].iter().rev().find_map(|fact| match &fact.what {
        What::Submitted { content_hash, .. } => Some(content_hash),
        _ => None,
    })
}

/// Whether what was accepted next after the n-th fact is what had been handed over before it.
fn accepted_unchanged(facts: &[Fact], n: usize) -> bool {
    let accepted = (n + 1..facts.len()).find(|it| matches!(facts[*it].what, What::Accepted { .. }));
    let hash = hash_before(facts, n);
    accepted.is_some_and(|it| hash_before(facts, it) == hash) && hash.is_some_and(|it| !it.is_empty())
}

fn quality(
    asked: &[Story],
    events: &[(&Story, usize, &Fact)],
    query: &Query,
    (accepted, rejected, returned): (i64, i64, i64),
) -> Quality {
    let (mut decided, mut passed, mut ever, mut old, mut complete) = (0, 0, 0, 0, 0);
    for story in asked {
        let Some(n) = first_decision(story).filter(|n| query.has_day(Day::of(story.facts[*n].at))) else { continue };
        let (before, decision) = (&story.facts[..n], &story.facts[n]);
        decided += 1;
        ever += i64::from(story.facts.iter().any(|fact| matches!(fact.what, What::Rejected(_))));
        let looked = |it: &What| matches!(it, What::Claimed | What::Asked { .. } | What::ReviewHeld);
        let recalled = before
            .iter()
            .enumerate()
            .any(|(m, fact)| fact.what == What::Recalled && before[..m].iter().any(|fact| looked(&fact.what)));
        let is_passed = matches!(decision.what, What::Accepted { .. }) && !recalled;
        passed += i64::from(is_passed);
        let days = i64::from(query.return_days) * 86_400 * SECOND;
        if decision.at.as_micros() > query.as_of.as_micros() - days {
            continue;
        }
        old += 1;
        let asked_by_downstream = |it: &What| matches!(it, What::Asked { side: Side::Downstream, .. });
        let spoilt = before.iter().any(|it| it.what == What::Waived || asked_by_downstream(&it.what))
            || matches!(decision.what, What::Accepted { conditions: 1.., .. });
        let back = next(&story.facts, n, |it| matches!(it, What::Returned(_)));
        let came_back = back.is_some_and(|it| it.at.as_micros() - decision.at.as_micros() <= days);
        complete += i64::from(is_passed && !spoilt && !came_back);
    }
    let on_day = |is: fn(&Story, usize, &Fact) -> bool| {
        count(events.iter().filter(|(story, n, fact)| query.has_day(Day::of(fact.at)) && is(story, *n, fact)))
    };
    let incomplete = on_day(|_, _, fact| match &fact.what {
        What::Rejected(reasons) => {
            reasons.iter().any(|it| matches!(it.kind, ReasonKind::Criterion | ReasonKind::Incomplete))
        }
        _ => false,
    });
    let unchanged =
        on_day(|story, n, fact| matches!(fact.what, What::Rejected(_)) && accepted_unchanged(&story.facts, n));
    let back_unchanged =
        on_day(|story, n, fact| matches!(fact.what, What::Returned(_)) && accepted_unchanged(&story.facts, n));
    Quality {
        first_pass_yield: Proportion::new(passed, decided),
        complete_and_accurate: Proportion::new(complete, old),
        too_young: decided - old,
        rejection_rate: Proportion::new(rejected, accepted + rejected),
        ever_rejected: Proportion::new(ever, decided),
        incomplete: Proportion::new(incomplete, rejected),
        rejected_then_accepted_unchanged: Proportion::new(unchanged, rejected),
        returned_then_accepted_unchanged: Proportion::new(back_unchanged, returned),
    }
}

fn rework(asked: &[Story], query: &Query, returns_per_handoff: Rate) -> Rework {
    let days = i64::from(query.return_days) * 86_400 * SECOND;
    let (mut old, mut young, mut within, mut later) = (0, 0, 0, 0);
    for story in asked {
        let first = story.facts.iter().position(|fact| matches!(fact.what, What::Accepted { .. }));
        let Some(n) = first.filter(|n| query.has_day(Day::of(story.facts[*n].at))) else { continue };
        let at = story.facts[n].at.as_micros();
        if at > query.as_of.as_micros() - days {
            young += 1;
            continue;
        }
        old += 1;
        match next(&story.facts, n, |it| matches!(it, What::Returned(_))) {
            Some(back) if back.at.as_micros() - at <= days => within += 1,
            Some(_) => later += 1,
            None => {}
        }
    }
    Rework { rate: Proportion::new(within, old), too_young: young, later, returns_per_handoff }
}

fn ageing(asked: &[Story], query: &Query) -> Ageing {
    let (mut cycle, mut age) = (Lasted::default(), Lasted::default());
    let mut by_route = BTreeMap::<&RouteId, Lasted>::new();
    let mut open = vec![];
    for story in asked {
        let created = story.facts[0].at;
        let in_window = query.has_day(Day::of(created));
        let wall = |until: Timestamp| until.as_micros() - created.as_micros();
        match time::end(&story.facts) {
            None => {
                let lasted = wall(query.as_of);
                age.note(lasted, true);
                open.push((&story.about.route_id, lasted.div_euclid(SECOND)));
                if in_window {
                    cycle.note(lasted, false);
                }
            }
            Some(fact) if fact.what == What::Completed && in_window => {
                cycle.note(wall(fact.at), true);
                by_route.entry(&story.about.route_id).or_default().note(wall(fact.at), true);
            }
            Some(_) => {}
        }
    }
    let mut ageing = Ageing { cycle: cycle.durations(), age: age.durations(), ..Ageing::default() };
    for (route, seconds) in open {
        let its = by_route.get(route).map(Lasted::durations).filter(|it| it.count >= 20);
        match its {
            None => ageing.unknown += 1,
            Some(it) if seconds <= it.p50.seconds => ageing.below_p50 += 1,
            Some(it) if seconds <= it.p85.seconds => ageing.below_p85 += 1,
            Some(_) => ageing.above_p85 += 1,
        }
    }
    ageing
}

fn questions(asked: &[Story], created: &[&Story], query: &Query) -> Questions {
    let rounds = |story: &Story| count(story.facts.iter().filter(|fact| matches!(fact.what, What::Asked { .. })));
    let (mut answer, mut unanswered, mut abouts) = (Lasted::default(), 0, BTreeMap::<String, i64>::new());
    for story in asked {
        for (n, fact) in story.facts.iter().enumerate().filter(|(_, fact)| query.has_day(Day::of(fact.at))) {
            let What::Asked { question, about, .. } = &fact.what else { continue };
            if !about.is_empty() {
                *abouts.entry(about.clone()).or_default() += 1;
            }
            let end = story.facts[n + 1..].iter().find(|later| match &later.what {
                What::Answered(id) | What::Closed(id) | What::Asked { question: id, .. } => id == question,
                _ => false,
            });
            match end {
                Some(end) if matches!(end.what, What::Answered(_)) => {
                    answer.note(end.at.as_micros() - fact.at.as_micros(), true);
                }
                Some(_) => unanswered += 1,
                None => answer.note(query.as_of.as_micros() - fact.at.as_micros(), false),
            }
        }
    }
    let handoffs = count(created.iter());
    Questions {
        rounds_per_handoff: Rate::new(created.iter().map(|story| rounds(story)).sum(), handoffs),
        without: Proportion::new(count(created.iter().filter(|story| rounds(story) == 0)), handoffs),
        answer: answer.durations(),
        unanswered,
        about: most(abouts),
    }
}

fn read_backs(asked: &[Story], query: &Query, accepted: i64) -> ReadBacks {
    let (mut given, mut confirmed, mut corrected) = (0, 0, 0);
    for story in asked {
        for (n, fact) in story.facts.iter().enumerate().filter(|(_, fact)| query.has_day(Day::of(fact.at))) {
            if !matches!(fact.what, What::Accepted { read_back: true, .. }) {
                continue;
            }
            given += 1;
            let later = &story.facts[n + 1..];
            let until = later.iter().position(|it| matches!(it.what, What::Accepted { .. })).unwrap_or(later.len());
            let said = later[..until].iter().rev().find_map(|it| match it.what {
                What::ReadBackConfirmed { corrections } => Some(i64::from(corrections)),
                _ => None,
            });
            confirmed += i64::from(said.is_some());
            corrected += said.unwrap_or_default();
        }
    }
    ReadBacks {
        given: Proportion::new(given, accepted),
        confirmed: Proportion::new(confirmed, given),
        corrections: Rate::new(corrected, confirmed),
    }
}

fn criteria(events: &[(&Story, usize, &Fact)], query: &Query) -> Vec<Criterion> {
    let facts: Vec<&What> =
        events.iter().filter(|(_, _, fact)| query.has_day(Day::of(fact.at))).map(|(_, _, fact)| &fact.what).collect();
    let applied = facts.iter().flat_map(|it| match it {
        What::Submitted { criteria, .. } => criteria.as_slice(),
        _ => &[],
    });
    let applied: Vec<_> = applied.collect();
    let cited = facts.iter().flat_map(|it| match it {
        What::Rejected(reasons) | What::Returned(reasons) => criteria_of(reasons),
        _ => Vec::new(),
    });
    let keys = distinct(applied.iter().map(|it| it.key.clone()).chain(cited));
    let days = query.until.0.min(Day::of(query.as_of).0 + 1) - query.from.0;
    let mut criteria: Vec<Criterion> = keys
        .into_iter()
        .map(|key| {
            let of = |is: &dyn Fn(&What) -> bool| count(facts.iter().filter(|it| is(it)));
            let cites = |reasons: &[Reason]| criteria_of(reasons).contains(&key);
            let mut criterion = Criterion {
                required: count(applied.iter().filter(|it| it.key == key)),
                advisory: count(applied.iter().filter(|it| it.key == key && !it.blocking)),
                unmet: count(applied.iter().filter(|it| it.key == key && it.unmet)),
                rejections: of(&|it| matches!(it, What::Rejected(reasons) if cites(reasons))),
                returns: of(&|it| matches!(it, What::Returned(reasons) if cites(reasons))),
                questions: of(&|it| matches!(it, What::Asked { about, .. } if *about == key)),
                may_be_dropped: false,
                key: key.clone(),
            };
            let cited = criterion.rejections + criterion.returns + criterion.questions;
            criterion.may_be_dropped = cited == 0 && criterion.required >= 30 && days >= 90;
            criterion
        })
        .collect();
    criteria.sort_by_key(|it| (Reverse(it.rejections + it.returns + it.questions), it.key.clone()));
    criteria
}
