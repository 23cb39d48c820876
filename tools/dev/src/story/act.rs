//! One call of the command line, and what has to come of it.

use super::layout::typed;

/// What one principal does.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub(super) arguments: Vec<String>,
    pub(super) exit_code: i32,
    pub(super) words: Vec<String>,
    pub(super) is_shown: bool,
    pub(super) has_progress: bool,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    /// None: a signal ended it.
    pub(super) exit_code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// `principal` calls `baton` with these arguments; expected is that it succeeds.
pub(super) fn act<const N: usize>(principal: &str, arguments: [&str; N]) -> Act {
    let arguments = ["--as", principal].into_iter().chain(arguments).map(str::to_owned).collect();
    Act { arguments, exit_code: 0, words: Vec::new(), is_shown: true, has_progress: false }
}

impl Act {
    /// Expected is that the state or a guard refuses it.
    pub(super) fn refused(self) -> Self {
        Self { exit_code: 4, ..self }
    }

    /// Expected is that it is not allowed.
    pub(super) fn forbidden(self) -> Self {
        Self { exit_code: 5, ..self }
    }

    /// Expected is that it says these words, in any order.
    pub(super) fn says(self, words: &[&str]) -> Self {
        Self { words: words.iter().copied().map(str::to_owned).collect(), ..self }
    }

    /// What it says is not shown.
    pub(super) fn unshown(self) -> Self {
        Self { is_shown: false, ..self }
    }

    /// It takes long and shows how far it is, where that can be shown.
    pub(super) fn with_progress(self) -> Self {
        Self { has_progress: true, ..self }
    }

    /// What differs from what was expected, for people.
    pub(super) fn deviation(&self, outcome: &Outcome) -> Option<String> {
        let missing = self.words.iter().find(|words| !outcome.says(words));
        if outcome.exit_code == Some(self.exit_code) && missing.is_none() {
            return None;
        }
        let words = missing.map(|words| format!(", and the words {words:?}")).unwrap_or_default();
        let came = outcome.exit_code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
        Some(format!(
            "the story took another turn\n{}\n  expected: exit code {}{words}\n  came: {came}, and\n{}",
            typed(&self.arguments),
            self.exit_code,
            outcome.lines().map(|line| format!("  | {line}")).collect::<Vec<_>>().join("\n"),
        ))
    }
}

impl Outcome {
    /// All that was said, the errors last.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.stdout.lines().chain(self.stderr.lines())
    }

    /// Whether it said these words.
    pub(super) fn says(&self, words: &str) -> bool {
        self.stdout.contains(words) || self.stderr.contains(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(exit_code: i32) -> Outcome {
        Outcome { exit_code: Some(exit_code), stdout: "Submitted".to_owned(), stderr: "note".to_owned() }
    }

    #[test]
    fn an_act_deviates_in_its_exit_code_or_its_words() {
        let submit = act("anna", ["handoff", "submit", "crm/D-1"]).says(&["Submitted", "note"]);
        assert_eq!(submit.deviation(&outcome(0)), None);
        let told = submit.clone().refused().deviation(&outcome(0)).unwrap();
        assert!(told.contains("expected: exit code 4\n  came: exit code 0, and\n  | Submitted\n  | note"), "{told}");
        let told = submit.says(&["attempt 2"]).deviation(&outcome(0)).unwrap();
        assert!(told.contains("expected: exit code 0, and the words \"attempt 2\""), "{told}");
    }
}
