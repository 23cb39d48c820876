//! `baton events`: the facts as they came out of NATS.

use std::time::Duration;

use api::{
    checklist::v1::TemplateEvent, handoff::v1::HandoffEvent, metrics::v1::MetricsEvent, sla::v1::SlaEvent, to_json,
};
use async_nats::{
    ConnectOptions, HeaderMap, ServerAddr,
    jetstream::{
        self,
        consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull},
        context::GetStreamErrorKind,
        stream::Stream,
    },
};
use clap::{Args, Subcommand, ValueEnum};
use futures::StreamExt as _;
use prost::Message as _;
use serde_json::{Value, json};

use crate::{
    errors::{Error, Exit, Result},
    output::print,
    session::Session,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How many facts are asked for at once, and how long a request for facts to come stands.
const BATCH: usize = 256;
const WAIT: Duration = Duration::from_secs(5);
/// The server forgets the consumer of a reader that is gone.
const INACTIVE_THRESHOLD: Duration = Duration::from_secs(30);
/// How often in a row reading may fail, and the pause before it is tried again.
const TRIES: u32 = 5;
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// What can be done with facts.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the facts as JSON, one a line, as they come out of the stream
    #[command(after_help = "\
Each line: position (the stream's sequence), type, subject, aggregate, sequence, time, historic, id, payload.

Examples:
  baton events tail --no-follow --limit 10
  baton events tail --stream sla --from new --subject 'baton.sla.v1.breached.>'
  baton events tail --from new --subject 'baton.handoff.v1.handoff_rejected.sales.*' | jq .payload")]
    Tail(Tail),
}

/// Which facts.
#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// Begin at this position, or with what is new
    #[arg(long, value_name = "POSITION|new", default_value = "1", value_parser = parse_from)]
    from: From,
    /// Wait for more at the end (this is so unless --no-follow is given)
    #[arg(long, overrides_with = "no_follow")]
    follow: bool,
    /// Stop at the end
    #[arg(long, overrides_with = "follow")]
    no_follow: bool,
    /// Only these subjects [default: all of the stream]
    #[arg(long)]
    subject: Option<String>,
    /// Whose facts: handoff, checklist, sla or metrics
    #[arg(long, value_enum, default_value_t = Source::Handoff, hide_possible_values = true)]
    stream: Source,
    /// What stands before streams and subjects
    #[arg(long, default_value = "baton")]
    prefix: String,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Position(u64),
    New,
}

/// The service whose facts they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Source {
    /// Teams, routes, handoffs
    Handoff,
    /// Templates
    Checklist,
    /// Clocks, calendars, policies
    Sla,
    /// Surveys, suggestions, reviews, improvements
    Metrics,
}

/// How far a reader is.
struct Progress {
    next_position: u64,
    left: u64,
}

/// Why reading ended before it was done.
enum Interrupted {
    /// NATS failed; worth another try.
    Nats(String),
    /// What cannot be mended by trying again.
    For(Error),
}

/// Does it.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    match command {
        Command::Tail(tail) => tail.run(session).await,
    }
}

impl Tail {
    async fn run(self, session: &Session) -> Result<()> {
        let url = session.nats_url()?;
        let address: ServerAddr = url.parse().map_err(|_| {
            Error::usage("the address of NATS cannot be read", "write it as nats://USER:PASSWORD@HOST:PORT")
        })?;
        let mut options = ConnectOptions::new().name("baton").connection_timeout(CONNECT_TIMEOUT);
        if let (Some(user), Some(password)) = (address.username(), address.password()) {
            options = options.user_and_password(user.to_owned(), password.to_owned());
        }
        // From here on the address is spoken of without its password.
        let url = &format!("nats://{}:{}", address.host(), address.port());
        let client = options.connect(address).await.map_err(|error| away(url, &error.to_string()))?;
        let name = format!("{}_{}", self.prefix.to_uppercase(), self.stream.word().to_uppercase());
        let stream = jetstream::new(client).get_stream(&name).await.map_err(|error| match error.kind() {
            GetStreamErrorKind::JetStream(_) => Error::Stated {
                exit: Exit::NotFound,
                what: format!("there is no stream {name} at {url}"),
                remedy: "the service makes it when it starts; look at --prefix too".to_owned(),
            },
            _ => away(url, &error.to_string()),
        })?;
        let first = match self.from {
            From::Position(position) => position.max(1),
            From::New => stream.cached_info().state.last_sequence + 1,
        };
        let mut progress = Progress { next_position: first, left: self.limit.unwrap_or(u64::MAX) };
        let mut failures = 0;
        loop {
            let before = progress.next_position;
            match self.read(&stream, &mut progress).await {
                Ok(()) => return Ok(()),
                Err(Interrupted::For(error)) => return Err(error),
                Err(Interrupted::Nats(problem)) => {
                    failures = if progress.next_position > before { 1 } else { failures + 1 };
                    if failures >= TRIES {
                        return Err(away(url, &problem));
                    }
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
            }
        }
    }

    /// Reads on with a consumer of its own, until the limit, or until the end where nothing is to be followed.
    async fn read(&self, stream: &Stream, progress: &mut Progress) -> Result<(), Interrupted> {
        let consumer = self.consumer(stream, progress.next_position).await?;
        while progress.left > 0 {
            let wanted = usize::try_from(progress.left).unwrap_or(BATCH).min(BATCH);
            let batch = if self.no_follow {
                consumer.fetch().max_messages(wanted).messages().await
            } else {
                consumer.batch().max_messages(wanted).expires(WAIT).messages().await
            };
            let mut batch = batch.map_err(interrupted)?;
            let mut is_empty = true;
            while let Some(message) = batch.next().await {
                let message = message.map_err(interrupted)?;
                let position = message.info().map_err(interrupted)?.stream_sequence;
                print(&self.stream.line(position, &message).to_string()).map_err(Interrupted::For)?;
                progress.next_position = position + 1;
                progress.left -= 1;
                is_empty = false;
            }
            if self.no_follow && is_empty {
                break;
            }
        }
        Ok(())
    }

    async fn consumer(&self, stream: &Stream, start_sequence: u64) -> Result<PullConsumer, Interrupted> {
        let all = format!("{}.{}.v1.>", self.prefix, self.stream.word());
        let config = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence },
            ack_policy: AckPolicy::None,
            filter_subject: self.subject.clone().unwrap_or(all),
            inactive_threshold: INACTIVE_THRESHOLD,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        stream.create_consumer(config).await.map_err(interrupted)
    }
}

impl Source {
    fn word(self) -> &'static str {
        match self {
            Self::Handoff => "handoff",
            Self::Checklist => "checklist",
            Self::Sla => "sla",
            Self::Metrics => "metrics",
        }
    }

    /// The fact as one JSON value.
    fn line(self, position: u64, message: &async_nats::Message) -> Value {
        let header = |name: &str| header(message.headers.as_ref(), name);
        let payload = match self {
            Self::Handoff => HandoffEvent::decode(message.payload.clone()).map(|event| to_json(&event)),
            Self::Checklist => TemplateEvent::decode(message.payload.clone()).map(|event| to_json(&event)),
            Self::Sla => SlaEvent::decode(message.payload.clone()).map(|event| to_json(&event)),
            Self::Metrics => MetricsEvent::decode(message.payload.clone()).map(|event| to_json(&event)),
        };
        json!({
            "position": position,
            "type": header("ce-type"),
            "subject": message.subject.as_str(),
            "aggregate": header("ce-subject"),
            "sequence": header("ce-sequence").and_then(|text| text.parse::<i64>().ok()),
            "time": header("ce-time"),
            "historic": header("ce-historic").is_some_and(|text| text == "true"),
            "id": header("ce-id"),
            "payload": payload.unwrap_or_else(|error| json!({ "undecodable": error.to_string() })),
        })
    }
}

/// CloudEvents says that header names are case-insensitive; NATS keeps them as they were written.
fn header(headers: Option<&HeaderMap>, name: &str) -> Option<String> {
    let mut all = headers?.iter();
    let (_, values) = all.find(|(written, _)| written.to_string().eq_ignore_ascii_case(name))?;
    values.first().map(|value| value.as_str().to_owned())
}

fn parse_from(text: &str) -> Result<From, String> {
    match text {
        "new" => Ok(From::New),
        position => position.parse().map(From::Position).map_err(|_| "write a position, or new".to_owned()),
    }
}

fn interrupted(error: impl ToString) -> Interrupted {
    Interrupted::Nats(error.to_string())
}

fn away(url: &str, problem: &str) -> Error {
    Error::Stated {
        exit: Exit::Away,
        what: format!("NATS does not answer at {url}: {problem}"),
        remedy: "start it (`cargo dev up`), or name another address with --nats-url".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use api::handoff::v1::{HandoffBegun, handoff_event::Kind};
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_fact_is_one_line_however_its_headers_are_written() {
        let event = HandoffEvent {
            actor: "ivan".to_owned(),
            kind: Some(Kind::HandoffBegun(HandoffBegun {})),
            ..HandoffEvent::default()
        };
        let mut headers = HeaderMap::new();
        headers.insert("Ce-Type", "baton.handoff.v1.handoff_begun");
        headers.insert("ce-subject", "handoff/01994f7e");
        headers.insert("CE-SEQUENCE", "7");
        headers.insert("ce-time", "2026-11-23T09:00:00Z");
        headers.insert("ce-historic", "false");
        headers.insert("ce-id", "41");
        let payload = event.encode_to_vec();
        let message = async_nats::Message {
            subject: "baton.handoff.v1.handoff_begun.sales.implementation".into(),
            reply: None,
            length: payload.len(),
            payload: payload.into(),
            headers: Some(headers),
            status: None,
            description: None,
        };
        assert_snapshot!(Source::Handoff.line(12, &message), @r#"
        {"aggregate":"handoff/01994f7e","historic":false,"id":"41","payload":{"actor":"ivan","handoff_begun":{}},"position":12,"sequence":7,"subject":"baton.handoff.v1.handoff_begun.sales.implementation","time":"2026-11-23T09:00:00Z","type":"baton.handoff.v1.handoff_begun"}
        "#);
    }
}
