//! Waiting on a condition, with a bound.

use std::time::Duration;

use tokio::time::{Instant, sleep};

const BOUND: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(10);

/// Asks until there is an answer; fails the test when there is none within 30 seconds.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + BOUND;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {} seconds", BOUND.as_secs());
        sleep(POLL).await;
    }
}
