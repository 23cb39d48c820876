//! Temporary folders that go when their run ends, also when it was killed: the next run sweeps them.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::Result;
use crate::error::OrSay as _;

const PREFIX: &str = "baton-dev-";
const REMEDY: &str = "free some space in the folder for temporary files, or name another one in TMPDIR";
/// A folder younger than this may not be locked yet by the run that made it.
const LEAST_AGE: Duration = Duration::from_mins(1);

/// A folder of this run, deleted when dropped. The lock on it tells other runs that it is in use.
pub struct Scratch {
    folder: TempDir,
    _in_use: File,
}

impl Scratch {
    /// Makes a folder that an unprivileged server can pass through, and sweeps those of runs that were killed.
    pub fn new() -> Result<Self> {
        sweep(&std::env::temp_dir());
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir().or_say("making a temporary folder", REMEDY)?;
        let in_use = File::open(folder.path()).or_say("opening a temporary folder", REMEDY)?;
        in_use.lock().or_say("locking a temporary folder", REMEDY)?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))
            .or_say("opening a temporary folder", REMEDY)?;
        Ok(Self { folder, _in_use: in_use })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes what nobody holds; what cannot be removed (another user's) is left alone.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        let old = || {
            entry.metadata().and_then(|m| m.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LEAST_AGE))
        };
        if ours && old() && File::open(entry.path()).is_ok_and(|folder| folder.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
