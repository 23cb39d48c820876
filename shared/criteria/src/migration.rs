//! What becomes of a draft's answers and ticks under another version of its template.

use std::collections::BTreeMap;

use crate::{
    admit::{self, Shortfall},
    content::{Content, Item, Side},
    evaluation::Outcome,
    judge::judge_tick,
    pattern,
    submission::{Submission, Tick, TickState},
    value::Value,
};

/// A submission carried over to another version: every answer and tick is in exactly one of `submission` and `archived`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migration {
    /// What goes on: the new version admits all of it.
    pub submission: Submission,
    /// The keys of what goes on as it is, fields before items, each by key.
    pub kept: Vec<String>,
    /// What somebody has to look at, fields before items, each by key: what goes on but no longer counts as it did, and
    /// what had to be archived although its key goes on. What is archived with its key is not flagged.
    pub flagged: Vec<Flag>,
    /// What the new version has no place for.
    pub archived: Submission,
}

/// One answer or tick that the new version takes differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Its key.
    pub key: String,
    /// What is the matter, and what to do.
    pub problem: String,
}

/// Carries a submission over from one content to another. An answer goes on where the new content admits it
/// ([`Content::admit`]), a tick where the new content has its item on the same side; both are flagged where they counted
/// before, or were not asked for, and do not count now (a narrower constraint, a choice that is gone, other evidence,
/// "does not apply" no longer allowed). Total; to an equal content nothing changes and nothing is flagged.
pub fn migrate(from: &Content, to: &Content, submission: &Submission) -> Migration {
    let mut migration = Migration::default();
    let Submission { fields, items } = submission;
    for (key, answer) in fields {
        migration.answer(from, to, key, answer);
    }
    let (old, new) = (by_key(from), by_key(to));
    for (key, tick) in items {
        migration.tick(old.get(key.as_str()).copied(), new.get(key.as_str()).copied(), key, tick);
    }
    migration
}

impl Migration {
    fn answer(&mut self, from: &Content, to: &Content, key: &str, answer: &Value) {
        if let Err(misfit) = to.admit(key, answer) {
            self.archived.fields.insert(key.to_owned(), answer.clone());
            if to.field(key).is_some() && !answer.is_empty() {
                self.flag(key, format!("{misfit}: what was given is archived; give it anew"));
            }
            return;
        }
        self.submission.fields.insert(key.to_owned(), answer.clone());
        match shortfall(to, key, answer).filter(|_| shortfall(from, key, answer).is_none()) {
            Some(Shortfall { problem, fix }) => self.flag(key, format!("{problem}; {fix}")),
            None => self.kept.push(key.to_owned()),
        }
    }

    fn tick(&mut self, old: Option<&Item>, new: Option<&Item>, key: &str, tick: &Tick) {
        let new = match (old, new) {
            (_, None) => {
                self.archived.items.insert(key.to_owned(), tick.clone());
                return;
            }
            // One side's word does not stand for the other's.
            (Some(old), Some(new)) if old.side != new.side => {
                self.archived.items.insert(key.to_owned(), tick.clone());
                if tick.state != TickState::Open {
                    let side = match new.side {
                        Side::Upstream => "upstream",
                        Side::Downstream => "downstream",
                    };
                    let problem =
                        format!("{}: it is now {side}'s to tick; the tick is archived, let {side} tick it", new.text);
                    self.flag(key, problem);
                }
                return;
            }
            (_, Some(new)) => new,
        };
        self.submission.items.insert(key.to_owned(), tick.clone());
        let said = tick.state != TickState::Open && old.is_none_or(|old| unmet(old, tick).is_none());
        match unmet(new, tick).filter(|_| said) {
            Some(Shortfall { problem, fix }) => self.flag(key, format!("{problem}; {fix}")),
            None => self.kept.push(key.to_owned()),
        }
    }

    fn flag(&mut self, key: &str, problem: String) {
        self.flagged.push(Flag { key: key.to_owned(), problem });
    }
}

fn by_key(content: &Content) -> BTreeMap<&str, &Item> {
    content.items.iter().map(|item| (item.key.as_str(), item)).collect()
}

/// Why the answer would not count where it is asked for; none where it counts, says nothing, or is not asked for.
fn shortfall(content: &Content, key: &str, answer: &Value) -> Option<Shortfall> {
    let field = content.field(key).filter(|_| !answer.is_empty())?;
    if !answer.is_of(field.r#type) {
        let problem = format!("{}: expects {}, not {}", field.label, field.r#type.expects(), answer.kind());
        return Some(Shortfall { problem, fix: format!("give it anew (`{key}`)") });
    }
    let pattern = field.constraints.pattern.as_deref().and_then(|pattern| pattern::whole(pattern).ok());
    admit::judge(field, pattern.as_ref(), answer).err()
}

fn unmet(item: &Item, tick: &Tick) -> Option<Shortfall> {
    match judge_tick(item, tick) {
        Err((Outcome::Unmet, shortfall)) => Some(shortfall),
        _ => None,
    }
}
