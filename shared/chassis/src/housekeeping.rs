//! Forgets answers that nobody will ask for again.

use std::time::Duration;

use kernel::Result;
use tokio::{select, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{Context, status::chain};

const EVERY: Duration = Duration::from_mins(10);
/// A repeat is answered for at least a day (the promise); a second day is courtesy.
const KEPT_SECONDS: i64 = 48 * 3600;
const BATCH: i64 = 5_000;

pub(crate) async fn run(context: Context, stop: CancellationToken) {
    loop {
        select! {
            () = stop.cancelled() => return,
            () = sleep(EVERY) => {}
        }
        if let Err(error) = forget_answers(&context).await {
            tracing::warn!(error = %chain(&error), "old answers were not forgotten; the next round will");
        }
    }
}

async fn forget_answers(context: &Context) -> Result<()> {
    let before = context.now().await?.plus_seconds(-KEPT_SECONDS);
    loop {
        let forgotten = sqlx::query!(
            "DELETE FROM request WHERE key IN (SELECT key FROM request WHERE recorded_at < $1 ORDER BY recorded_at LIMIT $2)",
            before as kernel::Timestamp,
            BATCH,
        )
        .execute(context.pool())
        .await?;
        if forgotten.rows_affected() < BATCH.unsigned_abs() {
            return Ok(());
        }
    }
}
