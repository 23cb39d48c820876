//! A walk over a read expression: which fields it names, whether all that it uses exists, how deep it is, what it costs.

use std::collections::BTreeSet;

use cel::{
    IdedExpr,
    common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators},
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

/// How large a value may be. A field counts as a text of the greatest length, whatever its type.
#[derive(Clone, Copy)]
struct Size {
    bytes: u64,
    /// Of the largest entry, where it has entries.
    entry_bytes: u64,
}

impl Size {
    const SCALAR: Self = Self { bytes: 16, entry_bytes: 0 };
    /// Of a name that something has: an id, a kind.
    const NAME: Self = Self::flat(256);
    const FIELD: Self = Self { bytes: limits::TEXT_MAX_BYTES as u64, entry_bytes: limits::URL_MAX_BYTES as u64 };

    const fn flat(bytes: u64) -> Self {
        Self { bytes, entry_bytes: bytes }
    }

    fn entry(self) -> Self {
        Self::flat(self.entry_bytes)
    }

    fn largest(self, other: Self) -> Self {
        Self { bytes: self.bytes.max(other.bytes), entry_bytes: self.entry_bytes.max(other.entry_bytes) }
    }

    /// Of the two joined to one text or list.
    fn joined(self, other: Self) -> Self {
        Self { bytes: self.bytes.saturating_add(other.bytes), ..self.largest(other) }
    }

    /// Of a list or a map with these parts.
    fn of_all(parts: impl Iterator<Item = Self>) -> Self {
        parts.fold(Self::SCALAR, |whole, part| whole.joined(Self::flat(part.bytes.saturating_add(8))))
    }

    /// The steps that touching it takes beyond the first: one for each further length of a text.
    const fn weight(self) -> u64 {
        self.bytes.saturating_sub(1) / Self::FIELD.bytes
    }
}

/// What a part costs to judge, and how large its value may be.
#[derive(Clone, Copy)]
struct Price {
    steps: u64,
    size: Size,
}

impl Price {
    const NONE: Self = Self { steps: 0, size: Size::SCALAR };
}

/// What the walk found.
pub(super) struct Survey<'a> {
    scope: Scope<'a>,
    /// The part being walked.
    at: u64,
    /// Names that a macro binds around the part being walked, each with the size of its value.
    bound: Vec<(&'a str, Size)>,
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
    survey.cost = survey.walk(tree, 1).steps;
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

    const fn variables(&self) -> &'a [&'a str] {
        match self.scope {
            Scope::Content(_) => &VARIABLES,
            Scope::AnyField => &REVIEW_VARIABLES,
            Scope::Names(names) => names,
        }
    }

    /// The price of a part; every flaw in it is noted.
    fn walk(&mut self, part: &'a IdedExpr, depth: u16) -> Price {
        self.at = part.id;
        if depth > limits::EXPRESSION_MAX_DEPTH {
            let max = limits::EXPRESSION_MAX_DEPTH;
            self.flaw(
                FindingCode::TooCostly,
                format!("nested or chained more than {max} deep; split it into several rules"),
            );
            return Price::NONE;
        }
        if let Some((key, is_test)) = field_access(part) {
            self.field(key, is_test);
            return Price { steps: 2, size: if is_test { Size::SCALAR } else { Size::FIELD } };
        }
        let depth = depth + 1;
        let Price { steps, size } = match &part.expr {
            Expr::Literal(literal) => Price { steps: 0, size: size_of(literal) },
            Expr::Ident(name) => Price { steps: 0, size: self.variable(name) },
            Expr::Select(select) => {
                let Price { steps, size } = self.walk(&select.operand, depth);
                Price { steps, size: if select.test { Size::SCALAR } else { size.entry() } }
            }
            Expr::Call(call) => self.call(call, depth),
            Expr::List(list) => self.collection(&list.elements.iter().collect::<Vec<_>>(), depth),
            Expr::Map(map) => {
                let mut parts = vec![];
                for entry in &map.entries {
                    match &entry.expr {
                        EntryExpr::MapEntry(entry) => parts.extend([&entry.key, &entry.value]),
                        EntryExpr::StructField(_) => self.unsupported("a struct literal"),
                    }
                }
                self.collection(&parts, depth)
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, depth),
            Expr::Struct(_) => {
                self.unsupported("a struct literal");
                Price::NONE
            }
            Expr::Unspecified => {
                self.unsupported("an empty expression");
                Price::NONE
            }
        };
        if size.bytes > limits::EXPRESSION_MAX_VALUE_BYTES {
            let max = limits::EXPRESSION_MAX_VALUE_BYTES;
            let message =
                format!("it may put a value of more than {max} bytes together; use fewer +, lists and macros");
            self.flaw(FindingCode::TooCostly, message);
        }
        Price { steps: steps.saturating_add(1), size }
    }

    fn call(&mut self, call: &'a CallExpr, depth: u16) -> Price {
        if let Some(message) = functions::flaw(&call.func_name, call.target.is_some(), call.args.len()) {
            self.flaw(FindingCode::UnknownName, message);
        }
        let name = call.func_name.as_str();
        if name == functions::MATCHES {
            self.pattern(call.args.last());
        }
        let operands = call.target.as_deref().into_iter().chain(&call.args);
        let operands: Vec<Price> = operands.map(|operand| self.walk(operand, depth)).collect();
        let touched = operands.iter().fold(1, |sum: u64, operand| sum.saturating_add(operand.size.weight()));
        let own = match name {
            operators::ADD if !is_accumulation(&call.args) => COST_OF_CONCATENATION,
            functions::MATCHES => COST_OF_MATCHES,
            _ => 1,
        };
        // The call itself is counted as one step by `walk`.
        let own = own.saturating_mul(touched) - u64::from(own == 1);
        let size = match (name, operands.as_slice()) {
            (operators::ADD, [one, other]) => one.size.joined(other.size),
            (operators::CONDITIONAL, [_, one, other]) => one.size.largest(other.size),
            (operators::INDEX, [whole, _]) => whole.size.entry(),
            (functions::STRING, [value]) => Size::flat(value.size.bytes.saturating_add(64)),
            _ => Size::SCALAR,
        };
        Price { steps: operands.iter().fold(own, |sum, operand| sum.saturating_add(operand.steps)), size }
    }

    fn collection(&mut self, parts: &[&'a IdedExpr], depth: u16) -> Price {
        let parts: Vec<Price> = parts.iter().map(|part| self.walk(part, depth)).collect();
        let size = Size::of_all(parts.iter().map(|part| part.size));
        Price { steps: parts.iter().fold(size.weight(), |sum, part| sum.saturating_add(part.steps)), size }
    }

    fn unsupported(&mut self, what: &str) {
        self.flaw(FindingCode::UnknownName, format!("{what} is not supported"));
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
            Scope::Names(names) => {
                self.flaw(
                    FindingCode::UnknownName,
                    format!("there are no fields here; there are {}", names.join(", ")),
                );
            }
            _ => {}
        }
        self.named.insert(key);
        if is_test {
            self.tested.insert(key);
        }
    }

    /// How large the value of a name is.
    fn variable(&mut self, name: &'a str) -> Size {
        if let Some((_, size)) = self.bound.iter().rev().find(|(bound, _)| *bound == name) {
            return *size;
        }
        let known = self.variables();
        match self.scope {
            Scope::Names(_) if known.contains(&name) => return Size::NAME,
            _ if known.contains(&name) => {}
            Scope::Names(_) => {
                self.flaw(FindingCode::UnknownName, format!("there is no `{name}`; there are {}", known.join(", ")));
            }
            _ if name == FIELDS => {
                self.flaw(FindingCode::UnknownName, "name one field, as fields.x, rather than all `fields`");
            }
            _ => {
                let known = known.join(", ");
                self.flaw(FindingCode::UnknownName, format!("there is no `{name}`; there are fields.x, {known}"));
            }
        }
        Size::SCALAR
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
    fn comprehension(&mut self, comprehension: &'a ComprehensionExpr, depth: u16) -> Price {
        let ComprehensionExpr { iter_range, iter_var, iter_var2, accu_var, .. } = comprehension;
        if iter_var == FIELDS || VARIABLES.contains(&iter_var.as_str()) || self.variables().contains(&iter_var.as_str())
        {
            self.flaw(
                FindingCode::UnknownName,
                format!("`{iter_var}` is taken; give the macro's variable another name"),
            );
        }
        let rounds = self.longest(iter_range).unwrap_or_else(|| {
            let ranges = match self.scope {
                Scope::Names(_) => "a list literal",
                Scope::Content(_) | Scope::AnyField => "a MULTI_CHOICE field, a list literal",
            };
            self.flaw(FindingCode::TooCostly, format!("a macro ranges over {ranges} or another macro only"));
            0
        });
        let range = self.walk(iter_range, depth);
        let init = self.walk(&comprehension.accu_init, depth);
        let outer = self.bound.len();
        let entry = range.size.entry();
        self.bound.push((iter_var, entry));
        self.bound.extend(iter_var2.as_deref().map(|name| (name, entry)));
        self.bound.push((accu_var, init.size));
        let condition = self.walk(&comprehension.loop_cond, depth);
        let step = self.walk(&comprehension.loop_step, depth);
        // Each round adds to the result what the first one does.
        let grown = step.size.bytes.saturating_sub(init.size.bytes).saturating_mul(rounds);
        let accumulated = Size { bytes: init.size.bytes.saturating_add(grown), ..step.size.largest(init.size) };
        self.bound.pop();
        self.bound.push((accu_var, accumulated));
        let result = self.walk(&comprehension.result, depth);
        self.bound.truncate(outer);
        let round = condition.steps.saturating_add(step.steps).saturating_add(entry.weight());
        let once = range.steps.saturating_add(init.steps).saturating_add(result.steps);
        Price { steps: once.saturating_add(round.saturating_mul(rounds)), size: result.size }
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
                    Scope::Names(_) => false,
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

fn size_of(literal: &LiteralValue) -> Size {
    match literal {
        LiteralValue::String(text) => Size::flat(text.inner().len() as u64),
        LiteralValue::Bytes(bytes) => Size::flat(bytes.inner().len() as u64),
        _ => Size::SCALAR,
    }
}

fn literal_text(part: &IdedExpr) -> Option<&str> {
    match &part.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}
