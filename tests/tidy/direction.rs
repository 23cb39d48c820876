//! Who may know whom: layers of a service, services, shared crates.

use std::collections::BTreeSet;

use crate::{
    manifests,
    offence::{Offence, bites, hold},
    project,
    source::{Source, Token},
};

/// What the domain may name beside std: values and pure evaluation, and what derives its forms and its errors.
const DOMAIN_KNOWS: [&str; 5] = ["kernel", "criteria", "calendar", "serde", "thiserror"];
/// The one place of a domain that may speak JSON: it counts the bytes that a state takes when it is stored.
const DOMAIN_COUNTS_BYTES: &str = "services/handoff/src/domain/handoff/size.rs";

/// The crates named at the root of a path or in a `use`, with the token that names each.
fn crates<'a>(source: &'a Source, known: &'a BTreeSet<String>) -> impl Iterator<Item = &'a Token> {
    source.tokens.iter().enumerate().filter_map(move |(place, token)| {
        let before = place.checked_sub(1).map(|before| source.tokens[before].text.as_str());
        let after = source.tokens.get(place + 1).map(|after| after.text.as_str());
        // Below another name in a path it is that one's module; before `::`, or after `use`, it is the crate.
        let is_root = !matches!(before, Some("::" | "." | "fn" | "mod" | "let"));
        let is_path = after == Some("::") || (before == Some("use") && matches!(after, Some(";" | "as")));
        (is_root && is_path && !token.is_string && !token.in_test && known.contains(&token.text)).then_some(token)
    })
}

/// Crates that a layer names and must not: of `known` ones, all that `is_forbidden` says.
fn foreign(source: &Source, known: &BTreeSet<String>, is_forbidden: impl Fn(&str) -> bool) -> Vec<Offence> {
    crates(source, known)
        .filter(|token| is_forbidden(&token.text))
        .map(|token| source.offence(token, format!("{}::", token.text)))
        .collect()
}

/// Modules of its own crate that a layer names and must not.
fn upward(source: &Source, is_forbidden: impl Fn(&str) -> bool) -> Vec<Offence> {
    let mut offences = vec![];
    for (place, window) in source.tokens.windows(3).enumerate() {
        let [root, path, name] = window else { continue };
        if root.text != "crate" || path.text != "::" || root.in_test {
            continue;
        }
        // `crate::{a, b::c}`: the names at the first depth.
        let names: Vec<&Token> = if name.text == "{" { heads(&source.tokens[place + 3..]) } else { vec![name] };
        offences.extend(
            names
                .into_iter()
                .filter(|name| is_forbidden(&name.text))
                .map(|name| source.offence(name, format!("crate::{}", name.text))),
        );
    }
    offences
}

/// The first name of each branch of a `use` group whose brace has just been opened.
fn heads(tokens: &[Token]) -> Vec<&Token> {
    let mut depth = 0;
    let mut heads = vec![];
    let mut is_first = true;
    for token in tokens {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" if depth == 0 => break,
            "}" => depth -= 1,
            "," if depth == 0 => is_first = true,
            _ if depth == 0 && is_first => {
                heads.push(token);
                is_first = false;
            }
            _ => {}
        }
    }
    heads
}

fn is_wire(name: &str) -> bool {
    name == "api" || ["tonic", "prost"].iter().any(|it| name == *it || name.starts_with(&format!("{it}_")))
}

fn is_store(name: &str) -> bool {
    name == "sqlx"
}

fn domain_is_pure(source: &Source, known: &BTreeSet<String>) -> Vec<Offence> {
    let is_forbidden = |name: &str| {
        let counts_bytes = source.path == DOMAIN_COUNTS_BYTES && name == "serde_json";
        !DOMAIN_KNOWS.contains(&name) && !counts_bytes
    };
    let mut offences = foreign(source, known, is_forbidden);
    offences.extend(upward(source, |module| module != "domain"));
    offences.extend(
        source
            .product()
            .filter(|token| matches!(token.text.as_str(), "async" | "await"))
            .map(|token| source.offence(token, &token.text)),
    );
    offences
}

fn ops_know_no_wire_and_no_sql(source: &Source, known: &BTreeSet<String>) -> Vec<Offence> {
    let mut offences = foreign(source, known, |name| is_wire(name) || is_store(name));
    offences.extend(upward(source, |module| module == "grpc"));
    offences
}

fn store_knows_no_wire_and_decides_nothing(source: &Source, known: &BTreeSet<String>) -> Vec<Offence> {
    let mut offences = foreign(source, known, is_wire);
    offences.extend(upward(source, |module| !matches!(module, "domain" | "store")));
    offences
}

fn wire_without_sql(source: &Source, known: &BTreeSet<String>) -> Vec<Offence> {
    foreign(source, known, is_store)
}

/// A rule over every file of a layer, in all services.
#[track_caller]
fn hold_in(layer: &str, remedy: &str, rule: fn(&Source, &BTreeSet<String>) -> Vec<Offence>) {
    let sources: Vec<_> = project::sources().iter().filter(|source| source.is_layer(layer)).collect();
    assert!(!sources.is_empty(), "no service has a layer {layer}: this rule holds nothing");
    hold(remedy, sources.into_iter().flat_map(|source| rule(source, &crates_of(source))));
}

/// Every crate that a path in the file can begin with: those that its service depends on.
fn crates_of(source: &Source) -> BTreeSet<String> {
    let (folder, _) = source.path.split_once("/src/").expect("a layer lies in src/");
    let dependencies = manifests::dependencies(&format!("{folder}/Cargo.toml"));
    dependencies.into_iter().map(|dependency| dependency.name.replace('-', "_")).collect()
}

#[test]
fn the_domain_is_pure_and_synchronous() {
    hold_in(
        "domain",
        "The domain knows kernel, criteria, std and itself; what else it needs comes in as an argument:",
        domain_is_pure,
    );
}

#[test]
fn ops_know_neither_the_wire_nor_sql() {
    hold_in(
        "ops",
        "An op works on a Tx, the domain and the store: put SQL into store/, messages into grpc/ or events:",
        ops_know_no_wire_and_no_sql,
    );
}

#[test]
fn the_store_knows_no_wire_and_decides_nothing() {
    hold_in(
        "store",
        "The store turns rows into the domain's values and knows nothing above it: decide in the domain, answer in grpc/:",
        store_knows_no_wire_and_decides_nothing,
    );
}

#[test]
fn grpc_knows_no_sql() {
    hold_in("grpc", "A handler reads through store/ and writes through an op:", wire_without_sql);
}

#[test]
fn a_service_depends_on_no_other_service() {
    let (services, packages) = (project::services(), manifests::packages_of_services());
    let offences = services.iter().flat_map(|service| {
        let path = format!("services/{service}/Cargo.toml");
        foreign_services(manifests::dependencies(&path), &packages)
    });
    hold("A service knows others by `api` alone: their clients and their events:", offences);
}

/// Services among what a service depends on. Its tests may run another one: the real thing beats a stand-in.
fn foreign_services(dependencies: Vec<manifests::Dependency>, packages: &[String]) -> Vec<Offence> {
    let services = dependencies.into_iter().filter(|it| !it.is_for_tests && packages.contains(&it.name));
    services.map(|it| it.offence("depends on another service")).collect()
}

#[test]
fn shared_crates_depend_on_no_service() {
    let packages = manifests::packages_of_services();
    let shared = project::documents_named("Cargo.toml").filter(|manifest| manifest.path.starts_with("shared/"));
    let dependencies = shared.flat_map(|manifest| manifests::dependencies(&manifest.path));
    let offences = dependencies.filter(|it| packages.contains(&it.name));
    hold("What two services share knows neither of them:", offences.map(|it| it.offence("depends on a service")));
}

mod bites {
    //! Each rule, shown what it forbids.

    use super::*;

    fn known() -> BTreeSet<String> {
        ["api", "chassis", "kernel", "prost_types", "serde_json", "sqlx", "tokio", "tonic"].map(str::to_owned).into()
    }

    fn layer(name: &str, text: &str) -> Source {
        Source::new(&format!("services/handoff/src/{name}/it.rs"), text)
    }

    #[test]
    fn a_domain_that_reaches_out() {
        let text = "use kernel::Actor;\nuse sqlx::PgPool;\nfn a(b: tokio::time::Instant) {}\nasync fn c() {}\n\
                    use crate::{domain::X, store::{self, y}};\nfn d() { serde_json::json!(1); }\n\
                    // tonic::Status\nconst E: &str = \"prost_types::Any\";\n\
                    #[cfg(test)]\nmod tests { use serde_json::json; }\n";
        let mut offences = domain_is_pure(&layer("domain", text), &known());
        offences.sort();
        bites(&offences, &[2, 3, 4, 5, 6]);
        let counting = Source::new(DOMAIN_COUNTS_BYTES, "use serde_json::to_writer;\nuse chassis::Tx;\n");
        bites(&domain_is_pure(&counting, &known()), &[2]);
    }

    #[test]
    fn an_op_that_speaks_sql_or_protobuf() {
        let text = "use chassis::Tx;\nuse api::handoff::v1 as pb;\nfn a() { sqlx::query(\"\"); }\nuse prost_types::Duration;\n";
        bites(&ops_know_no_wire_and_no_sql(&layer("ops", text), &known()), &[2, 3, 4]);
        let text = "use crate::grpc::requests;\n";
        bites(&ops_know_no_wire_and_no_sql(&layer("ops", text), &known()), &[1]);
    }

    #[test]
    fn a_store_that_answers_or_decides() {
        let text = "use sqlx::query;\nuse tonic::Status;\nuse crate::ops;\n";
        bites(&store_knows_no_wire_and_decides_nothing(&layer("store", text), &known()), &[2, 3]);
    }

    #[test]
    fn a_service_that_links_another() {
        let manifest = "[dependencies]\napi.workspace = true\nsla.workspace = true\n[dev-dependencies]\nmetrics.workspace = true\n";
        let dependencies = manifests::read("services/handoff/Cargo.toml", manifest);
        bites(&foreign_services(dependencies, &["sla", "metrics"].map(str::to_owned)), &[3]);
    }

    #[test]
    fn a_handler_with_sql() {
        bites(&wire_without_sql(&layer("grpc", "fn a() {\n    sqlx::query!(\"\");\n}\n"), &known()), &[2]);
    }
}
