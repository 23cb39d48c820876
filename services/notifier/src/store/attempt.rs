//! What became of attempts.

use kernel::{Result, Timestamp};
use sqlx::PgPool;

use crate::domain::DeliveryId;

/// An attempt as it is shown.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) number: i32,
    pub(crate) started_at: Timestamp,
    pub(crate) millis: i32,
    pub(crate) status: i32,
    pub(crate) problem: String,
}

/// The latest attempts of a message, the first first.
pub(crate) async fn list(pool: &PgPool, delivery: DeliveryId) -> Result<Vec<Line>> {
    const SHOWN: i64 = 50;
    let rows = sqlx::query_as!(
        Line,
        r#"
        SELECT number, started_at AS "started_at: Timestamp", millis, status, problem
        FROM (SELECT * FROM notifier.attempt WHERE delivery_id = $1 ORDER BY number DESC LIMIT $2) AS latest ORDER BY number
        "#,
        delivery as DeliveryId,
        SHOWN,
    );
    Ok(rows.fetch_all(pool).await?)
}
