//! What people do about clocks: acknowledge, excuse, move to another version of a policy.

use std::collections::BTreeSet;

use chassis::Tx;
use kernel::{Actor, Result};

use super::say;
use crate::{
    domain::{
        Book, ClockId, Course, HandoffId, PolicyId, Refused, RouteId, Said,
        clock::View,
        course::Acknowledge,
        policy::{Kind, Policy, must_be_admin},
    },
    store::{
        self,
        book::Shelf,
        course::{Changed, Generation},
    },
};

/// So many clocks move at once.
const MOVES_MAX: usize = 1_000;
const HANDOFFS_AT_ONCE: i64 = 500;

/// A course after something was said of one of its clocks, and how that clock stands.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) course: Course,
    pub(crate) view: View,
}

/// The accountable side knows of a breach.
pub(crate) async fn acknowledge(
    tx: &mut Tx,
    shelf: &Shelf,
    by: &Actor,
    id: ClockId,
    said: Acknowledge,
) -> Result<Done> {
    let now = tx.now();
    tell(tx, shelf, by, id, |course, book| course.acknowledge(by, id, said, now, book)).await
}

/// The other side excuses a breach.
pub(crate) async fn excuse(tx: &mut Tx, shelf: &Shelf, by: &Actor, id: ClockId, reason: String) -> Result<Done> {
    let now = tx.now();
    tell(tx, shelf, by, id, |course, book| course.excuse(by, id, reason, now, book)).await
}

async fn tell(
    tx: &mut Tx,
    shelf: &Shelf,
    by: &Actor,
    id: ClockId,
    act: impl FnOnce(&mut Course, &Book) -> Result<Vec<Said>, Refused>,
) -> Result<Done> {
    store::course::enter(tx).await?;
    let found = store::course::lock_of(tx, id).await?;
    let mut course = found.ok_or(Refused::ClockNotFound(id))?;
    let book = shelf.pinned(tx.connection(), [&course]).await?;
    let said = act(&mut course, &book)?;
    let mut changed = Changed::default();
    say(tx, by, &mut course, &said, &mut changed)?;
    if !said.is_empty() {
        changed.courses.insert(course.id, course.clone());
        store::course::save(tx, Generation::CURRENT, &changed, &book).await?;
    }
    let clock = course.clocks.iter().find(|clock| clock.id == id).ok_or(Refused::ClockNotFound(id))?;
    Ok(Done { view: clock.view(tx.now(), &book), course })
}

/// Which clocks are to move, and where to.
#[derive(Debug, Clone)]
pub(crate) struct Migrate {
    pub(crate) policy_id: PolicyId,
    pub(crate) to_version: Option<i32>,
    pub(crate) route_id: Option<RouteId>,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) clock_id: Option<ClockId>,
    pub(crate) dry_run: bool,
}

/// What moved, or would.
#[derive(Debug)]
pub(crate) struct Moved {
    /// Each with how it stood before and after.
    pub(crate) moves: Vec<(Course, View, View)>,
    pub(crate) more: bool,
    pub(crate) to_version: i32,
}

/// Moves open clocks to a version of their policy; a dry run only says what would move.
pub(crate) async fn migrate(tx: &mut Tx, shelf: &Shelf, by: &Actor, asked: &Migrate) -> Result<Moved> {
    must_be_admin(by)?;
    store::course::enter(tx).await?;
    let found = store::policy::get(tx.connection(), &asked.policy_id, asked.to_version).await?;
    let Some(policy) = found else { return Err(no_version(tx, asked).await?.into()) };
    let mut moved = Moved { moves: vec![], more: false, to_version: policy.number };
    let mut changed = Changed::default();
    let mut after = HandoffId::from(uuid::Uuid::nil());
    let (id, route) = (asked.policy_id.as_str(), asked.route_id.as_ref().map(RouteId::as_str));
    let mut book = Book::default();
    loop {
        let found =
            store::course::of_policy(tx.connection(), id, route, asked.clock_id, after, HANDOFFS_AT_ONCE).await?;
        let Some(last) = found.last() else { break };
        after = *last;
        let courses = store::course::lock(tx, Generation::CURRENT, &found).await?;
        let teams: BTreeSet<_> = courses
            .values()
            .flat_map(|it| [it.standing.about.from_team.clone(), it.standing.about.to_team.clone()])
            .collect();
        let page = shelf.book(tx.connection(), &teams, &BTreeSet::new()).await?;
        book.calendars.clone_from(&page.calendars);
        for mut course in courses.into_values() {
            if moved.moves.len() >= MOVES_MAX {
                moved.more = true;
                break;
            }
            move_course(tx, by, &mut course, &policy, asked, &page, &mut moved, &mut changed)?;
        }
        if moved.more {
            break;
        }
    }
    if !asked.dry_run && !changed.courses.is_empty() {
        store::course::save(tx, Generation::CURRENT, &changed, &book).await?;
    }
    Ok(moved)
}

#[expect(clippy::too_many_arguments, reason = "what moves, by what, and where it is noted")]
fn move_course(
    tx: &mut Tx,
    by: &Actor,
    course: &mut Course,
    policy: &Policy,
    asked: &Migrate,
    book: &Book,
    moved: &mut Moved,
    changed: &mut Changed,
) -> Result<()> {
    let now = tx.now();
    let before: Vec<View> = course.clocks.iter().map(|clock| clock.view(now, book)).collect();
    let said = course.migrate(policy, &asked.kinds, asked.clock_id, now, book);
    for one in &said {
        if let Some(before) = before.iter().find(|view| view.clock.id == one.view.clock.id) {
            moved.moves.push((course.clone(), before.clone(), one.view.clone()));
        }
    }
    if !asked.dry_run && !said.is_empty() {
        say(tx, by, course, &said, changed)?;
        changed.courses.insert(course.id, course.clone());
    }
    Ok(())
}

async fn no_version(tx: &mut Tx, asked: &Migrate) -> Result<Refused> {
    Ok(match (asked.to_version, store::policy::get(tx.connection(), &asked.policy_id, None).await?) {
        (Some(version), Some(policy)) => Refused::NoVersion { what: format!("policy {}", policy.id), version },
        _ => Refused::PolicyNotFound(asked.policy_id.clone()),
    })
}
