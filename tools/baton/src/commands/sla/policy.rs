//! `baton sla policy`.

use std::path::PathBuf;

use api::{
    sla::v1::{
        ClockKind, CreatePolicyRequest, ExplainMatchRequest, GetPolicyRequest, GetPolicyResponse, ListPoliciesRequest,
        ListPoliciesResponse, Policy, UpdatePolicyRequest,
    },
    r#type::v1::Priority,
};
use clap::{Args, Subcommand};

use super::import::{Done, Imported, read_files, tell};
use crate::{
    client::{Remote, pages, request_id},
    errors::Result,
    session::Session,
    show::sla::policy as show,
    words::Word as _,
    yaml::policy::PolicyFile,
};

const FILE_HELP: &str = "\
A file, of which all but policy, targets, clock and duration may be left out:
  policy: standard
  name: Standard
  targets:
  - clock: ACCEPTANCE
    when: [{priorities: [URGENT]}, {fields: {plan: [GOLD]}}]
    duration: {working: 8h}      # or {elapsed: 2d}, or {business_days: 2, at: \"17:00\"}
    calendar: berlin             # left out: the accountable team's own
    warn_at: [50%, 1h]           # of the target, or before it is due
    pause_on: [BLOCKING_QUESTION, AGREED_HOLD]
    escalations: [{after: 2h, notify: head-of-implementation}]
Clocks: DELIVERY, ACCEPTANCE, BEGIN, COMPLETION, REDELIVERY, ANSWER, ACTION. Of several targets for one clock the first whose \
`when` holds applies; one of its conditions must hold. What is equal to the latest version changes nothing; no running clock \
moves: see `baton sla migrate`.

Examples:
  baton --as admin sla policy import standard.yaml gold.yaml
  baton sla policy export standard | baton --as admin sla policy import -";

/// What can be done with policies.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the policies
    #[command(after_help = "Example:\n  baton sla policy list")]
    List {
        /// At most so many
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Show a policy
    #[command(after_help = "Example:\n  baton sla policy show standard --version 2")]
    Show {
        /// The policy
        policy: String,
        /// The version [default: the latest]
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        version: i32,
    },
    /// Print a policy as the YAML that `import` reads
    #[command(after_help = "Example:\n  baton sla policy export standard > standard.yaml")]
    Export {
        /// The policy
        policy: String,
        /// The version [default: the latest]
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        version: i32,
    },
    /// Create policies from YAML, or make their next versions (ADMIN)
    #[command(after_help = FILE_HELP)]
    Import {
        /// The YAML files, a policy each; - is stdin
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Which target applies to a handoff like this, and why the ones before it do not
    Explain(Explain),
}

/// To what.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  baton sla policy explain standard --priority urgent --field plan=GOLD --kind acceptance"
)]
pub(crate) struct Explain {
    /// The policy
    policy: String,
    /// The version [default: the latest]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    version: i32,
    /// The handoff's priority: low, normal, high or urgent
    #[arg(long, value_parser = Priority::parse, default_value = "normal")]
    priority: Priority,
    /// As of a confidential handoff
    #[arg(long)]
    confidential: bool,
    /// A field of the handoff and what it holds, as text; again for each
    #[arg(long = "field", value_name = "KEY=VALUE", value_parser = parse_field)]
    fields: Vec<(String, String)>,
    /// For this kind of clock [default: every kind]
    #[arg(long, value_parser = ClockKind::parse)]
    kind: Option<ClockKind>,
}

/// Does it.
pub(super) async fn run(command: Command, sla: &Remote, session: &Session) -> Result<()> {
    match command {
        Command::List { limit } => list(limit, sla, session).await,
        Command::Show { policy, version } => {
            let answer = get(policy, version, sla).await?;
            session.answer(&answer, |answer, screen| show::card(&answer.policy.clone().unwrap_or_default(), screen))
        }
        Command::Export { policy, version } => {
            let answer = get(policy, version, sla).await?;
            session.answer(&answer, |answer, _| PolicyFile::of(answer.policy.clone().unwrap_or_default()).to_yaml())
        }
        Command::Import { files } => {
            // All are read before the first one is sent.
            let mut imported = vec![];
            for file in read_files(&files, PolicyFile::from_yaml)? {
                imported.push(bring_in(file, sla).await?);
            }
            tell(&imported, session)
        }
        Command::Explain(explain) => explain.run(sla, session).await,
    }
}

impl Explain {
    async fn run(self, sla: &Remote, session: &Session) -> Result<()> {
        let request = ExplainMatchRequest {
            policy_id: self.policy.clone(),
            version: self.version,
            clock: self.kind.unwrap_or_default().into(),
            priority: self.priority.into(),
            confidential: self.confidential,
            fields: self.fields.into_iter().collect(),
        };
        let answer = sla.call(request, async |request| sla.policies().explain_match(request).await).await?;
        session.answer(&answer, |answer, screen| show::explained(&self.policy, answer, screen))
    }
}

async fn list(limit: usize, sla: &Remote, session: &Session) -> Result<()> {
    let (policies, next_page_token) = pages(limit, async |page_size, page_token| {
        let request = ListPoliciesRequest { page_size, page_token };
        let page = sla.call(request, async |request| sla.policies().list_policies(request).await).await?;
        Ok((page.policies, page.next_page_token))
    })
    .await?;
    session.answer(&ListPoliciesResponse { policies, next_page_token }, show::list)
}

async fn get(policy_id: String, version: i32, sla: &Remote) -> Result<GetPolicyResponse> {
    let request = GetPolicyRequest { policy_id, version };
    sla.call(request, async |request| sla.policies().get_policy(request).await).await
}

async fn bring_in(file: PolicyFile, sla: &Remote) -> Result<Imported> {
    match get(file.id.clone(), 0, sla).await {
        Ok(answer) => update(file, answer.policy.unwrap_or_default().version, sla).await,
        Err(error) if error.is_not_found() => create(file, sla).await,
        Err(error) => Err(error),
    }
}

async fn create(file: PolicyFile, sla: &Remote) -> Result<Imported> {
    let PolicyFile { id: policy_id, display_name, targets } = file;
    let request = CreatePolicyRequest { request_id: request_id(), policy_id, display_name, targets };
    let answer = sla.call(request, async |request| sla.policies().create_policy(request).await).await?;
    let Policy { id, version, .. } = answer.policy.unwrap_or_default();
    Ok(Imported { id, version, done: Done::Created })
}

async fn update(file: PolicyFile, expected_version: i32, sla: &Remote) -> Result<Imported> {
    let PolicyFile { id: policy_id, display_name, targets } = file;
    let request = UpdatePolicyRequest { request_id: request_id(), policy_id, display_name, targets, expected_version };
    let answer = sla.call(request, async |request| sla.policies().update_policy(request).await).await?;
    let Policy { id, version, .. } = answer.policy.unwrap_or_default();
    Ok(Imported { id, version, done: if answer.changed { Done::Updated } else { Done::Unchanged } })
}

fn parse_field(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("{text:?}: write KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        time::Duration,
    };

    use api::sla::v1::{
        CreatePolicyResponse, ExplainMatchResponse, UpdatePolicyResponse,
        policy_service_server::{PolicyService, PolicyServiceServer},
    };
    use tokio_stream::wrappers::TcpListenerStream;
    use tonic::{Request, Response, Status};

    use super::*;
    use crate::client::Bearer;

    /// Policies as a service keeps them.
    #[derive(Clone, Default)]
    struct Policies(Arc<Mutex<Vec<Policy>>>);

    #[tonic::async_trait]
    impl PolicyService for Policies {
        async fn create_policy(
            &self,
            request: Request<CreatePolicyRequest>,
        ) -> Result<Response<CreatePolicyResponse>, Status> {
            let CreatePolicyRequest { policy_id: id, display_name, targets, .. } = request.into_inner();
            let policy = Policy { id, version: 1, display_name, targets, ..Policy::default() };
            self.0.lock().unwrap().push(policy.clone());
            Ok(Response::new(CreatePolicyResponse { policy: Some(policy) }))
        }

        async fn get_policy(&self, request: Request<GetPolicyRequest>) -> Result<Response<GetPolicyResponse>, Status> {
            let versions = self.0.lock().unwrap();
            let latest = versions.iter().rfind(|policy| policy.id == request.get_ref().policy_id);
            let policy = latest.cloned().ok_or_else(|| Status::not_found("no such policy"))?;
            Ok(Response::new(GetPolicyResponse { policy: Some(policy) }))
        }

        async fn list_policies(
            &self,
            _: Request<ListPoliciesRequest>,
        ) -> Result<Response<ListPoliciesResponse>, Status> {
            Ok(Response::new(ListPoliciesResponse::default()))
        }

        async fn update_policy(
            &self,
            request: Request<UpdatePolicyRequest>,
        ) -> Result<Response<UpdatePolicyResponse>, Status> {
            let request = request.into_inner();
            let mut versions = self.0.lock().unwrap();
            let latest = versions.last().cloned().unwrap_or_default();
            assert_eq!(request.expected_version, latest.version, "what was read is what is changed");
            let next = Policy { targets: request.targets, version: latest.version + 1, ..latest.clone() };
            let changed = next.targets != latest.targets;
            let policy = Some(if changed { next.clone() } else { latest });
            versions.extend(changed.then_some(next));
            Ok(Response::new(UpdatePolicyResponse { policy, changed }))
        }

        async fn explain_match(
            &self,
            _: Request<ExplainMatchRequest>,
        ) -> Result<Response<ExplainMatchResponse>, Status> {
            Ok(Response::new(ExplainMatchResponse::default()))
        }
    }

    #[tokio::test]
    async fn an_import_creates_then_changes_nothing_then_makes_a_version() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tonic::transport::Server::builder().add_service(PolicyServiceServer::new(Policies::default()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        let sla = Remote::new(
            "SLA",
            &url,
            Bearer::new("secret").unwrap(),
            Duration::from_secs(10),
            tls::Trusted::new(None, None, &[]).unwrap(),
        )
        .unwrap();

        let text = "policy: standard\ntargets:\n- {clock: begin, duration: {working: 8h}}\n";
        let import = async |text: &str| bring_in(PolicyFile::from_yaml(text).unwrap(), &sla).await.unwrap();
        let done = |version, done| Imported { id: "standard".to_owned(), version, done };
        assert_eq!(import(text).await, done(1, Done::Created));
        let exported = PolicyFile::of(get("standard".to_owned(), 0, &sla).await.unwrap().policy.unwrap()).to_yaml();
        assert_eq!(import(&exported).await, done(1, Done::Unchanged));
        assert_eq!(import(&text.replace("8h", "4h")).await, done(2, Done::Updated));
    }
}
