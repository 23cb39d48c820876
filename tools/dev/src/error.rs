//! The launcher's one error: what went wrong, and what to do next.

use std::fmt::{self, Display};

/// A result whose error tells a person what to do next.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, and the remedy; shown both, on lines of their own.
pub struct Error {
    what: String,
    remedy: String,
}

impl Error {
    /// Both parts are sentences without a full stop at the end.
    pub fn new(what: impl Display, remedy: impl Display) -> Self {
        Self { what: what.to_string(), remedy: remedy.to_string() }
    }

    /// The same, with what had been tried before, and another way out.
    #[must_use]
    pub fn after(self, tried: impl Display, alternative: impl Display) -> Self {
        Self::new(format_args!("{tried}; {}", self.what), format_args!("{}; or {alternative}", self.remedy))
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  what to do: {}", self.what, self.remedy)
    }
}

/// A test that unwraps shows it as a person should read it.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

/// Turns a library's error into ours, at the place that knows what was attempted.
pub trait OrSay<T> {
    /// `what` was being done; `remedy` is what to do when it fails.
    fn or_say(self, what: impl Display, remedy: impl Display) -> Result<T>;
}

impl<T, E: Display> OrSay<T> for std::result::Result<T, E> {
    fn or_say(self, what: impl Display, remedy: impl Display) -> Result<T> {
        self.map_err(|cause| Error::new(format_args!("{what}: {cause}"), remedy))
    }
}
