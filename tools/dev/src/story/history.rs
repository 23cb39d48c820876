//! The chapter of a history that is imported from another system.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use dev::Result;
use dev::error::OrSay as _;
use serde::Deserialize;

use super::act::{Outcome, act};
use super::teller::Teller;

const POLICY: &str = "services/sla-monitor/examples/eight-hours.yaml";

/// What of a record says how it is to be measured.
#[derive(Deserialize)]
struct Record {
    from_team: String,
    to_team: String,
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    r#type: String,
}

/// What `baton --json sla report` says of all clocks.
#[derive(Deserialize, Default)]
struct Attainment {
    total: Option<Counts>,
}

/// JSON leaves zeros out, and writes large whole numbers as texts.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Counts {
    met: serde_json::Value,
    late: serde_json::Value,
    open_breached: serde_json::Value,
    cancelled: serde_json::Value,
}

impl Counts {
    fn all(&self) -> u64 {
        let number =
            |value: &serde_json::Value| value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default();
        [&self.met, &self.late, &self.open_breached, &self.cancelled].map(number).iter().sum()
    }
}

/// What became of an import.
#[derive(Deserialize)]
struct Report {
    records: u64,
    unchanged: u64,
    facts: u64,
}

/// Tells what a file of past handoffs says about who waits for whom.
pub(super) fn tell(teller: &mut Teller<'_>, file: &Path) -> Result<()> {
    let (path, file) = (file, file.display().to_string());
    teller.chapter("Years of history, from another system", 
        "The teams of a ticketing system come along with their past. First their map, as one text: every route under terms \
         that give downstream a working day to decide.",
    )?;
    let submits = map(teller, path)?;
    teller.say("Then what happened on it. It is measured at its own times, and alarms nobody.")?;
    teller.play(&act("importer", ["import", &file]).with_progress().says(&["records", "created", "facts"]))?;
    let again = report(&teller.play(&act("importer", ["--json", "import", &file]).unshown().with_progress())?)?;
    let Report { records, unchanged, facts } = again;
    Teller::claim(unchanged == records && facts == 0, "a second import adds nothing")?;
    teller.note(&format!("the same file again: {unchanged} of {records} records unchanged, {facts} facts added"))?;

    teller.say("What waits where now? Whatever the record left open goes on here.")?;
    teller.play(&act("anna", ["inbox", "--everywhere", "--limit", "8"]).says(&["Its turn"]))?;
    teller.say("And the busiest routes, with what came back: rejected before it was accepted, or returned after.")?;
    teller.play(&act("anna", ["route", "traffic", "--limit", "8"]).says(&["Rejections", "Returns"]))?;
    measured(teller, submits)
}

/// Brings the map of the records in; how often they were submitted in all.
fn map(teller: &mut Teller<'_>, path: &Path) -> Result<u64> {
    let remedy = "look whether the file holds records, one a line";
    let text = fs::read_to_string(path).or_say("reading the records", remedy)?;
    let records: std::result::Result<Vec<Record>, _> = text.lines().map(serde_json::from_str).collect();
    let records = records.or_say("reading the records", remedy)?;
    let pairs: BTreeSet<_> = records.iter().map(|it| (it.from_team.as_str(), it.to_team.as_str())).collect();
    let teams: BTreeSet<&str> = pairs.iter().flat_map(|(from, to)| [*from, *to]).collect();
    let mut yaml = "teams:\n".to_owned();
    for team in &teams {
        let _ = writeln!(yaml, "- {{id: {team}}}");
    }
    yaml.push_str("routes:\n");
    for (n, (from, to)) in pairs.iter().enumerate() {
        let name = Some(format!("{from}-to-{to}")).filter(|name| name.len() <= 63).unwrap_or_else(|| format!("r{n}"));
        let terms = "terms: {sla_policy_id: eight-hours}";
        let _ = writeln!(yaml, "- {{id: {name}, from_team: {from}, to_team: {to}, {terms}}}");
    }
    let scratch = dev::scratch::Scratch::new()?;
    let map = scratch.path().join("map.yaml");
    fs::write(&map, yaml).or_say("writing the map", "look whether the disk is full")?;
    teller.play(&act("admin", ["sla", "policy", "import", POLICY]).says(&["eight-hours: created"]))?;
    teller.play(&act("admin", ["map", "import", &map.display().to_string()]).unshown())?;
    teller.note(&format!("{} teams, {} routes", teams.len(), pairs.len()))?;
    let events = records.iter().flat_map(|record| &record.events);
    Ok(u64::try_from(events.filter(|event| event.r#type.eq_ignore_ascii_case("submitted")).count()).unwrap_or_default())
}

/// How well promises would have been kept, once every attempt is measured.
fn measured(teller: &mut Teller<'_>, submits: u64) -> Result<()> {
    teller.say("And who would have kept the promise of a working day? Of every attempt, by the team that decides:")?;
    let all = act("anna", ["--json", "sla", "report", "--historic"]);
    teller.look_until(&all, |outcome| {
        let report: Attainment = serde_json::from_str(&outcome.stdout).unwrap_or_default();
        report.total.unwrap_or_default().all() >= submits
    })?;
    let report = ["sla", "report", "--historic", "--limit", "10"];
    teller.play(&act("anna", report).says(&["Kept", "all"])).map(drop)
}

fn report(outcome: &Outcome) -> Result<Report> {
    serde_json::from_str(&outcome.stdout).or_say("reading the report", "look what `baton --json import` prints")
}
