//! What is wrong with the map, and what an import changes, for people.

use std::fmt::Write as _;

use api::handoff::v1::{
    CheckMapResponse, ImportMapResponse, MapChange, MapChangeKind, MapFieldChange, MapFinding, MapFindingCode,
    MapFindingSeverity, MapSubject,
};

use super::{Screen, Tone, more};
use crate::words::{self, Word as _};

/// Every finding with what to do about it, and how many there are.
pub(crate) fn check(answer: &CheckMapResponse, screen: &Screen) -> String {
    let counts = answer.counts.unwrap_or_default();
    let total = [(counts.errors, "error"), (counts.warnings, "warning"), (counts.infos, "note")];
    let total: Vec<_> = total.into_iter().map(|(number, noun)| words::count(number.into(), noun)).collect();
    if answer.findings.is_empty() {
        return screen.paint(Tone::Good, "nothing is wrong with the map");
    }
    let mut text = String::new();
    for finding in &answer.findings {
        let tone = tone_of(finding.severity());
        let severity = screen.paint(tone, &format!("{:<7}", finding.severity().word()));
        let code = screen.paint(Tone::Quiet, finding.code().word());
        let _ = writeln!(
            text,
            "{severity}  {}  {code}\n         {}",
            finding.message,
            screen.paint(Tone::Quiet, &fix(finding))
        );
    }
    let away = if answer.templates_away {
        "\nThe template service did not answer: some templates were not checked."
    } else {
        ""
    };
    format!("{text}\n{}{away}", total.join(", ")) + more(&answer.next_page_token)
}

/// What to do about it, with the command where it is one.
fn fix(finding: &MapFinding) -> String {
    let (noun, option) = match finding.code() {
        MapFindingCode::RouteWithoutOwner => ("route update", " --owner NAME"),
        MapFindingCode::RouteWithoutTrigger => ("route update", " --trigger WORDS"),
        MapFindingCode::TeamWithoutEscalationContact => ("team update", " --escalation CONTACT"),
        MapFindingCode::ProposalUnanswered => ("terms show", ""),
        _ => return finding.fix.clone(),
    };
    let id = finding.subject.as_ref().map(|subject| subject.id.as_str()).unwrap_or_default();
    format!("{}: `baton {noun} {id}{option}`", finding.fix)
}

/// What an import changed, or would change, as a diff.
pub(crate) fn import(answer: &ImportMapResponse, dry_run: bool, screen: &Screen) -> String {
    let mut text = String::new();
    for change in &answer.changes {
        text += &one(change, screen);
    }
    let new = answer.changes.iter().filter(|change| change.kind() == MapChangeKind::Added).count();
    let changed = answer.changes.len() - new;
    let untouched = answer.untouched.unwrap_or_default();
    let left = [(untouched.teams, "team"), (untouched.routes, "route"), (untouched.workflows, "workflow")];
    let left: Vec<_> = left
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| words::count(number.into(), noun))
        .collect();
    let would = if dry_run { "would be " } else { "" };
    let _ = match answer.changes.len() {
        0 => writeln!(text, "{}", screen.paint(Tone::Quiet, "nothing changes")),
        _ => writeln!(text, "\n{new} {would}added, {changed} {would}changed"),
    };
    if !left.is_empty() {
        let _ = writeln!(
            text,
            "{}",
            screen.paint(Tone::Quiet, &format!("not in the text and left as they are: {}", left.join(", ")))
        );
    }
    text
}

fn one(change: &MapChange, screen: &Screen) -> String {
    let (sign, tone) = match change.kind() {
        MapChangeKind::Added => ('+', Tone::Good),
        MapChangeKind::Changed | MapChangeKind::Unspecified => ('~', Tone::Waiting),
    };
    let mut text = screen.paint(tone, &format!("{sign} {}", subject(change.subject.as_ref()))) + "\n";
    for MapFieldChange { field, before, after } in &change.fields {
        if !before.is_empty() {
            let _ = writeln!(text, "{}", screen.paint(Tone::Bad, &format!("    - {field}: {}", flat(before))));
        }
        if !after.is_empty() {
            let _ = writeln!(text, "{}", screen.paint(Tone::Good, &format!("    + {field}: {}", flat(after))));
        }
    }
    text
}

fn subject(subject: Option<&MapSubject>) -> String {
    subject.map(|subject| format!("{} {}", subject.kind().word().to_lowercase(), subject.id)).unwrap_or_default()
}

/// On one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn tone_of(severity: MapFindingSeverity) -> Tone {
    match severity {
        MapFindingSeverity::Error => Tone::Bad,
        MapFindingSeverity::Warning => Tone::Waiting,
        MapFindingSeverity::Info | MapFindingSeverity::Unspecified => Tone::Quiet,
    }
}

#[cfg(test)]
mod tests {
    use api::handoff::v1::{MapFinding, MapFindingCode, MapFindingCounts, MapSubjectKind, MapUntouched};
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_check_tells_each_finding_with_its_fix() {
        let route = MapSubject { kind: MapSubjectKind::Route.into(), id: "sales-to-legal".to_owned() };
        let finding = MapFinding {
            subject: Some(route),
            code: MapFindingCode::RouteWithoutOwner.into(),
            severity: MapFindingSeverity::Warning.into(),
            message: "nobody answers for sales-to-legal".to_owned(),
            fix: "name an owner of the route".to_owned(),
            ..MapFinding::default()
        };
        let counts = Some(MapFindingCounts { errors: 0, warnings: 1, infos: 2 });
        let answer = CheckMapResponse { findings: vec![finding], counts, templates_away: true, ..Default::default() };
        assert_snapshot!(check(&answer, &Screen::of_test()), @r"
        WARNING  nobody answers for sales-to-legal  ROUTE_WITHOUT_OWNER
                 name an owner of the route: `baton route update sales-to-legal --owner NAME`

        0 errors, 1 warning, 2 notes
        The template service did not answer: some templates were not checked.
        ");
        assert_snapshot!(check(&CheckMapResponse::default(), &Screen::of_test()), @"nothing is wrong with the map");
    }

    #[test]
    fn an_import_reads_as_a_diff() {
        let subject = |kind: MapSubjectKind, id: &str| Some(MapSubject { kind: kind.into(), id: id.to_owned() });
        let field = |field: &str, before: &str, after: &str| MapFieldChange {
            field: field.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
        };
        let answer = ImportMapResponse {
            changes: vec![
                MapChange {
                    subject: subject(MapSubjectKind::Team, "legal"),
                    kind: MapChangeKind::Added.into(),
                    fields: vec![field("display_name", "", "Legal")],
                },
                MapChange {
                    subject: subject(MapSubjectKind::Route, "sales-to-legal"),
                    kind: MapChangeKind::Changed.into(),
                    fields: vec![field("owner", "anna", "bo"), field("information", "one\ntwo", "")],
                },
            ],
            untouched: Some(MapUntouched { teams: 1, routes: 0, workflows: 2 }),
        };
        assert_snapshot!(import(&answer, true, &Screen::of_test()), @r"
        + team legal
            + display_name: Legal
        ~ route sales-to-legal
            - owner: anna
            + owner: bo
            - information: one two

        1 would be added, 1 would be changed
        not in the text and left as they are: 1 team, 2 workflows
        ");
        assert_snapshot!(import(&ImportMapResponse::default(), false, &Screen::of_test()), @"nothing changes");
    }
}
