//! The domain's values as the contract writes them.

use api::{sla::v1 as pb, r#type::v1 as common};
use calendar::{Duration, Spec, Window};

use crate::{
    domain::{
        Course, Priority, SECOND, Side, TeamId,
        calendar::Version,
        clock::{Acknowledged, Breach, Cause, Clock, Entry, EntryKind, Evidence, Excused, Given, State, View},
        policy::{Kind, Match, PAUSE_ON, PauseReason, Policy, Target, WarnAt},
    },
    store::clock::Attained,
};

/// Microseconds as a duration.
pub(crate) fn micros(micros: i64) -> prost_types::Duration {
    let nanos = i32::try_from(micros % SECOND * 1_000).unwrap_or_default();
    prost_types::Duration { seconds: micros / SECOND, nanos }
}

pub(crate) fn side(side: Side) -> i32 {
    match side {
        Side::Upstream => common::Side::Upstream.into(),
        Side::Downstream => common::Side::Downstream.into(),
    }
}

pub(crate) fn priority(priority: Priority) -> i32 {
    match priority {
        Priority::Low => common::Priority::Low.into(),
        Priority::Normal => common::Priority::Normal.into(),
        Priority::High => common::Priority::High.into(),
        Priority::Urgent => common::Priority::Urgent.into(),
    }
}

pub(crate) fn kind(kind: Kind) -> i32 {
    match kind {
        Kind::Delivery => pb::ClockKind::Delivery.into(),
        Kind::Acceptance => pb::ClockKind::Acceptance.into(),
        Kind::Begin => pb::ClockKind::Begin.into(),
        Kind::Completion => pb::ClockKind::Completion.into(),
        Kind::Redelivery => pb::ClockKind::Redelivery.into(),
        Kind::Answer => pb::ClockKind::Answer.into(),
        Kind::Action => pb::ClockKind::Action.into(),
    }
}

pub(crate) fn state(state: State) -> i32 {
    match state {
        State::Running => pb::ClockState::Running.into(),
        State::Paused => pb::ClockState::Paused.into(),
        State::Met => pb::ClockState::Met.into(),
        State::Late => pb::ClockState::Late.into(),
        State::Cancelled => pb::ClockState::Cancelled.into(),
    }
}

fn reason(reason: PauseReason) -> i32 {
    match reason {
        PauseReason::BlockingQuestion => pb::PauseReason::BlockingQuestion.into(),
        PauseReason::AgreedHold => pb::PauseReason::AgreedHold.into(),
        PauseReason::LoneHold => pb::PauseReason::LoneHold.into(),
        PauseReason::Submitted => pb::PauseReason::Submitted.into(),
    }
}

/// A clock as it stands in a course, whose facts up to that one were taken in.
pub(crate) fn clock(course: &Course, view: &View, revision: i64) -> pb::Clock {
    let View { clock, .. } = view;
    let paused_by = clock.paused_by();
    let ends_at = clock.end.as_ref();
    pb::Clock {
        id: clock.id.to_string(),
        handoff: Some(handoff(course, revision)),
        kind: kind(clock.kind),
        subject_id: clock.subject.map(|id| id.to_string()).unwrap_or_default(),
        cycle: clock.cycle,
        side: side(clock.side),
        team: course.team(clock.side).to_string(),
        other_team: course.team(clock.side.other()).to_string(),
        state: state(clock.state()),
        policy_id: clock.policy.as_ref().map(|pin| pin.id.to_string()).unwrap_or_default(),
        policy_version: clock.policy.as_ref().map_or(0, |pin| pin.version),
        target_number: clock.policy.as_ref().map_or(0, |pin| pin.target),
        calendar_id: clock.calendar.name().to_owned(),
        calendar_version: clock.calendar.version,
        tz_version: calendar::TZ_VERSION.to_owned(),
        started_at: Some(api::timestamp(clock.started_at)),
        target: Some(micros(clock.target)),
        elapsed: Some(micros(view.elapsed)),
        due_at: clock.due_at.map(api::timestamp),
        due_if_resumed_at: view.due_if_resumed_at.map(api::timestamp),
        paused_by: paused_by.into_iter().flatten().map(|it| reason(*it)).collect(),
        paused_since: paused_by.and(clock.current()).map(|stretch| api::timestamp(paused_since(clock, stretch.from))),
        in_hours: view.in_hours,
        warnings: clock
            .warnings
            .iter()
            .map(|it| pb::ClockWarning {
                after: Some(micros(it.after)),
                warned_at: match it.given {
                    Given::At(at) => Some(api::timestamp(at)),
                    Given::Not | Given::Folded => None,
                },
            })
            .collect(),
        breach: clock.breach.as_ref().map(breach),
        retracted_breaches: clock.retracted.iter().map(breach).collect(),
        escalations: clock
            .escalated
            .iter()
            .map(|it| pb::Escalated {
                step: it.step,
                notify: it.notify.clone(),
                escalated_at: Some(api::timestamp(it.at)),
            })
            .collect(),
        acknowledgement: clock.acknowledged.as_ref().map(acknowledgement),
        excuse: clock.excused.as_ref().map(excuse),
        ended_at: ends_at.map(|end| api::timestamp(end.at)),
        end_cause: ends_at.map(|end| end.cause.clone()).unwrap_or_default(),
        overrun: view.overrun.map(micros),
        overrun_wall: view.overrun_wall.map(micros),
        undone_at: clock.undone_at.map(api::timestamp),
        historic: clock.historic,
        parked: course.parked,
        as_of: Some(api::timestamp(view.as_of)),
    }
}

/// Since when it has been paused, by whatever: reasons may come and go meanwhile.
fn paused_since(clock: &Clock, current: kernel::Timestamp) -> kernel::Timestamp {
    let paused = clock.ledger.iter().rev().take_while(|stretch| !stretch.paused_by.is_empty());
    paused.last().map_or(current, |stretch| stretch.from)
}

fn handoff(course: &Course, revision: i64) -> pb::HandoffRef {
    let standing = &course.standing;
    let about = &standing.about;
    let url = |system: &str, key: &str| {
        let its_own = standing.links.iter().find(|link| link.system == system && link.key == key);
        its_own.or(standing.links.first()).map(|link| link.url.clone()).unwrap_or_default()
    };
    let record = match &about.origin {
        Some((system, key)) => {
            Some(pb::OutsideRecord { system: system.clone(), key: key.clone(), url: url(system, key) })
        }
        None => standing.links.first().map(|link| pb::OutsideRecord {
            system: link.system.clone(),
            key: link.key.clone(),
            url: link.url.clone(),
        }),
    };
    pb::HandoffRef {
        handoff_id: course.id.to_string(),
        route_id: about.route_id.to_string(),
        from_team: about.from_team.to_string(),
        to_team: about.to_team.to_string(),
        title: about.title.clone(),
        priority: priority(about.priority),
        confidential: about.confidential,
        record,
        upstream_owner: about.upstream_owner.clone(),
        downstream_owner: about.downstream_owner.clone(),
        revision,
    }
}

pub(crate) fn breach(breach: &Breach) -> pb::Breach {
    pb::Breach {
        number: breach.number,
        due_at: Some(api::timestamp(breach.due_at)),
        detected_at: Some(api::timestamp(breach.detected_at)),
        evidence: match breach.evidence {
            Evidence::Complete => pb::Evidence::Complete.into(),
            Evidence::Incomplete => pb::Evidence::Incomplete.into(),
        },
        cause: match breach.cause {
            Cause::Time => pb::BreachCause::Time.into(),
            Cause::Retarget => pb::BreachCause::Retarget.into(),
        },
        historic: breach.historic,
        retracted_at: breach.retracted_at.map(api::timestamp),
    }
}

fn acknowledgement(said: &Acknowledged) -> pb::Acknowledgement {
    pb::Acknowledgement {
        acknowledged_by: said.by.clone(),
        acknowledged_at: Some(api::timestamp(said.at)),
        note: said.note.clone(),
        cause: said.cause.clone(),
        delay: Some(micros(said.delay)),
    }
}

fn excuse(said: &Excused) -> pb::Excuse {
    pb::Excuse { excused_by: said.by.clone(), excused_at: Some(api::timestamp(said.at)), reason: said.reason.clone() }
}

pub(crate) fn entry(entry: &Entry) -> pb::LedgerEntry {
    let (kind, paused_by) = match &entry.kind {
        EntryKind::Open => (pb::LedgerKind::Open, vec![]),
        EntryKind::Closed => (pb::LedgerKind::Closed, vec![]),
        EntryKind::Paused(reasons) => (pb::LedgerKind::Paused, reasons.iter().map(|it| reason(*it)).collect()),
    };
    pb::LedgerEntry {
        from: Some(api::timestamp(entry.from)),
        until: Some(api::timestamp(entry.until)),
        kind: kind.into(),
        paused_by,
        calendar_id: entry.calendar.name().to_owned(),
        calendar_version: entry.calendar.version,
        length: Some(micros(entry.length())),
    }
}

pub(crate) fn calendar(owner_team: Option<&TeamId>, version: &Version) -> pb::Calendar {
    pb::Calendar {
        id: version.id.to_string(),
        version: version.number,
        display_name: version.display_name.clone(),
        owner_team: owner_team.map(ToString::to_string).unwrap_or_default(),
        spec: Some(spec(&version.spec)),
        in_force_since: Some(api::timestamp(version.in_force_since)),
        created_by: version.created_by.clone(),
    }
}

fn spec(spec: &Spec) -> pb::CalendarSpec {
    let [monday, tuesday, wednesday, thursday, friday, saturday, sunday] =
        spec.weekly.each_ref().map(|windows| self::windows(windows));
    pb::CalendarSpec {
        time_zone: spec.time_zone.clone(),
        weekly: Some(pb::Week { monday, tuesday, wednesday, thursday, friday, saturday, sunday }),
        holidays: spec.holidays.iter().map(ToString::to_string).collect(),
        overrides: spec
            .overrides
            .iter()
            .map(|it| pb::DateOverride { date: it.date.to_string(), windows: windows(&it.windows) })
            .collect(),
    }
}

fn windows(windows: &[Window]) -> Vec<pb::Window> {
    let written = windows
        .iter()
        .map(|window| pb::Window { start: time_of_day(window.start_seconds), end: time_of_day(window.end_seconds) });
    written.collect()
}

/// "09:00", "09:00:30".
fn time_of_day(seconds: i32) -> String {
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if rest == 0 { format!("{hours:02}:{minutes:02}") } else { format!("{hours:02}:{minutes:02}:{rest:02}") }
}

pub(crate) fn policy(policy: &Policy) -> pb::Policy {
    pb::Policy {
        id: policy.id.to_string(),
        version: policy.number,
        display_name: policy.display_name.clone(),
        targets: policy.targets.iter().map(target).collect(),
        in_force_since: Some(api::timestamp(policy.in_force_since)),
        created_by: policy.created_by.clone(),
    }
}

fn target(target: &Target) -> pb::Target {
    let seconds = |seconds| Some(api::duration_from_seconds(seconds));
    let warning = |warning: &WarnAt| pb::Warning {
        at: Some(match *warning {
            WarnAt::Percent(percent) => pb::warning::At::Percent(i32::try_from(percent).unwrap_or_default()),
            WarnAt::BeforeDue(before) => pb::warning::At::BeforeDue(api::duration_from_seconds(before)),
        }),
    };
    let is_default = target.pause_on.iter().eq(PAUSE_ON.iter());
    pb::Target {
        clock: kind(target.kind),
        when: target.when.iter().map(condition).collect(),
        duration: Some(pb::TargetDuration { kind: Some(duration(target.duration)) }),
        calendar_id: target.calendar.as_ref().map(ToString::to_string).unwrap_or_default(),
        warn_at: target.warn_at.iter().map(warning).collect(),
        pause_on: (!is_default)
            .then(|| pb::PauseOn { reasons: target.pause_on.iter().map(|it| reason(*it)).collect() }),
        escalations: target
            .escalations
            .iter()
            .map(|it| pb::Escalation { after: seconds(it.after_seconds), notify: it.notify.clone() })
            .collect(),
    }
}

fn duration(duration: Duration) -> pb::target_duration::Kind {
    use pb::target_duration::Kind;
    match duration {
        Duration::Working(seconds) => Kind::Working(api::duration_from_seconds(seconds)),
        Duration::Elapsed(seconds) => Kind::Elapsed(api::duration_from_seconds(seconds)),
        Duration::BusinessDays { days, at_seconds } => Kind::BusinessDays(pb::BusinessDays {
            days: i32::try_from(days.get()).unwrap_or(i32::MAX),
            at: at_seconds.map(time_of_day).unwrap_or_default(),
        }),
    }
}

fn condition(condition: &Match) -> pb::Match {
    pb::Match {
        priorities: condition.priorities.iter().map(|it| priority(*it)).collect(),
        confidential: condition.confidential,
        fields: condition
            .fields
            .iter()
            .map(|(key, values)| pb::FieldMatch { key: key.clone(), values: values.iter().cloned().collect() })
            .collect(),
    }
}

/// How a clock moves to another target; `before` and `after` are of the same instant.
pub(crate) fn moved(course: &Course, before: &View, after: &View) -> pb::ClockMove {
    let remaining = |view: &View| Some(micros(view.clock.target - view.elapsed));
    pb::ClockMove {
        clock_id: after.clock.id.to_string(),
        handoff_id: course.id.to_string(),
        kind: kind(after.clock.kind),
        team: course.team(after.clock.side).to_string(),
        due_at_before: before.clock.due_at.map(api::timestamp),
        due_at_after: after.clock.due_at.map(api::timestamp),
        remaining_before: remaining(before),
        remaining_after: remaining(after),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share of counts far below 2^53")]
pub(crate) fn attainment(line: Attained) -> pb::Attainment {
    let due = line.met + line.late + line.open_breached;
    pb::Attainment {
        key: line.key.unwrap_or_default(),
        met: line.met,
        late: line.late,
        open_breached: line.open_breached,
        attainment: (due > 0).then(|| line.met as f64 / due as f64),
        cancelled: line.cancelled,
        excused: line.excused,
    }
}

/// What ExplainMatch says.
pub(crate) fn explanation(explained: crate::domain::policy::Explanation) -> pb::MatchExplanation {
    pb::MatchExplanation {
        clock: kind(explained.kind),
        target_number: explained.target.unwrap_or_default(),
        steps: explained
            .steps
            .into_iter()
            .map(|step| pb::MatchStep {
                target_number: step.target,
                match_number: step.condition,
                holds: step.holds,
                why: step.why,
            })
            .collect(),
    }
}
