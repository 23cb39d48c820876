//! Asking the template service which version a new handoff is judged by.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
    time::Duration,
};

use api::checklist::v1::{GetVersionRequest, VersionState, template_service_client::TemplateServiceClient};
use chassis::{Channel, Context, Peer};
use criteria::{Content, Criteria};
use kernel::{Error, Refusal, Result};
use tokio::{sync::Mutex, task::JoinSet};

use crate::{
    config::Config,
    domain::{
        Pin, Refused, TemplateId,
        handoff::MigrateTo,
        map::{self, TemplateState},
        route::{self, TemplateChoice},
    },
    ops::{Place, handoff::New},
    store,
};

/// So many templates are looked up at once.
const AT_ONCE: usize = 16;

/// The client of the template service.
#[derive(Debug, Clone)]
pub(crate) struct Templates {
    client: TemplateServiceClient<Channel>,
    peer: Peer,
    /// The versions whose content this process knows to be stored.
    stored: Arc<Mutex<HashSet<(TemplateId, i32)>>>,
}

/// The version that terms name, found.
#[derive(Debug, Clone)]
pub(crate) struct Pinned {
    /// What the terms said when it was looked up.
    pub(crate) choice: TemplateChoice,
    /// The version.
    pub(crate) pin: Pin,
    /// Its content, made ready.
    pub(crate) criteria: Arc<Criteria>,
}

impl Templates {
    pub(crate) fn new(context: &Context, config: &Config) -> Result<Self> {
        let timeout = Duration::from_millis(config.checklist_timeout_ms);
        let peer = Peer::new(context, "the template service", &config.checklist_url, &config.token_file, timeout)?;
        Ok(Self {
            client: TemplateServiceClient::new(peer.channel()).max_decoding_message_size(4 * 1024 * 1024),
            peer,
            stored: Arc::default(),
        })
    }

    /// The template service.
    pub(crate) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The version that a new handoff is judged by; None where the terms of its route name no template, and where nothing will be
    /// made (the origin has its handoff, or there is no such route: that is for the op to say). While the template service is away, a version that terms name by number is taken as it
    /// is known here; the latest cannot be known.
    pub(crate) async fn pin(&self, context: &Context, new: &New) -> Result<Option<Pinned>> {
        if let Some(origin) = &new.draft.origin
            && store::handoff::has_origin(context.pool(), origin).await?
        {
            return Ok(None);
        }
        let route = match &new.place {
            Place::Route(id) => store::route::get(context.pool(), id).await?,
            Place::Pair(from, to) => route::of_pair(store::route::of_pair(context.pool(), from, to).await?)?,
        };
        let Some(choice) = route.and_then(|route| route.terms).and_then(|terms| terms.template) else {
            return Ok(None);
        };
        let found = match self.find(&choice).await {
            Err(Error::Away { what, source }) => match self.known(context, &choice).await? {
                Some(pin) => pin,
                None => return Err(Error::Away { what, source }),
            },
            found => {
                let (pin, content) = found?;
                self.keep(context, &pin, &content).await?;
                pin
            }
        };
        let criteria = store::template::criteria(context.pool(), found.content_hash).await?;
        Ok(Some(Pinned { choice, pin: found, criteria }))
    }

    /// What a draft would move to: that version of its template, the latest published one where none is given.
    pub(crate) async fn next(&self, context: &Context, from: &Pin, version: Option<i32>) -> Result<MigrateTo> {
        let Some(id) = from.template_id.clone() else { return Err(Refused::NothingToMigrate.into()) };
        let (pin, content) = self.find(&TemplateChoice { id, version }).await?;
        self.keep(context, &pin, &content).await?;
        let criteria = store::template::criteria(context.pool(), pin.content_hash).await?;
        Ok(MigrateTo { from: from.clone(), pin, criteria })
    }

    /// Refuses terms whose template is not there, or retired.
    pub(crate) async fn must_be_there(&self, choice: &TemplateChoice) -> Result<()> {
        self.find(choice).await.map(|_| ())
    }

    /// How each of these is found, each looked up once. Once the template service does not answer, the rest is Unknown; a defect
    /// is told.
    pub(crate) async fn look(&self, choices: BTreeSet<TemplateChoice>) -> Result<map::Templates> {
        let mut found = map::Templates::new();
        let mut is_away = false;
        let mut waiting: Vec<_> = choices.into_iter().rev().collect();
        while !waiting.is_empty() {
            let mut asked = JoinSet::new();
            for choice in waiting.split_off(waiting.len().saturating_sub(AT_ONCE)) {
                if is_away {
                    found.insert(choice, TemplateState::Unknown);
                    continue;
                }
                let templates = self.clone();
                asked.spawn(async move {
                    let answer = templates.find(&choice).await;
                    (choice, answer.map(|_| ()))
                });
            }
            while let Some(answer) = asked.join_next().await {
                let (choice, answer) = answer.map_err(Error::fault)?;
                let state = match answer {
                    Ok(()) => TemplateState::Usable,
                    Err(Error::Away { .. }) => TemplateState::Unknown,
                    Err(Error::Refused(refusal)) => match refusal.reason {
                        "TEMPLATE_RETIRED" => TemplateState::Retired,
                        "EVALUATOR_TOO_OLD" => TemplateState::TooNew(needed(&refusal)),
                        _ => TemplateState::Absent,
                    },
                    Err(error) => return Err(error),
                };
                is_away |= state == TemplateState::Unknown;
                found.insert(choice, state);
            }
        }
        Ok(found)
    }

    async fn find(&self, choice: &TemplateChoice) -> Result<(Pin, Content)> {
        let message =
            GetVersionRequest { template_id: choice.id.to_string(), version: choice.version.unwrap_or_default() };
        let mut client = self.client.clone();
        let answer = self.peer.ask(message, |request| async move { client.get_version(request).await }).await?;
        let found = answer.and_then(|answer| answer.version);
        let Some(found) = found else {
            return Err(Refused::TemplateNotFound { template: choice.id.clone(), version: choice.version }.into());
        };
        match found.state() {
            VersionState::Published => {}
            VersionState::Retired => {
                return Err(Refused::TemplateRetired { template: choice.id.clone(), version: found.version }.into());
            }
            VersionState::Draft | VersionState::Unspecified => {
                let version = Some(found.version);
                return Err(Refused::TemplateNotFound { template: choice.id.clone(), version }.into());
            }
        }
        let mut violations = vec![];
        let content = api::criteria::read_content("content", found.content.unwrap_or_default(), &mut violations)
            .ok_or_else(|| Error::fault(format!("the template service sent an unreadable content: {violations:?}")))?;
        if content.criteria_level > criteria::LEVEL {
            return Err(Refused::EvaluatorTooOld { needed: content.criteria_level }.into());
        }
        let pin = Pin { template_id: Some(choice.id.clone()), version: found.version, content_hash: content.hash() };
        if pin.content_hash.to_string() != found.content_hash {
            return Err(Error::fault(format!("{} {} did not arrive as it was published", choice.id, found.version)));
        }
        Ok((pin, content))
    }

    /// Stores a version's content where it is not known to be stored. It never changes, so it may be stored early and twice.
    async fn keep(&self, context: &Context, pin: &Pin, content: &Content) -> Result<()> {
        let Some(template) = pin.template_id.clone() else { return Ok(()) };
        let version = (template, pin.version);
        if !self.stored.lock().await.contains(&version) {
            store::template::keep(context.pool(), &version.0, pin, content).await?;
            self.stored.lock().await.insert(version);
        }
        Ok(())
    }

    async fn known(&self, context: &Context, choice: &TemplateChoice) -> Result<Option<Pin>> {
        match choice.version {
            Some(version) => store::template::known(context.pool(), &choice.id, version).await,
            None => Ok(None),
        }
    }
}

fn needed(refusal: &Refusal) -> u32 {
    let level = refusal.metadata.iter().find(|(name, _)| *name == "criteria_level");
    level.and_then(|(_, level)| level.parse().ok()).unwrap_or_default()
}
