//! Every bound of what a caller may write about teams, routes and handoffs, once. What a submission may hold has its
//! bounds in `criteria::limits`.

/// A title, a display name, the name of a route, an owner, a contact, an actor, in characters.
pub const NAME_MAX_CHARS: usize = 200;
/// The name of an outside system or of a type of record there, in characters.
pub const SYSTEM_MAX_CHARS: usize = 100;
/// A key in an outside system, in characters.
pub const KEY_MAX_CHARS: usize = 200;
/// An address, in characters.
pub const URL_MAX_CHARS: usize = 2_000;
/// The words that a list is searched for, in characters.
pub const SEARCH_MAX_CHARS: usize = 200;
/// What a violation quotes of a foreign text, in characters.
pub const QUOTED_MAX_CHARS: usize = 64;
/// Any other text, in bytes.
pub const TEXT_MAX_BYTES: usize = 16 * 1024;
/// Members of a team.
pub const MEMBERS_MAX: usize = 500;
/// Known risks of a route.
pub const RISKS_MAX: usize = 50;
/// A review rule, in bytes.
pub const REVIEW_RULE_MAX_BYTES: usize = 1_024;
/// Routes of a workflow.
pub const WORKFLOW_ROUTES_MAX: usize = 100;
/// A map as one text, in bytes: it fits into a message of 1 MiB beside the rest of its request.
pub const MAP_TEXT_MAX_BYTES: usize = 1024 * 1024 - 1024;
/// Teams of a map as one text.
pub const MAP_TEAMS_MAX: usize = 2_000;
/// Routes of a map as one text.
pub const MAP_ROUTES_MAX: usize = 5_000;
/// Workflows of a map as one text.
pub const MAP_WORKFLOWS_MAX: usize = 1_000;
/// Links of a handoff.
pub const LINKS_MAX: usize = 100;
/// Attachments of a handoff.
pub const ATTACHMENTS_MAX: usize = 100;
/// Each list of a summary.
pub const SUMMARY_ENTRIES_MAX: usize = 100;
/// Reasons of a rejection or a return.
pub const REASONS_MAX: usize = 50;
/// Conditions of an acceptance.
pub const CONDITIONS_MAX: usize = 50;
/// Attempts of a handoff.
pub const ATTEMPTS_MAX: i32 = 100;
/// Questions of a handoff, closed ones included.
pub const QUESTIONS_MAX: usize = 200;
/// Rounds of a question.
pub const ROUNDS_MAX: usize = 20;
/// Reviews of a handoff, past ones included.
pub const REVIEWS_MAX: usize = 50;
/// Lines of a topic of an agenda.
pub const AGENDA_LINES_MAX: usize = 30;
/// A line of an agenda, in characters.
pub const AGENDA_LINE_MAX_CHARS: usize = 300;
/// Whom a review invites, or who was there.
pub const ATTENDEES_MAX: usize = 100;
/// What a review decides, and what it lays down to be done.
pub const DECISIONS_MAX: usize = 50;
/// Proposals of a handoff, decided ones included.
pub const PROPOSALS_MAX: usize = 200;
/// Criteria of one waiver.
pub const WAIVED_MAX: usize = 50;
/// Corrections of a read-back.
pub const CORRECTIONS_MAX: usize = 50;
/// Actions of a handoff, done ones included.
pub const ACTIONS_MAX: usize = 500;
/// Comments of a handoff.
pub const COMMENTS_MAX: i32 = 10_000;
/// How far ahead a hold may end, in seconds: 90 days.
pub const HOLD_MAX_SECONDS: i64 = 90 * DAY_SECONDS;
/// How long a review takes at least and at most, in seconds: a minute, a day.
pub const REVIEW_SECONDS: std::ops::RangeInclusive<i64> = 60..=DAY_SECONDS;
/// Events of a record of history.
pub const EVENTS_MAX: usize = 1_000;
/// Handoffs that one watch names.
pub const WATCHED_MAX: usize = 100;
/// All that callers have written into a handoff, as JSON, in bytes.
pub const HANDOFF_MAX_BYTES: usize = 256 * 1024;
/// What may be written beyond that by what ends or answers something, in bytes.
pub const DECISION_ROOM_BYTES: usize = 64 * 1024;
/// What an invitation says of its handoff, in characters.
pub const INVITE_MAX_CHARS: usize = 4_000;
/// The return window, in seconds: 366 days.
pub const RETURN_WINDOW_MAX_SECONDS: i64 = 366 * DAY_SECONDS;
/// The return window where none was given, in seconds: 14 days.
pub const RETURN_WINDOW_DEFAULT_SECONDS: i64 = 14 * DAY_SECONDS;
/// How often both sides look at a route where it was not given, in seconds: 90 days.
pub const REVIEW_EVERY_DEFAULT_SECONDS: i64 = 90 * DAY_SECONDS;

const DAY_SECONDS: i64 = 24 * 60 * 60;
