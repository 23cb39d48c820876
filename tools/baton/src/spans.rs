//! Spans of time as people write and read them; a day is 24 hours by the wall clock, and nothing where working time is meant.

use prost_types::Duration;

/// A unit and its length in seconds.
type Unit = (char, i64);

/// The units of what passes by day and by night, weeks among them.
pub(crate) const ANY: [Unit; 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
/// Days are the longest.
const ELAPSED: &[Unit] = ANY.split_at(1).1;
/// A day of work has no length of its own.
const WORKING: &[Unit] = ANY.split_at(2).1;
/// A thousand years are enough, and stay within what an instant can hold.
const LONGEST_SECONDS: i64 = 31_557_600_000;

/// The seconds of a text like `1h30m`, in these units; none where it is no such text, or no time at all.
pub(crate) fn seconds(text: &str, units: &[Unit]) -> Option<i64> {
    let mut seconds: i64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let unit = after.chars().next()?;
        let (_, length) = units.iter().find(|(name, _)| *name == unit)?;
        let number: i64 = number.parse().ok()?;
        seconds = number.checked_mul(*length).and_then(|more| seconds.checked_add(more))?;
        rest = &after[unit.len_utf8()..];
    }
    (1..=LONGEST_SECONDS).contains(&seconds).then_some(seconds)
}

/// Reads a span by day and by night: `36h`, `2d`, `1d12h`.
pub(crate) fn parse_elapsed(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no span; write 30s, 45m, 2h, 1h30m or 2d");
    seconds(text, ELAPSED).map(api::duration_from_seconds).ok_or_else(wrong)
}

/// Reads a span that a calendar counts: `8h`, `1h30m`.
pub(crate) fn parse_working(text: &str) -> Result<Duration, String> {
    if seconds(text, &ANY).is_some() && seconds(text, WORKING).is_none() {
        return Err(format!("{text:?}: a day of work has no length of its own; write hours, as 16h"));
    }
    let wrong = || format!("{text:?} is no span; write 30s, 45m, 8h or 1h30m");
    seconds(text, WORKING).map(api::duration_from_seconds).ok_or_else(wrong)
}

/// A span by day and by night as [`parse_elapsed`] reads it: `1d12h`.
pub(crate) fn elapsed(duration: Duration) -> String {
    exact(duration.seconds, ELAPSED)
}

/// A span that a calendar counts as [`parse_working`] reads it: `36h`.
pub(crate) fn working(duration: Duration) -> String {
    exact(duration.seconds, WORKING)
}

/// About how long by the wall clock: `3d 4h`, `2h 10m`, `35m`, `40s`.
pub(crate) fn about(seconds: i64) -> String {
    rough(seconds, ELAPSED)
}

/// About how long as a calendar counts: `58h 10m`.
pub(crate) fn about_working(seconds: i64) -> String {
    rough(seconds, WORKING)
}

/// Exactly how long, to the microsecond and in hours, so that several can be added up: `63h 12m 0.5s`.
pub(crate) fn precise(duration: Duration) -> String {
    let sign = if duration.seconds < 0 || duration.nanos < 0 { "-" } else { "" };
    let micros = duration.nanos.unsigned_abs() / 1_000;
    let mut shown: Vec<String> = vec![];
    for (number, unit) in parts(duration.seconds, WORKING) {
        let fraction = if unit == 's' && micros > 0 { format!(".{micros:06}") } else { String::new() };
        if number > 0 || !fraction.is_empty() {
            shown.push(format!("{number}{}{unit}", fraction.trim_end_matches('0')));
        }
    }
    if shown.is_empty() { "0s".to_owned() } else { format!("{sign}{}", shown.join(" ")) }
}

/// The two largest units; what is finer is cut.
fn rough(seconds: i64, units: &[Unit]) -> String {
    let parts = parts(seconds, units);
    let Some(first) = parts.iter().position(|(number, _)| *number > 0) else { return "0s".to_owned() };
    // Seconds are of no interest beside minutes.
    let shown =
        parts[first..].iter().take(2).filter(|(number, unit)| *number > 0 && (*unit != 's' || parts[first].1 == 's'));
    shown.map(|(number, unit)| format!("{number}{unit}")).collect::<Vec<_>>().join(" ")
}

fn exact(seconds: i64, units: &[Unit]) -> String {
    let parts = parts(seconds, units).into_iter().filter(|(number, _)| *number > 0);
    let shown: Vec<String> = parts.map(|(number, unit)| format!("{number}{unit}")).collect();
    if shown.is_empty() { "0s".to_owned() } else { shown.concat() }
}

/// How many of each unit, without a sign.
fn parts(seconds: i64, units: &[Unit]) -> Vec<(u64, char)> {
    let mut rest = seconds.unsigned_abs();
    let mut part = |(unit, length): &Unit| {
        let number = rest / length.unsigned_abs();
        rest %= length.unsigned_abs();
        (number, *unit)
    };
    units.iter().map(&mut part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_never_ambiguous() {
        let of = |seconds| Ok(api::duration_from_seconds(seconds));
        assert_eq!(parse_elapsed("2d"), of(172_800));
        assert_eq!(parse_working("1h30m"), of(5_400));
        assert_eq!(
            parse_working("2d").unwrap_err(),
            "\"2d\": a day of work has no length of its own; write hours, as 16h"
        );
        for wrong in ["", "8", "h", "0h", "8 h", "-8h", "1.5h", "8x", "99999999999999999999h", "1ä"] {
            assert!(parse_working(wrong).is_err() && parse_elapsed(wrong).is_err(), "{wrong}");
        }
        assert!(parse_elapsed("1w").is_err());
    }

    #[test]
    fn what_is_written_is_read_back() {
        for seconds in [1, 59, 60, 3_599, 3_600, 5_400, 86_399, 86_400, 90_061, 31_557_600_000] {
            let span = api::duration_from_seconds(seconds);
            assert_eq!(parse_working(&working(span)), Ok(span));
            assert_eq!(parse_elapsed(&elapsed(span)), Ok(span));
        }
        assert_eq!(elapsed(api::duration_from_seconds(129_600)), "1d12h");
        assert_eq!(working(api::duration_from_seconds(129_600)), "36h");
    }

    #[test]
    fn about_how_long_is_told_in_two_units() {
        let told = [0, 40, 65, 2_100, 7_800, 7_205, 273_600, 259_261].map(about);
        assert_eq!(told, ["0s", "40s", "1m", "35m", "2h 10m", "2h", "3d 4h", "3d"]);
        assert_eq!(about_working(209_400), "58h 10m");
        assert_eq!(about(-2_100), "35m");
        assert_eq!(precise(Duration { seconds: 227_520, nanos: 500_000_000 }), "63h 12m 0.5s");
        assert_eq!(precise(Duration { seconds: -7_200, nanos: 0 }), "-2h");
    }
}
