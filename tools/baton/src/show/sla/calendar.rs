//! Calendars for people.

use api::sla::v1::{Calendar, CalendarSpec, ListCalendarsResponse, Week, Window};

use crate::{
    show::{Screen, Tone, more},
    words,
};

/// All calendars in their latest versions, a line each.
pub(crate) fn list(answer: &ListCalendarsResponse, screen: &Screen) -> String {
    let rows = answer.calendars.iter().map(|calendar| {
        [
            calendar.id.clone(),
            calendar.display_name.clone(),
            calendar.spec.as_ref().map(|spec| spec.time_zone.clone()).unwrap_or_default(),
            owner(calendar),
            calendar.version.to_string(),
            words::time(calendar.in_force_since.as_ref()),
        ]
    });
    screen.table(&["CALENDAR", "Name", "Zone", "Owner", "Version", "In force since"], rows)
        + more(&answer.next_page_token)
}

/// One version of a calendar.
pub(crate) fn card(calendar: &Calendar, screen: &Screen) -> String {
    let spec = calendar.spec.clone().unwrap_or_default();
    let heading = if calendar.display_name.is_empty() { &calendar.id } else { &calendar.display_name };
    let facts = screen.facts(&[
        ("calendar", calendar.id.clone()),
        ("version", calendar.version.to_string()),
        ("zone", spec.time_zone.clone()),
        ("owner", owner(calendar)),
        ("in force since", words::time(calendar.in_force_since.as_ref())),
        ("made by", calendar.created_by.clone()),
    ]);
    format!("{}\n{facts}", screen.heading(heading))
        + &screen.section("Week", &week(&spec.weekly.clone().unwrap_or_default(), screen))
        + &screen.section("Days of their own", &overrides(&spec, screen))
        + &screen.section("Holidays", &holidays(&spec))
}

fn owner(calendar: &Calendar) -> String {
    if calendar.owner_team.is_empty() { "ADMIN".to_owned() } else { calendar.owner_team.clone() }
}

fn week(week: &Week, screen: &Screen) -> String {
    let days = [
        ("Monday", &week.monday),
        ("Tuesday", &week.tuesday),
        ("Wednesday", &week.wednesday),
        ("Thursday", &week.thursday),
        ("Friday", &week.friday),
        ("Saturday", &week.saturday),
        ("Sunday", &week.sunday),
    ];
    screen.facts(&days.map(|(day, windows)| (day, hours(windows, screen))))
}

fn overrides(spec: &CalendarSpec, screen: &Screen) -> String {
    let days: Vec<_> = spec.overrides.iter().map(|it| (it.date.as_str(), hours(&it.windows, screen))).collect();
    screen.facts(&days)
}

fn hours(windows: &[Window], screen: &Screen) -> String {
    let windows: Vec<String> = windows.iter().map(|window| format!("{}-{}", window.start, window.end)).collect();
    if windows.is_empty() { screen.paint(Tone::Quiet, "shut") } else { windows.join(", ") }
}

/// A line a year.
fn holidays(spec: &CalendarSpec) -> String {
    let mut lines: Vec<(&str, Vec<&str>)> = vec![];
    for (year, day) in spec.holidays.iter().filter_map(|date| date.split_once('-')) {
        match lines.iter_mut().find(|(known, _)| *known == year) {
            Some((_, days)) => days.push(day),
            None => lines.push((year, vec![day])),
        }
    }
    lines.iter().map(|(year, days)| format!("  {year}  {}", days.join(", "))).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::yaml::calendar::CalendarFile;

    #[test]
    fn a_card_shows_the_week_and_what_differs_from_it() {
        let file = CalendarFile::from_yaml(
            "calendar: berlin\nname: Berlin office\ntime_zone: Europe/Berlin\nweekly:\n  monday: [09:00-12:00, 13:00-17:00]\n  \
             friday: [22:00-06:00]\nholidays: [2026-12-25, 2026-12-26, 2027-01-01]\noverrides:\n  2026-12-24: [09:00-12:00]\n",
        )
        .unwrap();
        let calendar = Calendar {
            id: file.id,
            version: 3,
            display_name: file.display_name,
            owner_team: file.owner_team,
            spec: Some(file.spec),
            in_force_since: words::parse_time("2026-11-01").ok(),
            created_by: "ivan".to_owned(),
        };
        assert_snapshot!(card(&calendar, &Screen::of_test()), @"
        Berlin office
          calendar        berlin
          version         3
          zone            Europe/Berlin
          owner           ADMIN
          in force since  2026-11-01 00:00
          made by         ivan

        Week
          Monday     09:00-12:00, 13:00-17:00
          Tuesday    shut
          Wednesday  shut
          Thursday   shut
          Friday     22:00-06:00
          Saturday   shut
          Sunday     shut

        Days of their own
          2026-12-24  09:00-12:00

        Holidays
          2026  12-25, 12-26
          2027  01-01
        ");
    }
}
