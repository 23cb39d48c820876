//! A policy as a YAML file.

use api::sla::v1::{Policy, Target};
use serde::{Deserialize, Serialize};

use super::{is_default, read, target::Written as WrittenTarget, write};

/// What a file says of a policy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PolicyFile {
    /// The id.
    pub(crate) id: String,
    /// The name as a person reads it; empty where it is not given.
    pub(crate) display_name: String,
    /// The time commitments.
    pub(crate) targets: Vec<Target>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    policy: String,
    #[serde(default, skip_serializing_if = "is_default")]
    name: String,
    targets: Vec<WrittenTarget>,
}

impl PolicyFile {
    /// What a file of this policy says.
    pub(crate) fn of(policy: Policy) -> Self {
        Self { id: policy.id, display_name: policy.display_name, targets: policy.targets }
    }

    /// Reads a file.
    pub(crate) fn from_yaml(text: &str) -> Result<Self, String> {
        let Written { policy, name, targets } = read(text)?;
        let targets = targets.into_iter().map(Target::from).collect();
        Ok(Self { id: policy, display_name: name, targets })
    }

    /// Writes a file.
    pub(crate) fn to_yaml(&self) -> String {
        let Self { id, display_name, targets } = self.clone();
        let targets = targets.into_iter().map(WrittenTarget::from).collect();
        write(&Written { policy: id, name: display_name, targets })
    }
}

#[cfg(test)]
mod tests {
    use api::{
        sla::v1::{
            BusinessDays, ClockKind, Escalation, FieldMatch, Match, PauseOn, PauseReason, TargetDuration, Warning,
            target_duration::Kind, warning::At,
        },
        r#type::v1::Priority,
    };
    use insta::assert_snapshot;
    use proptest::{collection::vec, option, prelude::*, sample::select};

    use super::*;

    const STANDARD: &str = "\
policy: standard
name: Standard
targets:
- clock: ACCEPTANCE
  when: [{priorities: [URGENT]}, {fields: {plan: [GOLD], seats: [40], signed: [true]}, confidential: false}]
  duration: {working: 8h}
  calendar: berlin
  warn_at: [50%, 1h]
  pause_on: [BLOCKING_QUESTION, AGREED_HOLD]
  escalations: [{after: 2h, notify: head-of-implementation}]
- clock: acceptance
  duration: {business_days: 2, at: 17:00}
  pause_on: []
- {clock: begin, duration: {elapsed: 2d}}
";

    #[test]
    fn a_file_says_what_was_promised() {
        let file = PolicyFile::from_yaml(STANDARD).unwrap();
        let [first, second, third] = &file.targets[..] else { panic!("{file:?}") };
        let values = |key: usize| first.when[1].fields[key].values.clone();
        assert_eq!((values(0), values(1), values(2)), (vec!["GOLD".into()], vec!["40".into()], vec!["true".into()]));
        assert_eq!(first.when[1].confidential, Some(false));
        assert_eq!(second.pause_on, Some(PauseOn { reasons: vec![] }));
        assert_eq!((third.pause_on.clone(), third.clock()), (None, ClockKind::Begin));
        assert_snapshot!(file.to_yaml(), @r#"
        policy: standard
        name: Standard
        targets:
        - clock: ACCEPTANCE
          when:
          - {priorities: [URGENT]}
          - {confidential: false, fields: {plan: [GOLD], seats: ["40"], signed: ["true"]}}
          duration: {working: 8h}
          calendar: berlin
          warn_at: [50%, 1h]
          pause_on: [BLOCKING_QUESTION, AGREED_HOLD]
          escalations:
          - {after: 2h, notify: head-of-implementation}
        - clock: ACCEPTANCE
          duration: {business_days: 2, at: "17:00"}
          pause_on: []
        - clock: BEGIN
          duration: {elapsed: 2d}
        "#);
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        let told = |from: &str, to: &str| PolicyFile::from_yaml(&STANDARD.replace(from, to)).unwrap_err();
        let mistakes = [
            told("working: 8h", "working: 2d"),
            told("elapsed: 2d", "days: 2"),
            told("elapsed: 2d", "elapsed: 2d, at: 17:00"),
            told("elapsed: 2d", "elapsed: 2d, working: 8h"),
            told("{elapsed: 2d}", "{}"),
            told("{elapsed: 2d}", "2d"),
            told("at: 17:00", "at: 5pm"),
            told("ACCEPTANCE", "ACCEPT"),
            told("50%", "100%"),
            told("[50%, 1h]", "[1d]"),
            told("AGREED_HOLD", "HOLD"),
            told("signed", "seats"),
            told("calendar:", "calender:"),
        ];
        assert_snapshot!(mistakes.join("\n"), @r#"
        "2d": a day of work has no length of its own; write hours, as 16h at line 6, column 23
        unknown field `days`, expected one of working, elapsed, business_days, at at line 14, column 29
        write one of {working: 8h}, {elapsed: 2d}, {business_days: 2} or {business_days: 2, at: "17:00"} at line 14, column 28
        write one of {working: 8h}, {elapsed: 2d}, {business_days: 2} or {business_days: 2, at: "17:00"} at line 14, column 28
        write one of {working: 8h}, {elapsed: 2d}, {business_days: 2} or {business_days: 2, at: "17:00"} at line 14, column 28
        expected mapping start at line 14, column 28
        "5pm" is no time of a day; write 17:00 at line 12, column 13
        "ACCEPT": use one of delivery, acceptance, begin, completion, redelivery, answer, action at line 4, column 10
        "100%": write 1% to 99%, or the time left, as 1h at line 8, column 13
        "1d": a day of work has no length of its own; write hours, as 16h at line 8, column 13
        "HOLD": use one of blocking-question, agreed-hold, lone-hold, submitted at line 9, column 33
        duplicate mapping key: seats at line 5, column 71
        unknown field `calender`, expected one of clock, when, duration, calendar, warn_at, pause_on, escalations at line 7, column 3
        "#);
    }

    fn seconds() -> impl Strategy<Value = prost_types::Duration> {
        (1_i64..10_000_000).prop_map(api::duration_from_seconds)
    }

    fn duration() -> impl Strategy<Value = TargetDuration> {
        let at = prop_oneof![Just(String::new()), Just("17:00".to_owned()), Just("08:30:15".to_owned())];
        let kind = prop_oneof![
            seconds().prop_map(Kind::Working),
            seconds().prop_map(Kind::Elapsed),
            (1..1_000, at).prop_map(|(days, at)| Kind::BusinessDays(BusinessDays { days, at })),
        ];
        kind.prop_map(|kind| TargetDuration { kind: Some(kind) })
    }

    prop_compose! {
        fn when()(
            priorities in vec(select(vec![Priority::Low, Priority::Normal, Priority::High, Priority::Urgent]), 0..3),
            confidential in option::of(any::<bool>()),
            fields in proptest::collection::btree_map("[a-z_]{1,9}", vec("\\PC{0,20}", 1..3), 0..3),
        ) -> Match {
            let fields = fields.into_iter().map(|(key, values)| FieldMatch { key, values });
            Match { priorities: priorities.into_iter().map(i32::from).collect(), confidential, fields: fields.collect() }
        }
    }

    fn warning() -> impl Strategy<Value = Warning> {
        let at = prop_oneof![(1..=99).prop_map(At::Percent), seconds().prop_map(At::BeforeDue)];
        at.prop_map(|at| Warning { at: Some(at) })
    }

    prop_compose! {
        fn target()(
            clock in 1..=7_i32,
            when in vec(when(), 0..3),
            duration in duration(),
            calendar_id in "([a-z][a-z0-9-]{0,9})?",
            warn_at in vec(warning(), 0..3),
            reasons in option::of(vec(select(vec![PauseReason::BlockingQuestion, PauseReason::LoneHold]), 0..3)),
            escalations in vec((seconds(), "\\PC{1,30}"), 0..3),
        ) -> Target {
            let escalations = escalations.into_iter().map(|(after, notify)| Escalation { after: Some(after), notify });
            Target {
                clock,
                when,
                duration: Some(duration),
                calendar_id,
                warn_at,
                pause_on: reasons.map(|reasons| PauseOn { reasons: reasons.into_iter().map(i32::from).collect() }),
                escalations: escalations.collect(),
            }
        }
    }

    proptest! {
        #[test]
        fn what_was_exported_is_read_back_exactly(
            id in "[a-z][a-z0-9-]{0,20}", display_name in "\\PC{0,40}", targets in vec(target(), 0..4)
        ) {
            let file = PolicyFile { id, display_name, targets };
            prop_assert_eq!(PolicyFile::from_yaml(&file.to_yaml()), Ok(file));
        }
    }
}
