//! The chapter of the facts as they came out of NATS.

use dev::Result;
use dev::error::OrSay as _;
use serde::Deserialize;

use super::act::{Outcome, act};
use super::teller::Teller;

/// Two teams, a route, its terms, what was mended of a team and the route: what was there before the handoff.
const FACTS_OF_THE_MAP: u64 = 6;

#[derive(Deserialize)]
struct Fact {
    position: u64,
    r#type: String,
    /// `ce-subject`.
    aggregate: String,
    /// `ce-sequence`.
    sequence: u64,
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    actor: String,
}

/// Tells which facts there are; `revision` is that of the story's one handoff.
pub(super) fn tell(teller: &mut Teller<'_>, revision: u64) -> Result<()> {
    let expected = FACTS_OF_THE_MAP + revision;
    teller.chapter(
        "What everybody else hears",
        "Each of these facts went out over NATS as a CloudEvent, on a subject that names both teams, such as \
         baton.handoff.v1.handoff_submitted.sales.implementation. The command prints a JSON line each; here is the \
         stream's sequence, ce-type, ce-subject, ce-sequence, and who did it.",
    )?;
    let limit = expected.to_string();
    let facts = read(&teller.play(&act("anna", ["events", "tail", "--limit", &limit]).unshown())?)?;
    for fact in &facts {
        let Fact { position, r#type, aggregate, sequence, payload } = fact;
        teller.note(&format!("{position:>3}  {type:<38} {aggregate:<45} {sequence:>3}  {}", payload.actor))?;
    }
    check(&facts, revision)?;
    let all = read(&teller.look(&act("anna", ["events", "tail", "--no-follow"]))?)?;
    Teller::claim(all.len() == facts.len(), "the stream holds these facts and no others")?;
    teller.say(&format!(
        "The stream holds {expected} messages, numbered from 1 without a gap: a message's sequence is the fact's position \
         in the log of the service, always, so nothing can be lost or doubled without being seen."
    ))
}

fn check(facts: &[Fact], revision: u64) -> Result<()> {
    Teller::claim(facts.iter().map(|fact| fact.position).eq(1..=FACTS_OF_THE_MAP + revision), "positions have no gap")?;
    let of_the_handoff = facts.iter().filter(|fact| fact.aggregate.starts_with("handoff/"));
    Teller::claim(of_the_handoff.map(|fact| fact.sequence).eq(1..=revision), "the handoff's facts came in their order")
}

fn read(outcome: &Outcome) -> Result<Vec<Fact>> {
    let facts: std::result::Result<_, _> = outcome.stdout.lines().map(serde_json::from_str).collect();
    facts.or_say("reading the facts", "look what `baton events tail` prints")
}
