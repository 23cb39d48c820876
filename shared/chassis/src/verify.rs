//! `verify`: walks every chain of hashes in the event log, and says what was changed, taken out or put in since.

use kernel::{Error, Result, Timestamp};
use sqlx::PgPool;

use crate::{Service, clock::Clock, config::Config, event::Entry, server::open};

const DEADLINE: std::time::Duration = std::time::Duration::from_mins(1);
/// Facts that are read at once.
const PAGE: i64 = 200;
/// So many findings are told; the rest are counted.
const TOLD: usize = 20;
/// Progress is told after so many facts.
const TELL_EVERY: u64 = 100_000;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Facts that were looked at.
    pub facts: u64,
    /// The histories that they belong to.
    pub aggregates: u64,
    /// What is wrong, the first 20, each in a sentence.
    pub findings: Vec<String>,
    /// How many findings there are in all.
    pub found: u64,
}

impl Verdict {
    fn find(&mut self, finding: String) {
        self.found += 1;
        if self.findings.len() < TOLD {
            self.findings.push(finding);
        }
    }
}

struct Row {
    aggregate: String,
    aggregate_seq: i64,
    r#type: String,
    routing: String,
    payload: Vec<u8>,
    previous_hash: Vec<u8>,
    hash: Vec<u8>,
    actor: String,
    occurred_at: Timestamp,
    historic: bool,
    confidential: bool,
}

/// Walks every chain: each fact follows the one before it in its aggregate's history without a gap, bears its hash, and hashes to what
/// was written. Then the order: each of the facts has one place, without a gap. What is written meanwhile does no harm.
pub async fn verify(pool: &PgPool) -> Result<Verdict> {
    let mut verdict = Verdict::default();
    let mut before = (String::new(), 0, [0; 32]);
    loop {
        let rows = sqlx::query_as!(
            Row,
            r#"
            SELECT aggregate, aggregate_seq, type AS "type", routing, payload, previous_hash, hash, actor,
                   occurred_at AS "occurred_at: Timestamp", historic, confidential
            FROM event_log WHERE (aggregate, aggregate_seq) > ($1, $2) ORDER BY aggregate, aggregate_seq LIMIT $3
            "#,
            before.0,
            before.1,
            PAGE,
        );
        let rows = rows.fetch_all(pool).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            before = follow(&mut verdict, &before, row);
            verdict.facts += 1;
            if verdict.facts.is_multiple_of(TELL_EVERY) {
                tracing::info!(facts = verdict.facts, findings = verdict.found, "verifying");
            }
        }
    }
    order(&mut verdict, pool).await?;
    Ok(verdict)
}

/// Looks at a fact after the one before it; what the next one is looked at after.
fn follow(verdict: &mut Verdict, before: &(String, i64, [u8; 32]), row: Row) -> (String, i64, [u8; 32]) {
    let (aggregate, aggregate_seq) = (row.aggregate.clone(), row.aggregate_seq);
    let is_next = aggregate == before.0;
    verdict.aggregates += u64::from(!is_next);
    let (expected, previous) = if is_next { (before.1 + 1, before.2) } else { (1, [0; 32]) };
    let hash: [u8; 32] = row.hash[..].try_into().unwrap_or_default();
    let which = format!("{aggregate}, fact {aggregate_seq} ({})", row.r#type);
    if aggregate_seq != expected {
        verdict.find(format!("{which}: fact {expected} should be here; what was between is gone"));
    } else if row.previous_hash != previous {
        verdict.find(format!("{which}: it was written after another fact than the one that is before it now"));
    }
    let entry = Entry {
        aggregate: row.aggregate,
        aggregate_seq,
        r#type: row.r#type,
        routing: row.routing,
        payload: row.payload,
        previous_hash: row.previous_hash[..].try_into().unwrap_or_default(),
        hash,
        actor: row.actor,
        occurred_at: row.occurred_at,
        historic: row.historic,
        confidential: row.confidential,
        withheld: None,
        traceparent: String::new(),
    };
    if entry.sealed() != hash {
        verdict.find(format!("{which}: it is not what was written: its hash does not fit"));
    }
    (aggregate, aggregate_seq, hash)
}

/// Looks at the order: positions 1, 2, 3, ... as the sequencer has given them.
async fn order(verdict: &mut Verdict, pool: &PgPool) -> Result<()> {
    let row = sqlx::query!(
        r#"
        SELECT count(*) AS "placed!", coalesce(max(o.position), 0) AS "last!", (SELECT position FROM sequencer) AS "given!"
        FROM event_order o JOIN event_log e ON e.id = o.event_id
        "#
    );
    let row = row.fetch_one(pool).await?;
    if row.placed != row.last || row.last != row.given {
        let (placed, last, given) = (row.placed, row.last, row.given);
        verdict.find(format!("the order: {placed} facts have a place, the last one is {last}, and {given} were given"));
    }
    Ok(())
}

/// Does it, on the service's own store; fails where anything is found.
pub(crate) async fn run<S: Service>(config: Config<S::Config>) -> Result<()> {
    let context = open::<S>(&config, Clock::Database, DEADLINE).await?;
    let verdict = verify(context.pool()).await?;
    for finding in &verdict.findings {
        println!("{finding}");
    }
    let Verdict { facts, aggregates, found, .. } = verdict;
    if found > 0 {
        return Err(Error::fault(format!(
            "{found} findings in {facts} facts of {aggregates} histories: somebody has changed the log; restore it from a backup that \
             verifies"
        )));
    }
    println!("{facts} facts of {aggregates} histories: every chain holds, and every fact has its place");
    Ok(())
}
