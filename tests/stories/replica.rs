//! The handoff service as its own process, which can be killed.

use std::ops::{Deref, DerefMut};

use api::handoff::v1::{
    CreateRouteRequest, CreateTeamRequest, directory_service_client::DirectoryServiceClient,
    handoff_service_client::HandoffServiceClient, route_service_client::RouteServiceClient,
};
use handoff::HandoffService;
use testkit::{Caller, People, Program, Setting, request_id};

/// A running replica.
pub(crate) struct Replica(Program);

impl Deref for Replica {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.0
    }
}

impl DerefMut for Replica {
    fn deref_mut(&mut self) -> &mut Program {
        &mut self.0
    }
}

impl Replica {
    /// Starts one in that setting and waits until it answers.
    pub(crate) async fn start(setting: &Setting) -> Self {
        Self(Program::start::<HandoffService>(setting, &[("SERVICE__SLA_URL", String::new())]).await)
    }

    pub(crate) fn handoffs(&self, who: People) -> HandoffServiceClient<Caller> {
        HandoffServiceClient::new(self.caller(who))
    }

    /// Two teams and the route between them, without terms.
    pub(crate) async fn map(&self) {
        let mut directory = DirectoryServiceClient::new(self.caller(People::Admin));
        for team in ["sales", "implementation"] {
            let request = CreateTeamRequest { request_id: request_id(), team_id: team.into(), ..Default::default() };
            directory.create_team(request).await.expect("the team is created");
        }
        let request = CreateRouteRequest {
            request_id: request_id(),
            from_team: "sales".into(),
            to_team: "implementation".into(),
            ..Default::default()
        };
        RouteServiceClient::new(self.caller(People::Admin)).create_route(request).await.expect("the route is created");
    }
}
