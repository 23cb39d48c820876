//! What is made of files, and made anew when they change.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::Unusable;

/// Files are looked at again at most so often.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

type Make<T> = Box<dyn Fn(&[Read]) -> Result<T, Unusable> + Send + Sync>;

/// The latest that could be made of some files. Files that cannot be used any more are said in the log, and change nothing.
pub(crate) struct Kept<T> {
    paths: Vec<PathBuf>,
    make: Make<T>,
    state: Mutex<State<T>>,
}

struct State<T> {
    made: Arc<T>,
    of: Vec<Read>,
    looked_at: Instant,
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("paths", &self.paths).finish_non_exhaustive()
    }
}

impl<T> Kept<T> {
    pub(crate) fn new(
        paths: Vec<PathBuf>,
        make: impl Fn(&[Read]) -> Result<T, Unusable> + Send + Sync + 'static,
    ) -> Result<Self, Unusable> {
        let of = read(&paths)?;
        let made = Arc::new(make(&of)?);
        Ok(Self { paths, make: Box::new(make), state: Mutex::new(State { made, of, looked_at: Instant::now() }) })
    }

    /// The latest. Looks at the files where that was not done in the last two seconds; they are small.
    pub(crate) fn latest(&self) -> Arc<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked_at.elapsed() >= LOOK_EVERY {
            state.looked_at = Instant::now();
            match read(&self.paths) {
                Ok(of) if of == state.of => {}
                Ok(of) => match (self.make)(&of) {
                    Ok(made) => {
                        tracing::info!(files = ?self.paths, "certificates were read again");
                        (state.made, state.of) = (Arc::new(made), of);
                    }
                    // The two files of a pair are not put into place in one instant: the next look may find both.
                    Err(error) => tracing::warn!(%error, "changed certificates cannot be used: the last ones are kept"),
                },
                Err(error) => tracing::warn!(%error, "certificates cannot be read: the last ones are kept"),
            }
        }
        state.made.clone()
    }
}

fn read(paths: &[PathBuf]) -> Result<Vec<Read>, Unusable> {
    let read = |path: &PathBuf| match std::fs::read(path) {
        Ok(bytes) => Ok(Read { path: path.clone(), bytes }),
        Err(error) => Err(Unusable::Unreadable(path.clone(), error)),
    };
    paths.iter().map(read).collect()
}
