//! What a page of figures is about, and how sure it is, in words.

use api::{
    metrics::v1::{Basis, DataThrough, Historic, Query, Scope, Version, Window, scope, version},
    r#type::v1::Side,
};

use crate::words::{self, Word as _};

/// Where, in words: `sales to implementation`.
pub(crate) fn place(scope: Option<&Scope>) -> String {
    match scope.and_then(|scope| scope.kind.as_ref()) {
        None => "everywhere".to_owned(),
        Some(scope::Kind::RouteId(route)) => format!("route {route}"),
        Some(scope::Kind::Pair(pair)) => format!("{} to {}", pair.from_team, pair.to_team),
        Some(scope::Kind::Team(team)) => match team.side() {
            Side::Unspecified => format!("team {}", team.team_id),
            side => format!("team {}, {}", team.team_id, side.word().to_lowercase()),
        },
        Some(scope::Kind::WorkflowId(workflow)) => format!("workflow {workflow}"),
    }
}

/// A version, in words: `template won-deal v3`; empty where there is none.
pub(crate) fn version(version: Option<&Version>) -> String {
    match version.and_then(|version| version.kind.as_ref()) {
        None => String::new(),
        Some(version::Kind::Template(it)) => format!("template {} v{}", it.template_id, it.version),
        Some(version::Kind::Terms(it)) => format!("terms of {} v{}", it.route_id, it.version),
        Some(version::Kind::Policy(it)) => format!("policy {} v{}", it.policy_id, it.version),
    }
}

/// On which days, as of when, under what.
pub(crate) fn days(query: &Query, basis: Option<&Basis>) -> String {
    let basis = basis.cloned().unwrap_or_default();
    let history = match query.historic() {
        Historic::Exclude => "without imported history",
        Historic::Only => "imported history only",
        Historic::Unspecified | Historic::Include => "",
    };
    let under = match version(query.version.as_ref()) {
        none if none.is_empty() => none,
        version => format!("under {version}"),
    };
    let as_of = basis.as_of.map(|at| format!("as of {} UTC", words::time(Some(&at)))).unwrap_or_default();
    let parts = [window(basis.window.as_ref()), as_of, under, history.to_owned()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

/// `2026-08-25 until before 2026-11-23 (90 days)`; empty where there is none.
pub(crate) fn window(window: Option<&Window>) -> String {
    let Some(window) = window else { return String::new() };
    let day = |text: &str| text.parse::<jiff::civil::Date>().ok();
    let days = day(&window.from).zip(day(&window.until)).and_then(|(from, until)| (until - from).get_days().into());
    let length = days.map(|days: i32| format!(" ({})", words::count(days.into(), "day"))).unwrap_or_default();
    format!("{} until before {}{length}", window.from, window.until)
}

/// How far was read, and what that leaves open.
pub(crate) fn sureness(basis: Option<&Basis>) -> Vec<(&'static str, String)> {
    let basis = basis.cloned().unwrap_or_default();
    let late = match basis.late_facts {
        0 => String::new(),
        late => format!("{} in scope arrived after that instant; they count here", words::count(late, "fact")),
    };
    let aside = match basis.put_aside {
        0 => String::new(),
        aside => {
            format!("{} could not be read; what they are about counts as it stood before", words::count(aside, "fact"))
        }
    };
    vec![("data through", through(&basis.data_through)), ("late", late), ("put aside", aside)]
}

/// `handoff 2026-11-23 08:59 (position 1234)`.
pub(crate) fn through(streams: &[DataThrough]) -> String {
    let one = |stream: &DataThrough| {
        let name = stream.package.strip_prefix("baton.").unwrap_or(&stream.package);
        let name = name.strip_suffix(".v1").unwrap_or(name);
        let at = match words::time(stream.occurred_at.as_ref()) {
            none if none.is_empty() => "nothing yet".to_owned(),
            time => time,
        };
        format!("{name} {at} (position {})", stream.position)
    };
    streams.iter().map(one).collect::<Vec<_>>().join(", ")
}
