//! When a review must be held: a route's rule over a submission and its circumstances.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, LazyLock},
};

use crate::{
    admit,
    expression::{self, BadExpression, Expression, Scope, to_cel},
    submission::{Circumstances, Submission},
    value::Value,
};

static DEFAULT: LazyLock<ReviewRule> = LazyLock::new(|| {
    ReviewRule::compile(ReviewRule::DEFAULT_TEXT).expect("the default rule is a rule, which a test shows")
});

/// A bounded CEL expression that says whether an attempt needs a review. It sees `priority` (`string`), `attempt` (`int`),
/// `first_time_pair` (`bool`) and `fields.x`, whichever fields the template in force has: what is written there, looking
/// as the crate's documentation says, also where the template hides the field. Cheap to clone and to share.
#[derive(Clone, Debug)]
pub struct ReviewRule(Arc<Expression>);

/// What a rule says of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewDecision {
    /// Whether a review must be held before the attempt may be accepted.
    pub required: bool,
    /// Why, in words for a person: `attempt >= 3 holds`. At most some 1,300 bytes.
    pub why: String,
}

impl ReviewRule {
    /// The rule of a route whose terms name none.
    pub const DEFAULT_TEXT: &str = "attempt >= 3";

    /// Reads a rule. Refused is what cannot be read, names anything but the four, or has no bound (see `expression`).
    /// Whether the fields it names exist, and are of the type that it takes them for, shows only when it decides.
    pub fn compile(text: &str) -> Result<Self, BadExpression> {
        let read = || {
            let rule = Expression::compile(text, Scope::AnyField)?;
            // A rule that names no field has all that it needs, so mistakes of type show at once.
            if rule.names().next().is_none() {
                expression::tried(rule.judge(|_| None, &Circumstances::default()))?;
            }
            Ok(rule)
        };
        expression::read(read).map(|rule| Self(Arc::new(rule)))
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        self.0.written()
    }

    /// Whether the attempt needs a review. A rule that comes to no answer (a field that it needs is not given or of
    /// another type, a division by zero) requires one. Total, and the same for the same input.
    pub fn decide(&self, submission: &Submission, circumstances: &Circumstances<'_>) -> ReviewDecision {
        match self.ask(submission, circumstances) {
            Ok(true) => ReviewDecision { required: true, why: format!("{} holds", self.0.source()) },
            Ok(false) => ReviewDecision { required: false, why: format!("{} does not hold", self.0.source()) },
            Err(problem) => {
                ReviewDecision { required: true, why: format!("the rule could not be evaluated: {problem}") }
            }
        }
    }

    fn ask(&self, submission: &Submission, circumstances: &Circumstances<'_>) -> Result<bool, String> {
        let rule = &*self.0;
        let mut known = BTreeMap::new();
        for name in rule.names() {
            let Some(answer) = submission.fields.get(name).filter(|answer| !answer.is_empty()) else { continue };
            // The order in which a macro meets the parts of a record is not fixed, so it may not range over one.
            if rule.ranges.contains(name) && !matches!(answer, Value::Choices(_)) {
                return Err(format!("fields.{name} is {}, not a list of choices", answer.kind()));
            }
            let value = admit::well_formed(answer).ok().and_then(|()| to_cel(answer));
            known.insert(name, value.ok_or_else(|| format!("fields.{name} is malformed"))?);
        }
        rule.judge(|name| known.get(name), circumstances).map_err(|failure| {
            let missing: Vec<_> = rule.needs.iter().filter(|name| !known.contains_key(name.as_str())).collect();
            match missing.as_slice() {
                [] => failure.message().to_owned(),
                [one] => format!("fields.{one} is not given"),
                [one, others @ ..] => format!("fields.{one} and {} more are not given", others.len()),
            }
        })
    }
}

impl Default for ReviewRule {
    /// [`ReviewRule::DEFAULT_TEXT`]: from the third attempt on.
    fn default() -> Self {
        DEFAULT.clone()
    }
}

impl PartialEq for ReviewRule {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for ReviewRule {}

impl fmt::Display for ReviewRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
