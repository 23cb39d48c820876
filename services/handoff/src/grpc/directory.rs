//! Answers about teams.

use api::handoff::v1 as pb;
use chassis::{Call, into_status};
use tonic::{Request, Response, Status};

use super::{
    Directory, act, found,
    requests::{GetTeam, ListTeams, UpdateTeam},
    responses::into_team,
};
use crate::{
    domain::{TeamId, team},
    ops, store,
};

#[tonic::async_trait]
impl pb::directory_service_server::DirectoryService for Directory {
    async fn create_team(
        &self,
        request: Request<pb::CreateTeamRequest>,
    ) -> Result<Response<pb::CreateTeamResponse>, Status> {
        act::<team::Create, _, _>(
            &self.0,
            request,
            |tx, by, create| Box::pin(ops::team::create(tx, by, create.clone())),
            |team| pb::CreateTeamResponse { team: Some(into_team(team)) },
        )
        .await
    }

    async fn get_team(&self, request: Request<pb::GetTeamRequest>) -> Result<Response<pb::GetTeamResponse>, Status> {
        let (_, query) = Call::query::<GetTeam>(request)?;
        let team = found(store::team::get(self.0.pool(), &query.id).await, "team", &query.id)?;
        Ok(Response::new(pb::GetTeamResponse { team: Some(into_team(&team)) }))
    }

    async fn list_teams(
        &self,
        request: Request<pb::ListTeamsRequest>,
    ) -> Result<Response<pb::ListTeamsResponse>, Status> {
        let (_, ListTeams { page }) = Call::query(request)?;
        let after = page.after().map_or("", TeamId::as_str);
        let teams = store::team::list(self.0.pool(), after, page.limit()).await.map_err(into_status)?;
        let (teams, next_page_token) = page.cut(teams, |team| team.id.clone());
        Ok(Response::new(pb::ListTeamsResponse { teams: teams.iter().map(into_team).collect(), next_page_token }))
    }

    async fn update_team(
        &self,
        request: Request<pb::UpdateTeamRequest>,
    ) -> Result<Response<pb::UpdateTeamResponse>, Status> {
        act::<UpdateTeam, _, _>(
            &self.0,
            request,
            |tx, by, c| Box::pin(ops::team::update(tx, by, &c.id, c.expected, c.edits.clone())),
            |team| pb::UpdateTeamResponse { team: Some(into_team(team)) },
        )
        .await
    }
}
