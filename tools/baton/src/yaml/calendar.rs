//! A calendar as a YAML file.

use api::sla::v1::{Calendar, CalendarSpec, DateOverride, Week, Window};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_saphyr::FlowSeq;

use super::{is_default, ordered::Ordered, read, write};

/// What a file says of a calendar.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CalendarFile {
    /// The id.
    pub(crate) id: String,
    /// The name as a person reads it; empty where it is not given.
    pub(crate) display_name: String,
    /// The team that keeps it; empty where it is not given.
    pub(crate) owner_team: String,
    /// When its teams work.
    pub(crate) spec: CalendarSpec,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    calendar: String,
    #[serde(default, skip_serializing_if = "is_default")]
    name: String,
    #[serde(default, skip_serializing_if = "is_default")]
    owner_team: String,
    time_zone: String,
    weekly: WrittenWeek,
    #[serde(default, skip_serializing_if = "is_default")]
    holidays: Vec<Day>,
    #[serde(default, skip_serializing_if = "is_default")]
    overrides: Ordered<Day, Windows>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWeek {
    #[serde(default, skip_serializing_if = "Windows::is_empty")]
    monday: Windows,
    #[serde(default, skip_serializing_if = "Windows::is_empty")]
    tuesday: Windows,
    #[serde(default, skip_serializing_if = "Windows::is_empty")]
    wednesday: Windows,
    #[serde(default, skip_serializing_if = "Windows::is_empty")]
    thursday: Windows,
    #[serde(default, skip_serializing_if = "Windows::is_empty")]
    friday: Windows,
    #[serde(default, skip_serializing_if = "Windows::is_empty")]
    saturday: Windows,
    #[serde(default, skip_serializing_if = "Windows::is_empty")]
    sunday: Windows,
}

/// `[09:00-12:00, 13:00-17:00]`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Windows(FlowSeq<Vec<Hours>>);

/// `09:00-12:00`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Hours {
    start: String,
    end: String,
}

/// `2026-12-25`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Day(String);

impl CalendarFile {
    /// What a file of this calendar says.
    pub(crate) fn of(calendar: Calendar) -> Self {
        Self {
            id: calendar.id,
            display_name: calendar.display_name,
            owner_team: calendar.owner_team,
            spec: calendar.spec.unwrap_or_default(),
        }
    }

    /// Reads a file.
    pub(crate) fn from_yaml(text: &str) -> Result<Self, String> {
        let Written { calendar, name, owner_team, time_zone, weekly, holidays, overrides } = read(text)?;
        let overrides = overrides.0.into_iter();
        let spec = CalendarSpec {
            time_zone,
            weekly: Some(weekly.into()),
            holidays: holidays.into_iter().map(|day| day.0).collect(),
            overrides: overrides.map(|(Day(date), windows)| DateOverride { date, windows: windows.into() }).collect(),
        };
        Ok(Self { id: calendar, display_name: name, owner_team, spec })
    }

    /// Writes a file.
    pub(crate) fn to_yaml(&self) -> String {
        let Self { id, display_name, owner_team, spec } = self.clone();
        let overrides = spec.overrides.into_iter().map(|it| (Day(it.date), Windows::from(it.windows)));
        write(&Written {
            calendar: id,
            name: display_name,
            owner_team,
            time_zone: spec.time_zone,
            weekly: spec.weekly.unwrap_or_default().into(),
            holidays: spec.holidays.into_iter().map(Day).collect(),
            overrides: Ordered(overrides.collect()),
        })
    }
}

impl Windows {
    fn is_empty(&self) -> bool {
        self.0.0.is_empty()
    }
}

impl Default for Windows {
    fn default() -> Self {
        Self(FlowSeq(vec![]))
    }
}

impl From<Vec<Window>> for Windows {
    fn from(windows: Vec<Window>) -> Self {
        Self(FlowSeq(windows.into_iter().map(|Window { start, end }| Hours { start, end }).collect()))
    }
}

impl From<Windows> for Vec<Window> {
    fn from(Windows(FlowSeq(windows)): Windows) -> Self {
        windows.into_iter().map(|Hours { start, end }| Window { start, end }).collect()
    }
}

impl From<WrittenWeek> for Week {
    fn from(week: WrittenWeek) -> Self {
        Self {
            monday: week.monday.into(),
            tuesday: week.tuesday.into(),
            wednesday: week.wednesday.into(),
            thursday: week.thursday.into(),
            friday: week.friday.into(),
            saturday: week.saturday.into(),
            sunday: week.sunday.into(),
        }
    }
}

impl From<Week> for WrittenWeek {
    fn from(week: Week) -> Self {
        Self {
            monday: week.monday.into(),
            tuesday: week.tuesday.into(),
            wednesday: week.wednesday.into(),
            thursday: week.thursday.into(),
            friday: week.friday.into(),
            saturday: week.saturday.into(),
            sunday: week.sunday.into(),
        }
    }
}

impl TryFrom<String> for Hours {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no window; write 09:00-17:00");
        let (start, end) = text.split_once('-').ok_or_else(wrong)?;
        let (start, end) = (start.trim(), end.trim());
        if !is_wall_clock(start) || !is_wall_clock(end) {
            return Err(wrong());
        }
        Ok(Self { start: start.to_owned(), end: end.to_owned() })
    }
}

impl From<Hours> for String {
    fn from(Hours { start, end }: Hours) -> Self {
        format!("{start}-{end}")
    }
}

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_date = text.len() == "2026-12-25".len() && text.parse::<Date>().is_ok();
        if is_date { Ok(Self(text)) } else { Err(format!("{text:?} is no date; write 2026-12-25")) }
    }
}

impl From<Day> for String {
    fn from(Day(text): Day) -> Self {
        text
    }
}

/// `09:00` or `09:00:30`, up to `24:00`.
pub(crate) fn is_wall_clock(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let number = |part: &str| (part.len() == 2).then(|| part.parse::<u8>().ok()).flatten();
    match parts.iter().map(|part| number(part)).collect::<Option<Vec<u8>>>().as_deref() {
        Some([24, 0] | [24, 0, 0]) => true,
        Some([hours, minutes]) => *hours < 24 && *minutes < 60,
        Some([hours, minutes, seconds]) => *hours < 24 && *minutes < 60 && *seconds < 60,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const BERLIN: &str = "\
calendar: berlin
name: Berlin office
owner_team: implementation
time_zone: Europe/Berlin
weekly:
  monday: [09:00-12:00, 13:00-17:00]
  friday: [09:00-12:00]
holidays: [2026-12-25]
overrides:
  2026-12-24: [09:00-12:00]
  2026-12-31: []
";

    #[test]
    fn a_file_says_when_a_team_works() {
        let file = CalendarFile::from_yaml(BERLIN).unwrap();
        assert_eq!((file.id.as_str(), file.owner_team.as_str()), ("berlin", "implementation"));
        let week = file.spec.weekly.clone().unwrap();
        assert_eq!(week.monday[1], Window { start: "13:00".to_owned(), end: "17:00".to_owned() });
        assert!(week.tuesday.is_empty());
        assert_eq!(file.spec.overrides[1], DateOverride { date: "2026-12-31".to_owned(), windows: vec![] });
        assert_snapshot!(file.to_yaml(), @r#"
        calendar: berlin
        name: Berlin office
        owner_team: implementation
        time_zone: Europe/Berlin
        weekly:
          monday: [09:00-12:00, 13:00-17:00]
          friday: [09:00-12:00]
        holidays:
        - "2026-12-25"
        overrides:
          "2026-12-24": [09:00-12:00]
          "2026-12-31": []
        "#);
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        let told = |from: &str, to: &str| CalendarFile::from_yaml(&BERLIN.replace(from, to)).unwrap_err();
        let mistakes = [
            told("13:00-17:00", "13:00-25:00"),
            told("friday", "freitag"),
            told("2026-12-25", "2026-12-32"),
            told("2026-12-24", "24.12.2026"),
            told("2026-12-31", "2026-12-24"),
            told("time_zone: Europe/Berlin\n", ""),
            told("[09:00-12:00, 13:00-17:00]", "nine to five"),
        ];
        assert_snapshot!(mistakes.join("\n"), @r#"
        "13:00-25:00" is no window; write 09:00-17:00 at line 6, column 25
        unknown field `freitag`, expected one of monday, tuesday, wednesday, thursday, friday, saturday, sunday at line 7, column 3
        "2026-12-32" is no date; write 2026-12-25 at line 8, column 12
        "24.12.2026" is no date; write 2026-12-25 at line 10, column 3
        duplicate mapping key: 2026-12-24 at line 11, column 3
        missing field `time_zone` at line 8, column 1
        expected sequence start at line 6, column 11
        "#);
    }

    fn window() -> impl Strategy<Value = Window> {
        let at = || ("[01][0-9]|2[0-3]", "[0-5][0-9]", "(:[0-5][0-9])?").prop_map(|(h, m, s)| format!("{h}:{m}{s}"));
        let end = prop_oneof![at(), Just("24:00".to_owned())];
        (at(), end).prop_map(|(start, end)| Window { start, end })
    }

    fn windows() -> impl Strategy<Value = Vec<Window>> {
        vec(window(), 0..4)
    }

    fn dates() -> impl Strategy<Value = Vec<String>> {
        let date = (2020..2040, 1..=12, 1..=28).prop_map(|(year, month, day)| format!("{year}-{month:02}-{day:02}"));
        proptest::collection::hash_set(date, 0..5).prop_map(|dates| dates.into_iter().collect())
    }

    prop_compose! {
        fn week()(days in [windows(), windows(), windows(), windows(), windows(), windows(), windows()]) -> Week {
            let [monday, tuesday, wednesday, thursday, friday, saturday, sunday] = days;
            Week { monday, tuesday, wednesday, thursday, friday, saturday, sunday }
        }
    }

    prop_compose! {
        fn file()(
            id in "[a-z][a-z0-9-]{0,20}",
            display_name in "\\PC{0,40}",
            owner_team in "([a-z0-9-]{1,9})?",
            weekly in week(),
            holidays in dates(),
            changed in dates(),
            hours in vec(windows(), 5),
        ) -> CalendarFile {
            let overrides = changed.into_iter().zip(hours).map(|(date, windows)| DateOverride { date, windows });
            let spec = CalendarSpec {
                time_zone: "Europe/Berlin".to_owned(),
                weekly: Some(weekly),
                holidays,
                overrides: overrides.collect(),
            };
            CalendarFile { id, display_name, owner_team, spec }
        }
    }

    proptest! {
        #[test]
        fn what_was_exported_is_read_back_exactly(file in file()) {
            prop_assert_eq!(CalendarFile::from_yaml(&file.to_yaml()), Ok(file));
        }
    }
}
