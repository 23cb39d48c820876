//! The plans of the lists, on a table of some size.

use sqlx::{AssertSqlSafe, Connection, Execute, PgConnection, Postgres, QueryBuilder, Row as _};
use testkit::Database;

use super::{
    query,
    words::{self, Reach, Sought},
    *,
};

/// Fifty teams in a ring, each handing over to the next; of ten thousand handoffs every twentieth is still open.
const ROWS: &str = "
    INSERT INTO handoff.team (id, display_name, members, created_at, revision, head_hash, head_at)
    SELECT 't' || n, '', '[]', 'epoch', 1, '', 'epoch' FROM generate_series(0, 49) AS n;
    INSERT INTO handoff.route (id, from_team, to_team, name, information, trigger, risks, review_every_seconds, status,
                               terms_version, created_at, revision, head_hash, head_at)
    SELECT 'r' || n, 't' || n, 't' || (n + 1) % 50, '', '', '{}', '[]', 1, 'ACTIVE', 0, 'epoch', 1, '', 'epoch'
    FROM generate_series(0, 49) AS n;
    INSERT INTO handoff.handoff (id, route_id, from_team, to_team, terms_version, template_version, content_hash, title,
        summary, priority, confidential, state, since_command, since_by, since_at, attempt, accountable_side,
        upstream_owner, downstream_owner, triggered_at, submission, origin_system, origin_key, follows, links, attachments,
        rejections, returns, waits_on_upstream, waits_on_downstream, upstream_actions, downstream_actions, created_at,
        updated_at, upstream_due_at, downstream_due_at, upstream_breaches, revision, head_hash, head_at)
    SELECT gen_random_uuid(), 'r' || n % 50, 't' || n % 50, 't' || (n + 1) % 50, 0, 0, '',
           'rollout ' || md5(n::text) || ' ' || md5((n % 100)::text), '{}',
           CASE WHEN n % 7 = 0 THEN 'URGENT' ELSE 'NORMAL' END, false,
           CASE WHEN is_open THEN 'SUBMITTED' ELSE 'COMPLETED' END, 'SUBMIT', '', at, 1, 'UPSTREAM',
           'p' || n % 70, 'p' || n % 90, at, '{}', 'crm', n::text, CASE WHEN n % 9 = 0 THEN gen_random_uuid() END,
           jsonb_build_array(jsonb_build_object('system', 'erp', 'type', 'account', 'key', n::text, 'url', '')), '[]',
           0, 0, is_open AND n % 100 < 50, is_open AND n % 100 >= 50, 0, 0, at, at,
           CASE WHEN is_open AND n % 3 = 0 THEN at END, CASE WHEN is_open AND n % 3 = 1 THEN at END,
           CASE WHEN is_open AND n % 6 = 0 THEN 1 ELSE 0 END, 1, '', at
    FROM generate_series(1, 10000) AS n,
         LATERAL (SELECT n / 50 % 20 = 0 AS is_open, timestamptz 'epoch' + n * interval '1 minute' AS at) AS derived";

async fn filled() -> PgConnection {
    let database = Database::new::<crate::HandoffService>().await;
    let mut owner = database.connect_as_owner().await;
    sqlx::raw_sql(ROWS).execute(&mut owner).await.unwrap();
    sqlx::raw_sql("ANALYZE handoff.handoff, handoff.search").execute(&mut owner).await.unwrap();
    owner.close().await.unwrap();
    database.connect().await
}

async fn explain(connection: &mut PgConnection, query: &mut QueryBuilder<Postgres>) -> String {
    let explained = AssertSqlSafe(format!("EXPLAIN (COSTS OFF) {}", query.sql().as_str()));
    let arguments = query.build().take_arguments().unwrap().unwrap();
    let lines: Vec<String> = sqlx::query_scalar_with(explained, arguments).fetch_all(connection).await.unwrap();
    lines.join("\n")
}

/// The plan that a prepared statement is given for whatever values.
async fn explain_generic(connection: &mut PgConnection, query: &QueryBuilder<Postgres>) -> String {
    let explained = AssertSqlSafe(format!("EXPLAIN (GENERIC_PLAN, COSTS OFF) {}", query.sql().as_str()));
    let lines = sqlx::raw_sql(explained).fetch_all(connection).await.unwrap();
    lines.iter().map(|line| line.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
}

/// The statement of a page in the middle.
fn page(filter: &Filter, reach: &Reach) -> QueryBuilder<Postgres> {
    let viewer = Viewer { sees_all: false, teams: vec!["t1".to_owned()] };
    let at = Some(Timestamp::EPOCH.plus_seconds(5_000 * 60));
    let after = Cursor { due_at: at, urgency: Some(0), at, id: uuid::Uuid::nil().into() };
    query::list(&viewer, filter, reach, Some(&after), 51)
}

fn assert_reads(plan: &str, indexes: &[&str], what: &impl std::fmt::Debug) {
    for index in indexes {
        assert!(plan.contains(index), "{what:?} does not use {index}:\n{plan}");
    }
    assert!(!plan.contains("Seq Scan"), "{what:?} reads the whole table:\n{plan}");
}

/// Lists, each with the indexes that give it.
struct Lists {
    /// In their order.
    ordered: Vec<(Filter, &'static [&'static str])>,
    /// As a few, which are sorted.
    sorted: Vec<(Filter, &'static [&'static str])>,
}

/// Every list that names a party, a route or a record, in the orders that it can have; and those that name nothing.
fn lists() -> Lists {
    use Order::{DeliverBy, Due, Newest, Oldest, Priority, Recent, Updated};
    let team = || Some("t1".parse().unwrap());
    let all = Filter::default;
    let upstream = || Filter { side: Some(Side::Upstream), ..all() };
    let inbox = Filter { inbox_of: team(), ..all() };
    let upstream_inbox = Filter { inbox_of: team(), ..upstream() };
    let of_team = Filter { team: team(), ..all() };
    let upstream_team = Filter { team: team(), ..upstream() };
    let owner = Filter { owner: Some("p7".to_owned()), ..all() };
    let upstream_owner = Filter { owner: Some("p7".to_owned()), ..upstream() };
    let route = Filter { route_id: Some("r1".parse().unwrap()), ..all() };
    let record = |system: &str| Some(Record { system: system.to_owned(), key: Some("7".to_owned()) });
    let origin = Filter { origin: record("crm"), ..all() };
    let follows = Filter { follows: Some(uuid::Uuid::nil().into()), ..all() };
    let open_of_team = Filter { states: vec![State::Submitted, State::Draft], ..of_team.clone() };
    let in_states = Filter { states: vec![State::Submitted, State::Draft], ..all() };
    let on_hold = Filter { on_hold: Some(true), ..all() };
    let confidential = Filter { confidential: Some(true), ..all() };
    let due = Filter { due_before: Some(Timestamp::EPOCH.plus_seconds(9_000 * 60)), ..all() };
    let late = Filter { breached: Some(true), ..all() };
    let late_inbox = Filter { breached: Some(true), ..inbox.clone() };
    let of_system = Filter { origin: Some(Record { system: "crm".to_owned(), key: None }), ..all() };
    let by = |order, filter: &Filter, indexes: &'static [&'static str]| (Filter { order, ..filter.clone() }, indexes);
    let ordered = vec![
        by(Updated, &inbox, &["handoff_upstream_inbox", "handoff_downstream_inbox"]),
        by(Recent, &inbox, &["handoff_upstream_inbox", "handoff_downstream_inbox"]),
        by(Priority, &inbox, &["handoff_upstream_urgent", "handoff_downstream_urgent"]),
        by(Updated, &upstream_inbox, &["handoff_upstream_inbox"]),
        by(Priority, &upstream_inbox, &["handoff_upstream_urgent"]),
        by(Updated, &of_team, &["handoff_from_team_updated", "handoff_to_team_updated"]),
        by(Recent, &of_team, &["handoff_from_team_updated", "handoff_to_team_updated"]),
        by(Updated, &open_of_team, &["_team_", "_team_"]),
        by(Updated, &owner, &["handoff_upstream_owner", "handoff_downstream_owner"]),
        by(Recent, &upstream_owner, &["handoff_upstream_owner"]),
        by(Updated, &route, &["handoff_route_updated"]),
        by(Updated, &of_system, &["handoff_updated"]),
        by(DeliverBy, &inbox, &["handoff_upstream_promised", "handoff_downstream_promised"]),
        by(DeliverBy, &upstream_inbox, &["handoff_upstream_promised"]),
        by(Due, &inbox, &["handoff_upstream_due", "handoff_downstream_due"]),
        by(Due, &upstream_inbox, &["handoff_upstream_due"]),
        by(Due, &late_inbox, &["handoff_upstream_due", "handoff_downstream_due"]),
        by(Updated, &due, &["handoff_due"]),
        by(Updated, &late, &["handoff_breached"]),
        by(Recent, &late, &["handoff_breached"]),
        by(Updated, &in_states, &["handoff_state", "handoff_state"]),
        by(Recent, &in_states, &["handoff_state"]),
        by(Updated, &on_hold, &["handoff_on_hold"]),
        by(Recent, &confidential, &["handoff_confidential"]),
        by(Updated, &all(), &["handoff_updated"]),
        by(Recent, &all(), &["handoff_updated"]),
        by(Oldest, &all(), &["handoff_created"]),
        by(Newest, &all(), &["handoff_created"]),
    ];
    let sorted = vec![
        by(Updated, &origin, &["handoff_origin"]),
        by(Newest, &origin, &["handoff_origin"]),
        by(Oldest, &of_team, &["handoff_"]),
        by(Newest, &upstream_team, &["handoff_"]),
        by(Newest, &route, &["handoff_"]),
        by(Newest, &follows, &["handoff_follows"]),
        by(Newest, &owner, &["handoff_upstream_owner", "handoff_downstream_owner"]),
        by(Oldest, &inbox, &["handoff_upstream_", "handoff_downstream_"]),
        by(Newest, &inbox, &["handoff_upstream_", "handoff_downstream_"]),
        by(Newest, &on_hold, &["handoff_on_hold"]),
        by(Newest, &due, &["handoff_"]),
        by(Newest, &late, &["handoff_breached"]),
        by(Priority, &late_inbox, &["handoff_upstream_", "handoff_downstream_"]),
    ];
    Lists { ordered, sorted }
}

#[tokio::test]
async fn every_list_reads_through_an_index_of_its_own() {
    let mut connection = filled().await;
    let Lists { ordered, sorted } = lists();
    // Planned for its values as for any values: a prepared statement comes to either.
    let few = ordered.iter().map(|(filter, _)| (filter, &[][..]));
    for (filter, indexes) in few.chain(sorted.iter().map(|(filter, indexes)| (filter, *indexes))) {
        let mut page = page(filter, &Reach::All);
        assert_reads(&explain(&mut connection, &mut page).await, indexes, filter);
        assert_reads(&explain_generic(&mut connection, &page).await, indexes, &("generic", filter));
    }
    // A few rows are sorted sooner than read in order; of many the index gives one page.
    sqlx::raw_sql("SET enable_sort = off; SET enable_bitmapscan = off").execute(&mut connection).await.unwrap();
    for (filter, indexes) in &ordered {
        let mut page = page(filter, &Reach::All);
        assert_reads(&explain(&mut connection, &mut page).await, indexes, filter);
        assert_reads(&explain_generic(&mut connection, &page).await, indexes, &("generic", filter));
    }
}

#[tokio::test]
async fn every_search_reads_through_the_index_of_words() {
    let mut connection = filled().await;
    let link = Some(Record { system: "erp".to_owned(), key: Some("7".to_owned()) });
    let link = || Filter { link: link.clone(), ..Filter::default() };
    let text = |text: &str| Filter { text: Some(text.to_owned()), ..Filter::default() };
    let team = Some("t1".parse().unwrap());
    for filter in [link(), text("c4ca4238a0b9 2"), text("c4ca"), text("xyzzy xyz"), Filter { team, ..text("rollout") }]
    {
        let sought = Sought::by(&filter).unwrap();
        assert_reads(&explain(&mut connection, &mut words::few(&sought)).await, &["search_words"], &filter);
        let few = Reach::Few(vec![uuid::Uuid::nil().into()]);
        assert_reads(&explain(&mut connection, &mut page(&filter, &few)).await, &["handoff_pkey"], &filter);
        let common = Reach::Common(sought);
        assert_reads(&explain(&mut connection, &mut page(&filter, &common)).await, &["search_"], &filter);
    }
}
