//! Durations one by one, and their percentiles by the product over everyone who was at risk, in whole numbers without rounding.

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
        let [p50, p85, p95] = [50, 15, 5].map(|left| self.percentile(left, max_seconds));
        let open = i64::try_from(self.0.iter().filter(|(_, is_done)| !is_done).count()).expect("few");
        Durations { count, open, p50, p85, p95, max_seconds }
    }

    /// The smallest duration after which no more than so many percent are left.
    fn percentile(&self, percent_left: u64, max_seconds: i64) -> Percentile {
        let mut all = self.0.clone();
        all.sort_unstable();
        let (mut left, mut of) = (Natural::one(), Natural::one());
        let mut first = 0;
        while first < all.len() {
            let seconds = all[first].0;
            let here = all[first..].iter().take_while(|it| it.0 == seconds);
            let (known, done) = here.fold((0, 0), |(known, done), it| (known + 1, done + u64::from(it.1)));
            if done > 0 {
                let at_risk = u64::try_from(all.len() - first).expect("few");
                left.times(at_risk - done);
                of.times(at_risk);
                if left.is_at_most(percent_left, &of) {
                    return Percentile { seconds, reached: true };
                }
            }
            first += known;
        }
        Percentile { seconds: max_seconds, reached: false }
    }
}

/// A natural number of any size, the lowest 64 bits first.
#[derive(Clone)]
struct Natural(Vec<u64>);

impl Natural {
    fn one() -> Self {
        Self(vec![1])
    }

    fn times(&mut self, by: u64) {
        let mut carry = 0;
        for digit in &mut self.0 {
            let product = u128::from(*digit) * u128::from(by) + u128::from(carry);
            *digit = u64::try_from(product & u128::from(u64::MAX)).expect("64 bits");
            carry = u64::try_from(product >> 64).expect("64 bits");
        }
        if carry > 0 {
            self.0.push(carry);
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    /// Whether it is at most so many percent of another.
    fn is_at_most(&self, percent: u64, of: &Self) -> bool {
        let (mut it, mut bound) = (self.clone(), of.clone());
        it.times(100);
        bound.times(percent);
        it.0.len().cmp(&bound.0.len()).then_with(|| it.0.iter().rev().cmp(bound.0.iter().rev())).is_le()
    }
}
