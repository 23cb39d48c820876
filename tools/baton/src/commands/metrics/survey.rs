//! `baton survey`: what both sides think of a transfer.

use api::{
    metrics::v1::{
        AnswerSurveyRequest, ExportAnswersRequest, GetQuestionsRequest, GetSurveyResultsRequest,
        ListInvitationsRequest, ListInvitationsResponse, SetQuestionsRequest, SurveyAnswer,
        answer_survey_request::Invitation, get_survey_results_request::About,
    },
    to_json,
};
use clap::{ArgGroup, Args, Subcommand};
use prost_types::Timestamp;
use tonic::Request;

use crate::{
    client::{Remote, pages, request_id},
    commands::handoff::Reference,
    errors::Result,
    output::print,
    session::Session,
    show::metrics::survey as show,
    words::parse_time,
};

/// What can be done with surveys.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Who is asked and has not answered yet: you; of everybody, for ADMIN
    #[command(
        after_help = "Examples:\n  baton --as ivan survey list\n  baton --as admin survey list --all --handoff crm/D-1042"
    )]
    List(List),
    /// Answer, once: nobody sees it but in results of a whole quarter, with at least 5 answers
    #[command(after_help = "\
By the invitation's id you answer for yourself; by the token of a link for the person that it was sent to.

Examples:
  baton --as ivan survey answer 01994f7e-0000-7000-8000-000000000001 --score 4 --worked 'The contract was there'
  baton survey answer --link eyJh... --score 2 --missing 'Nobody named a contact'")]
    Answer(Answer),
    /// What the answers of a quarter say about a route or a team
    #[command(
        after_help = "Examples:\n  baton survey results --route sales-to-implementation --quarter 2026-Q3\n  baton survey results --team sales --quarter 2026-Q3"
    )]
    Results(Results),
    /// What is asked; with all three texts, what is asked from now on (ADMIN)
    #[command(
        after_help = "Examples:\n  baton survey questions\n  baton --as admin survey questions --score 'How well did it go?' --worked 'What worked?' --missing 'What was missing?'"
    )]
    Questions(Questions),
    /// The answers as they were given, as JSON, one a line (ADMIN)
    #[command(
        after_help = "Example:\n  baton --as admin survey export --from 2026-07-01 --until 2026-10-01 > answers.jsonl"
    )]
    Export {
        /// Only those given then or later
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        from: Option<Timestamp>,
        /// Only those given earlier
        #[arg(long, value_name = "TIME", value_parser = parse_time)]
        until: Option<Timestamp>,
    },
}

/// Which invitations.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those about this handoff: its id, or its outside record as SYSTEM/KEY
    #[arg(long)]
    handoff: Option<Reference>,
    /// Also those that are answered or over
    #[arg(long)]
    all: bool,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// To what, and what.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["invitation", "link"]))]
pub(crate) struct Answer {
    /// The invitation's id
    #[arg(value_name = "INVITATION")]
    invitation: Option<String>,
    /// The token of the invitation's link, in place of its id
    #[arg(long, value_name = "TOKEN")]
    link: Option<String>,
    /// From 1, bad, to 5, good
    #[arg(long, value_name = "1..5", value_parser = clap::value_parser!(i32).range(1..=5))]
    score: i32,
    /// What worked
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    worked: String,
    /// What was missing or frustrating
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    missing: String,
}

/// About what, and when.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("about").required(true).args(["route", "team"]))]
pub(crate) struct Results {
    /// About a route
    #[arg(long)]
    route: Option<String>,
    /// About a team, on whatever side of a route
    #[arg(long)]
    team: Option<String>,
    /// A whole quarter that has ended: 2026-Q3
    #[arg(long, value_parser = parse_quarter)]
    quarter: String,
}

/// What is asked from now on; all of it, or nothing.
#[derive(Debug, Args)]
pub(crate) struct Questions {
    /// What the score from 1 to 5 is about
    #[arg(long, value_name = "TEXT", requires_all = ["worked", "missing"])]
    score: Option<String>,
    /// What the first text is about
    #[arg(long, value_name = "TEXT", requires = "score")]
    worked: Option<String>,
    /// What the second text is about
    #[arg(long, value_name = "TEXT", requires = "score")]
    missing: Option<String>,
}

/// Does it.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    let metrics = session.metrics()?;
    match command {
        Command::List(list) => list.run(&metrics, session).await,
        Command::Answer(answer) => {
            let request = answer.request();
            let answer = metrics.call(request, async |request| metrics.surveys().answer_survey(request).await).await?;
            session.answer(&answer, show::answered)
        }
        Command::Results(results) => results.run(&metrics, session).await,
        Command::Questions(questions) => questions.run(&metrics, session).await,
        Command::Export { from, until } => export(ExportAnswersRequest { from, until }, &metrics, session).await,
    }
}

impl List {
    async fn run(self, metrics: &Remote, session: &Session) -> Result<()> {
        let handoff_id = match &self.handoff {
            Some(handoff) => handoff.known_id(session).await?,
            None => String::new(),
        };
        let (invitations, next_page_token) = pages(self.limit, async |page_size, page_token| {
            let handoff_id = handoff_id.clone();
            let request = ListInvitationsRequest { handoff_id, all: self.all, page_size, page_token };
            let page = metrics.call(request, async |request| metrics.surveys().list_invitations(request).await).await?;
            Ok((page.invitations, page.next_page_token))
        })
        .await?;
        session.answer(&ListInvitationsResponse { invitations, next_page_token }, show::list)
    }
}

impl Answer {
    fn request(self) -> AnswerSurveyRequest {
        let id = self.invitation.map(Invitation::InvitationId);
        AnswerSurveyRequest {
            request_id: request_id(),
            invitation: id.or_else(|| self.link.map(Invitation::LinkToken)),
            answer: Some(SurveyAnswer { score: self.score, worked: self.worked, missing: self.missing }),
        }
    }
}

impl Results {
    async fn run(self, metrics: &Remote, session: &Session) -> Result<()> {
        let about = self.about();
        let what = match &about {
            Some(About::RouteId(route)) => format!("route {route}"),
            Some(About::TeamId(team)) => format!("team {team}"),
            None => String::new(),
        };
        let request = GetSurveyResultsRequest { about, quarter: self.quarter.clone() };
        let answer = metrics.call(request, async |request| metrics.surveys().get_survey_results(request).await).await?;
        session.answer(&answer, |answer, screen| show::results(&what, &self.quarter, answer, screen))
    }

    fn about(&self) -> Option<About> {
        let route = self.route.clone().map(About::RouteId);
        route.or_else(|| self.team.clone().map(About::TeamId))
    }
}

impl Questions {
    async fn run(self, metrics: &Remote, session: &Session) -> Result<()> {
        let (Some(score), Some(worked), Some(missing)) = (self.score, self.worked, self.missing) else {
            let request = GetQuestionsRequest {};
            let answer = metrics.call(request, async |request| metrics.surveys().get_questions(request).await).await?;
            return session.answer(&answer, |answer, screen| {
                show::questions(&answer.questions.clone().unwrap_or_default(), screen)
            });
        };
        let request = SetQuestionsRequest { request_id: request_id(), score, worked, missing };
        let answer = metrics.call(request, async |request| metrics.surveys().set_questions(request).await).await?;
        session.answer(&answer, |answer, screen| show::questions(&answer.questions.clone().unwrap_or_default(), screen))
    }
}

async fn export(request: ExportAnswersRequest, metrics: &Remote, session: &Session) -> Result<()> {
    let mut request = Request::new(request);
    if let Some(timeout) = session.stated_timeout() {
        request.set_timeout(timeout);
    }
    let away = |status| metrics.error(status);
    let mut answers = metrics.surveys().export_answers(request).await.map_err(away)?.into_inner();
    while let Some(answer) = answers.message().await.map_err(away)? {
        print(&to_json(&answer).to_string())?;
    }
    Ok(())
}

fn parse_quarter(text: &str) -> Result<String, String> {
    let (year, quarter) = text.split_once("-Q").unwrap_or_default();
    let is_year = year.len() == 4 && year.chars().all(|c| c.is_ascii_digit());
    let is_quarter = matches!(quarter, "1" | "2" | "3" | "4");
    if is_year && is_quarter { Ok(text.to_owned()) } else { Err(format!("{text:?} is no quarter; write 2026-Q3")) }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(subcommand)]
        command: Command,
    }

    fn parse(line: &str) -> Result<Command, String> {
        let words = std::iter::once("survey").chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.command).map_err(|mistake| mistake.to_string())
    }

    fn answer(line: &str) -> AnswerSurveyRequest {
        match parse(line).unwrap() {
            Command::Answer(answer) => answer.request(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_answer_names_its_invitation_or_its_link() {
        let by_id = answer("answer 7 --score 4 --worked all");
        assert_eq!(by_id.invitation, Some(Invitation::InvitationId("7".to_owned())));
        assert_eq!(by_id.answer.unwrap(), SurveyAnswer { score: 4, worked: "all".to_owned(), missing: String::new() });
        assert_eq!(answer("answer --link t --score 1").invitation, Some(Invitation::LinkToken("t".to_owned())));
        for wrong in ["answer --score 4", "answer 7 --link t --score 4", "answer 7", "answer 7 --score 6"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn results_are_of_a_quarter() {
        assert!(parse("results --route r --quarter 2026-Q3").is_ok());
        for wrong in [
            "results --route r",
            "results --quarter 2026-Q3",
            "results --route r --team t --quarter 2026-Q3",
            "results --team t --quarter 2026-Q5",
            "results --team t --quarter 26-Q1",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn questions_are_set_all_together() {
        assert!(parse("questions").is_ok());
        assert!(parse("questions --score a --worked b --missing c").is_ok());
        assert!(parse("questions --score a --worked b").is_err());
        assert!(parse("questions --missing c").is_err());
    }
}
