//! Ctrl-C, SIGTERM and SIGHUP, counted: the launcher stops what it started, instead of leaving it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dev::Result;
use dev::error::OrSay as _;
use tokio::signal::unix::{SignalKind, signal};

/// How often somebody asked this process to end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals {
    caught: Arc<AtomicUsize>,
}

impl Signals {
    /// From now on these signals no longer end the process; they are counted.
    pub(crate) fn catch() -> Result<Self> {
        let remedy = "look whether the machine is out of memory or file handles";
        let signals = Self::default();
        let caught = Arc::clone(&signals.caught);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .or_say("starting the runtime", remedy)?;
        let mut streams = {
            let _inside = runtime.enter();
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal)
        };
        if let Some(Err(cause)) = streams.iter_mut().find(|stream| stream.is_err()) {
            return Err(dev::Error::new(format_args!("listening for signals: {cause}"), remedy));
        }
        let [interrupt, terminate, hangup] = streams.map(|stream| stream.expect("failures were returned above"));
        std::thread::spawn(move || runtime.block_on(count(caught, interrupt, terminate, hangup)));
        Ok(signals)
    }

    /// Whether the process is to end.
    pub(crate) fn caught(&self) -> bool {
        self.caught.load(Ordering::Relaxed) > 0
    }

    /// Whether it was asked again: somebody has no patience left.
    pub(crate) fn insisted(&self) -> bool {
        self.caught.load(Ordering::Relaxed) > 1
    }
}

async fn count(
    caught: Arc<AtomicUsize>,
    mut interrupt: tokio::signal::unix::Signal,
    mut terminate: tokio::signal::unix::Signal,
    mut hangup: tokio::signal::unix::Signal,
) {
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        caught.fetch_add(1, Ordering::Relaxed);
    }
}
