//! A service as the command line calls it: connection, token, deadline, and the same request again when it is away.

use std::time::Duration;

use api::{
    checklist::v1::template_service_client::TemplateServiceClient,
    handoff::v1::{
        directory_service_client::DirectoryServiceClient, handoff_service_client::HandoffServiceClient,
        route_service_client::RouteServiceClient,
    },
    metrics::v1::{
        improvement_service_client::ImprovementServiceClient, report_service_client::ReportServiceClient,
        survey_service_client::SurveyServiceClient,
    },
    notify::v1::{
        delivery_service_client::DeliveryServiceClient, subscription_service_client::SubscriptionServiceClient,
    },
    sla::v1::{
        calendar_service_client::CalendarServiceClient, clock_service_client::ClockServiceClient,
        policy_service_client::PolicyServiceClient,
    },
};
use tls::Trusted;
use tonic::{
    Code, Request, Response, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::errors::{Error, Result};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Pauses before the second, third and fourth try.
const RETRY_PAUSES: [Duration; 3] = [Duration::from_millis(200), Duration::from_millis(500), Duration::from_secs(1)];
/// A page of long texts may be larger than the library's 4 MiB.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// A channel that shows the token with every call.
pub(crate) type Authorized = InterceptedService<Channel, Bearer>;

/// A service at its address.
pub(crate) struct Remote {
    service: &'static str,
    url: String,
    channel: Authorized,
    timeout: Duration,
}

/// Puts the token into each request.
#[derive(Clone)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl Bearer {
    /// From the text of a token.
    pub(crate) fn new(token: &str) -> Result<Self> {
        let mut value: MetadataValue<Ascii> = format!("Bearer {token}").parse().map_err(|_| {
            Error::usage("the token holds characters that no token has", "look at what the variable or the file holds")
        })?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

impl Remote {
    /// Connects with the first call.
    pub(crate) fn new(
        service: &'static str,
        url: &str,
        bearer: Bearer,
        timeout: Duration,
        trusted: Trusted,
    ) -> Result<Self> {
        let no_address =
            || Error::usage(format!("{url} is no address"), "write it as https://HOST:PORT or http://HOST:PORT");
        let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|_| no_address())?;
        if !matches!(endpoint.uri().scheme_str(), Some("http" | "https")) {
            return Err(no_address());
        }
        let endpoint = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
            .keep_alive_while_idle(true);
        let channel = InterceptedService::new(endpoint.connect_with_connector_lazy(trusted), bearer);
        Ok(Self { service, url: url.to_owned(), channel, timeout })
    }

    /// Teams.
    pub(crate) fn directory(&self) -> DirectoryServiceClient<Authorized> {
        DirectoryServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// Routes.
    pub(crate) fn routes(&self) -> RouteServiceClient<Authorized> {
        RouteServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// Handoffs.
    pub(crate) fn handoffs(&self) -> HandoffServiceClient<Authorized> {
        HandoffServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// Templates.
    pub(crate) fn templates(&self) -> TemplateServiceClient<Authorized> {
        TemplateServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// Calendars.
    pub(crate) fn calendars(&self) -> CalendarServiceClient<Authorized> {
        CalendarServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// Policies.
    pub(crate) fn policies(&self) -> PolicyServiceClient<Authorized> {
        PolicyServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// Clocks.
    pub(crate) fn clocks(&self) -> ClockServiceClient<Authorized> {
        ClockServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// Figures.
    pub(crate) fn reports(&self) -> ReportServiceClient<Authorized> {
        ReportServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// Surveys.
    pub(crate) fn surveys(&self) -> SurveyServiceClient<Authorized> {
        SurveyServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// Suggestions, and what was decided.
    pub(crate) fn improvement(&self) -> ImprovementServiceClient<Authorized> {
        ImprovementServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// Who is told what.
    pub(crate) fn subscriptions(&self) -> SubscriptionServiceClient<Authorized> {
        SubscriptionServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// What was sent.
    pub(crate) fn deliveries(&self) -> DeliveryServiceClient<Authorized> {
        DeliveryServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// Sends the request with its deadline. While the service is UNAVAILABLE the same one, with the same `request_id`, is
    /// sent again, so that it takes effect once.
    pub(crate) async fn call<M: Clone, R>(
        &self,
        message: M,
        send: impl AsyncFn(Request<M>) -> Result<Response<R>, Status>,
    ) -> Result<R> {
        let mut pauses = RETRY_PAUSES.iter();
        loop {
            let mut request = Request::new(message.clone());
            request.set_timeout(self.timeout);
            let status = match send(request).await {
                Ok(response) => return Ok(response.into_inner()),
                Err(status) => status,
            };
            match pauses.next() {
                Some(pause) if status.code() == Code::Unavailable => {
                    let asked = status.get_details_retry_info().and_then(|info| info.retry_delay);
                    tokio::time::sleep(asked.unwrap_or(*pause).min(self.timeout)).await;
                }
                _ => return Err(self.error(status)),
            }
        }
    }

    /// What the service said, as an error of a command.
    pub(crate) fn error(&self, status: Status) -> Error {
        Error::Status { service: self.service, url: self.url.clone(), status: Box::new(status) }
    }
}

/// A fresh id: one for each change that is asked for, kept when the same change is asked for again.
#[expect(clippy::disallowed_methods, reason = "this is the caller, where request ids come from")]
pub(crate) fn request_id() -> String {
    Uuid::now_v7().to_string()
}

/// Reads pages until there are `limit` things or no more; with the token of what was left out, empty where nothing was.
pub(crate) async fn pages<T>(
    limit: usize,
    mut page: impl AsyncFnMut(i32, String) -> Result<(Vec<T>, String)>,
) -> Result<(Vec<T>, String)> {
    const LARGEST_PAGE: usize = 1000;
    let mut all = vec![];
    let mut token = String::new();
    loop {
        let size = (limit - all.len()).min(LARGEST_PAGE);
        let (mut found, next) = page(i32::try_from(size).expect("at most 1000"), token).await?;
        all.append(&mut found);
        token = next;
        if token.is_empty() || all.len() >= limit {
            return Ok((all, token));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use api::handoff::v1::{
        CreateTeamRequest, CreateTeamResponse, GetTeamRequest, GetTeamResponse, ListTeamsRequest, ListTeamsResponse,
        UpdateTeamRequest, UpdateTeamResponse,
        directory_service_server::{DirectoryService, DirectoryServiceServer},
    };
    use tokio_stream::wrappers::TcpListenerStream;
    use tonic_types::ErrorDetails;

    use super::*;

    /// A directory that is away for so many calls, and notes what it is asked.
    #[derive(Clone, Default)]
    struct Directory {
        away_for: usize,
        asked: Arc<Mutex<Vec<(String, String, bool)>>>,
    }

    #[tonic::async_trait]
    impl DirectoryService for Directory {
        async fn create_team(
            &self,
            request: Request<CreateTeamRequest>,
        ) -> Result<Response<CreateTeamResponse>, Status> {
            let header = |name: &str| request.metadata().get(name).map(|value| value.to_str().unwrap().to_owned());
            let has_deadline = header("grpc-timeout").is_some();
            let token = header("authorization").unwrap_or_default();
            let mut asked = self.asked.lock().unwrap();
            asked.push((request.get_ref().request_id.clone(), token, has_deadline));
            if asked.len() > self.away_for {
                return Ok(Response::new(CreateTeamResponse::default()));
            }
            let soon = ErrorDetails::with_retry_info(Some(Duration::from_millis(1)));
            Err(Status::with_error_details(Code::Unavailable, "the store is away", soon))
        }

        async fn get_team(&self, _: Request<GetTeamRequest>) -> Result<Response<GetTeamResponse>, Status> {
            Err(Status::not_found("no such team"))
        }

        async fn list_teams(&self, _: Request<ListTeamsRequest>) -> Result<Response<ListTeamsResponse>, Status> {
            Ok(Response::new(ListTeamsResponse::default()))
        }

        async fn update_team(&self, _: Request<UpdateTeamRequest>) -> Result<Response<UpdateTeamResponse>, Status> {
            Err(Status::not_found("no such team"))
        }
    }

    async fn serve(directory: Directory) -> Remote {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tonic::transport::Server::builder().add_service(DirectoryServiceServer::new(directory));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Remote::new(
            "handoff",
            &url,
            Bearer::new("secret").unwrap(),
            Duration::from_secs(10),
            Trusted::new(None, None, &[]).unwrap(),
        )
        .unwrap()
    }

    async fn create_team(remote: &Remote) -> Result<CreateTeamResponse> {
        let request = CreateTeamRequest { request_id: request_id(), ..CreateTeamRequest::default() };
        remote.call(request, async |request| remote.directory().create_team(request).await).await
    }

    #[tokio::test]
    async fn a_service_that_is_away_is_asked_again_with_the_same_request_id() {
        let directory = Directory { away_for: 3, ..Directory::default() };
        create_team(&serve(directory.clone()).await).await.unwrap();
        let asked = directory.asked.lock().unwrap();
        assert_eq!(asked.len(), 4);
        assert!(asked.iter().all(|call| call == &(asked[0].0.clone(), "Bearer secret".to_owned(), true)));
    }

    #[tokio::test]
    async fn a_service_that_stays_away_is_given_up() {
        let directory = Directory { away_for: usize::MAX, ..Directory::default() };
        assert!(create_team(&serve(directory.clone()).await).await.unwrap_err().is_away());
        assert_eq!(directory.asked.lock().unwrap().len(), 4);
    }

    #[test]
    fn a_token_is_never_shown() {
        let mut request = Request::new(());
        request = Bearer::new("secret").unwrap().call(request).unwrap();
        assert!(!format!("{request:?}").contains("secret"));
        assert!(Bearer::new("two\nlines").is_err());
    }

    async fn numbers(limit: usize) -> (Vec<usize>, String) {
        pages(limit, async |size, token| {
            let first: usize = token.parse().unwrap_or(0);
            let last = (first + usize::try_from(size).unwrap()).min(2500);
            Ok(((first..last).collect(), if last < 2500 { last.to_string() } else { String::new() }))
        })
        .await
        .unwrap()
    }

    #[tokio::test]
    async fn pages_are_read_to_the_end() {
        let (all, rest) = numbers(usize::MAX).await;
        assert_eq!((all.len(), all.last(), rest.as_str()), (2500, Some(&2499), ""));
    }

    #[tokio::test]
    async fn a_limit_leaves_the_rest_out_and_says_so() {
        let (all, rest) = numbers(1200).await;
        assert_eq!((all.len(), rest.as_str()), (1200, "1200"));
    }
}
