//! What happens to routes.

use api::handoff::v1::{
    RouteCreated, RouteDiscovered, RouteRetired, RouteUpdated, TermsAgreed, TermsDeclined, TermsProposed, TermsSet,
    handoff_event::Kind,
};
use chassis::{Aggregate, Author, Event};
use kernel::Head;

use crate::{
    domain::{
        Route,
        route::{Fact, ProposalId},
    },
    grpc::responses::{into_proposal, into_route, into_terms},
};

impl Aggregate for Route {
    type Fact = Fact;

    fn name(&self) -> String {
        format!("route/{}", self.id)
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn event(&self, fact: &Fact, author: Author<'_>) -> Event {
        let route = || Some(into_route(self));
        let route_id = self.id.to_string();
        let terms = || self.terms.as_ref().map(into_terms);
        let proposal = || self.proposal.as_ref().map(into_proposal);
        let text = |id: &Option<ProposalId>| id.as_ref().map(ToString::to_string).unwrap_or_default();
        let kind = match fact {
            Fact::Created => Kind::RouteCreated(RouteCreated { route: route() }),
            Fact::Updated => Kind::RouteUpdated(RouteUpdated { route: route() }),
            Fact::Discovered => Kind::RouteDiscovered(RouteDiscovered { route: route() }),
            Fact::Retired { lapsed } => Kind::RouteRetired(RouteRetired { route_id, lapsed_proposal_id: text(lapsed) }),
            Fact::TermsSet { lapsed } => {
                Kind::TermsSet(TermsSet { route_id, terms: terms(), lapsed_proposal_id: text(lapsed) })
            }
            Fact::TermsProposed { replaced } => {
                let replaced_proposal_id = text(replaced);
                Kind::TermsProposed(TermsProposed { route_id, proposal: proposal(), replaced_proposal_id })
            }
            Fact::TermsAgreed => Kind::TermsAgreed(TermsAgreed { route_id, proposal: proposal(), terms: terms() }),
            Fact::TermsDeclined => Kind::TermsDeclined(TermsDeclined { route_id, proposal: proposal() }),
        };
        super::of_map(fact.name(), format!("{}.{}", self.from_team, self.to_team), author, kind)
    }
}
