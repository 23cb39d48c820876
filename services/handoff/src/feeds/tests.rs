//! What a watcher is told, held against what a list shows.

use std::collections::BTreeSet;

use chassis::feed::Fact;
use kernel::{Actor, Kind, Principal, Role, Timestamp};
use sqlx::{Connection, PgPool, postgres::PgPoolOptions};
use testkit::Database;

use super::*;
use crate::store::list;

/// Three teams, a route for each pair of them, and handoffs of every kind, mixed by the digits of a hash.
const ROWS: &str = "
    INSERT INTO handoff.team (id, display_name, members, created_at, revision, head_hash, head_at)
    SELECT 't' || n, '', '[]', 'epoch', 1, '', 'epoch' FROM generate_series(0, 2) AS n;
    INSERT INTO handoff.route (id, from_team, to_team, name, information, trigger, risks, review_every_seconds, status,
                               terms_version, created_at, revision, head_hash, head_at)
    SELECT 'r' || a || b, 't' || a, 't' || b, '', '', '{}', '[]', 1, 'ACTIVE', 0, 'epoch', 1, '', 'epoch'
    FROM generate_series(0, 2) AS a, generate_series(0, 2) AS b WHERE a <> b;
    INSERT INTO handoff.handoff (id, route_id, from_team, to_team, terms_version, template_version, content_hash, title,
        summary, priority, confidential, state, since_command, since_by, since_at, attempt, accountable_side,
        triggered_at, submission, links, attachments, rejections, returns, waits_on_upstream, waits_on_downstream,
        upstream_actions, downstream_actions, upstream_owner, downstream_owner, created_at, updated_at, revision,
        head_hash, head_at)
    SELECT gen_random_uuid(), 'r' || a || b, 't' || a, 't' || b, 0, 0, '', '', '{}', 'NORMAL', hash % 3 = 0,
           (ARRAY['DRAFT', 'SUBMITTED', 'ACCEPTED', 'COMPLETED'])[1 + hash / 3 % 4], 'SUBMIT', '', 'epoch', 1, 'UPSTREAM',
           'epoch', '{}', '[]', '[]', 0, 0, hash / 12 % 2 = 0, hash / 24 % 2 = 0, 0, 0,
           CASE WHEN hash / 48 % 2 = 0 THEN 'sam' END, CASE WHEN hash / 96 % 2 = 0 THEN 'ivan' END,
           'epoch', 'epoch', 1, '', 'epoch'
    FROM generate_series(0, 2) AS a, generate_series(0, 2) AS b, generate_series(1, 40) AS n,
         LATERAL (SELECT abs(hashint4(n * 9 + a * 3 + b)) AS hash) AS mixed
    WHERE a <> b";

async fn filled() -> PgPool {
    let database = Database::new::<crate::HandoffService>().await;
    let mut owner = database.connect_as_owner().await;
    sqlx::raw_sql(ROWS).execute(&mut owner).await.unwrap();
    owner.close().await.unwrap();
    PgPoolOptions::new().connect(&database.url()).await.unwrap()
}

fn viewer(teams: &[&str], is_admin: bool) -> Actor {
    let teams = teams.iter().map(|team| (team.parse().unwrap(), Role::Member)).collect();
    let (name, kind) = ("sam".to_owned(), Kind::User);
    Actor::Principal(Principal { name, kind, teams, is_admin, is_reader: false, is_importer: false })
}

/// Every handoff there is, changed by a fact.
async fn changed(pool: &PgPool, hides: bool) -> Vec<Arc<Change<Live>>> {
    let admin = viewer(&[], true);
    let all = list::list(pool, &admin, &list::Filter::default(), None, 1_000).await.unwrap();
    let names = all.iter().map(|line| format!("handoff/{}", line.id)).collect();
    let fact = Fact {
        sequence: 2,
        r#type: "baton.handoff.v1.handoff_edited".into(),
        actor: "sam".into(),
        occurred_at: Timestamp::EPOCH,
        hides,
    };
    let live = Live::load(pool, names).await.unwrap();
    live.into_values().map(|live| Change::of(live, vec![fact.clone()])).collect()
}

/// The handoffs that are told as changed, and those that are told as gone.
fn told(changes: &[Arc<Change<Live>>], viewer: &Actor, filter: &Filter) -> [BTreeSet<HandoffId>; 2] {
    let wanted = Wanted { viewer: Viewer::of(viewer), filter: filter.clone() };
    let (mut changed, mut gone) = (BTreeSet::new(), BTreeSet::new());
    for told in changes.iter().filter_map(|change| Live::tell(change, &wanted)) {
        match told {
            Told::Changed(change) => changed.insert(change.state.line.id),
            Told::Gone(id) => gone.insert(id),
        };
    }
    [changed, gone]
}

/// Every filter that a list has too.
fn filters() -> Vec<Filter> {
    let mut filters = vec![];
    let teams = || [None, Some("t0".parse().unwrap()), Some("t1".parse().unwrap())];
    for inbox_of in teams() {
        for team in teams() {
            for side in [None, Some(Side::Upstream), Some(Side::Downstream)] {
                if side.is_some() && inbox_of.is_none() && team.is_none() {
                    continue;
                }
                for states in [vec![], vec![State::Draft, State::Completed]] {
                    for route_id in [None, Some("r01".parse().unwrap())] {
                        let (inbox_of, team, states) = (inbox_of.clone(), team.clone(), states.clone());
                        filters.push(Filter { inbox_of, team, side, route_id, states, ..Filter::default() });
                    }
                }
            }
        }
    }
    filters
}

#[tokio::test]
async fn a_watch_and_a_list_with_the_same_filter_show_the_same() {
    let pool = filled().await;
    let changes = changed(&pool, false).await;
    assert_eq!(changes.len(), 240);
    let viewers = [viewer(&[], false), viewer(&["t0"], false), viewer(&["t1", "t2"], false), viewer(&[], true)];
    let (mut compared, mut shown, mut told_gone) = (0, 0, 0);
    for viewer in &viewers {
        for filter in filters() {
            let same = list::Filter {
                inbox_of: filter.inbox_of.clone(),
                team: filter.team.clone(),
                side: filter.side,
                states: filter.states.clone(),
                route_id: filter.route_id.clone(),
                ..list::Filter::default()
            };
            let listed = list::list(&pool, viewer, &same, None, 1_000).await.unwrap();
            let listed: BTreeSet<_> = listed.into_iter().map(|line| line.id).collect();
            let [changed, gone] = told(&changes, viewer, &filter);
            assert_eq!(changed, listed, "{filter:?} of {viewer:?}");
            assert!(gone.is_disjoint(&listed));
            (compared, shown, told_gone) = (compared + 1, shown + listed.len(), told_gone + gone.len());
        }
    }
    assert!(compared == 400 && shown > 4_000 && told_gone > 4_000, "{compared} {shown} {told_gone}");
}

#[tokio::test]
async fn a_handoff_is_gone_for_those_who_could_have_seen_it_and_silent_for_all_others() {
    let pool = filled().await;
    let (ordinary, hiding) = (changed(&pool, false).await, changed(&pool, true).await);
    let everything = Filter::default();
    let (outsider, insider, admin) = (viewer(&[], false), viewer(&["t0"], false), viewer(&[], true));
    let all: BTreeSet<_> = ordinary.iter().map(|change| change.state.line.id).collect();
    let of = |is: fn(&Line) -> bool| -> BTreeSet<_> {
        ordinary.iter().map(|change| &change.state.line).filter(|line| is(line)).map(|line| line.id).collect()
    };
    let secret = of(|line| line.confidential);
    let own = of(|line| line.from_team.as_str() == "t0" || line.to_team.as_str() == "t0");
    assert!(secret.len() > 20 && own.len() > 20);
    let none = BTreeSet::new();

    // Later changes of a confidential handoff are nothing to an outsider, not even an id.
    assert_eq!(told(&ordinary, &outsider, &everything), [&all - &secret, none.clone()]);
    assert_eq!(told(&ordinary, &insider, &everything), [&all - &(&secret - &own), none.clone()]);
    // At the very fact that hides it, it goes; its own teams and ADMIN see on.
    assert_eq!(told(&hiding, &outsider, &everything), [&all - &secret, secret.clone()]);
    assert_eq!(told(&hiding, &insider, &everything), [&all - &(&secret - &own), &secret - &own]);
    assert_eq!(told(&hiding, &admin, &everything), [all, none.clone()]);
    // And only for those who might have known it: not where the filter could never have shown it.
    let elsewhere = Filter { team: Some("t9".parse().unwrap()), ..Filter::default() };
    assert_eq!(told(&hiding, &outsider, &elsewhere), [none.clone(), none]);
}

#[tokio::test]
async fn a_watch_of_some_handoffs_or_of_an_owner_tells_of_those() {
    let pool = filled().await;
    let changes = changed(&pool, false).await;
    let admin = viewer(&[], true);
    let ids: Vec<_> = changes.iter().take(3).map(|change| change.state.line.id).collect();
    let some = Filter { ids: ids.clone(), ..Filter::default() };
    assert_eq!(told(&changes, &admin, &some), [ids.into_iter().collect(), BTreeSet::new()]);

    let ivan = Filter { owner: Some("ivan".into()), ..Filter::default() };
    let [changed, gone] = told(&changes, &admin, &ivan);
    let owned = changes.iter().map(|change| &change.state.line);
    let owned: BTreeSet<_> =
        owned.filter(|line| line.downstream_owner.as_deref() == Some("ivan")).map(|line| line.id).collect();
    assert_eq!(changed, owned);
    assert_eq!(changed.len() + gone.len(), changes.len(), "an owner may change: the others are gone");
}
