//! What a draft's move to another version of its template does, for people.

use api::handoff::v1::{MigrateDraftResponse, Migration, PreviewMigrationResponse};

use super::{Screen, Tone, evaluation, fact::pinned, handoff::outcome};

/// What a move would do, and what the criteria would say then.
pub(crate) fn preview(answer: &PreviewMigrationResponse, screen: &Screen) -> String {
    let migration = answer.migration.clone().unwrap_or_default();
    let evaluation = answer.evaluation.clone().unwrap_or_default();
    let unmet = evaluation::unmet(&evaluation.results, screen);
    format!("Nothing has changed. The move would go {}\n{}", way(&migration), what(&migration, screen))
        + &screen.section("Not met then", &unmet)
}

/// What a move did.
pub(crate) fn done(answer: &MigrateDraftResponse, screen: &Screen) -> String {
    let migration = answer.migration.clone().unwrap_or_default();
    let handoff = answer.handoff.clone().unwrap_or_default();
    if migration.from == migration.to {
        let pin = migration.to.as_ref().map(pinned).unwrap_or_default();
        return outcome(&format!("Already judged by {pin}"), &handoff, screen);
    }
    format!("{}\n{}", outcome(&format!("Migrated {}", way(&migration)), &handoff, screen), what(&migration, screen))
}

fn way(migration: &Migration) -> String {
    let pin = |pin: &Option<_>| pin.as_ref().map(pinned).unwrap_or_default();
    format!("from {} to {}", pin(&migration.from), pin(&migration.to))
}

fn what(migration: &Migration, screen: &Screen) -> String {
    let flagged: Vec<String> = migration.flagged.iter().map(|flag| format!("{}: {}", flag.key, flag.problem)).collect();
    let mut facts = vec![("kept", migration.kept.join(", "))];
    facts.extend(flagged.iter().map(|flag| ("look again", screen.paint(Tone::Bad, flag))));
    facts.push(("archived", screen.paint(Tone::Quiet, &migration.archived.join(", "))));
    let text = screen.facts(&facts);
    if text.is_empty() { "  no answers or ticks are concerned\n".to_owned() } else { text }
}
