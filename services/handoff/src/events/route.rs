//! What happens to routes.

use api::handoff::v1::{RouteCreated, RouteDiscovered, RouteRetired, RouteUpdated, TermsSet, handoff_event::Kind};
use chassis::{Aggregate, Event};
use kernel::Head;

use crate::{
    domain::{Route, route::Fact},
    grpc::responses::{into_route, into_terms},
};

impl Aggregate for Route {
    type Fact = Fact;

    fn name(&self) -> String {
        format!("route/{}", self.id)
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn event(&self, fact: &Fact, actor: &str) -> Event {
        let route = || Some(into_route(self));
        let route_id = self.id.to_string();
        let kind = match fact {
            Fact::Created => Kind::RouteCreated(RouteCreated { route: route() }),
            Fact::Updated => Kind::RouteUpdated(RouteUpdated { route: route() }),
            Fact::Discovered => Kind::RouteDiscovered(RouteDiscovered { route: route() }),
            Fact::Retired => Kind::RouteRetired(RouteRetired { route_id }),
            Fact::TermsSet => Kind::TermsSet(TermsSet { route_id, terms: self.terms.as_ref().map(into_terms) }),
        };
        super::of_map(fact.name(), format!("{}.{}", self.from_team, self.to_team), actor, kind)
    }
}
