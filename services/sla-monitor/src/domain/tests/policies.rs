//! Which target applies, and what no policy may be.

use std::collections::{BTreeMap, BTreeSet};

use calendar::Duration;
use kernel::{Actor, Kind as PrincipalKind, Principal};

use super::fixture::*;
use crate::domain::{
    Priority, Refused,
    policy::{Circumstances, Kept, Kind, PauseReason, Target, WarnAt},
};

fn ada() -> Actor {
    Actor::Principal(Principal {
        name: "ada".to_owned(),
        kind: PrincipalKind::User,
        teams: BTreeMap::new(),
        is_admin: true,
        is_reader: false,
        is_importer: false,
    })
}

/// What is wrong with targets, field by field.
fn flaws(targets: Vec<Target>) -> Vec<String> {
    match Kept::create(&ada(), "p".parse().unwrap(), None, targets, &BTreeSet::new(), at(MONDAY)) {
        Ok(_) => vec![],
        Err(Refused::Invalid(flaws)) => {
            flaws.into_iter().map(|it| format!("{}: {}", it.field, it.description)).collect()
        }
        Err(other) => panic!("{other}"),
    }
}

fn with(change: impl FnOnce(&mut Target)) -> Target {
    let mut target = target(Kind::Acceptance, working(8));
    change(&mut target);
    target
}

#[test]
fn everything_that_is_wrong_with_a_policy_is_named_at_once() {
    let told = flaws(vec![
        with(|it| {
            it.duration = Duration::Working(0);
            it.warn_at = vec![WarnAt::Percent(100), WarnAt::Percent(50), WarnAt::Percent(50)];
            it.pause_on.insert(PauseReason::Submitted);
            it.escalations[1].after_seconds = HOUR;
            it.escalations[0].notify = String::new();
            it.calendar = Some("nowhere".parse().unwrap());
        }),
        with(|it| it.when = vec![when(&[], Some(true), &[("plan", &["GOLD"])])]),
        target(Kind::Begin, Duration::Elapsed(i64::from(u32::MAX))),
        with(|it| it.warn_at = vec![WarnAt::BeforeDue(8 * HOUR)]),
    ]);
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_match_that_leaves_nothing_to_a_later_one_makes_that_unreachable() {
    let of = |conditions| with(|it| it.when = conditions);
    let gold = || when(&[], None, &[("plan", &["GOLD", "SILVER"])]);
    let all = Priority::ALL;
    // One that holds wherever the later one does.
    assert_eq!(flaws(vec![of(vec![gold()]), of(vec![when(&[Priority::High], None, &[("plan", &["GOLD"])])])]).len(), 1);
    // Several that do so together, though none alone.
    let each: Vec<_> = all.iter().map(|priority| when(&[*priority], None, &[])).collect();
    assert_eq!(flaws(vec![of(each.clone()), of(vec![])]).len(), 1);
    assert_eq!(flaws(vec![of(each.clone()), of(vec![gold()])]).len(), 1);
    // Those that leave something.
    assert!(flaws(vec![of(each[..3].to_vec()), of(vec![])]).is_empty());
    assert!(flaws(vec![of(vec![gold()]), of(vec![when(&[], None, &[("plan", &["BRONZE"])])])]).is_empty());
    assert!(flaws(vec![of(vec![gold()]), of(vec![when(&[], Some(true), &[])]), of(vec![])]).is_empty());
    // Another kind has conditions of its own.
    assert!(flaws(vec![of(vec![]), target(Kind::Begin, working(1))]).is_empty());
}

#[test]
fn the_first_target_whose_condition_holds_applies_and_says_why() {
    let policy = policy(
        1,
        vec![
            with(|it| it.when = vec![when(&[Priority::Urgent], None, &[]), when(&[], None, &[("plan", &["GOLD"])])]),
            with(|_| {}),
        ],
        at(MONDAY),
    );
    let explain = |priority, confidential, plan: &str| {
        let fields = BTreeMap::from([("plan".to_owned(), plan.to_owned())]);
        let circumstances = Circumstances { priority, confidential, fields: &fields };
        let explained = policy.explain(Kind::Acceptance, &circumstances);
        assert_eq!(explained.target, policy.target(Kind::Acceptance, &circumstances).map(|(number, _)| number));
        let steps = explained.steps.iter();
        let told: Vec<_> = steps.map(|it| format!("{}.{} {} {}", it.target, it.condition, it.holds, it.why)).collect();
        told.join("\n")
    };
    insta::assert_snapshot!(
        [
            explain(Priority::Urgent, false, "GOLD"),
            explain(Priority::Normal, false, "GOLD"),
            explain(Priority::Normal, true, "GOLD"),
            explain(Priority::Low, false, "IRON"),
        ]
        .join("\n--\n")
    );
    assert_eq!(
        policy
            .explain(
                Kind::Begin,
                &Circumstances { priority: Priority::Low, confidential: false, fields: &BTreeMap::new() }
            )
            .target,
        None
    );
}

#[test]
fn a_version_that_is_equal_is_none_and_one_that_was_not_seen_is_refused() {
    let mut kept = Kept::create(&ada(), "p".parse().unwrap(), None, targets(), &BTreeSet::new(), at(MONDAY)).unwrap();
    let none = BTreeSet::new();
    assert_eq!(kept.update(&ada(), None, targets(), &none, Some(1), after(1, 0)), Ok(false));
    assert_eq!(kept.update(&ada(), None, vec![with(|_| {})], &none, Some(1), after(1, 0)), Ok(true));
    let refused = kept.update(&ada(), None, targets(), &none, Some(1), after(2, 0));
    assert_eq!(refused, Err(Refused::VersionMoved { current: 2 }));
    assert_eq!(kept.update(&Actor::System, None, targets(), &none, None, after(2, 0)), Err(Refused::AdminOnly));
}
