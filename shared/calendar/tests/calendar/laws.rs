//! What holds for every calendar and every stretch, however long.

use calendar::Calendar;
use kernel::Timestamp;
use proptest::prelude::*;

use crate::any::calendar_and_instant;

const YEARS: i64 = 5 * 365 * 86_400;

fn micros_later(at: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(at.as_micros() + micros)
}

proptest! {
    #[test]
    fn working_time_adds_up((spec, from) in calendar_and_instant(), one in 0..YEARS, other in 0..YEARS) {
        let calendar = Calendar::new(&spec).unwrap();
        let (middle, end) = (from.plus_seconds(one), from.plus_seconds(one + other));
        prop_assert_eq!(calendar.between(from, end), calendar.between(from, middle) + calendar.between(middle, end));
        prop_assert!((0..=(one + other) * 1_000_000).contains(&calendar.between(from, end)));
        prop_assert_eq!(calendar.between(end, from), 0);
    }

    #[test]
    fn so_much_has_passed_when_it_is_due_and_not_a_moment_sooner(
        (spec, from) in calendar_and_instant(),
        micros in 1_i64..40 * 86_400 * 1_000_000,
    ) {
        let calendar = Calendar::new(&spec).unwrap();
        // A calendar of a second a week is not due within ten years.
        let Ok(due) = calendar.add(from, micros) else { return Ok(()) };
        prop_assert_eq!(calendar.between(from, due), micros);
        prop_assert_eq!(calendar.between(from, micros_later(due, -1)), micros - 1, "the last moment is open");
    }

    #[test]
    fn to_add_in_two_steps_is_to_add_at_once(
        (spec, from) in calendar_and_instant(),
        one in 0_i64..200 * 3_600,
        other in 1_i64..200 * 3_600,
    ) {
        let calendar = Calendar::new(&spec).unwrap();
        let at_once = calendar.add(from, (one + other) * 1_000_000);
        let Ok(first) = calendar.add(from, one * 1_000_000) else { return Ok(()) };
        let Ok(second) = calendar.add(first, other * 1_000_000) else { return Ok(()) };
        prop_assert_eq!(at_once, Ok(second));
    }

    #[test]
    fn who_starts_later_is_done_no_sooner(
        (spec, from) in calendar_and_instant(),
        later in 0_i64..30 * 86_400,
        target in 0_i64..100 * 3_600,
    ) {
        let calendar = Calendar::new(&spec).unwrap();
        let due = |from| calendar.add(from, target * 1_000_000).unwrap_or(Timestamp::from_micros(i64::MAX));
        prop_assert!(due(from) <= due(from.plus_seconds(later)));
    }

    #[test]
    fn nothing_more_to_do_is_due_at_once((spec, from) in calendar_and_instant()) {
        prop_assert_eq!(Calendar::new(&spec).unwrap().add(from, 0), Ok(from));
    }

    #[test]
    fn stretches_follow_each_other_by_turns_and_what_is_open_of_them_is_the_working_time(
        (spec, from) in calendar_and_instant(),
        seconds in 0_i64..60 * 86_400,
    ) {
        let calendar = Calendar::new(&spec).unwrap();
        let end = from.plus_seconds(seconds);
        let (mut at, mut open, mut last) = (from, 0, None);
        for stretch in calendar.stretches(from, end) {
            prop_assert_eq!(stretch.from, at);
            prop_assert!(stretch.until > stretch.from);
            prop_assert_ne!(Some(stretch.is_open), last, "one after another of the same kind is one");
            let length = stretch.until.as_micros() - stretch.from.as_micros();
            prop_assert_eq!(calendar.between(stretch.from, stretch.until), if stretch.is_open { length } else { 0 });
            open += if stretch.is_open { length } else { 0 };
            (at, last) = (stretch.until, Some(stretch.is_open));
        }
        prop_assert_eq!(at, end);
        prop_assert_eq!(open, calendar.between(from, end));
    }
}
