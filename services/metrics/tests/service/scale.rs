//! How fast history is taken in, how long a report takes beside the same one in plain SQL over the raw facts, and how much room a
//! handoff takes; only wrong numbers fail. It runs over few; by hand over as many as are named:
//! `BATON_SCALE=100000 cargo dev test -p baton-metrics --release --test service -- --nocapture scale`

use std::time::Duration;

use api::{handoff::v1 as pb, metrics::v1 as metrics};
use metrics::Query;
use sqlx::{Connection as _, PgConnection};
use tokio::time::Instant;

use crate::{requests::window, world::World};

const ROUTES: u64 = 100;
const DAYS: u64 = 700;
const HOUR: u64 = 3_600;

/// Raw facts as a table: what plain SQL would have.
const RAW: &str = "
    CREATE UNLOGGED TABLE metrics.raw AS
    SELECT id AS handoff, route_id AS route, (fact ->> 'n')::bigint AS n,
           to_timestamp((fact ->> 'at')::bigint / 1e6) AS at,
           CASE jsonb_typeof(fact -> 'is') WHEN 'string' THEN fact ->> 'is'
                ELSE (SELECT jsonb_object_keys(fact -> 'is') LIMIT 1) END AS kind
    FROM metrics.handoff, jsonb_array_elements(story -> 'facts') AS fact
    WHERE generation = 1";

/// The middle of the report: limbo, first-pass yield, rejections, rework, cycle, flow.
const REPORT: &str = "
    WITH turn AS (
        SELECT handoff, n, at, kind, lead(kind) OVER w AS next_kind, lead(at) OVER w AS next_at
        FROM metrics.raw WINDOW w AS (PARTITION BY handoff ORDER BY n)
    ), limbo AS (
        SELECT percentile_disc(ARRAY[0.5, 0.85, 0.95]) WITHIN GROUP (ORDER BY floor(extract(epoch FROM next_at - at))) AS p
        FROM turn WHERE kind = 'Submitted' AND next_kind IN ('Accepted', 'Rejected')
    ), first AS (
        SELECT DISTINCT ON (handoff) handoff, kind FROM metrics.raw WHERE kind IN ('Accepted', 'Rejected') ORDER BY handoff, n
    ), work AS (
        SELECT handoff, min(at) FILTER (WHERE kind = 'Created') AS created_at, max(at) FILTER (WHERE kind = 'Completed') AS done_at,
               min(at) FILTER (WHERE kind = 'Accepted') AS accepted_at, min(at) FILTER (WHERE kind = 'Returned') AS returned_at
        FROM metrics.raw GROUP BY handoff
    ), progress AS (
        SELECT sum(next_at - at) AS progress FROM turn WHERE kind = 'Begun'
    )
    SELECT (SELECT p[1]::bigint FROM limbo), (SELECT p[2]::bigint FROM limbo), (SELECT p[3]::bigint FROM limbo),
           (SELECT count(*) FROM first WHERE kind = 'Accepted'), (SELECT count(*) FROM first),
           (SELECT count(*) FROM metrics.raw WHERE kind = 'Rejected'),
           (SELECT count(*) FROM work WHERE returned_at <= accepted_at + interval '14 days'),
           (SELECT count(accepted_at) FROM work),
           (SELECT percentile_disc(0.85) WITHIN GROUP (ORDER BY floor(extract(epoch FROM done_at - created_at)))::bigint FROM work
            WHERE done_at IS NOT NULL),
           (SELECT extract(epoch FROM progress)::bigint FROM progress)";

type Middle = (i64, i64, i64, i64, i64, i64, i64, i64, i64, i64);

/// Numbers that look like chance, and are the same at every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A handoff that was completed, after a rejection or a return now and then.
fn record(n: u64) -> pb::ImportHandoffsRequest {
    use pb::HistoricEventKind::{Accepted, Began, Completed, Rejected, Rework, Submitted};
    let mut dice = Dice(n);
    dice.roll(2);
    let (route, day) = (dice.roll(ROUTES), dice.roll(DAYS));
    let mut kinds = vec![Submitted];
    if dice.roll(5) == 0 {
        kinds.extend([Rejected, Submitted]);
    }
    kinds.extend([Accepted, Began]);
    if dice.roll(10) == 0 {
        kinds.extend([Rework, Submitted, Accepted, Began]);
    }
    kinds.push(Completed);
    let mut at = 1_704_067_200 + day * 24 * HOUR + dice.roll(24 * HOUR);
    let mut event = |kind: pb::HistoricEventKind| {
        at += dice.roll(6 * HOUR);
        let at = Some(prost_types::Timestamp { seconds: i64::try_from(at).expect("a time"), nanos: 0 });
        pb::HistoricEvent { kind: kind.into(), at, actor: "fred".into(), ..Default::default() }
    };
    let events = kinds.into_iter().map(&mut event).collect();
    let record = pb::HistoricHandoff {
        origin: Some(pb::Origin { system: "old".into(), key: n.to_string() }),
        from_team: format!("from-{}", route % 10),
        to_team: format!("to-{}", route / 10),
        title: format!("work {n}"),
        events,
        ..Default::default()
    };
    pb::ImportHandoffsRequest { record: Some(record) }
}

async fn number(store: &mut PgConnection, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(store).await.expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_says_what_plain_sql_says_of_the_raw_facts() {
    let handoffs: u64 = std::env::var("BATON_SCALE").ok().and_then(|it| it.parse().ok()).unwrap_or(400);
    let world = World::bare().await;
    let started = Instant::now();
    let mut importer = world.importer.handoffs.clone();
    for from in (0..handoffs).step_by(20_000) {
        let records: Vec<_> = (from..handoffs.min(from + 20_000)).map(record).collect();
        importer.import_handoffs(tokio_stream::iter(records)).await.unwrap();
    }
    let imported = started.elapsed();
    let facts = world.handoff.facts().await;
    let mut store = world.metrics.setting.database.connect().await;
    let mut position = 0;
    while position < facts {
        position = testkit::eventually("it goes on hearing", async || {
            let now = chassis::consumer::position(&mut store, "baton.handoff.v1").await.expect("a position");
            (now > position).then_some(now)
        })
        .await;
    }
    let heard = started.elapsed();
    world.added_up().await;
    println!("{handoffs} handoffs, {facts} facts: imported in {imported:.1?}, in the figures after {heard:.1?}");
    println!("  end to end {:.0} facts/s", rate(facts, heard));

    let started = Instant::now();
    let (is_done, printed) = crate::rebuilding::program(&world, &["rebuild"]).await;
    assert!(is_done && printed.contains("; 0 differ"), "{printed}");
    println!("  a rebuild takes in {:.0} facts/s", rate(facts, started.elapsed()));

    let mut owner = world.metrics.setting.database.connect_as_owner().await;
    sqlx::query("VACUUM (FULL, ANALYZE) metrics.handoff").execute(&mut owner).await.expect("the table is vacuumed");
    sqlx::query("VACUUM (FULL, ANALYZE) metrics.day").execute(&mut owner).await.expect("the table is vacuumed");
    let stories = number(&mut owner, "SELECT pg_total_relation_size('metrics.handoff')").await;
    let days = number(&mut owner, "SELECT pg_total_relation_size('metrics.day')").await;
    let per = |bytes: i64| bytes / i64::try_from(handoffs).expect("a number");
    println!(
        "  {} bytes a handoff: {} of stories with indexes, {} of sums",
        per(stories + days),
        per(stories),
        per(days)
    );

    world.added_up().await;
    let query = Query { window: window("2024-01-01", "2026-03-03"), ..Default::default() };
    let mut report = world.otto.report(query.clone()).await.unwrap();
    let started = Instant::now();
    for _ in 0..5 {
        report = world.otto.report(query.clone()).await.unwrap();
    }
    let told = started.elapsed() / 5;
    sqlx::raw_sql(sqlx::AssertSqlSafe(RAW.replace("generation = 1", "generation = 2")))
        .execute(&mut owner)
        .await
        .expect("the raw facts");
    sqlx::raw_sql("ANALYZE metrics.raw").execute(&mut owner).await.expect("analysed");
    let started = Instant::now();
    let middle: Middle = sqlx::query_as(REPORT).fetch_one(&mut owner).await.expect("the same in SQL");
    let by_sql = started.elapsed();
    assert_eq!(of_report(&report), middle);
    println!(
        "  report {told:.1?}; its middle alone in plain SQL {by_sql:.1?}: {:.0} x",
        by_sql.as_secs_f64() / told.as_secs_f64()
    );
    owner.close().await.expect("the connection closes");
    store.close().await.expect("the connection closes");
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(facts: i64, elapsed: Duration) -> f64 {
    facts as f64 / elapsed.as_secs_f64()
}

fn of_report(report: &metrics::Report) -> Middle {
    let quality = report.quality.as_ref().unwrap();
    let elapsed = report.limbo.as_ref().unwrap().decision.as_ref().unwrap().elapsed.as_ref().unwrap();
    let seconds = |it: &Option<metrics::Percentile>| it.as_ref().unwrap().seconds;
    let first = quality.first_pass_yield.as_ref().unwrap();
    let rework = report.rework.as_ref().unwrap().rate.as_ref().unwrap();
    (
        seconds(&elapsed.p50),
        seconds(&elapsed.p85),
        seconds(&elapsed.p95),
        first.numerator,
        first.denominator,
        quality.rejection_rate.as_ref().unwrap().numerator,
        rework.numerator,
        rework.denominator,
        seconds(&report.ageing.as_ref().unwrap().cycle.as_ref().unwrap().p85),
        report.flow.as_ref().unwrap().elapsed_progress_micros / 1_000_000,
    )
}
