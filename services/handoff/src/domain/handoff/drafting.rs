//! What upstream does before it hands over: update, tick, submit. (Downstream ticks its own items later.)

use std::collections::{BTreeMap, BTreeSet};

use criteria::{Content, ReviewDecision, ReviewRule, Tick, TickState, Value};
use kernel::{Timestamp, Violation};

use super::{Edit, Fact, Handoff};
use crate::domain::{
    Acting, Command, Happened, Refused, Side, State, limits::ATTEMPTS_MAX, outside, refused::violation,
};

/// Where upstream prepares or mends what it hands over.
pub(super) const EDITABLE: &[State] = &[State::Draft, State::Rejected, State::Returned];
/// Where downstream works through its own items.
const WORKING: &[State] = &[State::Accepted, State::InProgress];

/// Changes of what is handed over.
#[derive(Clone, Debug, Default)]
pub struct Update {
    /// All the answers, in place of those that are there; made before the edits.
    pub all_fields: Option<BTreeMap<String, Value>>,
    /// Single changes, in order.
    pub edits: Vec<Edit>,
}

/// How far an item of the checklist is.
#[derive(Clone, Debug)]
pub struct TickItem {
    /// The item's key.
    pub item: String,
    /// How far it is.
    pub tick: Tick,
}

impl Handoff {
    /// Upstream changes what it hands over. Edits that change nothing make no fact.
    pub fn update(&mut self, by: Acting<'_>, update: Update, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = self.mandate(Side::Upstream, by)?;
        self.must_be_in(EDITABLE, Command::Update)?;
        let edits = self.in_full(update);
        Refused::unless_valid(self.flaws(&edits))?;
        let edits: Vec<Edit> = edits.into_iter().filter(|edit| self.changes_with(edit)).collect();
        if edits.is_empty() {
            return Ok(Happened::nothing());
        }
        self.must_be_free_to_change(&edits)?;
        self.happen(vec![Fact::Edited(edits)], mandate, now)
    }

    /// The item's side ticks it: upstream while it may edit, downstream while it works. An item already so changes nothing.
    pub fn tick(&mut self, by: Acting<'_>, tick: TickItem, now: Timestamp) -> Result<Happened, Refused> {
        let TickItem { item, tick } = tick;
        let Some(side) = self.criteria.item(&item).map(|item| item.side) else {
            // Not before the caller has shown to belong to either side: what a template asks is the two teams' matter.
            self.mandate(Side::Upstream, by).or_else(|_| self.mandate(Side::Downstream, by))?;
            let description = format!("the pinned template version has no item `{item}`");
            return Err(Refused::Invalid(vec![violation("item", description)]));
        };
        let mandate = self.mandate(side, by)?;
        let allowed = match side {
            Side::Upstream => EDITABLE,
            Side::Downstream => WORKING,
        };
        self.must_be_in(allowed, Command::TickItem)?;
        if tick.state == TickState::NotApplicable && tick.reason.as_ref().is_none_or(|reason| reason.trim().is_empty())
        {
            return Err(Refused::Invalid(vec![violation("tick.reason", "say why the item does not apply")]));
        }
        if self.submission.items.get(&item).map_or(tick == Tick::default(), |before| *before == tick) {
            return Ok(Happened::nothing());
        }
        self.happen(vec![Fact::ItemChanged { item, side, tick }], mandate, now)
    }

    /// Upstream hands over; `first_time_pair`: no handoff of this route was completed before. Refused with every unmet
    /// blocking criterion. Submitting again what is submitted changes nothing.
    pub fn submit(&mut self, by: Acting<'_>, first_time_pair: bool, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = self.mandate(Side::Upstream, by)?;
        if self.is_repeat(Command::Submit, None, &mandate) {
            return Ok(Happened::nothing());
        }
        self.must_be_in(EDITABLE, Command::Submit)?;
        let evaluation = self.evaluate(first_time_pair);
        if !evaluation.is_ready() {
            return Err(Refused::CriteriaUnmet(evaluation.blocking_unmet().cloned().collect()));
        }
        let attempt = self.next_attempt()?;
        let mut facts = vec![Fact::Submitted {
            attempt,
            content_hash: self.to_freeze().hash(),
            results: evaluation.results,
            first_time_pair,
            review: self.review_decision(attempt, first_time_pair),
        }];
        facts.extend(self.endings(Command::Submit));
        self.happen(facts, mandate, now)
    }

    /// The number of the attempt that a submit makes.
    pub(in crate::domain) fn next_attempt(&self) -> Result<i32, Refused> {
        match self.attempt() {
            attempt if attempt >= ATTEMPTS_MAX => {
                Err(Refused::TooMany { what: "attempts", max: ATTEMPTS_MAX.unsigned_abs() as usize })
            }
            attempt => Ok(attempt + 1),
        }
    }

    /// What the rule of its terms says of an attempt. A rule that this service cannot read requires a review.
    fn review_decision(&self, attempt: i32, first_time_pair: bool) -> ReviewDecision {
        let rule = match self.terms.review_rule.as_str() {
            ReviewRule::DEFAULT_TEXT => Ok(ReviewRule::default()),
            text => ReviewRule::compile(text),
        };
        match rule {
            Ok(rule) => rule.decide(&self.submission, &self.circumstances(attempt, first_time_pair)),
            Err(bad) => ReviewDecision { required: true, why: format!("the rule cannot be read: {bad}") },
        }
    }

    /// The update as single edits, the last of each path; all the answers become those that are set and those that are taken away.
    fn in_full(&self, update: Update) -> Vec<Edit> {
        let mut edits: BTreeMap<String, Edit> = BTreeMap::new();
        let mut put = |edit: Edit| edits.insert(edit.path(), edit);
        if let Some(fields) = update.all_fields {
            for key in self.submission.fields.keys().filter(|key| !fields.contains_key(*key)) {
                put(Edit::Field(key.clone(), None));
            }
            for (key, value) in fields {
                put(Edit::Field(key, Some(value)));
            }
        }
        for edit in update.edits {
            put(edit);
        }
        edits.into_values().collect()
    }

    /// Everything that is malformed in the edits, at once.
    fn flaws(&self, edits: &[Edit]) -> Vec<Violation> {
        let content = self.criteria.content();
        let flaws_of = |edit: &Edit| match edit {
            Edit::Field(key, Some(value)) => misfit(content, key, value).into_iter().collect(),
            Edit::Links(links) => outside::doubles(links).collect(),
            _ => vec![],
        };
        edits.iter().flat_map(flaws_of).collect()
    }

    fn changes_with(&self, edit: &Edit) -> bool {
        match edit {
            Edit::Title(title) => self.title != *title,
            Edit::Priority(priority) => self.priority != *priority,
            Edit::Summary(summary) => self.summary != *summary,
            Edit::Field(key, value) => self.submission.fields.get(key) != value.as_ref(),
            Edit::Links(links) => self.links != *links,
            Edit::Attachments(attachments) => self.attachments != *attachments,
            Edit::DeliverBy(deliver_by) => self.deliver_by != *deliver_by,
        }
    }

    /// Priority and promise are upstream's own only until the other side has seen them.
    fn must_be_free_to_change(&self, edits: &[Edit]) -> Result<(), Refused> {
        let shared = |edit: &Edit| match edit {
            Edit::Priority(_) => Some("priority"),
            Edit::DeliverBy(_) => Some("deliver_by"),
            _ => None,
        };
        let shared: BTreeSet<_> = edits.iter().filter_map(shared).collect();
        if self.attempts.is_empty() || shared.is_empty() {
            return Ok(());
        }
        Err(Refused::NeedsAgreement(shared.into_iter().collect()))
    }
}

/// Every answer that cannot be written down.
pub(in crate::domain) fn misfits(
    content: &Content,
    fields: &BTreeMap<String, Value>,
) -> impl Iterator<Item = Violation> {
    fields.iter().filter_map(|(key, value)| misfit(content, key, value))
}

fn misfit(content: &Content, key: &str, value: &Value) -> Option<Violation> {
    content.admit(key, value).err().map(|misfit| violation(format!("fields.{key}"), misfit.message))
}
