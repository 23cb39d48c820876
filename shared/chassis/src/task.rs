//! Timers: a tick that does what is due, again and again, on every replica.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use kernel::{Result, Timestamp};
use tokio::{select, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{Context, publisher::Trouble};

/// The longest sleep between two ticks.
const LONGEST: Duration = Duration::from_secs(1);
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(500);

/// What a tick says about the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// There was more to do than one tick does.
    AtOnce,
    /// Nothing is due before that instant.
    At(Timestamp),
    /// Nothing is planned.
    Idle,
}

type Ticking = Pin<Box<dyn Future<Output = Result<Next>> + Send>>;

/// A tick with its name, for logs.
#[derive(Clone)]
pub(crate) struct Task {
    pub(crate) name: &'static str,
    pub(crate) tick: Arc<dyn Fn(Context) -> Ticking + Send + Sync>,
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Ticks until it is told to stop, at the edge of a tick; sleeps until the next is due, at most a second.
pub(crate) async fn run(context: Context, task: Task, stop: CancellationToken) {
    let mut trouble = Trouble::new(task.name);
    let mut stirred = context.stirred();
    while !stop.is_cancelled() {
        stirred.mark_unchanged();
        let pause = match (task.tick)(context.clone()).await {
            Ok(Next::AtOnce) => {
                trouble.is_over();
                continue;
            }
            Ok(next) => {
                trouble.is_over();
                until(&context, next).await
            }
            Err(error) => {
                trouble.is(&error);
                PAUSE_AFTER_ERROR
            }
        };
        select! {
            () = stop.cancelled() => {}
            () = sleep(pause) => {}
            // The sender lives as long as the context.
            Ok(()) = stirred.changed() => {}
        }
    }
}

async fn until(context: &Context, next: Next) -> Duration {
    let Next::At(at) = next else { return LONGEST };
    let Ok(now) = context.now().await else { return PAUSE_AFTER_ERROR };
    let micros = u64::try_from(at.as_micros() - now.as_micros()).unwrap_or_default();
    Duration::from_micros(micros).min(LONGEST)
}
