//! A content made ready to judge: its expressions and patterns compiled, its fields put in order of dependency.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use crate::{
    LEVEL,
    content::{Content, Field, Item},
    expression::{self, Expression, Mistake, Scope},
    findings::{Finding, FindingCode},
    limits, pattern,
    submission::Circumstances,
};

/// A content made ready. Compiling costs milliseconds; keep it, by the content's hash, and share it.
#[derive(Clone, Debug)]
pub struct Criteria {
    pub(crate) content: Content,
    pub(crate) fields: Vec<FieldChecks>,
    /// Each item's `visible_if`.
    pub(crate) items: Vec<Option<Expression>>,
    pub(crate) rules: Vec<Expression>,
    /// Indices of fields, each after those that its `visible_if` names.
    pub(crate) order: Vec<usize>,
}

/// What is compiled of one field.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldChecks {
    pub(crate) visible_if: Option<Expression>,
    pub(crate) required_if: Option<Expression>,
    pub(crate) pattern: Option<Regex>,
}

/// Why a content cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// It was published for a newer library: `EVALUATOR_TOO_OLD`.
    #[error("the content needs criteria level {needed}, this service judges up to {LEVEL}: upgrade it")]
    EvaluatorTooOld {
        /// The level that the content needs.
        needed: u32,
    },
    /// Parts of it cannot be compiled. Never for a content that was published without findings.
    #[error("{} parts of the content cannot be compiled, the first at {}", .0.len(), .0.first().map_or("", |first| &first.path))]
    Flawed(Vec<Finding>),
}

impl Criteria {
    /// Makes a content ready. It checks only what judging needs, so that a later, stricter check at publication never
    /// refuses what was published before.
    pub fn compile(content: &Content) -> Result<Self, CompileError> {
        if content.criteria_level > LEVEL {
            return Err(CompileError::EvaluatorTooOld { needed: content.criteria_level });
        }
        compile(content, Trial::Without).map_err(CompileError::Flawed)
    }

    /// What it judges.
    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// Whether a key names a criterion: a field, an upstream item or a rule. A rejection may cite it.
    pub fn has(&self, key: &str) -> bool {
        self.content.criterion_keys().any(|criterion| criterion == key)
    }

    /// The item of that key, of either side.
    pub fn item(&self, key: &str) -> Option<&Item> {
        self.content.item(key)
    }
}

/// Whether expressions are also tried on sample answers, which finds most mistakes of type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trial {
    With,
    Without,
}

/// Compiles every part; every finding at once.
pub(crate) fn compile(content: &Content, trial: Trial) -> Result<Criteria, Vec<Finding>> {
    let unreadable = || {
        let message = "an expression defeats the reader; simplify what is unusual in it".to_owned();
        vec![Finding { path: String::new(), code: FindingCode::CelSyntax, message }]
    };
    expression::with_deep_stack(|| Compiler { content, trial, cost: 0, findings: vec![] }.run())
        .unwrap_or_else(|| Err(unreadable()))
}

struct Compiler<'a> {
    content: &'a Content,
    trial: Trial,
    cost: u64,
    findings: Vec<Finding>,
}

impl Compiler<'_> {
    fn run(mut self) -> Result<Criteria, Vec<Finding>> {
        let content = self.content;
        let fields: Vec<_> = content.fields.iter().enumerate().map(|(index, field)| self.field(index, field)).collect();
        let items = content
            .items
            .iter()
            .enumerate()
            .map(|(index, item)| self.condition(&format!("items[{index}].visible_if"), item.visible_if.as_deref()));
        let items = items.collect();
        let rules: Vec<_> = content
            .rules
            .iter()
            .enumerate()
            .filter_map(|(index, rule)| self.expression(&format!("rules[{index}].expression"), &rule.expression))
            .collect();
        if self.cost > limits::CONTENT_MAX_COST {
            let (cost, max) = (self.cost, limits::CONTENT_MAX_COST);
            let message =
                format!("judging all expressions may take {cost} steps, at most {max} are allowed; use fewer");
            self.found("", FindingCode::TooCostly, message);
        }
        let order = self.order(&fields);
        if self.findings.is_empty() {
            Ok(Criteria { content: content.clone(), fields, items, rules, order })
        } else {
            Err(self.findings)
        }
    }

    fn found(&mut self, path: &str, code: FindingCode, message: impl Into<String>) {
        self.findings.push(Finding { path: path.to_owned(), code, message: message.into() });
    }

    fn field(&mut self, index: usize, field: &Field) -> FieldChecks {
        let required_path = format!("fields[{index}].required_if");
        let visible_if = self.condition(&format!("fields[{index}].visible_if"), field.visible_if.as_deref());
        let required_if = self.condition(&required_path, field.required_if.as_deref());
        if required_if.as_ref().is_some_and(|condition| condition.names().any(|name| name == field.key)) {
            let message = format!("`{}` cannot be required on account of itself; name other fields", field.key);
            self.found(&required_path, FindingCode::SelfDependency, message);
        }
        let pattern = field.constraints.pattern.as_deref().and_then(|written| match pattern::whole(written) {
            Ok(pattern) => Some(pattern),
            Err((code, message)) => {
                self.found(&format!("fields[{index}].constraints.pattern"), code, message);
                None
            }
        });
        FieldChecks { visible_if, required_if, pattern }
    }

    fn condition(&mut self, path: &str, source: Option<&str>) -> Option<Expression> {
        self.expression(path, source?)
    }

    fn expression(&mut self, path: &str, source: &str) -> Option<Expression> {
        match Expression::compile(source, Scope::Content(self.content)) {
            Ok(expression) => {
                self.cost = self.cost.saturating_add(expression.cost);
                if self.trial == Trial::With {
                    self.try_out(path, &expression);
                }
                Some(expression)
            }
            Err(mistakes) => {
                for (code, message) in mistakes.into_iter().map(Mistake::into_flaw) {
                    self.found(path, code, message);
                }
                None
            }
        }
    }

    fn try_out(&mut self, path: &str, expression: &Expression) {
        let samples: BTreeMap<&str, cel::Value> =
            expression.names().filter_map(|name| Some((name, expression::sample(self.content.field(name)?)))).collect();
        if let Err(expression::Failure::Type(message)) =
            expression.judge(|name| samples.get(name), &Circumstances::default())
        {
            let message = format!("{message}; compare like with like, and let the whole be true or false");
            self.found(path, FindingCode::CelType, message);
        }
    }

    /// The fields, each after those that its visibility depends on; a finding for each that depends on itself.
    fn order(&mut self, fields: &[FieldChecks]) -> Vec<usize> {
        let index_of: BTreeMap<&str, usize> =
            self.content.fields.iter().enumerate().map(|(index, field)| (field.key.as_str(), index)).collect();
        let needs: Vec<BTreeSet<usize>> = fields
            .iter()
            .map(|field| {
                let names = field.visible_if.iter().flat_map(Expression::names);
                names.filter_map(|name| index_of.get(name).copied()).collect()
            })
            .collect();
        let mut order = Vec::with_capacity(fields.len());
        let mut placed = vec![false; fields.len()];
        loop {
            let next: Vec<usize> = (0..fields.len())
                .filter(|&index| !placed[index] && needs[index].iter().all(|&needed| placed[needed]))
                .collect();
            if next.is_empty() {
                break;
            }
            for &index in &next {
                placed[index] = true;
            }
            order.extend(next);
        }
        for index in (0..fields.len()).filter(|&index| !placed[index] && reaches_itself(index, &needs)) {
            let path = format!("fields[{index}].visible_if");
            let message = "whether it is visible depends on itself, directly or through other fields; break the circle";
            self.found(&path, FindingCode::SelfDependency, message);
        }
        order
    }
}

fn reaches_itself(start: usize, needs: &[BTreeSet<usize>]) -> bool {
    let mut seen = BTreeSet::new();
    let mut open: Vec<usize> = needs[start].iter().copied().collect();
    while let Some(index) = open.pop() {
        if index == start {
            return true;
        }
        if seen.insert(index) {
            open.extend(&needs[index]);
        }
    }
    false
}
