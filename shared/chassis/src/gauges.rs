//! What operators watch of every process, beside what its loops count by themselves.

use std::{sync::Arc, time::Duration};

use kernel::Result;
use tls::Shown;
use tokio::{select, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{Context, context::SILENT_AFTER, context::bounded};

const EVERY: Duration = Duration::from_secs(5);

/// Looks again and again.
pub(crate) struct Gauges {
    pub(crate) context: Context,
    /// Whom the service hears.
    pub(crate) packages: Vec<&'static str>,
    pub(crate) shown: Option<Arc<Shown>>,
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
impl Gauges {
    pub(crate) async fn run(self, stop: CancellationToken) {
        loop {
            self.look();
            // A store that is away is told of by others.
            let _ = bounded(SILENT_AFTER, self.count_letters()).await;
            select! {
                () = stop.cancelled() => return,
                () = sleep(EVERY) => {}
            }
        }
    }

    fn look(&self) {
        let pool = self.context.pool();
        let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
        metrics::gauge!("baton_pool_connections", "state" => "idle").set(f64::from(idle));
        metrics::gauge!("baton_pool_connections", "state" => "in_use").set(f64::from(pool.size().saturating_sub(idle)));
        metrics::gauge!("baton_pool_connections_max").set(f64::from(pool.options().get_max_connections()));
        let shown = self.shown.as_ref().map(|shown| shown.validity());
        let called_with = self.context.trusted().shown();
        for (file, validity) in [("grpc.tls_cert_file", shown), ("peers.cert_file", called_with)] {
            if let Some(validity) = validity {
                metrics::gauge!("baton_certificate_expires_in_seconds", "file" => file)
                    .set(validity.seconds_left() as f64);
            }
        }
    }

    async fn count_letters(&self) -> Result<()> {
        for package in self.packages.iter().copied() {
            let row = sqlx::query!(
                r#"SELECT count(*) AS "letters!", count(DISTINCT aggregate) AS "parked!" FROM dead_letter WHERE package = $1"#,
                package
            );
            let row = row.fetch_one(self.context.pool()).await?;
            metrics::gauge!("baton_consumer_dead_letters", "package" => package).set(row.letters as f64);
            metrics::gauge!("baton_consumer_parked_aggregates", "package" => package).set(row.parked as f64);
        }
        Ok(())
    }
}
