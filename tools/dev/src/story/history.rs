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

impl Record {
    /// Whether both teams go by names that this system has too; the import finds others names of its own.
    fn can_be_mapped(&self) -> bool {
        let is_slug = |name: &str| {
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= 63 && name.chars().all(allowed)
        };
        is_slug(&self.from_team) && is_slug(&self.to_team)
    }

    /// How many of its attempts were decided, or ended otherwise.
    fn decided(&self) -> u64 {
        let is_submit = |event: &Event| event.r#type == "submitted";
        let ends = |event: &Event| ["accepted", "rejected", "completed", "cancelled"].contains(&event.r#type.as_str());
        let submits = self.events.iter().filter(|event| is_submit(event)).count();
        let last = self.events.iter().rfind(|event| is_submit(event) || ends(event));
        u64::try_from(submits).unwrap_or_default() - u64::from(last.is_some_and(is_submit))
    }
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

/// What `baton --json sla clocks` says.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Clocks {
    clocks: Vec<serde_json::Value>,
}

/// What became of an import.
#[derive(Deserialize)]
struct Report {
    records: u64,
    unchanged: u64,
    facts: u64,
}

/// Tells what a file of past handoffs says about who waits for whom; how many of its attempts were decided under terms.
pub(super) fn tell(teller: &mut Teller<'_>, file: &Path) -> Result<u64> {
    let (path, file) = (file, file.display().to_string());
    teller.chapter("Years of history, from another system", 
        "The teams of a ticketing system come along with their past. First their map, as one text: every route under terms \
         that give downstream a working day to decide.",
    )?;
    let decided = map(teller, path)?;
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
    if decided > 0 {
        measured(teller, decided)?;
    }
    Ok(decided)
}

/// Brings in the map of the records; how many attempts on it were decided.
fn map(teller: &mut Teller<'_>, path: &Path) -> Result<u64> {
    let remedy = "look whether the file holds records, one a line";
    let text = fs::read_to_string(path).or_say("reading the records", remedy)?;
    let records: std::result::Result<Vec<Record>, _> = text.lines().map(serde_json::from_str).collect();
    let (records, foreign): (Vec<_>, Vec<_>) =
        records.or_say("reading the records", remedy)?.into_iter().partition(Record::can_be_mapped);
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
    teller.play(&act("admin", ["sla", "policy", "import", POLICY]).says(&["eight-hours: created"]))?;
    if !records.is_empty() {
        let scratch = dev::scratch::Scratch::new()?;
        let map = scratch.path().join("map.yaml");
        fs::write(&map, yaml).or_say("writing the map", "look whether the disk is full")?;
        teller.play(&act("admin", ["map", "import", &map.display().to_string()]).unshown())?;
    }
    teller.note(&format!("{} teams, {} routes", teams.len(), pairs.len()))?;
    if !foreign.is_empty() {
        let n = foreign.len();
        teller.note(&format!(
            "{n} records between teams with foreign names: the import finds their routes, without terms"
        ))?;
    }
    Ok(records.iter().map(Record::decided).sum())
}

/// How well promises would have been kept, once every decision is measured, and everything that is late has been found to be.
fn measured(teller: &mut Teller<'_>, decided: u64) -> Result<()> {
    teller.say("And who would have kept the promise of a working day? Of every attempt, by the team that decides:")?;
    let all = act("anna", ["--json", "sla", "report", "--historic", "--until", "2299-01-01"]);
    teller.look_until(&all, |outcome| {
        let report: Attainment = serde_json::from_str(&outcome.stdout).unwrap_or_default();
        report.total.unwrap_or_default().all() >= decided
    })?;
    let overdue = [
        "--json",
        "sla",
        "clocks",
        "--kind",
        "acceptance",
        "--state",
        "running",
        "--not-breached",
        "--due-before",
        "+1s",
    ];
    teller.look_until(&act("anna", overdue), |outcome| {
        serde_json::from_str(&outcome.stdout).is_ok_and(|answer: Clocks| answer.clocks.is_empty())
    })?;
    let report = ["sla", "report", "--historic", "--limit", "10"];
    teller.play(&act("anna", report).says(&["Kept", "all"])).map(drop)
}

fn report(outcome: &Outcome) -> Result<Report> {
    serde_json::from_str(&outcome.stdout).or_say("reading the report", "look what `baton --json import` prints")
}
