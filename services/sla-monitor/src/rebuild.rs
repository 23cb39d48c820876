//! `sla-monitor rebuild`: a second generation of courses and clocks, made from the whole history beside the one in use, and put
//! in its place when it has caught up. The service goes on answering and says nothing twice.

use std::collections::BTreeSet;

use api::sla::v1::{self as pb, sla_event::Kind};
use chassis::{
    Context,
    consumer::{self, Hears},
    log,
};
use kernel::{Error, Head, Result, Timestamp};
use prost::Message as _;

use crate::{
    consumers::{self, HANDOFF},
    domain::{
        ClockId, HandoffId, SECOND,
        clock::{Acknowledged, Breach, Cause, Escalated, Evidence, Excused},
        course::Decision,
        heard::Heard,
    },
    ops::rebuild::{Own, Owns, catch_up, go_through, handoffs},
    store::{
        book::Shelf,
        course::Generation,
        rebuild::{Difference, behind, compare, current, delete_others, lock, stop_all, swap_in},
    },
};

/// Rebuilds; prints how far it is to standard error.
pub(crate) async fn rebuild(context: Context, hears: Hears) -> Result<()> {
    // Held until this connection is closed.
    let mut alone = context.pool().acquire().await?.detach();
    if !lock(&mut alone).await? {
        return Err(Error::fault("another rebuild is under way; look at it, or wait until it has ended"));
    }
    let in_use = current(context.pool()).await?;
    let next = in_use + 1;
    eprintln!("generation {in_use} is in use; generation {next} is made from the beginning");
    let mut apart = BTreeSet::new();
    loop {
        while delete_others(context.pool(), [in_use, in_use]).await? {}
        let shelf = Shelf::default();
        let position = go_through_all(&context, &hears, &shelf, next).await?;
        apart = swap(&context, &hears, &shelf, next, position, &apart).await?;
        if apart.is_empty() {
            break;
        }
        // What was put aside may have been taken in meanwhile; what is apart the second time has lost what was heard of it.
        eprintln!(
            "{} handoffs have gone another way meanwhile, as by `dlq retry`: once more from the beginning",
            apart.len()
        );
    }
    while delete_others(context.pool(), [next, next]).await? {}
    Ok(())
}

/// Everything that the generation in use has heard; the position of the last of it.
async fn go_through_all(context: &Context, hears: &Hears, shelf: &Shelf, next: i64) -> Result<i64> {
    let mut position = 0;
    loop {
        let facts = heard(context, hears, position).await?;
        let Some(last) = facts.last() else { return Ok(position) };
        if last.position / 10_000 > position / 10_000 {
            eprintln!("  {} facts", last.position);
        }
        position = last.position;
        go_on(context, shelf, next, &read(&facts)).await?;
    }
}

/// Facts after a position, of those that the generation in use has taken in: what was decided about them is in the log by now.
async fn heard(context: &Context, hears: &Hears, position: i64) -> Result<Vec<consumer::Heard>> {
    let heard_until = consumer::position(context.pool(), HANDOFF).await?;
    let mut facts = hears.ask_log(position).await?;
    facts.retain(|fact| fact.position <= heard_until);
    Ok(facts)
}

/// What this version cannot read is put aside where it is heard; here it is passed over.
fn read(facts: &[consumer::Heard]) -> Vec<Heard> {
    facts.iter().filter_map(|fact| consumers::read(fact).ok()).collect()
}

async fn go_on(context: &Context, shelf: &Shelf, generation: i64, heard: &[Heard]) -> Result<()> {
    let owns = owns(context, handoffs(heard).into_iter().collect()).await?;
    let work = (shelf.clone(), heard.to_vec(), owns);
    let done = context.transact("", &work, |tx, (shelf, heard, owns)| {
        Box::pin(go_through(tx, shelf, Generation(Some(generation)), heard, owns))
    });
    done.await
}

/// How a generation was put in use, or which handoffs keep it from that.
enum Swapped {
    In(Difference),
    Apart(BTreeSet<HandoffId>),
}

/// Takes in the rest while nothing else moves, and puts the generation in use; or answers which handoffs have gone another way in the
/// one that is. Those of which that is known from the time before have lost facts that were heard, since the handoff service was
/// restored from a backup: they become what it says of them now.
async fn swap(
    context: &Context,
    hears: &Hears,
    shelf: &Shelf,
    next: i64,
    mut position: i64,
    lost: &BTreeSet<HandoffId>,
) -> Result<BTreeSet<HandoffId>> {
    loop {
        // What has come meanwhile, so that little is left for the moment in which all wait.
        let facts = heard(context, hears, position).await?;
        if let Some(last) = facts.last() {
            position = last.position;
            go_on(context, shelf, next, &read(&facts)).await?;
            if consumer::position(context.pool(), HANDOFF).await? > position {
                continue;
            }
        }
        let work = (context.clone(), shelf.clone(), next, position, lost.clone());
        let swapped = context.transact("", &work, |tx, (context, shelf, next, position, lost)| {
            Box::pin(async move {
                stop_all(tx).await?;
                if consumer::position(tx.connection(), HANDOFF).await? != *position {
                    return Ok(None);
                }
                let ids = behind(tx, *next).await?;
                for some in ids.chunks(500) {
                    let owns = owns(context, some.to_vec()).await?;
                    catch_up(tx, shelf, Generation(Some(*next)), some, &owns, lost).await?;
                }
                let apart: BTreeSet<HandoffId> = behind(tx, *next).await?.into_iter().collect();
                if !apart.is_subset(lost) {
                    return Ok(Some(Swapped::Apart(apart)));
                }
                let difference = compare(tx, *next).await?;
                swap_in(tx, *next).await?;
                Ok(Some(Swapped::In(difference)))
            })
        });
        match swapped.await? {
            None => {}
            Some(Swapped::Apart(apart)) => return Ok(apart),
            Some(Swapped::In(Difference { handoffs, clocks, differing })) => {
                eprintln!(
                    "generation {next} is in use: {handoffs} handoffs, {clocks} clocks; {differing} differ from those before"
                );
                if !lost.is_empty() {
                    eprintln!(
                        "{} handoffs have lost facts that were heard; they are what the handoff service says now",
                        lost.len()
                    );
                }
                return Ok(BTreeSet::new());
            }
        }
    }
}

/// What this service has said of handoffs.
async fn owns(context: &Context, ids: Vec<HandoffId>) -> Result<Owns> {
    let names: Vec<String> = ids.iter().map(|id| format!("clocks/{id}")).collect();
    let mut owns = Owns::new();
    for told in log::whole(context.pool(), &names).await? {
        let event = pb::SlaEvent::decode(&told.payload[..]).map_err(Error::fault)?;
        let id = told.aggregate.strip_prefix("clocks/").and_then(|id| id.parse::<uuid::Uuid>().ok());
        let id = id.ok_or_else(|| Error::fault(format!("no handoff: {}", told.aggregate)))?;
        let head = Head::from_row(told.aggregate_seq, &told.hash, told.occurred_at);
        let clock = event.clock.unwrap_or_default();
        let revision = clock.handoff.as_ref().map_or(0, |handoff| handoff.revision);
        let decision = decision(&event.actor, &clock, event.kind)?;
        let head = head.ok_or_else(|| Error::fault("a hash that is none"))?;
        owns.entry(id.into()).or_default().push(Own { head, revision, decision });
    }
    Ok(owns)
}

/// What a fact decided; none of one that follows from what the handoff service said.
fn decision(actor: &str, clock: &pb::Clock, kind: Option<Kind>) -> Result<Option<(ClockId, Decision)>> {
    let decision = match kind {
        Some(Kind::Warned(it)) => {
            let after = micros(it.after);
            let given = clock.warnings.iter().find(|warning| micros(warning.after) == after);
            Decision::Warned { after, at: instant(given.and_then(|it| it.warned_at))? }
        }
        Some(Kind::Breached(it)) => Decision::Breached(breach(&it.breach.unwrap_or_default())?),
        Some(Kind::Escalated(it)) => {
            Decision::Escalated(Escalated { step: it.step, at: instant(it.escalated_at)?, notify: it.notify })
        }
        Some(Kind::BreachRetracted(it)) => {
            Decision::Retracted { at: instant(it.breach.and_then(|breach| breach.retracted_at))? }
        }
        Some(Kind::BreachAcknowledged(it)) => {
            let said = it.acknowledgement.unwrap_or_default();
            let at = instant(said.acknowledged_at)?;
            let (by, note, cause, delay) = (said.acknowledged_by, said.note, said.cause, micros(said.delay));
            Decision::Acknowledged { said: Acknowledged { by, at, note, cause, step: 0, delay } }
        }
        Some(Kind::BreachExcused(it)) => {
            let said = it.excuse.unwrap_or_default();
            Decision::Excused(Excused { by: said.excused_by, at: instant(said.excused_at)?, reason: said.reason })
        }
        // What both sides agreed on follows from their handoff's own facts; what a person has moved does not.
        Some(Kind::ClockMigrated(it)) if actor != "system" => Decision::Migrated {
            policy: clock.policy_id.parse().map_err(Error::fault)?,
            version: clock.policy_version,
            at: instant(it.migrated_at)?,
        },
        _ => return Ok(None),
    };
    let id = clock.id.parse::<uuid::Uuid>().map_err(Error::fault)?;
    Ok(Some((id.into(), decision)))
}

fn breach(breach: &pb::Breach) -> Result<Breach> {
    Ok(Breach {
        number: breach.number,
        due_at: instant(breach.due_at)?,
        detected_at: instant(breach.detected_at)?,
        evidence: if breach.evidence() == pb::Evidence::Incomplete { Evidence::Incomplete } else { Evidence::Complete },
        cause: if breach.cause() == pb::BreachCause::Retarget { Cause::Retarget } else { Cause::Time },
        historic: breach.historic,
        retracted_at: None,
    })
}

fn micros(duration: Option<prost_types::Duration>) -> i64 {
    duration.map_or(0, |it| it.seconds * SECOND + i64::from(it.nanos) / 1_000)
}

fn instant(time: Option<prost_types::Timestamp>) -> Result<Timestamp> {
    let read = time.and_then(|time| Timestamp::from_seconds_and_nanos(time.seconds, time.nanos));
    read.ok_or_else(|| Error::fault("a fact without an instant"))
}
