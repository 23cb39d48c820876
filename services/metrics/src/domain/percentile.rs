//! Durations of which some are still open: percentiles by Kaplan and Meier (1958).

use super::sums::Histogram;

/// Durations in whole seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    /// How many, the open ones too.
    pub count: i64,
    /// How many of them are still open.
    pub open: i64,
    /// Half of them are done by then.
    pub p50: Percentile,
    /// 85 % of them are done by then.
    pub p85: Percentile,
    /// 95 % of them are done by then.
    pub p95: Percentile,
    /// The longest, open or not.
    pub max_seconds: i64,
}

/// The smallest duration by which a share of all is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Percentile {
    /// In seconds; where it was not reached, the longest that was seen.
    pub seconds: i64,
    /// Whether it was reached.
    pub reached: bool,
}

/// What a share of what is left may differ by from arithmetic without rounding.
const ROUNDING: f64 = 1e-12;

impl Durations {
    /// Of those that are done, and of those that are still open and have lasted so long.
    pub fn of(done: &Histogram, open: &Histogram) -> Self {
        let (done_count, open_count) = (done.count(), open.count());
        let max_seconds = done.max().max(open.max()).unwrap_or_default();
        let steps = survival(done, open);
        let percentile = |percent: i64| {
            #[expect(clippy::cast_precision_loss, reason = "a percent")]
            let left = (100 - percent) as f64 / 100.0;
            let reached = steps.iter().find(|(_, survival)| *survival <= left + ROUNDING);
            let (seconds, reached) = reached.map_or((max_seconds, false), |(seconds, _)| (*seconds, true));
            Percentile { seconds, reached }
        };
        Self {
            count: done_count + open_count,
            open: open_count,
            p50: percentile(50),
            p85: percentile(85),
            p95: percentile(95),
            max_seconds,
        }
    }

    /// Whether they are too few to rely on.
    pub fn few(&self) -> bool {
        self.count < super::interval::FEW
    }
}

/// S(t) after each duration at which something was done. What is open at t was at risk at t.
///
/// Between two that are still open the product of (n - d) / n telescopes, so the share is one quotient of whole numbers there: without
/// any open ones the percentiles are those by nearest rank.
#[expect(clippy::cast_precision_loss, reason = "2^53 durations are far away")]
fn survival(done: &Histogram, open: &Histogram) -> Vec<(i64, f64)> {
    let mut steps = vec![];
    let mut censored = open.iter().peekable();
    let mut at_risk = done.count() + open.count();
    // The share at the last censoring, and how many were at risk then.
    let (mut share, mut of) = (1.0, at_risk);
    for (seconds, deaths) in done.iter() {
        let mut gone = 0;
        while let Some((_, count)) = censored.next_if(|(it, _)| *it < seconds) {
            gone += count;
        }
        if gone > 0 {
            share *= at_risk as f64 / of as f64;
            at_risk -= gone;
            of = at_risk;
        }
        at_risk -= deaths;
        steps.push((seconds, share * (at_risk as f64 / of as f64)));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(seconds: &[i64]) -> Histogram {
        Histogram::gather(seconds.iter().map(|it| (*it, 1)).collect())
    }

    #[test]
    fn without_open_ones_it_is_the_nearest_rank() {
        let all: Vec<i64> = (1..=20).collect();
        let durations = Durations::of(&histogram(&all), &Histogram::default());
        let reached = |seconds| Percentile { seconds, reached: true };
        assert_eq!((durations.p50, durations.p85, durations.p95), (reached(10), reached(17), reached(19)));
        assert_eq!((durations.count, durations.open, durations.max_seconds), (20, 0, 20));
    }

    /// The remission times of 21 patients under 6-MP (Freireich and others, 1963), as in every textbook: the median is 23 weeks.
    #[test]
    fn the_textbook_s_patients() {
        let done = histogram(&[6, 6, 6, 7, 10, 13, 16, 22, 23]);
        let open = histogram(&[6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]);
        let durations = Durations::of(&done, &open);
        assert_eq!(durations.p50, Percentile { seconds: 23, reached: true });
        assert_eq!(durations.p85, Percentile { seconds: 35, reached: false });
        let steps: Vec<String> = survival(&done, &open).iter().map(|(t, s)| format!("{t} {s:.3}")).collect();
        assert_eq!(steps, ["6 0.857", "7 0.807", "10 0.753", "13 0.690", "16 0.627", "22 0.538", "23 0.448"]);
    }

    #[test]
    fn nothing_has_no_percentile() {
        let durations = Durations::of(&Histogram::default(), &Histogram::default());
        assert_eq!(durations, Durations::default());
    }
}
