//! Letters, handed over to the operator's SMTP server.

use kernel::{Error, Result};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
};

use super::{failed, words::Letter};
use crate::{
    config::Config,
    domain::{Attempted, DeliveryId, Outcome},
};

/// Taken.
const TAKEN: i32 = 250;

/// Sends letters, each over a connection of its own: one that is given up in the middle leaves nothing behind. Cheap to clone.
#[derive(Clone)]
pub(super) struct Letters {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl std::fmt::Debug for Letters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letters").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Letters {
    /// What sends letters; none where no server is named.
    pub(super) fn new(config: &Config) -> Result<Option<Self>> {
        if config.smtp_url.is_empty() {
            return Ok(None);
        }
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(config.smtp_url.expose())
            .map_err(|error| Error::fault(format!("service.smtp_url: {error}")))?
            .build();
        let from = config.smtp_from.parse().map_err(|error| Error::fault(format!("service.smtp_from: {error}")))?;
        Ok(Some(Self { transport, from }))
    }

    pub(super) async fn send(&self, address: &str, id: DeliveryId, letter: Letter) -> Attempted {
        let domain = self.from.email.domain();
        let message = address.parse().map_err(|error| format!("{address} is no mailbox: {error}")).and_then(|to| {
            Message::builder()
                .from(self.from.clone())
                .to(Mailbox::new(None, to))
                .subject(letter.subject)
                .message_id(Some(format!("<{id}@{domain}>")))
                .multipart(MultiPart::alternative_plain_html(letter.plain, letter.html))
                .map_err(|error| format!("the letter cannot be written: {error}"))
        });
        let message = match message {
            Ok(message) => message,
            Err(problem) => return Attempted { status: 0, outcome: Outcome::Impossible { problem } },
        };
        match self.transport.send(message).await {
            Ok(_) => Attempted { status: TAKEN, outcome: Outcome::Arrived },
            Err(error) => {
                let status = error.status().map_or(0, u16::from);
                failed(status.into(), chassis::chain(&error))
            }
        }
    }
}
