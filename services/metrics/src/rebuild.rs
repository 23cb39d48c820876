//! `baton-metrics rebuild`: a second generation of handoffs and sums, made from everything that was ever said, beside the one in use,
//! and put in its place when it has caught up. The service goes on answering from the one in use, and says nothing twice.

use std::collections::BTreeSet;

use chassis::{
    Context, Tx,
    consumer::{self, Hears},
};
use kernel::{Error, Result};

use crate::{
    consumers::Producer,
    domain::{
        HandoffId,
        heard::{Heard, News},
    },
    ops,
    store::{
        Generation,
        book::Shelf,
        rebuild::{compare, current, delete_others, heard_until, lock, swap_in},
    },
};

/// A producer, whom to ask for its facts, and how far they are taken in.
struct Reading {
    producer: Producer,
    hears: Hears,
    position: i64,
}

/// Rebuilds; prints how far it is to standard error.
pub(crate) async fn rebuild(context: Context, hears: Vec<(Producer, Hears)>) -> Result<()> {
    // Held until this connection is closed.
    let mut alone = context.pool().acquire().await?.detach();
    if !lock(&mut alone).await? {
        return Err(Error::fault("another rebuild is under way; look at it, or wait until it has ended"));
    }
    let in_use = current(context.pool()).await?;
    let next = Generation(in_use.0 + 1);
    eprintln!("generation {} is in use; generation {} is made from the beginning", in_use.0, next.0);
    let mut known_apart = BTreeSet::new();
    loop {
        while delete_others(context.pool(), in_use).await? {}
        let shelf = Shelf::default();
        let begin =
            |(producer, hears): &(Producer, Hears)| Reading { producer: *producer, hears: hears.clone(), position: 0 };
        let mut readings: Vec<Reading> = hears.iter().map(begin).collect();
        let apart = loop {
            for reading in &mut readings {
                while go_on(&context, &shelf, next, reading).await? {}
            }
            if let Some(apart) = swap(&context, &shelf, next, &readings, &known_apart).await? {
                break apart;
            }
        };
        if apart.is_empty() {
            break;
        }
        // What was put aside may have been taken in meanwhile; what is apart the second time has lost what was heard of it.
        eprintln!(
            "{} handoffs have gone another way meanwhile, as by `dlq retry`: once more from the beginning",
            apart.len()
        );
        known_apart = apart;
    }
    while delete_others(context.pool(), next).await? {}
    Ok(())
}

/// Takes in the next facts of a producer, of those that the generation in use has heard; false where there are none.
async fn go_on(context: &Context, shelf: &Shelf, next: Generation, reading: &mut Reading) -> Result<bool> {
    let heard_until = consumer::position(context.pool(), reading.hears.package).await?;
    if reading.position >= heard_until {
        return Ok(false);
    }
    let mut facts = reading.hears.ask_log(reading.position).await?;
    facts.retain(|fact| fact.position <= heard_until);
    let Some(last) = facts.last() else { return Ok(false) };
    let position = last.position;
    if position / 10_000 > reading.position / 10_000 {
        eprintln!("  {}: {position} facts", reading.hears.package);
    }
    // What this version cannot read is put aside where it is heard; here it is passed over.
    let heard = facts.iter().filter_map(|fact| reading.producer.read(fact).ok()).filter(is_of_handoff).collect();
    let work: (Shelf, Vec<Heard>) = (shelf.clone(), heard);
    let taken = context.transact("", &work, |tx, (shelf, heard)| Box::pin(take_in(tx, shelf, next, heard)));
    taken.await?;
    reading.position = position;
    Ok(true)
}

/// Teams, routes and calendars are kept beside the generations.
fn is_of_handoff(heard: &Heard) -> bool {
    matches!(heard.news, News::Handoff(_) | News::Clock(_))
}

/// Takes in what the generation in use has taken in, too; what is put aside there is so here.
async fn take_in(tx: &mut Tx, shelf: &Shelf, next: Generation, heard: &[Heard]) -> Result<()> {
    let in_use = Generation::enter(tx).await?;
    let id = |heard: &Heard| match &heard.news {
        News::Handoff(told) => told.id,
        News::Clock(told) => told.handoff,
        _ => HandoffId::from(uuid::Uuid::nil()),
    };
    let ids: Vec<HandoffId> = heard.iter().map(id).collect();
    let until = heard_until(tx, in_use, &ids).await?;
    let is_heard = |heard: &&Heard| {
        until.get(&id(heard)).is_some_and(|(own, clocks)| match heard.news {
            News::Clock(_) => heard.sequence <= *clocks,
            _ => heard.sequence <= *own,
        })
    };
    let heard: Vec<Heard> = heard.iter().filter(is_heard).cloned().collect();
    ops::hear::take_in(tx, shelf, next, heard).await?;
    Ok(())
}

/// Puts the generation in use, or answers which handoffs have gone another way in the one that is; None where there is more to take in.
/// Those of which that is known from the time before have lost facts that were heard, since a producer was restored from a backup:
/// they become what it says of them now.
async fn swap(
    context: &Context,
    shelf: &Shelf,
    next: Generation,
    readings: &[Reading],
    lost: &BTreeSet<HandoffId>,
) -> Result<Option<BTreeSet<HandoffId>>> {
    let places: Vec<(&'static str, i64)> =
        readings.iter().map(|reading| (reading.hears.package, reading.position)).collect();
    let work = (shelf.clone(), places, lost.clone());
    let swapped = context.transact("", &work, |tx, (shelf, places, lost)| {
        Box::pin(async move {
            let in_use = Generation::enter(tx).await?;
            for (package, position) in places {
                if consumer::position(tx.connection(), package).await? != *position {
                    return Ok(None);
                }
            }
            while ops::hear::measure_stale(tx, shelf, in_use).await? > 0 {}
            while ops::hear::measure_stale(tx, shelf, next).await? > 0 {}
            let difference = compare(tx, next, in_use).await?;
            if difference.apart.iter().all(|id| lost.contains(id)) {
                swap_in(tx, next).await?;
            }
            Ok(Some(difference))
        })
    });
    let Some(difference) = swapped.await? else { return Ok(None) };
    if !difference.apart.iter().all(|id| lost.contains(id)) {
        return Ok(Some(difference.apart.into_iter().collect()));
    }
    eprintln!(
        "generation {} is in use: {} handoffs, the sums of {} days and cohorts; {} differ from those before",
        next.0, difference.handoffs, difference.days, difference.differing
    );
    if !lost.is_empty() {
        eprintln!("{} handoffs have lost facts that were heard; they are what the other services say now", lost.len());
    }
    Ok(Some(BTreeSet::new()))
}
