//! What changed from one version of a content to another, key by key, and what it means for what is under way.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    content::{Constraints, Content, Evidence, Field, FieldType, Item, Rule, Severity},
    criteria::{self, Criteria, Trial},
    evaluation::CriterionKind,
    expression::Expression,
};

/// One change of one part of a content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What it is a part of; none for the content as a whole.
    pub part: Option<CriterionKind>,
    /// The key of the field, item or rule; empty for the content as a whole.
    pub key: String,
    /// What changed.
    pub kind: ChangeKind,
    /// What it means.
    pub class: ChangeClass,
    /// How it was, in words; empty where there was nothing. Long texts are shortened.
    pub was: String,
    /// How it is now; empty where there is nothing. Long texts are shortened.
    pub now: String,
}

/// The kinds of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeKind {
    /// The content needs another level of this library.
    Level,
    /// The key is new.
    Added,
    /// The key is gone.
    Removed,
    /// The field takes another type.
    Type,
    /// The field is always required, or no longer.
    Required,
    /// When the field is required: `required_if`.
    RequiredIf,
    /// When the field or item is shown: `visible_if`.
    VisibleIf,
    /// What the rule demands.
    Expression,
    /// The field's answers are bounded more tightly, or differently.
    ConstraintsNarrowed,
    /// The field's answers are bounded less tightly.
    ConstraintsWidened,
    /// How much it matters.
    Severity,
    /// What must come with the item's tick.
    Evidence,
    /// Who ticks the item.
    Side,
    /// Whether "does not apply" settles the item.
    MayBeNa,
    /// What the item is about.
    Category,
    /// Words: label, help, text, message, and conditions, patterns or choices that say the same in another way.
    Wording,
    /// The place among the others.
    Moved,
}

/// What a change means for submissions that were written under the version before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeClass {
    /// Words and order only: every submission is judged as before.
    Editorial,
    /// Its meaning changed, but what was admitted is admitted, and what was ready is ready.
    Compatible,
    /// A submission that was ready may no longer be, or an answer may no longer be admitted.
    Breaking,
}

impl ChangeClass {
    /// The gravest of the changes; none where there are none.
    pub fn of(changes: &[Change]) -> Option<Self> {
        changes.iter().map(|change| change.class).max()
    }
}

/// Every change from one content to another: of the whole, then field by field, item by item, rule by rule, in the order
/// of the new content with what is removed after it. Equal contents differ in nothing. Total.
///
/// # How a change is classed
/// *Words and order* are `EDITORIAL`: labels, helps, texts, messages, places, and expressions or bounds written
/// differently that are read as the same. Whatever makes nothing stricter is `COMPATIBLE`. `BREAKING` is:
///
/// - a field removed or of another type (texts of a stricter kind may become plain texts), and anything added to the
///   empty content, which until then admitted every answer;
/// - of what is BLOCKING in the new content: a required field, an item or a rule added; a severity raised to it; a field
///   required in more cases; constraints narrowed; a rule's expression changed; an item of the other side, with stricter
///   evidence, no longer allowed not to apply, or shown in other cases;
/// - a field shown in other cases, where it is BLOCKING or an expression names it; hidden in more cases, where an
///   expression names it and any expression tests with `has` or `in`, since being absent may be what such a test looks for;
///   required in more cases, where a BLOCKING rule needs it and would wait for it;
/// - another criteria level.
///
/// So where nothing is `BREAKING`, what a content that can be published admitted and judged ready, its successor admits
/// and judges ready. A draft that cannot be read is classed with the graver of what it could mean.
pub fn diff(from: &Content, to: &Content) -> Vec<Change> {
    let read = |content: &Content| {
        criteria::compile(content, Trial::Without).ok().filter(|_| content.criteria_level <= crate::LEVEL)
    };
    let (old, new) = (read(from), read(to));
    let mut diff = Diff { from_nothing: from.is_empty(), names: new.as_ref().map(Names::of), changes: vec![] };
    if from.criteria_level != to.criteria_level {
        let level = |content: &Content| content.criteria_level.to_string();
        diff.changes.push(Change {
            part: None,
            key: String::new(),
            kind: ChangeKind::Level,
            class: ChangeClass::Breaking,
            was: level(from),
            now: level(to),
        });
    }
    let old = Sources::of(from, old.as_ref());
    let new = Sources::of(to, new.as_ref());
    diff.parts(&old.fields, &new.fields, CriterionKind::Field);
    diff.parts(&old.items, &new.items, CriterionKind::Item);
    diff.parts(&old.rules, &new.rules, CriterionKind::Rule);
    diff.changes
}

/// The parts of a content, each with its expressions where they can be read.
struct Sources<'a> {
    fields: Vec<FieldSource<'a>>,
    items: Vec<ItemSource<'a>>,
    rules: Vec<RuleSource<'a>>,
}

struct FieldSource<'a> {
    field: &'a Field,
    required_if: Condition<'a>,
    visible_if: Condition<'a>,
}

struct ItemSource<'a> {
    item: &'a Item,
    visible_if: Condition<'a>,
}

struct RuleSource<'a> {
    rule: &'a Rule,
    expression: Condition<'a>,
}

/// An expression as written, and as read.
#[derive(Clone, Copy)]
struct Condition<'a> {
    written: Option<&'a str>,
    read: Option<&'a Expression>,
}

impl Condition<'_> {
    fn says_the_same_as(self, other: Self) -> bool {
        match (self.read, other.read) {
            (Some(one), Some(two)) => one.reads_as(two),
            _ => self.written == other.written,
        }
    }

    fn words(self) -> String {
        self.written.unwrap_or_default().to_owned()
    }
}

impl<'a> Sources<'a> {
    fn of(content: &'a Content, read: Option<&'a Criteria>) -> Self {
        let fields = content.fields.iter().enumerate().map(|(index, field)| {
            let checks = read.map(|read| &read.fields[index]);
            FieldSource {
                field,
                required_if: Condition {
                    written: field.required_if.as_deref(),
                    read: checks.and_then(|checks| checks.required_if.as_ref()),
                },
                visible_if: Condition {
                    written: field.visible_if.as_deref(),
                    read: checks.and_then(|checks| checks.visible_if.as_ref()),
                },
            }
        });
        let items = content.items.iter().enumerate().map(|(index, item)| {
            let read = read.and_then(|read| read.items[index].as_ref());
            ItemSource { item, visible_if: Condition { written: item.visible_if.as_deref(), read } }
        });
        let rules = content.rules.iter().enumerate().map(|(index, rule)| {
            let read = read.map(|read| &read.rules[index]);
            RuleSource { rule, expression: Condition { written: Some(&rule.expression), read } }
        });
        Self { fields: fields.collect(), items: items.collect(), rules: rules.collect() }
    }
}

/// What the expressions of the new content look at.
struct Names {
    by_any: BTreeSet<String>,
    needed_by_blocking_rules: BTreeSet<String>,
    any_test: bool,
}

impl Names {
    fn of(criteria: &Criteria) -> Self {
        let of_fields = criteria.fields.iter().flat_map(|field| field.visible_if.iter().chain(&field.required_if));
        let all: Vec<&Expression> = of_fields.chain(criteria.items.iter().flatten()).chain(&criteria.rules).collect();
        let blocking = criteria.content.rules.iter().zip(&criteria.rules);
        let blocking = blocking.filter(|(rule, _)| rule.severity == Severity::Blocking);
        Self {
            by_any: all.iter().flat_map(|expression| expression.names()).map(str::to_owned).collect(),
            needed_by_blocking_rules: blocking.flat_map(|(_, expression)| expression.needs.iter().cloned()).collect(),
            any_test: all.iter().any(|expression| !expression.tests.is_empty()),
        }
    }
}

/// A field, item or rule, with what is compared of it.
trait Part {
    fn key(&self) -> &str;
    fn words(&self) -> &str;
    fn is_gate_when_added(&self) -> bool;
    fn compare(&self, now: &Self, with: &mut Comparison<'_>);
}

struct Diff {
    from_nothing: bool,
    /// None where the new content cannot be read.
    names: Option<Names>,
    changes: Vec<Change>,
}

/// The changes of one part, as they are found.
struct Comparison<'a> {
    part: CriterionKind,
    key: &'a str,
    names: Option<&'a Names>,
    changes: Vec<Change>,
}

impl Comparison<'_> {
    fn changed(&mut self, kind: ChangeKind, is_breaking: bool, was: impl Into<String>, now: impl Into<String>) {
        let class = match kind {
            ChangeKind::Wording | ChangeKind::Moved => ChangeClass::Editorial,
            _ if is_breaking => ChangeClass::Breaking,
            _ => ChangeClass::Compatible,
        };
        let (was, now) = (short(&was.into()), short(&now.into()));
        self.changes.push(Change { part: Some(self.part), key: self.key.to_owned(), kind, class, was, now });
    }

    fn words(&mut self, was: &str, now: &str) {
        if was != now {
            self.changed(ChangeKind::Wording, false, was, now);
        }
    }

    /// A condition; `is_breaking` is asked only where it does not say the same as before.
    fn condition(&mut self, kind: ChangeKind, was: Condition<'_>, now: Condition<'_>, is_breaking: bool) {
        if was.written == now.written {
            return;
        }
        let kind = if was.says_the_same_as(now) { ChangeKind::Wording } else { kind };
        self.changed(kind, is_breaking, was.words(), now.words());
    }

    fn severity(&mut self, was: Severity, now: Severity) {
        if was != now {
            self.changed(ChangeKind::Severity, now == Severity::Blocking, name_of(&was), name_of(&now));
        }
    }
}

impl Diff {
    /// Compares the parts of one kind. A key that occurs twice, in a flawed draft, is compared occurrence by occurrence.
    fn parts<P: Part>(&mut self, old: &[P], new: &[P], part: CriterionKind) {
        let (old_keys, new_keys) = (occurrences(old), occurrences(new));
        let was_at: BTreeMap<_, usize> = old_keys.iter().enumerate().map(|(index, key)| (*key, index)).collect();
        let stayed = unmoved(&new_keys.iter().map(|key| was_at.get(key).copied()).collect::<Vec<_>>());
        for (index, (now, key)) in new.iter().zip(&new_keys).enumerate() {
            let mut comparison = Comparison { part, key: key.0, names: self.names.as_ref(), changes: vec![] };
            if let Some(&before) = was_at.get(key) {
                old[before].compare(now, &mut comparison);
                if !stayed.contains(&index) {
                    let place = |index: usize| format!("place {}", index + 1);
                    comparison.changed(ChangeKind::Moved, false, place(before), place(index));
                }
            } else {
                let is_breaking = self.from_nothing || now.is_gate_when_added();
                comparison.changed(ChangeKind::Added, is_breaking, "", now.words());
            }
            self.changes.extend(comparison.changes);
        }
        let remaining: BTreeSet<_> = new_keys.iter().collect();
        for (was, key) in old.iter().zip(&old_keys).filter(|(_, key)| !remaining.contains(key)) {
            let mut comparison = Comparison { part, key: key.0, names: self.names.as_ref(), changes: vec![] };
            // An answer has nowhere to stand without its field; without an item or a rule less is asked for.
            comparison.changed(ChangeKind::Removed, part == CriterionKind::Field, was.words(), "");
            self.changes.extend(comparison.changes);
        }
    }
}

impl Part for FieldSource<'_> {
    fn key(&self) -> &str {
        &self.field.key
    }

    fn words(&self) -> &str {
        &self.field.label
    }

    fn is_gate_when_added(&self) -> bool {
        self.field.severity == Severity::Blocking && (self.field.required || self.required_if.written.is_some())
    }

    fn compare(&self, now: &Self, with: &mut Comparison<'_>) {
        let (was, is) = (self.field, now.field);
        let is_blocking = is.severity == Severity::Blocking;
        let is_named = with.names.is_none_or(|names| names.by_any.contains(&is.key));
        let is_awaited = with.names.is_none_or(|names| names.needed_by_blocking_rules.contains(&is.key));
        let any_test = with.names.is_none_or(|names| names.any_test);

        with.words(&was.label, &is.label);
        with.words(&was.help, &is.help);
        if was.r#type != is.r#type {
            let is_plain = matches!(is.r#type, FieldType::Text | FieldType::LongText | FieldType::Person);
            let is_breaking = !(was.r#type.is_text() && is_plain);
            with.changed(ChangeKind::Type, is_breaking, name_of(&was.r#type), name_of(&is.r#type));
        }
        let asks_more = is_blocking || is_awaited;
        if was.required != is.required {
            let words = |required| if required { "required" } else { "optional" };
            with.changed(ChangeKind::Required, is.required && asks_more, words(was.required), words(is.required));
        }
        let may_ask_more = asks_more && now.required_if.written.is_some() && !was.required;
        with.condition(ChangeKind::RequiredIf, self.required_if, now.required_if, may_ask_more);
        let only_hides = self.visible_if.written.is_none();
        let sees_another = if only_hides { is_named && any_test } else { is_blocking || is_named };
        with.condition(ChangeKind::VisibleIf, self.visible_if, now.visible_if, sees_another);
        with.severity(was.severity, is.severity);
        compare_constraints(was, is, with);
    }
}

impl Part for ItemSource<'_> {
    fn key(&self) -> &str {
        &self.item.key
    }

    fn words(&self) -> &str {
        &self.item.text
    }

    fn is_gate_when_added(&self) -> bool {
        self.item.severity == Severity::Blocking
    }

    fn compare(&self, now: &Self, with: &mut Comparison<'_>) {
        let (was, is) = (self.item, now.item);
        let is_blocking = is.severity == Severity::Blocking;
        with.words(&was.text, &is.text);
        if was.category != is.category {
            with.changed(ChangeKind::Category, false, name_of(&was.category), name_of(&is.category));
        }
        if was.side != is.side {
            with.changed(ChangeKind::Side, is_blocking, name_of(&was.side), name_of(&is.side));
        }
        with.severity(was.severity, is.severity);
        if was.evidence != is.evidence {
            let is_laxer = matches!(
                (was.evidence, is.evidence),
                (_, Evidence::None)
                    | (Evidence::Link | Evidence::Attachment, Evidence::Text)
                    | (Evidence::Attachment, Evidence::Link)
            );
            let is_breaking = is_blocking && !is_laxer;
            with.changed(ChangeKind::Evidence, is_breaking, name_of(&was.evidence), name_of(&is.evidence));
        }
        if was.may_be_na != is.may_be_na {
            let words = |may| if may { "may not apply" } else { "always applies" };
            with.changed(ChangeKind::MayBeNa, is_blocking && was.may_be_na, words(was.may_be_na), words(is.may_be_na));
        }
        let may_show = is_blocking && self.visible_if.written.is_some();
        with.condition(ChangeKind::VisibleIf, self.visible_if, now.visible_if, may_show);
    }
}

impl Part for RuleSource<'_> {
    fn key(&self) -> &str {
        &self.rule.key
    }

    fn words(&self) -> &str {
        &self.rule.message
    }

    fn is_gate_when_added(&self) -> bool {
        self.rule.severity == Severity::Blocking
    }

    fn compare(&self, now: &Self, with: &mut Comparison<'_>) {
        let is_blocking = now.rule.severity == Severity::Blocking;
        with.words(&self.rule.message, &now.rule.message);
        with.condition(ChangeKind::Expression, self.expression, now.expression, is_blocking);
        with.severity(self.rule.severity, now.rule.severity);
    }
}

fn compare_constraints(was: &Field, is: &Field, with: &mut Comparison<'_>) {
    let (old, new) = (&was.constraints, &is.constraints);
    // Decimals compare by value; their digits count for the hash of a content.
    if old == new && bounds(old) == bounds(new) {
        return;
    }
    let raised = |old: bool, rises: bool, new: bool| new && (!old || rises);
    let is_narrower = raised(old.min.is_some(), new.min > old.min, new.min.is_some())
        || raised(old.max.is_some(), new.max < old.max, new.max.is_some())
        || raised(old.min_length.is_some(), new.min_length > old.min_length, new.min_length.is_some())
        || raised(old.max_length.is_some(), new.max_length < old.max_length, new.max_length.is_some())
        || (new.pattern.is_some() && new.pattern != old.pattern)
        || (is.r#type.is_choice() && old.choices.iter().any(|choice| !new.choices.contains(choice)));
    let set = |choices: &[String]| choices.iter().cloned().collect::<BTreeSet<_>>();
    // What is left then is the order of the choices, and digits.
    let is_same = Constraints { choices: vec![], ..old.clone() } == Constraints { choices: vec![], ..new.clone() }
        && set(&old.choices) == set(&new.choices);
    let kind = match (is_narrower, is_same) {
        (true, _) => ChangeKind::ConstraintsNarrowed,
        (false, true) => ChangeKind::Wording,
        (false, false) => ChangeKind::ConstraintsWidened,
    };
    let is_breaking = is_narrower && is.severity == Severity::Blocking;
    with.changed(kind, is_breaking, bounds(old), bounds(new));
}

/// The bounds in words: `from 1 to 10, one of a, b`.
fn bounds(constraints: &Constraints) -> String {
    let Constraints { min, max, min_length, max_length, pattern, choices } = constraints;
    let parts = [
        min.map(|min| format!("from {min}")),
        max.map(|max| format!("to {max}")),
        min_length.map(|length| format!("at least {length} long")),
        max_length.map(|length| format!("at most {length} long")),
        pattern.as_ref().map(|pattern| format!("like {pattern}")),
        (!choices.is_empty()).then(|| format!("one of {}", choices.join(", "))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Every key with how often it occurred before.
fn occurrences<P: Part>(parts: &[P]) -> Vec<(&str, usize)> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let count = |part| {
        let times = seen.entry(P::key(part)).or_default();
        *times += 1;
        (P::key(part), *times - 1)
    };
    parts.iter().map(count).collect()
}

/// The indices whose earlier places rise: the most that can be said to have stayed where they were.
fn unmoved(places: &[Option<usize>]) -> BTreeSet<usize> {
    let known: Vec<(usize, usize)> =
        places.iter().enumerate().filter_map(|(index, place)| Some((index, (*place)?))).collect();
    // The longest rising run that ends at each, and the one before it in that run.
    let mut runs: Vec<(usize, Option<usize>)> = Vec::with_capacity(known.len());
    for (at, (_, place)) in known.iter().enumerate() {
        let best =
            (0..at).filter(|&before| known[before].1 < *place).max_by_key(|&before| (runs[before].0, at - before));
        runs.push((best.map_or(1, |before| runs[before].0 + 1), best));
    }
    let mut stayed = BTreeSet::new();
    let mut at = (0..runs.len()).max_by_key(|&at| runs[at].0);
    while let Some(index) = at {
        stayed.insert(known[index].0);
        at = runs[index].1;
    }
    stayed
}

/// The name of an enum's member, as it is serialized.
fn name_of(member: &impl Serialize) -> String {
    serde_json::to_value(member).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn short(text: &str) -> String {
    const SHOWN: usize = 500;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
