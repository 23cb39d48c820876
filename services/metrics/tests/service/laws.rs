//! Sums and the reference come to the same figures, whatever is asked of whatever happened.

use std::collections::BTreeMap;

use baton_metrics::domain::{
    Day, HandoffId, Query, RouteId, Side, Story, Sums, Total,
    heard::{Template, What},
    measure,
    query::{Historic, Scope, Version},
    report::{Bucket, Dimension, Metric, Report, buckets, pareto, point, report},
    story::Policy,
    sums::Cohort,
};
use kernel::Timestamp;
use proptest::prelude::*;

use crate::{
    reference,
    stories::{DAY, START, book, finished, stories},
};

fn queries() -> impl Strategy<Value = Query> {
    let team = |name: &str| name.parse().expect("a slug");
    let scope = prop_oneof![
        Just(Scope::All),
        Just(Scope::Routes(vec!["a-to-b".parse::<RouteId>().expect("a slug")])),
        Just(Scope::Pair(team("a"), team("b"))),
        Just(Scope::Team(team("b"), None)),
        Just(Scope::Team(team("b"), Some(Side::Upstream))),
        Just(Scope::Team(team("b"), Some(Side::Downstream))),
    ];
    let version = prop_oneof![
        4 => Just(None),
        1 => Just(Some(Version::Template(Template { id: "intake".parse().expect("a slug"), version: 1 }))),
        1 => Just(Some(Version::Terms("a-to-b".parse().expect("a slug"), 1))),
        1 => Just(Some(Version::Policy(Policy { id: "standard".parse().expect("a slug"), version: 1 }))),
    ];
    let historic = prop_oneof![Just(Historic::Include), Just(Historic::Exclude), Just(Historic::Only)];
    let start = i32::try_from(START / DAY).expect("days");
    let window =
        prop_oneof![Just((start - 10, start + 400)), (start..start + 40, 1..30_i32).prop_map(|(a, b)| (a, a + b))];
    // Mostly long after everything, on an edge of a day, or in the midst.
    let as_of = prop_oneof![
        Just(START + 300 * DAY),
        (0..80_i64).prop_map(|day| START + day * DAY),
        (0..80 * DAY).prop_map(|second| START + second),
    ];
    let return_days = prop_oneof![Just(14), 1..40_i32];
    (scope, version, historic, window, as_of, return_days).prop_map(
        |(scope, version, historic, (from, until), as_of, return_days)| Query {
            scope,
            from: Day(from),
            until: Day(until),
            as_of: Timestamp::from_micros(as_of * 1_000_000),
            historic,
            version,
            return_days,
        },
    )
}

/// Puts a query, or a return, on the very edge of what is old enough.
fn strain(stories: &mut [Story], query: &mut Query, n: usize) {
    let bound = i64::from(query.return_days) * DAY * 1_000_000;
    let Some(story) = stories.get_mut(n % 7) else { return };
    let first = |is: fn(&What) -> bool| story.facts.iter().position(|fact| is(&fact.what));
    let Some(decided) = first(|it| matches!(it, What::Accepted { .. } | What::Rejected(_))) else { return };
    let at = story.facts[decided].at.as_micros();
    match (n % 4, first(|it| matches!(it, What::Returned(_)))) {
        (0, _) => query.as_of = Timestamp::from_micros(at + bound - i64::from(n % 8 == 4)),
        (1, Some(back)) => {
            (query.scope, query.version, query.historic) = (Scope::All, None, Historic::Include);
            // Exactly then, or a part of a second later: all that follows moves with it.
            let moved = at + bound + if n % 8 == 1 { 0 } else { 400_000 } - story.facts[back].at.as_micros();
            for fact in story.facts.iter_mut().skip(back).filter(|_| moved >= 0) {
                fact.at = Timestamp::from_micros(fact.at.as_micros() + moved);
                fact.recorded_at = Timestamp::from_micros(fact.recorded_at.as_micros() + moved);
            }
        }
        _ => {}
    }
}

/// The total as the service makes it: days of sums as they are stored, and one by one what they cannot tell.
fn total<'s>(stories: impl IntoIterator<Item = &'s Story>, query: &Query) -> Total {
    let book = book();
    let mut days = BTreeMap::<(Cohort, Day), Sums>::new();
    let mut total = Total::new(query.clone());
    let edge = Day::of(query.mature_until());
    let mut later = vec![];
    for story in stories {
        let measured = measure(story, &book);
        for (key, sums) in &measured.given {
            days.entry(key.clone()).or_default().merge(sums, 1);
        }
        let times = story.facts.iter().map(|it| it.recorded_at.max(it.at));
        let of_clocks = story.clocks.values().flat_map(|it| &it.went).map(|it| it.recorded_at.max(it.at));
        let heard_at = times.chain(of_clocks).max();
        let is_on_edge = |at: Option<Timestamp>| at.is_some_and(|at| Day::of(at) == edge);
        if heard_at > Some(query.as_of)
            || is_on_edge(measured.first_decided_at)
            || is_on_edge(measured.first_accepted_at)
        {
            later.push((story, measured));
        } else {
            for (cohort, open) in &measured.open {
                total.add_open(cohort, open, &book);
            }
        }
    }
    let mut rows = BTreeMap::<(Cohort, Day), Sums>::new();
    let whole = Query::whole_months([query].into_iter());
    for ((cohort, day), sums) in &days {
        // Every other cohort has months, as if those of the rest had just changed.
        let is_whole = whole.contains(&day.month()) && cohort.terms_version != 1;
        let place = if is_whole { day.month() } else { *day };
        rows.entry((cohort.clone(), place)).or_default().merge(sums, 1);
    }
    for ((cohort, day), sums) in &rows {
        let stored = postcard::to_allocvec(sums).expect("sums are stored");
        total.add(cohort, *day, &postcard::from_bytes(&stored).expect("and read"));
    }
    for (story, measured) in later {
        total.instead(&measured.given, story, &book);
    }
    total
}

const DIMENSIONS: [Dimension; 8] = [
    Dimension::RejectionCriterion,
    Dimension::RejectionReason,
    Dimension::ReturnCriterion,
    Dimension::ReturnReason,
    Dimension::QuestionAbout,
    Dimension::BreachKind,
    Dimension::BouncesByRoute,
    Dimension::AttemptsByRoute,
];

const METRICS: [Metric; 15] = [
    Metric::Created,
    Metric::Completed,
    Metric::LimboP50,
    Metric::LimboP85,
    Metric::FirstPassYield,
    Metric::CompleteAndAccurate,
    Metric::RejectionRate,
    Metric::ReworkRate,
    Metric::Attainment,
    Metric::CycleP50,
    Metric::CycleP85,
    Metric::FlowEfficiency,
    Metric::Bounces,
    Metric::Questions,
    Metric::AnswerP50,
];

/// Each story many times, each time somewhat later: enough on a route to compare with, and to say that a criterion is of no use.
fn many(stories: &[Story], times: i64, apart: i64) -> Vec<Story> {
    let moved = |at: Timestamp, n: i64| Timestamp::from_micros(at.as_micros() + n * apart);
    let copy = |story: &Story, n: i64| {
        let mut story = story.clone();
        let id = uuid::Uuid::from_u128(story.id.as_uuid().as_u128() | u128::from(n.unsigned_abs() + 1) << 96);
        story.id = id.into();
        for fact in &mut story.facts {
            (fact.at, fact.recorded_at) = (moved(fact.at, n), moved(fact.recorded_at, n));
        }
        for clock in story.clocks.values_mut() {
            clock.promise.started_at = moved(clock.promise.started_at, n);
            for went in &mut clock.went {
                (went.at, went.recorded_at) = (moved(went.at, n), moved(went.recorded_at, n));
                went.state.due_at = went.state.due_at.map(|at| moved(at, n));
                went.state.ended_at = went.state.ended_at.map(|at| moved(at, n));
            }
        }
        story
    };
    stories.iter().flat_map(|story| (0..times).map(move |n| copy(story, n))).collect()
}

/// Another id.
fn other(id: HandoffId) -> HandoffId {
    uuid::Uuid::from_u128(id.as_uuid().as_u128() | 1 << 127).into()
}

/// How a story stood after so many of its facts.
fn after(story: &Story, facts: usize) -> Story {
    let mut story = story.until(story.facts[facts - 1].at);
    story.facts.truncate(facts);
    story
}

fn figures<'s>(stories: impl IntoIterator<Item = &'s Story>, query: &Query) -> Report {
    report(&total(stories, query))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn sums_and_the_naive_reference_come_to_the_same_figures(
        mut stories in stories(14), mut query in queries(), n in any::<usize>()
    ) {
        strain(&mut stories, &mut query, n);
        prop_assert_eq!(figures(&stories, &query), reference::report(&stories, &book(), &query));
    }

    #[test]
    fn in_any_order_the_figures_are_the_same_and_as_of_an_instant_what_came_later_does_not_matter(
        stories in stories(10), query in queries()
    ) {
        let told = figures(&stories, &query);
        prop_assert_eq!(&figures(stories.iter().rev(), &query), &told);
        let then: Vec<Story> = stories.iter().map(|story| story.until(query.as_of)).collect();
        prop_assert_eq!(&figures(&then, &query), &told);
    }

    #[test]
    fn paretos_and_steps_of_trends_are_those_of_the_reference(
        stories in stories(14),
        query in queries(),
        bucket in prop_oneof![4 => Just(Bucket::Week), 2 => Just(Bucket::Month), 1 => Just(Bucket::Day)],
    ) {
        let (total, book) = (total(&stories, &query), book());
        for dimension in DIMENSIONS {
            prop_assert_eq!(pareto(&total, dimension), reference::pareto(&stories, &book, &query, dimension));
        }
        let steps = buckets(query.from, query.until.min(query.from.plus(60)), bucket);
        prop_assert!(steps.windows(2).all(|pair| pair[0].1 == pair[1].0), "without a gap");
        let (first, last) = (steps[0].0, steps[steps.len() - 1].1);
        prop_assert_eq!((first, last), (query.from, query.until.min(query.from.plus(60))), "and all of it");
        for (from, until) in steps.into_iter().take(10) {
            let step = Query { from, until, ..query.clone() };
            let (total, expected) = (self::total(&stories, &step), reference::report(&stories, &book, &step));
            for metric in METRICS {
                let told = point(&total, metric);
                prop_assert_eq!((told.value, told.count), reference::point(&expected, metric), "{:?}", metric);
            }
        }
    }

    #[test]
    fn what_was_given_can_be_taken_back_and_the_ledger_sums_exactly(stories in stories(10), query in queries()) {
        let book = book();
        for story in &stories {
            let measured = measure(story, &book);
            for sums in measured.given.values() {
                let mut nothing = sums.clone();
                nothing.merge(sums, -1);
                prop_assert!(nothing.is_empty());
            }
        }
        let it = figures(&stories, &query).ledger;
        let parts = [it.hold, it.asked_upstream, it.asked_downstream, it.upstream, it.downstream, it.closed, it.done];
        prop_assert_eq!(parts.iter().sum::<i64>(), it.total);
        prop_assert!(parts.iter().all(|part| *part >= 0));
        prop_assert_eq!(it, reference::report(&stories, &book, &query).ledger);
    }

    #[test]
    fn a_story_measured_anew_after_each_fact_gives_what_it_gives_as_a_whole(stories in stories(5)) {
        let book = book();
        let (mut stored, mut whole) = (BTreeMap::<(Cohort, Day), Sums>::new(), BTreeMap::<(Cohort, Day), Sums>::new());
        for story in &stories {
            let mut given = BTreeMap::new();
            let stood = (1..=story.facts.len()).map(|facts| measure(&after(story, facts), &book).given);
            for anew in stood.chain([measure(story, &book).given]) {
                for (rows, times) in [(&given, -1), (&anew, 1)] {
                    for (key, sums) in rows {
                        stored.entry(Clone::clone(key)).or_default().merge(sums, times);
                    }
                }
                given = anew;
            }
            for (key, sums) in &given {
                whole.entry(key.clone()).or_default().merge(sums, 1);
            }
        }
        stored.retain(|_, sums| !sums.is_empty());
        whole.retain(|_, sums| !sums.is_empty());
        prop_assert!(stored == whole);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn of_many_handoffs_the_figures_are_those_of_the_reference(
        stories in stories(4),
        (times, is_undone) in (prop_oneof![17..36_i64, Just(20), Just(30)], any::<bool>()),
        apart in prop_oneof![Just(0), Just(1_000_000), Just(3_600_000_000)],
        (open_facts, open_times) in (1..9_usize, 0..4_i64),
        mut query in queries(),
        (kind, days, n) in (0..4_u8, 88..93_i32, any::<usize>()),
    ) {
        let mut finished: Vec<Story> = stories.iter().map(|story| finished(story, is_undone)).collect();
        if kind > 0 {
            (query.scope, query.version, query.historic) = (Scope::All, None, Historic::Include);
            let created = Day::of(finished[0].facts[0].at);
            (query.from, query.until) = (created.plus(-2), created.plus(days - 2));
        }
        if kind > 1 {
            // What is still open is as old as some of what is done was when it was completed, on the same route.
            let about = finished[0].about.clone();
            for it in &mut finished {
                it.about.clone_from(&about);
            }
            let some = &finished[n % finished.len()];
            query.as_of = some.facts[some.facts.len() - 1].at;
        }
        let begun: Vec<Story> = finished.iter().map(|it| after(it, open_facts.min(it.facts.len()))).collect();
        let mut all = many(&finished, times, apart);
        all.extend(many(&begun, open_times, apart).into_iter().map(|story| Story { id: other(story.id), ..story }));
        prop_assert_eq!(figures(&all, &query), reference::report(&all, &book(), &query));
    }
}
