//! Answers about surveys.

use std::pin::Pin;

use api::metrics::v1 as pb;
use chassis::{Call, Context, Seal, into_status};
use kernel::{Result, Violation};
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::{
    Surveys,
    read::{About, AnswerSurvey, ExportAnswers, GetQuestions, GetSurveyResults, ListInvitations, Named, SetQuestions},
    write,
};
use crate::{
    domain::{
        BEGINNING, Refused, Side,
        survey::{By, Cell, Quarter, SurveyId, shown},
    },
    ops,
    store::{
        self,
        survey::{Filter, LINK},
    },
};

/// So many answers are read ahead of who takes the export.
const EXPORT_AHEAD: usize = 1_000;

type Exporting = Pin<Box<dyn Stream<Item = Result<pb::ExportAnswersResponse, Status>> + Send>>;

impl Surveys {
    async fn seal(&self) -> Result<Seal, Status> {
        Seal::load(self.0.pool(), LINK).await.map_err(into_status)
    }

    async fn results(&self, about: &About, quarter: Quarter) -> Result<pb::GetSurveyResultsResponse> {
        let pool = self.0.pool();
        let (route, team) = match about {
            About::Route(id) if !store::map::has_route(pool, id).await? => {
                return Err(Refused::RouteNotFound(id.clone()).into());
            }
            About::Team(id) if !store::map::has_team(pool, id).await? => {
                return Err(Refused::TeamNotFound(id.clone()).into());
            }
            About::Route(id) => (Some(id), None),
            About::Team(id) => (None, Some(id)),
        };
        let now = self.0.now().await?;
        if now < quarter.until.start() {
            let description = format!("has not ended: it is told from {} on", quarter.until.date());
            return Err(Refused::Invalid(vec![Violation { field: "quarter".into(), description }]).into());
        }
        let cells = store::survey::cells(pool, quarter, route, team).await?;
        let of = |side: Side| {
            let of_side: Vec<Cell> = cells.iter().filter(|((_, on), _)| *on == side).map(|(_, cell)| *cell).collect();
            write::result(side, shown(&of_side))
        };
        let results = vec![of(Side::Upstream), of(Side::Downstream)];
        let means: Vec<f64> = results.iter().filter_map(|it| it.mean).collect();
        let perception_gap = match (route, &means[..]) {
            (Some(_), [upstream, downstream]) => Some(upstream - downstream),
            _ => None,
        };
        let capped = store::survey::capped(pool, quarter, route, team).await?;
        Ok(pb::GetSurveyResultsResponse { results, perception_gap, capped })
    }
}

#[tonic::async_trait]
impl pb::survey_service_server::SurveyService for Surveys {
    type ExportAnswersStream = Exporting;

    async fn list_invitations(
        &self,
        request: Request<pb::ListInvitationsRequest>,
    ) -> Result<Response<pb::ListInvitationsResponse>, Status> {
        let (by, ListInvitations { handoff_id, all, page }) = Call::query(request)?;
        let now = self.0.now().await.map_err(into_status)?;
        let filter = Filter {
            person: (!by.is_admin()).then(|| by.name().to_owned()),
            handoff_id,
            open_at: (!all).then_some(now),
        };
        let lines = store::survey::list(self.0.pool(), &self.seal().await?, &filter, &page).await;
        let (lines, next_page_token) =
            page.cut(lines.map_err(into_status)?, |line| (line.invited_at, line.id.as_uuid()));
        let invitations = lines.iter().map(|line| write::invitation(line, true)).collect();
        Ok(Response::new(pb::ListInvitationsResponse { invitations, next_page_token }))
    }

    async fn answer_survey(
        &self,
        request: Request<pb::AnswerSurveyRequest>,
    ) -> Result<Response<pb::AnswerSurveyResponse>, Status> {
        let (call, AnswerSurvey { survey, answer }) = Call::parse(request)?;
        let (id, how) = match survey {
            Named::Id(id) => (id, By::Id),
            Named::Link(token) => {
                let id = self.seal().await?.open(&token);
                (id.ok_or_else(|| into_status(Refused::LinkInvalid.into()))?, By::Link)
            }
        };
        self.0
            .once(call, (SurveyId::from(id), how, answer), |tx, by, (id, how, answer)| {
                Box::pin(async move {
                    let survey = ops::survey::answer(tx, by, *id, *how, answer.clone()).await?;
                    let answered_at = survey.answered.map(|(_, at)| api::timestamp(at));
                    Ok(pb::AnswerSurveyResponse { answered_at })
                })
            })
            .await
    }

    async fn get_survey_results(
        &self,
        request: Request<pb::GetSurveyResultsRequest>,
    ) -> Result<Response<pb::GetSurveyResultsResponse>, Status> {
        let (_, GetSurveyResults { about, quarter }) = Call::query(request)?;
        self.results(&about, quarter).await.map(Response::new).map_err(into_status)
    }

    async fn export_answers(&self, request: Request<pb::ExportAnswersRequest>) -> Result<Response<Exporting>, Status> {
        let (by, asked) = Call::query::<ExportAnswers>(request)?;
        if !by.is_admin() {
            return Err(into_status(Refused::AdminOnly.into()));
        }
        let (context, seal) = (self.0.clone(), self.seal().await?);
        let (send, answers) = tokio::sync::mpsc::channel(EXPORT_AHEAD);
        tokio::spawn(async move {
            if let Err(error) = export(&context, &seal, &asked, &send).await {
                // Whoever took the export may be gone.
                let _ = send.send(Err(into_status(error))).await;
            }
        });
        Ok(Response::new(Box::pin(tokio_stream::wrappers::ReceiverStream::new(answers))))
    }

    async fn set_questions(
        &self,
        request: Request<pb::SetQuestionsRequest>,
    ) -> Result<Response<pb::SetQuestionsResponse>, Status> {
        let (call, SetQuestions(questions)) = Call::parse(request)?;
        self.0
            .once(call, questions, |tx, by, questions| {
                Box::pin(async move {
                    let questions = ops::survey::set_questions(tx, by, questions).await?;
                    Ok(pb::SetQuestionsResponse { questions: Some(write::questions(&questions)) })
                })
            })
            .await
    }

    async fn get_questions(
        &self,
        request: Request<pb::GetQuestionsRequest>,
    ) -> Result<Response<pb::GetQuestionsResponse>, Status> {
        let (_, GetQuestions) = Call::query(request)?;
        let questions = store::survey::questions(self.0.pool()).await.map_err(into_status)?;
        Ok(Response::new(pb::GetQuestionsResponse { questions: Some(write::questions(&questions)) }))
    }
}

type Sender = tokio::sync::mpsc::Sender<Result<pb::ExportAnswersResponse, Status>>;

/// Sends the answers in the order in which they were given, until all are sent or nobody takes them.
async fn export(context: &Context, seal: &Seal, asked: &ExportAnswers, send: &Sender) -> Result<()> {
    let until = match asked.until {
        Some(until) => until,
        None => context.now().await?.plus_seconds(1),
    };
    let mut after = (BEGINNING, uuid::Uuid::nil());
    loop {
        let page = store::survey::answered(context.pool(), seal, (asked.from, until), after).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.answered.as_ref().map_or(BEGINNING, |(_, at)| *at), last.id.as_uuid());
        for survey in &page {
            let answer = survey.answered.as_ref().map(|(answer, _)| write::answer(answer));
            let told = pb::ExportAnswersResponse { invitation: Some(write::invitation(survey, false)), answer };
            if send.send(Ok(told)).await.is_err() {
                return Ok(());
            }
        }
    }
}
