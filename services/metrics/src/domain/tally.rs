//! Durations while they are gathered: in any order, as many as there are.

use super::sums::Histogram;

/// How many seconds are counted in place: those of eighteen hours, in which most durations fall.
const PLACES: usize = 1 << 16;

/// How often each number of seconds was seen. A few are kept as they come; once there are more of them than places, what falls
/// into the places is counted there, so that the durations of a million handoffs need no sorting.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pairs: Vec<(i64, i64)>,
    places: Vec<i64>,
}

impl Tally {
    /// Notes that so many seconds were seen so often; a negative number takes back.
    pub(super) fn add(&mut self, seconds: i64, count: i64) {
        let place = usize::try_from(seconds).ok().and_then(|it| self.places.get_mut(it));
        match place {
            Some(place) => *place += count,
            None => self.pairs.push((seconds, count)),
        }
        if self.places.is_empty() && self.pairs.len() > PLACES {
            self.places = vec![0; PLACES];
            let pairs = std::mem::take(&mut self.pairs);
            self.extend(pairs);
        }
    }

    /// In order.
    pub(super) fn histogram(&self) -> Histogram {
        let placed = (0..).zip(&self.places).map(|(seconds, count)| (seconds, *count)).filter(|(_, count)| *count != 0);
        Histogram::gather(placed.chain(self.pairs.iter().copied()).collect())
    }
}

impl Extend<(i64, i64)> for Tally {
    fn extend<I: IntoIterator<Item = (i64, i64)>>(&mut self, seen: I) {
        for (seconds, count) in seen {
            self.add(seconds, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_what_the_same_are_when_they_are_sorted() {
        let seconds = |n: i64| (n * 7_919) % 100_003 - 5;
        let seen: Vec<(i64, i64)> = (0..200_000).map(|n| (seconds(n), 1 - 2 * i64::from(n % 3 == 0))).collect();
        for many in [0, 1, PLACES, PLACES + 1, seen.len()] {
            let mut tally = Tally::default();
            tally.extend(seen[..many].iter().copied());
            assert_eq!(tally.histogram(), Histogram::gather(seen[..many].to_vec()));
        }
    }
}
