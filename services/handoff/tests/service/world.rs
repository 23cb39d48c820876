//! A small world of its own for each test: sales hands over to implementation.

use std::net::SocketAddr;

use api::{
    checklist::v1::{
        ImportTemplateRequest, ListStartersRequest, TemplateVersion, template_service_client::TemplateServiceClient,
    },
    handoff::v1 as pb,
    r#type::v1::Side,
};
use checklist_template::ChecklistTemplate;
use handoff::HandoffService;
use kernel::Timestamp;
use tempfile::TempDir;
use testkit::{Caller, Fact, People, Served, Setting, request_id};

use crate::{
    person::Person,
    requests::{attendee, on, terms},
};

/// The route of most stories, and the template that its terms name in [`World::with_template`].
pub(crate) const ROUTE: &str = "sales-to-implementation";
/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:1";

/// The handoff service, and the people who work with it.
pub(crate) struct World {
    pub(crate) service: Served,
    /// An administrator.
    pub(crate) ada: Person,
    /// Leads sales.
    pub(crate) anna: Person,
    /// Of sales.
    pub(crate) sam: Person,
    /// Leads implementation.
    pub(crate) ivan: Person,
    /// Of implementation.
    pub(crate) ines: Person,
    /// Of both.
    pub(crate) bo: Person,
    /// Of legal.
    pub(crate) otto: Person,
    /// A system of sales.
    pub(crate) crm: Person,
    /// A system that imports history.
    pub(crate) importer: Person,
    templates: Option<Served>,
    /// Holds the service's own token.
    _folder: TempDir,
}

impl World {
    /// Nothing but the service: nobody has made a team, and no template service answers.
    pub(crate) async fn empty() -> Self {
        Self::beside(None).await
    }

    /// With both teams, and their route under terms without a template.
    pub(crate) async fn new() -> Self {
        Self::empty().await.with_route().await
    }

    /// The same in that setting, beside whoever speaks for the SLA monitor.
    pub(crate) async fn hearing(setting: Setting, monitor: &Served) -> Self {
        Box::pin(Self::within(setting, None, monitor.url())).await.with_route().await
    }

    async fn with_route(self) -> Self {
        self.make_teams_and_route().await;
        self.set_terms(terms("", 0)).await;
        self
    }

    /// With both teams, the template service, and their route under the starter template in its latest version.
    pub(crate) async fn with_template() -> Self {
        let templates = Served::start::<ChecklistTemplate>(checklist_template::Config {}).await;
        let world = Self::beside(Some(templates)).await;
        world.make_teams_and_route().await;
        world.publish(&world.starter().await).await;
        world.set_terms(terms(ROUTE, 0)).await;
        world
    }

    async fn beside(templates: Option<Served>) -> Self {
        Box::pin(Self::within(Setting::new::<HandoffService>().await, templates, String::new())).await
    }

    async fn within(setting: Setting, templates: Option<Served>, sla_url: String) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let token_file = folder.path().join("token");
        std::fs::write(&token_file, setting.issuer().token(&People::Reader.claims())).expect("the token is written");
        let checklist_url = templates.as_ref().map_or(NOBODY.to_owned(), Served::url);
        let config = handoff::config::Config { checklist_url, token_file, sla_url, ..Default::default() };
        let service = setting.serve::<HandoffService>(config).await;
        let person = |who| Person::new(&service, who);
        Self {
            ada: person(People::Admin),
            anna: person(People::Anna),
            sam: person(People::Sam),
            ivan: person(People::Ivan),
            ines: person(People::Ines),
            bo: person(People::Bo),
            otto: person(People::Otto),
            crm: person(People::Crm),
            importer: person(People::Importer),
            templates,
            service,
            _folder: folder,
        }
    }

    async fn make_teams_and_route(&self) {
        for team in ["sales", "implementation"] {
            self.ada.create_team(team).await.unwrap();
        }
        self.anna.create_route("", "sales", "implementation").await.unwrap();
    }

    pub(crate) async fn set_terms(&self, terms: pb::SetTermsRequest) -> pb::Route {
        self.ada.set_terms(terms).await.unwrap()
    }

    /// Where the service's clock stands.
    pub(crate) fn now(&self) -> Timestamp {
        self.service.setting.clock.now()
    }

    /// So many seconds from now, as requests give it.
    pub(crate) fn after(&self, seconds: i64) -> Option<prost_types::Timestamp> {
        Some(api::timestamp(self.now().plus_seconds(seconds)))
    }

    /// A review in an hour, an hour long.
    pub(crate) fn review(&self, handoff: &pb::Handoff) -> pb::ScheduleReviewRequest {
        pb::ScheduleReviewRequest {
            starts_at: self.after(3600),
            duration: Some(prost_types::Duration { seconds: 3600, nanos: 0 }),
            place: "room 4".into(),
            attendees: vec![attendee("Sam", Side::Upstream), attendee("Ines", Side::Downstream)],
            ..on(handoff)
        }
    }

    /// Moves the service's clock.
    pub(crate) fn pass_seconds(&self, seconds: i64) {
        self.service.setting.clock.advance_seconds(seconds);
    }

    /// Waits until every fact has come out of NATS; those of one handoff.
    pub(crate) async fn said_of(&self, handoff: &pb::Handoff) -> Vec<Fact> {
        let mut facts = self.service.settle().await;
        facts.retain(|fact| fact.header("ce-subject") == format!("handoff/{}", handoff.id));
        facts
    }

    /// Stops the template service; says where it was.
    pub(crate) async fn stop_templates(&mut self) -> (Setting, SocketAddr) {
        let templates = self.templates.take().expect("the template service runs");
        let place = (templates.setting.clone(), templates.running.grpc());
        templates.stop().await;
        place
    }

    /// Starts the template service again where it was.
    pub(crate) async fn start_templates(&mut self, (setting, address): (Setting, SocketAddr)) {
        let mut config = setting.config::<ChecklistTemplate>(checklist_template::Config {});
        config.grpc.listen = address;
        self.templates = Some(setting.serve_as::<ChecklistTemplate>(config).await);
    }

    /// The template service as Anna calls it, who leads the team that owns the template.
    pub(crate) fn templates(&self) -> TemplateServiceClient<Caller> {
        TemplateServiceClient::new(self.templates.as_ref().expect("the template service runs").caller(People::Anna))
    }

    /// Imports a template of sales and publishes it.
    pub(crate) async fn publish(&self, yaml: &str) -> TemplateVersion {
        let import = ImportTemplateRequest {
            request_id: request_id(),
            yaml: yaml.into(),
            owner_team: "sales".into(),
            publish: true,
        };
        let answer = self.templates().import_template(import).await.unwrap().into_inner();
        answer.version.expect("a version is published")
    }

    /// The starter template as it is shipped.
    pub(crate) async fn starter(&self) -> String {
        let starters = self.templates().list_starters(ListStartersRequest {}).await.unwrap().into_inner().starters;
        starters.into_iter().find(|starter| starter.id == ROUTE).expect("the starter is shipped").yaml
    }
}
