//! What happens to teams.

use api::handoff::v1::{TeamCreated, TeamUpdated, handoff_event::Kind};
use chassis::{Aggregate, Author, Event};
use kernel::Head;

use crate::{
    domain::{Team, team::Fact},
    grpc::responses::into_team,
};

impl Aggregate for Team {
    type Fact = Fact;

    fn name(&self) -> String {
        format!("team/{}", self.id)
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn event(&self, fact: &Fact, author: Author<'_>) -> Event {
        let team = Some(into_team(self));
        let kind = match fact {
            Fact::Created => Kind::TeamCreated(TeamCreated { team }),
            Fact::Updated => Kind::TeamUpdated(TeamUpdated { team }),
        };
        super::of_map(fact.name(), format!("{}._", self.id), author, kind)
    }
}
