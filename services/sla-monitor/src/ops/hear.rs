//! Taking in what the handoff service says.

use std::collections::{BTreeMap, BTreeSet};

use chassis::Tx;
use kernel::{Actor, Error, Result};

use super::say;
use crate::{
    domain::{Course, HandoffId, RouteId, TeamId, heard::Heard, heard::What, policy::Kind},
    store::{self, book::Shelf, course::Changed},
};

/// Takes facts in, in order: who works by which calendar, which terms name which policy, and what happens to handoffs.
pub(crate) async fn take_in(tx: &mut Tx, shelf: &Shelf, heard: &[Heard]) -> Result<()> {
    let About { handoffs, teams, routes } = about(heard);
    let courses = store::course::lock(tx, &handoffs).await?;
    let mut book = shelf.book(tx.connection(), &teams, &routes).await?;
    let now = tx.now();
    let mut changed = Changed { courses, ..Changed::default() };
    let (mut teams, mut terms, mut revealed) = (vec![], BTreeMap::new(), vec![]);
    for one in heard {
        match one {
            Heard::Team { team, calendar, at } => {
                book.team_works_by(team.clone(), *at, calendar.clone());
                teams.push((team.clone(), *at, calendar.clone()));
            }
            Heard::Terms { route, version, policy } => {
                book.terms.insert((route.clone(), *version), policy.clone());
                terms.insert((route.clone(), *version), policy.clone());
            }
            Heard::Handoff(fact) => {
                let mut course = changed.courses.remove(&fact.id).unwrap_or_else(|| Course::new(fact));
                let was_confidential = course.standing.about.confidential;
                let said = course.hear(fact, &book, now).map_err(Error::fault)?;
                if was_confidential != fact.about.confidential {
                    revealed.push((fact.id, fact.about.confidential));
                }
                say(tx, &Actor::System, &mut course, &said, &mut changed)?;
                if matches!(fact.what, What::Reopened | What::Returned) {
                    // What it undid is not said, and kept all the same.
                    let completions = course.clocks.iter().filter(|clock| clock.kind == Kind::Completion);
                    changed.clocks.extend(completions.map(|clock| clock.id));
                }
                changed.courses.insert(course.id, course);
            }
            Heard::Nothing => {}
        }
    }
    if !teams.is_empty() {
        teams.reverse();
        let mut seen = BTreeSet::new();
        teams.retain(|(team, since, _)| seen.insert((team.clone(), *since)));
        store::book::save_teams(tx.connection(), &teams).await?;
    }
    if !terms.is_empty() {
        store::book::save_terms(tx.connection(), &terms).await?;
    }
    if !changed.courses.is_empty() {
        store::course::save(tx, &changed, &book).await?;
    }
    for (id, confidential) in revealed {
        store::course::set_confidential(tx, id, confidential).await?;
    }
    Ok(())
}

/// The facts of a handoff are put aside from now on, or no longer: then its clocks do not fire.
pub(crate) async fn park(tx: &mut Tx, id: HandoffId, parked: bool) -> Result<()> {
    store::course::park(tx, id, parked).await
}

/// Which handoffs, teams and routes facts are about.
struct About {
    handoffs: Vec<HandoffId>,
    teams: BTreeSet<TeamId>,
    routes: BTreeSet<RouteId>,
}

fn about(heard: &[Heard]) -> About {
    let (mut handoffs, mut teams, mut routes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for one in heard {
        match one {
            Heard::Handoff(fact) => {
                handoffs.insert(fact.id);
                teams.extend([fact.about.from_team.clone(), fact.about.to_team.clone()]);
                routes.insert(fact.about.route_id.clone());
            }
            Heard::Team { team, .. } => {
                teams.insert(team.clone());
            }
            Heard::Terms { .. } | Heard::Nothing => {}
        }
    }
    About { handoffs: handoffs.into_iter().collect(), teams, routes }
}
