//! One run of the command line: who calls, where the services are, and how answers are printed.

use std::{
    env, fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use api::to_json;
use kernel::Timestamp;
use serde::Serialize;
use tls::{Pair, Trusted};

use crate::{
    cli::Global,
    client::{Bearer, Remote},
    errors::{Error, Result},
    output::{note, print, print_json},
    show::Screen,
    words::{self, When},
};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const REMEDY: &str = "run `cargo dev up` in another terminal, then `source target/dev/env`";

/// What every command is given.
pub(crate) struct Session {
    global: Global,
    screen: Screen,
}

impl Session {
    /// From the options of the command line; connects to nothing yet.
    pub(crate) fn new(global: Global) -> Self {
        Self { global, screen: Screen::of_stdout(now()) }
    }

    /// The handoff service.
    pub(crate) fn handoff(&self) -> Result<Remote> {
        self.remote("handoff", self.global.handoff_url.as_deref(), "BATON_HANDOFF_URL")
    }

    /// The template service.
    pub(crate) fn checklist(&self) -> Result<Remote> {
        self.remote("template", self.global.checklist_url.as_deref(), "BATON_CHECKLIST_URL")
    }

    /// The SLA monitor.
    pub(crate) fn sla(&self) -> Result<Remote> {
        self.remote("SLA", self.global.sla_url.as_deref(), "BATON_SLA_URL")
    }

    /// The metrics service.
    pub(crate) fn metrics(&self) -> Result<Remote> {
        self.remote("metrics", self.global.metrics_url.as_deref(), "BATON_METRICS_URL")
    }

    /// The notifier.
    pub(crate) fn notifier(&self) -> Result<Remote> {
        self.remote("notifier", self.global.notifier_url.as_deref(), "BATON_NOTIFIER_URL")
    }

    /// The address of NATS.
    pub(crate) fn nats_url(&self) -> Result<&str> {
        known(self.global.nats_url.as_deref(), "NATS", "BATON_NATS_URL")
    }

    /// The token of whoever calls.
    pub(crate) fn token(&self) -> Result<String> {
        let text = match (&self.global.principal, &self.global.token_file) {
            (Some(name), _) => {
                let variable = format!("BATON_TOKEN_{}", name.to_uppercase().replace('-', "_"));
                env::var(&variable).map_err(|_| Error::usage(format!("{variable} is not set"), known_principals()))?
            }
            (None, Some(file)) => fs::read_to_string(file)
                .map_err(|error| Error::usage(format!("the token file {}: {error}", file.display()), REMEDY))?,
            (None, None) => env::var("BATON_TOKEN").map_err(|_| {
                let remedy = format!("{REMEDY}, and say who you are with --as NAME, or set BATON_TOKEN");
                Error::usage("there is no token", remedy)
            })?,
        };
        Ok(text.trim().to_owned())
    }

    /// What is spoken by TLS with: the authorities that are trusted, and the certificate to show.
    fn trusted(&self) -> Result<Trusted> {
        let pair = self.global.cert_file.clone().zip(self.global.key_file.clone());
        let pair = pair.map(|(cert_file, key_file)| Pair { cert_file, key_file });
        Trusted::new(self.global.ca_file.clone(), pair, &[b"h2"]).map_err(|error| {
            Error::usage(error.to_string(), "name PEM files that you may read in --ca-file, --cert-file and --key-file")
        })
    }

    /// How long a call may take, where the command line says so.
    pub(crate) fn stated_timeout(&self) -> Option<Duration> {
        self.global.timeout.map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// Whether the output is for a program.
    pub(crate) fn is_json(&self) -> bool {
        self.global.json
    }

    /// How text is laid out.
    pub(crate) fn screen(&self) -> &Screen {
        &self.screen
    }

    /// The instant that was meant, which is said back on stderr: `what` is the word before it, as "until".
    pub(crate) fn instant(&self, what: &str, when: When) -> prost_types::Timestamp {
        let time = when.instant(self.screen.now());
        let (at, age) = (words::time(Some(&time)), words::age(Some(&time), self.screen.now()));
        note(&format!("{what} {at} UTC ({age}{})", if age.starts_with("in ") { "" } else { " ago" }));
        time
    }

    /// Prints an answer: its JSON for a program, else as `show` lays it out.
    pub(crate) fn answer<M: prost::Message + prost::Name>(
        &self,
        message: &M,
        show: impl FnOnce(&M, &Screen) -> String,
    ) -> Result<()> {
        if self.is_json() { print_json(&to_json(message)) } else { print(&show(message, &self.screen)) }
    }

    /// Prints an answer that was put together here, in the same way.
    pub(crate) fn answer_own<T: Serialize>(&self, value: &T, show: impl FnOnce(&T, &Screen) -> String) -> Result<()> {
        if self.is_json() { print_json(value) } else { print(&show(value, &self.screen)) }
    }

    fn remote(&self, service: &'static str, url: Option<&str>, variable: &str) -> Result<Remote> {
        let url = known(url, &format!("the {service} service"), variable)?;
        let timeout = self.stated_timeout().unwrap_or(DEFAULT_TIMEOUT);
        Remote::new(service, url, Bearer::new(&self.token()?)?, timeout, self.trusted()?)
    }
}

fn known<'a>(url: Option<&'a str>, what: &str, variable: &str) -> Result<&'a str> {
    url.filter(|url| !url.is_empty())
        .ok_or_else(|| Error::usage(format!("nobody said where {what} is"), format!("{REMEDY}, or set {variable}")))
}

fn known_principals() -> String {
    let mut names: Vec<String> = env::vars_os()
        .filter_map(|(name, _)| name.to_str()?.strip_prefix("BATON_TOKEN_").map(str::to_lowercase))
        .filter(|name| name != "file")
        .collect();
    names.sort();
    if names.is_empty() { REMEDY.to_owned() } else { format!("there are tokens of {}", names.join(", ")) }
}

#[expect(clippy::disallowed_methods, reason = "ages are told by the clock of whoever reads them")]
fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}
