//! Surveys as messages.

use api::metrics::v1 as pb;

use super::board::side;
use crate::domain::{
    Side,
    survey::{Answer, Cell, Occasion, Questions, Survey},
};

/// An invitation; its link's token only for who may have it.
pub(crate) fn invitation(survey: &Survey, with_link: bool) -> pb::SurveyInvitation {
    let occasion = match survey.occasion {
        Occasion::Completed => pb::SurveyOccasion::Completed,
        Occasion::Cancelled => pb::SurveyOccasion::Cancelled,
        Occasion::FollowUp => pb::SurveyOccasion::FollowUp,
    };
    pb::SurveyInvitation {
        id: survey.id.to_string(),
        handoff_id: survey.handoff_id.to_string(),
        route_id: survey.route_id.to_string(),
        from_team: survey.from_team.to_string(),
        to_team: survey.to_team.to_string(),
        side: side(survey.side).into(),
        person: survey.person.clone(),
        occasion: occasion.into(),
        questions: Some(questions(&survey.questions)),
        invited_at: Some(api::timestamp(survey.invited_at)),
        open_until: Some(api::timestamp(survey.open_until)),
        answered_at: survey.answered.as_ref().map(|(_, at)| api::timestamp(*at)),
        link_token: if with_link { survey.link_token.clone() } else { String::new() },
    }
}

pub(crate) fn questions(it: &Questions) -> pb::QuestionSet {
    pb::QuestionSet {
        version: it.version,
        score: it.score.clone(),
        worked: it.worked.clone(),
        missing: it.missing.clone(),
    }
}

pub(crate) fn answer(it: &Answer) -> pb::SurveyAnswer {
    pb::SurveyAnswer { score: it.score, worked: it.worked.clone(), missing: it.missing.clone() }
}

/// What one side answered; nothing where it is hidden.
#[expect(clippy::cast_precision_loss, reason = "a few answers")]
pub(crate) fn result(on: Side, shown: Option<Cell>) -> pb::SurveyResult {
    let quotient = |part: i64, whole: i64| (whole > 0).then(|| part as f64 / whole as f64);
    let cell = shown.unwrap_or_default();
    pb::SurveyResult {
        side: side(on).into(),
        answers: cell.answers,
        invitations: cell.invitations,
        response_rate: quotient(cell.answers, cell.invitations),
        mean: quotient(cell.score_sum, cell.answers),
        top_two_share: quotient(cell.top_two, cell.answers),
        suppressed: shown.is_none(),
    }
}
