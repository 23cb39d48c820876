//! The chapter of the clocks: a policy of seconds, a pause, a warning, a breach at a separate consumer, a late completion.

use dev::Result;
use dev::error::OrSay as _;
use serde::Deserialize;

use super::act::act;
use super::teller::Teller;

const DEAL: &str = "crm/D-2001";
const ROUTE: &str = "sales-to-implementation";
const EXAMPLES: &str = "services/sla-monitor/examples";

/// A breach as it came out of NATS.
#[derive(Deserialize)]
struct Heard {
    subject: String,
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    clock: Clock,
    breached: Breached,
}

#[derive(Deserialize)]
struct Clock {
    kind: String,
    team: String,
    handoff: Handoff,
}

#[derive(Deserialize)]
struct Handoff {
    title: String,
    record: Record,
}

#[derive(Deserialize)]
struct Record {
    system: String,
    key: String,
}

#[derive(Deserialize)]
struct Breached {
    breach: Breach,
}

#[derive(Deserialize)]
struct Breach {
    due_at: String,
    detected_at: String,
    evidence: String,
}

/// Tells it.
pub(super) fn tell(teller: &mut Teller<'_>) -> Result<()> {
    promise(teller)?;
    // Begins with the first breach there ever was, so that none is missed.
    let subject = "baton.sla.v1.breached.implementation.>";
    teller.say(
        "Another system acts on the breaches of implementation. It is a consumer of its own, in another terminal, and \
         waits for the first.",
    )?;
    let consumer =
        teller.listen(&act("anna", ["events", "tail", "--stream", "sla", "--subject", subject, "--limit", "1"]))?;
    wait(teller)?;
    teller.say("And this is what the other system heard, as it happened:")?;
    for line in consumer.finish()?.lines() {
        let heard: Heard =
            serde_json::from_str(line).or_say("reading a breach", "look what `baton events tail` prints")?;
        let (clock, breach) = (&heard.payload.clock, &heard.payload.breached.breach);
        teller.note(&heard.subject)?;
        teller.note(&format!(
            "  {} of {}: {} ({}/{}), due {}, found {}, {}",
            clock.kind,
            clock.team,
            clock.handoff.title,
            clock.handoff.record.system,
            clock.handoff.record.key,
            breach.due_at,
            breach.detected_at,
            breach.evidence
        ))?;
    }
    late(teller)
}

fn promise(teller: &mut Teller<'_>) -> Result<()> {
    teller.chapter(
        "What both sides promise each other in time",
        "A calendar says when a team works, a policy how long things may take. Both are YAML files, both have versions.",
    )?;
    let calendar = format!("{EXAMPLES}/office.yaml");
    teller.play(&act("admin", ["sla", "calendar", "import", &calendar]).says(&["office: created, version 1"]))?;
    let [real, seconds] = ["two-days", "seconds"].map(|name| format!("{EXAMPLES}/{name}.yaml"));
    teller.play(&act("admin", ["sla", "policy", "import", &real, &seconds]).says(&["two-days: created, version 1"]))?;
    teller.say(
        "Eight working hours from a Friday afternoon on are over on Monday: lunch and the weekend do not count.",
    )?;
    let due = ["sla", "due", "office", "--from", "2026-11-27T14:00+01:00", "--working", "8h"];
    teller.play(&act("anna", due).says(&["Due Mon 2026-11-30 16:00"]))?;
    teller.say("Which target applies to a deal like any other, and why?")?;
    let explain = ["sla", "policy", "explain", "two-days", "--priority", "normal", "--kind", "acceptance"];
    teller.play(&act("anna", explain).says(&["NORMAL, not URGENT"]))?;
    teller.say("Nobody wants to wait for days here. The terms of the route name a policy that counts in seconds.")?;
    let terms = ["terms", "set", ROUTE, "--sla-policy", "seconds"];
    teller.play(&act("admin", terms).says(&["seconds"]).unshown()).map(drop)
}

fn wait(teller: &mut Teller<'_>) -> Result<()> {
    let create = ["handoff", "create", "--route", ROUTE, "--title", "Acme: second site", "--origin", DEAL];
    teller.play(&act("anna", create).says(&["DRAFT"]).unshown())?;
    teller.play(&act("anna", ["handoff", "submit", DEAL]).says(&["SUBMITTED, attempt 1"]))?;
    teller.say("Ivan asks. While sales owes him the answer his own clock stands still, and theirs runs.")?;
    let ask = ["question", "ask", DEAL, "Which site is it?", "--blocking"];
    teller.play(&act("ivan", ask).says(&["waits on sales"]).unshown())?;
    teller.play_until(&act("ivan", ["sla", "clock", DEAL]).says(&["PAUSED", "ANSWER"]))?;
    teller
        .play(&act("anna", ["question", "answer", DEAL, "q1", "Lyon"]).says(&["waits on implementation"]).unshown())?;
    teller.say("With the answer it goes on. Two seconds before it is due a warning goes out; then it is too late.")?;
    teller.play_until(&act("ivan", ["handoff", "timeline", DEAL]).says(&["warned that ACCEPTANCE"]).unshown())?;
    teller.play_until(&act("ivan", ["inbox"]).says(&["Acme: second site", "late"]))?;
    let told = ["breached ACCEPTANCE of implementation", "told head-of-implementation"];
    teller.play_until(&act("ivan", ["handoff", "timeline", DEAL]).says(&told)).map(drop)
}

fn late(teller: &mut Teller<'_>) -> Result<()> {
    teller
        .say("Ivan says why, which puts the next escalation off. Anna leads the other side: it was not his fault.")?;
    let clock = format!("{DEAL}:acceptance");
    let acknowledge = ["sla", "acknowledge", &clock, "--note", "the map was wrong", "--delay", "2s"];
    teller.play(&act("ivan", acknowledge).says(&["Acknowledged"]))?;
    let excuse = ["sla", "excuse", &clock, "--reason", "we gave him the wrong map"];
    teller.play(&act("anna", excuse).says(&["Excused"]))?;
    teller.play(&act("ivan", ["handoff", "accept", DEAL]).says(&["ACCEPTED"]).unshown())?;
    teller.play(&act("ines", ["handoff", "begin", DEAL]).says(&["IN_PROGRESS"]).unshown())?;
    teller.say("The work itself has two seconds, and takes longer.")?;
    let breached = ["sla", "clocks", "--team", "implementation", "--kind", "completion", "--breached"];
    teller.play_until(&act("ines", breached).says(&["COMPLETION", "late"]).unshown())?;
    teller.play(&act("ines", ["handoff", "complete", DEAL]).says(&["COMPLETED"]).unshown())?;
    teller.play_until(&act("ines", ["sla", "clock", DEAL]).says(&["COMPLETION", "LATE", "MET", "excused"]))?;
    teller.say("Where did the time go? Each clock keeps a ledger, which sums to the microsecond.")?;
    teller.play(&act("ivan", ["sla", "explain", &clock]).says(&["paused", "in all"]))?;
    teller.say("How well are promises kept, of all that has a due time?")?;
    teller.play(&act("anna", ["sla", "report", "--until", "2100-01-01"]).says(&["implementation", "sales"])).map(drop)
}
