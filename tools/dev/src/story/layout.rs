//! How the story is laid out: colours, wrapped text, commands as they are typed.

use std::io::IsTerminal as _;

use clap::builder::styling::{AnsiColor, Style};

/// How wide the story is, in characters, without the indent of what a command says.
pub(super) const WIDTH: usize = 116;
/// Stands before all that a command says.
pub(super) const INDENT: &str = "    ";

/// Colours on a terminal, and not where NO_COLOR is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(bool);

impl Paint {
    pub(super) fn of_stdout() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(std::io::stdout().is_terminal() && !refused)
    }

    pub(super) fn heading(self, text: &str) -> String {
        self.style(Style::new().bold().underline(), text)
    }

    pub(super) fn narration(self, text: &str) -> String {
        self.style(Style::new().italic(), text)
    }

    pub(super) fn note(self, text: &str) -> String {
        self.style(Style::new().dimmed(), text)
    }

    pub(super) fn command(self, text: &str) -> String {
        self.style(AnsiColor::Cyan.on_default().bold(), text)
    }

    pub(super) fn refusal(self, text: &str) -> String {
        self.style(AnsiColor::Yellow.on_default(), text)
    }

    fn style(self, style: Style, text: &str) -> String {
        if self.0 { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// Breaks what is too long between words; what follows stands under the first word, and `hang` deeper.
pub(super) fn wrap(line: &str, hang: usize) -> Vec<String> {
    let margin = line.len() - line.trim_start().len();
    let mut lines = Vec::new();
    let mut rest = line.to_owned();
    while let Some((too_far, next)) = rest.char_indices().nth(WIDTH) {
        let indent = rest.len() - rest.trim_start().len();
        let Some(space) = rest[indent..too_far + next.len_utf8()].rfind(' ').map(|space| indent + space) else { break };
        let next = " ".repeat(margin + hang) + rest[space..].trim_start();
        rest.truncate(space);
        lines.push(std::mem::replace(&mut rest, next));
    }
    lines.push(rest);
    lines
}

/// The command line as it would be typed; a long one goes on in the next lines.
pub(super) fn typed(arguments: &[String]) -> String {
    let mut lines = vec!["$ baton".to_owned()];
    for part in parts(arguments) {
        let last = lines.last_mut().expect("there is a first line");
        if last.chars().count() + 1 + part.chars().count() <= WIDTH {
            last.push(' ');
            last.push_str(&part);
        } else {
            last.push_str(" \\");
            lines.push(format!("    {part}"));
        }
    }
    lines.join("\n")
}

/// Words that stay in one line: an option goes with what follows it.
fn parts(arguments: &[String]) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut is_after_option = false;
    for argument in arguments {
        let word = quoted(argument);
        let is_option = argument.starts_with("--");
        match parts.last_mut() {
            Some(option) if is_after_option && !is_option => option.extend([" ", &word]),
            _ => parts.push(word),
        }
        is_after_option = is_option;
    }
    parts
}

/// For a shell: the value of KEY=VALUE alone where that is enough. Nothing in the story holds an apostrophe.
fn quoted(argument: &str) -> String {
    let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@,=+".contains(c));
    match argument.split_once('=') {
        _ if is_plain(argument) && !argument.is_empty() => argument.to_owned(),
        Some((key, value)) if is_plain(key) => format!("{key}='{value}'"),
        _ => format!("'{argument}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_typed_as_a_shell_reads_it() {
        let arguments = ["--as", "anna", "handoff", "set", "crm/D-1", "seats=40", "note=by May", "a b"];
        let typed = typed(&arguments.map(str::to_owned));
        assert_eq!(typed, "$ baton --as anna handoff set crm/D-1 seats=40 note='by May' 'a b'");
    }

    #[test]
    fn an_option_stays_with_its_value() {
        let text = "x".repeat(WIDTH - 20);
        let typed = typed(&["submit", "--note", &text, "--now"].map(str::to_owned));
        assert_eq!(typed, format!("$ baton submit \\\n    --note {text} --now"));
    }

    #[test]
    fn a_long_line_goes_on_under_its_first_word() {
        let line = format!("  -  {}end", "twelve chars ".repeat(12));
        let lines = wrap(&line, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("  -  twelve") && lines[1].starts_with("    ") && lines[1].ends_with(" end"));
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH));
        assert_eq!(wrap(&"—".repeat(WIDTH), 2).len(), 1);
        assert_eq!(wrap(&format!("first {}", "—".repeat(WIDTH)), 2).len(), 2);
        assert_eq!(wrap(&"x".repeat(WIDTH + 1), 2).len(), 1);
    }
}
