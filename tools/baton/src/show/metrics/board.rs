//! What is open now, as a page: by team and side, and what needs a hand first.

use api::{
    metrics::v1::{BoardItem, BoardLine, GetBoardResponse, Scope},
    r#type::v1::Side,
};
use kernel::Timestamp;
use serde::Serialize;

use super::{
    basis,
    metric::real,
    page::{Item, Page, Part},
    quality::lower,
    rows::{Row, harmless},
};
use crate::{
    show::{Tone, cut},
    spans,
    words::{self, Word as _},
};

/// As wide as most titles are.
const TITLE_CHARS: usize = 28;

/// The page of a board.
pub(crate) fn page(scope: Option<&Scope>, answer: &GetBoardResponse, now: Timestamp) -> Page {
    let mut page = Page {
        title: format!("Board: {}", basis::place(scope)),
        subtitle: answer.as_of.map(|at| format!("as of {} UTC", words::time(Some(&at)))).unwrap_or_default(),
        basis: vec![("data through", basis::through(&answer.data_through))],
        ..Page::default()
    };
    let header = ["TEAM", "Side", "Open", "", "Its turn", "In limbo", "Oldest in limbo", "At risk", "Breached"];
    let most = answer.lines.iter().map(|line| line.open).max().unwrap_or_default().max(1);
    page.push("By team and side", vec![Part::table(&header, answer.lines.iter().map(|it| line(it, most)))]);
    let header = ["HANDOFF", "Title", "State, since", "TURN", "Age", "Clocks"];
    page.push("First to be seen to", vec![Part::table(&header, answer.items.iter().map(|it| item(it, now)))]);
    if page.sections.is_empty() {
        page.push("", vec![Part::Note("nothing is open".to_owned())]);
    }
    page
}

fn line(line: &BoardLine, most: i64) -> Vec<Item> {
    let tone = match line {
        BoardLine { breached: 1.., .. } => Tone::Bad,
        BoardLine { at_risk: 1.., .. } => Tone::Waiting,
        _ => Tone::Plain,
    };
    let oldest = if line.in_limbo == 0 { String::new() } else { spans::about(line.oldest_limbo_seconds) };
    vec![
        Item::text(&line.team_id),
        Item::text(side(line.side())),
        Item::count(line.open),
        Item::Bar(tone, Some(real(line.open) / real(most))),
        Item::count(line.waiting),
        Item::count(line.in_limbo),
        Item::text(oldest),
        Item::Text(if line.at_risk == 0 { Tone::Quiet } else { Tone::Waiting }, line.at_risk.to_string()),
        Item::bad_count(line.breached),
    ]
}

fn item(item: &BoardItem, now: Timestamp) -> Vec<Item> {
    let title = if item.title.is_empty() { "(confidential)".to_owned() } else { cut(&item.title, TITLE_CHARS) };
    let turn = match item.waiting_on() {
        Side::Unspecified => "",
        Side::Upstream => &item.from_team,
        Side::Downstream => &item.to_team,
    };
    vec![
        Item::text(&item.handoff_id),
        Item::text(title),
        Item::text(format!("{}, {}", item.state, words::age(item.since.as_ref(), now))),
        Item::text(turn),
        Item::text(spans::about(item.age_seconds)),
        clocks(item),
    ]
}

/// `acceptance breached; next response at risk`.
fn clocks(item: &BoardItem) -> Item {
    let kinds = |kinds: &[String], what: &str| {
        let kinds: Vec<_> = kinds.iter().map(|kind| lower(kind)).collect();
        if kinds.is_empty() { String::new() } else { format!("{} {what}", kinds.join(", ")) }
    };
    let parts = [kinds(&item.breached, "breached"), kinds(&item.at_risk, "at risk")];
    let tone = if item.breached.is_empty() { Tone::Waiting } else { Tone::Bad };
    Item::Text(tone, parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; "))
}

fn side(side: Side) -> String {
    side.word().to_lowercase()
}

/// A row for each figure of each team and side.
pub(crate) fn rows(answer: &GetBoardResponse) -> Vec<Row> {
    let rows = answer.lines.iter().flat_map(|line| {
        let counts = [
            ("open", line.open),
            ("waiting", line.waiting),
            ("in_limbo", line.in_limbo),
            ("at_risk", line.at_risk),
            ("breached", line.breached),
        ];
        let counts = counts.map(|(name, count)| Row::count(&format!("board.{name}"), count));
        let oldest = Row {
            value: (line.in_limbo > 0).then(|| real(line.oldest_limbo_seconds)),
            unit: "seconds",
            ..Row::new("board.oldest_limbo")
        };
        let note = side(line.side());
        counts.into_iter().chain([oldest]).map(move |row| Row { note: note.clone(), ..row.about(&line.team_id) })
    });
    rows.collect()
}

/// An open handoff, for a spreadsheet.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ItemRow {
    handoff: String,
    title: String,
    route: String,
    from_team: String,
    to_team: String,
    state: String,
    waiting_on: String,
    since: String,
    age_seconds: i64,
    breached: String,
    at_risk: String,
}

/// A row for each open handoff.
pub(crate) fn item_rows(answer: &GetBoardResponse) -> Vec<ItemRow> {
    let row = |item: &BoardItem| ItemRow {
        handoff: item.handoff_id.clone(),
        title: harmless(&item.title),
        route: item.route_id.clone(),
        from_team: item.from_team.clone(),
        to_team: item.to_team.clone(),
        state: item.state.clone(),
        waiting_on: side(item.waiting_on()),
        since: words::instant(item.since.as_ref()).map(|at| at.to_string()).unwrap_or_default(),
        age_seconds: item.age_seconds,
        breached: item.breached.join(" "),
        at_risk: item.at_risk.join(" "),
    };
    answer.items.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::{
        show::{
            Screen,
            metrics::{rows::csv, sample},
        },
        words::parse_time,
    };

    fn board() -> GetBoardResponse {
        let line = |team: &str, side: Side, breached, at_risk| BoardLine {
            team_id: team.to_owned(),
            side: side.into(),
            open: 12,
            waiting: 5,
            in_limbo: 3,
            at_risk,
            breached,
            oldest_limbo_seconds: 273_600,
        };
        let idle = BoardLine { open: 2, in_limbo: 0, ..line("qa", Side::Downstream, 0, 0) };
        let item = |title: &str, breached: &[&str]| BoardItem {
            handoff_id: "01994f7e-0000-7000-8000-000000000001".to_owned(),
            title: title.to_owned(),
            route_id: "sales-to-implementation".to_owned(),
            from_team: "sales".to_owned(),
            to_team: "implementation".to_owned(),
            state: "SUBMITTED".to_owned(),
            waiting_on: Side::Downstream.into(),
            since: parse_time("2026-11-20T09:00").ok(),
            age_seconds: 5 * 86_400,
            breached: breached.iter().map(|kind| (*kind).to_owned()).collect(),
            at_risk: vec!["NEXT_RESPONSE".to_owned()],
        };
        GetBoardResponse {
            as_of: parse_time("2026-11-23T09:00").ok(),
            lines: vec![line("implementation", Side::Downstream, 3, 1), line("sales", Side::Upstream, 0, 2), idle],
            items: vec![item("=Acme rollout, the second part of it, with all sites", &["ACCEPTANCE"]), item("", &[])],
            data_through: sample::basis().data_through,
        }
    }

    #[test]
    fn a_board_shows_what_needs_a_hand() {
        let screen = Screen::of_test().wide();
        assert_snapshot!(page(None, &board(), screen.now()).to_text(&screen));
        assert_snapshot!(page(None, &GetBoardResponse::default(), screen.now()).to_text(&screen));
    }

    #[test]
    fn a_board_is_two_kinds_of_rows() {
        assert_snapshot!(String::from_utf8(csv(&rows(&board()))).unwrap());
        assert_snapshot!(String::from_utf8(csv(&item_rows(&board()))).unwrap());
    }
}
