//! A walk over a read expression: which fields it names, whether all that it uses exists, how deep it is, what it costs.

use std::collections::BTreeSet;

use cel::{
    IdedExpr,
    common::ast::{ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators},
};

use super::{Scope, functions};
use crate::{
    content::{FieldType, is_key},
    findings::FindingCode,
    limits,
    pattern::{self, Flaw},
};

const FIELDS: &str = "fields";
const VARIABLES: [&str; 4] = ["priority", "attempt", "first_time_pair", "confidential"];
/// Of these a review rule may ask.
const REVIEW_VARIABLES: [&str; 3] = ["priority", "attempt", "first_time_pair"];

const COST_OF_CONCATENATION: u64 = 50;
const COST_OF_MATCHES: u64 = 2_000;

/// What the walk found.
pub(super) struct Survey<'a> {
    scope: Scope<'a>,
    /// The part being walked.
    at: u64,
    /// Names that a macro binds around the part being walked.
    bound: Vec<&'a str>,
    named: BTreeSet<&'a str>,
    tested: BTreeSet<&'a str>,
    ranged: BTreeSet<&'a str>,
    /// Each with the part that it is about; 0 for the whole.
    pub(super) flaws: Vec<(u64, Flaw)>,
    pub(super) cost: u64,
}

/// Walks an expression.
pub(super) fn survey<'a>(tree: &'a IdedExpr, scope: Scope<'a>) -> Survey<'a> {
    let mut survey = Survey {
        scope,
        at: 0,
        bound: vec![],
        named: BTreeSet::new(),
        tested: BTreeSet::new(),
        ranged: BTreeSet::new(),
        flaws: vec![],
        cost: 0,
    };
    survey.cost = survey.walk(tree, 1);
    survey.at = 0;
    if survey.cost > limits::EXPRESSION_MAX_COST {
        let message = format!(
            "judging it may take {} steps, at most {} are allowed; use fewer +, matches and nested macros",
            survey.cost,
            limits::EXPRESSION_MAX_COST
        );
        survey.flaw(FindingCode::TooCostly, message);
    }
    survey
}

impl<'a> Survey<'a> {
    /// The fields without which it cannot be judged, and those whose presence it tests.
    pub(super) fn names(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let own = |key: &&str| (*key).to_owned();
        (self.named.difference(&self.tested).map(own).collect(), self.tested.iter().map(own).collect())
    }

    /// The fields that macros range over.
    pub(super) fn ranges(&self) -> BTreeSet<String> {
        self.ranged.iter().map(|key| (*key).to_owned()).collect()
    }

    fn flaw(&mut self, code: FindingCode, message: impl Into<String>) {
        let flaw = (code, message.into());
        if self.flaws.iter().all(|(_, known)| *known != flaw) {
            self.flaws.push((self.at, flaw));
        }
    }

    const fn variables(&self) -> &'static [&'static str] {
        match self.scope {
            Scope::Content(_) => &VARIABLES,
            Scope::AnyField => &REVIEW_VARIABLES,
        }
    }

    /// The price of a part; every flaw in it is noted.
    fn walk(&mut self, part: &'a IdedExpr, depth: u16) -> u64 {
        self.at = part.id;
        if depth > limits::EXPRESSION_MAX_DEPTH {
            let max = limits::EXPRESSION_MAX_DEPTH;
            self.flaw(
                FindingCode::TooCostly,
                format!("nested or chained more than {max} deep; split it into several rules"),
            );
            return 0;
        }
        if let Some((key, is_test)) = field_access(part) {
            self.field(key, is_test);
            return 2;
        }
        let depth = depth + 1;
        let parts = match &part.expr {
            Expr::Literal(_) => 0,
            Expr::Ident(name) => {
                self.variable(name);
                0
            }
            Expr::Select(select) => self.walk(&select.operand, depth),
            Expr::Call(call) => {
                if let Some(message) = functions::flaw(&call.func_name, call.target.is_some(), call.args.len()) {
                    self.flaw(FindingCode::UnknownName, message);
                }
                let own = match call.func_name.as_str() {
                    operators::ADD if !is_accumulation(&call.args) => COST_OF_CONCATENATION,
                    functions::MATCHES => {
                        self.pattern(call.args.last());
                        COST_OF_MATCHES
                    }
                    _ => 0,
                };
                call.target
                    .iter()
                    .map(|target| &**target)
                    .chain(&call.args)
                    .fold(own, |sum, part| sum.saturating_add(self.walk(part, depth)))
            }
            Expr::List(list) => self.walk_all(&list.elements, depth),
            Expr::Map(map) => map.entries.iter().fold(0, |sum: u64, entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    sum.saturating_add(self.walk(&entry.key, depth)).saturating_add(self.walk(&entry.value, depth))
                }
                EntryExpr::StructField(_) => self.unsupported("a struct literal"),
            }),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, depth),
            Expr::Struct(_) => self.unsupported("a struct literal"),
            Expr::Unspecified => self.unsupported("an empty expression"),
        };
        parts.saturating_add(1)
    }

    fn walk_all(&mut self, parts: &'a [IdedExpr], depth: u16) -> u64 {
        parts.iter().fold(0, |sum, part| sum.saturating_add(self.walk(part, depth)))
    }

    fn unsupported(&mut self, what: &str) -> u64 {
        self.flaw(FindingCode::UnknownName, format!("{what} is not supported"));
        0
    }

    fn field(&mut self, key: &'a str, is_test: bool) {
        match self.scope {
            Scope::Content(content) if content.field(key).is_none() => {
                self.flaw(FindingCode::UnknownField, format!("there is no field `{key}`; add it, or correct the name"));
            }
            Scope::AnyField if !is_key(key) => {
                let message = "a field's key is 1 to 63 of a-z, 0-9 and '_', beginning with a letter";
                self.flaw(FindingCode::UnknownField, message);
            }
            _ => {}
        }
        self.named.insert(key);
        if is_test {
            self.tested.insert(key);
        }
    }

    fn variable(&mut self, name: &'a str) {
        if name == FIELDS {
            self.flaw(FindingCode::UnknownName, "name one field, as fields.x, rather than all `fields`");
        } else if !self.bound.contains(&name) && !self.variables().contains(&name) {
            let known = self.variables().join(", ");
            self.flaw(FindingCode::UnknownName, format!("there is no `{name}`; there are fields.x, {known}"));
        }
    }

    fn pattern(&mut self, argument: Option<&IdedExpr>) {
        match argument.map(|argument| &argument.expr) {
            Some(Expr::Literal(LiteralValue::String(pattern))) => {
                if let Err((code, message)) = pattern::within_bounds(pattern.inner()) {
                    self.flaw(code, message);
                }
            }
            _ => self.flaw(FindingCode::UnboundedRegex, "the pattern of `matches` must be written out, as \"[A-Z]+\""),
        }
    }

    /// A macro: its range, then its body once for each entry that the range may have.
    fn comprehension(&mut self, comprehension: &'a ComprehensionExpr, depth: u16) -> u64 {
        let ComprehensionExpr { iter_range, iter_var, iter_var2, accu_var, .. } = comprehension;
        if iter_var == FIELDS || VARIABLES.contains(&iter_var.as_str()) {
            self.flaw(
                FindingCode::UnknownName,
                format!("`{iter_var}` is taken; give the macro's variable another name"),
            );
        }
        let rounds = self.longest(iter_range).unwrap_or_else(|| {
            let message = "a macro ranges over a MULTI_CHOICE field, a list literal or another macro only";
            self.flaw(FindingCode::TooCostly, message);
            0
        });
        let range = self.walk(iter_range, depth);
        let init = self.walk(&comprehension.accu_init, depth);
        let outer = self.bound.len();
        self.bound.extend([iter_var.as_str(), accu_var.as_str()]);
        self.bound.extend(iter_var2.as_deref());
        let body =
            self.walk(&comprehension.loop_cond, depth).saturating_add(self.walk(&comprehension.loop_step, depth));
        let result = self.walk(&comprehension.result, depth);
        self.bound.truncate(outer);
        range.saturating_add(init).saturating_add(result).saturating_add(body.saturating_mul(rounds))
    }

    /// The entries that a macro may range over at most; none where that is not known, or where the entries have no
    /// order (a map), since the answer must not depend on one.
    fn longest(&mut self, range: &'a IdedExpr) -> Option<u64> {
        match &range.expr {
            Expr::List(list) => Some(list.elements.len() as u64),
            Expr::Comprehension(inner) => self.longest(&inner.iter_range),
            _ => {
                let (key, _) = field_access(range)?;
                let is_list = match self.scope {
                    Scope::Content(content) => {
                        content.field(key).is_none_or(|field| field.r#type == FieldType::MultiChoice)
                    }
                    Scope::AnyField => true,
                };
                self.ranged.insert(key);
                is_list.then_some(limits::CHOICES_MAX as u64)
            }
        }
    }
}

/// The field that a part names, and whether it only tests its presence: `fields.x`, `fields["x"]`, `has(fields.x)`,
/// `"x" in fields`.
fn field_access(part: &IdedExpr) -> Option<(&str, bool)> {
    let is_fields = |part: &IdedExpr| matches!(&part.expr, Expr::Ident(name) if name == FIELDS);
    match &part.expr {
        Expr::Select(select) if is_fields(&select.operand) => Some((&select.field, select.test)),
        Expr::Call(call) if call.target.is_none() => match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::INDEX, [fields, key]) if is_fields(fields) => Some((literal_text(key)?, false)),
            (operators::IN, [key, fields]) if is_fields(fields) => Some((literal_text(key)?, true)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a sum is the step of an expanded macro, which grows a list by one entry or a count by one.
fn is_accumulation(terms: &[IdedExpr]) -> bool {
    matches!(terms.first().map(|term| &term.expr), Some(Expr::Ident(name)) if name.starts_with('@'))
}

fn literal_text(part: &IdedExpr) -> Option<&str> {
    match &part.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}
