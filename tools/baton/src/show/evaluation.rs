//! What the criteria say, for people.

use api::r#type::v1::{CriterionResult, Evaluation, Outcome};
use comfy_table::Cell;

use super::{Screen, Tone};
use crate::words::Word as _;

/// Every criterion, and whether the handoff is ready.
pub(crate) fn whole(evaluation: &Evaluation, screen: &Screen) -> String {
    let verdict = if evaluation.ready {
        screen.paint(Tone::Good, "ready: nothing that blocks is unmet")
    } else {
        screen.paint(Tone::Bad, "not ready: something that blocks is unmet")
    };
    format!("{}\n\n{verdict}", results(&evaluation.results, screen))
}

/// Only what is not met; empty where all is.
pub(crate) fn unmet(all: &[CriterionResult], screen: &Screen) -> String {
    let unmet: Vec<CriterionResult> = all.iter().filter(|result| result.outcome() == Outcome::Unmet).cloned().collect();
    if unmet.is_empty() { String::new() } else { results(&unmet, screen) }
}

fn results(results: &[CriterionResult], screen: &Screen) -> String {
    let rows = results.iter().map(|result| {
        [
            Cell::new(&result.key),
            Cell::new(result.kind().word().to_lowercase()),
            Cell::new(result.severity().word().to_lowercase()),
            screen.cell(tone_of(result.outcome()), result.outcome().word().to_lowercase().replace('_', " ")),
            Cell::new(what_to_do(result)),
        ]
    });
    screen.table(&["CRITERION", "Kind", "Severity", "Outcome", "What to do"], rows)
}

fn what_to_do(result: &CriterionResult) -> String {
    let parts = [result.problem.trim_end_matches('.'), result.fix.as_str()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

fn tone_of(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Unspecified => Tone::Plain,
        Outcome::Met => Tone::Good,
        Outcome::Unmet => Tone::Bad,
        Outcome::NotApplicable | Outcome::Waived => Tone::Quiet,
    }
}
