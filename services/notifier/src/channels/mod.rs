//! How a message gets to its place: by a webhook, a chat, or a letter.

mod client;
mod email;
mod guard;
mod webhook;
mod words;

use std::time::Duration;

use kernel::{Result, Timestamp};

pub(crate) use self::guard::URL_BYTES;
use self::{client::Client, email::Letters, guard::Guard, words::Words};
use crate::{
    config::Config,
    domain::{Attempted, Outcome, Place},
    store::delivery::Claimed,
};

/// A CloudEvent in structured mode.
const CLOUD_EVENT: &str = "application/cloudevents+json";
const JSON: &str = "application/json";
/// So much is kept of what went wrong.
const PROBLEM_CHARS: usize = 300;

/// What sends messages. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Channels {
    client: Client,
    letters: Option<Letters>,
    words: Words,
    timeout: Duration,
}

impl Channels {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        Ok(Self {
            client: Client::new(Guard::new(config), &config.ca_file)?,
            letters: Letters::new(config)?,
            words: Words::new(config),
            timeout: Duration::from_millis(config.send_timeout_ms),
        })
    }

    /// Whether letters can be sent at all.
    pub(crate) fn sends_letters(&self) -> bool {
        self.letters.is_some()
    }

    /// Whether that can be the address of a webhook or a chat: what is wrong with it, in words.
    pub(crate) fn check_url(&self, url: &str) -> std::result::Result<(), String> {
        self.client.guard().check_url(url).map(drop)
    }

    /// Sends a message; never longer than an attempt may take.
    pub(crate) async fn send(&self, claimed: &Claimed, now: Timestamp) -> Attempted {
        let sending = async {
            match &claimed.place {
                Place::Webhook { url, keys } => {
                    let body = words::event(claimed);
                    let headers = webhook::headers(claimed.delivery.id, now, keys, &body);
                    self.client.post(url, CLOUD_EVENT, headers, body).await
                }
                Place::Chat { url } => self.client.post(url, JSON, vec![], self.words.chat(claimed)).await,
                Place::Email { address } => match &self.letters {
                    Some(letters) => letters.send(address, claimed.delivery.id, self.words.letter(claimed)).await,
                    None => failed(0, "this installation sends no email any more".to_owned()),
                },
            }
        };
        let late = |_| failed(0, format!("the receiver did not answer within {} ms", self.timeout.as_millis()));
        let attempted = tokio::time::timeout(self.timeout, sending).await.unwrap_or_else(late);
        attempted.bounded(PROBLEM_CHARS)
    }
}

fn failed(status: i32, problem: String) -> Attempted {
    Attempted { status, outcome: Outcome::Failed { problem, retry_after_seconds: None } }
}
