//! Surveys: who is asked how a handoff went, what may be answered, and what of the answers is shown.

use std::collections::BTreeMap;

use kernel::{Actor, Head, Timestamp};

use super::{DAY_SECONDS, Day, HandoffId, Life, Refused, RouteId, Side, Story, TeamId, heard::What};

kernel::uuid_id! {
    /// An invitation to a survey.
    SurveyId
}

kernel::named! {
    /// Why somebody is asked.
    pub enum Occasion {
        /// The handoff was completed.
        Completed = "COMPLETED",
        /// It was cancelled after a submit.
        Cancelled = "CANCELLED",
        /// Either was so long ago.
        FollowUp = "FOLLOW_UP",
    }
}

/// Nobody is asked twice within so many seconds.
pub const CAP_SECONDS: i64 = 7 * DAY_SECONDS;
/// Both sides are asked again after so many seconds.
const FOLLOW_UP_SECONDS: i64 = 14 * DAY_SECONDS;
/// An answer is taken for so many seconds.
const OPEN_SECONDS: i64 = 90 * DAY_SECONDS;
/// Fewer answers are not shown.
const SHOWN_FROM: i64 = 5;

/// Somebody who was asked, and what the person answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// The end of its history.
    pub head: Head,
    /// Its id.
    pub id: SurveyId,
    /// The handoff.
    pub handoff_id: HandoffId,
    /// The route.
    pub route_id: RouteId,
    /// The team that handed over.
    pub from_team: TeamId,
    /// The team that received.
    pub to_team: TeamId,
    /// For which side the person speaks.
    pub side: Side,
    /// Who is asked.
    pub person: String,
    /// Why.
    pub occasion: Occasion,
    /// What is asked.
    pub questions: Questions,
    /// When.
    pub invited_at: Timestamp,
    /// Until when an answer is taken.
    pub open_until: Timestamp,
    /// What lets the person answer by a link.
    pub link_token: String,
    /// What the person answered, and when.
    pub answered: Option<(Answer, Timestamp)>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Questions {
    /// 1, 2, 3, ...
    pub version: i32,
    /// What the score is about.
    pub score: String,
    /// What the first text is about.
    pub worked: String,
    /// What the second text is about.
    pub missing: String,
}

/// What somebody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// From 1, bad, to 5, good.
    pub score: i32,
    /// What worked.
    pub worked: String,
    /// What was missing.
    pub missing: String,
}

/// What happened to a survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Somebody is asked.
    Invited,
    /// The person answered.
    Answered,
}

/// How somebody names the survey that is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// By its id: the person alone.
    Id,
    /// By the token of its link: the person, or a service that relays the answer.
    Link,
}

impl Survey {
    /// Asks somebody.
    pub fn invite(
        id: SurveyId,
        story: &Story,
        to: (Side, String),
        why: Occasion,
        what: Questions,
        link_token: String,
        now: Timestamp,
    ) -> Self {
        let (about, (side, person)) = (&story.about, to);
        Self {
            head: Head::default(),
            id,
            handoff_id: story.id,
            route_id: about.route_id.clone(),
            from_team: about.from_team.clone(),
            to_team: about.to_team.clone(),
            side,
            person,
            occasion: why,
            questions: what,
            invited_at: now,
            open_until: now.plus_seconds(OPEN_SECONDS),
            link_token,
            answered: None,
        }
    }

    /// Keeps an answer, once. The same answer again changes nothing; tells whether it is new.
    pub fn answer(&mut self, by: &Actor, how: By, answer: Answer, now: Timestamp) -> Result<bool, Refused> {
        let is_person = by.name() == self.person && !by.is_service();
        match how {
            By::Id if !is_person => return Err(Refused::SurveyNotFound(self.id)),
            By::Link if !is_person && !by.is_service() => return Err(Refused::NotYours),
            By::Id | By::Link => {}
        }
        match &self.answered {
            Some((given, _)) if *given == answer => return Ok(false),
            Some(_) => return Err(Refused::AlreadyAnswered),
            None if now > self.open_until => return Err(Refused::SurveyOver { open_until: self.open_until }),
            None => {}
        }
        self.answered = Some((answer, now));
        Ok(true)
    }
}

/// Whom to ask about a handoff: of each side its owner, else whoever submitted last, or accepted last, or rejected last where nobody
/// has accepted. Only persons are asked: `is_service` tells of a name whether it has acted as a service.
pub fn asked(story: &Story, is_service: impl Fn(&str) -> bool) -> Vec<(Side, String)> {
    let acted = |did: fn(&What) -> bool| {
        let last = story.facts.iter().rev().find(|fact| did(&fact.what));
        last.map(|fact| (fact.by.as_str(), fact.by_service))
    };
    let submitted = || acted(|what| matches!(what, What::Submitted { .. }));
    let accepted = || acted(|what| matches!(what, What::Accepted { .. }));
    let rejected = || acted(|what| matches!(what, What::Rejected(_)));
    let owner = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    let person = |(name, by_service): (&str, bool)| (!by_service).then(|| name.to_owned());
    let upstream = match owner(&story.about.upstream_owner) {
        None => submitted().and_then(person),
        owner => owner,
    };
    let downstream = match owner(&story.about.downstream_owner) {
        None => accepted().or_else(rejected).and_then(person),
        owner => owner,
    };
    let both = [(Side::Upstream, upstream), (Side::Downstream, downstream)];
    let named = both.into_iter().filter_map(|(side, name)| Some((side, name?)));
    named.filter(|(_, name)| name != Actor::System.name() && !is_service(name)).collect()
}

/// When both sides are asked again about what ended then.
pub fn follow_up_at(ended_at: Timestamp) -> Timestamp {
    ended_at.plus_seconds(FOLLOW_UP_SECONDS)
}

/// Whether both sides are asked again now that it is due: not if the handoff is open again, nor if it has ended anew since, for then
/// they are asked again later.
pub fn is_asked_again(story: &Story, due_at: Timestamp) -> bool {
    Life::of(story).and_then(|life| life.ended_at()).is_some_and(|ended_at| follow_up_at(ended_at) == due_at)
}

/// A quarter of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quarter {
    /// Its first day.
    pub from: Day,
    /// The day after its last.
    pub until: Day,
}

impl Quarter {
    /// Reads "2026-Q3"; none of anything else, or outside the years 1970 to 2299.
    pub fn read(text: &str) -> Option<Self> {
        let (year, number) = text.split_once("-Q")?;
        let is_plain = year.len() == 4 && year.bytes().all(|it| it.is_ascii_digit()) && number.len() == 1;
        let year = year.parse::<i16>().ok().filter(|year| is_plain && (1970..2300).contains(year))?;
        let first = |number: i8| {
            let (year, month) = if number > 4 { (year + 1, 1) } else { (year, number * 3 - 2) };
            calendar::Date::new(year, month, 1).ok().map(Day::from_date)
        };
        let number = number.parse::<i8>().ok().filter(|number| (1..=4).contains(number))?;
        Some(Self { from: first(number)?, until: first(number + 1)? })
    }
}

/// What one side of one route answered in a quarter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// How many were asked.
    pub invitations: i64,
    /// How many answered.
    pub answers: i64,
    /// The sum of their scores.
    pub score_sum: i64,
    /// How many scored 4 or 5.
    pub top_two: i64,
}

/// What is shown of cells: the sum of all, but nothing where it has too few answers, or where one of them has and could be told from
/// the others.
pub fn shown(cells: &[Cell]) -> Option<Cell> {
    let is_hidden = |cell: &Cell| (1..SHOWN_FROM).contains(&cell.answers);
    let mut sum = Cell::default();
    for cell in cells {
        sum.invitations += cell.invitations;
        sum.answers += cell.answers;
        sum.score_sum += cell.score_sum;
        sum.top_two += cell.top_two;
    }
    (sum.answers >= SHOWN_FROM && !cells.iter().any(is_hidden)).then_some(sum)
}

/// Cells by route and side.
pub type Cells = BTreeMap<(RouteId, Side), Cell>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{heard::About, story::Fact as Heard};

    fn cell(answers: i64) -> Cell {
        Cell { invitations: 2 * answers, answers, score_sum: 4 * answers, top_two: answers }
    }

    #[test]
    fn nothing_is_shown_of_fewer_than_five_nor_of_a_sum_that_would_tell_them() {
        assert_eq!(shown(&[cell(4)]), None);
        assert_eq!(shown(&[cell(5)]), Some(cell(5)));
        assert_eq!(shown(&[cell(20), cell(3)]), None, "23 - 20 would tell of the three");
        assert_eq!(shown(&[cell(20), Cell { invitations: 7, ..Cell::default() }]).map(|sum| sum.invitations), Some(47));
        assert_eq!(shown(&[]), None);
    }

    #[test]
    fn a_quarter_is_three_whole_months() {
        let days = |text: &str| Quarter::read(text).map(|it| format!("{} {}", it.from.date(), it.until.date()));
        assert_eq!(days("2026-Q1").as_deref(), Some("2026-01-01 2026-04-01"));
        assert_eq!(days("2026-Q4").as_deref(), Some("2026-10-01 2027-01-01"));
        for wrong in ["", "2026", "2026-Q0", "2026-Q5", "26-Q1", "2026-q1", "2026-Q11", "1969-Q4", "+026-Q1", "9999-Q1"]
        {
            assert_eq!(days(wrong), None, "{wrong}");
        }
    }

    fn story(owners: (&str, &str), facts: &[(What, &str, bool)]) -> Story {
        let about = About {
            route_id: "r".parse().unwrap(),
            from_team: "a".parse().unwrap(),
            to_team: "b".parse().unwrap(),
            title: String::new(),
            confidential: false,
            upstream_owner: owners.0.into(),
            downstream_owner: owners.1.into(),
        };
        let mut story = Story::new(uuid::Uuid::nil().into(), about);
        story.facts = facts
            .iter()
            .map(|(what, by, by_service)| Heard {
                sequence: 1,
                at: Timestamp::EPOCH,
                recorded_at: Timestamp::EPOCH,
                historic: false,
                by: (*by).into(),
                by_service: *by_service,
                what: what.clone(),
            })
            .collect();
        story
    }

    #[test]
    fn the_owner_is_asked_else_who_acted_and_never_a_service() {
        let submitted = || What::Submitted { content_hash: String::new(), criteria: vec![] };
        let accepted = || What::Accepted { read_back: false, conditions: 0 };
        let both = [(submitted(), "sam", false), (accepted(), "ines", false)];
        let names = |story: &Story| {
            asked(story, |name| name == "crm").into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(&story(("anna", "ivan"), &both)), "anna ivan");
        assert_eq!(names(&story(("", ""), &both)), "sam ines");
        assert_eq!(names(&story(("crm", ""), &both)), "ines", "an owner that is a service");
        assert_eq!(
            names(&story(("", ""), &[(submitted(), "bot", true), (What::Rejected(vec![]), "ines", false)])),
            "ines"
        );
        assert_eq!(names(&story(("", "system"), &[])), "");
        let taken_by_a_service = [(What::Rejected(vec![]), "ines", false), (accepted(), "bot", true)];
        assert_eq!(names(&story(("", ""), &taken_by_a_service)), "", "whoever rejected it before is not asked instead");
    }

    #[test]
    fn both_sides_are_asked_again_about_the_last_end_alone() {
        let created = What::Created { terms_version: 0, template: None, ties: std::collections::BTreeSet::new() };
        let submitted = What::Submitted { content_hash: String::new(), criteria: vec![] };
        let accepted = What::Accepted { read_back: false, conditions: 0 };
        let (done, again) = (What::Completed, What::Reopened);
        let whole = [created, submitted, accepted, What::Begun, done.clone(), again, done].map(|it| (it, "sam", false));
        let days = |days: i64| Timestamp::EPOCH.plus_seconds(days * DAY_SECONDS);
        let until = |facts: usize| {
            let mut story = story(("", ""), &whole[..facts]);
            for (day, fact) in (0..).zip(&mut story.facts) {
                fact.at = days(day);
            }
            story
        };
        assert!(is_asked_again(&until(5), days(4 + 14)));
        assert!(!is_asked_again(&until(6), days(4 + 14)), "it is open again");
        assert!(!is_asked_again(&until(7), days(4 + 14)), "it has ended anew");
        assert!(is_asked_again(&until(7), days(6 + 14)));
    }

    #[test]
    fn an_answer_stays_as_it_is_and_comes_from_the_person_or_by_the_link() {
        let principal = |name: &str, kind: kernel::Kind, is_admin: bool| {
            let teams = BTreeMap::new();
            let (is_reader, is_importer) = (false, false);
            Actor::Principal(kernel::Principal { name: name.into(), kind, teams, is_admin, is_reader, is_importer })
        };
        let user = |name: &str| principal(name, kernel::Kind::User, false);
        let (anna, crm) = (user("anna"), principal("crm", kernel::Kind::Service, false));
        let questions = Questions { version: 1, score: String::new(), worked: String::new(), missing: String::new() };
        let (id, to) = (SurveyId::from(uuid::Uuid::nil()), (Side::Upstream, "anna".to_owned()));
        let asked = Survey::invite(
            id,
            &story(("", ""), &[]),
            to,
            Occasion::Completed,
            questions,
            String::new(),
            Timestamp::EPOCH,
        );
        let answer = |score| Answer { score, worked: String::new(), missing: String::new() };
        let (end, over) = (asked.open_until, asked.open_until.plus_seconds(1));
        let first = |by: &Actor, how, now| asked.clone().answer(by, how, answer(4), now);
        let not_found = Err(Refused::SurveyNotFound(id));
        assert_eq!(first(&anna, By::Id, end), Ok(true), "until its last instant");
        assert_eq!(first(&anna, By::Id, over), Err(Refused::SurveyOver { open_until: end }));
        assert_eq!(first(&crm, By::Link, end), Ok(true));
        assert_eq!(first(&crm, By::Id, end), not_found);
        for other in [user("ivan"), principal("ada", kernel::Kind::User, true)] {
            assert_eq!(first(&other, By::Id, end), not_found, "{other:?}");
            assert_eq!(first(&other, By::Link, over), Err(Refused::NotYours), "{other:?}");
        }
        let mut given = asked.clone();
        assert_eq!(given.answer(&anna, By::Link, answer(4), end), Ok(true));
        assert_eq!(given.answer(&anna, By::Id, answer(4), over), Ok(false), "the same again, whenever");
        assert_eq!(given.answer(&anna, By::Id, answer(5), end), Err(Refused::AlreadyAnswered));
        assert_eq!(given.answered, Some((answer(4), end)));
    }
}
