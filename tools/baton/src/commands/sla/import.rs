//! Files of calendars and policies that are brought in, and what came of each.

use std::path::PathBuf;

use serde::Serialize;

use crate::{
    commands::answers::read_text,
    errors::{Error, Result},
    session::Session,
    show::{Screen, Tone},
};

/// What came of a file.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Imported {
    /// The calendar or the policy.
    pub(super) id: String,
    /// The version that it has now.
    pub(super) version: i32,
    /// What was done.
    pub(super) done: Done,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Done {
    /// It is new.
    Created,
    /// There is a new version.
    Updated,
    /// It was so already.
    Unchanged,
}

/// Reads all files; the mistakes of all of them are told at once, each with its file and its place.
pub(super) fn read_files<T>(files: &[PathBuf], read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>> {
    let (mut all, mut mistakes) = (vec![], vec![]);
    for file in files {
        match read(&read_text(file)?) {
            Ok(one) => all.push(one),
            Err(mistake) => mistakes.push(format!("{}: {mistake}", file.display())),
        }
    }
    if mistakes.is_empty() {
        return Ok(all);
    }
    Err(Error::usage(mistakes.join("\nbaton: "), "mend it; `--help` shows a whole file. Nothing was sent"))
}

/// Prints a line for each.
pub(super) fn tell(imported: &[Imported], session: &Session) -> Result<()> {
    session.answer_own(&imported, |imported, screen| lines(imported, screen))
}

fn lines(imported: &[Imported], screen: &Screen) -> String {
    let line = |one: &Imported| {
        let (tone, done) = match one.done {
            Done::Created => (Tone::Good, "created"),
            Done::Updated => (Tone::Good, "updated"),
            Done::Unchanged => (Tone::Quiet, "nothing changed"),
        };
        format!("{}: {}, version {}", one.id, screen.paint(tone, done), one.version)
    };
    imported.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::{cli, yaml::policy::PolicyFile};

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn the_mistakes_of_all_files_are_told_before_any_is_sent() {
        let texts = ["policy: a\n", "policy: a\ntargets: []\n", "policy: a\ntargets: []\nextra: 1\n"];
        let files = texts.map(file);
        let paths = files.each_ref().map(|file| file.path().to_owned());
        let Err(Error::Stated { what, .. }) = read_files(&paths, PolicyFile::from_yaml) else { panic!("it was read") };
        let names = paths.map(|path| path.display().to_string());
        assert!(what.contains(&format!("{}: missing field `targets`", names[0])), "{what}");
        assert!(what.contains(&format!("{}: unknown field `extra`", names[2])), "{what}");
        assert!(!what.contains(&names[1]), "{what}");
    }

    #[test]
    fn a_line_says_what_came_of_a_file() {
        let one = |done| Imported { id: "berlin".to_owned(), version: 3, done };
        let told = lines(&[one(Done::Created), one(Done::Unchanged)], &Screen::of_test());
        assert_eq!(told, "berlin: created, version 3\nberlin: nothing changed, version 3");
    }

    #[test]
    fn the_files_that_help_shows_can_be_read() {
        fn example(noun: &str) -> String {
            let command = cli::command();
            let sla = command.find_subcommand("sla").and_then(|it| it.find_subcommand(noun)).unwrap();
            let help = sla.find_subcommand("import").unwrap().get_after_help().unwrap().to_string();
            let lines = help.lines().skip(1).take_while(|line| line.starts_with("  "));
            lines.map(|line| &line[2..]).collect::<Vec<_>>().join("\n")
        }
        crate::yaml::calendar::CalendarFile::from_yaml(&example("calendar")).unwrap();
        PolicyFile::from_yaml(&example("policy")).unwrap();
    }
}
