//! `cargo dev prepare`: the SQL of every crate checked against the migrated schemas, and the result kept for offline builds.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use dev::error::OrSay as _;
use dev::progress::{say, step};
use dev::scratch::Scratch;
use dev::servers::{self, Postgres};
use dev::{Error, Result, databases};

use crate::project::Project;
use crate::services::{SERVICES, SQL_CRATES, SqlCrate};

/// Check the SQL in the code against the migrated schemas, and refresh the data for offline builds
///
/// Starts a PostgreSQL, migrates every schema, and compiles the crates with SQL against it. What the macros learn is
/// written to the folder `.sqlx` of each crate, to be committed with the change.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: cargo dev prepare -p handoff")]
pub(crate) struct Prepare {
    /// Change nothing; fail when a crate's data is out of date
    #[arg(long)]
    check: bool,
    /// Only this package
    #[arg(short, long, value_parser = SQL_CRATES.map(|sql| sql.package))]
    package: Option<String>,
}

impl Prepare {
    /// What `cargo dev check` runs.
    pub(crate) const CHECK: Self = Self { check: true, package: None };

    pub(crate) fn run(&self) -> Result<ExitCode> {
        self.run_in(&Project::find()?).map(|()| ExitCode::SUCCESS)
    }

    pub(crate) fn run_in(&self, project: &Project) -> Result<()> {
        let scratch = Scratch::new()?;
        let database = Database::start(project, &scratch)?;
        let chosen = |sql: &&SqlCrate| self.package.as_deref().is_none_or(|package| package == sql.package);
        let mut stale = Vec::new();
        for sql in SQL_CRATES.iter().filter(chosen) {
            let learnt = scratch.path().join(sql.package);
            let differs = self.prepare(project, &database, sql, &learnt)?;
            say(format_args!(
                "the SQL of {} is right, its data {}",
                sql.package,
                if differs { "has changed" } else { "up to date" }
            ));
            stale.extend(differs.then_some(sql.package));
        }
        if self.check && !stale.is_empty() {
            let what = format!("the SQL data of {} is out of date", stale.join(", "));
            return Err(Error::new(what, "run: cargo dev prepare, and commit the folders .sqlx"));
        }
        Ok(())
    }

    /// Whether the crate's data differs from what the database says; then it is replaced, unless this is a check.
    fn prepare(&self, project: &Project, database: &Database, sql: &SqlCrate, learnt: &Path) -> Result<bool> {
        let folder = project.root.join(sql.folder);
        let remedy = "look whether the disk is full and the folder writable";
        fs::create_dir(learnt).or_say("making a folder for the data", remedy)?;
        let touched = Touched::now(&folder.join("src/lib.rs"))?;
        compile(project, database, sql, learnt)?;
        let kept = folder.join(".sqlx");
        if read(&kept)? == read(learnt)? {
            touched.restore()?;
            return Ok(false);
        }
        if !self.check {
            replace(&kept, learnt).or_say(format_args!("writing {}", kept.display()), remedy)?;
        }
        Ok(true)
    }
}

/// A migrated database, dropped at the end also when it is on a server that stays.
struct Database {
    runtime: tokio::runtime::Runtime,
    superuser_url: String,
    name: String,
    _server: Option<Postgres>,
}

impl Database {
    fn start(project: &Project, scratch: &Scratch) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.or_say("starting the runtime", "look whether the machine is out of memory or file handles")?;
        let (superuser_url, server) = servers::postgres(&project.tether, scratch.path(), false)?;
        let database =
            Self { runtime, superuser_url, name: format!("baton_prepare_{}", std::process::id()), _server: server };
        let step = step("migrating every schema");
        database.runtime.block_on(databases::prepare_database(&database.superuser_url, &database.name))?;
        for service in &SERVICES {
            let folders: [PathBuf; 2] =
                ["shared/chassis", service.folder].map(|folder| project.root.join(folder).join("migrations"));
            let owner_url = database.role_url(&databases::owner_role(service.schema))?;
            database.runtime.block_on(databases::run_migrations(&owner_url, &folders))?;
        }
        step.done("every schema is migrated");
        Ok(database)
    }

    fn role_url(&self, role: &str) -> Result<String> {
        databases::role_url(&self.superuser_url, role, &self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(error) = self.runtime.block_on(databases::drop_database(&self.superuser_url, &self.name)) {
            say(error);
        }
    }
}

/// Compiles one crate against the database. The others find no URL under their own variable and use their kept data.
fn compile(project: &Project, database: &Database, sql: &SqlCrate, learnt: &Path) -> Result<()> {
    let mut cargo = project.cargo();
    cargo.args(["check", "--all-targets", "--package", sql.package]);
    cargo.env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", learnt);
    for other in &SQL_CRATES {
        cargo.env_remove(other.url_variable);
    }
    cargo.env(sql.url_variable, database.role_url(sql.schema)?);
    if project.run(cargo)?.success() {
        return Ok(());
    }
    Err(Error::new(
        format_args!("{} does not compile against the migrated schema", sql.package),
        "correct what cargo says above",
    ))
}

/// A source file made to look changed, so that cargo expands the macros of its crate again.
struct Touched {
    file: File,
    before: SystemTime,
}

impl Touched {
    fn now(path: &Path) -> Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "a file's time is the wall clock's")]
        let now = SystemTime::now();
        let touch = || -> std::io::Result<Self> {
            let file = File::options().append(true).open(path)?;
            let before = file.metadata()?.modified()?;
            file.set_modified(now)?;
            Ok(Self { file, before })
        };
        touch().or_say(format_args!("touching {}", path.display()), "look whether it is there and writable")
    }

    /// Nothing was learnt, so nothing else has to be compiled again.
    fn restore(self) -> Result<()> {
        self.file.set_modified(self.before).or_say("restoring a file's time", "look whether the folder is writable")
    }
}

/// Every file of a folder, by name; none when it is not there.
fn read(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(BTreeMap::new()) };
    entries
        .flatten()
        .map(|entry| Ok((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?)))
        .collect::<std::io::Result<_>>()
        .or_say(format_args!("reading {}", folder.display()), "look at the folder")
}

/// Makes `kept` equal to `learnt`, without files that no query asks for any more.
fn replace(kept: &Path, learnt: &Path) -> std::io::Result<()> {
    fs::create_dir_all(kept)?;
    for entry in fs::read_dir(kept)?.flatten() {
        if !learnt.join(entry.file_name()).exists() {
            fs::remove_file(entry.path())?;
        }
    }
    for entry in fs::read_dir(learnt)?.flatten() {
        fs::copy(entry.path(), kept.join(entry.file_name()))?;
    }
    Ok(())
}
