//! A stand-in for the SLA monitor: it says what it is told to say, through a log and a stream of its own.

use api::{
    handoff::v1 as pb,
    sla::v1::{self as sla, Clock, ClockKind, ClockState, HandoffRef, SlaEvent, sla_event::Kind},
    r#type::v1::Side,
};
use chassis::{Aggregate, Author, Context, Event, Identity, Mount, Service, Tx};
use kernel::{Actor, Head, Result, Timestamp};
use prost::Message;
use serde::{Deserialize, Serialize};
use sqlx::{Connection, migrate::Migrator};
use testkit::{Database, Served, Setting, eventually};
use uuid::Uuid;

use crate::world::World;

pub(crate) const PACKAGE: &str = "baton.sla.v1";

/// The stand-in.
pub(crate) struct Monitor {
    pub(crate) served: Served,
}

struct Probe;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Config {}

static NO_MIGRATIONS: Migrator = Migrator::DEFAULT;

impl Service for Probe {
    const IDENTITY: Identity = Identity {
        name: "sla-monitor",
        package: PACKAGE,
        event_message: Some("baton.sla.v1.SlaEvent"),
        schema: "handoff",
        migrations: &NO_MIGRATIONS,
    };

    type Config = Config;

    async fn mount(_: &Context, _: Config) -> Result<Mount> {
        Ok(Mount::default())
    }
}

/// A history of clocks, or of something else.
struct History {
    name: String,
    head: Head,
}

/// A fact: its name, and its message.
#[derive(Debug)]
struct Said {
    name: &'static str,
    payload: Vec<u8>,
}

impl Aggregate for History {
    type Fact = Said;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn event(&self, fact: &Said, _: Author<'_>) -> Event {
        let (name, routing, payload) = (fact.name, "implementation.sales".into(), fact.payload.clone());
        Event { name, routing, payload, withheld: None }
    }
}

async fn say(tx: &mut Tx, name: &str, said: &[Said]) -> Result<()> {
    const LAST: &str = "SELECT aggregate_seq, hash, occurred_at FROM event_log WHERE aggregate = $1
                        ORDER BY aggregate_seq DESC LIMIT 1";
    let last: Option<(i64, Vec<u8>, Timestamp)> =
        sqlx::query_as(LAST).bind(name).fetch_optional(tx.connection()).await?;
    let head = last.and_then(|(revision, hash, at)| Head::from_row(revision, &hash, at)).unwrap_or_default();
    tx.emit(&mut History { name: name.to_owned(), head }, &Actor::System, said)
}

impl Monitor {
    /// One that publishes into the same NATS, under the same prefix, as a service in that setting.
    pub(crate) async fn beside(setting: &Setting) -> Self {
        let setting = Setting { database: Database::new::<Probe>().await, ..setting.clone() };
        Self { served: setting.serve::<Probe>(Config::default()).await }
    }

    /// Says what happened to a clock.
    pub(crate) async fn say(&self, name: &'static str, clock: &Clock, kind: Kind) {
        let handoff = clock.handoff.as_ref().expect("a clock is of a handoff").handoff_id.clone();
        let event = SlaEvent { actor: "system".into(), clock: Some(clock.clone()), kind: Some(kind) };
        self.say_of(&format!("clocks/{handoff}"), name, event.encode_to_vec()).await;
    }

    /// Says anything.
    pub(crate) async fn say_of(&self, aggregate: &str, name: &'static str, payload: Vec<u8>) {
        let command = (aggregate, [Said { name, payload }]);
        let context = self.served.running.context();
        let done = context.transact("", &command, |tx, (aggregate, said)| Box::pin(say(tx, aggregate, said)));
        done.await.expect("it is said");
    }

    /// Says that a clock started.
    pub(crate) async fn start(&self, clock: &Clock) {
        self.say("clock_started", clock, Kind::ClockStarted(sla::ClockStarted {})).await;
    }

    /// Says that the due time of a clock passed; the clock as it is then.
    pub(crate) async fn breach(&self, clock: &Clock) -> Clock {
        let breach = sla::Breach { number: 1, due_at: clock.due_at, detected_at: clock.due_at, ..Default::default() };
        let late = Clock { breach: Some(breach), ..clock.clone() };
        self.say("breached", &late, Kind::Breached(sla::Breached { breach: Some(breach), folded_warnings: 0 })).await;
        late
    }

    /// Says that a clock stopped; the clock as it is then.
    pub(crate) async fn stop(&self, clock: &Clock) -> Clock {
        let state = if clock.breach.is_some() { ClockState::Late } else { ClockState::Met };
        let stopped = Clock { state: state.into(), ended_at: clock.started_at, ..clock.clone() };
        self.say("clock_stopped", &stopped, Kind::ClockStopped(sla::ClockStopped {})).await;
        stopped
    }

    /// Waits until the handoff service has heard all that was said.
    pub(crate) async fn heard_by(&self, world: &World) {
        let said = self.served.facts().await;
        let mut connection = world.service.setting.database.connect().await;
        eventually("all is heard", async || {
            let heard = chassis::consumer::position(&mut connection, PACKAGE).await.expect("the position is read");
            (heard >= said).then_some(())
        })
        .await;
        connection.close().await.expect("the connection closes");
    }
}

/// A clock of a handoff as it stands that runs and is due so many seconds from now.
pub(crate) fn clock(world: &World, handoff: &pb::Handoff, side: Side, due_in_seconds: i64) -> Clock {
    let kind = if side == Side::Upstream { ClockKind::Delivery } else { ClockKind::Acceptance };
    Clock {
        // Any that differs.
        id: Uuid::parse_str(&testkit::request_id()).expect("a UUID").to_string(),
        handoff: Some(HandoffRef {
            handoff_id: handoff.id.clone(),
            title: handoff.title.clone(),
            confidential: handoff.confidential,
            revision: handoff.revision,
            ..Default::default()
        }),
        kind: kind.into(),
        cycle: 1,
        side: side.into(),
        state: ClockState::Running.into(),
        started_at: world.after(0),
        due_at: world.after(due_in_seconds),
        ..Default::default()
    }
}
