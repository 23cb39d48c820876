//! Python packages, from the index that `pip` is configured for.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::OrSay as _;
use crate::{Error, Result};

/// What a machine without Python needs.
const INSTALL: &str =
    "install Python 3 with pip: apt-get install python3-pip on Debian, xcode-select --install on macOS";

/// Installs into a folder of its own; every file has to have one of the hashes.
pub(super) fn install(name: &str, requirements: &str, folder: &Path, target: &Path) -> Result<()> {
    let file = folder.join("requirements.txt");
    fs::write(&file, requirements).or_say("writing the requirements", "free some space in the cache folder")?;
    let output = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--no-deps", "--only-binary=:all:", "--require-hashes", "--no-warn-script-location"])
        .arg("--target")
        .arg(target)
        .arg("-r")
        .arg(&file)
        // As a variable: an older pip would refuse the option.
        .env("PIP_ROOT_USER_ACTION", "ignore")
        .stdin(Stdio::null())
        .output()
        .or_say("python3 does not run", INSTALL)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let remedy = if said.contains("No module named pip") {
        INSTALL
    } else {
        "look whether the package registry can be reached (pip's own settings, such as PIP_INDEX_URL, are honoured)"
    };
    Err(Error::new(format_args!("pip could not fetch {name}: {}", said.trim()), remedy))
}

/// Which Python modules are compiled for here: "-cpython-311".
pub(super) fn version() -> Result<String> {
    let tell = "import sys; print('-' + sys.implementation.cache_tag)";
    let output = super::run(Command::new("python3").args(["-c", tell]), INSTALL)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
