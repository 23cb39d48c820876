//! The public form of this service's facts.

use api::sla::v1 as pb;
use chassis::{Aggregate, Author, Event};
use kernel::{Head, Timestamp};
use prost::Message;

use crate::{
    domain::{Course, Said, calendar, clock::Fact, policy},
    grpc::write,
};

impl Aggregate for Course {
    type Fact = Said;

    fn name(&self) -> String {
        format!("clocks/{}", self.id)
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn is_confidential(&self) -> bool {
        self.standing.about.confidential
    }

    fn event(&self, said: &Said, author: Author<'_>) -> Event {
        let clock = write::clock(self, &said.view, said.revision);
        let routing = format!("{}.{}", clock.team, clock.other_team);
        let (name, kind) = kind(said, &clock);
        let mut event = pb::SlaEvent { actor: author.name.to_owned(), clock: Some(clock), kind: Some(kind) };
        let withheld = self.is_confidential().then(|| event.encode_to_vec());
        if withheld.is_some() {
            withhold(&mut event);
        }
        let payload = event.encode_to_vec();
        Event { name, routing, withheld: withheld.filter(|whole| *whole != payload), payload }
    }
}

fn kind(said: &Said, clock: &pb::Clock) -> (&'static str, pb::sla_event::Kind) {
    use pb::sla_event::Kind;
    let at = |instant: Timestamp| Some(api::timestamp(instant));
    let of_fact = said.historic.unwrap_or(said.view.as_of);
    match &said.fact {
        Fact::Started => ("clock_started", Kind::ClockStarted(pb::ClockStarted {})),
        Fact::Paused => {
            let reasons = clock.paused_by.clone();
            ("clock_paused", Kind::ClockPaused(pb::ClockPaused { paused_at: clock.paused_since, reasons }))
        }
        Fact::Resumed => ("clock_resumed", Kind::ClockResumed(pb::ClockResumed { resumed_at: at(of_fact) })),
        Fact::Stopped => ("clock_stopped", Kind::ClockStopped(pb::ClockStopped {})),
        Fact::Cancelled => ("clock_cancelled", Kind::ClockCancelled(pb::ClockCancelled {})),
        Fact::Migrated { from_version, due_at_before, target_before, at: migrated_at } => (
            "clock_migrated",
            Kind::ClockMigrated(pb::ClockMigrated {
                from_policy_version: *from_version,
                due_at_before: due_at_before.map(api::timestamp),
                target_before: Some(write::micros(*target_before)),
                migrated_at: at(*migrated_at),
            }),
        ),
        Fact::Warned { after, planned_at, late } => {
            let after = Some(write::micros(*after));
            ("warned", Kind::Warned(pb::Warned { after, planned_at: at(*planned_at), late: *late }))
        }
        Fact::Breached { folded } => {
            ("breached", Kind::Breached(pb::Breached { breach: clock.breach, folded_warnings: *folded }))
        }
        Fact::Escalated => {
            let step = clock.escalations.last();
            let escalated = pb::Escalated {
                step: step.map_or(0, |step| step.step),
                notify: step.map(|step| step.notify.clone()).unwrap_or_default(),
                escalated_at: step.and_then(|step| step.escalated_at),
            };
            ("escalated", Kind::Escalated(escalated))
        }
        Fact::Retracted(breach) => {
            ("breach_retracted", Kind::BreachRetracted(pb::BreachRetracted { breach: Some(write::breach(breach)) }))
        }
        Fact::Acknowledged => {
            let acknowledgement = clock.acknowledgement.clone();
            ("breach_acknowledged", Kind::BreachAcknowledged(pb::BreachAcknowledged { acknowledgement }))
        }
        Fact::Excused => ("breach_excused", Kind::BreachExcused(pb::BreachExcused { excuse: clock.excuse.clone() })),
    }
}

/// Takes every word of people out.
fn withhold(event: &mut pb::SlaEvent) {
    use pb::sla_event::Kind;
    match &mut event.kind {
        Some(Kind::BreachAcknowledged(pb::BreachAcknowledged { acknowledgement: Some(said) })) => {
            (said.note, said.cause) = (String::new(), String::new());
        }
        Some(Kind::BreachExcused(pb::BreachExcused { excuse: Some(excuse) })) => excuse.reason = String::new(),
        _ => {}
    }
    let Some(clock) = &mut event.clock else { return };
    if let Some(said) = &mut clock.acknowledgement {
        (said.note, said.cause) = (String::new(), String::new());
    }
    if let Some(excuse) = &mut clock.excuse {
        excuse.reason = String::new();
    }
    if let Some(handoff) = &mut clock.handoff {
        handoff.title = String::new();
        if let Some(record) = &mut handoff.record {
            record.url = String::new();
        }
    }
}

impl Aggregate for calendar::Kept {
    type Fact = ();

    fn name(&self) -> String {
        format!("calendar/{}", self.latest.id)
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn event(&self, (): &(), author: Author<'_>) -> Event {
        let calendar = Some(write::calendar(self.owner_team.as_ref(), &self.latest));
        let kind = pb::sla_event::Kind::CalendarChanged(Box::new(pb::CalendarChanged { calendar }));
        let owner = self.owner_team.as_ref().map_or("_", |team| team.as_str());
        plain("calendar_changed", format!("{owner}._"), author, kind)
    }
}

impl Aggregate for policy::Kept {
    type Fact = ();

    fn name(&self) -> String {
        format!("policy/{}", self.latest.id)
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn event(&self, (): &(), author: Author<'_>) -> Event {
        let policy = Some(write::policy(&self.latest));
        let kind = pb::sla_event::Kind::PolicyPublished(pb::PolicyPublished { policy });
        plain("policy_published", "_._".to_owned(), author, kind)
    }
}

fn plain(name: &'static str, routing: String, author: Author<'_>, kind: pb::sla_event::Kind) -> Event {
    let event = pb::SlaEvent { actor: author.name.to_owned(), clock: None, kind: Some(kind) };
    Event { name, routing, payload: event.encode_to_vec(), withheld: None }
}
