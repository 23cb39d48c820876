//! A calendar that cannot be meant is refused, with everything that is wrong with it.

use calendar::{Calendar, Date, Override, Spec, Window};
use jiff::ToSpan;

use crate::examples::{date, office};

fn flaws(spec: &Spec) -> Vec<String> {
    let flaws = Calendar::new(spec).map(drop).expect_err("a flaw");
    flaws.into_iter().map(|flaw| format!("{}: {}", flaw.field, flaw.description)).collect()
}

fn fields(spec: &Spec) -> Vec<String> {
    flaws(spec).into_iter().map(|flaw| flaw.split(':').next().unwrap_or_default().to_owned()).collect()
}

fn in_zone(zone: &str) -> Spec {
    office(zone)
}

#[test]
fn a_zone_is_a_place() {
    for unknown in ["", "Berlin", "Europe/Atlantis", "+02:00", "UTC+2"] {
        assert_eq!(
            flaws(&in_zone(unknown)),
            ["time_zone: is no zone of the tz database; write one as Europe/Berlin"],
            "{unknown}"
        );
    }
    let fixed = flaws(&in_zone("Etc/GMT-2"));
    assert!(fixed[0].starts_with("time_zone: is a fixed offset"), "{fixed:?}");
    for place in ["UTC", "Etc/UTC", "Asia/Kathmandu", "Pacific/Apia"] {
        assert!(Calendar::new(&in_zone(place)).is_ok(), "{place}");
    }
}

#[test]
fn everything_is_told_at_once() {
    let mut spec = office("Nowhere");
    spec.weekly[1] = vec![Window::new((9, 0), (12, 0)), Window::new((11, 0), (13, 0))];
    spec.weekly[2] = vec![Window { start_seconds: -1, end_seconds: 86_401 }];
    spec.holidays = vec![date("2026-12-25"), date("2026-12-25"), date("1026-12-25")];
    spec.overrides = vec![Override { date: date("2026-12-25"), windows: vec![] }];
    assert_eq!(
        fields(&spec),
        ["time_zone", "weekly[1]", "weekly[2][0]", "holidays[1]", "holidays[2]", "overrides[0].date"]
    );
}

#[test]
fn windows_may_touch_and_not_overlap_nor_run_into_the_next_day() {
    let mut spec = office("Europe/Berlin");
    spec.weekly[0] = vec![Window::new((12, 0), (17, 0)), Window::new((9, 0), (12, 0)), Window::new((22, 0), (9, 0))];
    assert!(Calendar::new(&spec).is_ok(), "each begins where one ends");
    spec.weekly[0][2] = Window::new((22, 0), (9, 30));
    assert_eq!(flaws(&spec), ["weekly[0]: an overnight window runs into one of weekly[1]"]);
    let mut spec = office("Europe/Berlin");
    spec.weekly[6] = vec![Window::new((8, 0), (8, 0))];
    assert!(Calendar::new(&spec).is_ok(), "a day and a night");
    spec.weekly[6] = vec![Window::new((10, 0), (10, 0))];
    assert_eq!(fields(&spec), ["weekly[6]"], "into Monday");
    let early = Override { date: date("2026-12-01"), windows: vec![Window::new((5, 0), (9, 0))] };
    let mut spec = Spec { overrides: vec![early], ..office("Europe/Berlin") };
    assert!(Calendar::new(&spec).is_ok());
    spec.weekly[0] = vec![Window::new((22, 0), (6, 0))];
    assert_eq!(fields(&spec), ["overrides[0]"]);
}

#[test]
fn something_is_open_within_four_hundred_days() {
    let empty = Spec { weekly: std::array::from_fn(|_| vec![]), ..office("Europe/Berlin") };
    assert!(flaws(&empty)[0].starts_with("weekly: gives no weekday a window"));
    let closed = |days: usize| Spec {
        weekly: std::array::from_fn(|_| vec![Window::new((9, 0), (17, 0))]),
        holidays: date("2026-01-05").series(1.day()).take(days).collect::<Vec<Date>>(),
        ..office("Europe/Berlin")
    };
    assert!(Calendar::new(&closed(399)).is_ok());
    let refused = ["holidays: from 2026-01-05 on nothing is open for 400 days; at most 399 are allowed"];
    assert_eq!(flaws(&closed(400)), refused);
}
