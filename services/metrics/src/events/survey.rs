//! Facts of surveys.

use api::metrics::v1::{self as pb, metrics_event::Kind};
use chassis::{Aggregate, Author, Event};
use kernel::Head;
use prost::Message;

use crate::{
    domain::survey::{Fact, Survey},
    grpc::write,
};

impl Aggregate for Survey {
    type Fact = Fact;

    fn name(&self) -> String {
        format!("survey/{}", self.id)
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn event(&self, fact: &Fact, author: Author<'_>) -> Event {
        let (name, actor, kind) = match fact {
            Fact::Invited => {
                let invitation = Some(write::invitation(self, true));
                ("survey_invited", author.name, Kind::SurveyInvited(pb::SurveyInvited { invitation }))
            }
            // Who answered is nobody's business, though the invitation tells who was asked.
            Fact::Answered => (
                "survey_answered",
                "",
                Kind::SurveyAnswered(pb::SurveyAnswered {
                    invitation_id: self.id.to_string(),
                    handoff_id: self.handoff_id.to_string(),
                    route_id: self.route_id.to_string(),
                }),
            ),
        };
        let event = pb::MetricsEvent { actor: actor.to_owned(), kind: Some(kind) };
        let routing = format!("{}.{}", self.from_team, self.to_team);
        Event { name, routing, payload: event.encode_to_vec(), withheld: None }
    }
}
