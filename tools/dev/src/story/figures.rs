//! The chapters of the figures: what has just happened, what both sides think of it, and where history went worst.

use dev::Result;
use serde::Deserialize;

use super::act::{Outcome, act};
use super::teller::Teller;

const ROUTE: &str = "sales-to-implementation";
const DEAL: &str = "crm/D-3001";
/// The days of imported history, whatever its age.
const FROM: &str = "1970-01-02";
/// So many routes are told of in a line, and the worst of them in full.
const WORST: usize = 3;

/// What `baton --json survey list` says.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Invitations {
    invitations: Vec<Invitation>,
}

#[derive(Deserialize)]
struct Invitation {
    id: String,
    person: String,
}

/// What `baton --json pareto bounces-by-route` says.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Pareto {
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    name: String,
}

/// What `baton --json report` says. JSON leaves zeros out, and writes large whole numbers as texts.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Answer {
    report: Report,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Report {
    attainment_by_kind: Vec<Attainment>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Attainment {
    kind: String,
    met: serde_json::Value,
    late: serde_json::Value,
    open_breached: serde_json::Value,
    cancelled: Vec<Counted>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Counted {
    count: serde_json::Value,
}

/// What `baton --json improve suggestions` says.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Suggestions {
    suggestions: Vec<serde_json::Value>,
}

/// Tells what has just happened, in figures.
pub(super) fn tell(teller: &mut Teller<'_>) -> Result<()> {
    teller.chapter(
        "What just happened, in figures",
        "A service of its own has heard all of it, and adds it up. Every share says of how many it is and how sure; what \
         rests on fewer than twenty is marked.",
    )?;
    let report = ["report", "--route", ROUTE, "--days", "1"];
    teller.play_until(&act("anna", report).says(&["First-pass yield", "few: below 20", "Submit to decision"]))?;
    teller.say("Anna hands one more over. What is open right now, and what needs a hand first?")?;
    let create = ["handoff", "create", "--route", ROUTE, "--title", "Bolt: first site", "--origin", DEAL];
    teller.play(&act("anna", create).says(&["DRAFT"]).unshown())?;
    teller.play_until(&act("anna", ["board"]).says(&["Bolt: first site"]))?;
    surveyed(teller)
}

/// Both sides are asked once a handoff is done.
fn surveyed(teller: &mut Teller<'_>) -> Result<()> {
    teller.say("Both sides of what was completed have been asked how it went. Ivan answers; nobody sees it but in a quarter's results.")?;
    let mut invited = Invitations::default();
    teller.look_until(&act("ivan", ["--json", "survey", "list"]), |outcome| {
        invited_of(outcome).invitations.iter().any(|it| it.person == "ivan")
    })?;
    let outcome = teller.look(&act("ivan", ["--json", "survey", "list"]))?;
    invited.invitations.extend(invited_of(&outcome).invitations);
    let Some(invitation) = invited.invitations.first() else { return Ok(()) };
    let answer =
        ["survey", "answer", &invitation.id, "--score", "4", "--worked", "The contract was there from the beginning"];
    teller.play(&act("ivan", answer).says(&["nswer"])).map(drop)
}

fn invited_of(outcome: &Outcome) -> Invitations {
    serde_json::from_str(&outcome.stdout).unwrap_or_default()
}

/// Tells where imported history went worst, of which so many decisions are measured, and what the figures suggest.
pub(super) fn worst_routes(teller: &mut Teller<'_>, decided: u64) -> Result<()> {
    teller.chapter(
        "Where it went worst, and what to do about it",
        "The same figures, of all the history that was imported: by what was rejected or came back, route by route.",
    )?;
    let all = act("anna", ["--json", "report", "--only-history", "--from", FROM]);
    teller.look_until(&all, |outcome| measured(outcome) >= decided)?;
    let pareto = ["pareto", "bounces-by-route", "--only-history", "--from", FROM, "--limit", "10"];
    teller.play(&act("anna", pareto).says(&["Share"]))?;
    let outcome =
        teller.look(&act("anna", ["--json", "pareto", "bounces-by-route", "--only-history", "--from", FROM]))?;
    for name in lines(&outcome).iter().take(WORST) {
        teller.say(&format!("The route {name}:"))?;
        let report = ["report", "--route", name, "--only-history", "--from", FROM];
        teller.play(&act("anna", report).says(&[
            "Submit to decision",
            "Rework",
            "Rejections of decisions",
            "acceptance",
        ]))?;
    }
    teller.say("And three of the changes that the figures suggest:")?;
    teller.look_until(&act("anna", ["--json", "improve", "suggestions"]), |outcome| {
        let told: Suggestions = serde_json::from_str(&outcome.stdout).unwrap_or_default();
        told.suggestions.len() >= WORST
    })?;
    teller.play(&act("anna", ["improve", "suggestions", "--limit", "3"])).map(drop)
}

fn lines(outcome: &Outcome) -> Vec<String> {
    let pareto: Pareto = serde_json::from_str(&outcome.stdout).unwrap_or_default();
    pareto.lines.into_iter().map(|line| line.name).collect()
}

/// How many decisions a report has measured.
fn measured(outcome: &Outcome) -> u64 {
    let answer: Answer = serde_json::from_str(&outcome.stdout).unwrap_or_default();
    let kinds = answer.report.attainment_by_kind.iter().filter(|it| it.kind == "ACCEPTANCE");
    let number = |it: &serde_json::Value| it.as_u64().or_else(|| it.as_str()?.parse().ok()).unwrap_or_default();
    let all = kinds.flat_map(|it| {
        let cancelled = it.cancelled.iter().map(|counted| &counted.count);
        [&it.met, &it.late, &it.open_breached].into_iter().chain(cancelled).map(number).collect::<Vec<_>>()
    });
    all.sum()
}
