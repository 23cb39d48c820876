//! The folder in which `up` keeps its data, logs, endpoints and lock.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use dev::error::OrSay as _;
use dev::progress::step;
use dev::{Error, Result, tether, wait};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sha2::{Digest as _, Sha256};

use crate::project::Project;
use crate::stack::Place;

/// Services drain for at most 25 s, then the servers stop.
const END_BOUND: Duration = Duration::from_mins(1);
const REMEDY: &str = "look whether the disk is full and the folder writable";

/// `dev` in the build folder; the servers' data lies elsewhere where their user could not reach it there.
pub(crate) struct Home {
    folder: PathBuf,
    data: PathBuf,
}

impl Home {
    pub(crate) fn of(project: &Project) -> Result<Self> {
        let folder = project.target()?.join("dev");
        fs::create_dir_all(&folder).or_say(format_args!("making {}", folder.display()), REMEDY)?;
        let data = match tether::unprivileged_user()? {
            Some(_) if !open_to_all(&folder) => {
                let name = hex::encode(&Sha256::digest(folder.as_os_str().as_encoded_bytes())[..8]);
                Path::new("/var/lib/baton-dev").join(name)
            }
            _ => folder.join("data"),
        };
        Ok(Self { folder, data })
    }

    /// Where a stack lives here.
    pub(crate) fn stack(&self) -> Place {
        Place { data: self.data.clone(), logs: self.folder.join("logs"), durable: true }
    }

    /// Held as long as `up` runs; the file tells its process id.
    pub(crate) fn lock(&self) -> Result<File> {
        let mut file = self.lock_file()?;
        if file.try_lock().is_err() {
            return Err(Error::new("it runs already, in another terminal", "use that one, or end it: cargo dev down"));
        }
        file.set_len(0)
            .and_then(|()| write!(file, "{}", std::process::id()))
            .or_say("writing the lock file", REMEDY)?;
        Ok(file)
    }

    /// Ends the process that holds the lock and waits until it is gone; false when there is none.
    pub(crate) fn end(&self) -> Result<bool> {
        let file = self.lock_file()?;
        if file.try_lock().is_ok() {
            return Ok(false);
        }
        // Only the holder writes the file, and it still holds it: the process id is that of a running `up`.
        let text = fs::read_to_string(self.folder.join("lock")).or_say("reading the lock file", REMEDY)?;
        let remedy = "end it in its terminal with Ctrl-C";
        let pid = text.trim().parse().or_say("reading the lock file", remedy)?;
        let step = step("stopping cargo dev up");
        kill(Pid::from_raw(pid), Signal::SIGTERM).or_say("ending cargo dev up", remedy)?;
        wait::until(END_BOUND, || file.try_lock().is_ok().then_some(())).ok_or_else(|| {
            Error::new("cargo dev up does not end", format_args!("look at its terminal, or: kill -9 {pid}"))
        })?;
        step.done("cargo dev up has ended");
        Ok(true)
    }

    /// Deletes data and logs; the lock is not held.
    pub(crate) fn wipe(&self) -> Result<()> {
        for folder in [&self.data, &self.folder.join("logs")] {
            if folder.exists() {
                fs::remove_dir_all(folder).or_say(format_args!("deleting {}", folder.display()), REMEDY)?;
            }
        }
        Ok(())
    }

    /// Writes endpoints and tokens for a shell; only the user may read them.
    pub(crate) fn write_environment(&self, variables: &[(String, String)]) -> Result<PathBuf> {
        let path = self.environment();
        let lines: String =
            variables.iter().map(|(name, value)| ["export ", name, "='", value, "'\n"].concat()).collect();
        let mut options = File::options();
        options.write(true).create(true).truncate(true).mode(0o600);
        let written = options.open(&path).and_then(|mut file| file.write_all(lines.as_bytes()));
        written.or_say(format_args!("writing {}", path.display()), REMEDY)?;
        Ok(path)
    }

    /// What it says holds only while the system runs.
    pub(crate) fn forget_environment(&self) {
        let _ = fs::remove_file(self.environment());
    }

    fn environment(&self) -> PathBuf {
        self.folder.join("env")
    }

    fn lock_file(&self) -> Result<File> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        options.open(self.folder.join("lock")).or_say("opening the lock file", REMEDY)
    }
}

/// Whether every user can pass through the folder and those above it.
fn open_to_all(folder: &Path) -> bool {
    folder
        .ancestors()
        .all(|folder| fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0))
}
