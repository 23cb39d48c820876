//! Packages of Debian, without root and without installing them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::error::OrSay as _;
use crate::{Error, Result};

/// Downloads a package with lists of our own, so that neither old ones nor none at all matter, and unpacks it.
pub(super) fn install(name: &str, folder: &Path, target: &Path) -> Result<()> {
    let reach = "look whether this is a Debian whose archive can be reached, or install the package by other means";
    for part in ["lists/partial", "archives/partial", "download"] {
        fs::create_dir_all(folder.join(part)).or_say("making a folder", "free some space in the cache folder")?;
    }
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.arg("-qq").args(arguments).current_dir(folder.join("download"));
        for (option, part) in [("Dir::State::lists", "lists"), ("Dir::Cache::archives", "archives")] {
            apt.arg("-o").arg(format!("{option}={}", folder.join(part).display()));
        }
        // Index files of the machine's own cache are neither read nor written.
        for index in ["pkgcache", "srcpkgcache"] {
            apt.args(["-o", &format!("Dir::Cache::{index}=")]);
        }
        super::run(&mut apt, reach)
    };
    apt(&["update"])?;
    apt(&["download", name])?;
    let file =
        fs::read_dir(folder.join("download")).or_say("looking for what apt-get fetched", reach)?.flatten().next();
    let file = file.ok_or_else(|| Error::new(format_args!("apt-get fetched nothing for {name}"), reach))?;
    super::run(Command::new("dpkg").arg("-x").arg(file.path()).arg(target), reach).map(drop)
}
