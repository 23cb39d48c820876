//! A time commitment of a policy as its YAML file writes it.

use api::{
    sla::v1::{
        BusinessDays, ClockKind, Escalation, FieldMatch, Match, PauseOn, PauseReason, Target, TargetDuration, Warning,
        target_duration::Kind, warning::At,
    },
    r#type::v1::Priority,
};
use prost_types::Duration;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_saphyr::{FlowMap, FlowSeq};

use super::{calendar::is_wall_clock, is_default, ordered::Ordered};
use crate::{spans, words::Word};

/// One target.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    clock: Named<ClockKind>,
    #[serde(default, skip_serializing_if = "is_default")]
    when: Vec<FlowMap<WrittenMatch>>,
    duration: FlowMap<WrittenDuration>,
    #[serde(default, skip_serializing_if = "is_default")]
    calendar: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    warn_at: Option<FlowSeq<Vec<WrittenWarning>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pause_on: Option<FlowSeq<Vec<Named<PauseReason>>>>,
    #[serde(default, skip_serializing_if = "is_default")]
    escalations: Vec<FlowMap<WrittenEscalation>>,
}

/// An enum by its word.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Named<T>(T);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMatch {
    #[serde(default, skip_serializing_if = "is_default")]
    priorities: Vec<Named<Priority>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confidential: Option<bool>,
    #[serde(default, skip_serializing_if = "is_default")]
    fields: Ordered<String, Vec<String>>,
}

/// One of three; `at` belongs to the last.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnyDuration {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    working: Option<Counted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    elapsed: Option<Elapsed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    business_days: Option<i32>,
    #[serde(default, skip_serializing_if = "is_default")]
    at: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "AnyDuration", into = "AnyDuration")]
struct WrittenDuration(TargetDuration);

/// `50%`, or how much is left: `1h`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct WrittenWarning(At);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEscalation {
    after: Counted,
    notify: String,
}

/// A span that a calendar counts: `8h`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Counted(Duration);

/// A span by day and by night: `2d`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Elapsed(Duration);

impl From<Target> for Written {
    fn from(target: Target) -> Self {
        let clock = Named(target.clock());
        let warn_at: Vec<_> = target.warn_at.into_iter().filter_map(|it| it.at).map(WrittenWarning).collect();
        let escalations = target.escalations.into_iter();
        Self {
            clock,
            when: target.when.into_iter().map(|it| FlowMap(it.into())).collect(),
            duration: FlowMap(WrittenDuration(target.duration.unwrap_or_default())),
            calendar: target.calendar_id,
            warn_at: Some(FlowSeq(warn_at)).filter(|it| !it.0.is_empty()),
            pause_on: target.pause_on.map(|it| FlowSeq(it.reasons().map(Named).collect())),
            escalations: escalations.map(|it| FlowMap(it.into())).collect(),
        }
    }
}

impl From<Written> for Target {
    fn from(written: Written) -> Self {
        let warn_at = written.warn_at.into_iter().flat_map(|it| it.0);
        Self {
            clock: written.clock.0.into(),
            when: written.when.into_iter().map(|it| it.0.into()).collect(),
            duration: Some(written.duration.0.0),
            calendar_id: written.calendar,
            warn_at: warn_at.map(|it| Warning { at: Some(it.0) }).collect(),
            pause_on: written.pause_on.map(|it| PauseOn { reasons: it.0.into_iter().map(|it| it.0.into()).collect() }),
            escalations: written.escalations.into_iter().map(|it| it.0.into()).collect(),
        }
    }
}

impl From<Match> for WrittenMatch {
    fn from(one: Match) -> Self {
        let priorities = one.priorities().map(Named).collect();
        let fields = one.fields.into_iter().map(|FieldMatch { key, values }| (key, values)).collect();
        Self { priorities, confidential: one.confidential, fields: Ordered(fields) }
    }
}

impl From<WrittenMatch> for Match {
    fn from(written: WrittenMatch) -> Self {
        Self {
            priorities: written.priorities.into_iter().map(|it| it.0.into()).collect(),
            confidential: written.confidential,
            fields: written.fields.0.into_iter().map(|(key, values)| FieldMatch { key, values }).collect(),
        }
    }
}

impl From<Escalation> for WrittenEscalation {
    fn from(Escalation { after, notify }: Escalation) -> Self {
        Self { after: Counted(after.unwrap_or_default()), notify }
    }
}

impl From<WrittenEscalation> for Escalation {
    fn from(WrittenEscalation { after, notify }: WrittenEscalation) -> Self {
        Self { after: Some(after.0), notify }
    }
}

impl TryFrom<AnyDuration> for WrittenDuration {
    type Error = String;

    fn try_from(AnyDuration { working, elapsed, business_days, at }: AnyDuration) -> Result<Self, String> {
        let kind = match (working, elapsed, business_days) {
            (Some(Counted(span)), None, None) if at.is_empty() => Kind::Working(span),
            (None, Some(Elapsed(span)), None) if at.is_empty() => Kind::Elapsed(span),
            (None, None, Some(days)) if at.is_empty() || is_wall_clock(&at) => {
                Kind::BusinessDays(BusinessDays { days, at })
            }
            (None, None, Some(_)) => return Err(format!("{at:?} is no time of a day; write 17:00")),
            _ => {
                let ways = "{working: 8h}, {elapsed: 2d}, {business_days: 2} or {business_days: 2, at: \"17:00\"}";
                return Err(format!("write one of {ways}"));
            }
        };
        Ok(Self(TargetDuration { kind: Some(kind) }))
    }
}

impl From<WrittenDuration> for AnyDuration {
    fn from(WrittenDuration(duration): WrittenDuration) -> Self {
        match duration.kind {
            None => Self::default(),
            Some(Kind::Working(span)) => Self { working: Some(Counted(span)), ..Self::default() },
            Some(Kind::Elapsed(span)) => Self { elapsed: Some(Elapsed(span)), ..Self::default() },
            Some(Kind::BusinessDays(BusinessDays { days, at })) => {
                Self { business_days: Some(days), at, ..Self::default() }
            }
        }
    }
}

impl TryFrom<String> for WrittenWarning {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let Some(percent) = text.strip_suffix('%') else {
            return spans::parse_working(&text).map(At::BeforeDue).map(Self);
        };
        let percent = percent.trim().parse().ok().filter(|percent| (1..=99).contains(percent));
        percent.map(At::Percent).map(Self).ok_or_else(|| format!("{text:?}: write 1% to 99%, or the time left, as 1h"))
    }
}

impl From<WrittenWarning> for String {
    fn from(WrittenWarning(at): WrittenWarning) -> Self {
        match at {
            At::Percent(percent) => format!("{percent}%"),
            At::BeforeDue(span) => spans::working(span),
        }
    }
}

impl TryFrom<String> for Counted {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        spans::parse_working(&text).map(Self)
    }
}

impl From<Counted> for String {
    fn from(Counted(span): Counted) -> Self {
        spans::working(span)
    }
}

impl TryFrom<String> for Elapsed {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        spans::parse_elapsed(&text).map(Self)
    }
}

impl From<Elapsed> for String {
    fn from(Elapsed(span): Elapsed) -> Self {
        spans::elapsed(span)
    }
}

impl<T: Word> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

impl<'de, T: Word> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::parse(&text).map(Self).map_err(|problem| D::Error::custom(format!("{text:?}: {problem}")))
    }
}
