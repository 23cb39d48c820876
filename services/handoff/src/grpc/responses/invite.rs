//! The invitation to a review as iCalendar text (RFC 5545), scheduled or cancelled as RFC 5546 has it.

use icalendar::{Calendar, Component, Event, EventLike, EventStatus, Property};
use kernel::Timestamp;

use crate::domain::{
    Handoff, Review,
    limits::INVITE_MAX_CHARS,
    review::{AgendaItem, Attendee, Status},
};

/// One event whose UID never changes and whose SEQUENCE rises; none for a review that was never to take place.
pub(in crate::grpc) fn invite(handoff: &Handoff, review: &Review) -> Option<String> {
    let meeting = review.meeting.as_ref()?;
    let is_cancelled = matches!(review.status, Status::Cancelled { .. } | Status::Waived { .. });
    let stamped_at = review.status.settled().map_or(review.scheduled.at, |settled| settled.at);
    let mut event = Event::new();
    event
        .uid(&format!("{}@baton", review.id))
        .sequence(review.sequence.unsigned_abs())
        .add_property("DTSTAMP", utc(stamped_at))
        .add_property("DTSTART", utc(meeting.starts_at))
        .add_property("DTEND", utc(meeting.ends_at))
        .summary(&plain(&format!("Review: {}", handoff.title)))
        .description(&description(handoff))
        .status(if is_cancelled { EventStatus::Cancelled } else { EventStatus::Confirmed })
        .append_property(organizer(&review.scheduled.by));
    if let Some(place) = meeting.place.as_ref().or(meeting.url.as_ref()) {
        event.location(&plain(place));
    }
    if let Some(url) = &meeting.url {
        event.url(url);
    }
    for attendee in meeting.attendees.iter().filter_map(invited) {
        event.append_multi_property(attendee);
    }
    let mut calendar = Calendar::empty();
    calendar.append_property(("VERSION", "2.0"));
    calendar.append_property(("PRODID", "-//Baton//handoff//EN"));
    calendar.append_property(("CALSCALE", "GREGORIAN"));
    calendar.append_property(("METHOD", if is_cancelled { "CANCEL" } else { "REQUEST" }));
    calendar.push(event.done());
    Some(calendar.done().to_string())
}

fn utc(at: Timestamp) -> String {
    let text: String = at.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    // Whole seconds: iCalendar knows no parts of one.
    format!("{}Z", text.split(['.', 'Z']).next().unwrap_or_default())
}

/// The agenda; the beginning of a long one, for calendars take short texts only.
fn description(handoff: &Handoff) -> String {
    let item = |AgendaItem { topic, lines }: AgendaItem| format!("{topic}\n- {}", lines.join("\n- "));
    let text = plain(&handoff.agenda().into_iter().map(item).collect::<Vec<_>>().join("\n\n"));
    match text.char_indices().nth(INVITE_MAX_CHARS) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text,
    }
}

/// A text with line feeds as its only control characters: a calendar takes any other line break for the next property.
fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{85}', '\u{2028}', '\u{2029}'], "\n");
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

/// Whoever scheduled it. Baton knows names, not addresses; calendars take this form for "none".
fn organizer(name: &str) -> Property {
    Property::new("ORGANIZER", "invalid:nomail").add_parameter("CN", &parameter(name)).done()
}

/// Who has an address is invited by it.
fn invited(attendee: &Attendee) -> Option<Property> {
    let email = attendee.email.as_ref()?;
    let invited = Property::new("ATTENDEE", format!("mailto:{email}"))
        .add_parameter("CN", &parameter(&attendee.name))
        .add_parameter("ROLE", "REQ-PARTICIPANT")
        .add_parameter("RSVP", "TRUE")
        .done();
    Some(invited)
}

/// A parameter's value in quotes: they may hold anything but quotes and control characters.
fn parameter(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c == '"' { '\'' } else { c }).filter(|c| !c.is_control()).collect();
    format!("\"{plain}\"")
}
