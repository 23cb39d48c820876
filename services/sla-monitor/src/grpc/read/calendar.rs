//! Requests about calendars.

use api::sla::v1 as pb;
use calendar::{Date, Duration, HORIZON_DAYS, Override, Spec, Window};
use chassis::{Fields, Parse, page::Page};
use kernel::Timestamp;

use super::{NAME_BYTES, each, instant, seconds, version};
use crate::{
    domain::{CalendarId, TeamId, calendar::ALWAYS},
    ops::calendar::Write,
};

pub(in crate::grpc) struct CreateCalendar(pub(in crate::grpc) Write);

impl Parse for CreateCalendar {
    type Request = pb::CreateCalendarRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.slug("calendar_id", &request.calendar_id);
        let display_name = fields.optional_text("display_name", &request.display_name, NAME_BYTES);
        let owner_team = fields.optional_slug("owner_team", &request.owner_team);
        let spec = spec(fields, request.spec);
        let (id, display_name, owner_team, spec) = (id?, display_name?, owner_team?, spec?);
        Some(Self(Write { id, display_name, owner_team, spec, expected: None }))
    }
}

pub(in crate::grpc) struct UpdateCalendar(pub(in crate::grpc) Write);

impl Parse for UpdateCalendar {
    type Request = pb::UpdateCalendarRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.slug("calendar_id", &request.calendar_id);
        let display_name = fields.optional_text("display_name", &request.display_name, NAME_BYTES);
        let expected = version(fields, "expected_version", request.expected_version);
        let spec = spec(fields, request.spec);
        let (id, display_name, spec, expected) = (id?, display_name?, spec?, expected?);
        Some(Self(Write { id, display_name, owner_team: None, spec, expected }))
    }
}

pub(in crate::grpc) struct GetCalendar {
    pub(in crate::grpc) id: CalendarId,
    pub(in crate::grpc) version: Option<i32>,
}

impl Parse for GetCalendar {
    type Request = pb::GetCalendarRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let id = fields.slug("calendar_id", &request.calendar_id);
        let version = version(fields, "version", request.version);
        Some(Self { id: id?, version: version? })
    }
}

pub(in crate::grpc) struct ListCalendars {
    pub(in crate::grpc) owner_team: Option<TeamId>,
    pub(in crate::grpc) page: Page<String>,
}

impl Parse for ListCalendars {
    type Request = pb::ListCalendarsRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let (size, token) = (std::mem::take(&mut request.page_size), std::mem::take(&mut request.page_token));
        let owner_team = fields.optional_slug("owner_team", &request.owner_team);
        let page = Page::read(fields, size, &token, &request);
        Some(Self { owner_team: owner_team?, page: page? })
    }
}

pub(in crate::grpc) struct ComputeDue {
    pub(in crate::grpc) id: Option<CalendarId>,
    pub(in crate::grpc) version: Option<i32>,
    pub(in crate::grpc) start: Timestamp,
    pub(in crate::grpc) duration: Duration,
}

impl Parse for ComputeDue {
    type Request = pb::ComputeDueRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let id = optional_calendar(fields, &request.calendar_id);
        let version = version(fields, "version", request.version);
        let start = instant(fields, "start", request.start);
        let duration = duration(fields, "duration", request.duration);
        Some(Self { id: id?, version: version?, start: start?, duration: duration? })
    }
}

pub(in crate::grpc) struct MeasureWorkingTime {
    pub(in crate::grpc) id: Option<CalendarId>,
    pub(in crate::grpc) version: Option<i32>,
    pub(in crate::grpc) from: Timestamp,
    pub(in crate::grpc) to: Timestamp,
}

impl Parse for MeasureWorkingTime {
    type Request = pb::MeasureWorkingTimeRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let id = optional_calendar(fields, &request.calendar_id);
        let version = version(fields, "version", request.version);
        let from = instant(fields, "from", request.from);
        let to = instant(fields, "to", request.to);
        let (from, to) = (from?, to?);
        if to < from {
            return fields.refuse("to", "must not be before `from`");
        }
        if to > from.plus_seconds(HORIZON_DAYS * 86_400) {
            return fields.refuse("to", "must be at most ten years after `from`");
        }
        Some(Self { id: id?, version: version?, from, to })
    }
}

/// A calendar; none, or "always", is the built-in one.
#[expect(clippy::option_option, reason = "the outer None is a violation noted, the inner one the built-in calendar")]
pub(in crate::grpc) fn optional_calendar(fields: &mut Fields, id: &str) -> Option<Option<CalendarId>> {
    if id == ALWAYS { Some(None) } else { fields.optional_slug("calendar_id", id) }
}

/// A duration of one of the three kinds.
pub(super) fn duration(fields: &mut Fields, field: &str, duration: Option<pb::TargetDuration>) -> Option<Duration> {
    use pb::target_duration::Kind;
    match duration.and_then(|duration| duration.kind) {
        Some(Kind::Working(working)) => {
            seconds(fields, &format!("{field}.working"), Some(working)).map(Duration::Working)
        }
        Some(Kind::Elapsed(elapsed)) => {
            seconds(fields, &format!("{field}.elapsed"), Some(elapsed)).map(Duration::Elapsed)
        }
        Some(Kind::BusinessDays(it)) => {
            let days =
                match u32::try_from(it.days).ok().filter(|days| *days <= 1_000).and_then(std::num::NonZero::new) {
                    Some(days) => Some(days),
                    None => fields
                        .refuse(format!("{field}.business_days.days"), format!("must be 1 to 1000, not {}", it.days)),
                };
            let at = format!("{field}.business_days.at");
            let at_seconds = if it.at.is_empty() { Some(None) } else { time_of_day(fields, &at, &it.at).map(Some) };
            Some(Duration::BusinessDays { days: days?, at_seconds: at_seconds? })
        }
        None => fields.refuse(field, "is required: working, elapsed or business_days"),
    }
}

fn spec(fields: &mut Fields, spec: Option<pb::CalendarSpec>) -> Option<Spec> {
    let Some(spec) = spec else { return fields.refuse("spec", "is required") };
    let week = spec.weekly.unwrap_or_default();
    let days = [
        ("monday", week.monday),
        ("tuesday", week.tuesday),
        ("wednesday", week.wednesday),
        ("thursday", week.thursday),
        ("friday", week.friday),
        ("saturday", week.saturday),
        ("sunday", week.sunday),
    ];
    let weekly = days.map(|(day, it)| windows(fields, &format!("spec.weekly.{day}"), &it));
    let holidays = each(fields, "spec.holidays", &spec.holidays, |fields, field, text| date(fields, field, text));
    let overrides = each(fields, "spec.overrides", &spec.overrides, |fields, field, it| {
        let date = date(fields, &format!("{field}.date"), &it.date);
        let windows = windows(fields, &format!("{field}.windows"), &it.windows);
        Some(Override { date: date?, windows: windows? })
    });
    let time_zone = fields.required_text("spec.time_zone", &spec.time_zone, NAME_BYTES);
    let [monday, tuesday, wednesday, thursday, friday, saturday, sunday] = weekly;
    Some(Spec {
        time_zone: time_zone?,
        weekly: [monday?, tuesday?, wednesday?, thursday?, friday?, saturday?, sunday?],
        holidays: holidays?,
        overrides: overrides?,
    })
}

fn windows(fields: &mut Fields, field: &str, windows: &[pb::Window]) -> Option<Vec<Window>> {
    each(fields, field, windows, |fields, field, window| {
        let start_seconds = time_of_day(fields, &format!("{field}.start"), &window.start);
        let end_seconds = time_of_day(fields, &format!("{field}.end"), &window.end);
        Some(Window { start_seconds: start_seconds?, end_seconds: end_seconds? })
    })
}

/// "09:00" or "09:00:30", up to "24:00", in seconds from midnight.
fn time_of_day(fields: &mut Fields, field: &str, text: &str) -> Option<i32> {
    let two = |part: &str| {
        let digits = (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then_some(part)?;
        digits.parse::<i32>().ok()
    };
    let parts: Option<Vec<i32>> = text.split(':').map(two).collect();
    let seconds = match parts.as_deref() {
        Some([hours, minutes]) if *minutes < 60 => Some(hours * 3_600 + minutes * 60),
        Some([hours, minutes, rest]) if *minutes < 60 && *rest < 60 => Some(hours * 3_600 + minutes * 60 + rest),
        _ => None,
    };
    match seconds.filter(|seconds| *seconds <= 86_400) {
        Some(seconds) => Some(seconds),
        None => {
            fields.refuse(field, format!("is no time of day: {:?}; write it as 09:00, up to 24:00", shortened(text)))
        }
    }
}

fn date(fields: &mut Fields, field: &str, text: &str) -> Option<Date> {
    let is_plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    match text.parse::<Date>().ok().filter(|_| is_plain) {
        Some(date) => Some(date),
        None => fields.refuse(field, format!("is no date: {:?}; write it as 2026-12-25", shortened(text))),
    }
}

fn shortened(text: &str) -> String {
    kernel::shortened(text, 32)
}
