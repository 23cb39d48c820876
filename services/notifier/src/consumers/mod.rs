//! What this service hears: the facts of the others, read into the domain's terms and told by one op.

mod body;
mod handoff;
mod metrics;
mod sla;

use chassis::{
    Context, Tx,
    consumer::{Consumer, Heard as Message, Hears},
};
use futures::future::BoxFuture;
use kernel::{Error, Result};

use crate::{
    domain::{FactId, Notice, RouteId, Side, Team, TeamId},
    ops,
    store::{map, subscription::Filters},
};

/// Whom this service hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Producer {
    /// The handoff service.
    Handoff,
    /// The SLA monitor.
    Sla,
    /// The metrics service.
    Metrics,
}

impl Producer {
    /// Every one.
    pub(crate) const ALL: [Self; 3] = [Self::Handoff, Self::Sla, Self::Metrics];

    /// Its package.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Handoff => "baton.handoff.v1",
            Self::Sla => "baton.sla.v1",
            Self::Metrics => "baton.metrics.v1",
        }
    }

    /// The message that carries its facts.
    pub(crate) fn event_message(self) -> &'static str {
        match self {
            Self::Handoff => "baton.handoff.v1.HandoffEvent",
            Self::Sla => "baton.sla.v1.SlaEvent",
            Self::Metrics => "baton.metrics.v1.MetricsEvent",
        }
    }

    fn read(self, message: &Message) -> Result<News> {
        let frame = Frame { producer: self, message };
        match self {
            Self::Handoff => handoff::read(&frame),
            Self::Sla => sla::read(&frame),
            Self::Metrics => metrics::read(&frame),
        }
    }
}

/// What a fact means here.
enum News {
    /// A team is described.
    Team(Team),
    /// A route joins two teams.
    Route { id: RouteId, from_team: TeamId, to_team: TeamId },
    /// Something that people are told, about a handoff or about none.
    Notice(Box<Notice>),
    /// The same, to one side of a route, whose teams are known here.
    OfRoute { route: RouteId, to: Side, notice: Box<Notice> },
    /// Nothing. A fact of a kind that this version does not know is nothing, too: nobody can have asked for it.
    Nothing,
}

/// A fact as it was heard.
struct Frame<'m> {
    producer: Producer,
    message: &'m Message,
}

impl Frame<'_> {
    /// The fact's name.
    fn event(&self) -> &str {
        self.message.r#type.rsplit('.').next().unwrap_or_default()
    }

    /// A notice that concerns nobody yet.
    fn notice(&self, by_person: Option<String>, headline: &str) -> Notice {
        let message = self.message;
        let place = message.aggregate_seq.to_be_bytes();
        let id = kernel::derived_uuid(&[self.producer.package().as_bytes(), message.aggregate.as_bytes(), &place]);
        Notice {
            id: FactId::from(id),
            package: self.producer.package(),
            event: self.event().to_owned(),
            subject: message.aggregate.clone(),
            occurred_at: message.occurred_at,
            by_person,
            handoff: None,
            concerns: None,
            to: vec![],
            to_name: None,
            is_private: false,
            clock: None,
            headline: line(headline),
            opens: crate::domain::notice::Opens::Nothing,
        }
    }
}

/// One line of bounded length.
fn line(text: &str) -> String {
    const CHARS: usize = 300;
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Learns teams and routes anew from everything that the handoff service ever said; tells nobody anything. What is heard meanwhile is
/// in what it reads last, so it ends with each as it was last described.
pub(crate) async fn learn_the_map(context: &Context, handoff: &Hears) -> Result<()> {
    let mut position = 0;
    loop {
        let batch = handoff.ask_log(position).await?;
        let Some(last) = batch.last() else { break };
        position = last.position;
        let told = context.transact("", &batch, |tx, batch| {
            Box::pin(async move {
                for fact in batch {
                    // One that cannot be read is put aside where it is heard.
                    if let Ok(news) = Producer::Handoff.read(fact) {
                        keep(tx, news).await?;
                    }
                }
                Ok(())
            })
        });
        told.await?;
        tracing::info!(position, "teams and routes are learned");
    }
    tracing::info!(position, "teams and routes are as the handoff service last described them");
    Ok(())
}

/// Keeps what is to be known of teams and routes; what else a fact means.
async fn keep(tx: &mut Tx, news: News) -> Result<Option<News>> {
    match news {
        News::Team(team) => map::save_team(tx, &team).await?,
        News::Route { id, from_team, to_team } => map::save_route(tx, &id, &from_team, &to_team).await?,
        other => return Ok(Some(other)),
    }
    Ok(None)
}

/// Tells people what a producer says.
#[derive(Debug, Clone)]
pub(crate) struct Hearing {
    pub(crate) producer: Producer,
    pub(crate) filters: Filters,
    pub(crate) keep_days: u32,
}

impl Consumer for Hearing {
    fn apply<'t>(&'t self, tx: &'t mut Tx, facts: &'t [Message]) -> BoxFuture<'t, Result<()>> {
        Box::pin(async move {
            let (mut notices, mut told) = (vec![], vec![]);
            for fact in facts {
                let notice = match keep(tx, self.producer.read(fact)?).await? {
                    Some(News::Notice(notice)) => notice,
                    Some(News::OfRoute { route, to, mut notice }) => {
                        let Some(teams) = map::teams_of(tx, &route).await? else { continue };
                        notice.to_side_of(route, teams, to);
                        notice
                    }
                    _ => continue,
                };
                // Nobody is told of history.
                if !fact.historic {
                    notices.push(*notice);
                    told.push(fact);
                }
            }
            let body = |place: usize| body::event(self.producer, told[place], &notices[place]);
            ops::tell::tell(tx, &self.filters, &notices, self.keep_days, &body).await
        })
    }
}

fn slug<T: std::str::FromStr<Err = kernel::BadSlug>>(text: &str) -> Result<T> {
    text.parse().map_err(Error::fault)
}

/// A name, or none where it is empty.
fn name(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn side(value: i32) -> Option<Side> {
    use api::r#type::v1::Side as Pb;
    match Pb::try_from(value) {
        Ok(Pb::Upstream) => Some(Side::Upstream),
        Ok(Pb::Downstream) => Some(Side::Downstream),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use api::{handoff::v1::HandoffEvent, metrics::v1::MetricsEvent, sla::v1::SlaEvent};
    use prost::Message as _;
    use serde_json::{Value, json};

    use super::*;

    /// A fact with no more in it than who is told depends on; sam of sales did it, and upstream asked, proposed or was asked to act.
    fn event(producer: Producer, fact: &str) -> Value {
        let side = json!({ "side": "SIDE_UPSTREAM" });
        let (noun, with_side) = match fact {
            _ if fact.starts_with("question_") => ("question", side.clone()),
            "terms_set" => ("", Value::Null),
            _ if fact.starts_with("proposal_") || fact.starts_with("terms_") => ("proposal", side.clone()),
            _ if fact.starts_with("action_") => ("action", side.clone()),
            "handoff_reassigned" => ("side", side["side"].clone()),
            "survey_invited" => {
                ("invitation", json!({ "person": "sam", "from_team": "sales", "to_team": "implementation" }))
            }
            "route_review_due" => ("owner", json!("olga")),
            "improvement_review_due" => ("improvement", json!({ "recorded_by": "olga", "route_id": "a-route" })),
            "escalated" => ("notify", json!("head")),
            _ => ("", Value::Null),
        };
        let mut kind = if noun.is_empty() { json!({}) } else { json!({ noun: with_side }) };
        if fact.starts_with("terms_") {
            kind["route_id"] = json!("a-route");
        }
        if matches!(fact, "team_created" | "team_updated") {
            kind["team"] = json!({ "id": "sales" });
        }
        if matches!(fact, "route_created" | "route_discovered") {
            kind["route"] = json!({ "id": "a-route", "from_team": "sales", "to_team": "implementation" });
        }
        let handoff = json!({
            "handoff_id": "01994f7e-0000-7000-8000-000000000001", "route_id": "a-route",
            "from_team": "sales", "to_team": "implementation", "title": "Acme",
        });
        let of_no_handoff =
            ["team_", "route_", "terms_", "workflow_", "calendar_", "policy_"].iter().any(|it| fact.starts_with(it));
        let mut event = json!({ "actor": "sam", fact: kind });
        match producer {
            Producer::Handoff if !of_no_handoff => event["handoff"] = handoff,
            Producer::Sla if !of_no_handoff => {
                let kind = "CLOCK_KIND_ACCEPTANCE";
                event["clock"] = json!({
                    "id": "c", "kind": kind, "side": "SIDE_DOWNSTREAM", "team": "implementation", "handoff": handoff,
                    "due_at": "2026-03-02T17:00:00Z", "breach": { "number": 1, "due_at": "2026-03-02T17:00:00Z" },
                });
            }
            Producer::Handoff | Producer::Sla | Producer::Metrics => {}
        }
        event
    }

    fn payload(producer: Producer, event: Value) -> Vec<u8> {
        match producer {
            Producer::Handoff => api::from_json::<HandoffEvent>(event).unwrap().encode_to_vec(),
            Producer::Sla => api::from_json::<SlaEvent>(event).unwrap().encode_to_vec(),
            Producer::Metrics => api::from_json::<MetricsEvent>(event).unwrap().encode_to_vec(),
        }
    }

    fn whom(notice: &Notice) -> String {
        let sides = notice.to.iter().map(|side| side.name().to_lowercase());
        let whom: Vec<String> = sides.chain(notice.to_name.clone()).collect();
        let private = if notice.is_private { " alone" } else { "" };
        format!("{}{private}", whom.join(", "))
    }

    #[test]
    fn every_fact_is_addressed_to_whom_the_page_says() {
        let mut table = String::new();
        for producer in Producer::ALL {
            for fact in api::facts_of(producer.event_message()) {
                let message = Message {
                    position: 1,
                    aggregate: "it/1".into(),
                    aggregate_seq: 1,
                    r#type: format!("{}.{fact}", producer.package()),
                    payload: payload(producer, event(producer, &fact)),
                    occurred_at: kernel::Timestamp::EPOCH,
                    recorded_at: kernel::Timestamp::EPOCH,
                    historic: false,
                    traceparent: String::new(),
                };
                let (whom, says) = match producer.read(&message).unwrap() {
                    News::Notice(notice) => (whom(&notice), notice.headline),
                    News::OfRoute { to, notice, .. } => {
                        (format!("{} of the route", to.name().to_lowercase()), notice.headline)
                    }
                    News::Team(_) | News::Route { .. } => ("(kept)".into(), String::new()),
                    News::Nothing => ("(nothing)".into(), String::new()),
                };
                let _ = writeln!(table, "{}", format!("{fact:<26} {whom:<24} {says}").trim_end());
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn a_fact_of_a_kind_that_is_not_known_is_nothing() {
        let payload = HandoffEvent { actor: "sam".into(), ..Default::default() }.encode_to_vec();
        let message = Message {
            position: 1,
            aggregate: "handoff/1".into(),
            aggregate_seq: 1,
            r#type: "baton.handoff.v1.handoff_multiplied".into(),
            payload,
            occurred_at: kernel::Timestamp::EPOCH,
            recorded_at: kernel::Timestamp::EPOCH,
            historic: false,
            traceparent: String::new(),
        };
        assert!(matches!(Producer::Handoff.read(&message).unwrap(), News::Nothing));
        assert!(Producer::Handoff.read(&Message { payload: vec![255], ..message }).is_err());
    }
}
