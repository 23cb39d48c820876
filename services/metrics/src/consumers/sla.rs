//! What the SLA monitor says.

use api::sla::v1::{self as pb, sla_event::Kind};
use calendar::{Date, Override, Spec, Window};
use kernel::{Error, Result};
use prost::Message;

use super::{id, instant, optional_instant, optional_slug, side, slug, unknown};
use crate::domain::{
    SECOND,
    heard::{ClockTold, News},
    story::{CalendarVersion, ClockKind, ClockLife, ClockState, Policy, Promise},
};

/// The built-in calendar, as the SLA monitor names it.
const ALWAYS: &str = "always";

pub(super) fn read(payload: &[u8]) -> Result<News> {
    let event = pb::SlaEvent::decode(payload).map_err(Error::fault)?;
    match (event.kind, event.clock) {
        (None, _) => unknown(),
        (Some(Kind::CalendarChanged(it)), _) => calendar(it.calendar.unwrap_or_default()),
        (Some(Kind::PolicyPublished(_)), _) | (Some(_), None) => Ok(News::Nothing),
        (Some(kind), Some(clock)) => told(&clock, &kind),
    }
}

fn told(clock: &pb::Clock, kind: &Kind) -> Result<News> {
    let handoff = clock.handoff.clone().unwrap_or_default();
    let clock_kind = clock.kind().as_str_name();
    let promise = Promise {
        kind: ClockKind::from_name(clock_kind.trim_start_matches("CLOCK_KIND_"))
            .ok_or_else(|| Error::fault(format!("a clock of kind {clock_kind}")))?,
        side: side(clock.side)?,
        started_at: instant(clock.started_at)?,
        historic: clock.historic,
    };
    Ok(News::Clock(Box::new(ClockTold {
        handoff: id(&handoff.handoff_id)?,
        route_id: slug(&handoff.route_id)?,
        from_team: slug(&handoff.from_team)?,
        to_team: slug(&handoff.to_team)?,
        clock: id(&clock.id)?,
        promise,
        state: state(clock, kind)?,
    })))
}

fn state(clock: &pb::Clock, kind: &Kind) -> Result<ClockState> {
    let life = clock.state().as_str_name();
    let calendar = if clock.calendar_id == ALWAYS { None } else { optional_slug(&clock.calendar_id)? };
    let breach_at = clock.breach.as_ref().and_then(|breach| breach.due_at);
    let is_open = clock.ended_at.is_none();
    Ok(ClockState {
        life: ClockLife::from_name(life.trim_start_matches("CLOCK_STATE_"))
            .ok_or_else(|| Error::fault(format!("a clock in state {life}")))?,
        policy: optional_slug(&clock.policy_id)?.map(|id| Policy { id, version: clock.policy_version }),
        calendar: CalendarVersion {
            version: if calendar.is_some() { clock.calendar_version } else { 0 },
            id: calendar,
        },
        target_micros: micros(clock.target),
        elapsed_micros: micros(clock.elapsed),
        due_at: optional_instant(if is_open { breach_at.or(clock.due_at) } else { clock.due_at.or(breach_at) })?,
        ended_at: optional_instant(clock.ended_at)?,
        end_cause: clock.end_cause.clone(),
        undone: matches!(kind, Kind::ClockCancelled(_)),
        breached: clock.breach.is_some(),
        warned: clock.warnings.iter().any(|warning| warning.warned_at.is_some()),
        excused: clock.excuse.is_some(),
    })
}

fn calendar(calendar: pb::Calendar) -> Result<News> {
    Ok(News::Calendar {
        id: slug(&calendar.id)?,
        version: calendar.version,
        since: instant(calendar.in_force_since)?,
        spec: spec(calendar.spec.unwrap_or_default())?,
    })
}

fn spec(spec: pb::CalendarSpec) -> Result<Spec> {
    let week = spec.weekly.unwrap_or_default();
    let days = [week.monday, week.tuesday, week.wednesday, week.thursday, week.friday, week.saturday, week.sunday];
    let mut weekly: [Vec<Window>; 7] = Default::default();
    for (windows, day) in weekly.iter_mut().zip(days) {
        *windows = day.iter().map(window).collect::<Result<_>>()?;
    }
    let overrides = spec.overrides.iter().map(|it| {
        Ok(Override { date: date(&it.date)?, windows: it.windows.iter().map(window).collect::<Result<_>>()? })
    });
    Ok(Spec {
        time_zone: spec.time_zone,
        weekly,
        holidays: spec.holidays.iter().map(|it| date(it)).collect::<Result<_>>()?,
        overrides: overrides.collect::<Result<_>>()?,
    })
}

fn date(text: &str) -> Result<Date> {
    text.parse().map_err(Error::fault)
}

/// "09:00" or "09:00:30"; "24:00" is the end of the day.
fn window(window: &pb::Window) -> Result<Window> {
    let seconds = |text: &str| {
        let parts: Option<Vec<i32>> = text.split(':').map(|part| part.parse().ok()).collect();
        match parts.as_deref() {
            Some([hours, minutes]) => Ok(hours * 3_600 + minutes * 60),
            Some([hours, minutes, seconds]) => Ok(hours * 3_600 + minutes * 60 + seconds),
            _ => Err(Error::fault(format!("a time of day: {text}"))),
        }
    };
    Ok(Window { start_seconds: seconds(&window.start)?, end_seconds: seconds(&window.end)? })
}

fn micros(duration: Option<prost_types::Duration>) -> i64 {
    duration.map_or(0, |it| it.seconds * SECOND + i64::from(it.nanos) / 1_000)
}
