//! The judgement of a submission: first what is visible, then what is required, then every criterion.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    admit::{self, Shortfall},
    content::{Evidence, Field, FieldType, Item, Rule, Severity, Side},
    criteria::Criteria,
    evaluation::{CriterionKind, CriterionResult, Evaluation, Outcome},
    expression::{Expression, to_cel},
    submission::{Circumstances, Submission, Tick, TickState},
    value::Value,
};

/// How a field stands before it is judged.
enum Standing {
    Hidden,
    Empty,
    /// Given, but not what its type takes.
    Unfit,
    Known(cel::Value),
}

/// What an expression answers.
enum Answer {
    Is(bool),
    /// It cannot be asked: these fields that it needs are hidden or empty.
    Lacks(Vec<usize>),
    Failed(String),
}

struct Judge<'a> {
    criteria: &'a Criteria,
    submission: &'a Submission,
    circumstances: &'a Circumstances<'a>,
    index_of: BTreeMap<&'a str, usize>,
    standings: Vec<Standing>,
    /// Whether a field must be given, and a note where its conditions failed.
    required: Vec<(bool, Option<String>)>,
}

impl Criteria {
    /// Judges a submission: every field, upstream item and rule with its outcome, in the order of the template. `waived`
    /// are the criteria that downstream does without. Total: it answers for whatever is submitted.
    pub fn evaluate(
        &self,
        submission: &Submission,
        circumstances: &Circumstances<'_>,
        waived: &BTreeSet<String>,
    ) -> Evaluation {
        let judge = Judge::new(self, submission, circumstances);
        let fields = self.content.fields.iter().enumerate().map(|(index, field)| judge.field(index, field));
        let rules = self.content.rules.iter().zip(&self.rules).map(|(rule, expression)| judge.rule(rule, expression));
        let mut results: Vec<_> = fields.chain(judge.items(Side::Upstream)).chain(rules).collect();
        for result in &mut results {
            if result.outcome == Outcome::Unmet && waived.contains(&result.key) {
                result.outcome = Outcome::Waived;
            }
        }
        Evaluation { results }
    }

    /// Judges one side's items alone; downstream's must be ready before the work is completed.
    pub fn evaluate_items(&self, side: Side, submission: &Submission, circumstances: &Circumstances<'_>) -> Evaluation {
        Evaluation { results: Judge::new(self, submission, circumstances).items(side).collect() }
    }
}

impl<'a> Judge<'a> {
    fn new(criteria: &'a Criteria, submission: &'a Submission, circumstances: &'a Circumstances<'a>) -> Self {
        let fields = &criteria.content.fields;
        let mut judge = Self {
            criteria,
            submission,
            circumstances,
            index_of: fields.iter().enumerate().map(|(index, field)| (field.key.as_str(), index)).collect(),
            standings: fields.iter().map(|_| Standing::Hidden).collect(),
            required: fields.iter().map(|field| (field.required, None)).collect(),
        };
        for &index in &criteria.order {
            judge.standings[index] = judge.standing(index);
        }
        for (index, checks) in criteria.fields.iter().enumerate() {
            if let Some(condition) = &checks.required_if {
                match judge.ask(condition) {
                    Answer::Is(is_required) => judge.required[index].0 |= is_required,
                    Answer::Lacks(_) => {}
                    Answer::Failed(message) => {
                        let note = format!("required, because its `required_if` failed: {message}");
                        judge.required[index] = (true, Some(note));
                    }
                }
            }
        }
        judge
    }

    fn standing(&self, index: usize) -> Standing {
        let field = &self.criteria.content.fields[index];
        if !self.is_visible(self.criteria.fields[index].visible_if.as_ref()) {
            return Standing::Hidden;
        }
        match self.answer_to(field) {
            None => Standing::Empty,
            Some(value) if !value.is_of(field.r#type) || admit::well_formed(value).is_err() => Standing::Unfit,
            Some(value) => to_cel(value).map_or(Standing::Unfit, Standing::Known),
        }
    }

    fn answer_to(&self, field: &Field) -> Option<&'a Value> {
        self.submission.fields.get(&field.key).filter(|value| !value.is_empty())
    }

    /// A condition that fails hides nothing: the gate stays shut.
    fn is_visible(&self, condition: Option<&Expression>) -> bool {
        condition.is_none_or(|condition| match self.ask(condition) {
            Answer::Is(visible) => visible,
            Answer::Lacks(_) => false,
            Answer::Failed(_) => true,
        })
    }

    fn ask(&self, expression: &Expression) -> Answer {
        let standing = |name: &str| self.index_of.get(name).map(|&index| (index, &self.standings[index]));
        let lacks: Vec<usize> = expression
            .needs
            .iter()
            .filter_map(|name| standing(name))
            .filter(|(_, standing)| matches!(standing, Standing::Hidden | Standing::Empty))
            .map(|(index, _)| index)
            .collect();
        if !lacks.is_empty() {
            return Answer::Lacks(lacks);
        }
        if let Some(name) = expression.names().find(|name| matches!(standing(name), Some((_, Standing::Unfit)))) {
            return Answer::Failed(format!("`{name}` is not what its type takes"));
        }
        let known = |name: &str| match standing(name) {
            Some((_, Standing::Known(value))) => Some(value),
            _ => None,
        };
        match expression.judge(known, self.circumstances) {
            Ok(answer) => Answer::Is(answer),
            Err(failure) => Answer::Failed(failure.message().to_owned()),
        }
    }

    fn field(&self, index: usize, field: &Field) -> CriterionResult {
        let checks = &self.criteria.fields[index];
        let verdict = match (&self.standings[index], self.answer_to(field)) {
            (Standing::Hidden, _) => Err((Outcome::NotApplicable, hidden())),
            (Standing::Empty, _) | (_, None) => match &self.required[index] {
                (false, _) => Err((Outcome::NotApplicable, plain("optional, and not given"))),
                (true, note) => Err((Outcome::Unmet, missing(field, note.as_deref()))),
            },
            (Standing::Unfit, Some(value)) if !value.is_of(field.r#type) => {
                Err((Outcome::Unmet, wrong_type(field, value)))
            }
            (Standing::Unfit | Standing::Known(_), Some(value)) => {
                admit::judge(field, checks.pattern.as_ref(), value).map_err(|shortfall| (Outcome::Unmet, shortfall))
            }
        };
        result(&field.key, CriterionKind::Field, field.severity, verdict)
    }

    fn items(&self, side: Side) -> impl Iterator<Item = CriterionResult> {
        let items = self.criteria.content.items.iter().zip(&self.criteria.items);
        items.filter(move |(item, _)| item.side == side).map(|(item, visible_if)| self.item(item, visible_if.as_ref()))
    }

    fn item(&self, item: &Item, visible_if: Option<&Expression>) -> CriterionResult {
        let open = Tick::default();
        let tick = self.submission.items.get(&item.key).unwrap_or(&open);
        let verdict =
            if self.is_visible(visible_if) { judge_tick(item, tick) } else { Err((Outcome::NotApplicable, hidden())) };
        result(&item.key, CriterionKind::Item, item.severity, verdict)
    }

    fn rule(&self, rule: &Rule, expression: &Expression) -> CriterionResult {
        let key_list = |indices: &[usize]| {
            let keys = indices.iter().map(|&index| format!("`{}`", self.criteria.content.fields[index].key));
            keys.collect::<Vec<_>>().join(", ")
        };
        let verdict = match self.ask(expression) {
            Answer::Is(true) => Ok(()),
            Answer::Is(false) => Err((
                Outcome::Unmet,
                Shortfall { problem: rule.message.clone(), fix: format!("make this true: {}", expression.source()) },
            )),
            Answer::Lacks(lacks) => {
                let (waits_for, beside_the_point): (Vec<usize>, Vec<usize>) = lacks
                    .into_iter()
                    .partition(|&index| self.required[index].0 && matches!(self.standings[index], Standing::Empty));
                if beside_the_point.is_empty() {
                    let keys = key_list(&waits_for);
                    let problem = format!("cannot be judged before {keys} is given: {}", rule.message);
                    Err((Outcome::Unmet, Shortfall { problem, fix: format!("give {keys}") }))
                } else {
                    let why = format!("it is about {}, hidden or not given", key_list(&beside_the_point));
                    Err((Outcome::NotApplicable, plain(&why)))
                }
            }
            Answer::Failed(message) => {
                let problem = format!("cannot be judged ({message}): {}", rule.message);
                let fix = format!("check the fields that it names: {}", expression.source());
                Err((Outcome::Unmet, Shortfall { problem, fix }))
            }
        };
        result(&rule.key, CriterionKind::Rule, rule.severity, verdict)
    }
}

/// Met, or how it stands instead and why.
pub(crate) type Verdict = Result<(), (Outcome, Shortfall)>;

fn result(key: &str, kind: CriterionKind, severity: Severity, verdict: Verdict) -> CriterionResult {
    let (outcome, Shortfall { problem, fix }) = match verdict {
        Ok(()) => (Outcome::Met, plain("")),
        Err(short) => short,
    };
    CriterionResult { key: key.to_owned(), kind, severity, outcome, problem, fix }
}

fn plain(problem: &str) -> Shortfall {
    Shortfall { problem: problem.to_owned(), fix: String::new() }
}

fn hidden() -> Shortfall {
    plain("hidden by its condition")
}

fn missing(field: &Field, note: Option<&str>) -> Shortfall {
    let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
    let help = if field.help.is_empty() { String::new() } else { format!(": {}", field.help.trim()) };
    let expected = match field.r#type {
        FieldType::Choice => format!("one of: {}", field.constraints.choices.join(", ")),
        FieldType::MultiChoice => format!("some of: {}", field.constraints.choices.join(", ")),
        other => other.expects().to_owned(),
    };
    Shortfall {
        problem: format!("{}: not given{note}", field.label),
        fix: format!("give `{}`, {expected}{help}", field.key),
    }
}

fn wrong_type(field: &Field, value: &Value) -> Shortfall {
    Shortfall {
        problem: format!("{}: expects {}, not {}", field.label, field.r#type.expects(), value.kind()),
        fix: format!("give `{}` anew", field.key),
    }
}

/// How an item that is shown stands with that tick.
pub(crate) fn judge_tick(item: &Item, tick: &Tick) -> Verdict {
    let unmet = |problem: &str, fix: String| {
        Err((
            Outcome::Unmet,
            Shortfall { problem: format!("{}: {problem}", item.text), fix: format!("{fix} (`{}`)", item.key) },
        ))
    };
    let said =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    match tick.state {
        TickState::Open => unmet("still open", format!("do it, then tick it{}", with_evidence(item.evidence))),
        TickState::NotApplicable if item.severity == Severity::Blocking && !item.may_be_na => {
            unmet("it applies to every handoff", format!("do it, then tick it{}", with_evidence(item.evidence)))
        }
        TickState::NotApplicable => match said(&tick.reason) {
            Some(reason) => Err((Outcome::NotApplicable, plain(&reason))),
            None => unmet("said not to apply, without a reason", "say why it does not apply".to_owned()),
        },
        TickState::Done => match (item.evidence, said(&tick.evidence)) {
            (Evidence::None, _) | (Evidence::Text, Some(_)) => Ok(()),
            (Evidence::Link | Evidence::Attachment, Some(url)) if admit::is_web_address(&url) => Ok(()),
            (Evidence::Link | Evidence::Attachment, Some(_)) => unmet(
                "its evidence is not an address",
                "give an address that begins with https:// or http://".to_owned(),
            ),
            (evidence, None) => {
                unmet("done, without its evidence", format!("tick it again{}", with_evidence(evidence)))
            }
        },
    }
}

const fn with_evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::None => "",
        Evidence::Text => " with a sentence that shows it",
        Evidence::Link => " with a link that shows it",
        Evidence::Attachment => " with the address of the attachment that shows it",
    }
}
