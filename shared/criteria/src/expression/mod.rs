//! CEL within bounds: an expression is read once, surveyed, priced, and then judged against what is known.
//!
//! The CEL library has no cost budget and recurses on what it reads, so nothing reaches its evaluator that this module
//! has not bounded first: the length before reading, then depth, names, functions and price. The price of an expression
//! is the number of its parts, each `+` counting 50 (texts may grow), each `matches` 2,000, and a macro (`all`, `exists`,
//! `exists_one`, `map`, `filter`) its body times the longest list that it may range over. Macros range only over a
//! field, a list literal or another macro. A part that touches values longer than a field's text may be costs that many
//! times as much, and no value may grow past a bound. The pattern of `matches` is a literal.

mod functions;
mod known;
mod survey;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
    thread,
};

use cel::{Context, Env, ExecutionError, IdedExpr, common::ast::SourceInfo};

pub(crate) use self::known::{sample, to_cel};
use crate::{content::Content, findings::FindingCode, limits, pattern::Flaw, submission::Circumstances};

/// Optional syntax is off: level 1 has no use for it.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// An expression that is safe to judge.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    source: String,
    tree: IdedExpr,
    /// Fields without which it cannot be judged.
    pub(crate) needs: BTreeSet<String>,
    /// Fields whose presence it tests.
    pub(crate) tests: BTreeSet<String>,
    /// Fields that a macro ranges over; of a type with entries, where the type is known.
    pub(crate) ranges: BTreeSet<String>,
    /// What judging it costs at most, in steps.
    pub(crate) cost: u64,
}

/// What an expression may name.
#[derive(Clone, Copy)]
pub(crate) enum Scope<'a> {
    /// The fields of a content, and all that is known of the handoff.
    Content(&'a Content),
    /// Any field, of any type, and what of the handoff a review rule may ask for.
    AnyField,
    /// These names, and no field.
    Names(&'a [&'a str]),
}

/// Why a text is not the expression that it should be: the first mistake's place, and every mistake in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", place(*.line, *.column))]
pub struct BadExpression {
    /// What kind of mistake the first one is.
    pub code: FindingCode,
    /// Counted from 1; 0 where the expression as a whole is meant.
    pub line: u32,
    /// In characters, counted from 1; 0 where the expression as a whole is meant.
    pub column: u32,
    /// What is wrong and how to put it right.
    pub message: String,
}

fn place(line: u32, column: u32) -> String {
    if line == 0 { String::new() } else { format!("line {line}, column {column}: ") }
}

impl BadExpression {
    fn of(mistakes: &[Mistake]) -> Self {
        let (code, line, column) =
            mistakes.first().map_or((FindingCode::CelSyntax, 0, 0), |first| (first.code, first.line, first.column));
        let messages: Vec<_> = mistakes.iter().map(|mistake| mistake.message.as_str()).collect();
        Self { code, line, column, message: messages.join("; ") }
    }
}

/// Reads an expression that stands alone, where the reader has room.
pub(crate) fn read(
    compile: impl FnOnce() -> Result<Expression, Vec<Mistake>> + Send,
) -> Result<Expression, BadExpression> {
    let defeated = || Err(vec![Mistake::of_whole(FindingCode::CelSyntax, "it defeats the reader; simplify it")]);
    with_deep_stack(compile).unwrap_or_else(defeated).map_err(|mistakes| BadExpression::of(&mistakes))
}

/// One thing that is wrong with an expression.
#[derive(Clone, Debug)]
pub(crate) struct Mistake {
    pub(crate) code: FindingCode,
    pub(crate) message: String,
    /// Counted from 1; 0 where the expression as a whole is meant.
    pub(crate) line: u32,
    /// In characters, counted from 1; 0 where the expression as a whole is meant.
    pub(crate) column: u32,
}

impl Mistake {
    pub(crate) fn of_whole(code: FindingCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), line: 0, column: 0 }
    }

    /// As a finding says it: where it cannot be read, with the place.
    pub(crate) fn into_flaw(self) -> Flaw {
        let Self { code, message, line, column } = self;
        match code {
            FindingCode::CelSyntax if line > 0 => (code, format!("at line {line}, column {column}: {message}")),
            _ => (code, message),
        }
    }
}

/// Why judging came to no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The parts do not fit together: wrong types, a part that does not exist, an answer that is not true or false.
    Type(String),
    /// Anything else, such as a division by zero.
    Other(String),
}

impl Failure {
    pub(crate) fn message(&self) -> &str {
        let (Self::Type(message) | Self::Other(message)) = self;
        message
    }
}

impl Expression {
    /// Reads and checks an expression; every mistake at once. Call it inside [`with_deep_stack`].
    pub(crate) fn compile(source: &str, scope: Scope<'_>) -> Result<Self, Vec<Mistake>> {
        if source.len() > limits::EXPRESSION_MAX_BYTES {
            let message = format!("longer than {} bytes; split it into several rules", limits::EXPRESSION_MAX_BYTES);
            return Err(vec![Mistake::of_whole(FindingCode::TooLarge, message)]);
        }
        let parser = ENVIRONMENT.parser().max_recursion_depth(limits::EXPRESSION_MAX_DEPTH);
        let (tree, places) = parser.parse_with_source_info(source).map_err(|errors| vec![first_error(&errors)])?;
        let survey = survey::survey(&tree, scope);
        if !survey.flaws.is_empty() {
            let place = |(part, (code, message))| {
                let (line, column) = place_of(part, source, &places);
                Mistake { code, message, line, column }
            };
            return Err(survey.flaws.into_iter().map(place).collect());
        }
        let ((needs, tests), ranges, cost) = (survey.names(), survey.ranges(), survey.cost);
        Ok(Self { source: source.to_owned(), tree, needs, tests, ranges, cost })
    }

    /// Every field that it names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.needs.union(&self.tests).map(String::as_str)
    }

    /// Whether both are read as the same, however they are laid out.
    pub(crate) fn reads_as(&self, other: &Self) -> bool {
        self.tree == other.tree
    }

    /// As written.
    pub(crate) fn written(&self) -> &str {
        &self.source
    }

    /// As written, on one line.
    pub(crate) fn source(&self) -> String {
        self.source.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Whether it is true of the known fields. The same input gives the same answer.
    pub(crate) fn judge<'a>(
        &self,
        known: impl Fn(&str) -> Option<&'a cel::Value>,
        circumstances: &Circumstances<'_>,
    ) -> Result<bool, Failure> {
        let fields: BTreeMap<String, cel::Value> =
            self.names().filter_map(|name| Some((name.to_owned(), known(name)?.clone()))).collect();
        self.holds([
            ("fields", known::map(fields)),
            ("priority", circumstances.priority.into()),
            ("attempt", i64::from(circumstances.attempt).into()),
            ("first_time_pair", circumstances.first_time_pair.into()),
            ("confidential", circumstances.confidential.into()),
        ])
    }

    /// Whether it is true where names have these values.
    pub(crate) fn holds<'n>(&self, names: impl IntoIterator<Item = (&'n str, cel::Value)>) -> Result<bool, Failure> {
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        for (name, value) in names {
            context.add_variable_from_value(name, value);
        }
        match cel::Value::resolve(&self.tree, &context) {
            Ok(cel::Value::Bool(answer)) => Ok(answer),
            Ok(other) => Err(Failure::Type(format!("it gives {}, not true or false", other.type_of()))),
            Err(error) => Err(failure(&error)),
        }
    }
}

/// What a try of an expression says about its types.
pub(crate) fn tried(outcome: Result<bool, Failure>) -> Result<(), Vec<Mistake>> {
    match outcome {
        Err(Failure::Type(message)) => {
            let message = format!("{message}; compare like with like, and let the whole be true or false");
            Err(vec![Mistake::of_whole(FindingCode::CelType, message)])
        }
        _ => Ok(()),
    }
}

/// Says what failed without the values themselves: they may be long, and a map's order is not stable.
fn failure(error: &ExecutionError) -> Failure {
    let kind = match error {
        ExecutionError::NoSuchOverload(_) | ExecutionError::NoSuchKey(_) | ExecutionError::UnexpectedType { .. } => {
            return Failure::Type(short(&error.to_string()));
        }
        ExecutionError::ValuesNotComparable(..) => "it compares what cannot be compared",
        ExecutionError::UnsupportedBinaryOperator(..) => "an operator does not fit its operands",
        ExecutionError::UnsupportedIndex(..) => "an index does not fit what it is applied to",
        ExecutionError::UnsupportedKeyType(_) => "a key of a map must be a text, a number or true/false",
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            return Failure::Other("it divides by zero".to_owned());
        }
        ExecutionError::Overflow(..) => return Failure::Other("a number grows too large".to_owned()),
        ExecutionError::IndexOutOfBounds(_) => return Failure::Other("an index lies outside its list".to_owned()),
        ExecutionError::FunctionError { function, .. } => {
            return Failure::Other(format!("`{function}` cannot be applied to this value"));
        }
        _ => return Failure::Other("it cannot be evaluated".to_owned()),
    };
    Failure::Type(kind.to_owned())
}

fn short(message: &str) -> String {
    const SHOWN: usize = 200;
    match message.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &message[..end]),
        None => message.to_owned(),
    }
}

/// The reader reports follow-up errors too; the first is the one to look at.
fn first_error(errors: &cel::ParseErrors) -> Mistake {
    let from_one = |place: isize| u32::try_from(place).unwrap_or_default();
    match errors.errors.first() {
        Some(error) => Mistake {
            code: FindingCode::CelSyntax,
            message: short(&error.msg),
            line: from_one(error.pos.0),
            column: from_one(error.pos.1),
        },
        None => Mistake::of_whole(FindingCode::CelSyntax, "it cannot be read"),
    }
}

/// Line and column at which a part begins, counted from 1; zeros where that is not known.
fn place_of(part: u64, source: &str, places: &SourceInfo) -> (u32, u32) {
    let before = places.offset_for(part).and_then(|(start, _)| source.get(..start as usize));
    let Some(before) = before else { return (0, 0) };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or_default(), u32::try_from(column).unwrap_or_default())
}

/// Runs `work` where the CEL reader, which recurses deeply in proportion to the length of what it reads, has room: on
/// a thread of its own. None where the reader panicked.
pub(crate) fn with_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    // 1 KiB of `1+1+1...` takes more than 16 and less than 64 MiB without optimisation; untouched pages cost nothing.
    const STACK_BYTES: usize = 96 * 1024 * 1024;
    thread::scope(|scope| {
        let reader = thread::Builder::new().name("criteria-reader".to_owned()).stack_size(STACK_BYTES);
        reader.spawn_scoped(scope, work).expect("the system has a thread to give").join().ok()
    })
}
