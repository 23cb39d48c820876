//! Asking both sides of a handoff how it went, and keeping what they answer.

use chassis::{Seal, Tx};
use kernel::{Actor, Result};

use super::hear::New;
use crate::{
    domain::{
        Refused, Story,
        heard::{Heard, What},
        survey::{self, Answer, By, CAP_SECONDS, Fact, Occasion, Questions, Survey, SurveyId},
    },
    store::{self, Generation},
};

/// Asks both sides of what was just completed, or cancelled after a submit, and plans to ask them again. History asks nobody, nor
/// does what ended so long ago that they would be asked twice at once.
pub(crate) async fn react(tx: &mut Tx, generation: Generation, new: &New) -> Result<()> {
    let now = tx.now();
    let asks = |heard: &Heard| !heard.historic && survey::follow_up_at(heard.at) > now;
    let ended = new.iter().filter(|(heard, _)| asks(heard)).filter_map(|(heard, told)| match told.what {
        What::Completed => Some((heard, told, Occasion::Completed)),
        What::Cancelled => Some((heard, told, Occasion::Cancelled)),
        _ => None,
    });
    let ended: Vec<_> = ended.collect();
    if ended.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = ended.iter().map(|(_, told, _)| told.id).collect();
    let kept = store::handoff::load(tx, generation, &ids).await?;
    for (heard, told, occasion) in ended {
        let Some(kept) = kept.get(&told.id) else { continue };
        let story = kept.story.through(heard.sequence, &told.about);
        let was_submitted = story.facts.iter().any(|fact| matches!(fact.what, What::Submitted { .. }));
        if was_submitted || occasion == Occasion::Completed {
            tx.caused_by(&heard.aggregate, heard.sequence);
            invite(tx, &story, occasion).await?;
            store::survey::insert_follow_up(tx, told.id, survey::follow_up_at(heard.at)).await?;
        }
    }
    Ok(())
}

/// Asks again where that is due; what is open again by then is not asked about. Returns of how many handoffs it was due.
pub(crate) async fn follow_up(tx: &mut Tx) -> Result<usize> {
    let generation = Generation::enter(tx).await?;
    let due = store::survey::take_follow_ups(tx).await?;
    let ids: Vec<_> = due.iter().map(|(_, id)| *id).collect();
    let kept = store::handoff::load(tx, generation, &ids).await?;
    for (due_at, id) in &due {
        let story = kept.get(id).map(|kept| &kept.story).filter(|story| survey::is_asked_again(story, *due_at));
        if let Some(story) = story {
            invite(tx, story, Occasion::FollowUp).await?;
        }
    }
    Ok(due.len())
}

async fn invite(tx: &mut Tx, story: &Story, occasion: Occasion) -> Result<()> {
    let services = store::survey::services(tx).await?;
    let asked = survey::asked(story, |name| services.contains(name));
    if asked.is_empty() {
        return Ok(());
    }
    let seal = Seal::load(tx.connection(), store::survey::LINK).await?;
    let questions = store::survey::questions(tx.connection()).await?;
    let now = tx.now();
    for (side, person) in asked {
        let id = tx.new_id();
        let is_capped = store::survey::is_asked_since(tx, &person, now.plus_seconds(-CAP_SECONDS)).await?;
        let to = (side, person);
        let mut survey = Survey::invite(id.into(), story, to, occasion, questions.clone(), seal.seal(id), now);
        if is_capped {
            store::survey::cap(tx, &survey).await?;
        } else {
            tx.emit(&mut survey, &Actor::System, &[Fact::Invited])?;
            store::survey::insert(tx, &survey).await?;
        }
    }
    Ok(())
}

/// An answer, once.
pub(crate) async fn answer(tx: &mut Tx, by: &Actor, id: SurveyId, how: By, answer: Answer) -> Result<Survey> {
    let seal = Seal::load(tx.connection(), store::survey::LINK).await?;
    let found = store::survey::lock(tx, &seal, id).await?;
    let mut survey = found.ok_or(Refused::SurveyNotFound(id))?;
    if survey.answer(by, how, answer, tx.now())? {
        tx.emit(&mut survey, by, &[Fact::Answered])?;
        store::survey::update(tx, &survey).await?;
    }
    Ok(survey)
}

/// What is asked from now on; the same again changes nothing.
pub(crate) async fn set_questions(tx: &mut Tx, by: &Actor, asked: &Questions) -> Result<Questions> {
    if !by.is_admin() {
        return Err(Refused::AdminOnly.into());
    }
    loop {
        let latest = store::survey::questions(tx.connection()).await?;
        let next = Questions { version: latest.version + 1, ..asked.clone() };
        if (Questions { version: latest.version, ..next.clone() }) == latest {
            return Ok(latest);
        }
        if store::survey::insert_questions(tx, &next, by.name()).await? {
            return Ok(next);
        }
    }
}
