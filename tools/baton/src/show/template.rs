//! Templates for people.

use api::checklist::v1::{
    ChangeClass, Content, DiffVersionsResponse, Field, Finding, Item, ListStartersResponse, ListTemplatesResponse,
    ListVersionsResponse, Template, TemplateVersion, VersionState,
};
use comfy_table::Cell;

use super::{Screen, Tone, more};
use crate::words::{self, Word};

/// All templates, a line each.
pub(crate) fn list(answer: &ListTemplatesResponse, screen: &Screen) -> String {
    let rows = answer.templates.iter().map(|template| {
        [
            template.id.clone(),
            template.display_name.clone(),
            template.owner_team.clone(),
            number(template.latest_version),
            number(template.draft_version),
        ]
    });
    screen.table(&["TEMPLATE", "Name", "Owner", "Latest", "Draft"], rows) + more(&answer.next_page_token)
}

/// One template without its content.
pub(crate) fn card(template: &Template, screen: &Screen) -> String {
    let facts = screen.facts(&[
        ("template", template.id.clone()),
        ("owner", template.owner_team.clone()),
        ("latest", number(template.latest_version)),
        ("draft", number(template.draft_version)),
        ("created", words::time(template.created_at.as_ref())),
        ("revision", template.revision.to_string()),
    ]);
    format!("{}\n{facts}", screen.heading(&template.display_name))
}

/// The versions of a template, newest first.
pub(crate) fn versions(answer: &ListVersionsResponse, screen: &Screen) -> String {
    let rows = answer.versions.iter().map(|version| {
        [
            Cell::new(version.version),
            screen.cell(tone_of(version.state()), version.state().word()),
            Cell::new(words::time(version.published_at.as_ref())),
            Cell::new(&version.published_by),
            Cell::new(words::time(version.retired_at.as_ref())),
            Cell::new(short(&version.content_hash)),
        ]
    });
    screen.table(&["VERSION", "State", "Published", "By", "Retired", "Content"], rows) + more(&answer.next_page_token)
}

/// One version: its fields, its checklist, its rules.
pub(crate) fn version(version: &TemplateVersion, screen: &Screen) -> String {
    let published = words::time(version.published_at.as_ref());
    let facts = screen.facts(&[
        ("state", screen.paint(tone_of(version.state()), version.state().word())),
        (
            "published",
            if published.is_empty() { published } else { format!("{published} by {}", version.published_by) },
        ),
        ("retired", words::time(version.retired_at.as_ref())),
        ("content hash", version.content_hash.clone()),
    ]);
    let content = version.content.clone().unwrap_or_default();
    let heading = screen.heading(&format!("{} version {}", version.template_id, version.version));
    format!("{heading}\n{facts}") + &contents(&content, screen)
}

/// What changed between two versions, and what it means.
pub(crate) fn changes(answer: &DiffVersionsResponse, screen: &Screen) -> String {
    let (from, to) = (answer.from.clone().unwrap_or_default(), answer.to.clone().unwrap_or_default());
    let named =
        |version: &TemplateVersion| format!("version {} ({})", version.version, version.state().word().to_lowercase());
    let heading = screen.heading(&format!("{}: {} to {}", to.template_id, named(&from), named(&to)));
    if answer.changes.is_empty() {
        return format!("{heading}\n\nnothing changed: the contents are the same");
    }
    let rows = answer.changes.iter().map(|change| {
        [
            Cell::new(&change.key),
            Cell::new(lower(change.part())),
            screen.cell(tone_of_class(change.class()), change.class().word()),
            Cell::new(lower(change.kind())),
            Cell::new(&change.was),
            Cell::new(&change.now),
        ]
    });
    let table = screen.table(&["KEY", "Part", "CLASS", "Change", "Was", "Is"], rows);
    let verdict = match answer.class() {
        ChangeClass::Unspecified | ChangeClass::Editorial => "EDITORIAL: every submission is judged as before",
        ChangeClass::Compatible => "COMPATIBLE: what was admitted is admitted, and what was ready is ready",
        ChangeClass::Breaking => {
            "BREAKING: a submission that was ready may no longer be; look at handoffs in draft before they migrate"
        }
    };
    format!("{heading}\n\n{table}\n\n{}", screen.paint(tone_of_class(answer.class()), verdict))
}

/// What keeps a draft from being published; empty where nothing does.
pub(crate) fn findings(findings: &[Finding], screen: &Screen) -> String {
    let rows = findings.iter().map(|finding| [&finding.path, &finding.code, &finding.message]);
    let table = screen.table(&["Where", "Finding", "What to do"], rows);
    if findings.is_empty() { String::new() } else { screen.section("What publishing would refuse", &table) }
}

/// The shipped templates.
pub(crate) fn starters(answer: &ListStartersResponse, screen: &Screen) -> String {
    let rows = answer.starters.iter().map(|starter| [&starter.id, &starter.display_name]);
    screen.table(&["STARTER", "Name"], rows)
}

fn contents(content: &Content, screen: &Screen) -> String {
    let fields = content.fields.iter().map(|field| {
        [
            field.key.clone(),
            field.label.clone(),
            lower(field.r#type()),
            lower(field.severity()),
            when(field),
            limits(field),
        ]
    });
    let items = content.items.iter().map(|item| {
        [
            item.key.clone(),
            item.text.clone(),
            lower(item.side()),
            lower(item.category()),
            lower(item.severity()),
            notes(item),
        ]
    });
    let rules = content
        .rules
        .iter()
        .map(|rule| [rule.key.clone(), lower(rule.severity()), rule.message.clone(), rule.expression.clone()]);
    screen.section("Fields", &screen.table(&["FIELD", "Label", "Type", "Severity", "Required", "Limits"], fields))
        + &screen.section("Checklist", &screen.table(&["ITEM", "Text", "Side", "Category", "Severity", "Notes"], items))
        + &screen.section("Rules", &screen.table(&["RULE", "Severity", "Message", "Expression"], rules))
}

fn when(field: &Field) -> String {
    let required = match (field.required, field.required_if.as_str()) {
        (true, _) => "always".to_owned(),
        (false, "") => String::new(),
        (false, condition) => format!("if {condition}"),
    };
    joined([required, prefixed("shown if ", &field.visible_if)])
}

fn limits(field: &Field) -> String {
    let Some(limits) = &field.constraints else { return String::new() };
    let length = |name: &str, length: Option<u32>| length.map(|n| format!("{name} {n} long")).unwrap_or_default();
    joined([
        prefixed("from ", &limits.min),
        prefixed("to ", &limits.max),
        length("at least", limits.min_length),
        length("at most", limits.max_length),
        prefixed("like ", &limits.pattern),
        prefixed("one of ", &limits.choices.join(", ")),
    ])
}

fn notes(item: &Item) -> String {
    let evidence = lower(item.evidence());
    joined([
        if evidence == "none" { String::new() } else { prefixed("evidence: ", &evidence) },
        if item.may_be_na { "may not apply".to_owned() } else { String::new() },
        prefixed("shown if ", &item.visible_if),
    ])
}

fn joined<const N: usize>(parts: [String; N]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

fn prefixed(prefix: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{prefix}{text}") }
}

fn lower(word: impl Word) -> String {
    word.word().to_lowercase().replace('_', " ")
}

fn number(version: i32) -> String {
    if version == 0 { String::new() } else { version.to_string() }
}

fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

fn tone_of_class(class: ChangeClass) -> Tone {
    match class {
        ChangeClass::Unspecified | ChangeClass::Editorial => Tone::Quiet,
        ChangeClass::Compatible => Tone::Good,
        ChangeClass::Breaking => Tone::Bad,
    }
}

fn tone_of(state: VersionState) -> Tone {
    match state {
        VersionState::Unspecified => Tone::Plain,
        VersionState::Draft => Tone::Waiting,
        VersionState::Published => Tone::Good,
        VersionState::Retired => Tone::Quiet,
    }
}

#[cfg(test)]
mod tests {
    use api::{
        checklist::v1::{Change, ChangeKind},
        r#type::v1::CriterionKind,
    };

    use super::*;

    #[test]
    fn a_difference_names_each_change_with_its_class() {
        let version = |version, state: VersionState| {
            Some(TemplateVersion { template_id: "t".into(), version, state: state.into(), ..Default::default() })
        };
        let change = |key: &str, kind: ChangeKind, class: ChangeClass, was: &str, now: &str| Change {
            part: CriterionKind::Field.into(),
            key: key.into(),
            kind: kind.into(),
            class: class.into(),
            was: was.into(),
            now: now.into(),
        };
        let mut answer = DiffVersionsResponse {
            from: version(1, VersionState::Published),
            to: version(2, VersionState::Draft),
            changes: vec![
                change("seats", ChangeKind::ConstraintsNarrowed, ChangeClass::Breaking, "from 1", "from 5"),
                change("note", ChangeKind::Wording, ChangeClass::Editorial, "Note", "Notes"),
            ],
            class: ChangeClass::Breaking.into(),
        };
        insta::assert_snapshot!(changes(&answer, &Screen::of_test()), @r"
        t: version 1 (published) to version 2 (draft)

         KEY     Part    CLASS       Change                 Was      Is
        ────────────────────────────────────────────────────────────────────
         seats   field   BREAKING    constraints narrowed   from 1   from 5
         note    field   EDITORIAL   wording                Note     Notes

        BREAKING: a submission that was ready may no longer be; look at handoffs in draft before they migrate
        ");
        answer.changes.clear();
        assert!(changes(&answer, &Screen::of_test()).ends_with("nothing changed: the contents are the same"));
    }
}
