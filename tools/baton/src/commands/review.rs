//! `baton review`.

use std::{fs, path::PathBuf};

use api::{
    handoff::v1::{
        CancelReviewRequest, GetReviewInviteRequest, Handoff, RecordReviewHeldRequest, RecordReviewMissedRequest,
        RescheduleReviewRequest, Review, ReviewAttendee, ReviewOutcome, ReviewState, ScheduleReviewRequest,
        WaiveReviewRequest,
    },
    r#type::v1::Side,
};
use clap::{Args, Subcommand};
use prost_types::Duration;

use super::{
    handoff::{Acting, Reference, Target},
    order::order,
    owed::Owed,
};
use crate::{
    client::Remote,
    errors::{Error, Result},
    numbered,
    output::{note, print, print_bytes, print_json},
    session::Session,
    show::review as show,
    words::{When, Word as _, instant, parse_span},
};

/// How long a review takes where nobody says.
const HALF_AN_HOUR: i64 = 1_800;

/// What can be done with the reviews of a handoff.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Schedule a meeting of both sides
    #[command(
        after_help = "Example:\n  baton --as ivan review schedule crm/D-1042 --at 2026-12-01T15:00 --place 'Room 4' \\\n    --upstream 'Anna <anna@sales.example>' --downstream ivan"
    )]
    Schedule(Schedule),
    /// Change a scheduled review; what you do not give stays
    #[command(after_help = "Example:\n  baton --as ivan review reschedule crm/D-1042 --at 2026-12-02T15:00")]
    Reschedule(Reschedule),
    /// Call a scheduled review off
    #[command(after_help = "Example:\n  baton --as ivan review cancel crm/D-1042 --reason 'all is clear'")]
    Cancel {
        #[command(flatten)]
        acting: Acting,
        #[command(flatten)]
        named: Named,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Downstream records a review that took place
    #[command(
        after_help = "Example:\n  baton --as ivan review held crm/D-1042 --ready --upstream anna --downstream ivan \\\n    --decision 'kick-off in May' --action 'send the plan; side=downstream; due=+3d'"
    )]
    Held(Held),
    /// Record a review that did not take place
    #[command(after_help = "Example:\n  baton --as ivan review missed crm/D-1042 --absent upstream")]
    Missed {
        #[command(flatten)]
        acting: Acting,
        #[command(flatten)]
        named: Named,
        /// The side that did not come; again for the other
        #[arg(long, value_name = "SIDE", value_parser = Side::parse, required = true)]
        absent: Vec<Side>,
    },
    /// A LEAD of downstream does without the review of the current attempt
    #[command(after_help = "Example:\n  baton --as ivan review waive crm/D-1042 --reason 'the same as last month'")]
    Waive {
        #[command(flatten)]
        target: Target,
        /// The attempt that you have read [default: the current one]
        #[arg(long)]
        attempt: Option<i32>,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// The invitation to a review, for a calendar (.ics)
    #[command(
        after_help = "Examples:\n  baton review invite crm/D-1042 --out review.ics\n  baton review invite crm/D-1042 r2"
    )]
    Invite {
        #[command(flatten)]
        handoff: Reference,
        /// The review: its number, as r1, or its id [default: the last one]
        review: Option<String>,
        /// The file to write [default: stdout]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// The reviews of a handoff, and whether one is required
    #[command(after_help = "Example:\n  baton review list crm/D-1042")]
    List {
        #[command(flatten)]
        handoff: Reference,
    },
}

/// A review that is there.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The review: its number, as r1, or its id [default: the one that is scheduled]
    review: Option<String>,
}

/// Where it is and who comes.
#[derive(Debug, Args)]
pub(crate) struct Meeting {
    /// How long it takes: 45m, 1h30m [default: 30m, or as it was]
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    duration: Option<Duration>,
    /// Where: a room, an address
    #[arg(long)]
    place: Option<String>,
    /// Where, online
    #[arg(long)]
    url: Option<String>,
    #[command(flatten)]
    people: People,
}

/// Who comes, or came.
#[derive(Debug, Args)]
struct People {
    /// Somebody of upstream, and where the invitation goes; again for each
    #[arg(long, value_name = "NAME[ <EMAIL>]", value_parser = parse_person)]
    upstream: Vec<Person>,
    /// Somebody of downstream; again for each
    #[arg(long, value_name = "NAME[ <EMAIL>]", value_parser = parse_person)]
    downstream: Vec<Person>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Person {
    name: String,
    email: String,
}

/// A new review.
#[derive(Debug, Args)]
pub(crate) struct Schedule {
    #[command(flatten)]
    acting: Acting,
    /// When it begins
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    at: When,
    #[command(flatten)]
    meeting: Meeting,
}

/// A changed review.
#[derive(Debug, Args)]
pub(crate) struct Reschedule {
    #[command(flatten)]
    acting: Acting,
    #[command(flatten)]
    named: Named,
    /// When it begins
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    at: Option<When>,
    #[command(flatten)]
    meeting: Meeting,
}

/// A review that took place.
#[derive(Debug, Args)]
pub(crate) struct Held {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    outcome: Outcome,
    #[command(flatten)]
    people: People,
    /// What was said
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    notes: String,
    /// What was decided; again for each
    #[arg(long = "decision", value_name = "TEXT")]
    decisions: Vec<String>,
    /// What is to be done; again for each
    #[arg(long = "action", value_name = "TEXT; side=SIDE; due=TIME[; owner=NAME]", value_parser = Owed::parse_action)]
    actions: Vec<Owed>,
}

/// What came of it.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Outcome {
    /// The work is ready to be accepted
    #[arg(long)]
    ready: bool,
    /// It is not
    #[arg(long)]
    not_ready: bool,
}

/// Does it.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    let remote = &session.handoff()?;
    match command {
        Command::Schedule(schedule) => schedule.run(remote, session).await,
        Command::Reschedule(reschedule) => reschedule.run(remote, session).await,
        Command::Cancel { acting, named, reason } => {
            let (handoff, at, side) = acting.look(remote).await?;
            let review_id = named.resolve(&handoff)?.id.clone();
            let done = "Review called off";
            order!(done, cancel_review, CancelReviewRequest { side, review_id, reason }, at, remote, session)
        }
        Command::Held(held) => held.run(remote, session).await,
        Command::Missed { acting, named, absent } => {
            let (handoff, at, side) = acting.look(remote).await?;
            let review_id = named.resolve(&handoff)?.id.clone();
            let absent = absent.into_iter().map(i32::from).collect();
            let done = "Review missed";
            order!(
                done,
                record_review_missed,
                RecordReviewMissedRequest { side, review_id, absent },
                at,
                remote,
                session
            )
        }
        Command::Waive { target, attempt, reason } => {
            let (handoff, at) = target.look(remote).await?;
            let attempt = attempt.unwrap_or(handoff.attempt);
            order!("Review waived", waive_review, WaiveReviewRequest { attempt, reason }, at, remote, session)
        }
        Command::Invite { handoff, review, out } => {
            invite(&handoff.get(remote).await?, review, out, remote, session).await
        }
        Command::List { handoff } => {
            let handoff = handoff.get(remote).await?;
            if session.is_json() {
                return print_json(&handoff.reviews.iter().map(api::to_json).collect::<Vec<_>>());
            }
            let text = show::list(&handoff, true, session.screen());
            print(if text.is_empty() { "none" } else { &text })
        }
    }
}

impl Schedule {
    async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let Meeting { duration, place, url, people } = self.meeting;
        let attendees = people.must_be_given()?;
        let (at, side) = self.acting.address(remote).await?;
        order!(
            "Review scheduled",
            schedule_review,
            ScheduleReviewRequest {
                side,
                starts_at: Some(session.instant("begins", self.at)),
                duration: Some(duration.unwrap_or_else(|| api::duration_from_seconds(HALF_AN_HOUR))),
                place: place.unwrap_or_default(),
                url: url.unwrap_or_default(),
                attendees,
            },
            at,
            remote,
            session
        )
    }
}

impl Reschedule {
    async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let Meeting { duration, place, url, people } = self.meeting;
        let changes_people = !people.is_empty();
        if self.at.is_none() && duration.is_none() && place.is_none() && url.is_none() && !changes_people {
            return Err(Error::usage("there is nothing to change", "give --at, --duration, --place, --url or people"));
        }
        let (handoff, at, side) = self.acting.look(remote).await?;
        let standing = self.named.resolve(&handoff)?.clone();
        order!(
            "Review changed",
            reschedule_review,
            RescheduleReviewRequest {
                side,
                duration: duration.or_else(|| length(&standing)),
                review_id: standing.id,
                starts_at: self.at.map(|when| session.instant("begins", when)).or(standing.starts_at),
                place: place.unwrap_or(standing.place),
                url: url.unwrap_or(standing.url),
                attendees: if changes_people { people.into_list() } else { standing.attendees },
            },
            at,
            remote,
            session
        )
    }
}

impl Held {
    async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let attended = self.people.must_be_given()?;
        let (handoff, at) = self.target.look(remote).await?;
        let outcome = if self.outcome.ready { ReviewOutcome::Ready } else { ReviewOutcome::NotReady };
        order!(
            "Review held",
            record_review_held,
            RecordReviewHeldRequest {
                review_id: self.named.resolve(&handoff)?.id.clone(),
                attended,
                notes: self.notes,
                decisions: self.decisions,
                actions: self.actions.into_iter().map(|owed| owed.into_action(session)).collect(),
                outcome: outcome.into(),
            },
            at,
            remote,
            session
        )
    }
}

impl Named {
    fn resolve<'a>(&self, handoff: &'a Handoff) -> Result<&'a Review> {
        match &self.review {
            Some(name) => numbered::find(&handoff.reviews, name),
            None => {
                numbered::only(&handoff.reviews, "that is scheduled", |review| review.state() == ReviewState::Scheduled)
            }
        }
    }
}

impl People {
    const fn is_empty(&self) -> bool {
        self.upstream.is_empty() && self.downstream.is_empty()
    }

    fn must_be_given(self) -> Result<Vec<ReviewAttendee>> {
        if self.is_empty() {
            return Err(Error::usage("nobody is named", "name people with --upstream NAME and --downstream NAME"));
        }
        Ok(self.into_list())
    }

    fn into_list(self) -> Vec<ReviewAttendee> {
        let of = |side: Side, people: Vec<Person>| {
            people.into_iter().map(move |Person { name, email }| ReviewAttendee { name, side: side.into(), email })
        };
        of(Side::Upstream, self.upstream).chain(of(Side::Downstream, self.downstream)).collect()
    }
}

/// Writes the invitation: as it is, for a calendar reads it byte by byte.
async fn invite(
    handoff: &Handoff,
    review: Option<String>,
    out: Option<PathBuf>,
    remote: &Remote,
    session: &Session,
) -> Result<()> {
    let review = match (&review, handoff.reviews.last()) {
        (Some(name), _) => numbered::find(&handoff.reviews, name)?,
        (None, Some(last)) => last,
        (None, None) => return Err(Error::usage("there is no review", "`baton review schedule` makes one")),
    };
    let request = GetReviewInviteRequest { handoff_id: handoff.id.clone(), review_id: review.id.clone() };
    let answer = remote.call(request, async |request| remote.handoffs().get_review_invite(request).await).await?;
    match out {
        Some(file) => {
            fs::write(&file, &answer.icalendar).map_err(|error| {
                Error::usage(format!("{}: {error}", file.display()), "name a file that can be written")
            })?;
            note(&format!("wrote {}", file.display()));
            Ok(())
        }
        None if session.is_json() => print_json(&api::to_json(&answer)),
        None => print_bytes(answer.icalendar.as_bytes()),
    }
}

fn length(review: &Review) -> Option<Duration> {
    let (starts_at, ends_at) = (instant(review.starts_at.as_ref())?, instant(review.ends_at.as_ref())?);
    Some(api::duration_from_seconds((ends_at.as_micros() - starts_at.as_micros()) / 1_000_000))
}

/// Reads `NAME` or `NAME <EMAIL>`.
fn parse_person(text: &str) -> Result<Person, String> {
    let (name, email) = match text.split_once('<') {
        None => (text.trim(), ""),
        Some((name, rest)) => {
            let email = rest.trim_end().strip_suffix('>').filter(|email| email.contains('@'));
            (name.trim(), email.ok_or_else(|| format!("{text:?}: write NAME <EMAIL>"))?.trim())
        }
    };
    if name.is_empty() {
        return Err(format!("{text:?}: write NAME, or NAME <EMAIL>"));
    }
    Ok(Person { name: name.to_owned(), email: email.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::parse_time;

    fn person(name: &str, email: &str) -> Person {
        Person { name: name.to_owned(), email: email.to_owned() }
    }

    #[test]
    fn a_person_is_a_name_and_perhaps_an_address() {
        assert_eq!(parse_person("ivan"), Ok(person("ivan", "")));
        assert_eq!(parse_person("Kim Park <kim@acme.example>"), Ok(person("Kim Park", "kim@acme.example")));
        for wrong in ["", " ", "<kim@acme.example>", "Kim <kim>", "Kim <kim@acme.example"] {
            assert!(parse_person(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn people_come_each_for_a_side() {
        let people = People { upstream: vec![person("anna", "")], downstream: vec![person("ivan", "ivan@x.example")] };
        let sides: Vec<Side> = people.into_list().iter().map(ReviewAttendee::side).collect();
        assert_eq!(sides, [Side::Upstream, Side::Downstream]);
    }

    #[test]
    fn a_review_keeps_its_length() {
        let review = Review {
            starts_at: parse_time("2026-12-01T15:00").ok(),
            ends_at: parse_time("2026-12-01T15:45").ok(),
            ..Review::default()
        };
        assert_eq!(length(&review), parse_span("45m").ok());
        assert_eq!(length(&Review::default()), None, "one that was waived unscheduled");
    }

    #[test]
    fn without_a_name_the_scheduled_review_is_meant() {
        let review =
            |id: &str, state: ReviewState| Review { id: id.to_owned(), state: state.into(), ..Review::default() };
        let reviews = vec![review("01", ReviewState::Missed), review("02", ReviewState::Scheduled)];
        let handoff = Handoff { reviews, ..Handoff::default() };
        assert_eq!(Named { review: None }.resolve(&handoff).unwrap().id, "02");
        assert_eq!(Named { review: Some("r1".to_owned()) }.resolve(&handoff).unwrap().id, "01");
        assert!(Named { review: None }.resolve(&Handoff::default()).is_err());
    }
}
