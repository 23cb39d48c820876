//! Requests about surveys.

use api::metrics::v1 as pb;
use chassis::{Fields, Parse, TEXT_BYTES, page::Page};
use kernel::Timestamp;
use uuid::Uuid;

use crate::{
    domain::{
        BEGINNING, HandoffId, RouteId, TeamId,
        survey::{Answer, Quarter, Questions},
    },
    store::survey::Cursor,
};

const QUESTION_CHARS: usize = 200;
/// Far more than any token of a link is.
const LINK_BYTES: usize = 200;

pub(in crate::grpc) struct ListInvitations {
    pub(in crate::grpc) handoff_id: Option<HandoffId>,
    pub(in crate::grpc) all: bool,
    pub(in crate::grpc) page: Page<Cursor>,
}

impl Parse for ListInvitations {
    type Request = pb::ListInvitationsRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let (size, token) = (std::mem::take(&mut request.page_size), std::mem::take(&mut request.page_token));
        let handoff_id = fields.optional_uuid("handoff_id", &request.handoff_id);
        let page = Page::read(fields, size, &token, &request);
        Some(Self { handoff_id: handoff_id?.map(Into::into), all: request.all, page: page? })
    }
}

#[derive(Clone)]
pub(in crate::grpc) enum Named {
    Id(Uuid),
    Link(String),
}

pub(in crate::grpc) struct AnswerSurvey {
    pub(in crate::grpc) survey: Named,
    pub(in crate::grpc) answer: Answer,
}

impl Parse for AnswerSurvey {
    type Request = pb::AnswerSurveyRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        use pb::answer_survey_request::Invitation;
        fields.request_id(&request.request_id);
        let survey = match request.invitation {
            Some(Invitation::InvitationId(id)) => fields.uuid("invitation_id", &id).map(Named::Id),
            Some(Invitation::LinkToken(token)) => {
                fields.required_text("link_token", &token, LINK_BYTES).map(Named::Link)
            }
            None => fields.refuse("invitation_id", "is required, or `link_token`: which survey is answered"),
        };
        let given = request.answer.unwrap_or_default();
        let score = match given.score {
            score @ 1..=5 => Some(score),
            _ => fields.refuse("answer.score", "must be 1 to 5"),
        };
        let worked = fields.text("answer.worked", &given.worked, TEXT_BYTES);
        let missing = fields.text("answer.missing", &given.missing, TEXT_BYTES);
        let (score, worked, missing) = (score?, worked?, missing?);
        Some(Self { survey: survey?, answer: Answer { score, worked, missing } })
    }
}

pub(in crate::grpc) enum About {
    Route(RouteId),
    Team(TeamId),
}

pub(in crate::grpc) struct GetSurveyResults {
    pub(in crate::grpc) about: About,
    pub(in crate::grpc) quarter: Quarter,
}

impl Parse for GetSurveyResults {
    type Request = pb::GetSurveyResultsRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        use pb::get_survey_results_request::About as Pb;
        let about = match request.about {
            Some(Pb::RouteId(id)) => fields.slug("route_id", &id).map(About::Route),
            Some(Pb::TeamId(id)) => fields.slug("team_id", &id).map(About::Team),
            None => fields.refuse("route_id", "is required, or `team_id`: whose results"),
        };
        let quarter = match Quarter::read(&request.quarter) {
            Some(quarter) => Some(quarter),
            None => fields.refuse("quarter", "must be a quarter of a year, as 2026-Q3"),
        };
        Some(Self { about: about?, quarter: quarter? })
    }
}

pub(in crate::grpc) struct ExportAnswers {
    pub(in crate::grpc) from: Timestamp,
    pub(in crate::grpc) until: Option<Timestamp>,
}

impl Parse for ExportAnswers {
    type Request = pb::ExportAnswersRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let from = fields.optional_time("from", request.from);
        let until = fields.optional_time("until", request.until);
        let (from, until) = (from?.unwrap_or(BEGINNING), until?);
        if until.is_some_and(|until| until <= from) {
            return fields.refuse("until", "must be after `from`");
        }
        Some(Self { from, until })
    }
}

pub(in crate::grpc) struct SetQuestions(pub(in crate::grpc) Questions);

impl Parse for SetQuestions {
    type Request = pb::SetQuestionsRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let score = question(fields, "score", &request.score);
        let worked = question(fields, "worked", &request.worked);
        let missing = question(fields, "missing", &request.missing);
        Some(Self(Questions { version: 0, score: score?, worked: worked?, missing: missing? }))
    }
}

fn question(fields: &mut Fields, field: &str, text: &str) -> Option<String> {
    let text = fields.required_text(field, text, TEXT_BYTES)?;
    match text.chars().count() {
        chars if chars > QUESTION_CHARS => {
            fields.refuse(field, format!("TOO_LARGE: {chars} characters; at most {QUESTION_CHARS} are kept"))
        }
        _ => Some(text),
    }
}

pub(in crate::grpc) struct GetQuestions;

impl Parse for GetQuestions {
    type Request = pb::GetQuestionsRequest;

    fn parse(_request: Self::Request, _fields: &mut Fields) -> Option<Self> {
        Some(Self)
    }
}
