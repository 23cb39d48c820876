//! The whole system: servers, schemas, services, keys; started in order, stopped in reverse.

use std::ffi::OsString;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dev::error::OrSay as _;
use dev::keys::{AUDIENCE, Claims, ISSUER, Issuer};
use dev::progress::{say, step};
use dev::servers::{Access, Launch, Mail, Process, Servers, free_port};
use dev::{Error, Result, databases, wait};
use nix::sys::signal::Signal;

use crate::project::{Project, interrupted};
use crate::services::{SERVICES, Service};
use crate::signals::Signals;

const DATABASE: &str = "baton";
const MIGRATE_BOUND: Duration = Duration::from_mins(2);
const READY_BOUND: Duration = Duration::from_secs(30);
/// A service drains for at most 25 s.
const STOP_BOUND: Duration = Duration::from_secs(28);
const REMEDY: &str = "look whether the disk is full and the folder writable";

/// Where a stack keeps things.
pub(crate) struct Place {
    /// Data of the servers, keys and tokens.
    pub(crate) data: PathBuf,
    /// A log for each program.
    pub(crate) logs: PathBuf,
    /// Whether the data has to survive a power cut.
    pub(crate) durable: bool,
}

impl Place {
    /// For data that is thrown away.
    pub(crate) fn below(folder: &Path) -> Self {
        Self { data: folder.join("data"), logs: folder.join("logs"), durable: false }
    }
}

/// How the programs are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Debug,
    Release,
}

impl Profile {
    pub(crate) fn of(release: bool) -> Self {
        if release { Self::Release } else { Self::Debug }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }
}

/// A running system. Dropped, everything is killed; [`Stack::stop`] ends it in good order.
pub(crate) struct Stack {
    // Dropped in this order: what calls goes before what is called.
    services: Vec<Running>,
    grpc_ports: Vec<(&'static Service, u16)>,
    mail: Mail,
    servers: Servers,
    programs: PathBuf,
    issuer: Issuer,
    signals: Signals,
}

struct Running {
    service: &'static Service,
    grpc_port: u16,
    http_port: u16,
    process: Process,
}

impl Stack {
    /// Builds and starts everything; returns when every service is ready.
    pub(crate) fn start(project: &Project, place: &Place, profile: Profile) -> Result<Self> {
        let programs = build(project, profile)?;
        for folder in [&place.data, &place.logs] {
            fs::create_dir_all(folder).or_say(format_args!("making {}", folder.display()), REMEDY)?;
        }
        let servers = Servers::start(&project.tether, &place.data, place.durable, Access::Users)?;
        let mail = Mail::start(&project.tether, &place.data.join("mail"))?;
        let issuer = Issuer::generate();
        let mut stack = Self {
            services: Vec::new(),
            grpc_ports: Vec::new(),
            mail,
            servers,
            programs,
            issuer,
            signals: project.signals.clone(),
        };
        stack.prepare_database()?;
        fs::write(place.data.join("jwks.json"), stack.issuer.jwks()).or_say("writing the public key", REMEDY)?;
        // Services that call each other are told where both are before either runs.
        for service in &SERVICES {
            stack.grpc_ports.push((service, free_port()?));
        }
        for (service, grpc_port) in stack.grpc_ports.clone() {
            stack.serve(project, place, service, grpc_port)?;
        }
        Ok(stack)
    }

    /// Returns when somebody asks for the end; an error when a program ends by itself.
    pub(crate) fn watch(&mut self) -> Result<()> {
        wait::forever(|| {
            if self.signals.caught() {
                return Some(Ok(()));
            }
            let casualty = self.services.iter_mut().find_map(|running| running.process.casualty());
            let casualty = casualty.or_else(|| self.servers.casualty())?;
            Some(Err(Error::new(casualty, "look at the log, and start again: cargo dev up")))
        })
    }

    /// Tells the end of each service's log, for whoever looks into a failure.
    pub(crate) fn say_last_words(&self) {
        for running in &self.services {
            say(format_args!("the end of the log of {}:\n{}", running.service.name, running.process.last_words()));
        }
    }

    /// Lets the services drain, then stops the servers. A second signal cuts it short.
    pub(crate) fn stop(&mut self) {
        let step = step("stopping the services");
        for running in &mut self.services {
            running.process.signal(Signal::SIGTERM);
        }
        wait::until(STOP_BOUND, || {
            let gone = self.services.iter_mut().all(|running| running.process.ended().is_some());
            (gone || self.signals.insisted()).then_some(())
        });
        self.services.clear();
        step.done("the services are stopped");
        self.servers.stop();
    }

    /// The SMTP server that takes the system's letters.
    pub(crate) fn mail(&self) -> &Mail {
        &self.mail
    }

    /// Path of a built program.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Endpoints, and tokens of several principals, as `NAME`, value.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let anna = Claims::user("anna").lead("sales");
        let principals = [
            ("", anna.clone()),
            ("_ADMIN", Claims::user("admin").role("ADMIN")),
            ("_ANNA", anna),
            ("_SAM", Claims::user("sam").member("sales")),
            ("_IVAN", Claims::user("ivan").lead("implementation")),
            ("_INES", Claims::user("ines").member("implementation")),
            ("_KIM", Claims::user("kim").member("sales").member("implementation")),
            ("_READER", Claims::service("reader").role("READER")),
            ("_IMPORTER", Claims::service("importer").role("IMPORTER")),
        ];
        let endpoints = self.services.iter().map(|running| (url_variable(running.service), url(running.grpc_port)));
        let nats = ("BATON_NATS_URL".to_owned(), self.servers.nats_url.clone());
        let tokens =
            principals.iter().map(|(suffix, claims)| (format!("BATON_TOKEN{suffix}"), self.issuer.token(claims)));
        endpoints.chain([nats]).chain(tokens).collect()
    }

    fn prepare_database(&self) -> Result<()> {
        let step = step("preparing the database");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.or_say("starting the runtime", "look whether the machine is out of memory or file handles")?;
        runtime.block_on(databases::prepare_database(&self.servers.postgres_url, DATABASE))?;
        step.done("the database is ready");
        Ok(())
    }

    fn serve(&mut self, project: &Project, place: &Place, service: &'static Service, grpc_port: u16) -> Result<()> {
        let step = step(format!("starting {}", service.name));
        let http_port = free_port()?;
        let environment = self.configuration(place, service, grpc_port, http_port)?;
        let launch = |command: &str, log: String| Launch {
            name: format!("{} {command}", service.name),
            program: self.program(service.name),
            arguments: vec![command.into()],
            environment: environment.clone(),
            forgotten: addresses_of_callers(),
            folder: place.data.clone(),
            log: place.logs.join(log),
            when_orphaned: Signal::SIGKILL,
            user: None,
        };
        let mut migrate = Process::start(&project.tether, launch("migrate", format!("{}-migrate.log", service.name)))?;
        if !migrate.wait(MIGRATE_BOUND).is_some_and(|status| status.success()) {
            let what = format!("{} does not migrate its schema:\n{}", service.name, migrate.last_words());
            return Err(Error::new(what, "correct what it says above; cargo dev down --wipe begins with empty data"));
        }
        let process = Process::start(&project.tether, launch("serve", format!("{}.log", service.name)))?;
        let mut running = Running { service, grpc_port, http_port, process };
        let ready = wait::until(READY_BOUND, || match running.process.casualty() {
            Some(casualty) => Some(Err(Error::new(casualty, "correct what it says above"))),
            None if self.signals.caught() => Some(Err(interrupted())),
            None => is_ready(running.http_port).then_some(Ok(())),
        });
        ready.unwrap_or_else(|| {
            let what = format!("{} does not become ready:\n{}", service.name, running.process.last_words());
            Err(Error::new(what, "look at what it says above"))
        })?;
        self.services.push(running);
        step.done(format_args!("{} serves on {}", service.name, url(grpc_port)));
        Ok(())
    }

    /// What a service is told, by environment.
    fn configuration(
        &self,
        place: &Place,
        service: &Service,
        grpc_port: u16,
        http_port: u16,
    ) -> Result<Vec<(String, String)>> {
        let role_url = |role: &str| databases::role_url(&self.servers.postgres_url, role, DATABASE);
        let (nats_url, nats_password) = self.servers.nats_login(service.schema);
        let mut knobs = vec![
            ("DATABASE__URL", role_url(service.schema)?),
            ("DATABASE__OWNER_URL", role_url(&databases::owner_role(service.schema))?),
            ("NATS__URL", nats_url),
            ("NATS__PREFIX", "baton".to_owned()),
            ("GRPC__LISTEN", format!("127.0.0.1:{grpc_port}")),
            ("GRPC__REFLECTION", "true".to_owned()),
            ("HTTP__LISTEN", format!("127.0.0.1:{http_port}")),
            ("AUTH__ISSUER", ISSUER.to_owned()),
            ("AUTH__AUDIENCE", AUDIENCE.to_owned()),
            ("AUTH__JWKS_FILE", place.data.join("jwks.json").display().to_string()),
            ("LOG__FORMAT", "text".to_owned()),
        ];
        if let Some(password) = nats_password {
            knobs.extend([("NATS__USER", service.schema.to_owned()), ("NATS__PASSWORD", password)]);
        }
        // A service is told where those are that it calls, and gets a token of its own to call them with.
        let called = self.grpc_ports.iter().filter(|(other, _)| service.calls.contains(&other.name));
        let called: Vec<_> = called.map(|(other, port)| (other.url_knob, url(*port))).collect();
        if !called.is_empty() {
            knobs.push(("SERVICE__TOKEN_FILE", self.write_token(place, service)?));
        }
        knobs.extend(called);
        if service.sends_letters {
            knobs.push(("SERVICE__SMTP_URL", self.mail.url()));
            knobs.push(("SERVICE__SMTP_FROM", "Baton <baton@example.com>".to_owned()));
        }
        knobs.extend(service.knobs.iter().map(|(name, value)| (*name, (*value).to_owned())));
        Ok(knobs.into_iter().map(|(name, value)| (format!("BATON_{name}"), value)).collect())
    }

    fn write_token(&self, place: &Place, service: &Service) -> Result<String> {
        let path = place.data.join(format!("{}.token", service.name));
        let token = self.issuer.token(&Claims::service(service.name).role("READER"));
        let written =
            fs::write(&path, token).and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o600)));
        written.or_say("writing a service's token", REMEDY)?;
        Ok(path.display().to_string())
    }
}

/// Builds every program; returns the folder they are in. Always the whole workspace, as the tests are built: a part of it would
/// turn on other features of shared crates, and build them anew.
pub(crate) fn build(project: &Project, profile: Profile) -> Result<PathBuf> {
    let mut cargo = project.cargo();
    cargo.args(["build", "--workspace", "--bins"]);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    if !project.run(cargo)?.success() {
        return Err(Error::new("the programs do not compile", "correct what cargo says above"));
    }
    Ok(project.target()?.join(profile.folder()))
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// What the file `env` has set in this shell: addresses and tokens of callers, which are no knobs of a service. Knobs have
/// a section, as in `BATON_LOG__LEVEL`, and pass.
fn addresses_of_callers() -> Vec<OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|name| name.to_str().is_some_and(|name| name.starts_with("BATON_") && !name.contains("__"))).collect()
}

/// The variable that tells the command line where a service is.
fn url_variable(service: &Service) -> String {
    format!("BATON_{}_URL", service.schema.to_uppercase())
}

fn is_ready(http_port: u16) -> bool {
    let bound = Duration::from_secs(2);
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], http_port)), bound)?;
        stream.set_read_timeout(Some(bound))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
