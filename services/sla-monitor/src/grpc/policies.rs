//! Answers about policies.

use api::sla::v1 as pb;
use chassis::{Call, into_status};
use tonic::{Request, Response, Status};

use super::{
    Policies, found,
    read::{CreatePolicy, ExplainMatch, GetPolicy, ListPolicies, UpdatePolicy},
    write,
};
use crate::{
    domain::{
        PolicyId, Refused,
        policy::{Circumstances, Kind, Policy},
    },
    ops, store,
};

impl Policies {
    async fn policy(&self, id: &PolicyId, version: Option<i32>) -> Result<Policy, Status> {
        found(store::policy::get(self.0.pool(), id, version).await, || match version {
            Some(version) => Refused::NoVersion { what: format!("policy {id}"), version },
            None => Refused::PolicyNotFound(id.clone()),
        })
    }
}

#[tonic::async_trait]
impl pb::policy_service_server::PolicyService for Policies {
    async fn create_policy(
        &self,
        request: Request<pb::CreatePolicyRequest>,
    ) -> Result<Response<pb::CreatePolicyResponse>, Status> {
        let (call, CreatePolicy(new)) = Call::parse(request)?;
        self.0
            .once(call, new, |tx, by, new| {
                Box::pin(async move {
                    let made = ops::policy::create(tx, by, new.clone()).await?;
                    Ok(pb::CreatePolicyResponse { policy: Some(write::policy(&made.latest)) })
                })
            })
            .await
    }

    async fn get_policy(
        &self,
        request: Request<pb::GetPolicyRequest>,
    ) -> Result<Response<pb::GetPolicyResponse>, Status> {
        let (_, GetPolicy { id, version }) = Call::query(request)?;
        let policy = self.policy(&id, version).await?;
        Ok(Response::new(pb::GetPolicyResponse { policy: Some(write::policy(&policy)) }))
    }

    async fn list_policies(
        &self,
        request: Request<pb::ListPoliciesRequest>,
    ) -> Result<Response<pb::ListPoliciesResponse>, Status> {
        let (_, ListPolicies { page }) = Call::query(request)?;
        let after = page.after().map(String::as_str).unwrap_or_default();
        let lines = store::policy::list(self.0.pool(), after, page.limit()).await.map_err(into_status)?;
        let (lines, next_page_token) = page.cut(lines, |line| line.id.to_string());
        let policies = lines.iter().map(write::policy).collect();
        Ok(Response::new(pb::ListPoliciesResponse { policies, next_page_token }))
    }

    async fn update_policy(
        &self,
        request: Request<pb::UpdatePolicyRequest>,
    ) -> Result<Response<pb::UpdatePolicyResponse>, Status> {
        let (call, UpdatePolicy(change)) = Call::parse(request)?;
        self.0
            .once(call, change, |tx, by, change| {
                Box::pin(async move {
                    let (kept, changed) = ops::policy::update(tx, by, change.clone()).await?;
                    Ok(pb::UpdatePolicyResponse { policy: Some(write::policy(&kept.latest)), changed })
                })
            })
            .await
    }

    async fn explain_match(
        &self,
        request: Request<pb::ExplainMatchRequest>,
    ) -> Result<Response<pb::ExplainMatchResponse>, Status> {
        let (_, asked) = Call::query::<ExplainMatch>(request)?;
        let policy = self.policy(&asked.id, asked.version).await?;
        let (priority, confidential) = (asked.priority, asked.confidential);
        let circumstances = Circumstances { priority, confidential, fields: &asked.fields };
        let kinds = asked.kind.map_or_else(|| Kind::ALL.to_vec(), |kind| vec![kind]);
        let explanations = kinds.into_iter().map(|kind| write::explanation(policy.explain(kind, &circumstances)));
        Ok(Response::new(pb::ExplainMatchResponse {
            policy_version: policy.number,
            explanations: explanations.collect(),
        }))
    }
}
