//! A message on its way to one place: tried, tried again, arrived or given up.

use kernel::Timestamp;

use super::{DAY_SECONDS, DeliveryId, SubscriptionId};

/// How long after an attempt that failed the next one follows, in seconds (the schedule that Standard Webhooks recommends): in all some
/// three days.
pub const RETRY_AFTER: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Of the next attempt no receiver may ask later than that.
const LONGEST_WAIT: i64 = DAY_SECONDS;

/// One message to one place, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id, the same at every attempt.
    pub id: DeliveryId,
    /// Of which subscription.
    pub subscription_id: SubscriptionId,
    /// How often it was tried, with the attempt under way.
    pub attempts: i32,
    /// How many of them have failed since it was made, or last asked to be sent again: the schedule goes by these. What was begun and
    /// never noted, since a process was killed, is none.
    pub failures: i32,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// The status of the answer; 0 where there was none.
    pub status: i32,
    /// What follows from it.
    pub outcome: Outcome,
}

/// What follows from an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has taken it.
    Arrived,
    /// Not this time.
    Failed {
        /// Why.
        problem: String,
        /// The receiver asks for so many seconds.
        retry_after_seconds: Option<i64>,
    },
    /// It can never arrive.
    Impossible {
        /// Why.
        problem: String,
    },
    /// The receiver wants nothing more at all.
    Gone {
        /// What it said.
        problem: String,
    },
}

/// Where an attempt leaves a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// It has arrived.
    Delivered,
    /// It is tried again then.
    Pending(Timestamp),
    /// It is given up.
    Dead,
}

impl Attempted {
    /// With at most so many characters of what went wrong.
    #[must_use]
    pub fn bounded(mut self, chars: usize) -> Self {
        if let Outcome::Failed { problem, .. } | Outcome::Impossible { problem } | Outcome::Gone { problem } =
            &mut self.outcome
            && let Some((end, _)) = problem.char_indices().nth(chars)
        {
            problem.truncate(end);
        }
        self
    }
}

impl Outcome {
    /// What went wrong; empty where nothing did.
    pub fn problem(&self) -> &str {
        match self {
            Self::Arrived => "",
            Self::Failed { problem, .. } | Self::Impossible { problem } | Self::Gone { problem } => problem,
        }
    }
}

impl Delivery {
    /// Where the attempt leaves it. What failed waits by the schedule, a tenth more or less so that not all come back at once, and at
    /// least as long as the receiver asks, up to a day; after the last attempt of the schedule it is given up.
    pub fn after(&self, outcome: &Outcome, now: Timestamp) -> Left {
        match outcome {
            Outcome::Arrived => Left::Delivered,
            Outcome::Impossible { .. } => Left::Dead,
            // Its subscription is disabled: it waits for whoever enables it again.
            Outcome::Gone { .. } => Left::Pending(now),
            Outcome::Failed { retry_after_seconds, .. } => {
                let before = usize::try_from(self.failures).unwrap_or_default();
                let Some(wait) = RETRY_AFTER.get(before) else { return Left::Dead };
                let asked = retry_after_seconds.unwrap_or_default().clamp(0, LONGEST_WAIT);
                Left::Pending(now.plus_seconds(self.spread(*wait).max(asked)))
            }
        }
    }

    /// A tenth more or less, the same for the same attempt.
    fn spread(&self, seconds: i64) -> i64 {
        let (_, low) = self.id.as_uuid().as_u64_pair();
        let share = i64::try_from(low.wrapping_add(self.attempts.unsigned_abs().into()) % 201).unwrap_or_default();
        seconds + seconds * (share - 100) / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(failures: i32) -> Delivery {
        let id = kernel::derived_uuid(&[&failures.to_be_bytes()]);
        Delivery { id: id.into(), subscription_id: id.into(), attempts: failures + 1, failures }
    }

    fn failed(retry_after_seconds: Option<i64>) -> Outcome {
        Outcome::Failed { problem: "503".into(), retry_after_seconds }
    }

    #[test]
    fn what_fails_is_tried_ever_less_often_for_days_and_then_given_up() {
        let now = Timestamp::EPOCH;
        let mut waited = 0;
        for (failures, planned) in (0..).zip(RETRY_AFTER) {
            let Left::Pending(next) = delivery(failures).after(&failed(None), now) else { panic!("{failures}") };
            let wait = next.as_micros() / 1_000_000;
            assert!((planned * 9 / 10..=planned * 11 / 10).contains(&wait), "{failures}: {wait}");
            waited += wait;
        }
        assert!((2 * DAY_SECONDS..4 * DAY_SECONDS).contains(&waited), "{waited}");
        assert_eq!(delivery(9).after(&failed(None), now), Left::Dead);
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_but_not_for_ever() {
        let now = Timestamp::EPOCH;
        assert_eq!(delivery(0).after(&failed(Some(600)), now), Left::Pending(now.plus_seconds(600)));
        assert_eq!(delivery(0).after(&failed(Some(i64::MAX)), now), Left::Pending(now.plus_seconds(DAY_SECONDS)));
        assert_eq!(delivery(0).after(&Outcome::Arrived, now), Left::Delivered);
        assert_eq!(delivery(0).after(&Outcome::Impossible { problem: "no such mailbox".into() }, now), Left::Dead);
    }
}
