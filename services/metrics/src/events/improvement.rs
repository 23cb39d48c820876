//! Facts of suggestions, reviews and improvements.

use api::metrics::v1::{self as pb, metrics_event::Kind};
use chassis::{Aggregate, Author, Event};
use kernel::Head;
use prost::Message;

use crate::{
    domain::{
        TeamId,
        improvement::{Fact, Improvement, Route},
        suggestion::Suggestion,
    },
    grpc::write,
};

fn event(name: &'static str, author: Author<'_>, from: &TeamId, to: &TeamId, kind: Kind) -> Event {
    let event = pb::MetricsEvent { actor: author.name.to_owned(), kind: Some(kind) };
    Event { name, routing: format!("{from}.{to}"), payload: event.encode_to_vec(), withheld: None }
}

impl Aggregate for Suggestion {
    type Fact = ();

    fn name(&self) -> String {
        format!("suggestion/{}", self.id)
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn event(&self, (): &(), author: Author<'_>) -> Event {
        let suggestion = Some(write::suggestion(self));
        let kind = Kind::SuggestionRaised(pb::SuggestionRaised { suggestion });
        event("suggestion_raised", author, &self.from_team, &self.to_team, kind)
    }
}

impl Aggregate for Route {
    type Fact = ();

    fn name(&self) -> String {
        format!("route/{}", self.id)
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn event(&self, (): &(), author: Author<'_>) -> Event {
        let kind = Kind::RouteReviewDue(pb::RouteReviewDue {
            route_id: self.id.to_string(),
            due_at: self.review_due_at.map(api::timestamp),
            owner: self.owner.clone(),
        });
        event("route_review_due", author, &self.from_team, &self.to_team, kind)
    }
}

impl Aggregate for Improvement {
    type Fact = Fact;

    fn name(&self) -> String {
        format!("improvement/{}", self.id)
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn event(&self, fact: &Fact, author: Author<'_>) -> Event {
        let improvement = Some(write::improvement(self));
        let (name, kind) = match fact {
            Fact::Recorded => {
                ("improvement_recorded", Kind::ImprovementRecorded(pb::ImprovementRecorded { improvement }))
            }
            Fact::ReviewDue => {
                ("improvement_review_due", Kind::ImprovementReviewDue(pb::ImprovementReviewDue { improvement }))
            }
        };
        event(name, author, &self.from_team, &self.to_team, kind)
    }
}
