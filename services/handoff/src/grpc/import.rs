//! A stream of records of history on its way in: parsed one by one, written in batches, added up.

use api::handoff::v1 as pb;
use chassis::Context;
use kernel::{Actor, Error, Result};

use super::requests::record;
use crate::{
    domain::history::Record,
    ops::import::{self, Outcome, Refusal},
};

/// A batch is written once it holds so many records, or so many events.
const BATCH_RECORDS: usize = 100;
const BATCH_EVENTS: usize = 2_000;
/// So many refused records are named; the others are only counted.
const REFUSALS_NAMED: usize = 1_000;

/// An import under way.
pub(super) struct Importing<'a> {
    context: &'a Context,
    by: &'a Actor,
    batch: Vec<(i64, Record)>,
    events: usize,
    /// Records of the batch that are none.
    malformed: Vec<Refusal>,
    total: pb::ImportHandoffsResponse,
}

impl<'a> Importing<'a> {
    pub(super) fn new(context: &'a Context, by: &'a Actor) -> Self {
        let total = pb::ImportHandoffsResponse::default();
        Self { context, by, batch: vec![], events: 0, malformed: vec![], total }
    }

    /// Takes the next record of the stream; a malformed one is refused by itself.
    pub(super) async fn take(&mut self, message: pb::ImportHandoffsRequest) -> Result<()> {
        let index = self.total.records;
        self.total.records += 1;
        match record(message.record.unwrap_or_default()) {
            Ok(record) => {
                // A batch knows what is stored, not what it is about to store.
                if self.batch.iter().any(|(_, held)| held.origin == record.origin) {
                    self.write().await?;
                }
                self.events += record.events.len();
                self.batch.push((index, record));
            }
            Err(Error::Refused(refusal)) => self.malformed.push(Refusal::of(index, *refusal)),
            Err(error) => return Err(error),
        }
        let records = self.batch.len() + self.malformed.len();
        if records >= BATCH_RECORDS || self.events >= BATCH_EVENTS { self.write().await } else { Ok(()) }
    }

    /// Writes what is left, and says what became of all records.
    pub(super) async fn finish(mut self) -> Result<pb::ImportHandoffsResponse> {
        self.write().await?;
        Ok(self.total)
    }

    async fn write(&mut self) -> Result<()> {
        let records = std::mem::take(&mut self.batch);
        self.events = 0;
        let outcome = if records.is_empty() {
            Outcome::default()
        } else {
            import::import(self.context, self.by, records).await?
        };
        let mut refusals = std::mem::take(&mut self.malformed);
        refusals.extend(outcome.refusals);
        refusals.sort_by_key(|refusal| refusal.index);
        let total = &mut self.total;
        total.created += outcome.created;
        total.extended += outcome.extended;
        total.unchanged += outcome.unchanged;
        total.facts += outcome.facts;
        total.teams_created += outcome.teams_created;
        total.routes_discovered += outcome.routes_discovered;
        for Refusal { index, reason, message } in refusals {
            total.refused += 1;
            if total.refusals.len() < REFUSALS_NAMED {
                total.refusals.push(pb::RefusedRecord { index, reason, message });
            }
        }
        Ok(())
    }
}
