//! Waiting on a condition, with a bound.

use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(20);

/// Asks until there is an answer; `None` when `bound` has passed without one. Asks at least once.
pub fn until<T>(bound: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + bound;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= deadline {
            return None;
        }
        pause();
    }
}

/// Asks until there is an answer, however long that takes.
pub fn forever<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        pause();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "processes and ports offer nothing to block on; this is the pause of the loops above"
)]
fn pause() {
    std::thread::sleep(POLL);
}
