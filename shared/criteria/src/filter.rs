//! Which things somebody wants: a condition over names.

use std::{fmt, sync::Arc};

use crate::expression::{self, BadExpression, Expression, Scope};

/// A bounded CEL expression over names that are texts or whole numbers. Cheap to clone and to share.
#[derive(Clone, Debug)]
pub struct Filter(Arc<Expression>);

impl Filter {
    /// Reads a filter that may use those names. Refused is what cannot be read, names anything else, compares what cannot be
    /// compared, is not true or false, or has no bound (see `expression`).
    pub fn compile(text: &str, texts: &[&str], numbers: &[&str]) -> Result<Self, BadExpression> {
        let names: Vec<&str> = texts.iter().chain(numbers).copied().collect();
        let compile = || {
            let filter = Expression::compile(text, Scope::Names(&names))?;
            let tried = texts.iter().map(|name| (*name, cel::Value::from("")));
            let tried = tried.chain(numbers.iter().map(|name| (*name, cel::Value::Int(0))));
            expression::tried(filter.holds(tried))?;
            Ok(filter)
        };
        expression::read(compile).map(|filter| Self(Arc::new(filter)))
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        self.0.written()
    }

    /// Whether it holds where the names have these values. One that comes to no answer (a division by zero) lets pass.
    pub fn passes(&self, texts: &[(&str, &str)], numbers: &[(&str, i64)]) -> bool {
        let texts = texts.iter().map(|(name, text)| (*name, cel::Value::from(*text)));
        let numbers = numbers.iter().map(|(name, number)| (*name, cel::Value::Int(*number)));
        self.0.holds(texts.chain(numbers)).unwrap_or(true)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 2] = ["event", "priority"];
    const NUMBERS: [&str; 1] = ["step"];

    fn passes(text: &str, event: &str, step: i64) -> bool {
        let filter = Filter::compile(text, &TEXTS, &NUMBERS).unwrap();
        assert_eq!(filter.text(), text);
        filter.passes(&[("event", event), ("priority", "URGENT")], &[("step", step)])
    }

    #[test]
    fn what_does_not_hold_is_kept_back() {
        assert!(passes("event == \"breached\" || step > 1", "breached", 0));
        assert!(!passes("event == \"breached\" || step > 1", "warned", 1));
        assert!(passes("event in [\"breached\", \"warned\"] && priority != \"LOW\"", "warned", 0));
        assert!(passes("[\"a\", \"b\"].exists(it, event.startsWith(it))", "breached", 0));
    }

    #[test]
    fn what_comes_to_no_answer_lets_pass() {
        assert!(passes("10 / step > 3", "warned", 0));
        assert!(!passes("10 / step > 3", "warned", 10));
    }

    #[test]
    fn a_filter_that_cannot_be_one_is_refused_in_words() {
        let refused = |text: &str| Filter::compile(text, &TEXTS, &NUMBERS).unwrap_err().to_string();
        insta::assert_snapshot!(refused("event == "));
        insta::assert_snapshot!(refused("colour == \"red\" && fields.x > 1 && fields == 3"));
        insta::assert_snapshot!(refused("event"));
        insta::assert_snapshot!(refused("event > 3"));
        insta::assert_snapshot!(refused("event.all(it, it == \"a\")"));
        assert!(Filter::compile(&"1".repeat(2_000), &TEXTS, &NUMBERS).is_err());
    }
}
