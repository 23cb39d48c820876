//! How the enums, times and outside keys of the API are written and read by people.

use api::{
    checklist::v1::{ChangeClass, ChangeKind, EvidenceKind, FieldType, ItemCategory, VersionState},
    handoff::v1::{
        Decision, HandoffOrder, HandoffState, Link, MapFindingCode, MapFindingSeverity, MapSubjectKind, MemberRole,
        Origin, Priority, ProposalState, QuestionState, ReadBack, ReasonKind, ReviewOutcome, ReviewState, RiskKind,
        RouteStatus, TermsProposalState,
    },
    metrics::v1::{
        Bucket, ImprovementOutcome, Metric, ParetoDimension, SuggestionKind, SuggestionState, SurveyOccasion, Verdict,
    },
    notify::v1::DeliveryState,
    sla::v1::{AttainmentGroup, BreachCause, ClockKind, ClockState, Evidence, LedgerKind, PauseReason},
    r#type::v1::{Attachment, CriterionKind, Outcome, Priority as TypedPriority, Severity, Side, TickState},
};
use kernel::Timestamp;
use prost_types::Duration;

use crate::spans;

/// An enum of the API by the word that follows its prefix: `HANDOFF_STATE_IN_PROGRESS` is `IN_PROGRESS`.
pub(crate) trait Word: Copy + TryFrom<i32> {
    /// What stands before each word.
    const PREFIX: &'static str;

    /// The whole name.
    fn name(self) -> &'static str;

    /// The word; empty for what is not given.
    fn word(self) -> &'static str {
        let word = self.name().strip_prefix(Self::PREFIX).unwrap_or_default();
        if word == "UNSPECIFIED" { "" } else { word }
    }

    /// Reads the word in any case, with `-` as good as `_`; the error lists the words there are.
    fn parse(text: &str) -> Result<Self, String> {
        let wanted = text.to_uppercase().replace('-', "_");
        let all: Vec<Self> = (1..64).filter_map(|number| Self::try_from(number).ok()).collect();
        all.iter().copied().find(|one| one.word() == wanted).ok_or_else(|| {
            let words: Vec<String> = all.iter().map(|one| one.word().to_lowercase().replace('_', "-")).collect();
            format!("use one of {}", words.join(", "))
        })
    }
}

macro_rules! words {
    ($($name:ident $prefix:literal)*) => {
        $(impl Word for $name {
            const PREFIX: &'static str = $prefix;

            fn name(self) -> &'static str {
                self.as_str_name()
            }
        })*
    };
}

words! {
    AttainmentGroup "ATTAINMENT_GROUP_"
    BreachCause "BREACH_CAUSE_"
    Bucket "BUCKET_"
    ChangeClass "CHANGE_CLASS_"
    ChangeKind "CHANGE_KIND_"
    ClockKind "CLOCK_KIND_"
    ClockState "CLOCK_STATE_"
    CriterionKind "CRITERION_KIND_"
    Decision "DECISION_"
    DeliveryState "DELIVERY_STATE_"
    Evidence "EVIDENCE_"
    EvidenceKind "EVIDENCE_KIND_"
    FieldType "FIELD_TYPE_"
    HandoffOrder "HANDOFF_ORDER_"
    HandoffState "HANDOFF_STATE_"
    ImprovementOutcome "IMPROVEMENT_OUTCOME_"
    ItemCategory "ITEM_CATEGORY_"
    LedgerKind "LEDGER_KIND_"
    MapFindingCode "MAP_FINDING_CODE_"
    MapFindingSeverity "MAP_FINDING_SEVERITY_"
    MapSubjectKind "MAP_SUBJECT_KIND_"
    MemberRole "MEMBER_ROLE_"
    Metric "METRIC_"
    Outcome "OUTCOME_"
    ParetoDimension "PARETO_DIMENSION_"
    PauseReason "PAUSE_REASON_"
    Priority "PRIORITY_"
    ProposalState "PROPOSAL_STATE_"
    QuestionState "QUESTION_STATE_"
    ReadBack "READ_BACK_"
    ReasonKind "REASON_KIND_"
    ReviewOutcome "REVIEW_OUTCOME_"
    ReviewState "REVIEW_STATE_"
    RiskKind "RISK_KIND_"
    RouteStatus "ROUTE_STATUS_"
    Severity "SEVERITY_"
    Side "SIDE_"
    SuggestionKind "SUGGESTION_KIND_"
    SuggestionState "SUGGESTION_STATE_"
    SurveyOccasion "SURVEY_OCCASION_"
    TermsProposalState "TERMS_PROPOSAL_STATE_"
    TickState "TICK_STATE_"
    TypedPriority "PRIORITY_"
    Verdict "VERDICT_"
    VersionState "VERSION_STATE_"
}

/// Reads an instant (RFC 3339), a time without an offset (UTC, as all that is shown) or a day (its midnight in UTC).
pub(crate) fn parse_time(text: &str) -> Result<prost_types::Timestamp, String> {
    let instant: Result<Timestamp, _> =
        text.parse().or_else(|_| format!("{text}Z").parse()).or_else(|_| format!("{text}T00:00:00Z").parse());
    instant.map(api::timestamp).map_err(|_| format!("{text:?} is no time; write 2026-12-01 or 2026-12-01T09:00:00Z"))
}

/// An instant as a person names it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum When {
    /// On the calendar.
    At(prost_types::Timestamp),
    /// So many seconds from now.
    After(i64),
}

impl When {
    /// Reads what [`parse_time`] reads, and `+2d`, `+90m`, `+1d12h`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix('+') {
            Some(span) => parse_span(span).map(|span| Self::After(span.seconds)),
            None => parse_time(text).map(Self::At).map_err(|problem| format!("{problem}, or +2d from now")),
        }
    }

    /// The instant, where it is `now` now.
    pub(crate) fn instant(self, now: Timestamp) -> prost_types::Timestamp {
        match self {
            Self::At(time) => time,
            Self::After(seconds) => api::timestamp(now.plus_seconds(seconds)),
        }
    }
}

/// Reads a span of weeks, days, hours, minutes and seconds: `45m`, `1h30m`, `2d`.
pub(crate) fn parse_span(text: &str) -> Result<Duration, String> {
    let seconds = spans::seconds(text, &spans::ANY);
    let wrong = || format!("{text:?} is no span; write 30s, 45m, 2h, 1h30m, 2d or 1w");
    seconds.map(api::duration_from_seconds).ok_or_else(wrong)
}

/// Reads a whole number of days.
pub(crate) fn parse_days(text: &str) -> Result<Duration, String> {
    let days: u16 = text.parse().map_err(|_| format!("{text:?} is no number of days"))?;
    Ok(api::duration_from_seconds(i64::from(days) * 86_400))
}

/// Reads `SYSTEM/KEY`; the key may hold further slashes.
pub(crate) fn parse_origin(text: &str) -> Result<Origin, String> {
    match text.split_once('/') {
        Some((system, key)) if !system.is_empty() && !key.is_empty() => {
            Ok(Origin { system: system.to_owned(), key: key.to_owned() })
        }
        _ => Err(format!("{text:?} is no outside record; write SYSTEM/KEY, as crm/D-1042")),
    }
}

/// Reads `SYSTEM/TYPE/KEY` or `SYSTEM/TYPE/KEY|URL`.
pub(crate) fn parse_link(text: &str) -> Result<Link, String> {
    let (record, url) = text.split_once('|').unwrap_or((text, ""));
    let mut parts = record.splitn(3, '/').map(str::to_owned).filter(|part| !part.is_empty());
    match (parts.next(), parts.next(), parts.next()) {
        (Some(system), Some(r#type), Some(key)) => Ok(Link { system, r#type, key, url: url.to_owned() }),
        _ => Err(format!("{text:?} is no outside record; write SYSTEM/TYPE/KEY, as crm/deal/D-1042")),
    }
}

/// Reads `NAME|URL`, or a URL alone, whose last part is then the name.
pub(crate) fn parse_attachment(text: &str) -> Result<Attachment, String> {
    let (name, url) = text.split_once('|').unwrap_or_else(|| {
        let path = text.split(['?', '#']).next().unwrap_or(text).trim_end_matches('/');
        (path.rsplit('/').next().unwrap_or(path), text)
    });
    if name.is_empty() || !url.contains(':') {
        return Err(format!("{text:?} is no document; write NAME|URL or a URL"));
    }
    Ok(Attachment { name: name.trim().to_owned(), url: url.trim().to_owned(), ..Attachment::default() })
}

/// The instant of a wire time; none where it is absent or out of range.
pub(crate) fn instant(time: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    time.and_then(|time| Timestamp::from_seconds_and_nanos(time.seconds, time.nanos))
}

/// `2026-11-23 09:00` in UTC; empty where there is none.
pub(crate) fn time(time: Option<&prost_types::Timestamp>) -> String {
    let text = instant(time).map(|instant| instant.to_string()).unwrap_or_default();
    text.chars().take(16).collect::<String>().replace('T', " ")
}

/// How long before `now` it was, in whole units, or how far ahead it is, to the nearest one: `3 d`, `in 2 h`.
pub(crate) fn age(time: Option<&prost_types::Timestamp>, now: Timestamp) -> String {
    let Some(then) = instant(time) else { return String::new() };
    let seconds = now.as_micros().saturating_sub(then.as_micros()) / 1_000_000;
    // What was just set to two hours from now is two hours ahead, not one.
    let units = |seconds: u64, unit: u64| if then > now { (seconds + unit / 2) / unit } else { seconds / unit };
    let span = match seconds.unsigned_abs() {
        seconds @ 0..60 => format!("{seconds} s"),
        minutes @ 60..3_600 => format!("{} min", units(minutes, 60)),
        hours @ 3_600..172_800 => format!("{} h", units(hours, 3_600)),
        days @ 172_800..63_072_000 => format!("{} d", units(days, 86_400)),
        years => format!("{} y", units(years, 31_536_000)),
    };
    if seconds < 0 { format!("in {span}") } else { span }
}

/// `14 days`, or hours where it is not whole days; empty where there is none.
pub(crate) fn span(duration: Option<&Duration>) -> String {
    match duration.map(|duration| duration.seconds) {
        None => String::new(),
        Some(seconds) if seconds % 86_400 == 0 => count(seconds / 86_400, "day"),
        Some(seconds) => count(seconds / 3_600, "hour"),
    }
}

/// `1 line`, `2 lines`.
pub(crate) fn count(number: i64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `crm/D-1042`; empty where there is none.
pub(crate) fn origin(origin: Option<&Origin>) -> String {
    origin.map(|origin| format!("{}/{}", origin.system, origin.key)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_in_any_case() {
        assert_eq!(HandoffState::parse("in-progress"), Ok(HandoffState::InProgress));
        assert_eq!(Priority::parse("HIGH"), Ok(Priority::High));
        assert_eq!(Side::parse("up"), Err("use one of upstream, downstream".to_owned()));
        assert_eq!(Side::Unspecified.word(), "");
    }

    #[test]
    fn a_day_is_its_midnight() {
        assert_eq!(parse_time("2026-12-01"), parse_time("2026-12-01T01:00:00+01:00"));
        assert_eq!(time(parse_time("2026-12-01").ok().as_ref()), "2026-12-01 00:00");
        assert!(parse_time("tomorrow").is_err());
    }

    #[test]
    fn a_time_without_an_offset_is_utc() {
        assert_eq!(parse_time("2026-12-01T15:00"), parse_time("2026-12-01T15:00:00Z"));
        assert_eq!(parse_time("2026-12-01 15:00"), parse_time("2026-12-01T15:00:00Z"));
    }

    #[test]
    fn a_time_may_be_told_from_now() {
        let now: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        let told = |text: &str| time(When::parse(text).ok().map(|when| when.instant(now)).as_ref());
        assert_eq!(told("+2d"), "2026-11-25 09:00");
        assert_eq!(told("+90m"), "2026-11-23 10:30");
        assert_eq!(told("+1w1d12h"), "2026-12-01 21:00");
        assert_eq!(told("2026-12-01"), "2026-12-01 00:00");
        for wrong in
            ["+", "+2", "+d", "+0m", "+2y", "+2d3", "-2d", "2d", "+99999999999999999999d", "+9999999999w", "+1ä"]
        {
            assert!(When::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_key_of_an_outside_record_may_hold_slashes() {
        let origin = parse_origin("vinst/1-364285768/2").unwrap();
        assert_eq!((origin.system.as_str(), origin.key.as_str()), ("vinst", "1-364285768/2"));
        assert!(parse_origin("vinst/").is_err());
        assert_eq!(parse_link("crm/deal/D-1|https://crm/D-1").unwrap().url, "https://crm/D-1");
        assert!(parse_link("crm/deal").is_err());
    }

    #[test]
    fn a_document_is_named_by_its_address() {
        let named = parse_attachment("Contract|https://files/a.pdf").unwrap();
        assert_eq!((named.name.as_str(), named.url.as_str()), ("Contract", "https://files/a.pdf"));
        assert_eq!(parse_attachment("https://files/x/contract.pdf?v=2").unwrap().name, "contract.pdf");
        assert!(parse_attachment("contract.pdf").is_err());
    }

    #[test]
    fn ages_are_told_in_one_unit() {
        let now: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        let told = |text: &str| age(parse_time(text).ok().as_ref(), now);
        assert_eq!(told("2026-11-23T08:59:30Z"), "30 s");
        assert_eq!(told("2026-11-23T06:10:00Z"), "2 h");
        assert_eq!(told("2026-11-20"), "3 d");
        assert_eq!(told("2010-11-20"), "16 y");
        assert_eq!(told("2026-11-23T09:20:00Z"), "in 20 min");
        assert_eq!(told("2026-11-23T10:59:59Z"), "in 2 h");
    }
}
