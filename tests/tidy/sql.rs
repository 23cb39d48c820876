//! What SQL may say: a service names only its own tables, the chassis names none by schema, and nobody reads the clock.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

use crate::{
    offence::{Offence, bites, hold},
    project,
    source::Source,
};

/// A piece of SQL with the place it stands at.
struct Sql {
    path: String,
    line: usize,
    text: String,
}

/// Whose tables SQL may name.
#[derive(Clone, Copy)]
enum Names<'a> {
    /// `schema.table`, of this schema.
    In(&'a str),
    /// `table`.
    Unqualified,
}

static COMMENT: LazyLock<Regex> = LazyLock::new(|| regex("--[^\n]*"));
static QUOTED: LazyLock<Regex> = LazyLock::new(|| regex("'[^'\n]*'"));
/// Keywords are written in capitals, names are not. A name with an opening parenthesis after FROM or JOIN is a function.
static TABLE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?x) (?P<before> \bDISTINCT\s+ | \( \s* [a-z]+ \s+ | \bFOR\s+ )?
          \b(?P<key> FROM | JOIN | INTO | UPDATE | TABLE | REFERENCES )
          \s+ (?: ONLY\s+ | LATERAL\s+ | IF\s+(?:NOT\s+)?EXISTS\s+ )*
          (?P<name> [a-z_][a-z0-9_]* (?: \.[a-z_][a-z0-9_]* )? ) (?P<call> \s*\( )?",
    )
});
/// Further tables of a list: `FROM a, b y, c`.
static LISTED: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^(?:\s+(?:AS\s+)?[a-z_][a-z0-9_]*)?\s*,\s*(?P<name>[a-z_][a-z0-9_.]*)"));
static CTE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?:WITH(?:\s+RECURSIVE)?|,)\s+(?P<name>[a-z_][a-z0-9_]*)\s*(?:\([^)]*\)\s*)?AS\s+(?:NOT\s+)?(?:MATERIALIZED\s+)?\(",
    )
});
/// What a migration makes or gives rights on.
static MADE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?x) \b (?: FUNCTION | VIEW | SEQUENCE | ON )
          \s+ (?P<name> [a-z_][a-z0-9_]* (?: \.[a-z_][a-z0-9_]* )? (?: \s*,\s* [a-z_][a-z0-9_]* (?: \.[a-z_][a-z0-9_]* )? )* )",
    )
});
static CLOCK: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(\s*\)|\b(?:CURRENT_(?:TIMESTAMP|DATE|TIME)|LOCALTIME(?:STAMP)?)\b",
    )
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is one")
}

/// The strings of a file's product code.
fn strings(source: &Source) -> Vec<Sql> {
    let strings = source.product().filter(|token| token.is_string);
    strings.map(|token| Sql { path: source.path.clone(), line: token.line, text: token.text.clone() }).collect()
}

fn migrations(folder: &str) -> Vec<Sql> {
    let files = project::documents_named(".sql").filter(|file| file.path.starts_with(&format!("{folder}/migrations/")));
    files.map(|file| Sql { path: file.path.clone(), line: 1, text: file.text.clone() }).collect()
}

impl Sql {
    /// The text with comments and quoted words blanked out.
    fn bare(&self) -> String {
        let blank = |found: &regex::Captures<'_>| " ".repeat(found[0].len());
        QUOTED.replace_all(&COMMENT.replace_all(&self.text, blank), blank).into_owned()
    }

    fn offence(&self, text: &str, at: usize, what: String) -> Offence {
        Offence { path: self.path.clone(), line: self.line + text[..at].matches('\n').count(), what }
    }
}

/// Tables that are named otherwise than they may be.
fn misnamed(pieces: &[Sql], names: Names<'_>, in_migration: bool) -> Vec<Offence> {
    let bare: Vec<_> = pieces.iter().map(|sql| (sql, sql.bare())).collect();
    let ctes: BTreeSet<String> =
        bare.iter().flat_map(|(_, text)| CTE.captures_iter(text).map(|found| found["name"].to_owned())).collect();
    let mut offences = vec![];
    for (sql, text) in &bare {
        let mut found: Vec<(usize, String)> = vec![];
        for table in TABLE.captures_iter(text) {
            let is_function = table.name("call").is_some() && matches!(&table["key"], "FROM" | "JOIN");
            if is_function || table.name("before").is_some() {
                continue;
            }
            let name = table.name("name").expect("the pattern has it");
            found.push((name.start(), name.as_str().to_owned()));
            let mut end = name.end();
            while let Some(next) = LISTED.captures(&text[end..]).filter(|_| &table["key"] == "FROM") {
                let name = next.name("name").expect("the pattern has it");
                found.push((end + name.start(), name.as_str().to_owned()));
                end += name.end();
            }
        }
        if in_migration {
            for made in MADE.captures_iter(text) {
                let listed = made.name("name").expect("the pattern has it");
                found.extend(listed.as_str().split(',').map(|name| (listed.start(), name.trim().to_owned())));
            }
        }
        let is_wrong = |name: &str| match (names, name.split_once('.')) {
            (Names::In(schema), Some((other, _))) => other != schema,
            (Names::In(_), None) => !ctes.contains(name),
            (Names::Unqualified, qualified) => qualified.is_some(),
        };
        let wrong = found.into_iter().filter(|(_, name)| is_wrong(name));
        offences.extend(wrong.map(|(at, name)| sql.offence(text, at, name)));
    }
    offences
}

/// Names in another service's schema, wherever in SQL they stand.
fn foreign(pieces: &[Sql], own: Option<&str>, schemas: &BTreeSet<String>) -> Vec<Offence> {
    let others: Vec<_> = schemas.iter().filter(|schema| own != Some(schema.as_str())).cloned().collect();
    if others.is_empty() {
        return vec![];
    }
    let pattern = regex(&format!(r"(?:^|[\s(,])(?P<name>(?:{})\.[a-z_]+)", others.join("|")));
    let mut offences = vec![];
    for sql in pieces.iter().filter(|sql| is_statement(&sql.text)) {
        let text = sql.bare();
        let found = pattern.captures_iter(&text).filter_map(|found| found.name("name"));
        offences.extend(found.map(|name| sql.offence(&text, name.start(), name.as_str().to_owned())));
    }
    offences
}

fn is_statement(text: &str) -> bool {
    static KEYWORD: LazyLock<Regex> =
        LazyLock::new(|| regex(r"\b(?:SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|FROM|JOIN)\b"));
    KEYWORD.is_match(text)
}

fn clocks(pieces: &[Sql]) -> Vec<Offence> {
    let mut offences = vec![];
    for sql in pieces {
        let text = sql.bare();
        offences
            .extend(CLOCK.find_iter(&text).map(|clock| sql.offence(&text, clock.start(), clock.as_str().to_owned())));
    }
    offences
}

/// The schema that a service says is its own, in `lib.rs`.
fn schema(service: &str) -> String {
    let path = format!("services/{service}/src/lib.rs");
    let lib = project::sources().iter().find(|source| source.path == path).expect("a service has a lib.rs");
    let said = lib.tokens.windows(3).find(|it| it[0].text == "schema" && it[1].text == ":" && it[2].is_string);
    said.expect("a service names its schema in its identity")[2].text.trim_matches('"').to_owned()
}

fn schemas() -> BTreeSet<String> {
    project::services().into_iter().map(schema).collect()
}

fn sources_below(folder: &str) -> impl Iterator<Item = &'static Source> {
    let folder = format!("{folder}/src/");
    project::sources().iter().filter(move |source| source.path.starts_with(&folder))
}

#[test]
fn a_service_names_its_own_tables_with_their_schema() {
    let schemas = schemas();
    let offences = project::services().into_iter().flat_map(|service| {
        let (own, folder) = (schema(service), format!("services/{service}"));
        let mut offences = misnamed(&migrations(&folder), Names::In(&own), true);
        for source in sources_below(&folder) {
            let pieces = strings(source);
            offences.extend(foreign(&pieces, Some(&own), &schemas));
            if source.is_layer("store") {
                offences.extend(misnamed(&pieces, Names::In(&own), false));
            }
        }
        offences
    });
    hold(
        "Write schema.table, of the service's own schema; what another service has comes by its API or its events:",
        offences,
    );
}

#[test]
fn the_chassis_names_tables_without_a_schema() {
    let schemas = schemas();
    let mut offences = misnamed(&migrations("shared/chassis"), Names::Unqualified, true);
    for source in sources_below("shared/chassis") {
        let pieces: Vec<_> = strings(source).into_iter().filter(|sql| is_statement(&sql.text)).collect();
        offences.extend(misnamed(&pieces, Names::Unqualified, false));
        offences.extend(foreign(&pieces, None, &schemas));
    }
    hold(
        "The chassis' tables live in each service's schema, which is the role's search_path: write the bare name:",
        offences,
    );
}

#[test]
fn a_services_sql_reads_no_clock() {
    let offences = project::services().into_iter().flat_map(|service| {
        let folder = format!("services/{service}");
        let mut offences = clocks(&migrations(&folder));
        offences.extend(sources_below(&folder).flat_map(|source| clocks(&strings(source))));
        offences
    });
    let offences = offences.chain(clocks(&migrations("shared/chassis")));
    hold(
        "The instant is Tx::now(), bound as a parameter, so that a transaction has one and a test can set it:",
        offences,
    );
}

mod bites {
    //! Each rule, shown what it forbids.

    use super::*;

    fn sql(text: &str) -> Vec<Sql> {
        vec![Sql { path: "it.sql".to_owned(), line: 1, text: text.to_owned() }]
    }

    #[test]
    fn tables_without_their_schema_or_of_another() {
        let text = "SELECT a FROM handoff.team t\nJOIN route r ON true\nWHERE b IS DISTINCT FROM c AND d = 'FROM x'\n\
                    AND extract(epoch FROM e) > 0 FOR UPDATE OF t\n-- FROM comment\nUPDATE sla.clock SET a = 1";
        bites(&misnamed(&sql(text), Names::In("handoff"), false), &[2, 6]);
        let text = "WITH said AS (\nINSERT INTO event_log (a) SELECT a FROM unnest($1)) INSERT INTO handoff.b SELECT FROM said,\nc d";
        bites(&misnamed(&sql(text), Names::In("handoff"), false), &[2, 3]);
        bites(&foreign(&sql("SELECT\n checklist.f(a) FROM handoff.b"), Some("handoff"), &schemas()), &[2]);
    }

    #[test]
    fn a_migration_that_makes_a_table_elsewhere() {
        let text = "CREATE TABLE handoff.a (b text REFERENCES handoff.c (b));\nCREATE TABLE d (e text);\n\
                    CREATE INDEX f ON a (b);\nGRANT SELECT ON handoff.a, g TO handoff;\nCREATE FUNCTION h() RETURNS text;";
        bites(&misnamed(&sql(text), Names::In("handoff"), true), &[2, 3, 4, 5]);
    }

    #[test]
    fn a_chassis_table_with_a_schema() {
        bites(&misnamed(&sql("SELECT a\nFROM handoff.event_log"), Names::Unqualified, false), &[2]);
    }

    #[test]
    fn a_statement_that_reads_the_clock() {
        bites(&clocks(&sql("INSERT INTO a\nVALUES (now(), $1)\n-- now()\n, CURRENT_TIMESTAMP, 'now()'")), &[2, 4]);
    }

    #[test]
    fn strings_are_found_and_other_text_is_not() {
        let source = Source::new("services/x/src/store/y.rs", "/// FROM a\nfn b() { c(r#\"SELECT\n FROM d\"#) }\n");
        bites(&misnamed(&strings(&source), Names::In("x"), false), &[3]);
    }
}
