//! How well promises were kept, for people.

use api::sla::v1::{Attainment, AttainmentGroup, GetAttainmentResponse};
use comfy_table::Cell;

use crate::{
    show::{Screen, Tone},
    words::{self, Word as _},
};

/// How many characters a whole bar has.
const BAR_CHARS: u32 = 20;

/// A line each, the total below, and how many lines were left out.
pub(crate) fn report(group: AttainmentGroup, answer: &GetAttainmentResponse, screen: &Screen) -> String {
    let mut rows: Vec<_> = answer.lines.iter().map(|line| row(&line.key, line, screen)).collect();
    rows.extend(answer.total.iter().map(|total| row("all", total, screen)));
    let header = [group.word(), "Kept", "", "Met", "Late", "Open, late", "Excused", "Cancelled"];
    let shown = i32::try_from(answer.lines.len()).unwrap_or(i32::MAX);
    let hidden = match answer.line_count - shown {
        ..=0 => String::new(),
        hidden => format!("\n\n... and {} more: raise --limit", words::count(hidden.into(), "line")),
    };
    screen.table(&header, rows) + &hidden
}

fn row(key: &str, line: &Attainment, screen: &Screen) -> Vec<Cell> {
    let tone = tone(line.attainment);
    let percent = line.attainment.map(|kept| format!("{:.1} %", kept * 100.0)).unwrap_or_default();
    vec![
        Cell::new(key),
        screen.cell(tone, percent),
        screen.cell(tone, line.attainment.map(bar).unwrap_or_default()),
        Cell::new(line.met),
        Cell::new(line.late),
        Cell::new(line.open_breached),
        Cell::new(line.excused),
        Cell::new(line.cancelled),
    ]
}

fn tone(attainment: Option<f64>) -> Tone {
    match attainment {
        None => Tone::Quiet,
        Some(0.95..) => Tone::Good,
        Some(0.8..) => Tone::Waiting,
        Some(_) => Tone::Bad,
    }
}

/// Full only where all were kept, empty only where none was.
fn bar(attainment: f64) -> String {
    let is_filled = |place: u32| {
        let share = f64::from(place) / f64::from(BAR_CHARS);
        if place == 0 { attainment > 0.0 } else { attainment >= share + 1.0 / f64::from(BAR_CHARS) - 1e-9 }
    };
    (0..BAR_CHARS).map(|place| if is_filled(place) { '█' } else { '░' }).collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_report_shows_how_much_was_kept() {
        let line = |key: &str, met, late, open_breached, attainment| Attainment {
            key: key.to_owned(),
            met,
            late,
            open_breached,
            attainment,
            cancelled: 1,
            excused: 0,
        };
        let answer = GetAttainmentResponse {
            lines: vec![
                line("implementation", 999, 1, 0, Some(0.999)),
                line("sales", 17, 2, 1, Some(0.85)),
                line("qa", 0, 0, 0, None),
            ],
            total: Some(line("", 1_016, 3, 1, Some(0.996))),
            line_count: 5,
        };
        assert_snapshot!(report(AttainmentGroup::Team, &answer, &Screen::of_test()), @"
         TEAM             Kept                            Met    Late   Open, late   Excused   Cancelled
        ─────────────────────────────────────────────────────────────────────────────────────────────────
         implementation   99.9 %   ███████████████████░   999    1      0            0         1
         sales            85.0 %   █████████████████░░░   17     2      1            0         1
         qa                                               0      0      0            0         1
         all              99.6 %   ███████████████████░   1016   3      1            0         1

        ... and 2 lines more: raise --limit
        ");
        assert_eq!([1.0, 0.001, 0.0].map(|it| bar(it).matches('█').count()), [20, 1, 0]);
    }
}
