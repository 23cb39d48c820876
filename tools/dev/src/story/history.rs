//! The chapter of a history that is imported from another system.

use std::path::Path;

use dev::Result;
use dev::error::OrSay as _;
use serde::Deserialize;

use super::act::{Outcome, act};
use super::teller::Teller;

/// What became of an import.
#[derive(Deserialize)]
struct Report {
    records: u64,
    unchanged: u64,
    facts: u64,
}

/// Tells what a file of past handoffs says about who waits for whom.
pub(super) fn tell(teller: &mut Teller<'_>, file: &Path) -> Result<()> {
    let file = file.display().to_string();
    teller.chapter("Years of history, from another system", 
        "The teams of a ticketing system come along with their past. Nobody has mapped their routes: Baton discovers them.",
    )?;
    teller.play(&act("importer", ["import", &file]).with_progress().says(&["records", "created", "facts"]))?;
    let again = report(&teller.play(&act("importer", ["--json", "import", &file]).unshown().with_progress())?)?;
    let Report { records, unchanged, facts } = again;
    Teller::claim(unchanged == records && facts == 0, "a second import adds nothing")?;
    teller.note(&format!("the same file again: {unchanged} of {records} records unchanged, {facts} facts added"))?;

    teller.say("What waits where now? Whatever the record left open goes on here.")?;
    teller.play(&act("anna", ["inbox", "--everywhere", "--limit", "8"]).says(&["Its turn"]))?;
    teller.say("And the busiest routes, with what came back: rejected before it was accepted, or returned after.")?;
    teller.play(&act("anna", ["route", "traffic", "--limit", "8"]).says(&["Rejections", "Returns"])).map(drop)
}

fn report(outcome: &Outcome) -> Result<Report> {
    serde_json::from_str(&outcome.stdout).or_say("reading the report", "look what `baton --json import` prints")
}
