//! When somebody is not to be disturbed, and when what happened meanwhile is sent.

use calendar::{Calendar, Spec, Window};
use kernel::{Timestamp, Violation};
use serde::{Deserialize, Serialize};

/// Seconds in a day.
const DAY: i32 = 86_400;
/// A digest is sent at most so often a day.
const DIGESTS_MAX: usize = 24;
/// What is open for less than that never opens.
const MICROSECOND: i64 = 1;

/// Hours of the day in which nothing is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// By IANA.
    pub time_zone: String,
    /// From this second of the day,
    pub start_seconds: i32,
    /// until before this one; on the next day where it is not after the start.
    pub end_seconds: i32,
    /// Whether Saturdays and Sundays are quiet as a whole.
    pub weekends: bool,
}

impl QuietHours {
    /// Everything that is wrong with them: an unknown zone, times out of the day, no time at all that is not quiet.
    pub fn check(&self) -> Result<(), Vec<Violation>> {
        self.calendar().map(drop)
    }

    /// The first instant, from this one on, at which something may be sent.
    pub fn over_at(&self, at: Timestamp) -> Timestamp {
        let Ok(loud) = self.calendar() else { return at };
        loud.add(at, MICROSECOND).map_or(at, |first| Timestamp::from_micros(first.as_micros() - MICROSECOND))
    }

    /// The hours that are not quiet.
    fn calendar(&self) -> Result<Calendar, Vec<Violation>> {
        let (start, end) = (self.start_seconds, self.end_seconds);
        let loud = if start < end { vec![(0, start), (end, DAY)] } else { vec![(end, start)] };
        let windows: Vec<Window> = loud
            .into_iter()
            .filter(|(start, end)| start < end)
            .map(|(start_seconds, end_seconds)| Window { start_seconds, end_seconds })
            .collect();
        let weekly = std::array::from_fn(|day| if self.weekends && day >= 5 { vec![] } else { windows.clone() });
        Calendar::new(&Spec { time_zone: self.time_zone.clone(), weekly, holidays: vec![], overrides: vec![] })
    }
}

/// Times of the day at which what happened meanwhile is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// By IANA.
    pub time_zone: String,
    /// The seconds of the day, ascending.
    pub at_seconds: Vec<i32>,
}

impl Digest {
    /// Everything that is wrong with it: an unknown zone, no time, too many, times out of the day.
    pub fn check(&self) -> Result<(), Vec<Violation>> {
        if !(1..=DIGESTS_MAX).contains(&self.at_seconds.len()) {
            let description = format!("must be 1 to {DIGESTS_MAX} times of the day");
            return Err(vec![Violation { field: "at".into(), description }]);
        }
        self.at_seconds.iter().try_for_each(|at| self.open_at(*at).map(drop))
    }

    /// The first of its times at or after an instant.
    pub fn next_at(&self, at: Timestamp) -> Timestamp {
        let first = |seconds: &i32| {
            let calendar = self.open_at(*seconds).ok()?;
            let opened = calendar.add(at, MICROSECOND).ok()?;
            Some(Timestamp::from_micros(opened.as_micros() - MICROSECOND))
        };
        self.at_seconds.iter().filter_map(first).min().unwrap_or(at)
    }

    /// A calendar that is open for the second at that time of each day.
    fn open_at(&self, seconds: i32) -> Result<Calendar, Vec<Violation>> {
        let window = Window { start_seconds: seconds, end_seconds: seconds + 1 };
        let weekly = std::array::from_fn(|_| vec![window]);
        Calendar::new(&Spec { time_zone: self.time_zone.clone(), weekly, holidays: vec![], overrides: vec![] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i32 = 3_600;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn quiet(start: i32, end: i32, weekends: bool) -> QuietHours {
        let time_zone = "Europe/Zurich".to_owned();
        QuietHours { time_zone, start_seconds: start * HOUR, end_seconds: end * HOUR, weekends }
    }

    #[test]
    fn what_falls_into_a_night_waits_for_the_morning_of_the_recipient() {
        let night = quiet(22, 7, false);
        for (asked, over) in [
            ("2026-03-02T21:30:00Z", "2026-03-03T06:00:00Z"),
            ("2026-03-03T05:59:59.999999Z", "2026-03-03T06:00:00Z"),
            ("2026-03-03T06:00:00Z", "2026-03-03T06:00:00Z"),
            ("2026-03-02T20:59:59Z", "2026-03-02T20:59:59Z"),
            // The night of the change to summer time is an hour shorter.
            ("2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z"),
        ] {
            assert_eq!(night.over_at(at(asked)), at(over), "{asked}");
        }
    }

    #[test]
    fn a_quiet_noon_and_quiet_weekends() {
        assert_eq!(quiet(12, 13, false).over_at(at("2026-03-02T11:30:00Z")), at("2026-03-02T12:00:00Z"));
        assert_eq!(
            quiet(22, 7, true).over_at(at("2026-03-06T22:00:00Z")),
            at("2026-03-09T06:00:00Z"),
            "a Friday night"
        );
    }

    #[test]
    fn hours_that_leave_no_time_or_lie_out_of_the_day_are_refused() {
        assert!(quiet(22, 7, true).check().is_ok());
        assert!(quiet(0, 24, false).check().is_err(), "always quiet");
        assert!(quiet(7, 7, false).check().is_err());
        assert!(quiet(25, 7, false).check().is_err());
        let mars = QuietHours { time_zone: "Mars/Olympus".into(), ..quiet(22, 7, false) };
        assert!(mars.check().is_err());
    }

    #[test]
    fn a_digest_is_sent_at_the_next_of_its_times() {
        let digest = Digest { time_zone: "Europe/Zurich".into(), at_seconds: vec![9 * HOUR, 16 * HOUR] };
        assert!(digest.check().is_ok());
        for (asked, next) in [
            ("2026-03-02T07:59:00Z", "2026-03-02T08:00:00Z"),
            ("2026-03-02T08:00:01Z", "2026-03-02T15:00:00Z"),
            ("2026-03-02T15:00:01Z", "2026-03-03T08:00:00Z"),
        ] {
            assert_eq!(digest.next_at(at(asked)), at(next), "{asked}");
        }
        assert!(Digest { at_seconds: vec![], ..digest.clone() }.check().is_err());
        assert!(Digest { at_seconds: vec![DAY], ..digest }.check().is_err());
    }
}
