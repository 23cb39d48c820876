//! An instant: microseconds since the Unix epoch, UTC.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant in UTC with a resolution of one microsecond; finer parts are cut, never rounded.
///
/// Written (`Display`, serde) as RFC 3339 in UTC, read from RFC 3339 with any offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text or a number of seconds that is no instant between the years -9999 and 9999.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an instant: {0}; write RFC 3339, as 2026-11-23T09:00:00Z")]
pub struct BadTimestamp(String);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// From microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// From whole seconds since the epoch and nanoseconds on top (the form of a protobuf timestamp); what is finer than
    /// a microsecond is cut. None where the instant lies outside the years 1 to 9999 or `nanos` outside 0..1e9.
    pub fn from_seconds_and_nanos(seconds: i64, nanos: i32) -> Option<Self> {
        const YEAR_1: i64 = -62_135_596_800;
        const YEAR_10000: i64 = 253_402_300_800;
        let in_range = (YEAR_1..YEAR_10000).contains(&seconds) && (0..1_000_000_000).contains(&nanos);
        in_range.then(|| Self(seconds * 1_000_000 + i64::from(nanos) / 1_000))
    }

    /// Whole seconds since the epoch (rounded down) and the nanoseconds on top.
    pub fn to_seconds_and_nanos(self) -> (i64, i32) {
        let nanos = self.0.rem_euclid(1_000_000) * 1_000;
        (self.0.div_euclid(1_000_000), i32::try_from(nanos).expect("less than a second of nanoseconds"))
    }

    /// The instant `seconds` later (earlier, where negative); saturates at the ends of the range.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_jiff().fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = BadTimestamp;

    fn from_str(text: &str) -> Result<Self, BadTimestamp> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| BadTimestamp(text.chars().take(64).collect()))?;
        Ok(Self(instant.as_nanosecond().div_euclid(1_000).try_into().expect("jiff's range fits in microseconds")))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "sqlx")]
mod sql {
    use sqlx::{
        Decode, Encode, Postgres, Type,
        encode::IsNull,
        error::BoxDynError,
        postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef},
    };

    use super::Timestamp;

    /// Postgres counts from 2000-01-01T00:00:00Z.
    const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;

    impl Type<Postgres> for Timestamp {
        fn type_info() -> PgTypeInfo {
            PgTypeInfo::with_name("TIMESTAMPTZ")
        }
    }

    impl PgHasArrayType for Timestamp {
        fn array_type_info() -> PgTypeInfo {
            PgTypeInfo::with_name("_TIMESTAMPTZ")
        }
    }

    impl Encode<'_, Postgres> for Timestamp {
        fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
            <i64 as Encode<'_, Postgres>>::encode_by_ref(&self.0.saturating_sub(POSTGRES_EPOCH_MICROS), buffer)
        }
    }

    impl Decode<'_, Postgres> for Timestamp {
        fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
            match value.format() {
                PgValueFormat::Binary => {
                    let micros = <i64 as Decode<'_, Postgres>>::decode(value)?;
                    Ok(Self(micros.saturating_add(POSTGRES_EPOCH_MICROS)))
                }
                PgValueFormat::Text => Err("timestamps are read in the binary format only".into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finer_than_a_microsecond_is_cut() {
        let instant: Timestamp = "2026-11-23T10:00:00.1234569+01:00".parse().unwrap();
        assert_eq!(instant.to_string(), "2026-11-23T09:00:00.123456Z");
        assert_eq!(Timestamp::from_seconds_and_nanos(0, 1_999), Some(Timestamp::from_micros(1)));
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        assert!("yesterday".parse::<Timestamp>().is_err());
        assert_eq!(Timestamp::from_seconds_and_nanos(i64::MAX, 0), None);
        assert_eq!(Timestamp::from_seconds_and_nanos(0, -1), None);
    }

    proptest! {
        #[test]
        fn every_form_round_trips(micros in -62_135_596_800_000_000_i64..253_402_207_200_000_000) {
            let instant = Timestamp::from_micros(micros);
            prop_assert_eq!(instant.to_string().parse(), Ok(instant));
            let (seconds, nanos) = instant.to_seconds_and_nanos();
            prop_assert_eq!(Timestamp::from_seconds_and_nanos(seconds, nanos), Some(instant));
        }
    }
}
