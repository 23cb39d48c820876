//! The timeline of a handoff: its own facts, and behind each what the SLA monitor said once it had heard of it.

use api::handoff::v1 as pb;
use chassis::{
    Aggregate, Context,
    log::{self, History, PAGE_BYTES},
};
use kernel::Result;

use super::responses::{into_entry, into_sla_entry};
use crate::{
    domain::{Handoff, clock::SlaFact},
    store,
};

/// A place in a timeline: a sequence of the handoff's own, and a place in the history of its clocks, 0 for the own fact.
pub(super) type Place = (i64, i64);

#[derive(Debug)]
enum Entry {
    Own(log::Told),
    Sla(SlaFact),
}

impl Entry {
    fn place(&self) -> Place {
        match self {
            Self::Own(told) => (told.aggregate_seq, 0),
            Self::Sla(fact) => (fact.after_revision, fact.sla_seq),
        }
    }

    fn bytes(&self) -> i64 {
        let bytes = match self {
            Self::Own(told) => told.payload.len(),
            Self::Sla(fact) => fact.whole.len(),
        };
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }
}

/// What follows a place, at most `limit` entries and a message's worth, and where the next page begins; none at the end.
pub(super) async fn after(
    context: &Context,
    handoff: &Handoff,
    place: Place,
    limit: u32,
) -> Result<(Vec<pb::TimelineEntry>, Option<Place>)> {
    // Those first: the fact of the handoff that one of them stands after is in the log by then.
    let sla = store::clock::facts(context.pool(), handoff.id, place, i64::from(limit) + 1, PAGE_BYTES).await?;
    let own = log::history(context.pool(), &handoff.name(), place.0, limit).await?;
    let (entries, next) = merge(own, sla, limit as usize);
    let entries = entries.into_iter().map(|entry| match entry {
        Entry::Own(told) => into_entry(told),
        Entry::Sla(fact) => into_sla_entry(fact),
    });
    Ok((entries.collect::<Result<_>>()?, next))
}

/// Either list is whole, or has so many entries or bytes that the page is full before its end.
fn merge(own: History, sla: Vec<SlaFact>, limit: usize) -> (Vec<Entry>, Option<Place>) {
    let mut entries: Vec<Entry> =
        own.facts.into_iter().map(Entry::Own).chain(sla.into_iter().map(Entry::Sla)).collect();
    entries.sort_by_key(Entry::place);
    let until_full = |bytes: &mut i64, entry: &Entry| {
        let is_free = *bytes < PAGE_BYTES;
        *bytes += entry.bytes();
        is_free.then_some(())
    };
    let shown = entries.iter().take(limit).scan(0, until_full).count();
    let has_more = own.has_more || shown < entries.len();
    entries.truncate(shown);
    let next = entries.last().map(Entry::place).filter(|_| has_more);
    (entries, next)
}

#[cfg(test)]
mod tests {
    use kernel::Timestamp;

    use super::*;

    const AT: Timestamp = Timestamp::EPOCH;

    fn own(sequence: i64, bytes: usize) -> log::Told {
        log::Told {
            aggregate_seq: sequence,
            r#type: String::new(),
            payload: vec![0; bytes],
            actor: String::new(),
            occurred_at: AT,
            recorded_at: AT,
            historic: false,
        }
    }

    fn sla((after_revision, sla_seq): Place, bytes: usize) -> SlaFact {
        SlaFact {
            after_revision,
            sla_seq,
            name: String::new(),
            actor: String::new(),
            occurred_at: AT,
            recorded_at: AT,
            historic: false,
            whole: vec![0; bytes],
        }
    }

    /// The longest beginning that the log, or the store, would give of a list.
    fn bounded<T>(all: Vec<T>, limit: usize, bytes_of: impl Fn(&T) -> usize) -> Vec<T> {
        let max_bytes = usize::try_from(PAGE_BYTES).unwrap();
        let mut bytes = 0;
        let is_free = |one: &T| {
            let before = bytes;
            bytes += bytes_of(one);
            before < max_bytes
        };
        all.into_iter().take(limit).take_while(is_free).collect()
    }

    /// All places of a timeline of twelve facts, two of the monitor's after every third, read in pages.
    fn read(limit: usize, own_bytes: usize, sla_bytes: usize) -> Vec<Vec<Place>> {
        let (mut pages, mut place) = (vec![], (0, 0));
        loop {
            let of_own: Vec<_> = (place.0 + 1..=12).map(|sequence| own(sequence, own_bytes)).collect();
            let there = of_own.len();
            let facts = bounded(of_own, limit, |told| told.payload.len());
            let history = History { has_more: facts.len() < there, facts };
            let places = (3..=12).step_by(3).flat_map(|sequence| [(sequence, sequence), (sequence, sequence + 1)]);
            let of_sla: Vec<_> = places.filter(|it| *it > place).map(|place| sla(place, sla_bytes)).collect();
            // The store gives one more than fills a page.
            let most = bounded(of_sla.clone(), limit, |fact| fact.whole.len()).len() + 1;
            let (entries, next) = merge(history, of_sla.into_iter().take(most).collect(), limit);
            pages.push(entries.iter().map(Entry::place).collect());
            match next {
                Some(next) => place = next,
                None => return pages,
            }
        }
    }

    #[test]
    fn pages_of_both_follow_each_other_without_gap_or_double() {
        let whole = read(1_000, 10, 10).concat();
        assert_eq!(whole.len(), 20);
        assert_eq!(whole[..6], [(1, 0), (2, 0), (3, 0), (3, 3), (3, 4), (4, 0)]);
        let large = chassis::MAX_PAYLOAD_BYTES;
        for limit in 1..=21 {
            for (own_bytes, sla_bytes) in [(10, 10), (large, 10), (10, large), (large, large)] {
                let pages = read(limit, own_bytes, sla_bytes);
                assert_eq!(pages.concat(), whole, "by {limit}, of {own_bytes} and {sla_bytes} bytes");
                assert!(pages.iter().all(|page| !page.is_empty() && page.len() <= limit));
            }
        }
        assert!(read(1_000, large, large).iter().all(|page| page.len() <= 6), "a page is one message");
    }
}
