//! What the SLA monitor says.

use api::{
    sla::v1::{self as pb, sla_event::Kind},
    r#type::v1::Priority,
};
use kernel::{Error, Result};
use prost::Message;

use super::{Frame, News, handoff::title, name, side, slug};
use crate::domain::{
    Side,
    notice::{Clock, Concern, Handoff, Opens, Party},
};

/// The SLA monitor's own name, for what time did.
const SYSTEM: &str = "system";

pub(super) fn read(frame: &Frame<'_>) -> Result<News> {
    let event = pb::SlaEvent::decode(&frame.message.payload[..]).map_err(Error::fault)?;
    let by_person = name(&event.actor).filter(|actor| actor != SYSTEM);
    let Some(kind) = event.kind else { return Ok(News::Nothing) };
    let Some(clock) = event.clock else {
        let headline = format!("{}: {}", frame.message.aggregate, frame.event().replace('_', " "));
        return Ok(News::Notice(Box::new(frame.notice(by_person, &headline))));
    };
    let handoff = clock.handoff.clone().unwrap_or_default();
    let clock_kind = clock.kind().as_str_name().trim_start_matches("CLOCK_KIND_").to_owned();
    let told = told(&kind, &clock);
    let promise = format!("{} of {}", clock_kind.to_lowercase(), clock.team);
    let way = title(&handoff.title, &handoff.from_team, &handoff.to_team);
    let mut notice = frame.notice(by_person, &format!("{way}: {promise} {}", told.what));
    notice.to = told.to;
    notice.to_name = told.to_name;
    let moment = told.moment.map(|moment| format!("{}/{moment}", clock.id));
    notice.clock = Some(Clock { kind: clock_kind, step: told.step, moment });
    notice.opens = Opens::Handoff(handoff.handoff_id.clone());
    notice.handoff = Some(Handoff { id: handoff.handoff_id.clone(), confidential: handoff.confidential });
    notice.concerns = Some(Concern {
        priority: priority(handoff.priority()),
        route: slug(&handoff.route_id)?,
        upstream: Party { team: slug(&handoff.from_team)?, owner: name(&handoff.upstream_owner) },
        downstream: Party { team: slug(&handoff.to_team)?, owner: name(&handoff.downstream_owner) },
    });
    Ok(News::Notice(Box::new(notice)))
}

/// `URGENT`.
fn priority(priority: Priority) -> String {
    priority.as_str_name().trim_start_matches("PRIORITY_").to_owned()
}

/// Who is told, and what.
#[derive(Default)]
struct Told {
    to: Vec<Side>,
    to_name: Option<String>,
    /// Which of the clock's moments it is, where each is told once to an address.
    moment: Option<String>,
    step: i32,
    what: String,
}

fn told(kind: &Kind, clock: &pb::Clock) -> Told {
    let accountable = side(clock.side);
    let both = || vec![Side::Upstream, Side::Downstream];
    let due = instant(clock.breach.as_ref().and_then(|breach| breach.due_at).or(clock.due_at));
    match kind {
        Kind::Warned(it) => Told {
            to: accountable.into_iter().collect(),
            moment: Some(format!("warning/{}", it.after.map_or(0, |after| after.seconds))),
            what: format!("is due at {due}"),
            ..Told::default()
        },
        Kind::Breached(it) => Told {
            to: both(),
            moment: Some(format!("breach/{}", it.breach.map_or(0, |breach| breach.number))),
            what: format!("is overdue since {due}"),
            ..Told::default()
        },
        Kind::Escalated(it) => Told {
            to_name: name(&it.notify),
            moment: Some(format!("escalation/{}/{}", clock.breach.map_or(0, |breach| breach.number), it.step)),
            step: it.step,
            what: format!("is still overdue since {due}: step {}, to {}", it.step, it.notify),
            ..Told::default()
        },
        Kind::BreachRetracted(it) => Told {
            to: both(),
            moment: Some(format!("retraction/{}", it.breach.map_or(0, |breach| breach.number))),
            what: "was not overdue after all: the breach is taken back".to_owned(),
            ..Told::default()
        },
        Kind::BreachAcknowledged(_) => Told { what: "is overdue, which is acknowledged".to_owned(), ..Told::default() },
        Kind::BreachExcused(_) => Told { what: "was overdue, which is excused".to_owned(), ..Told::default() },
        Kind::ClockStarted(_) => Told { what: format!("runs, due at {due}"), ..Told::default() },
        Kind::ClockPaused(_) => Told { what: "is paused".to_owned(), ..Told::default() },
        Kind::ClockResumed(_) => Told { what: format!("runs on, due at {due}"), ..Told::default() },
        Kind::ClockStopped(_) => Told { what: "is done".to_owned(), ..Told::default() },
        Kind::ClockCancelled(_) => Told { what: "is off".to_owned(), ..Told::default() },
        Kind::ClockMigrated(_) => Told { what: format!("has another target, due at {due}"), ..Told::default() },
        Kind::CalendarChanged(_) | Kind::PolicyPublished(_) => Told::default(),
    }
}

/// To the minute, UTC.
fn instant(at: Option<prost_types::Timestamp>) -> String {
    let at = at.and_then(|at| kernel::Timestamp::from_seconds_and_nanos(at.seconds, 0));
    at.map_or_else(|| "an unknown time".to_owned(), |at| at.to_string().replace('T', " ").replace(":00Z", "Z"))
}
