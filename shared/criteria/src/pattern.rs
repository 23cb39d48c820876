//! Regular expressions within bounds: the `pattern` of a field and the literal of `matches` in an expression.

use regex::{Regex, RegexBuilder};

use crate::{findings::FindingCode, limits};

/// Why a regular expression is not taken: the code, and what is wrong and how to put it right.
pub(crate) type Flaw = (FindingCode, String);

/// Compiles a pattern that a whole text must match.
pub(crate) fn whole(pattern: &str) -> Result<Regex, Flaw> {
    within_bounds(pattern)?;
    build(&format!("^(?:{pattern})$"))
}

/// Checks a pattern that is searched for anywhere in a text.
pub(crate) fn within_bounds(pattern: &str) -> Result<(), Flaw> {
    if pattern.len() > limits::PATTERN_MAX_BYTES {
        let problem = format!("the regular expression is longer than {} bytes; shorten it", limits::PATTERN_MAX_BYTES);
        return Err((FindingCode::UnboundedRegex, problem));
    }
    build(pattern).map(|_| ())
}

// Matching takes time in proportion to the text times the compiled size, so bounding both bounds the time.
fn build(pattern: &str) -> Result<Regex, Flaw> {
    RegexBuilder::new(pattern)
        .size_limit(limits::PATTERN_MAX_COMPILED_BYTES)
        .dfa_size_limit(limits::PATTERN_MAX_COMPILED_BYTES)
        .nest_limit(32)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => (
                FindingCode::UnboundedRegex,
                "the regular expression grows too large; use fewer and smaller repetitions, and [a-z0-9] rather than \\w"
                    .to_owned(),
            ),
            error => (FindingCode::BadRegex, format!("the regular expression cannot be read: {}", last_line(&error))),
        })
}

/// The parser draws the place over several lines and says the reason in the last one.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let line = text.lines().last().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_pattern_matches_the_whole_text() {
        let regex = whole("a|b").unwrap();
        assert!(regex.is_match("b"));
        assert!(!regex.is_match("ab"));
    }

    #[test]
    fn what_grows_without_bound_is_refused() {
        for pattern in [r"\w{500}", "(a{60}){60}", &"a".repeat(600)] {
            assert_eq!(whole(pattern).unwrap_err().0, FindingCode::UnboundedRegex, "{pattern}");
        }
        for pattern in [r"\d{4}-\d{2}-\d{2}", r"[A-Z]{2,5}-[0-9]{1,8}", r"\w+", r"(?i)[a-z]{2,40} street"] {
            whole(pattern).unwrap();
        }
        assert_eq!(whole("(").unwrap_err().0, FindingCode::BadRegex);
        assert_eq!(whole("a)(b").unwrap_err().0, FindingCode::BadRegex);
    }
}
