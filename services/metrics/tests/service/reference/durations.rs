//! Durations one by one, and their percentiles by the product over everyone who was at risk.

use baton_metrics::domain::percentile::{Durations, Percentile};

/// Durations in whole seconds, each with whether it is done.
#[derive(Default, Clone, Debug)]
pub(super) struct Lasted(Vec<(i64, bool)>);

impl Lasted {
    pub(super) fn note(&mut self, micros: i64, is_done: bool) {
        self.0.push((micros.div_euclid(1_000_000), is_done));
    }

    pub(super) fn extend(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    pub(super) fn durations(&self) -> Durations {
        let count = i64::try_from(self.0.len()).expect("few");
        let max_seconds = self.0.iter().map(|(seconds, _)| *seconds).max().unwrap_or_default();
        let [p50, p85, p95] = [0.50, 0.15, 0.05].map(|left| self.percentile(left, max_seconds));
        let open = i64::try_from(self.0.iter().filter(|(_, is_done)| !is_done).count()).expect("few");
        Durations { count, open, p50, p85, p95, max_seconds }
    }

    /// The smallest duration after which no more than so much is left.
    fn percentile(&self, left: f64, max_seconds: i64) -> Percentile {
        let mut times: Vec<i64> = self.0.iter().filter(|(_, is_done)| *is_done).map(|(seconds, _)| *seconds).collect();
        times.sort_unstable();
        times.dedup();
        let mut survival = 1.0;
        for time in times {
            let at_risk = self.0.iter().filter(|(seconds, _)| *seconds >= time).count();
            let deaths = self.0.iter().filter(|(seconds, is_done)| *is_done && *seconds == time).count();
            #[expect(clippy::cast_precision_loss, reason = "few")]
            let factor = 1.0 - deaths as f64 / at_risk as f64;
            survival *= factor;
            if survival <= left + 1e-10 {
                return Percentile { seconds: time, reached: true };
            }
        }
        Percentile { seconds: max_seconds, reached: false }
    }
}
