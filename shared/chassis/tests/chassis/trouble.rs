//! What the service wrote to its log.

use std::{
    io::{self, Write},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use testkit::eventually;
use tracing_subscriber::{EnvFilter, fmt};

static WRITTEN: LazyLock<Written> = LazyLock::new(|| {
    let written = Written::default();
    let writer = written.clone();
    // Another test may have been faster: then its lines are these.
    let _ = fmt()
        .with_env_filter(EnvFilter::new("chassis=info"))
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .try_init();
    written
});

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to listen; what is written before is not kept.
pub(crate) fn listen() {
    LazyLock::force(&WRITTEN);
}

/// Returns when a line with both words was written.
pub(crate) async fn until_said(word: &str, other: &str) {
    eventually("the log says so", async || {
        let written = WRITTEN.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&written).lines().any(|line| line.contains(word) && line.contains(other)).then_some(())
    })
    .await;
}
