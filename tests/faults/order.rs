//! The same facts in another order between handoffs, some of them twice: the same clocks.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::atomic::AtomicUsize,
};

use api::event::v1::{
    self as pb,
    event_log_service_server::{EventLogService, EventLogServiceServer},
};
use kernel::Timestamp;
use sla_monitor::SlaMonitor;
use sqlx::Row;
use testkit::{Database, People, Program, Setting, eventually};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use crate::{scale, stage::Stage, truth::assert_each_breached_once, work::hand_over};

/// A producer that tells what it was given, in its order.
pub(crate) struct Told(pub(crate) Vec<pb::Event>);

#[tonic::async_trait]
impl EventLogService for Told {
    async fn list_events(
        &self,
        request: Request<pb::ListEventsRequest>,
    ) -> Result<Response<pb::ListEventsResponse>, Status> {
        let request = request.into_inner();
        let after = usize::try_from(request.after_position).unwrap_or_default();
        let events = self.0.iter().skip(after).take(usize::try_from(request.page_size).unwrap_or_default());
        let last_position = i64::try_from(self.0.len()).unwrap_or_default();
        Ok(Response::new(pb::ListEventsResponse { events: events.cloned().collect(), last_position, generation: 1 }))
    }

    async fn get_watermark(
        &self,
        _request: Request<pb::GetWatermarkRequest>,
    ) -> Result<Response<pb::GetWatermarkResponse>, Status> {
        // Everything that was recorded is there, and all of it is past.
        let latest = self.0.iter().filter_map(|event| event.occurred_at).map(|it| it.seconds).max();
        let complete_until = latest.map(|seconds| prost_types::Timestamp { seconds: seconds + 60, nanos: 0 });
        let position = i64::try_from(self.0.len()).unwrap_or_default();
        Ok(Response::new(pb::GetWatermarkResponse { position, complete_until, generation: 1 }))
    }
}

impl Told {
    pub(crate) async fn serve(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it has one");
        let server = tonic::transport::Server::builder().add_service(EventLogServiceServer::new(self));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        format!("http://{address}")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_another_order_between_handoffs_and_with_doubles_the_clocks_come_out_the_same() {
    let stage = Stage::new(1).await;
    stage.map().await;
    let done = AtomicUsize::new(0);
    hand_over(stage.handoffs(People::Crm), stage.handoffs(People::Desk), scale(80, 1_000), &done).await;
    assert_each_breached_once(&stage).await;
    let (recorded, expected) = (recorded(&stage).await, clocks(&stage.monitor_setting).await);
    for seed in 1..=scale(2, 20) {
        let told = shuffled(&recorded, seed);
        let setting = Setting {
            database: Database::new::<SlaMonitor>().await,
            prefix: format!("{}s{seed}", stage.monitor_setting.prefix.chars().take(20).collect::<String>()),
            ..stage.monitor_setting.clone()
        };
        copy_policies(&stage.monitor_setting, &setting).await;
        let url = Told(told).serve().await;
        let _monitor = Program::start::<SlaMonitor>(&setting, &[("SERVICE__HANDOFF_URL", url)]).await;
        eventually("the clocks come out the same", async || (clocks(&setting).await == expected).then_some(())).await;
    }
}

/// The handoff service's log, in order.
pub(crate) async fn recorded(stage: &Stage) -> Vec<pb::Event> {
    let mut log = stage.handoff_setting.database.connect().await;
    let rows = sqlx::query(
        "SELECT e.aggregate, e.aggregate_seq, e.type, e.payload, e.occurred_at, e.recorded_at, e.historic
         FROM event_log e JOIN event_order o ON o.event_id = e.id ORDER BY o.position",
    );
    let rows = rows.fetch_all(&mut log).await.expect("the log is read");
    let events = rows.into_iter().map(|row| pb::Event {
        r#type: row.get("type"),
        aggregate: row.get("aggregate"),
        aggregate_seq: row.get("aggregate_seq"),
        occurred_at: Some(api::timestamp(row.get::<Timestamp, _>("occurred_at"))),
        recorded_at: Some(api::timestamp(row.get::<Timestamp, _>("recorded_at"))),
        historic: row.get("historic"),
        payload: row.get("payload"),
        ..Default::default()
    });
    events.collect()
}

/// Teams and routes first, then one fact of some handoff after another, each handoff's in its own order; every seventh twice.
pub(crate) fn shuffled(recorded: &[pb::Event], seed: u64) -> Vec<pb::Event> {
    let (map, handoffs): (Vec<_>, Vec<_>) =
        recorded.iter().cloned().partition(|event| !event.aggregate.starts_with("handoff/"));
    let mut waiting: BTreeMap<String, VecDeque<pb::Event>> = BTreeMap::new();
    for event in handoffs {
        waiting.entry(event.aggregate.clone()).or_default().push_back(event);
    }
    let mut waiting: Vec<VecDeque<pb::Event>> = waiting.into_values().collect();
    let (mut told, mut state) = (map, seed);
    while !waiting.is_empty() {
        // Numerical Recipes' linear congruential generator: any order will do, but the same for the same seed.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let place = usize::try_from(state >> 33).expect("31 bits") % waiting.len();
        if let Some(event) = waiting[place].pop_front() {
            if told.len() % 7 == 0 {
                told.push(event.clone());
            }
            told.push(event);
        }
        waiting.retain(|events| !events.is_empty());
    }
    for (position, event) in (1..).zip(&mut told) {
        event.position = position;
    }
    told
}

/// The calendars and policies of one monitor in another, as they were.
pub(crate) async fn copy_policies(from: &Setting, to: &Setting) {
    let (mut from, mut to) = (from.database.connect().await, to.database.connect().await);
    for table in ["calendar", "calendar_version", "policy", "policy_version"] {
        let all = format!("SELECT coalesce(jsonb_agg(it), '[]') FROM sla.{table} it");
        let rows: sqlx::types::JsonValue =
            sqlx::query_scalar(sqlx::AssertSqlSafe(all)).fetch_one(&mut from).await.expect("they are read");
        let copy = format!("INSERT INTO sla.{table} SELECT * FROM jsonb_populate_recordset(NULL::sla.{table}, $1)");
        sqlx::query(sqlx::AssertSqlSafe(copy)).bind(rows).execute(&mut to).await.expect("they are copied");
    }
}
/// Every clock as it stands, without what tells when somebody looked.
async fn clocks(setting: &Setting) -> Vec<String> {
    let mut store = setting.database.connect().await;
    let rows = sqlx::query_scalar::<_, String>(
        "SELECT concat_ws(' ', id, handoff_id, kind, state, extract(epoch FROM due_at), extract(epoch FROM breached_at),
                          body -> 'ledger', body -> 'end')
         FROM sla.clock WHERE generation = sla.current() ORDER BY id",
    );
    rows.fetch_all(&mut store).await.expect("the clocks are read")
}
