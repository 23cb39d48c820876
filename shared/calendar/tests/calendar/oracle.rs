//! The rule, second by second: an instant is open when its wall clock lies in a window of its local date.

use calendar::{Calendar, Spec, Window};
use jiff::{civil::Date, tz::TimeZone};
use kernel::Timestamp;
use proptest::prelude::*;

use crate::any::calendar_and_instant;

struct Oracle<'a> {
    spec: &'a Spec,
    zone: TimeZone,
}

impl Oracle<'_> {
    fn of(spec: &Spec) -> Oracle<'_> {
        Oracle { spec, zone: TimeZone::get(&spec.time_zone).expect("a zone") }
    }

    fn windows(&self, date: Date) -> &[Window] {
        let of_date = self.spec.overrides.iter().find(|it| it.date == date);
        let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).expect("a weekday");
        of_date.map_or(&self.spec.weekly[weekday], |it| &it.windows)
    }

    fn is_open(&self, second: i64) -> bool {
        let wall = self.zone.to_datetime(jiff::Timestamp::from_second(second).expect("an instant"));
        let (date, time) = (wall.date(), wall.time());
        if self.spec.holidays.contains(&date) {
            return false;
        }
        let clock = i32::from(time.hour()) * 3_600 + i32::from(time.minute()) * 60 + i32::from(time.second());
        let before = date.yesterday().expect("a date");
        self.windows(date).iter().any(|it| clock >= it.start_seconds && (it.is_overnight() || clock < it.end_seconds))
            || self.windows(before).iter().any(|it| it.is_overnight() && clock < it.end_seconds)
    }

    fn between(&self, from: i64, until: i64) -> i64 {
        let open = (from..until).filter(|second| self.is_open(*second)).count();
        i64::try_from(open).expect("a count") * 1_000_000
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn working_time_is_what_a_walk_of_the_wall_clock_counts(
        (spec, from) in calendar_and_instant(),
        seconds in 0_i64..40 * 3_600,
    ) {
        let (calendar, oracle) = (Calendar::new(&spec).unwrap(), Oracle::of(&spec));
        let (first, last) = (from.as_micros() / 1_000_000, from.as_micros() / 1_000_000 + seconds);
        let counted = oracle.between(first, last);
        prop_assert_eq!(calendar.between(from, from.plus_seconds(seconds)), counted, "{:?} from {}", spec, from);
        for second in [first, last] {
            let at = Timestamp::from_micros(second * 1_000_000);
            prop_assert_eq!(calendar.is_open(at), oracle.is_open(second), "{:?} at {}", spec, at);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_due_is_due_where_the_walk_has_counted_so_much(
        (spec, from) in calendar_and_instant(),
        target in 1_i64..20 * 3_600,
    ) {
        let (calendar, oracle) = (Calendar::new(&spec).unwrap(), Oracle::of(&spec));
        let due = calendar.add(from, target * 1_000_000).unwrap();
        // As far as two days, the walk finds the same second; later, not even then.
        let mut left = target;
        let first = from.as_micros() / 1_000_000;
        let walked = (first..first + 2 * 86_400).find(|second| {
            left -= i64::from(oracle.is_open(*second));
            left == 0
        });
        match walked {
            Some(second) => prop_assert_eq!(due.as_micros(), (second + 1) * 1_000_000, "{:?} from {}", spec, from),
            None => prop_assert!(due > from.plus_seconds(2 * 86_400), "{:?} from {}", spec, from),
        }
    }
}
