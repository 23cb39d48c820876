//! The smallest service there is: it counts, and fails on demand.

use api::handoff::v1::{
    self as pb,
    directory_service_client::DirectoryServiceClient,
    directory_service_server::{DirectoryService, DirectoryServiceServer},
};
use chassis::{
    Aggregate, Author, Call, Context, Event, Fields, Identity, MAX_PAYLOAD_BYTES, Mount, Parse, Service, Tx,
    into_status,
};
use kernel::{Actor, Code, Error, Head, Refusal, Result, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::{PgExecutor, migrate::Migrator};
use testkit::{Caller, People, Served, request_id};
use tonic::{Request, Response, Status};

/// The service.
#[derive(Debug)]
pub(crate) struct Probe;

/// It has one setting, which says nothing.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) motto: String,
}

static NO_MIGRATIONS: Migrator = Migrator::DEFAULT;

impl Service for Probe {
    const IDENTITY: Identity = Identity {
        name: "probe",
        package: "baton.handoff.v1",
        event_message: Some("baton.handoff.v1.HandoffEvent"),
        schema: "handoff",
        migrations: &NO_MIGRATIONS,
    };

    type Config = Config;

    async fn mount(context: &Context, _config: Config) -> Result<Mount> {
        let directory = DirectoryServiceServer::new(Directory(context.clone()))
            .max_decoding_message_size(context.limits().max_message_bytes);
        Ok(Mount::default().grpc(directory))
    }
}

/// Something that is counted; its history is all its state.
pub(crate) struct Counter {
    pub(crate) name: String,
    pub(crate) head: Head,
}

/// A fact of a counter: any name, any bytes.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) payload: Vec<u8>,
    pub(crate) withheld: Option<Vec<u8>>,
}

/// A step with a small payload.
pub(crate) fn step(name: &'static str) -> Step {
    Step { name, payload: name.into(), withheld: None }
}

impl Aggregate for Counter {
    type Fact = Step;

    fn name(&self) -> String {
        aggregate(&self.name)
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn event(&self, fact: &Step, _: Author<'_>) -> Event {
        Event {
            name: fact.name,
            routing: "sales.implementation".into(),
            payload: fact.payload.clone(),
            withheld: fact.withheld.clone(),
        }
    }
}

/// The name of a counter in the log.
pub(crate) fn aggregate(counter: &str) -> String {
    format!("counter/{counter}")
}

/// A counter as it stands, with nobody else at it until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, name: &str) -> Result<Counter> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(aggregate(name))
        .execute(tx.connection())
        .await?;
    read(tx.connection(), name).await
}

async fn read(store: impl PgExecutor<'_>, name: &str) -> Result<Counter> {
    const LAST: &str = "SELECT aggregate_seq, hash, occurred_at FROM event_log WHERE aggregate = $1
                        ORDER BY aggregate_seq DESC LIMIT 1";
    let last: Option<(i64, Vec<u8>, Timestamp)> =
        sqlx::query_as(LAST).bind(aggregate(name)).fetch_optional(store).await?;
    let head = last.and_then(|(revision, hash, at)| Head::from_row(revision, &hash, at)).unwrap_or_default();
    Ok(Counter { name: name.to_owned(), head })
}

/// Says that those steps happened, in one transaction past the edge; returns the counter's revision.
pub(crate) async fn say(context: &Context, counter: &str, steps: &[Step]) -> Result<i64> {
    let op = async |tx: &mut Tx, (counter, steps): &(&str, &[Step])| {
        let mut counter = lock(tx, counter).await?;
        tx.emit(&mut counter, &Actor::System, steps)?;
        Ok(counter.head.revision)
    };
    context.transact("", &(counter, steps), |tx, command| Box::pin(op(tx, command))).await
}

/// Says what a record of history says happened to a counter, and that something happened to it now.
pub(crate) async fn remember(
    context: &Context,
    traceparent: &str,
    counter: &str,
    recorded_at: Timestamp,
) -> Result<()> {
    let op = async |tx: &mut Tx, (counter, recorded_at): &(&str, Timestamp)| {
        let mut counter = lock(tx, counter).await?;
        tx.emit_historic(&mut counter, "crm", *recorded_at, &step("remembered"))?;
        tx.emit(&mut counter, &Actor::System, &[step("lived")])
    };
    context.transact(traceparent, &(counter, recorded_at), |tx, command| Box::pin(op(tx, command))).await
}

/// What a call wants done to a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// One more.
    Count,
    /// One more, refused as long as there is none.
    CountFurther,
    /// One more than there were before the lock was to be had.
    CountFromStale,
    /// A fact that is larger than the log takes.
    CountLarge,
    /// A race that is always lost.
    LoseRaces,
    /// A defect.
    Panic,
}

const DEEDS: [(&str, Deed); 6] = [
    ("", Deed::Count),
    ("further", Deed::CountFurther),
    ("stale", Deed::CountFromStale),
    ("large", Deed::CountLarge),
    ("races", Deed::LoseRaces),
    ("panic", Deed::Panic),
];

/// A request to do a deed, under a fresh request id.
pub(crate) fn request(counter: &str, deed: Deed) -> pb::CreateTeamRequest {
    let display_name = DEEDS.into_iter().find(|(_, it)| *it == deed).map(|(text, _)| text.to_owned());
    pb::CreateTeamRequest {
        request_id: request_id(),
        team_id: counter.to_owned(),
        display_name: display_name.unwrap_or_default(),
        ..Default::default()
    }
}

/// A client with a token.
pub(crate) fn client(served: &Served) -> DirectoryServiceClient<Caller> {
    DirectoryServiceClient::new(served.caller(People::Anna))
}

#[derive(Debug, Clone)]
struct Order {
    counter: String,
    deed: Deed,
}

impl Parse for Order {
    type Request = pb::CreateTeamRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let deed = DEEDS.into_iter().find(|(text, _)| *text == request.display_name).map(|(_, deed)| deed);
        let counter = fields.required_text("team_id", &request.team_id, 200);
        Some(Self { deed: deed.or_else(|| fields.refuse("display_name", "is no deed"))?, counter: counter? })
    }
}

struct Look {
    counter: String,
}

impl Parse for Look {
    type Request = pb::GetTeamRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        Some(Self { counter: fields.required_text("team_id", &request.team_id, 200)? })
    }
}

struct Directory(Context);

#[tonic::async_trait]
impl DirectoryService for Directory {
    async fn create_team(
        &self,
        request: Request<pb::CreateTeamRequest>,
    ) -> Result<Response<pb::CreateTeamResponse>, Status> {
        let (call, order) = Call::parse::<Order>(request)?;
        self.0.once(call, order, |tx, by, order| Box::pin(count(tx, by, order))).await
    }

    async fn get_team(&self, request: Request<pb::GetTeamRequest>) -> Result<Response<pb::GetTeamResponse>, Status> {
        let (_, look) = Call::query::<Look>(request)?;
        let counter = read(self.0.pool(), &look.counter).await.map_err(into_status)?;
        let team = pb::Team { revision: counter.head.revision, ..Default::default() };
        Ok(Response::new(pb::GetTeamResponse { team: Some(team) }))
    }

    async fn list_teams(&self, _: Request<pb::ListTeamsRequest>) -> Result<Response<pb::ListTeamsResponse>, Status> {
        Err(into_status(Error::fault("the inside of a defect")))
    }

    async fn update_team(&self, _: Request<pb::UpdateTeamRequest>) -> Result<Response<pb::UpdateTeamResponse>, Status> {
        panic!("a handler that breaks, on demand");
    }
}

async fn count(tx: &mut Tx, by: &Actor, order: &Order) -> Result<pb::CreateTeamResponse> {
    let stale = read(tx.connection(), &order.counter).await?;
    let mut counter = lock(tx, &order.counter).await?;
    let mut fact = step("counted");
    match order.deed {
        Deed::CountFurther if counter.head.revision == 0 => {
            return Err(Refusal::new(Code::FailedPrecondition, "NOTHING_COUNTED", "count once first").into());
        }
        Deed::Count | Deed::CountFurther => {}
        Deed::CountFromStale => counter = stale,
        Deed::CountLarge => fact.payload = vec![0; MAX_PAYLOAD_BYTES + 1],
        Deed::LoseRaces => return Err(Error::Busy("somebody was faster".into())),
        Deed::Panic => panic!("an op that breaks, on demand"),
    }
    tx.emit(&mut counter, by, &[fact])?;
    let team = pb::Team {
        id: order.counter.clone(),
        // Another one with every run of the op: two answers are the same only if one was stored.
        display_name: tx.new_id().to_string(),
        revision: counter.head.revision,
        ..Default::default()
    };
    Ok(pb::CreateTeamResponse { team: Some(team) })
}
