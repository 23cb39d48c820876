//! What this service hears of others: the SLA monitor's clocks, which it shows beside its handoffs.

use std::pin::Pin;

use api::{
    sla::v1::{Clock as ClockMessage, ClockState, SlaEvent},
    r#type::v1::Side as WireSide,
};
use chassis::{
    Tx,
    consumer::{Consumer, Heard},
};
use kernel::{Error, Result, Timestamp};
use prost::Message;
use uuid::Uuid;

use crate::{
    domain::{
        HandoffId, Side,
        clock::{Clock, SlaFact, Told, is_shown},
    },
    ops,
};

/// The aggregate of all clocks of a handoff is named after it.
const CLOCKS: &str = "clocks/";

/// Takes in what the SLA monitor says of clocks; what it says of calendars and policies is not for this service.
#[derive(Debug)]
pub(crate) struct Clocks;

impl Consumer for Clocks {
    fn apply<'t>(
        &'t self,
        tx: &'t mut Tx,
        facts: &'t [Heard],
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 't>> {
        Box::pin(async move {
            let told: Vec<Told> = facts.iter().filter_map(|fact| read(fact).transpose()).collect::<Result<_>>()?;
            ops::clock::take_in(tx, &told).await
        })
    }
}

/// What a fact tells of a handoff's clocks, of whatever kind it is; None where it is about something else.
fn read(fact: &Heard) -> Result<Option<Told>> {
    let Some(handoff) = fact.aggregate.strip_prefix(CLOCKS) else { return Ok(None) };
    let handoff: Uuid = handoff.parse().map_err(Error::fault)?;
    let event = SlaEvent::decode(fact.payload.as_slice()).map_err(Error::fault)?;
    let (_, name) = fact.r#type.rsplit_once('.').unwrap_or_default();
    let message = match event.clock {
        Some(message) => message,
        None if is_shown(name) => return Err(broken("clock")),
        None => return Ok(None),
    };
    let after_revision = message.handoff.as_ref().ok_or_else(|| broken("clock.handoff"))?.revision;
    let fact = SlaFact {
        after_revision,
        sla_seq: fact.aggregate_seq,
        name: name.to_owned(),
        actor: event.actor,
        occurred_at: fact.occurred_at,
        recorded_at: fact.recorded_at,
        historic: fact.historic,
        whole: fact.payload.clone(),
    };
    Ok(Some(Told { handoff: HandoffId::from(handoff), clock: clock(&message)?, fact }))
}

fn clock(message: &ClockMessage) -> Result<Clock> {
    let id: Uuid = message.id.parse().map_err(Error::fault)?;
    let instant = |time: prost_types::Timestamp| Timestamp::from_seconds_and_nanos(time.seconds, time.nanos);
    Ok(Clock {
        id: id.into(),
        side: match message.side() {
            WireSide::Upstream => Side::Upstream,
            WireSide::Downstream => Side::Downstream,
            WireSide::Unspecified => return Err(broken("clock.side")),
        },
        started_at: message.started_at.and_then(instant).ok_or_else(|| broken("clock.started_at"))?,
        due_at: message.due_at.and_then(instant),
        is_open: matches!(message.state(), ClockState::Running | ClockState::Paused),
        is_breached: message.breach.as_ref().is_some_and(|breach| breach.retracted_at.is_none()),
        whole: message.encode_to_vec(),
    })
}

fn broken(field: &str) -> Error {
    Error::fault(format!("a fact of the SLA monitor has no {field}"))
}
