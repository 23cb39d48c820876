//! The real log of two years of handoffs at Volvo IT, where it lies beside the project: its figures beside those of the naive
//! reference, which reads the file by itself.

use std::{collections::BTreeMap, fs, path::Path};

use api::{
    handoff::v1 as pb,
    metrics::v1::{self as metrics, GetParetoRequest, ParetoDimension},
    r#type::v1::{FieldValue, field_value::Kind},
};
use baton_metrics::domain::{
    Book, Day, HandoffId, Query, RouteId, Side, Story,
    heard::{About, Reason, ReasonKind, What},
    query::{Historic, Scope},
    report::Report,
    story::Fact,
};
use serde::Deserialize;

use crate::{figures::figures, reference, requests::of_route, world::World};

const LOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/volvo-2013/handoffs.jsonl");

#[derive(Deserialize, Clone)]
struct Line {
    external_ref: Reference,
    incident: String,
    from_team: String,
    to_team: String,
    title: String,
    priority: String,
    fields: BTreeMap<String, String>,
    events: Vec<Event>,
}

#[derive(Deserialize, Clone)]
struct Reference {
    system: String,
    key: String,
}

#[derive(Deserialize, Clone)]
struct Event {
    r#type: String,
    at: kernel::Timestamp,
    actor: String,
    #[serde(default)]
    reason: String,
}

impl Line {
    fn record(&self) -> pb::HistoricHandoff {
        let priority = pb::Priority::from_str_name(&format!("PRIORITY_{}", self.priority));
        let value = |text: &String| FieldValue { kind: Some(Kind::Text(text.clone())) };
        let event = |event: &Event| pb::HistoricEvent {
            kind: pb::HistoricEventKind::from_str_name(&format!("HISTORIC_EVENT_KIND_{}", event.r#type.to_uppercase()))
                .expect("a kind of the contract")
                .into(),
            at: Some(api::timestamp(event.at)),
            actor: event.actor.clone(),
            reason: event.reason.clone(),
        };
        pb::HistoricHandoff {
            origin: Some(pb::Origin { system: self.external_ref.system.clone(), key: self.external_ref.key.clone() }),
            incident: self.incident.clone(),
            from_team: self.from_team.clone(),
            to_team: self.to_team.clone(),
            title: self.title.clone(),
            priority: priority.expect("a priority of the contract").into(),
            fields: self.fields.iter().map(|(key, text)| (key.clone(), value(text))).collect(),
            events: self.events.iter().map(event).collect(),
        }
    }

    fn route(&self) -> RouteId {
        format!("{}-to-{}", self.from_team, self.to_team).parse().expect("a slug")
    }

    /// What the record says, as a story: nothing of it has gone through any service.
    fn story(&self) -> Story {
        let about = About {
            route_id: self.route(),
            from_team: self.from_team.parse().expect("a slug"),
            to_team: self.to_team.parse().expect("a slug"),
            title: self.title.clone(),
            confidential: false,
            upstream_owner: String::new(),
            downstream_owner: String::new(),
        };
        let created = What::Created { terms_version: 0, template: None, ties: [].into() };
        let first = self.events.first().expect("a record has events");
        let whats = self.events.iter().map(|event| (event, what(event)));
        let all = [(first, created)].into_iter().chain(whats).enumerate().map(|(n, (event, what))| Fact {
            sequence: i64::try_from(n).expect("few") + 1,
            at: event.at,
            recorded_at: event.at,
            historic: true,
            by: event.actor.clone(),
            by_service: false,
            what,
        });
        let mut story = Story::new(HandoffId::from(uuid::Uuid::nil()), about);
        story.facts = all.collect();
        story
    }
}

fn what(event: &Event) -> What {
    let unknown = || vec![Reason { kind: ReasonKind::Unknown, text: String::new() }];
    let given = || vec![Reason { kind: ReasonKind::Other, text: String::new() }];
    let reasons = if event.reason.is_empty() { unknown() } else { given() };
    match event.r#type.as_str() {
        // A record is handed over each time as it is.
        "submitted" => What::Submitted { content_hash: "the record".into(), criteria: vec![] },
        "accepted" => What::Accepted { read_back: false, conditions: 0 },
        "began" => What::Begun,
        "held" => What::Held { agreed: false, side: Side::Downstream },
        "resumed" => What::Resumed,
        "rejected" => What::Rejected(reasons),
        "rework" => What::Returned(reasons),
        "completed" => What::Completed,
        "cancelled" => What::Cancelled,
        other => panic!("a record of {other}"),
    }
}

fn query(scope: Scope, as_of: &str) -> Query {
    Query {
        scope,
        from: day("2010-01-01"),
        until: day("2013-01-01"),
        as_of: as_of.parse().expect("an instant"),
        historic: Historic::Include,
        version: None,
        return_days: 14,
    }
}

fn day(text: &str) -> Day {
    Day::from_date(text.parse().expect("a date"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_the_real_log_are_those_of_the_naive_reference() {
    let Ok(log) = fs::read_to_string(Path::new(LOG)) else {
        println!("not run: the log of Volvo IT does not lie beside the project");
        return;
    };
    let lines: Vec<Line> = log.lines().map(|line| serde_json::from_str(line).expect("a line is a record")).collect();
    let stories: Vec<Story> = lines.iter().map(Line::story).collect();
    let world = World::bare().await;
    let records: Vec<_> = lines.iter().map(|line| pb::ImportHandoffsRequest { record: Some(line.record()) }).collect();
    let mut importer = world.importer.handoffs.clone();
    let imported = importer.import_handoffs(tokio_stream::iter(records)).await.unwrap().into_inner();
    assert_eq!((imported.created, imported.refused), (4_783, 0));
    world.added_up().await;

    let worst = GetParetoRequest {
        query: Some(metrics::Query { window: window(), ..Default::default() }),
        dimension: ParetoDimension::BouncesByRoute.into(),
        page_size: 5,
    };
    let worst = world.otto.pareto(worst).await.unwrap();
    let by_reference = reference::pareto(
        &stories,
        &Book::default(),
        &query(Scope::All, "2026-03-02T09:00:00Z"),
        baton_metrics::domain::report::Dimension::BouncesByRoute,
    );
    let lines: Vec<_> = worst.lines.iter().map(|line| (line.name.clone(), line.count)).collect();
    assert_eq!(lines, by_reference[..5]);

    for as_of in ["2026-03-02T09:00:00Z", "2012-05-10T12:34:56Z"] {
        let all = Scope::All;
        let told = told(&world, metrics::Query::default(), as_of).await;
        assert_eq!(told, reference::report(&stories, &Book::default(), &query(all, as_of)), "as of {as_of}");
        for line in &worst.lines {
            let route = Scope::Routes(vec![line.name.parse().expect("a slug")]);
            let told = self::told(&world, of_route(&line.name), as_of).await;
            let expected = reference::report(&stories, &Book::default(), &query(route, as_of));
            assert_eq!(told, expected, "{} as of {as_of}", line.name);
        }
    }
}

fn window() -> Option<metrics::Window> {
    crate::requests::window("2010-01-01", "2013-01-01")
}

async fn told(world: &World, query: metrics::Query, as_of: &str) -> Report {
    let as_of = Some(api::timestamp(as_of.parse().expect("an instant")));
    figures(world.otto.report(metrics::Query { window: window(), as_of, ..query }).await.unwrap())
}
